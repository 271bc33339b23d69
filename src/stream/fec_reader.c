// SPDX-License-Identifier: MPL-2.0

#include "stream/fec_reader.h"

#include "stream/symbol_store.h"
#include "wire/rtp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RS8M_MAX_PACKETS 4096
#define WORD_BITS        64

enum block_state {
    BLOCK_UNUSED,
    BLOCK_OPEN,
    BLOCK_CLOSED, // complete, or its time is over; what still arrives is ignored
};

struct block {
    enum block_state state;
    bool has_first_seq;
    bool has_repair;
    uint16_t first_seq; // of the packet with ESI 0
    uint16_t source_count;
    uint16_t length; // k + r; 0 while unknown
    uint16_t symbol_size;
    unsigned symbols_received; // restored ones too
    unsigned sources_received;
    unsigned end_esi;  // highest received + 1
    unsigned next_try; // LDPC: symbols that shall be there
    unsigned tries;    // LDPC: eliminations left
    struct symbol_list symbols;
    uint64_t *present; // one bit for each ESI
};

struct fec_reader {
    struct fec_reader_config config;
    struct rs8m_decoder *rs8m;
    bool has_newest;
    bool is_over;
    uint16_t newest_sbn;
    unsigned open_count;
    unsigned max_symbols; // of a block
    unsigned bitmap_words;
    uint64_t *bitmaps;
    struct symbol_store *store;
    struct block blocks[FEC_READER_MAX_BLOCKS];
    // Scratch of one repair, by ESI.
    const uint8_t **symbols;
    uint8_t **buffers;
    struct packet **missing;
};

static int allocate(struct fec_reader *reader)
{
    const bool is_ldpc = reader->config.scheme == FEC_LDPC;
    unsigned i;
    int err;

    reader->max_symbols = is_ldpc ? LDPC_MAX_SYMBOLS : RS8M_MAX_SYMBOLS;
    reader->bitmap_words = (reader->max_symbols + WORD_BITS - 1) / WORD_BITS;
    reader->bitmaps =
        calloc((size_t)FEC_READER_MAX_BLOCKS * reader->bitmap_words, sizeof(*reader->bitmaps));
    reader->symbols = calloc(reader->max_symbols, sizeof(*reader->symbols));
    reader->buffers = calloc(reader->max_symbols, sizeof(*reader->buffers));
    reader->missing = calloc(reader->max_symbols, sizeof(struct packet *));
    if (!reader->bitmaps || !reader->symbols || !reader->buffers || !reader->missing) {
        return -ENOMEM;
    }
    for (i = 0; i < FEC_READER_MAX_BLOCKS; i++) {
        reader->blocks[i].symbols = SYMBOL_LIST_EMPTY;
        reader->blocks[i].present = reader->bitmaps + (size_t)i * reader->bitmap_words;
    }
    err = symbol_store_create(&reader->store, is_ldpc ? FEC_READER_MAX_PACKETS : RS8M_MAX_PACKETS);
    if (err < 0) {
        return err;
    }
    return is_ldpc ? 0 : rs8m_decoder_create(&reader->rs8m);
}

