// SPDX-License-Identifier: MPL-2.0

#include "stream/rtcp_datagram.h"

#include <string.h>

#include "base/clock.h"

struct rtcp_now rtcp_now_get(void)
{
    return (struct rtcp_now){clock_monotonic_ns(), clock_realtime_ns()};
}

struct rtcp_datagram rtcp_datagram_of(const struct packet *packet, struct rtcp_now now)
{
    return (struct rtcp_datagram){
        .data = packet->data,
        .size_bytes = packet->size_bytes,
        .from = packet->address,
        .receive_ns = packet->receive_time_ns > 0 ? packet->receive_time_ns : now.realtime_ns,
    };
}

struct packet *rtcp_datagram_pack(struct packet_pool *pool, const uint8_t *data, size_t size_bytes)
{
    struct packet *packet = packet_pool_pop(pool);
    if (!packet || packet->capacity < size_bytes) {
        packet_unref(packet);
        return NULL;
    }
    memcpy(packet->data, data, size_bytes);
    packet->size_bytes = (uint16_t)size_bytes;
    return packet;
}
