// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/thread.h"
#include "net/address.h"
#include "net/network.h"

#define PATIENCE_NS 20000000000

// What a socket received, in the order of arrival. Each datagram carries its number and is filled
// with a pattern that follows from it.
#define MAX_ARRIVALS 16384

struct arrivals {
    atomic_uint count;
    atomic_uint damaged;
    atomic_uint unstamped;
    uint32_t numbers[MAX_ARRIVALS];
    struct net_address from;
};

static struct arrivals arrivals_a, arrivals_b;

static void fill(struct packet *packet, uint32_t number, uint16_t size)
{
    memcpy(packet->data, &number, sizeof(number));
    for (uint16_t i = sizeof(number); i < size; i++)
        packet->data[i] = (uint8_t)(number * 31 + i);
    packet->size_bytes = size;
}

static uint16_t size_of(uint32_t number)
{
    return (uint16_t)(4 + number * 7 % 900);
}

static bool is_whole(const struct packet *packet, uint32_t number)
{
    if (packet->size_bytes != size_of(number))
        return false;
    for (uint16_t i = sizeof(number); i < packet->size_bytes; i++) {
        if (packet->data[i] != (uint8_t)(number * 31 + i))
            return false;
    }
    return true;
}

static void note(struct packet **packets, size_t count, void *arg)
{
    struct arrivals *arrivals = arg;
    for (size_t i = 0; i < count; i++) {
        const unsigned place = atomic_load(&arrivals->count);
        uint32_t number = 0;
        memcpy(&number, packets[i]->data, sizeof(number));
        if (!is_whole(packets[i], number))
            atomic_fetch_add(&arrivals->damaged, 1);
        if (packets[i]->receive_time_ns <= 0)
            atomic_fetch_add(&arrivals->unstamped, 1);
        if (place < MAX_ARRIVALS) {
            arrivals->numbers[place] = number;
            arrivals->from = packets[i]->address;
        }
        atomic_store(&arrivals->count, place + 1);
        packet_unref(packets[i]);
    }
}

static bool wait_for_count(struct arrivals *arrivals, unsigned count)
{
    const int64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (atomic_load(&arrivals->count) < count && clock_monotonic_ns() < give_up_ns)
        usleep(500);
    return atomic_load(&arrivals->count) >= count;
}

struct fixture {
    struct packet_pool *pool;
    struct network *network;
};

static struct fixture start(const struct packet_pool_config *pool,
                            const struct impairment_config *impairment)
{
    struct fixture f;
    memset(&arrivals_a, 0, sizeof(arrivals_a));
    memset(&arrivals_b, 0, sizeof(arrivals_b));
    assert_int_equal(packet_pool_create(&f.pool, pool), 0);
    struct network_config config = {.pool = f.pool};
    if (impairment != NULL)
        config.impairment = *impairment;
    assert_int_equal(network_create(&f.network, &config), 0);
    return f;
}

static void stop(struct fixture *f)
{
    network_destroy(f->network);
    assert_int_equal(packet_pool_used(f->pool), 0);
    packet_pool_destroy(f->pool);
}

static struct udp_socket *open_on(struct network *network, const char *ip,
                                  struct arrivals *arrivals)
{
    struct udp_config config = {.send_ring_size = 4096};
    if (arrivals != NULL) {
        config.receive = note;
        config.receive_arg = arrivals;
    }
    assert_int_equal(net_address_parse(&config.bind, ip, 0), 0);
    struct udp_socket *socket = NULL;
    assert_int_equal(network_open_socket(network, &config, &socket), 0);
    const struct net_address bound = udp_socket_address(socket);
    assert_int_not_equal(net_address_get_port(&bound), 0);
    return socket;
}

// Sends one, and flushes now and then.
static int send_one(struct fixture *f, struct udp_socket *socket, const struct net_address *to,
                    uint32_t number)
{
    struct packet *packet;
    // The network thread takes packets too.
    while ((packet = packet_pool_pop(f->pool)) == NULL)
        assert_int_equal(packet_pool_reserve(f->pool, 64), 0);
    fill(packet, number, size_of(number));
    const int error = udp_socket_push(socket, packet, to);
    if (number % 16 == 15)
        udp_socket_flush(socket);
    return error;
}

