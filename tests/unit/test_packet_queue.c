// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/packet_queue.h"

struct fixture {
    struct packet_pool *pool;
    struct packet_queue *queue;
};

static int open_queue(void **state)
{
    static struct fixture f;
    const struct packet_pool_config config = {.packet_capacity = 64};
    assert_int_equal(packet_pool_create(&f.pool, &config), 0);
    assert_int_equal(packet_queue_create(&f.queue), 0);
    *state = &f;
    return 0;
}

static int close_queue(void **state)
{
    struct fixture *f = *state;
    packet_queue_destroy(f->queue);
    assert_int_equal(packet_pool_used(f->pool), 0);
    packet_pool_destroy(f->pool);
    return 0;
}

static void push(struct fixture *f, uint8_t first, uint16_t size)
{
    struct packet *packet = packet_pool_pop(f->pool);
    assert_non_null(packet);
    memset(packet->data, first, size);
    packet->size_bytes = size;
    assert_int_equal(packet_queue_push(f->queue, packet), 0);
}

static int pop(struct fixture *f, uint8_t *bytes, size_t *size)
{
    roc_packet packet = {.bytes = bytes, .bytes_size = *size};
    const int code = packet_queue_pop(f->queue, &packet);
    *size = packet.bytes_size;
    return code;
}

static void test_packet_queue_gives_packets_in_order(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64];
    push(f, 1, 10);
    push(f, 2, 64);
    for (uint8_t i = 1; i <= 2; i++) {
        size_t size = sizeof(bytes);
        assert_int_equal(pop(f, bytes, &size), 0);
        assert_int_equal(size, i == 1 ? 10 : 64);
        assert_int_equal(bytes[0], i);
    }
    size_t size = sizeof(bytes);
    assert_int_equal(pop(f, bytes, &size), -EAGAIN);
    assert_int_equal(size, sizeof(bytes));
}

static void test_packet_queue_keeps_packet_that_does_not_fit(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[64] = {0};
    push(f, 7, 20);
    for (int i = 0; i < 3; i++) {
        size_t size = 19;
        assert_int_equal(pop(f, bytes, &size), -ENOSPC);
        assert_int_equal(size, 19);
        assert_int_equal(bytes[0], 0);
    }
    size_t size = 20;
    assert_int_equal(pop(f, bytes, &size), 0);
    assert_int_equal(bytes[19], 7);
}

static void test_packet_queue_returns_what_waits_to_the_pool(void **state)
{
    struct fixture *f = *state;
    uint8_t byte;
    size_t size = 1;
    push(f, 1, 20);
    push(f, 2, 20);
    // One is held for the next call, the other waits in the ring.
    assert_int_equal(pop(f, &byte, &size), -ENOSPC);
    assert_int_equal(packet_pool_used(f->pool), 2);
}

static void test_packet_queue_that_is_full_drops_the_newest(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(packet_pool_reserve(f->pool, PACKET_QUEUE_CAPACITY + 1), 0);
    for (size_t i = 0; i < PACKET_QUEUE_CAPACITY; i++) {
        assert_int_equal(packet_queue_writable(f->queue), PACKET_QUEUE_CAPACITY - i);
        push(f, (uint8_t)(i == 0), 20);
    }
    assert_int_equal(packet_queue_push(f->queue, packet_pool_pop(f->pool)), -ENOSPC);
    assert_int_equal(packet_pool_used(f->pool), PACKET_QUEUE_CAPACITY);
    uint8_t bytes[64];
    size_t size = sizeof(bytes);
    assert_int_equal(pop(f, bytes, &size), 0);
    assert_int_equal(bytes[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_packet_queue_gives_packets_in_order, open_queue,
                                        close_queue),
        cmocka_unit_test_setup_teardown(test_packet_queue_keeps_packet_that_does_not_fit,
                                        open_queue, close_queue),
        cmocka_unit_test_setup_teardown(test_packet_queue_returns_what_waits_to_the_pool,
                                        open_queue, close_queue),
        cmocka_unit_test_setup_teardown(test_packet_queue_that_is_full_drops_the_newest, open_queue,
                                        close_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
