// SPDX-License-Identifier: MPL-2.0

#include "wire/fecframe.h"

#include <errno.h>

#include "wire/bytes.h"

#define SOURCE_ID_SIZE      6
#define RS8M_REPAIR_ID_SIZE 6
#define RS8M_MAX_BLOCK      255
#define LDPC_REPAIR_ID_SIZE 8
#define LDPC_MAX_BLOCK      50000

// What a payload ID says, before anybody believes it.
struct payload_id {
    uint32_t sbn;
    uint16_t esi;
    uint16_t source_block_length;
    uint16_t block_length;
};

size_t fecframe_source_size(enum fec_scheme scheme)
{
    switch (scheme) {
    case FEC_RS8M:
    case FEC_LDPC:
        return SOURCE_ID_SIZE;
    case FEC_NONE:
        break;
    }
    return 0;
}

size_t fecframe_repair_size(enum fec_scheme scheme)
{
    switch (scheme) {
    case FEC_RS8M:
        return RS8M_REPAIR_ID_SIZE;
    case FEC_LDPC:
        return LDPC_REPAIR_ID_SIZE;
    case FEC_NONE:
        break;
    }
    return 0;
}

unsigned fecframe_max_block_length(enum fec_scheme scheme)
{
    switch (scheme) {
    case FEC_RS8M:
        return RS8M_MAX_BLOCK;
    case FEC_LDPC:
        return LDPC_MAX_BLOCK;
    case FEC_NONE:
        break;
    }
    return 0;
}

static struct payload_id parse_id(const uint8_t *data, size_t size, enum fec_scheme scheme,
                                  bool is_repair)
{
    struct bytes_reader reader;
    bytes_reader_init(&reader, data, size);
    struct payload_id id = {0};
    if (scheme == FEC_RS8M) {
        id.sbn = bytes_get_u24(&reader) & UINT16_MAX;
        id.esi = bytes_get_u8(&reader);
        id.source_block_length = bytes_get_u16(&reader);
    } else {
        id.sbn = bytes_get_u16(&reader);
        id.esi = bytes_get_u16(&reader);
        id.source_block_length = bytes_get_u16(&reader);
        if (is_repair)
            id.block_length = bytes_get_u16(&reader);
    }
    return id;
}

static bool is_source_sane(const struct payload_id *id, unsigned max_block)
{
    return id->source_block_length <= max_block && id->esi < id->source_block_length;
}

static bool is_repair_sane(const struct payload_id *id, enum fec_scheme scheme, unsigned max_block)
{
    // RS8M does not tell n, so the scheme's limit bounds the ESI (RFC 6865 section 8.1.2.2).
    unsigned n = scheme == FEC_LDPC ? id->block_length : max_block;
    unsigned k = id->source_block_length;
    return k > 0 && n <= max_block && k < n && id->esi >= k && id->esi < n;
}

static void fill(struct packet *packet, const struct payload_id *id, bool is_repair)
{
    packet->has_fec = true;
    packet->is_repair = is_repair;
    packet->sbn = id->sbn;
    packet->esi = id->esi;
    packet->source_block_length = id->source_block_length;
    packet->block_length = id->block_length;
}

int fecframe_parse_source(struct packet *packet, enum fec_scheme scheme)
{
    size_t id_size = fecframe_source_size(scheme);
    if (id_size == 0)
        return -EINVAL;
    if (packet->size_bytes <= id_size)
        return -EBADMSG;

    size_t symbol_size = packet->size_bytes - id_size;
    struct payload_id id = parse_id(packet->data + symbol_size, id_size, scheme, false);
    if (!is_source_sane(&id, fecframe_max_block_length(scheme)))
        return -EPROTO;

    fill(packet, &id, false);
    packet->symbol_offset = 0;
    packet->symbol_size = (uint16_t)symbol_size;
    return 0;
}

int fecframe_parse_repair(struct packet *packet, enum fec_scheme scheme)
{
    size_t id_size = fecframe_repair_size(scheme);
    if (id_size == 0)
        return -EINVAL;
    if (packet->size_bytes <= id_size)
        return -EBADMSG;

    struct payload_id id = parse_id(packet->data, id_size, scheme, true);
    if (!is_repair_sane(&id, scheme, fecframe_max_block_length(scheme)))
        return -EPROTO;

    fill(packet, &id, true);
    packet->symbol_offset = (uint16_t)id_size;
    packet->symbol_size = (uint16_t)(packet->size_bytes - id_size);
    return 0;
}

// Returns the bytes written, or -ENOSPC.
static int write_id(const struct packet *packet, size_t offset, enum fec_scheme scheme,
                    bool is_repair)
{
    if (offset > packet->capacity)
        return -ENOSPC;

    struct bytes_writer writer;
    bytes_writer_init(&writer, packet->data + offset, packet->capacity - offset);
    if (scheme == FEC_RS8M) {
        bytes_set_u24(&writer, packet->sbn);
        bytes_set_u8(&writer, (uint8_t)packet->esi);
    } else {
        bytes_set_u16(&writer, (uint16_t)packet->sbn);
        bytes_set_u16(&writer, packet->esi);
    }
    bytes_set_u16(&writer, packet->source_block_length);
    if (scheme == FEC_LDPC && is_repair)
        bytes_set_u16(&writer, packet->block_length);
    return writer.is_short ? -ENOSPC : (int)writer.position;
}

int fecframe_write_source(struct packet *packet, enum fec_scheme scheme)
{
    if (scheme == FEC_NONE)
        return -EINVAL;
    int written = write_id(packet, packet->size_bytes, scheme, false);
    if (written > 0)
        packet->size_bytes = (uint16_t)(packet->size_bytes + written);
    return written;
}

int fecframe_write_repair(struct packet *packet, enum fec_scheme scheme)
{
    if (scheme == FEC_NONE)
        return -EINVAL;
    return write_id(packet, 0, scheme, true);
}