// Keeps about 100 under way, which fit into the receive buffer that a user without privileges gets.
static void send_paced(struct fixture *f, struct udp_socket *socket, const struct net_address *to,
                       struct arrivals *arrivals, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(send_one(f, socket, to, i), 0);
        if (i >= 100 && i % 32 == 0) {
            udp_socket_flush(socket);
            assert_true(wait_for_count(arrivals, i - 100));
        }
    }
    udp_socket_flush(socket);
}

static void check_order_and_wholeness(const char *ip)
{
    struct fixture f = start(NULL, NULL);
    struct udp_socket *a = open_on(f.network, ip, &arrivals_a);
    struct udp_socket *b = open_on(f.network, ip, &arrivals_b);
    const struct net_address to = udp_socket_address(b);
    const unsigned count = 10000;
    send_paced(&f, a, &to, &arrivals_b, count);
    assert_true(wait_for_count(&arrivals_b, count));
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(arrivals_b.numbers[i], i);
    assert_int_equal(atomic_load(&arrivals_b.damaged), 0);
    assert_int_equal(atomic_load(&arrivals_b.unstamped), 0);

    const struct udp_metrics sent = udp_socket_metrics(a), got = udp_socket_metrics(b);
    assert_int_equal(sent.packets_sent, count);
    assert_int_equal(got.packets_received, count);
    assert_int_equal(sent.bytes_sent, got.bytes_received);
    assert_int_equal(sent.packets_dropped + got.packets_dropped, 0);
    network_close_socket(f.network, b);
    const struct net_address from = udp_socket_address(a);
    assert_true(net_address_is_equal(&arrivals_b.from, &from));
    network_close_socket(f.network, a);
    stop(&f);
}

static void test_network_delivers_in_order_and_whole(void **state)
{
    check_order_and_wholeness("127.0.0.1");
}

static void test_network_delivers_over_ipv6(void **state)
{
    struct net_address loopback;
    net_address_parse(&loopback, "::1", 0);
    const int probe = socket(AF_INET6, SOCK_DGRAM, 0);
    const bool has_ipv6 = probe >= 0 && bind(probe, &loopback.sa, net_address_size(&loopback)) == 0;
    if (probe >= 0)
        close(probe);
    if (!has_ipv6)
        skip();
    check_order_and_wholeness("::1");
}

static void test_network_keeps_unflushed_packets(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", NULL);
    struct udp_socket *b = open_on(f.network, "127.0.0.1", &arrivals_b);
    const struct net_address to = udp_socket_address(b);
    assert_int_equal(send_one(&f, a, &to, 1), 0);
    udp_socket_flush(a);
    assert_int_equal(send_one(&f, a, &to, 2), 0); // not flushed
    assert_true(wait_for_count(&arrivals_b, 1));
    // Rounds of the network thread go by, and the second packet stays.
    for (int i = 0; i < 20; i++)
        network_close_socket(f.network, open_on(f.network, "127.0.0.1", NULL));
    assert_int_equal(udp_socket_metrics(a).packets_sent, 1);
    udp_socket_flush(a);
    assert_true(wait_for_count(&arrivals_b, 2));
    network_close_socket(f.network, a);
    network_close_socket(f.network, b);
    stop(&f);
}

static void test_network_close_sends_what_was_queued(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", NULL);
    struct udp_socket *b = open_on(f.network, "127.0.0.1", &arrivals_b);
    const struct net_address to = udp_socket_address(b);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(send_one(&f, a, &to, i), 0);
    network_close_socket(f.network, a);
    assert_true(wait_for_count(&arrivals_b, 100));
    network_close_socket(f.network, b);
    stop(&f);
}

