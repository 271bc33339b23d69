// SPDX-License-Identifier: MPL-2.0
//
// FEC from the sending session to the reader of a receiving one: both schemes, blocks that change
// while the stream goes on, losses.

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "stream/fec_reader.h"
#include "stream/send_session.h"

#include "ldpc_rank.h"
#include "realtime_trap.h"
#include "stream_packets.h"

#define MAX_PACKETS   4096
#define MAX_BLOCKS    64
#define MAX_BLOCK     512
#define PACKET_FRAMES 44 // 1 ms

struct size {
    unsigned k, r;
};

// A stream as it was sent, and what was lost of it.
struct fixture {
    struct packet_pool *pool;
    struct send_session *sender;
    enum fec_scheme scheme;
    struct packet *sent[MAX_PACKETS]; // parsed again from their bytes
    unsigned sent_count;
    bool lost[MAX_BLOCKS][MAX_BLOCK];
    struct ldpc_supply *supply;
    struct fec_reader *reader;
};

static void keep(struct packet *packet, void *arg)
{
    struct fixture *f = arg;
    assert_true(f->sent_count < MAX_PACKETS);
    f->sent[f->sent_count++] = packet;
}

static void parse_sent(struct fixture *f)
{
    for (unsigned i = 0; i < f->sent_count; i++) {
        struct packet *packet = f->sent[i];
        f->sent[i] =
            copy_datagram(f->pool, packet->data, packet->size_bytes, f->scheme, packet->is_repair);
        assert_non_null(f->sent[i]);
        packet_unref(packet);
    }
}

static void start(struct fixture *f, enum fec_scheme scheme, struct size size, bool interleaving)
{
    memset(f, 0, sizeof(*f));
    f->pool = test_pool();
    f->scheme = scheme;
    assert_int_equal(send_session_create(&f->sender,
                                         &(struct send_session_config){
                                             .pool = f->pool,
                                             .encoding = test_encoding,
                                             .packet_length_ns = 1000000,
                                             .fec = scheme,
                                             .source_packets = size.k,
                                             .repair_packets = size.r,
                                             .interleaving = interleaving,
                                             .output = keep,
                                             .output_arg = f,
                                         }),
                     0);
    assert_int_equal(ldpc_supply_create(&f->supply, NULL), 0);
    struct fec_reader_config config = {.pool = f->pool, .scheme = scheme, .supply = f->supply};
    assert_int_equal(fec_reader_create(&f->reader, &config), 0);
}

static void stop(struct fixture *f)
{
    send_session_destroy(f->sender);
    for (unsigned i = 0; i < f->sent_count; i++)
        packet_unref(f->sent[i]);
    fec_reader_destroy(f->reader);
    ldpc_supply_destroy(f->supply);
    test_pool_destroy(f->pool);
}

static void write_packets(struct fixture *f, unsigned packets)
{
    static float samples[PACKET_FRAMES * TEST_CHANNELS];
    static uint32_t position;
    for (unsigned i = 0; i < packets; i++) {
        for (unsigned j = 0; j < PACKET_FRAMES * TEST_CHANNELS; j++)
            samples[j] = test_level(position++, j % TEST_CHANNELS);
        send_session_write(f->sender, samples, PACKET_FRAMES);
    }
}

static bool is_restorable(const struct fixture *f, struct size size, const bool *lost)
{
    struct ldpc_matrix *matrix;
    // Long blocks: the losses are chosen far below what any matrix makes good.
    if (f->scheme != FEC_LDPC || size.k + size.r > 64)
        return true;
    assert_int_equal(ldpc_matrix_create(&matrix, size.k, size.r), 0);
    bool result = ldpc_is_determined(matrix, lost);
    ldpc_matrix_unref(matrix);
    return result;
}

