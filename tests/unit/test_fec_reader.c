// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "stream/fec_reader.h"

#include "stream_packets.h"

#define K         5
#define R         3
#define FIRST_SBN 65534 // so that most tests cross the wrap

struct fixture {
    struct packet_pool *pool;
    struct fec_reader *reader;
    struct packet *restored[FEC_READER_MAX_RESTORED];
};

// k source and r repair packets of one block.
struct test_block {
    unsigned k, r;
    struct packet *packets[RS8M_MAX_SYMBOLS];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->pool = test_pool();
    struct fec_reader_config config = {.pool = f->pool, .scheme = FEC_RS8M};
    assert_int_equal(fec_reader_create(&f->reader, &config), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    fec_reader_destroy(f->reader);
    test_pool_destroy(f->pool);
    free(f);
    return 0;
}

static void describe(struct packet *packet, uint16_t sbn, unsigned esi, unsigned k, size_t size)
{
    packet->has_fec = true;
    packet->sbn = sbn;
    packet->esi = (uint16_t)esi;
    packet->source_block_length = (uint16_t)k;
    packet->symbol_size = (uint16_t)size;
    packet->is_repair = esi >= k;
}

static struct test_block make_sized_block(struct fixture *f, uint16_t sbn, uint16_t first_seq,
                                          unsigned k, unsigned r, unsigned frames)
{
    struct test_block block = {.k = k, .r = r};
    const uint8_t *source[RS8M_MAX_SYMBOLS];
    uint8_t *repair[RS8M_MAX_SYMBOLS];
    size_t size = RTP_HEADER_SIZE + frames * TEST_CHANNELS * 2;
    struct rs8m_encoder *encoder;

    for (unsigned i = 0; i < k + r; i++) {
        uint16_t seq = (uint16_t)(first_seq + i);
        block.packets[i] = make_source(f->pool, seq, seq * frames, frames);
        describe(block.packets[i], sbn, i, k, size);
        if (i < k) {
            source[i] = block.packets[i]->data;
        } else {
            repair[i - k] = block.packets[i]->data;
        }
    }
    assert_int_equal(rs8m_encoder_create(&encoder, k, r), 0);
    rs8m_encode(encoder, source, repair, size);
    rs8m_encoder_destroy(encoder);
    return block;
}

static struct test_block make_block(struct fixture *f, uint16_t sbn, uint16_t first_seq)
{
    return make_sized_block(f, sbn, first_seq, K, R, TEST_FRAMES);
}

static void free_block(struct test_block *block)
{
    for (unsigned i = 0; i < block->k + block->r; i++) {
        packet_unref(block->packets[i]);
    }
}

// Pushes one packet and checks that what comes out are packets of this block. Returns how many.
static int push(struct fixture *f, const struct test_block *block, unsigned esi)
{
    int count = fec_reader_push(f->reader, block->packets[esi], f->restored);
    for (int i = 0; i < count; i++) {
        const struct packet *original = block->packets[f->restored[i]->esi];
        assert_true(f->restored[i]->is_restored);
        assert_int_equal(f->restored[i]->seq, original->seq);
        assert_int_equal(f->restored[i]->size_bytes, original->symbol_size);
        assert_memory_equal(f->restored[i]->data, original->data, original->symbol_size);
        packet_unref(f->restored[i]);
    }
    return count;
}

// All but the packets whose bit is set. Returns how many were restored.
static int push_without(struct fixture *f, const struct test_block *block, uint64_t lost)
{
    int count = 0;
    for (unsigned esi = 0; esi < block->k + block->r; esi++) {
        if ((lost >> esi & 1) == 0) {
            int got = push(f, block, esi);
            assert_true(got >= 0);
            count += got;
        }
    }
    return count;
}

static void test_fec_reader_restores_every_pattern_that_a_block_can_make_good(void **state)
{
    struct fixture *f = *state;
    for (unsigned lost = 0; lost < 1u << (K + R); lost++) {
        struct test_block block = make_block(f, (uint16_t)(FIRST_SBN + lost), (uint16_t)(lost * K));
        unsigned lost_sources = (unsigned)__builtin_popcount(lost & ((1u << K) - 1));
        bool is_possible = __builtin_popcount(lost) <= R;
        assert_int_equal(push_without(f, &block, lost), is_possible ? lost_sources : 0);
        free_block(&block);
    }
}

static void test_fec_reader_restores_first_packet_of_the_stream(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, FIRST_SBN, 65533);
    assert_int_equal(push_without(f, &block, 1), 1);
    free_block(&block);
}

static void test_fec_reader_works_when_the_stream_is_joined_in_mid_block(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, FIRST_SBN, 100);
    // The first three were sent before anybody listened.
    assert_int_equal(push_without(f, &block, 7), 3);
    free_block(&block);
}

