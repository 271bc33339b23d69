// SPDX-License-Identifier: MPL-2.0
//
// The functions of base, net and the sender that audio threads call take no lock and no memory.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audio/concealment.h"
#include "base/clock.h"
#include "base/packet.h"
#include "base/random.h"
#include "base/ring.h"
#include "net/address.h"
#include "net/network.h"
#include "realtime_trap.h"
#include "stream/sender.h"

static void test_realtime_trap_notices_what_it_is_there_for(void **state)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    if (!REALTIME_TRAP_WORKS)
        skip();
    realtime_trap_start();
    // Volatile, or the compiler knows that these do nothing.
    void *volatile memory = malloc(10);
    free(memory);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    const struct timespec no_time = {0};
    nanosleep(&no_time, NULL);
    poll(NULL, 0, 0);
    assert_int_equal(realtime_trap_stop(), 5);
}

static void test_realtime_base_takes_no_lock_and_no_memory(void **state)
{
    struct packet_pool *pool = NULL;
    struct ring *ring = NULL;
    struct random random;
    int number = 1;
    assert_int_equal(packet_pool_create(&pool, NULL), 0);
    assert_int_equal(ring_create(&ring, sizeof(int), 4), 0);
    realtime_trap_start();
    random_init(&random, 1);
    for (int i = 0; i < 100; i++) {
        struct packet *packet = packet_pool_pop(pool);
        packet_unref(packet_ref(packet));
        packet_unref(packet);
        ring_push(ring, &number, 1);
        ring_pop(ring, &number, 1);
        (void)random_below(&random, 10);
        (void)clock_monotonic_ns();
    }
    assert_int_equal(realtime_trap_stop(), 0);
    // The empty pool says so, and does not grow here.
    struct packet *packets[64];
    for (size_t i = 0; i < 64; i++)
        packets[i] = packet_pool_pop(pool);
    realtime_trap_start();
    assert_null(packet_pool_pop(pool));
    assert_int_equal(realtime_trap_stop(), 0);
    for (size_t i = 0; i < 64; i++)
        packet_unref(packets[i]);
    ring_destroy(ring);
    packet_pool_destroy(pool);
}

static void test_realtime_address_is_written_without_memory(void **state)
{
    struct net_address address;
    char text[NET_ADDRESS_TEXT_SIZE];
    net_address_parse(&address, "fe80::1%2", 4100);
    realtime_trap_start();
    net_address_write(&address, text);
    assert_int_equal(realtime_trap_stop(), 0);
}

static void test_realtime_sender_write_takes_no_lock_and_no_memory(void **state)
{
    static float samples[441 * 2];
    struct packet_pool *pool = NULL;
    struct network *network = NULL;
    struct sender *sender = NULL;
    struct udp_socket *target = NULL;
    struct udp_config local = {0};
    assert_int_equal(packet_pool_create(&pool, NULL), 0);
    assert_int_equal(network_create(&network, &(struct network_config){.pool = pool}), 0);
    net_address_parse(&local.bind, "127.0.0.1", 0);
    assert_int_equal(network_open_socket(network, &local, &target), 0);
    const struct sender_config config = {
        .network = network,
        .session = {.pool = pool, .encoding = {10, 44100, 2, false, PCM_L16}, .fec = FEC_RS8M},
    };
    assert_int_equal(sender_create(&sender, &config), 0);
    const struct net_address to = udp_socket_address(target);
    assert_int_equal(sender_connect(sender, 0, STREAM_SOURCE, &to), 0);
    assert_int_equal(sender_connect(sender, 0, STREAM_REPAIR, &to), 0);

    realtime_trap_start();
    for (int i = 0; i < 100; i++) // ten blocks
        sender_write(sender, samples, 441);
    assert_int_equal(realtime_trap_stop(), 0);

    struct sender_metrics m;
    assert_int_equal(sender_query(sender, 0, &m), 0);
    assert_true(m.session.repair_packets > 0);
    sender_destroy(sender);
    network_close_socket(network, target);
    network_destroy(network);
    packet_pool_destroy(pool);
}

static void test_realtime_concealment_takes_no_lock_and_no_memory(void **state)
{
    static float samples[441 * 2];
    struct concealment *concealment = NULL;
    const struct concealment_config config = {.encoding = {10, 44100, 2, false, PCM_L16}};
    assert_int_equal(concealment_create(&concealment, &config), 0);
    for (size_t i = 0; i < 441 * 2; i++)
        samples[i] = (float)(i % 100) / 100;
    realtime_trap_start();
    for (int i = 0; i < 20; i++) {
        concealment_push(concealment, samples, 441);
        concealment_fill(concealment, samples, 441, NULL, 0);
    }
    concealment_skip(concealment);
    concealment_stop(concealment);
    concealment_fill(concealment, samples, 441, NULL, 0);
    assert_int_equal(realtime_trap_stop(), 0);
    concealment_destroy(concealment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_realtime_trap_notices_what_it_is_there_for),
        cmocka_unit_test(test_realtime_base_takes_no_lock_and_no_memory),
        cmocka_unit_test(test_realtime_address_is_written_without_memory),
        cmocka_unit_test(test_realtime_sender_write_takes_no_lock_and_no_memory),
        cmocka_unit_test(test_realtime_concealment_takes_no_lock_and_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
