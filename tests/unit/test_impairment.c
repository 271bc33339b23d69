// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "net/impairment.h"

#define COUNT 5000

// A link that is driven by an invented clock. Datagrams are numbered in packet->seq.
struct link {
    struct packet_pool *pool;
    struct impairment *impairment;
};

static struct link make(const struct impairment_config *config, size_t capacity)
{
    struct link link = {0};
    const struct packet_pool_config pool = {.packet_capacity = 16, .max_count = 65536};
    assert_int_equal(packet_pool_create(&link.pool, &pool), 0);
    assert_int_equal(impairment_create(&link.impairment, config, capacity), 0);
    return link;
}

static void finish(struct link *link)
{
    impairment_destroy(link->impairment);
    assert_int_equal(packet_pool_used(link->pool), 0);
    packet_pool_destroy(link->pool);
}

static int push(struct link *link, uint16_t number, int64_t now_ns)
{
    assert_int_equal(packet_pool_reserve(link->pool, 1), 0);
    struct packet *packet = packet_pool_pop(link->pool);
    packet->seq = number;
    return impairment_push(link->impairment, &(struct impaired_datagram){.packet = packet}, now_ns);
}

// Returns the number of the next datagram that is due, -1 when there is none.
static int pop(struct link *link, int64_t now_ns, bool *is_copy)
{
    struct impaired_datagram datagram;
    if (impairment_pop(link->impairment, &datagram, now_ns) != 0)
        return -1;
    if (is_copy != NULL)
        *is_copy = datagram.is_copy;
    const int number = datagram.packet->seq;
    packet_unref(datagram.packet);
    return number;
}

static void test_impairment_all_zero_changes_nothing(void **state)
{
    const struct impairment_config config = {0};
    assert_false(impairment_config_is_set(&config));
    struct link link = make(&config, 0);
    for (uint16_t i = 0; i < 1000; i++)
        assert_int_equal(push(&link, i, 5), 1);
    assert_int_equal(impairment_next_ns(link.impairment), 5);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(pop(&link, 5, NULL), i);
    assert_int_equal(pop(&link, INT64_MAX, NULL), -1);
    assert_int_equal(impairment_next_ns(link.impairment), INT64_MAX);
    finish(&link);
}

static void test_impairment_refuses_nonsense(void **state)
{
    const struct impairment_config bad[] = {
        {.loss = -0.1}, {.loss = 1.1},    {.loss = (double)NAN},    {.duplicate = 2},
        {.reorder = 2}, {.delay_ns = -1}, {.jitter_ns = INT64_MAX}, {.reorder_delay_ns = -1},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct impairment *impairment = NULL;
        assert_int_equal(impairment_create(&impairment, &bad[i], 0), -EINVAL);
        assert_null(impairment);
    }
}

static unsigned lose(const struct impairment_config *config, bool *lost)
{
    struct link link = make(config, 0);
    unsigned count = 0;
    for (uint16_t i = 0; i < COUNT; i++) {
        lost[i] = push(&link, i, 0) == 0;
        count += lost[i];
        while (pop(&link, INT64_MAX, NULL) >= 0)
            ;
    }
    finish(&link);
    return count;
}

static void test_impairment_seeded_loss_repeats(void **state)
{
    static bool first[COUNT], second[COUNT];
    struct impairment_config config = {.loss = 0.05, .seed = 11};
    const unsigned count = lose(&config, first);
    assert_in_range(count, 180, 320);
    lose(&config, second);
    assert_memory_equal(first, second, sizeof(first));
    // Other impairments do not change which ones are lost.
    config.jitter_ns = 1000;
    config.reorder = 0.5;
    lose(&config, second);
    assert_memory_equal(first, second, sizeof(first));
    config.seed = 12;
    lose(&config, second);
    assert_memory_not_equal(first, second, sizeof(first));
}

static void test_impairment_loss_of_one_loses_all(void **state)
{
    static bool lost[COUNT];
    const struct impairment_config config = {.loss = 1, .seed = 1};
    assert_true(impairment_config_is_set(&config));
    assert_int_equal(lose(&config, lost), COUNT);
}

