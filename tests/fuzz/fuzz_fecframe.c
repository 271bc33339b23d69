// SPDX-License-Identifier: MPL-2.0
//
// First byte: scheme and kind of the datagram. The rest: the datagram.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/fecframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct packet *packet, enum fec_scheme scheme)
{
    unsigned max = fecframe_max_block_length(scheme);
    unsigned k = packet->source_block_length;
    if (!packet->has_fec || k < 1 || k > max || packet->sbn > UINT16_MAX)
        abort();
    if (packet->is_repair ? packet->esi < k || packet->esi >= max : packet->esi >= k)
        abort();
    if (packet->block_length && (packet->block_length <= k || packet->block_length > max))
        abort();
    if (packet->symbol_size < 1 || packet->symbol_offset + packet->symbol_size > packet->size_bytes)
        abort();
}

// The payload ID that was read must come back when it is written.
static void check_again(const struct packet *packet, enum fec_scheme scheme)
{
    uint8_t again[8];
    struct packet written = *packet;
    written.data = again;
    written.size_bytes = 0;
    written.capacity = sizeof(again);
    int size = packet->is_repair ? fecframe_write_repair(&written, scheme)
                                 : fecframe_write_source(&written, scheme);
    const uint8_t *id = packet->data + (packet->is_repair ? 0 : packet->symbol_size);
    // The top byte of an RS8M block number is read over and written as 0.
    int ignored = scheme == FEC_RS8M;
    if (size <= 0 || memcmp(again + ignored, id + ignored, (size_t)(size - ignored)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size - 1 > UINT16_MAX)
        return 0;
    enum fec_scheme scheme = data[0] & 1 ? FEC_LDPC : FEC_RS8M;
    uint8_t *datagram = malloc(size > 1 ? size - 1 : 1);
    if (!datagram)
        return 0;
    memcpy(datagram, data + 1, size - 1);
    struct packet packet = {
        .data = datagram, .size_bytes = (uint16_t)(size - 1), .capacity = (uint16_t)(size - 1)};
    int result = data[0] & 2 ? fecframe_parse_repair(&packet, scheme)
                             : fecframe_parse_source(&packet, scheme);
    if (result == 0) {
        check(&packet, scheme);
        check_again(&packet, scheme);
    } else if (packet.has_fec) {
        abort();
    }
    free(datagram);
    return 0;
}