// Loses packets that the block can make good. Returns how many sources are among them.
static unsigned lose(struct fixture *f, struct size size, unsigned sbn, struct random *random)
{
    const unsigned most = size.k + size.r > 64 ? size.r / 2 : size.r;
    bool *lost = f->lost[sbn % MAX_BLOCKS];
    unsigned sources = 0;
    do {
        unsigned left = random_below(random, most + 1);
        memset(lost, 0, MAX_BLOCK * sizeof(*lost));
        sources = 0;
        while (left > 0) {
            unsigned esi = random_below(random, size.k + size.r);
            if (!lost[esi]) {
                lost[esi] = true;
                sources += esi < size.k;
                left--;
            }
        }
    } while (!is_restorable(f, size, lost));
    return sources;
}

static bool is_lost(const struct fixture *f, const struct packet *packet)
{
    return f->lost[packet->sbn % MAX_BLOCKS][packet->esi];
}

static void check_restored(const struct fixture *f, const struct packet *restored)
{
    for (unsigned i = 0; i < f->sent_count; i++) {
        const struct packet *sent = f->sent[i];
        if (sent->sbn == restored->sbn && sent->esi == restored->esi) {
            assert_int_equal(restored->seq, sent->seq);
            assert_int_equal(restored->size_bytes, sent->symbol_size);
            assert_memory_equal(restored->data, sent->data, sent->symbol_size);
            return;
        }
    }
    fail_msg("never sent: block %u, symbol %u", restored->sbn, restored->esi);
}

// Gives the reader what was not lost. Returns how many lost packets it restored.
static unsigned receive(struct fixture *f)
{
    struct packet *restored[FEC_READER_MAX_RESTORED];
    unsigned total = 0;
    for (unsigned i = 0; i < f->sent_count; i++) {
        if (is_lost(f, f->sent[i]))
            continue;
        ldpc_supply_see(f->supply, f->sent[i]);
        realtime_trap_start();
        int count = fec_reader_push(f->reader, f->sent[i], restored);
        assert_int_equal(realtime_trap_stop(), 0);
        assert_true(count >= 0);
        for (int j = 0; j < count; j++) {
            check_restored(f, restored[j]);
            // With interleaving it also restores what is only on its way.
            total += is_lost(f, restored[j]);
            packet_unref(restored[j]);
        }
    }
    return total;
}

static void check_change(enum fec_scheme scheme, const struct size *sizes, unsigned count,
                         bool interleaving, uint64_t seed)
{
    static struct fixture f;
    struct random random;
    unsigned lost = 0;
    random_init(&random, seed);
    start(&f, scheme, sizes[0], interleaving);
    for (unsigned i = 0; i < count; i++) {
        // In the middle of a block, which it must not touch.
        unsigned before = 1 + random_below(&random, sizes[i].k);
        write_packets(&f, before);
        if (i + 1 < count) {
            assert_int_equal(send_session_set_block(f.sender, sizes[i + 1].k, sizes[i + 1].r), 0);
        }
        realtime_trap_start();
        write_packets(&f, sizes[i].k - before);
        assert_int_equal(realtime_trap_stop(), 0);
    }
    parse_sent(&f);
    uint16_t first_sbn = (uint16_t)f.sent[0]->sbn;
    unsigned place = 0;
    for (unsigned i = 0; i < count; i++) {
        uint16_t sbn = (uint16_t)(first_sbn + i);
        for (unsigned j = 0; j < sizes[i].k + sizes[i].r; j++, place++) {
            assert_true(place < f.sent_count);
            assert_int_equal(f.sent[place]->sbn, sbn);
            assert_int_equal(f.sent[place]->source_block_length, sizes[i].k);
        }
        lost += lose(&f, sizes[i], sbn, &random);
    }
    assert_int_equal(place, f.sent_count);
    assert_int_equal(receive(&f), lost);
    stop(&f);
}

static const struct size rs8m_sizes[] = {{18, 10}, {18, 10}, {1, 1},    {5, 30}, {20, 0},
                                         {2, 3},   {18, 11}, {200, 55}, {18, 10}};