int fec_reader_create(struct fec_reader **out, const struct fec_reader_config *config)
{
    struct fec_reader *reader;
    int err;

    if (config->scheme == FEC_NONE || (config->scheme == FEC_LDPC && !config->supply)) {
        return -EINVAL;
    }
    reader = calloc(1, sizeof(*reader));
    if (!reader) {
        return -ENOMEM;
    }
    reader->config = *config;
    err = allocate(reader);
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
    if (block->state == BLOCK_OPEN) {
        reader->open_count--;
        symbol_store_clear(reader->store, &block->symbols);
        memset(block->present, 0, reader->bitmap_words * sizeof(*block->present));
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
    if (reader->store) {
        close_all(reader);
    }
    symbol_store_destroy(reader->store);
    rs8m_decoder_destroy(reader->rs8m);
    free(reader->bitmaps);
    free(reader->symbols);
    free(reader->buffers);
    free(reader->missing);
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
    // Symbols and bitmap are empty: close_block left them so.
    reader->open_count++;
    *block = (struct block){
        .state = BLOCK_OPEN,
        .source_count = packet->source_block_length,
        .symbol_size = packet->symbol_size,
        .tries = FEC_READER_MAX_TRIES,
        .symbols = block->symbols,
        .present = block->present,
    };
}

// Numbers that a block can have at all.
static bool is_sane(const struct fec_reader *reader, const struct packet *packet)
{
    unsigned max = reader->max_symbols;

    if (!packet->has_fec || packet->source_block_length == 0 || packet->source_block_length > max ||
        packet->esi >= max || (packet->esi >= packet->source_block_length) != packet->is_repair ||
        packet->symbol_size == 0) {
        return false;
    }
    if (reader->config.scheme != FEC_LDPC || !packet->is_repair) {
        return true;
    }
    return packet->block_length > packet->esi && packet->block_length <= max;
}

static bool is_fitting(const struct fec_reader *reader, const struct block *block,
                       const struct packet *packet)
{
    if (packet->source_block_length != block->source_count ||
        packet->symbol_size != block->symbol_size) {
        return false;
    }
    if (packet->is_repair) {
        return reader->config.scheme != FEC_LDPC || block->length == 0 ||
               packet->block_length == block->length;
    }
    return !block->has_first_seq || (uint16_t)(packet->seq - packet->esi) == block->first_seq;
}

static bool has_symbol(const struct block *block, unsigned esi)
{
    return block->present[esi / WORD_BITS] >> esi % WORD_BITS & 1;
}

// Makes room for one packet at the cost of the oldest block.
static bool push_symbol(struct fec_reader *reader, struct block *block, struct packet *packet)
{
    unsigned age = FEC_READER_MAX_BLOCKS;

    while (!symbol_store_push(reader->store, &block->symbols, packet)) {
        struct block *oldest;
        do {
            if (age == 0) {
                return false;
            }
            age--;
            oldest = block_of(reader, (uint16_t)(reader->newest_sbn - age));
        } while (oldest->state != BLOCK_OPEN || oldest == block);
        close_block(reader, oldest, BLOCK_CLOSED);
    }
    return true;
}

static void add_symbol(struct fec_reader *reader, struct block *block, struct packet *packet)
{
    unsigned esi = packet->esi;

    if (has_symbol(block, esi) || !push_symbol(reader, block, packet)) {
        return;
    }
    block->present[esi / WORD_BITS] |= 1ull << esi % WORD_BITS;
    block->symbols_received++;
    if (esi >= block->end_esi) {
        block->end_esi = esi + 1;
    }
    if (packet->is_repair) {
        block->has_repair = true;
        block->length = packet->block_length;
        return;
    }
    block->sources_received++;
    if (!packet->is_restored) {
        block->first_seq = (uint16_t)(packet->seq - esi);
        block->has_first_seq = true;
    }
}

// A packet for a source that shall be restored; false when the pool has none that is large enough.
static bool take_buffer(struct fec_reader *reader, const struct block *block, unsigned esi)
{
    struct packet *packet = packet_pool_pop(reader->config.pool);

    reader->missing[esi] = packet;
    reader->buffers[esi] = packet ? packet->data : NULL;
    return packet && packet->capacity >= block->symbol_size;
}

static void give_back(struct fec_reader *reader, unsigned esi)
{
    packet_unref(reader->missing[esi]);
    reader->missing[esi] = NULL;
    reader->buffers[esi] = NULL;
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

// Gives the packet of this ESI to the caller if it is what it should be. Returns how many he has.
static int give(struct fec_reader *reader, const struct block *block, uint16_t sbn, unsigned esi,
                struct packet **restored, int count)
{
    struct packet *packet = reader->missing[esi];

    reader->missing[esi] = NULL;
    reader->buffers[esi] = NULL;
    if (parse_restored(block, packet, sbn, esi)) {
        restored[count++] = packet;
    } else {
        packet_unref(packet);
    }
    return count;
}

static void list_symbols(struct fec_reader *reader, const struct block *block, unsigned n)
{
    memset(reader->symbols, 0, n * sizeof(*reader->symbols));
    symbol_store_list(reader->store, block->symbols, reader->symbols);
}

static bool take_all_buffers(struct fec_reader *reader, const struct block *block)
{
    unsigned i;

    for (i = 0; i < block->source_count; i++) {
        if (!has_symbol(block, i) && !take_buffer(reader, block, i)) {
            return false;
        }
    }
    return true;
}

static int repair_rs8m(struct fec_reader *reader, struct block *block, uint16_t sbn,
                       struct packet **restored)
{
    unsigned n = block->end_esi > block->source_count ? block->end_esi : block->source_count;
    bool ok = take_all_buffers(reader, block);
    int count = 0;
    unsigned i;

    if (ok) {
        list_symbols(reader, block, n);
        ok = rs8m_decode(reader->rs8m, block->source_count, n, reader->symbols, reader->buffers,
                         block->symbol_size) > 0;
    }
    if (ok) {
        close_block(reader, block, BLOCK_CLOSED);
    }
    for (i = 0; i < block->source_count; i++) {
        if (reader->missing[i] && ok) {
            count = give(reader, block, sbn, i, restored, count);
        } else {
            // Tried again with the next packet of the block.
            give_back(reader, i);
        }
    }
    return count;
}

// Adds what was restored to its block, where it helps to restore more, and gives it to the caller.
static int finish_ldpc(struct fec_reader *reader, struct block *block, uint16_t sbn,
                       const uint16_t *found, unsigned found_count, struct packet **restored)
{
    int count = 0;
    unsigned i;

    for (i = 0; i < found_count; i++) {
        struct packet *packet = packet_ref(reader->missing[found[i]]);
        count = give(reader, block, sbn, found[i], restored, count);
        add_symbol(reader, block, packet);
        packet_unref(packet);
    }
    if (block->sources_received == block->source_count) {
        close_block(reader, block, BLOCK_CLOSED);
    }
    return count;
}

static int repair_ldpc(struct fec_reader *reader, struct block *block, uint16_t sbn,
                       struct packet **restored)
{
    struct ldpc_decoder *decoder = ldpc_supply_get(reader->config.supply, block->source_count,
                                                   block->length - block->source_count);
    const uint16_t *found;
    unsigned count, i;
    bool ok = true;

    if (!decoder) {
        return 0;
    }
    block->next_try = block->symbols_received + 1 + block->length / FEC_READER_TRY_SYMBOLS;
    list_symbols(reader, block, block->length);
    count = ldpc_decoder_find(decoder, reader->symbols, &block->tries, &found);
    for (i = 0; i < count; i++) {
        ok = take_buffer(reader, block, found[i]) && ok;
    }
    if (!ok) {
        for (i = 0; i < count; i++) {
            give_back(reader, found[i]);
        }
        return 0;
    }
    if (count > 0) {
        ldpc_decoder_restore(decoder, reader->symbols, reader->buffers, block->symbol_size);
    }
    return finish_ldpc(reader, block, sbn, found, count, restored);
}

static int repair(struct fec_reader *reader, struct block *block, uint16_t sbn,
                  struct packet **restored)
{
    if (reader->config.scheme == FEC_LDPC) {
        bool is_time = block->has_repair && block->symbols_received >= block->next_try;
        return is_time ? repair_ldpc(reader, block, sbn, restored) : 0;
    }
    if (block->symbols_received >= block->source_count) {
        return repair_rs8m(reader, block, sbn, restored);
    }
    return 0;
}

int fec_reader_push(struct fec_reader *reader, struct packet *packet, struct packet **restored)
{
    uint16_t sbn = (uint16_t)packet->sbn;
    struct block *block = block_of(reader, sbn);

    if (reader->is_over || !is_sane(reader, packet) || move_window(reader, sbn) < 0) {
        return -EPROTO;
    }
    if (block->state == BLOCK_CLOSED) {
        return 0;
    }
    if (block->state == BLOCK_UNUSED) {
        open_block(reader, block, packet);
    }
    if (!is_fitting(reader, block, packet)) {
        return -EPROTO;
    }
    add_symbol(reader, block, packet);
    if (block->sources_received == block->source_count) {
        close_block(reader, block, BLOCK_CLOSED);
        return 0;
    }
    return repair(reader, block, sbn, restored);
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