static void test_fec_reader_restores_reordered_and_interleaved_blocks(void **state)
{
    struct fixture *f = *state;
    struct test_block blocks[4];
    int count = 0;
    for (unsigned b = 0; b < 4; b++) {
        blocks[b] = make_block(f, (uint16_t)(FIRST_SBN + b), (uint16_t)(b * K));
    }
    for (int esi = K + R - 1; esi >= 0; esi--) {
        for (unsigned b = 0; b < 4; b++) {
            if (esi != 1 && esi != 2) {
                count += push(f, &blocks[3 - b], (unsigned)esi);
            }
        }
    }
    // Of each block the two lost ones, and the one that was only late (ESI 0).
    assert_int_equal(count, 4 * 3);
    for (unsigned b = 0; b < 4; b++) {
        free_block(&blocks[b]);
    }
}

static void test_fec_reader_restores_block_of_which_all_sources_are_lost(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_sized_block(f, FIRST_SBN, 65000, 3, 4, TEST_FRAMES);
    assert_int_equal(push_without(f, &block, 7), 3);
    free_block(&block);
}

static void test_fec_reader_follows_block_and_packet_size_at_block_boundaries(void **state)
{
    struct fixture *f = *state;
    struct test_block a = make_sized_block(f, FIRST_SBN, 0, 5, 3, 100);
    struct test_block b = make_sized_block(f, FIRST_SBN + 1, 5, 18, 10, 40);
    struct test_block c = make_sized_block(f, (uint16_t)(FIRST_SBN + 2), 23, 1, 1, 7);
    assert_int_equal(push_without(f, &a, 2), 1);
    assert_int_equal(push_without(f, &b, 0x3ff), 10);
    assert_int_equal(push_without(f, &c, 1), 1);
    free_block(&a);
    free_block(&b);
    free_block(&c);
}

static void test_fec_reader_drops_packet_of_another_size_or_k(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, FIRST_SBN, 0);
    assert_int_equal(push(f, &block, 0), 0);
    block.packets[1]->symbol_size--;
    assert_int_equal(push(f, &block, 1), -EPROTO);
    block.packets[2]->source_block_length++;
    assert_int_equal(push(f, &block, 2), -EPROTO);
    block.packets[3]->seq++;
    assert_int_equal(push(f, &block, 3), -EPROTO);
    // What is left is still good for repair: 0, 4 and three repair packets.
    block.packets[1]->symbol_size++;
    block.packets[3]->seq--;
    assert_int_equal(push_without(f, &block, 1u << 0 | 1u << 1 | 1u << 2 | 1u << 3), 3);
    free_block(&block);
}

static void test_fec_reader_ignores_duplicates(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, FIRST_SBN, 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(push(f, &block, 1), 0);
        assert_int_equal(push(f, &block, K), 0);
    }
    assert_int_equal(push_without(f, &block, 1), 1);
    assert_int_equal(push_without(f, &block, 0), 0);
    assert_int_equal(fec_reader_open_blocks(f->reader), 0);
    free_block(&block);
}

static void test_fec_reader_refuses_impossible_numbers(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, FIRST_SBN, 0);
    struct packet *packet = block.packets[0];
    struct packet *restored[FEC_READER_MAX_RESTORED];
    describe(packet, FIRST_SBN, 0, 0, 412);
    assert_int_equal(fec_reader_push(f->reader, packet, restored), -EPROTO);
    describe(packet, FIRST_SBN, 255, 5, 412);
    assert_int_equal(fec_reader_push(f->reader, packet, restored), -EPROTO);
    describe(packet, FIRST_SBN, 0, 256, 412);
    assert_int_equal(fec_reader_push(f->reader, packet, restored), -EPROTO);
    describe(packet, FIRST_SBN, 7, 5, 412);
    packet->is_repair = false;
    assert_int_equal(fec_reader_push(f->reader, packet, restored), -EPROTO);
    describe(packet, FIRST_SBN, 0, 5, 0);
    assert_int_equal(fec_reader_push(f->reader, packet, restored), -EPROTO);
    packet->has_fec = false;
    assert_int_equal(fec_reader_push(f->reader, packet, restored), -EPROTO);
    assert_int_equal(fec_reader_open_blocks(f->reader), 0);
    free_block(&block);
}

static void test_fec_reader_ends_repair_after_a_jump_of_the_block_number(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, 1000, 0);
    struct test_block near = make_block(f, 1100, 500);
    struct test_block far = make_block(f, 1201, 1000);
    assert_int_equal(push(f, &block, 0), 0);
    assert_int_equal(push(f, &near, 0), 0);
    assert_false(fec_reader_is_over(f->reader));
    assert_int_equal(push(f, &far, 0), -EPROTO);
    assert_true(fec_reader_is_over(f->reader));
    assert_int_equal(fec_reader_open_blocks(f->reader), 0);
    assert_int_equal(push(f, &near, 1), -EPROTO);
    free_block(&block);
    free_block(&near);
    free_block(&far);
}