static void test_network_drops_cut_datagram(void **state)
{
    const struct packet_pool_config small = {.packet_capacity = 256};
    struct fixture f = start(&small, NULL);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", &arrivals_a);
    const struct net_address to = udp_socket_address(a);
    const int raw = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(raw >= 0);
    uint8_t bytes[257] = {0};
    assert_int_equal(sendto(raw, bytes, 257, 0, &to.sa, net_address_size(&to)), 257);
    assert_int_equal(sendto(raw, bytes, 256, 0, &to.sa, net_address_size(&to)), 256);
    close(raw);
    assert_true(wait_for_count(&arrivals_a, 1));
    assert_int_equal(udp_socket_metrics(a).packets_received, 1);
    assert_int_equal(udp_socket_metrics(a).packets_dropped, 1);
    network_close_socket(f.network, a);
    stop(&f);
}

static void test_network_survives_empty_pool(void **state)
{
    const struct packet_pool_config tiny = {.initial_count = 1, .max_count = 8};
    struct fixture f = start(&tiny, NULL);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", &arrivals_a);
    const struct net_address to = udp_socket_address(a);
    const int raw = socket(AF_INET, SOCK_DGRAM, 0);
    struct packet *held[8];
    size_t held_count = 0;
    struct packet *packet;
    while ((packet = packet_pool_pop(f.pool)) != NULL)
        held[held_count++] = packet;

    // The thread may hold a few for its next batch; the rest must be dropped, not waited for.
    const uint8_t bytes[4] = {0};
    for (int i = 0; i < 100; i++)
        assert_int_equal(sendto(raw, bytes, 4, 0, &to.sa, net_address_size(&to)), 4);
    const int64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
    struct udp_metrics m;
    do {
        usleep(500);
        m = udp_socket_metrics(a);
    } while (m.packets_received + m.packets_dropped < 100 && clock_monotonic_ns() < give_up_ns);
    assert_int_equal(m.packets_received + m.packets_dropped, 100);

    for (size_t i = 0; i < held_count; i++)
        packet_unref(held[i]);
    const unsigned before = atomic_load(&arrivals_a.count);
    assert_int_equal(sendto(raw, bytes, 4, 0, &to.sa, net_address_size(&to)), 4);
    assert_true(wait_for_count(&arrivals_a, before + 1));
    close(raw);
    network_close_socket(f.network, a);
    stop(&f);
}

static void test_network_takes_no_packets_that_others_reserved(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", &arrivals_a);
    struct udp_socket *b = open_on(f.network, "127.0.0.1", NULL);
    const struct net_address to = udp_socket_address(a);
    assert_int_equal(packet_pool_reserve(f.pool, 60), 0);
    assert_int_equal(send_one(&f, b, &to, 1), 0);
    udp_socket_flush(b);
    assert_true(wait_for_count(&arrivals_a, 1));
    struct packet *packets[59];
    for (size_t i = 0; i < 59; i++) {
        packets[i] = packet_pool_pop(f.pool);
        assert_non_null(packets[i]);
    }
    for (size_t i = 0; i < 59; i++)
        packet_unref(packets[i]);
    network_close_socket(f.network, a);
    network_close_socket(f.network, b);
    stop(&f);
}

static void test_network_full_ring_is_reported_and_counted(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct udp_config config = {.send_ring_size = 8};
    net_address_parse(&config.bind, "127.0.0.1", 0);
    struct udp_socket *a = NULL;
    assert_int_equal(network_open_socket(f.network, &config, &a), 0);
    const struct net_address to = udp_socket_address(a);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(send_one(&f, a, &to, i), 0);
    assert_int_equal(send_one(&f, a, &to, 8), -ENOSPC);
    assert_int_equal(udp_socket_metrics(a).packets_dropped, 1);
    network_close_socket(f.network, a);
    stop(&f);
}