static const struct size ldpc_sizes[] = {{18, 10},   {18, 10}, {1, 7},  {5, 30},
                                         {40, 20},   {18, 10}, {2, 7},  {18, 11},
                                         {300, 150}, {30, 30}, {18, 10}};

static void test_fec_stream_follows_block_changes(void **state)
{
    for (unsigned round = 0; round < 40; round++) {
        uint64_t seed = random_u32();
        print_message("seed %llu\n", (unsigned long long)seed);
        check_change(FEC_RS8M, rs8m_sizes, sizeof(rs8m_sizes) / sizeof(*rs8m_sizes), round % 2,
                     seed);
        check_change(FEC_LDPC, ldpc_sizes, sizeof(ldpc_sizes) / sizeof(*ldpc_sizes), round % 2,
                     seed);
    }
}

static void test_fec_stream_long_ldpc_block_is_restored(void **state)
{
    static const struct size sizes[] = {{400, 100}, {400, 100}};
    for (unsigned round = 0; round < 5; round++) {
        uint64_t seed = random_u32();
        print_message("seed %llu\n", (unsigned long long)seed);
        check_change(FEC_LDPC, sizes, 2, round % 2, seed);
    }
}

static void test_fec_stream_restores_ldpc_block_of_which_all_sources_are_lost(void **state)
{
    static struct fixture f;
    start(&f, FEC_LDPC, (struct size){10, 20}, false);
    write_packets(&f, 10);
    parse_sent(&f);
    for (unsigned esi = 0; esi < 10; esi++)
        f.lost[f.sent[0]->sbn % MAX_BLOCKS][esi] = true;
    assert_int_equal(receive(&f), 10);
    stop(&f);
}

// Whoever listens later has no repair packet of the block to tell its length.
static void test_fec_stream_ldpc_needs_a_repair_packet(void **state)
{
    static struct fixture f;
    start(&f, FEC_LDPC, (struct size){18, 10}, false);
    write_packets(&f, 18);
    parse_sent(&f);
    bool *lost = f.lost[f.sent[0]->sbn % MAX_BLOCKS];
    lost[3] = true;
    for (unsigned esi = 18; esi < 28; esi++)
        lost[esi] = true;
    assert_int_equal(receive(&f), 0);
    assert_int_equal(fec_reader_open_blocks(f.reader), 1);
    stop(&f);
}

static void test_fec_stream_ldpc_refuses_blocks_that_contradict_themselves(void **state)
{
    static struct fixture f;
    struct packet *restored[FEC_READER_MAX_RESTORED];
    start(&f, FEC_LDPC, (struct size){18, 10}, false);
    write_packets(&f, 18);
    parse_sent(&f);
    struct packet *packet = f.sent[18];
    assert_int_equal(fec_reader_push(f.reader, packet, restored), 0);
    packet = f.sent[19];
    packet->block_length = 29;
    assert_int_equal(fec_reader_push(f.reader, packet, restored), -EPROTO);
    packet->block_length = 19;
    assert_int_equal(fec_reader_push(f.reader, packet, restored), -EPROTO);
    packet->block_length = LDPC_MAX_SYMBOLS + 1;
    assert_int_equal(fec_reader_push(f.reader, packet, restored), -EPROTO);
    packet->block_length = 28;
    packet->source_block_length = 17;
    assert_int_equal(fec_reader_push(f.reader, packet, restored), -EPROTO);
    packet->source_block_length = 18;
    assert_int_equal(fec_reader_push(f.reader, packet, restored), 0);
    stop(&f);
}

