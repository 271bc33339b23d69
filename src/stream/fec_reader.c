// SPDX-License-Identifier: MPL-2.0

#include "stream/fec_reader.h"

#include "wire/rtp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum block_state {
    BLOCK_UNUSED,
    BLOCK_OPEN,
    BLOCK_CLOSED, // complete, or its time is over; what still arrives is ignored
};

struct block {
    enum block_state state;
    bool has_first_seq;
    uint16_t first_seq; // of the packet with ESI 0
    uint16_t source_count;
    uint16_t symbol_size;
    unsigned symbols_received;
    unsigned sources_received;
    unsigned end_esi; // highest received + 1
    struct packet *symbols[RS8M_MAX_SYMBOLS];
};

struct fec_reader {
    struct packet_pool *pool;
    struct rs8m_decoder *decoder;
    bool has_newest;
    bool is_over;
    uint16_t newest_sbn;
    unsigned open_count;
    struct block blocks[FEC_READER_MAX_BLOCKS];
    // Scratch of one repair.
    const uint8_t *symbols[RS8M_MAX_SYMBOLS];
    uint8_t *buffers[RS8M_MAX_SYMBOLS];
};

int fec_reader_create(struct fec_reader **out, struct packet_pool *pool)
{
    struct fec_reader *reader = calloc(1, sizeof(*reader));
    int err;

    if (!reader) {
        return -ENOMEM;
    }
    reader->pool = pool;
    err = rs8m_decoder_create(&reader->decoder);
    if (err < 0) {
        goto fail;
    }
    *out = reader;
    return 0;

fail:
    fec_reader_destroy(reader);
    return err;
}

static struct block *block_of(struct fec_reader *reader, uint16_t sbn)
{
    return &reader->blocks[sbn % FEC_READER_MAX_BLOCKS];
}

static void close_block(struct fec_reader *reader, struct block *block, enum block_state state)
{
    unsigned i;

    if (block->state == BLOCK_OPEN) {
        reader->open_count--;
        for (i = 0; i < block->end_esi; i++) {
            packet_unref(block->symbols[i]);
            block->symbols[i] = NULL;
        }
    }
    block->state = state;
}

static void close_all(struct fec_reader *reader)
{
    unsigned i;

    for (i = 0; i < FEC_READER_MAX_BLOCKS; i++) {
        close_block(reader, &reader->blocks[i], BLOCK_CLOSED);
    }
}

void fec_reader_destroy(struct fec_reader *reader)
{
    if (!reader) {
        return;
    }
    close_all(reader);
    rs8m_decoder_destroy(reader->decoder);
    free(reader);
}

// Moves the window of open blocks so that it includes sbn.
static int move_window(struct fec_reader *reader, uint16_t sbn)
{
    int step;

    if (!reader->has_newest) {
        reader->has_newest = true;
        reader->newest_sbn = sbn;
        return 0;
    }
    step = (int16_t)(uint16_t)(sbn - reader->newest_sbn);
    if (abs(step) > FEC_READER_MAX_SBN_JUMP) {
        close_all(reader);
        reader->is_over = true;
        return -EPROTO;
    }
    if (step <= -FEC_READER_MAX_BLOCKS) {
        return -EPROTO;
    }
    while (reader->newest_sbn != sbn && step > 0) {
        reader->newest_sbn++;
        close_block(reader, block_of(reader, reader->newest_sbn), BLOCK_UNUSED);
    }
    return 0;
}

static void open_block(struct fec_reader *reader, struct block *block, const struct packet *packet)
{
    // symbols is all NULL: close_block left it so.
    reader->open_count++;
    block->state = BLOCK_OPEN;
    block->has_first_seq = false;
    block->source_count = packet->source_block_length;
    block->symbol_size = packet->symbol_size;
    block->symbols_received = 0;
    block->sources_received = 0;
    block->end_esi = 0;
}

// Numbers that a block can have at all.
static bool is_sane(const struct packet *packet)
{
    return packet->has_fec && packet->source_block_length > 0 &&
           packet->source_block_length <= RS8M_MAX_SYMBOLS && packet->esi < RS8M_MAX_SYMBOLS &&
           (packet->esi >= packet->source_block_length) == packet->is_repair &&
           packet->symbol_size > 0;
}

static bool is_fitting(const struct block *block, const struct packet *packet)
{
    if (packet->source_block_length != block->source_count ||
        packet->symbol_size != block->symbol_size) {
        return false;
    }
    return packet->is_repair || !block->has_first_seq ||
           (uint16_t)(packet->seq - packet->esi) == block->first_seq;
}

static void add_symbol(struct block *block, struct packet *packet)
{
    if (block->symbols[packet->esi]) {
        return;
    }
    block->symbols[packet->esi] = packet_ref(packet);
    block->symbols_received++;
    if (packet->esi >= block->end_esi) {
        block->end_esi = packet->esi + 1u;
    }
    if (!packet->is_repair) {
        block->sources_received++;
        block->first_seq = (uint16_t)(packet->seq - packet->esi);
        block->has_first_seq = true;
    }
}

