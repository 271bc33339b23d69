// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream/interleaver.h"

#define BLOCK  28
#define BLOCKS 5

struct sink {
    uint16_t seq[BLOCK * BLOCKS];
    size_t count;
};

static void take(struct packet *packet, void *arg)
{
    struct sink *sink = arg;
    assert_non_null(packet);
    sink->seq[sink->count++] = packet->seq;
    packet_unref(packet);
}

static struct packet *new_packet(struct packet_pool *pool, unsigned seq)
{
    struct packet *packet = packet_pool_pop(pool);
    assert_non_null(packet);
    packet->seq = (uint16_t)seq;
    return packet;
}

static void test_interleaver_repeats_one_permutation(void **state)
{
    struct packet_pool *pool;
    struct interleaver *interleaver;
    struct sink sink = {0};
    assert_int_equal(packet_pool_create(&pool, NULL), 0);
    assert_int_equal(interleaver_create(&interleaver, BLOCK, take, &sink), 0);
    for (unsigned i = 0; i < BLOCK * BLOCKS; i++) {
        interleaver_push(interleaver, new_packet(pool, i));
        if (i % BLOCK == BLOCK - 1) {
            assert_int_equal(sink.count, i + 1);
            assert_int_equal(packet_pool_used(pool), 0);
        }
    }
    bool seen[BLOCK] = {false};
    for (unsigned i = 0; i < BLOCK; i++) {
        assert_true(sink.seq[i] < BLOCK);
        assert_false(seen[sink.seq[i]]);
        seen[sink.seq[i]] = true;
    }
    for (unsigned i = BLOCK; i < BLOCK * BLOCKS; i++)
        assert_int_equal(sink.seq[i], sink.seq[i - BLOCK] + BLOCK);
    interleaver_destroy(interleaver);
    packet_pool_destroy(pool);
}

// The order of the first block tells what must leave when in the second.
static void test_interleaver_emits_as_soon_as_it_may(void **state)
{
    struct packet_pool *pool;
    struct interleaver *interleaver;
    struct sink sink = {0};
    assert_int_equal(packet_pool_create(&pool, NULL), 0);
    assert_int_equal(interleaver_create(&interleaver, BLOCK, take, &sink), 0);
    for (unsigned i = 0; i < BLOCK; i++)
        interleaver_push(interleaver, new_packet(pool, i));
    for (unsigned i = 0; i < BLOCK; i++) {
        interleaver_push(interleaver, new_packet(pool, BLOCK + i));
        unsigned expected = 0;
        while (expected < BLOCK && sink.seq[expected] <= i)
            expected++;
        assert_int_equal(sink.count, BLOCK + expected);
    }
    interleaver_destroy(interleaver);
    packet_pool_destroy(pool);
}

static void test_interleaver_leaves_out_what_was_never_made(void **state)
{
    struct packet_pool *pool;
    struct interleaver *interleaver;
    struct sink sink = {0};
    assert_int_equal(packet_pool_create(&pool, NULL), 0);
    assert_int_equal(interleaver_create(&interleaver, BLOCK, take, &sink), 0);
    for (unsigned i = 0; i < BLOCK; i++)
        interleaver_push(interleaver, i % 3 ? new_packet(pool, i) : NULL);
    assert_int_equal(sink.count, BLOCK - (BLOCK + 2) / 3);
    for (size_t i = 0; i < sink.count; i++)
        assert_int_not_equal(sink.seq[i] % 3, 0);
    for (unsigned i = 0; i < BLOCK; i++)
        interleaver_push(interleaver, NULL);
    assert_int_equal(sink.count, BLOCK - (BLOCK + 2) / 3);
    interleaver_destroy(interleaver);
    packet_pool_destroy(pool);
}

static void test_interleaver_destroy_drops_what_waits(void **state)
{
    struct packet_pool *pool;
    struct interleaver *interleaver;
    struct sink sink = {0};
    assert_int_equal(packet_pool_create(&pool, NULL), 0);
    assert_int_equal(interleaver_create(&interleaver, BLOCK, take, &sink), 0);
    for (unsigned i = 0; i < BLOCK - 1; i++)
        interleaver_push(interleaver, new_packet(pool, i));
    interleaver_destroy(interleaver);
    assert_int_equal(packet_pool_used(pool), 0);
    packet_pool_destroy(pool);
    interleaver_destroy(NULL);
}

static void test_interleaver_refuses_empty_block(void **state)
{
    struct interleaver *interleaver = NULL;
    assert_int_equal(interleaver_create(&interleaver, 0, take, NULL), -EINVAL);
    assert_null(interleaver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interleaver_repeats_one_permutation),
        cmocka_unit_test(test_interleaver_emits_as_soon_as_it_may),
        cmocka_unit_test(test_interleaver_leaves_out_what_was_never_made),
        cmocka_unit_test(test_interleaver_destroy_drops_what_waits),
        cmocka_unit_test(test_interleaver_refuses_empty_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
