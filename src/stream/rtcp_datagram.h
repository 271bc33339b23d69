// SPDX-License-Identifier: MPL-2.0
//
// Reports on their way between the reporters, which know neither sockets nor clocks, and the
// network thread, which has both.

#ifndef ROC_STREAM_RTCP_DATAGRAM_H
#define ROC_STREAM_RTCP_DATAGRAM_H

#include "base/packet.h"

// No report of ours is longer: it crosses any link in one piece.
#define RTCP_MAX_REPORT_SIZE 1280

// The same moment on both clocks.
struct rtcp_now {
    int64_t monotonic_ns, realtime_ns;
};

// A datagram that came over a control interface.
struct rtcp_datagram {
    const uint8_t *data; // borrowed
    size_t size_bytes;
    struct net_address from;
    int64_t receive_ns; // CLOCK_REALTIME
};

// Sends a report; the bytes are borrowed.
typedef void (*rtcp_output_fn)(const uint8_t *data, size_t size_bytes, const struct net_address *to,
                               void *arg);

struct rtcp_now rtcp_now_get(void);
// The bytes stay the packet's.
struct rtcp_datagram rtcp_datagram_of(const struct packet *packet, struct rtcp_now now);
// A packet of the pool with these bytes; NULL when there is none to spare. A report that is left
// out does no harm: the next one says as much.
struct packet *rtcp_datagram_pack(struct packet_pool *pool, const uint8_t *data, size_t size_bytes);

#endif