static void test_network_refused_datagram_does_not_stop_socket(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", NULL);
    struct udp_socket *b = open_on(f.network, "127.0.0.1", &arrivals_b);
    const struct net_address good = udp_socket_address(b);
    struct net_address wrong_family, closed_port;
    net_address_parse(&wrong_family, "::1", 9);
    struct udp_socket *gone = open_on(f.network, "127.0.0.1", NULL);
    closed_port = udp_socket_address(gone);
    network_close_socket(f.network, gone);

    assert_int_equal(send_one(&f, a, &good, 1), 0);
    assert_int_equal(send_one(&f, a, &wrong_family, 2), 0);
    assert_int_equal(send_one(&f, a, &closed_port, 3), 0);
    assert_int_equal(send_one(&f, a, &good, 4), 0);
    udp_socket_flush(a);
    assert_true(wait_for_count(&arrivals_b, 2));
    assert_int_equal(arrivals_b.numbers[0], 1);
    assert_int_equal(arrivals_b.numbers[1], 4);
    assert_int_equal(udp_socket_metrics(a).packets_dropped, 1);
    network_close_socket(f.network, a);
    network_close_socket(f.network, b);
    stop(&f);
}

static void test_network_open_reports_errors(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", NULL);
    struct udp_socket *b = NULL;
    struct udp_config config = {.bind = udp_socket_address(a)};
    assert_int_equal(network_open_socket(f.network, &config, &b), -EADDRINUSE);
    net_address_parse(&config.bind, "192.0.2.1", 0); // TEST-NET-1: on no machine
    assert_int_equal(network_open_socket(f.network, &config, &b), -EADDRNOTAVAIL);
    // A group interface for a unicast address.
    net_address_parse(&config.bind, "127.0.0.1", 0);
    net_address_parse(&config.multicast_interface, "127.0.0.1", 0);
    assert_int_equal(network_open_socket(f.network, &config, &b), -EINVAL);
    assert_null(b);
    network_close_socket(f.network, a);
    stop(&f);
}

static void test_network_two_sockets_may_reuse_port(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct udp_socket *free_port = open_on(f.network, "127.0.0.1", NULL);
    struct udp_config config = {.bind = udp_socket_address(free_port), .reuse_address = true};
    network_close_socket(f.network, free_port);
    struct udp_socket *a = NULL, *b = NULL;
    assert_int_equal(network_open_socket(f.network, &config, &a), 0);
    assert_int_equal(network_open_socket(f.network, &config, &b), 0);
    network_close_socket(f.network, a);
    network_close_socket(f.network, b);
    stop(&f);
}

static void test_network_joins_multicast_group(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct udp_config config = {.receive = note, .receive_arg = &arrivals_a};
    net_address_parse(&config.bind, "239.255.71.17", 0);
    net_address_parse(&config.multicast_interface, "127.0.0.1", 0);
    struct udp_socket *group = NULL;
    assert_int_equal(network_open_socket(f.network, &config, &group), 0);
    struct udp_socket *from = open_on(f.network, "127.0.0.1", NULL);
    const struct net_address to = udp_socket_address(group);
    assert_int_equal(send_one(&f, from, &to, 5), 0);
    udp_socket_flush(from);
    assert_true(wait_for_count(&arrivals_a, 1));
    assert_int_equal(arrivals_a.numbers[0], 5);
    network_close_socket(f.network, from);
    network_close_socket(f.network, group);
    stop(&f);
}

#define LAST_NUMBER 1000000

static void send_last(const struct net_address *to)
{
    uint8_t bytes[4];
    const uint32_t number = LAST_NUMBER;
    memcpy(bytes, &number, sizeof(number));
    const int raw = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(sendto(raw, bytes, 4, 0, &to->sa, net_address_size(to)), 4);
    close(raw);
}

