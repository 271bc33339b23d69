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

#include "base/ring.h"
#include "base/thread.h"

#define NUMBERS 200000

static void test_ring_refuses_bad_sizes(void **state)
{
    struct ring *ring = NULL;
    assert_int_equal(ring_create(&ring, 0, 4), -EINVAL);
    assert_int_equal(ring_create(&ring, 4, 0), -EINVAL);
    assert_int_equal(ring_create(&ring, SIZE_MAX / 2, SIZE_MAX / 2), -EINVAL);
    assert_null(ring);
    ring_destroy(NULL);
}

static void test_ring_rounds_capacity_up_and_takes_no_more(void **state)
{
    struct ring *ring = NULL;
    int numbers[9] = {0};
    assert_int_equal(ring_create(&ring, sizeof(int), 5), 0);
    assert_int_equal(ring_writable(ring), 8);
    assert_int_equal(ring_push(ring, numbers, 9), 8);
    assert_int_equal(ring_push(ring, numbers, 1), 0);
    assert_int_equal(ring_readable(ring), 8);
    assert_int_equal(ring_writable(ring), 0);
    ring_destroy(ring);
}

static void test_ring_gives_back_in_order_across_its_end(void **state)
{
    struct ring *ring = NULL;
    assert_int_equal(ring_create(&ring, 3, 8), 0);
    uint8_t next_in = 0, next_out = 0;
    for (int round = 0; round < 500; round++) {
        uint8_t bytes[8][3];
        const size_t count = (size_t)round % 8 + 1;
        for (size_t i = 0; i < count; i++, next_in++)
            memset(bytes[i], next_in, 3);
        assert_int_equal(ring_push(ring, bytes, count), count);
        memset(bytes, 0xee, sizeof(bytes));
        assert_int_equal(ring_pop(ring, bytes, 8), count);
        for (size_t i = 0; i < count; i++, next_out++) {
            assert_int_equal(bytes[i][0], next_out);
            assert_int_equal(bytes[i][2], next_out);
        }
    }
    assert_int_equal(ring_pop(ring, &next_out, 1), 0);
    ring_destroy(ring);
}

static void push_numbers(void *arg)
{
    struct ring *ring = arg;
    uint32_t next = 0;
    while (next < NUMBERS) {
        uint32_t batch[7];
        size_t count = 0;
        for (; count < 7 && next + count < NUMBERS; count++)
            batch[count] = next + (uint32_t)count;
        next += (uint32_t)ring_push(ring, batch, count);
    }
}

static void test_ring_carries_every_element_across_threads(void **state)
{
    struct ring *ring = NULL;
    struct thread *thread = NULL;
    const struct thread_config config = {.name = "producer"};
    assert_int_equal(ring_create(&ring, sizeof(uint32_t), 64), 0);
    assert_int_equal(thread_create(&thread, &config, push_numbers, ring), 0);
    uint32_t next = 0, out_of_order = 0;
    while (next < NUMBERS) {
        uint32_t batch[5];
        const size_t count = ring_pop(ring, batch, 5);
        for (size_t i = 0; i < count; i++, next++)
            out_of_order += batch[i] != next;
    }
    thread_destroy(thread);
    assert_int_equal(out_of_order, 0);
    assert_int_equal(ring_readable(ring), 0);
    ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_refuses_bad_sizes),
        cmocka_unit_test(test_ring_rounds_capacity_up_and_takes_no_more),
        cmocka_unit_test(test_ring_gives_back_in_order_across_its_end),
        cmocka_unit_test(test_ring_carries_every_element_across_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