static void test_fec_stream_ldpc_of_few_repairs_is_received(void **state)
{
    static struct fixture f;
    struct packet *restored[FEC_READER_MAX_RESTORED];
    start(&f, FEC_LDPC, (struct size){18, 7}, false);
    write_packets(&f, 18);
    parse_sent(&f);
    // One repair packet in the block, as no peer that works sends it: the XOR of all.
    struct packet *repair = f.sent[24];
    repair->esi = 18;
    repair->block_length = 19;
    for (unsigned i = 0; i < 18; i++) {
        if (i != 7)
            assert_int_equal(fec_reader_push(f.reader, f.sent[i], restored), 0);
    }
    ldpc_supply_see(f.supply, repair);
    assert_int_equal(fec_reader_push(f.reader, repair, restored), 1);
    assert_int_equal(restored[0]->esi, 7);
    assert_memory_equal(restored[0]->data, f.sent[7]->data, f.sent[7]->symbol_size);
    packet_unref(restored[0]);
    stop(&f);
}

static void test_fec_stream_refuses_bad_changes(void **state)
{
    static struct fixture f;
    start(&f, FEC_LDPC, (struct size){18, 10}, false);
    assert_int_equal(send_session_set_block(f.sender, 0, 10), -EINVAL);
    assert_int_equal(send_session_set_block(f.sender, 18, 6), -EINVAL);
    assert_int_equal(send_session_set_block(f.sender, 49000, 1001), -EINVAL);
    assert_int_equal(send_session_set_block(f.sender, 4000, 97), -ENOTSUP);
    // The last one counts.
    assert_int_equal(send_session_set_block(f.sender, 3, 7), 0);
    assert_int_equal(send_session_set_block(f.sender, 2, 8), 0);
    write_packets(&f, 2);
    parse_sent(&f);
    assert_int_equal(f.sent_count, 10);
    assert_int_equal(f.sent[9]->block_length, 10);
    stop(&f);
}

static struct {
    atomic_bool is_over;
    struct send_session *sender;
    enum fec_scheme scheme;
} changer;

static void *change_blocks(void *arg)
{
    struct random random;
    random_init(&random, 1);
    while (!atomic_load(&changer.is_over)) {
        unsigned k = 1 + random_below(&random, 20);
        assert_int_equal(send_session_set_block(changer.sender, k, 7 + random_below(&random, 20)),
                         0);
    }
    return NULL;
}

static void test_fec_stream_blocks_are_whole_while_another_thread_changes_them(void **state)
{
    static struct fixture f;
    pthread_t thread;
    start(&f, FEC_LDPC, (struct size){18, 10}, true);
    atomic_init(&changer.is_over, false);
    changer.sender = f.sender;
    assert_int_equal(pthread_create(&thread, NULL, change_blocks, NULL), 0);
    while (f.sent_count < MAX_PACKETS / 2)
        write_packets(&f, 1);
    atomic_store(&changer.is_over, true);
    pthread_join(thread, NULL);
    parse_sent(&f);
    // The last block may be incomplete.
    for (unsigned first = 0, n = 0; first + 64 < f.sent_count; first += n) {
        uint64_t seen = 0;
        unsigned k = f.sent[first]->source_block_length;
        n = 1;
        while (f.sent[first + n]->sbn == f.sent[first]->sbn)
            n++;
        assert_true(n >= k + 7);
        for (unsigned i = first; i < first + n; i++) {
            assert_int_equal(f.sent[i]->source_block_length, k);
            if (f.sent[i]->is_repair)
                assert_int_equal(f.sent[i]->block_length, n);
            seen |= 1ull << f.sent[i]->esi;
        }
        assert_int_equal(seen, (1ull << n) - 1);
    }
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fec_stream_follows_block_changes),
        cmocka_unit_test(test_fec_stream_long_ldpc_block_is_restored),
        cmocka_unit_test(test_fec_stream_restores_ldpc_block_of_which_all_sources_are_lost),
        cmocka_unit_test(test_fec_stream_ldpc_needs_a_repair_packet),
        cmocka_unit_test(test_fec_stream_ldpc_refuses_blocks_that_contradict_themselves),
        cmocka_unit_test(test_fec_stream_ldpc_of_few_repairs_is_received),
        cmocka_unit_test(test_fec_stream_refuses_bad_changes),
        cmocka_unit_test(test_fec_stream_blocks_are_whole_while_another_thread_changes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
