// SPDX-License-Identifier: MPL-2.0
//
// First byte: where the RTP packet starts in the datagram. The rest: the datagram.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size - 1 > UINT16_MAX)
        return 0;
    size_t offset = data[0];
    // A copy of exactly its size, so that a byte read too much is seen.
    uint8_t *datagram = malloc(size > 1 ? size - 1 : 1);
    if (!datagram)
        return 0;
    memcpy(datagram, data + 1, size - 1);
    struct packet packet = {
        .data = datagram, .size_bytes = (uint16_t)(size - 1), .capacity = (uint16_t)(size - 1)};

    size_t length = offset < size - 1 ? size - 1 - offset : 0;
    if (rtp_parse(&packet, offset, length) == 0) {
        size_t end = (size_t)packet.payload_offset + packet.payload_size;
        if (packet.payload_offset < offset + RTP_HEADER_SIZE || end > size - 1)
            abort();
        // What a plain header said must come back when it is written.
        uint8_t again[RTP_HEADER_SIZE];
        struct packet written = packet;
        written.data = again;
        written.capacity = sizeof(again);
        if (rtp_write(&written, 0) != RTP_HEADER_SIZE ||
            memcmp(again + 2, datagram + offset + 2, RTP_HEADER_SIZE - 2) != 0)
            abort();
    }
    free(datagram);
    return 0;
}