static void test_impairment_delay_holds_back_and_keeps_order(void **state)
{
    const struct impairment_config config = {.delay_ns = 1000, .seed = 3};
    struct link link = make(&config, 0);
    for (uint16_t i = 0; i < 100; i++)
        assert_int_equal(push(&link, i, i * 10), 1);
    assert_int_equal(impairment_next_ns(link.impairment), 1000);
    assert_int_equal(pop(&link, 999, NULL), -1);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pop(&link, 1000 + i * 10, NULL), i);
        assert_int_equal(pop(&link, 1000 + i * 10, NULL), -1);
    }
    finish(&link);
}

static void test_impairment_jitter_stays_within_bounds(void **state)
{
    const struct impairment_config config = {.delay_ns = 1000, .jitter_ns = 500, .seed = 3};
    struct link link = make(&config, 0);
    unsigned swapped = 0;
    for (uint16_t i = 0; i < 1000; i++)
        assert_int_equal(push(&link, i, 0), 1);
    assert_int_equal(pop(&link, 999, NULL), -1);
    int former = -1, count = 0;
    for (int number; (number = pop(&link, 1500, NULL)) >= 0; former = number, count++)
        swapped += number < former;
    assert_int_equal(count, 1000);
    assert_true(swapped > 300);
    finish(&link);
}

static void test_impairment_reorder_lets_the_next_ones_pass(void **state)
{
    const struct impairment_config config = {.reorder = 0.1, .reorder_delay_ns = 25, .seed = 8};
    struct link link = make(&config, 0);
    bool seen[1000] = {false};
    unsigned held_back = 0, count = 0;
    for (uint16_t i = 0; i < 1003; i++) {
        const int64_t now_ns = i * 10;
        if (i < 1000)
            assert_int_equal(push(&link, i, now_ns), 1);
        for (int number; (number = pop(&link, now_ns, NULL)) >= 0; count++) {
            assert_false(seen[number]);
            seen[number] = true;
            // Those held back for 25 appear at the third step after their own.
            assert_true(number == i || number == i - 3);
            held_back += number != i;
        }
    }
    assert_int_equal(count, 1000);
    assert_in_range(held_back, 60, 140);
    finish(&link);
}

static void test_impairment_duplicates_are_marked(void **state)
{
    const struct impairment_config config = {.duplicate = 0.2, .seed = 5};
    struct link link = make(&config, 0);
    unsigned copies = 0;
    for (uint16_t i = 0; i < 1000; i++) {
        const int count = push(&link, i, 0);
        assert_in_range(count, 1, 2);
        bool is_copy = true;
        assert_int_equal(pop(&link, 0, &is_copy), i);
        assert_false(is_copy);
        if (count == 2) {
            assert_int_equal(pop(&link, 0, &is_copy), i);
            assert_true(is_copy);
            copies++;
        }
        assert_int_equal(pop(&link, 0, NULL), -1);
    }
    assert_in_range(copies, 140, 260);
    finish(&link);
}

static void test_impairment_full_link_refuses_and_keeps_the_rest(void **state)
{
    const struct impairment_config config = {.delay_ns = 10, .seed = 5};
    struct link link = make(&config, 4);
    for (uint16_t i = 0; i < 4; i++)
        assert_int_equal(push(&link, i, 0), 1);
    assert_int_equal(push(&link, 4, 0), -ENOSPC);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pop(&link, 10, NULL), i);
    assert_int_equal(push(&link, 5, 10), 1);
    finish(&link); // drops the two that are under way
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_impairment_all_zero_changes_nothing),
        cmocka_unit_test(test_impairment_refuses_nonsense),
        cmocka_unit_test(test_impairment_seeded_loss_repeats),
        cmocka_unit_test(test_impairment_loss_of_one_loses_all),
        cmocka_unit_test(test_impairment_delay_holds_back_and_keeps_order),
        cmocka_unit_test(test_impairment_jitter_stays_within_bounds),
        cmocka_unit_test(test_impairment_reorder_lets_the_next_ones_pass),
        cmocka_unit_test(test_impairment_duplicates_are_marked),
        cmocka_unit_test(test_impairment_full_link_refuses_and_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