// An impaired link in front of a real socket: which of 2000 numbered datagrams arrive?
static unsigned run_lossy(uint64_t seed, uint32_t *numbers)
{
    const struct impairment_config loss = {.loss = 0.1, .seed = seed};
    struct fixture f = start(NULL, &loss);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", NULL);
    struct udp_socket *b = open_on(f.network, "127.0.0.1", &arrivals_b);
    const struct net_address to = udp_socket_address(b);
    for (uint32_t i = 0; i < 2000; i++) {
        assert_int_equal(send_one(&f, a, &to, i), 0);
        // Those that the link loses count as sent.
        while (i % 16 == 15 && udp_socket_metrics(a).packets_sent <= i)
            usleep(100);
    }
    network_close_socket(f.network, a);
    send_last(&to);
    const int64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
    unsigned count = 0;
    do
        count = atomic_load(&arrivals_b.count);
    while ((count == 0 || arrivals_b.numbers[count - 1] != LAST_NUMBER) &&
           clock_monotonic_ns() < give_up_ns);
    network_close_socket(f.network, b);
    assert_int_equal(atomic_load(&arrivals_b.count), count);
    memcpy(numbers, arrivals_b.numbers, (count - 1) * sizeof(*numbers));
    stop(&f);
    return count - 1;
}

static void test_network_seeded_loss_repeats(void **state)
{
    static uint32_t first[MAX_ARRIVALS], second[MAX_ARRIVALS];
    const uint64_t seed = 20240617;
    const unsigned count = run_lossy(seed, first);
    assert_in_range(count, 1700, 1900);
    assert_int_equal(run_lossy(seed, second), count);
    assert_memory_equal(first, second, count * sizeof(*first));
    const unsigned other = run_lossy(seed + 77, second);
    assert_true(other != count || memcmp(first, second, count * sizeof(*first)) != 0);
}

static void test_network_close_does_not_wait_for_a_slow_link(void **state)
{
    const struct impairment_config slow = {.delay_ns = 3000000000000, .seed = 1};
    struct fixture f = start(NULL, &slow);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", NULL);
    struct udp_socket *b = open_on(f.network, "127.0.0.1", &arrivals_b);
    const struct net_address to = udp_socket_address(b);
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(send_one(&f, a, &to, i), 0);
    assert_int_equal(udp_socket_metrics(a).packets_sent, 0);
    network_close_socket(f.network, a);
    assert_true(wait_for_count(&arrivals_b, 50));
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(arrivals_b.numbers[i], i);
    network_close_socket(f.network, b);
    stop(&f);
}

static void test_network_refuses_bad_impairment(void **state)
{
    struct packet_pool *pool = NULL;
    struct network *network = NULL;
    assert_int_equal(packet_pool_create(&pool, NULL), 0);
    const struct network_config config = {.pool = pool, .impairment = {.loss = 5}};
    assert_int_equal(network_create(&network, &config), -EINVAL);
    assert_int_equal(network_create(&network, &(struct network_config){0}), -EINVAL);
    assert_null(network);
    packet_pool_destroy(pool);
}

struct traffic {
    struct fixture *fixture;
    struct udp_socket *socket;
    struct net_address to;
    atomic_bool is_stopping;
};

static void send_until_stopped(void *arg)
{
    struct traffic *traffic = arg;
    for (uint32_t i = 0; !atomic_load(&traffic->is_stopping); i++) {
        (void)send_one(traffic->fixture, traffic->socket, &traffic->to, i);
        if (i % 64 == 0)
            usleep(200);
    }
}

static void test_network_receiver_closes_while_traffic_flows(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct traffic traffic = {.fixture = &f};
    traffic.socket = open_on(f.network, "127.0.0.1", NULL);
    struct udp_socket *b = open_on(f.network, "127.0.0.1", &arrivals_b);
    traffic.to = udp_socket_address(b);
    struct thread *thread = NULL;
    const struct thread_config config = {.name = "traffic"};
    assert_int_equal(thread_create(&thread, &config, send_until_stopped, &traffic), 0);
    for (int i = 0; i < 20; i++) {
        assert_true(wait_for_count(&arrivals_b, atomic_load(&arrivals_b.count) + 100));
        struct udp_config again = {.bind = traffic.to, .receive = note, .receive_arg = &arrivals_b};
        network_close_socket(f.network, b);
        const unsigned closed_at = atomic_load(&arrivals_b.count);
        usleep(1000);
        assert_int_equal(atomic_load(&arrivals_b.count), closed_at);
        assert_int_equal(network_open_socket(f.network, &again, &b), 0);
    }
    atomic_store(&traffic.is_stopping, true);
    thread_destroy(thread);
    network_close_socket(f.network, traffic.socket);
    network_close_socket(f.network, b);
    stop(&f);
}