// A packet for every missing source; false when the pool cannot give them all.
static bool take_buffers(struct fec_reader *reader, const struct block *block,
                         struct packet **missing)
{
    unsigned i;
    bool ok = true;

    for (i = 0; i < block->source_count; i++) {
        missing[i] = NULL;
        reader->buffers[i] = NULL;
        if (block->symbols[i] || !ok) {
            continue;
        }
        missing[i] = packet_pool_pop(reader->pool);
        if (!missing[i] || missing[i]->capacity < block->symbol_size) {
            ok = false;
            continue;
        }
        reader->buffers[i] = missing[i]->data;
    }
    return ok;
}

// Reads the restored bytes as what they should be: the RTP packet with this place in the block.
static bool parse_restored(const struct block *block, struct packet *packet, uint16_t sbn,
                           unsigned esi)
{
    packet->size_bytes = block->symbol_size;
    packet->is_restored = true;
    packet->has_fec = true;
    packet->sbn = sbn;
    packet->esi = (uint16_t)esi;
    packet->source_block_length = block->source_count;
    packet->symbol_size = block->symbol_size;
    if (rtp_parse(packet, 0, block->symbol_size) < 0) {
        return false;
    }
    return !block->has_first_seq || (uint16_t)(packet->seq - esi) == block->first_seq;
}

// Hands out what parses; the block's own pointers are scratch of the caller, indexed by ESI.
static int give_restored(const struct block *block, struct packet **missing, uint16_t sbn,
                         struct packet **restored)
{
    int count = 0;
    unsigned i;

    for (i = 0; i < block->source_count; i++) {
        if (!missing[i]) {
            continue;
        }
        if (parse_restored(block, missing[i], sbn, i)) {
            restored[count++] = missing[i];
        } else {
            packet_unref(missing[i]);
        }
    }
    return count;
}

static void list_symbols(struct fec_reader *reader, const struct block *block)
{
    unsigned i;

    for (i = 0; i < block->end_esi; i++) {
        const struct packet *symbol = block->symbols[i];
        reader->symbols[i] = symbol ? symbol->data + symbol->symbol_offset : NULL;
    }
    for (; i < block->source_count; i++) {
        reader->symbols[i] = NULL;
    }
}

static int repair(struct fec_reader *reader, struct block *block, uint16_t sbn,
                  struct packet **restored)
{
    struct packet *missing[RS8M_MAX_SYMBOLS] = {0};
    unsigned n = block->end_esi > block->source_count ? block->end_esi : block->source_count;
    bool ok = take_buffers(reader, block, missing);
    unsigned i;

    if (ok) {
        list_symbols(reader, block);
        ok = rs8m_decode(reader->decoder, block->source_count, n, reader->symbols, reader->buffers,
                         block->symbol_size) > 0;
    }
    if (!ok) {
        // Tried again with the next packet of the block.
        for (i = 0; i < block->source_count; i++) {
            packet_unref(missing[i]);
        }
        return 0;
    }
    close_block(reader, block, BLOCK_CLOSED);
    return give_restored(block, missing, sbn, restored);
}

int fec_reader_push(struct fec_reader *reader, struct packet *packet, struct packet **restored)
{
    uint16_t sbn = (uint16_t)packet->sbn;
    struct block *block = block_of(reader, sbn);

    if (reader->is_over || !is_sane(packet) || move_window(reader, sbn) < 0) {
        return -EPROTO;
    }
    if (block->state == BLOCK_CLOSED) {
        return 0;
    }
    if (block->state == BLOCK_UNUSED) {
        open_block(reader, block, packet);
    }
    if (!is_fitting(block, packet)) {
        return -EPROTO;
    }
    add_symbol(block, packet);
    if (block->sources_received == block->source_count) {
        close_block(reader, block, BLOCK_CLOSED);
        return 0;
    }
    if (block->symbols_received >= block->source_count) {
        return repair(reader, block, sbn, restored);
    }
    return 0;
}

void fec_reader_expire(struct fec_reader *reader, uint16_t seq)
{
    unsigned age;
    unsigned seen = 0;
    unsigned open_count = reader->open_count;
    bool is_expired = false;

    // From the newest back: all that is older than an expired block has expired with it, also a
    // block of which only repair packets came and whose sequence numbers are therefore unknown.
    for (age = 0; seen < open_count && age < FEC_READER_MAX_BLOCKS; age++) {
        struct block *block = block_of(reader, (uint16_t)(reader->newest_sbn - age));
        if (block->state != BLOCK_OPEN) {
            continue;
        }
        seen++;
        if (!is_expired && block->has_first_seq) {
            uint16_t end = (uint16_t)(block->first_seq + block->source_count);
            is_expired = (int16_t)(uint16_t)(end - seq) <= 0;
        }
        if (is_expired) {
            close_block(reader, block, BLOCK_CLOSED);
        }
    }
}

bool fec_reader_is_over(const struct fec_reader *reader)
{
    return reader->is_over;
}

unsigned fec_reader_open_blocks(const struct fec_reader *reader)
{
    return reader->open_count;
}
