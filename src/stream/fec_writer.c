// SPDX-License-Identifier: MPL-2.0
//
// A new block size is made whole by whoever wants it and left where the writer finds it when its
// block is over. The old one goes on a list that the next one to come frees: the writer neither
// allocates nor frees, and nobody waits.

#include "stream/fec_writer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/random.h"
#include "stream/interleaver.h"

struct fec_writer {
    struct fec_writer_config config;
    _Atomic(struct fec_block *) pending; // for the next block; NULL when it is as this one
    _Atomic(struct fec_block *) retired; // a list, for set_block and destroy to free
    struct {
        struct fec_block *block;
        uint16_t sbn;
        unsigned esi;    // of the next source packet
        bool is_damaged; // a source packet of this block was never made
    } rt;
};

static int create_block(const struct fec_writer *writer, struct fec_block **out, unsigned k,
                        unsigned r)
{
    const struct fec_writer_config *config = &writer->config;
    return fec_block_create(out, &(struct fec_block_config){
                                     .scheme = config->scheme,
                                     .source_packets = k,
                                     .repair_packets = r,
                                     .symbol_size = config->symbol_size,
                                     .ldpc_cache = config->ldpc_cache,
                                     .interleaving = config->interleaving,
                                     .output = config->output,
                                     .output_arg = config->output_arg,
                                 });
}

int fec_writer_create(struct fec_writer **out, const struct fec_writer_config *config)
{
    if (!config->pool || !config->output ||
        config->symbol_size > UINT16_MAX - fecframe_repair_size(config->scheme))
        return -EINVAL;

    struct fec_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return -ENOMEM;
    writer->config = *config;
    atomic_init(&writer->pending, NULL);
    atomic_init(&writer->retired, NULL);
    writer->rt.sbn = (uint16_t)random_u32();
    int error =
        create_block(writer, &writer->rt.block, config->source_packets, config->repair_packets);
    if (error)
        goto fail;
    *out = writer;
    return 0;

fail:
    fec_writer_destroy(writer);
    return error;
}

static void free_retired(struct fec_writer *writer)
{
    struct fec_block *block =
        atomic_exchange_explicit(&writer->retired, NULL, memory_order_acquire);
    while (block) {
        struct fec_block *next = block->next;
        fec_block_destroy(block);
        block = next;
    }
}

void fec_writer_destroy(struct fec_writer *writer)
{
    if (!writer)
        return;
    free_retired(writer);
    fec_block_destroy(atomic_load_explicit(&writer->pending, memory_order_acquire));
    fec_block_destroy(writer->rt.block);
    free(writer);
}

int fec_writer_set_block(struct fec_writer *writer, unsigned k, unsigned r)
{
    struct fec_block *block;
    int error = create_block(writer, &block, k, r);
    if (error)
        return error;
    // Writing may not grow the pool.
    error = packet_pool_reserve(writer->config.pool, k + r);
    if (error) {
        fec_block_destroy(block);
        return error;
    }
    // One that the writer has not taken yet is replaced.
    fec_block_destroy(atomic_exchange_explicit(&writer->pending, block, memory_order_acq_rel));
    free_retired(writer);
    return 0;
}

unsigned fec_writer_sources(const struct fec_writer *writer)
{
    return writer->rt.block->k;
}

unsigned fec_writer_repairs(const struct fec_writer *writer)
{
    return writer->rt.block->r;
}

// Between two blocks: the interleaver of the old one has nothing left to send.
static void take_pending(struct fec_writer *writer)
{
    if (!atomic_load_explicit(&writer->pending, memory_order_relaxed))
        return;
    struct fec_block *block =
        atomic_exchange_explicit(&writer->pending, NULL, memory_order_acquire);
    if (!block)
        return;
    struct fec_block *old = writer->rt.block;
    writer->rt.block = block;
    // Nobody else pushes, and the only other change is that the list becomes empty.
    old->next = atomic_load_explicit(&writer->retired, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&writer->retired, &old->next, old,
                                                  memory_order_release, memory_order_relaxed)) {
    }
}

static void emit(struct fec_writer *writer, struct packet *packet)
{
    if (writer->rt.block->interleaver)
        interleaver_push(writer->rt.block->interleaver, packet);
    else if (packet)
        writer->config.output(packet, writer->config.output_arg);
}

static void describe(const struct fec_writer *writer, struct packet *packet, unsigned esi)
{
    packet->has_fec = true;
    packet->sbn = writer->rt.sbn;
    packet->esi = (uint16_t)esi;
    packet->source_block_length = (uint16_t)writer->rt.block->k;
    packet->block_length = (uint16_t)(writer->rt.block->k + writer->rt.block->r);
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
    describe(writer, packet, writer->rt.block->k + index);
    packet->is_repair = true;
    packet->symbol_offset = (uint16_t)header_size;
    packet->size_bytes = (uint16_t)size;
    fecframe_write_repair(packet, writer->config.scheme);
    return packet;
}

static unsigned finish_block(struct fec_writer *writer)
{
    struct fec_block *block = writer->rt.block;
    unsigned refused = 0;
    for (unsigned i = 0; i < block->r; i++) {
        block->repairs[i] = writer->rt.is_damaged ? NULL : start_repair(writer, i);
        refused += !writer->rt.is_damaged && !block->repairs[i];
    }
    if (!writer->rt.is_damaged && refused < block->r)
        fec_block_encode(block);
    fec_block_clear(block);
    for (unsigned i = 0; i < block->r; i++)
        emit(writer, block->repairs[i]);
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
    if (writer->rt.esi == 0)
        take_pending(writer);
    packet = finish_source(writer, packet);
    if (!packet)
        writer->rt.is_damaged = true;
    else if (writer->rt.block->r > 0)
        writer->rt.block->sources[writer->rt.esi] = packet_ref(packet);
    unsigned refused = !packet;
    writer->rt.esi++;
    emit(writer, packet);
    if (writer->rt.esi == writer->rt.block->k)
        refused += finish_block(writer);
    return refused;
}
