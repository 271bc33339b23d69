// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "stream/jitter_queue.h"

#include "stream_packets.h"

#define CAPACITY 256
#define FIRST    70000 // unwrapped numbers need not start at a turn

struct fixture {
    struct packet_pool *pool;
    struct jitter_queue *queue;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->pool = test_pool();
    assert_int_equal(jitter_queue_create(&f->queue, CAPACITY), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    jitter_queue_destroy(f->queue);
    test_pool_destroy(f->pool);
    free(f);
    return 0;
}

static int push_kind(struct fixture *f, int64_t seq, bool is_restored)
{
    struct packet *packet =
        make_source(f->pool, (uint16_t)seq, (uint32_t)(seq * TEST_FRAMES), TEST_FRAMES);
    struct packet_place place = {.seq = seq, .position = seq * TEST_FRAMES};
    packet->is_restored = is_restored;
    return jitter_queue_push(f->queue, place, packet);
}

static int push(struct fixture *f, int64_t seq)
{
    return push_kind(f, seq, false);
}

static void assert_pop(struct fixture *f, int64_t seq, bool is_recovered)
{
    struct jitter_entry entry;
    assert_true(jitter_queue_pop(f->queue, &entry));
    assert_int_equal(entry.place.seq, seq);
    assert_int_equal(entry.packet->seq, (uint16_t)seq);
    assert_int_equal(entry.is_recovered, is_recovered);
    packet_unref(entry.packet);
}

static void assert_empty(struct fixture *f)
{
    struct jitter_entry entry;
    assert_false(jitter_queue_peek(f->queue, &entry));
    assert_false(jitter_queue_pop(f->queue, &entry));
    assert_int_equal(jitter_queue_count(f->queue), 0);
}

static void test_jitter_queue_sorts_reordered_packets(void **state)
{
    struct fixture *f = *state;
    const int64_t order[] = {2, 0, 3, 1, 5, 4};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(push(f, FIRST + order[i]), 0);
    }
    assert_int_equal(jitter_queue_count(f->queue), 6);
    for (int64_t i = 0; i < 6; i++) {
        assert_pop(f, FIRST + i, false);
    }
    assert_empty(f);
}

static void test_jitter_queue_passes_over_missing_packets(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(push(f, FIRST), 0);
    assert_int_equal(push(f, FIRST + 90), 0);
    assert_pop(f, FIRST, false);
    assert_int_equal(jitter_queue_head(f->queue), FIRST + 1);
    assert_pop(f, FIRST + 90, false);
    assert_empty(f);
}

static void test_jitter_queue_takes_a_missing_packet_until_one_behind_it_is_popped(void **state)
{
    struct fixture *f = *state;
    struct jitter_entry entry;
    assert_int_equal(push(f, FIRST), 0);
    assert_int_equal(push(f, FIRST + 2), 0);
    assert_pop(f, FIRST, false);
    assert_true(jitter_queue_peek(f->queue, &entry));
    assert_int_equal(push(f, FIRST + 1), 0);
    assert_pop(f, FIRST + 1, false);
    assert_pop(f, FIRST + 2, false);
}

static void test_jitter_queue_drops_late_packet(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(push(f, FIRST), 0);
    assert_int_equal(push(f, FIRST + 2), 0);
    assert_pop(f, FIRST, false);
    assert_pop(f, FIRST + 2, false);
    assert_int_equal(push(f, FIRST + 1), -ETIMEDOUT);
    assert_int_equal(push(f, FIRST - 1), -ETIMEDOUT);
    assert_empty(f);
}

static void test_jitter_queue_drops_duplicate_in_queue(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(push(f, FIRST), 0);
    assert_int_equal(push(f, FIRST), -EEXIST);
    assert_pop(f, FIRST, false);
    assert_empty(f);
}