static void test_network_two_at_once(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct network *other = NULL;
    const struct network_config config = {.pool = f.pool};
    assert_int_equal(network_create(&other, &config), 0);
    struct udp_socket *a = open_on(f.network, "127.0.0.1", &arrivals_a);
    struct udp_socket *b = open_on(other, "127.0.0.1", &arrivals_b);
    const struct net_address to_a = udp_socket_address(a), to_b = udp_socket_address(b);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(send_one(&f, a, &to_b, i), 0);
        assert_int_equal(send_one(&f, b, &to_a, i), 0);
    }
    udp_socket_flush(a);
    udp_socket_flush(b);
    assert_true(wait_for_count(&arrivals_a, 100));
    assert_true(wait_for_count(&arrivals_b, 100));
    network_close_socket(other, b);
    network_destroy(other);
    network_close_socket(f.network, a);
    stop(&f);
}

struct tick {
    struct network *network;
    atomic_uint count;
    unsigned nested; // written by the network thread, read after the ticker is gone
};

static void count_nested(void *arg)
{
    struct tick *tick = arg;
    tick->nested++;
}

static void count_tick(void *arg)
{
    struct tick *tick = arg;
    network_run(tick->network, count_nested, tick); // at once: this is the network thread
    atomic_fetch_add(&tick->count, 1);
}

static void test_network_ticker_runs_until_removed(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct tick tick = {.network = f.network};
    assert_int_equal(network_add_ticker(f.network, count_tick, &tick), 0);
    const int64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (atomic_load(&tick.count) < 3 && clock_monotonic_ns() < give_up_ns)
        usleep(1000);
    network_remove_ticker(f.network, count_tick, &tick);
    const unsigned count = atomic_load(&tick.count);
    assert_true(count >= 3);
    assert_int_equal(tick.nested, count);
    usleep(50000);
    assert_int_equal(atomic_load(&tick.count), count);
    stop(&f);
}

static void test_network_run_waits_for_call(void **state)
{
    struct fixture f = start(NULL, NULL);
    struct tick tick = {.network = f.network};
    for (unsigned i = 1; i <= 100; i++) {
        network_run(f.network, count_nested, &tick);
        assert_int_equal(tick.nested, i);
    }
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_delivers_in_order_and_whole),
        cmocka_unit_test(test_network_delivers_over_ipv6),
        cmocka_unit_test(test_network_keeps_unflushed_packets),
        cmocka_unit_test(test_network_close_sends_what_was_queued),
        cmocka_unit_test(test_network_drops_cut_datagram),
        cmocka_unit_test(test_network_survives_empty_pool),
        cmocka_unit_test(test_network_takes_no_packets_that_others_reserved),
        cmocka_unit_test(test_network_full_ring_is_reported_and_counted),
        cmocka_unit_test(test_network_refused_datagram_does_not_stop_socket),
        cmocka_unit_test(test_network_open_reports_errors),
        cmocka_unit_test(test_network_two_sockets_may_reuse_port),
        cmocka_unit_test(test_network_joins_multicast_group),
        cmocka_unit_test(test_network_seeded_loss_repeats),
        cmocka_unit_test(test_network_close_does_not_wait_for_a_slow_link),
        cmocka_unit_test(test_network_refuses_bad_impairment),
        cmocka_unit_test(test_network_receiver_closes_while_traffic_flows),
        cmocka_unit_test(test_network_two_at_once),
        cmocka_unit_test(test_network_ticker_runs_until_removed),
        cmocka_unit_test(test_network_run_waits_for_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
