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

#include "base/packet.h"
#include "base/random.h"
#include "base/thread.h"

#define THREADS 3
#define ROUNDS  20000

static struct packet_pool *make(uint16_t capacity, uint32_t initial, uint32_t max)
{
    const struct packet_pool_config config = {capacity, initial, max};
    struct packet_pool *pool = NULL;
    assert_int_equal(packet_pool_create(&pool, &config), 0);
    return pool;
}

static void test_packet_pool_defaults_give_64_packets_of_2048_bytes(void **state)
{
    struct packet_pool *pool = NULL;
    assert_int_equal(packet_pool_create(&pool, NULL), 0);
    struct packet *packets[64];
    for (size_t i = 0; i < 64; i++) {
        packets[i] = packet_pool_pop(pool);
        assert_non_null(packets[i]);
        assert_int_equal(packets[i]->capacity, 2048);
        assert_int_equal((uintptr_t)packets[i]->data % 64, 0);
        memset(packets[i]->data, (int)i, packets[i]->capacity);
    }
    assert_null(packet_pool_pop(pool));
    assert_int_equal(packet_pool_used(pool), 64);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(packets[i]->data[0], i); // no two share a buffer
        assert_int_equal(packets[i]->data[2047], i);
        packet_unref(packets[i]);
    }
    assert_int_equal(packet_pool_used(pool), 0);
    packet_pool_destroy(pool);
}

static void test_packet_pool_refuses_bad_config(void **state)
{
    struct packet_pool *pool = NULL;
    const struct packet_pool_config config = {.initial_count = 65, .max_count = 64};
    assert_int_equal(packet_pool_create(&pool, &config), -EINVAL);
    assert_null(pool);
}

static void test_packet_pool_pop_gives_a_clean_packet(void **state)
{
    struct packet_pool *pool = make(100, 1, 1);
    struct packet *packet = packet_pool_pop(pool);
    assert_int_equal(packet->capacity, 100);
    packet->ssrc = 7;
    packet->is_repair = true;
    packet->symbol_size = 9;
    packet->size_bytes = 50;
    packet->receive_time_ns = 1;
    packet->address.sa.sa_family = AF_INET;
    packet_unref(packet);
    packet = packet_pool_pop(pool);
    assert_int_equal(packet->ssrc, 0);
    assert_false(packet->is_repair);
    assert_int_equal(packet->symbol_size, 0);
    assert_int_equal(packet->size_bytes, 0);
    assert_int_equal(packet->receive_time_ns, 0);
    assert_int_equal(packet->address.sa.sa_family, AF_UNSPEC);
    assert_int_equal(packet->capacity, 100);
    packet_unref(packet);
    packet_pool_destroy(pool);
}

static void test_packet_returns_with_its_last_reference(void **state)
{
    struct packet_pool *pool = make(0, 1, 1);
    struct packet *packet = packet_pool_pop(pool);
    assert_ptr_equal(packet_ref(packet), packet);
    packet_unref(packet);
    assert_int_equal(packet_pool_used(pool), 1);
    assert_null(packet_pool_pop(pool));
    packet_unref(packet);
    packet_unref(NULL);
    assert_int_equal(packet_pool_used(pool), 0);
    packet_pool_destroy(pool);
}

static void test_packet_pool_reserve_grows_to_its_maximum_only(void **state)
{
    struct packet_pool *pool = make(64, 1, 100);
    struct packet *packets[100];
    assert_int_equal(packet_pool_reserve(pool, 100), 0);
    for (size_t i = 0; i < 100; i++) {
        packets[i] = packet_pool_pop(pool);
        assert_non_null(packets[i]);
    }
    assert_null(packet_pool_pop(pool));
    assert_int_equal(packet_pool_reserve(pool, 1), -ENOSPC);
    assert_int_equal(packet_pool_reserve(pool, 0), 0);
    packet_unref(packets[99]);
    assert_int_equal(packet_pool_reserve(pool, 1), 0);
    for (size_t i = 0; i < 99; i++)
        packet_unref(packets[i]);
    packet_pool_destroy(pool);
}

// Each thread owns what it popped alone: it marks it and must find the mark again.
struct worker {
    struct packet_pool *pool;
    uint64_t seed;
    unsigned violations;
};

static void pop_and_return(void *arg)
{
    struct worker *worker = arg;
    struct random random;
    random_init(&random, worker->seed);
    struct packet *held[16] = {NULL};
    for (int i = 0; i < ROUNDS; i++) {
        const uint32_t place = random_below(&random, 16);
        if (held[place] != NULL) {
            uint64_t mark;
            memcpy(&mark, held[place]->data, sizeof(mark));
            worker->violations += mark != worker->seed + place;
            packet_unref(held[place]);
            held[place] = NULL;
        } else if ((held[place] = packet_pool_pop(worker->pool)) != NULL) {
            const uint64_t mark = worker->seed + place;
            memcpy(held[place]->data, &mark, sizeof(mark));
        } else if (i % 1000 == 0) {
            (void)packet_pool_reserve(worker->pool, 1);
        }
    }
    for (size_t i = 0; i < 16; i++)
        packet_unref(held[i]);
}

static void test_packet_pool_gives_each_packet_to_one_thread(void **state)
{
    // Fewer packets than the threads want, so that they race for the last ones.
    struct packet_pool *pool = make(64, 8, 40);
    struct worker workers[THREADS];
    struct thread *threads[THREADS];
    const struct thread_config config = {.name = "pool"};
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.pool = pool, .seed = 1000 * (i + 1)};
        assert_int_equal(thread_create(&threads[i], &config, pop_and_return, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        thread_destroy(threads[i]);
        assert_int_equal(workers[i].violations, 0);
    }
    assert_int_equal(packet_pool_used(pool), 0);
    // None was lost, none came twice.
    struct packet *all[40];
    assert_int_equal(packet_pool_reserve(pool, 40), 0);
    for (size_t i = 0; i < 40; i++) {
        all[i] = packet_pool_pop(pool);
        assert_non_null(all[i]);
    }
    assert_null(packet_pool_pop(pool));
    for (size_t i = 0; i < 40; i++)
        packet_unref(all[i]);
    packet_pool_destroy(pool);
}

static void unref_one(void *arg)
{
    packet_unref(arg);
}

static void test_packet_shared_by_threads_returns_once(void **state)
{
    struct packet_pool *pool = make(64, 1, 1);
    const struct thread_config config = {.name = "unref"};
    for (int i = 0; i < 200; i++) {
        struct packet *packet = packet_pool_pop(pool);
        assert_non_null(packet);
        struct thread *thread = NULL;
        packet_ref(packet);
        assert_int_equal(thread_create(&thread, &config, unref_one, packet), 0);
        packet_unref(packet);
        thread_destroy(thread);
        assert_int_equal(packet_pool_used(pool), 0);
    }
    packet_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packet_pool_defaults_give_64_packets_of_2048_bytes),
        cmocka_unit_test(test_packet_pool_refuses_bad_config),
        cmocka_unit_test(test_packet_pool_pop_gives_a_clean_packet),
        cmocka_unit_test(test_packet_returns_with_its_last_reference),
        cmocka_unit_test(test_packet_pool_reserve_grows_to_its_maximum_only),
        cmocka_unit_test(test_packet_pool_gives_each_packet_to_one_thread),
        cmocka_unit_test(test_packet_shared_by_threads_returns_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