static void test_jitter_queue_tells_a_duplicate_of_a_played_packet_from_a_late_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(push(f, FIRST), 0);
    assert_int_equal(push(f, FIRST + 2), 0);
    assert_pop(f, FIRST, false);
    assert_pop(f, FIRST + 2, false);
    assert_int_equal(push(f, FIRST), -EEXIST);
    assert_int_equal(push(f, FIRST + 1), -ETIMEDOUT);
    assert_int_equal(push(f, FIRST + 1), -EEXIST);
}

static void test_jitter_queue_begins_with_the_oldest_before_the_first_pop(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(push(f, FIRST + 20), 0);
    assert_int_equal(push(f, FIRST), 0);
    assert_pop(f, FIRST, false);
}

static void test_jitter_queue_original_replaces_restored(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(push_kind(f, FIRST, true), 0);
    assert_int_equal(push_kind(f, FIRST + 1, true), 0);
    assert_int_equal(push(f, FIRST), 0);
    assert_int_equal(push_kind(f, FIRST, true), -EEXIST);
    assert_int_equal(push(f, FIRST), -EEXIST);
    assert_int_equal(jitter_queue_count(f->queue), 2);
    assert_pop(f, FIRST, false);
    assert_pop(f, FIRST + 1, true);
    // The original comes when the restored one was played.
    assert_int_equal(push(f, FIRST + 1), -ETIMEDOUT);
    assert_int_equal(push(f, FIRST + 1), -EEXIST);
}

static void test_jitter_queue_refuses_what_is_too_far_ahead_or_behind(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(push(f, FIRST), 0);
    assert_int_equal(push(f, FIRST + CAPACITY), -ENOSPC);
    assert_int_equal(push(f, FIRST + CAPACITY - 1), 0);
    assert_int_equal(push(f, FIRST - 1), -ENOSPC);
    assert_pop(f, FIRST, false);
    assert_int_equal(push(f, FIRST + CAPACITY), 0);
    assert_pop(f, FIRST + CAPACITY - 1, false);
    assert_pop(f, FIRST + CAPACITY, false);
}

static void test_jitter_queue_refuses_senseless_capacity(void **state)
{
    struct jitter_queue *queue;
    assert_int_equal(jitter_queue_create(&queue, 0), -EINVAL);
    assert_int_equal(jitter_queue_create(&queue, 32769), -EINVAL);
    assert_int_equal(jitter_queue_create(&queue, 3), 0);
    jitter_queue_destroy(queue);
    jitter_queue_destroy(NULL);
}

// Whatever is pushed, what is popped ascends and nothing leaks (teardown looks).
static void test_jitter_queue_stays_sorted_under_random_use(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = random_u32();
    struct random random;
    int64_t base = FIRST;
    int64_t last = -1;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_init(&random, seed);
    for (int i = 0; i < 20000; i++) {
        struct jitter_entry entry;
        base += random_below(&random, 3);
        push_kind(f, base + random_below(&random, 2 * CAPACITY) - CAPACITY / 2,
                  random_below(&random, 4) == 0);
        while (random_below(&random, 3) == 0 && jitter_queue_pop(f->queue, &entry)) {
            assert_true(entry.place.seq > last);
            last = entry.place.seq;
            packet_unref(entry.packet);
        }
        assert_true(jitter_queue_count(f->queue) <= CAPACITY);
        base = last > base ? last : base;
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_jitter_queue_sorts_reordered_packets),
        T(test_jitter_queue_passes_over_missing_packets),
        T(test_jitter_queue_takes_a_missing_packet_until_one_behind_it_is_popped),
        T(test_jitter_queue_drops_late_packet),
        T(test_jitter_queue_drops_duplicate_in_queue),
        T(test_jitter_queue_tells_a_duplicate_of_a_played_packet_from_a_late_one),
        T(test_jitter_queue_begins_with_the_oldest_before_the_first_pop),
        T(test_jitter_queue_original_replaces_restored),
        T(test_jitter_queue_refuses_what_is_too_far_ahead_or_behind),
        T(test_jitter_queue_refuses_senseless_capacity),
        T(test_jitter_queue_stays_sorted_under_random_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