static void test_fec_reader_lets_go_of_old_blocks(void **state)
{
    struct fixture *f = *state;
    struct test_block old = make_block(f, 7, 0);
    struct test_block block = make_block(f, 7 + FEC_READER_MAX_BLOCKS, 1000);
    assert_int_equal(push(f, &old, 0), 0);
    assert_int_equal(push(f, &block, 0), 0);
    assert_int_equal(fec_reader_open_blocks(f->reader), 1);
    assert_int_equal(push(f, &old, 1), -EPROTO);
    free_block(&old);
    free_block(&block);
}

static void test_fec_reader_gives_up_blocks_whose_time_is_over(void **state)
{
    struct fixture *f = *state;
    struct test_block a = make_block(f, 65534, 65530); // seq 65530..65534
    struct test_block b = make_block(f, 65535, 65535); // unknown: only repair arrives
    struct test_block c = make_block(f, 0, 4);         // seq 4..8
    struct test_block d = make_block(f, 1, 9);         // seq 9..13
    assert_int_equal(push(f, &a, 4), 0);
    assert_int_equal(push(f, &b, K), 0);
    assert_int_equal(push(f, &c, 0), 0);
    assert_int_equal(push(f, &d, 0), 0);
    fec_reader_expire(f->reader, 65534);
    assert_int_equal(fec_reader_open_blocks(f->reader), 4);
    fec_reader_expire(f->reader, 65535);
    assert_int_equal(fec_reader_open_blocks(f->reader), 3);
    fec_reader_expire(f->reader, 8);
    assert_int_equal(fec_reader_open_blocks(f->reader), 3);
    fec_reader_expire(f->reader, 9);
    assert_int_equal(fec_reader_open_blocks(f->reader), 1);
    assert_int_equal(push_without(f, &c, 1), 0);
    assert_int_equal(push_without(f, &d, 1u << 2), 1);
    free_block(&a);
    free_block(&b);
    free_block(&c);
    free_block(&d);
}

static void test_fec_reader_keeps_unfinished_last_block_and_restores_nothing_of_it(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, FIRST_SBN, 0);
    assert_int_equal(push(f, &block, 0), 0);
    assert_int_equal(push(f, &block, 2), 0);
    assert_int_equal(fec_reader_open_blocks(f->reader), 1);
    free_block(&block);
}

static void test_fec_reader_drops_restored_packet_that_is_not_what_it_should_be(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, FIRST_SBN, 0);
    struct random random;
    random_init(&random, 1);
    // A repair packet of noise: version bits or sequence number of the outcome are wrong.
    for (size_t i = 0; i < block.packets[K]->symbol_size; i++) {
        block.packets[K]->data[i] = (uint8_t)(random_next(&random) | (i == 2 ? 0x80 : 0));
    }
    assert_int_equal(push_without(f, &block, 1), 0);
    assert_int_equal(fec_reader_open_blocks(f->reader), 0);
    free_block(&block);
}

static void test_fec_reader_repairs_later_when_the_pool_was_empty(void **state)
{
    struct fixture *f = *state;
    struct test_block block = make_block(f, FIRST_SBN, 0);
    struct packet *hoard[8192];
    size_t count = 0;
    while (count < 8192 && (hoard[count] = packet_pool_pop(f->pool)) != NULL) {
        count++;
    }
    assert_int_equal(push_without(f, &block, 1u << 0 | 1u << (K + 1) | 1u << (K + 2)), 0);
    while (count > 0) {
        packet_unref(hoard[--count]);
    }
    assert_int_equal(push(f, &block, K + 1), 1);
    free_block(&block);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_fec_reader_restores_every_pattern_that_a_block_can_make_good),
        T(test_fec_reader_restores_first_packet_of_the_stream),
        T(test_fec_reader_works_when_the_stream_is_joined_in_mid_block),
        T(test_fec_reader_restores_reordered_and_interleaved_blocks),
        T(test_fec_reader_restores_block_of_which_all_sources_are_lost),
        T(test_fec_reader_follows_block_and_packet_size_at_block_boundaries),
        T(test_fec_reader_drops_packet_of_another_size_or_k),
        T(test_fec_reader_ignores_duplicates),
        T(test_fec_reader_refuses_impossible_numbers),
        T(test_fec_reader_ends_repair_after_a_jump_of_the_block_number),
        T(test_fec_reader_lets_go_of_old_blocks),
        T(test_fec_reader_gives_up_blocks_whose_time_is_over),
        T(test_fec_reader_keeps_unfinished_last_block_and_restores_nothing_of_it),
        T(test_fec_reader_drops_restored_packet_that_is_not_what_it_should_be),
        T(test_fec_reader_repairs_later_when_the_pool_was_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
