// SPDX-License-Identifier: MPL-2.0

#include "stream/fec_writer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/random.h"
#include "fec/rs8m.h"

struct fec_writer {
    struct fec_writer_config config;
    struct rs8m_encoder *encoder; // NULL when r = 0
    // Where the symbols of repair packets go that the pool cannot give; nobody reads it.
    uint8_t *spare_symbol;
    struct {
        uint16_t sbn;
        unsigned esi;    // of the next source packet
        bool is_damaged; // a source packet of this block was never made
        struct packet *source[RS8M_MAX_SYMBOLS];
    } rt;
};

static int create_encoder(struct fec_writer *writer)
{
    writer->spare_symbol = malloc(writer->config.symbol_size);
    if (!writer->spare_symbol)
        return -ENOMEM;
    return rs8m_encoder_create(&writer->encoder, writer->config.source_packets,
                               writer->config.repair_packets);
}

static int check(const struct fec_writer_config *config)
{
    if (config->scheme == FEC_LDPC)
        return -ENOTSUP;
    unsigned max = fecframe_max_block_length(config->scheme);
    if (!config->pool || !config->output || config->symbol_size == 0 ||
        config->symbol_size > UINT16_MAX - fecframe_repair_size(config->scheme))
        return -EINVAL;
    if (config->source_packets < 1 || config->source_packets > max ||
        config->repair_packets > max - config->source_packets)
        return -EINVAL;
    return 0;
}

int fec_writer_create(struct fec_writer **out, const struct fec_writer_config *config)
{
    int error = check(config);
    if (error)
        return error;

    struct fec_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return -ENOMEM;
    writer->config = *config;
    writer->rt.sbn = (uint16_t)random_u32();
    if (config->repair_packets > 0) {
        error = create_encoder(writer);
        if (error)
            goto fail;
    }
    *out = writer;
    return 0;

fail:
    fec_writer_destroy(writer);
    return error;
}

static void drop_sources(struct fec_writer *writer)
{
    for (unsigned i = 0; i < writer->config.source_packets; i++) {
        packet_unref(writer->rt.source[i]);
        writer->rt.source[i] = NULL;
    }
}

void fec_writer_destroy(struct fec_writer *writer)
{
    if (!writer)
        return;
    drop_sources(writer);
    rs8m_encoder_destroy(writer->encoder);
    free(writer->spare_symbol);
    free(writer);
}

static void describe(const struct fec_writer *writer, struct packet *packet, unsigned esi)
{
    packet->has_fec = true;
    packet->sbn = writer->rt.sbn;
    packet->esi = (uint16_t)esi;
    packet->source_block_length = (uint16_t)writer->config.source_packets;
    packet->block_length =
        (uint16_t)(writer->config.source_packets + writer->config.repair_packets);
    packet->symbol_size = (uint16_t)writer->config.symbol_size;
}

// A repair packet whose symbol is yet to be made; NULL when the pool has none that is large enough.
static struct packet *start_repair(struct fec_writer *writer, unsigned index)
{
    struct packet *packet = packet_pool_pop(writer->config.pool);
    if (!packet)
        return NULL;
    size_t header_size = fecframe_repair_size(writer->config.scheme);
    size_t size = header_size + writer->config.symbol_size;
    if (packet->capacity < size) {
        packet_unref(packet);
        return NULL;
    }
    describe(writer, packet, writer->config.source_packets + index);
    packet->is_repair = true;
    packet->symbol_offset = (uint16_t)header_size;
    packet->size_bytes = (uint16_t)size;
    fecframe_write_repair(packet, writer->config.scheme);
    return packet;
}

// Symbols are made in their packets: a symbol behind a header of 6 bytes is not aligned, but ISA-L
// was measured to write it as fast as an aligned one, and a copy is saved.
static void encode_block(struct fec_writer *writer, struct packet *const *repair)
{
    const uint8_t *source[RS8M_MAX_SYMBOLS];
    uint8_t *symbol[RS8M_MAX_SYMBOLS];
    for (unsigned i = 0; i < writer->config.source_packets; i++)
        source[i] = writer->rt.source[i]->data;
    for (unsigned i = 0; i < writer->config.repair_packets; i++)
        symbol[i] = repair[i] ? repair[i]->data + repair[i]->symbol_offset : writer->spare_symbol;
    rs8m_encode(writer->encoder, source, symbol, writer->config.symbol_size);
}

static unsigned finish_block(struct fec_writer *writer)
{
    unsigned r = writer->config.repair_packets;
    struct packet *repair[RS8M_MAX_SYMBOLS] = {0};
    unsigned refused = 0;
    if (!writer->rt.is_damaged && r > 0) {
        for (unsigned i = 0; i < r; i++) {
            repair[i] = start_repair(writer, i);
            refused += !repair[i];
        }
        if (refused < r)
            encode_block(writer, repair);
    }
    drop_sources(writer);
    for (unsigned i = 0; i < r; i++)
        writer->config.output(repair[i], writer->config.output_arg);
    writer->rt.sbn++;
    writer->rt.esi = 0;
    writer->rt.is_damaged = false;
    return refused;
}

// The footer is written before the block keeps its reference: nothing changes a shared packet.
static struct packet *finish_source(struct fec_writer *writer, struct packet *packet)
{
    if (packet && packet->size_bytes == writer->config.symbol_size) {
        describe(writer, packet, writer->rt.esi);
        packet->symbol_offset = 0;
        if (fecframe_write_source(packet, writer->config.scheme) > 0)
            return packet;
    }
    packet_unref(packet);
    return NULL;
}

unsigned fec_writer_push(struct fec_writer *writer, struct packet *packet)
{
    packet = finish_source(writer, packet);
    if (!packet)
        writer->rt.is_damaged = true;
    else if (writer->config.repair_packets > 0)
        writer->rt.source[writer->rt.esi] = packet_ref(packet);
    unsigned refused = !packet;
    writer->rt.esi++;
    writer->config.output(packet, writer->config.output_arg);
    if (writer->rt.esi == writer->config.source_packets)
        refused += finish_block(writer);
    return refused;
}
