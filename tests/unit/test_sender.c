// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "net/address.h"
#include "stream/sender.h"

#define PATIENCE_NS 20000000000
#define CHANNELS    2
#define PACKET      221 // samples in a default packet
#define BLOCK       18

// Where a slot sends to: a socket of the test that counts.
struct target {
    struct udp_socket *socket;
    struct net_address address;
    atomic_uint count;
    struct net_address from; // of the last datagram
};

struct fixture {
    struct packet_pool *pool;
    struct network *network;
    struct sender *sender;
    struct target source, repair, other;
};

static float silence[PACKET * BLOCK * CHANNELS];

static void note(struct packet **packets, size_t count, void *arg)
{
    struct target *target = arg;
    for (size_t i = 0; i < count; i++) {
        target->from = packets[i]->address;
        packet_unref(packets[i]);
    }
    atomic_fetch_add(&target->count, (unsigned)count);
}

static void open_target(struct fixture *f, struct target *target)
{
    struct udp_config config = {.receive = note, .receive_arg = target};
    memset(target, 0, sizeof(*target));
    net_address_parse(&config.bind, "127.0.0.1", 0);
    assert_int_equal(network_open_socket(f->network, &config, &target->socket), 0);
    target->address = udp_socket_address(target->socket);
}

static struct sender_config config_of(struct fixture *f, enum fec_scheme fec)
{
    return (struct sender_config){
        .network = f->network,
        .session = {.pool = f->pool, .encoding = {10, 44100, CHANNELS, false, PCM_L16}, .fec = fec},
    };
}

// Not on the stack: callbacks keep pointers into it.
static void start(struct fixture *f, enum fec_scheme fec)
{
    assert_int_equal(packet_pool_create(&f->pool, NULL), 0);
    const struct network_config config = {.pool = f->pool};
    assert_int_equal(network_create(&f->network, &config), 0);
    open_target(f, &f->source);
    open_target(f, &f->repair);
    open_target(f, &f->other);
    const struct sender_config sender = config_of(f, fec);
    assert_int_equal(sender_create(&f->sender, &sender), 0);
}

static void stop(struct fixture *f)
{
    sender_destroy(f->sender);
    network_close_socket(f->network, f->source.socket);
    network_close_socket(f->network, f->repair.socket);
    network_close_socket(f->network, f->other.socket);
    network_destroy(f->network);
    assert_int_equal(packet_pool_used(f->pool), 0);
    packet_pool_destroy(f->pool);
}

static void wait_for_count(struct target *target, unsigned count)
{
    const int64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (atomic_load(&target->count) < count && clock_monotonic_ns() < give_up_ns)
        usleep(500);
    assert_int_equal(atomic_load(&target->count), count);
}

static void test_sender_sends_when_source_is_connected(void **state)
{
    static struct fixture f;
    start(&f, FEC_NONE);
    struct sender_metrics m;
    sender_write(f.sender, silence, PACKET * 3); // nobody is there: gone
    assert_int_equal(sender_query(f.sender, 7, &m), -ENOENT);
    assert_int_equal(sender_connect(f.sender, 7, STREAM_SOURCE, &f.source.address), 0);
    sender_write(f.sender, silence, PACKET * 5 + 100);
    wait_for_count(&f.source, 5);
    assert_int_equal(sender_query(f.sender, 7, &m), 0);
    assert_true(m.is_complete);
    assert_int_equal(m.session.source_packets, 5);
    assert_int_equal(m.udp.packets_sent, 5);
    stop(&f);
}

static void test_sender_with_fec_waits_for_repair(void **state)
{
    static struct fixture f;
    start(&f, FEC_RS8M);
    struct sender_metrics m;
    assert_int_equal(sender_connect(f.sender, 0, STREAM_SOURCE, &f.source.address), 0);
    sender_write(f.sender, silence, PACKET * BLOCK);
    assert_int_equal(sender_query(f.sender, 0, &m), 0);
    assert_false(m.is_complete);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_REPAIR, &f.repair.address), 0);
    sender_write(f.sender, silence, PACKET * BLOCK);
    wait_for_count(&f.source, 18);
    wait_for_count(&f.repair, 10);
    assert_int_equal(sender_query(f.sender, 0, &m), 0);
    assert_true(m.is_complete);
    assert_int_equal(m.session.repair_packets, 10);
    stop(&f);
}

static void test_sender_source_and_repair_leave_from_one_address(void **state)
{
    static struct fixture f;
    start(&f, FEC_RS8M);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_SOURCE, &f.source.address), 0);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_REPAIR, &f.repair.address), 0);
    sender_write(f.sender, silence, PACKET * BLOCK);
    wait_for_count(&f.source, 18);
    wait_for_count(&f.repair, 10);
    assert_true(net_address_is_equal(&f.source.from, &f.repair.from));
    stop(&f);
}

static void test_sender_writes_to_every_slot(void **state)
{
    static struct fixture f;
    start(&f, FEC_NONE);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_SOURCE, &f.source.address), 0);
    assert_int_equal(sender_connect(f.sender, 1ull << 40, STREAM_SOURCE, &f.other.address), 0);
    sender_write(f.sender, silence, PACKET * 4);
    wait_for_count(&f.source, 4);
    wait_for_count(&f.other, 4);
    assert_false(net_address_is_equal(&f.source.from, &f.other.from));
    assert_int_equal(sender_total(f.sender).session.source_packets, 8);

    assert_int_equal(sender_unlink(f.sender, 0), 0);
    sender_write(f.sender, silence, PACKET * 4);
    wait_for_count(&f.other, 8);
    assert_int_equal(atomic_load(&f.source.count), 4);
    assert_int_equal(sender_total(f.sender).session.source_packets, 8);
    stop(&f);
}

static void test_sender_unlink_sends_what_was_written(void **state)
{
    static struct fixture f;
    start(&f, FEC_NONE);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_SOURCE, &f.source.address), 0);
    sender_write(f.sender, silence, PACKET * 17);
    assert_int_equal(sender_unlink(f.sender, 0), 0);
    wait_for_count(&f.source, 17);
    stop(&f);
}

static void test_sender_slot_can_be_used_again_after_unlink(void **state)
{
    static struct fixture f;
    start(&f, FEC_NONE);
    assert_int_equal(sender_unlink(f.sender, 3), -ENOENT);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(sender_connect(f.sender, 3, STREAM_SOURCE, &f.source.address), 0);
        assert_int_equal(sender_connect(f.sender, 3, STREAM_SOURCE, &f.source.address), -EBUSY);
        sender_write(f.sender, silence, PACKET);
        wait_for_count(&f.source, i);
        assert_int_equal(sender_unlink(f.sender, 3), 0);
        assert_int_equal(sender_unlink(f.sender, 3), -ENOENT);
    }
    stop(&f);
}

static void test_sender_refuses_what_cannot_work(void **state)
{
    static struct fixture f;
    start(&f, FEC_NONE);
    struct sender *none = NULL;
    const struct sender_config empty = {0};
    assert_int_equal(sender_create(&none, &empty), -EINVAL);
    assert_null(none);

    const struct net_address nowhere = {0};
    assert_int_equal(sender_connect(f.sender, 0, STREAM_SOURCE, &nowhere), -EINVAL);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_SOURCE, NULL), -EINVAL);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_REPAIR, &f.repair.address), -EINVAL);
    assert_int_equal(sender_connect(f.sender, 0, (enum stream_interface)9, &f.source.address),
                     -EINVAL);
    // None of these made a slot.
    assert_int_equal(sender_unlink(f.sender, 0), -ENOENT);
    stop(&f);
}

static void test_sender_reports_session_errors_at_connect(void **state)
{
    static struct fixture f;
    start(&f, FEC_NONE);
    struct sender_config config = config_of(&f, FEC_NONE);
    config.session.packet_length_ns = 1; // rounds to no sample
    struct sender *sender = NULL;
    assert_int_equal(sender_create(&sender, &config), 0);
    assert_int_equal(sender_connect(sender, 0, STREAM_SOURCE, &f.source.address), -EINVAL);
    sender_write(sender, silence, PACKET);
    assert_int_equal(sender_unlink(sender, 0), 0);
    sender_destroy(sender);
    stop(&f);
}

static void test_sender_uses_configured_local_address(void **state)
{
    static struct fixture f;
    start(&f, FEC_RS8M);
    struct udp_config local = {0};
    net_address_parse(&local.bind, "127.0.0.2", 0);
    assert_int_equal(sender_configure(f.sender, 0, STREAM_SOURCE, &local), 0);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_SOURCE, &f.source.address), 0);
    assert_int_equal(sender_configure(f.sender, 0, STREAM_SOURCE, &local), -EBUSY);

    // Repair must leave from the same socket: another local address cannot be had.
    struct udp_config different = {0};
    net_address_parse(&different.bind, "127.0.0.3", 0);
    assert_int_equal(sender_configure(f.sender, 0, STREAM_REPAIR, &different), 0);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_REPAIR, &f.repair.address), -EINVAL);
    assert_int_equal(sender_configure(f.sender, 0, STREAM_REPAIR, &local), 0);
    assert_int_equal(sender_connect(f.sender, 0, STREAM_REPAIR, &f.repair.address), 0);

    sender_write(f.sender, silence, PACKET * BLOCK);
    wait_for_count(&f.source, 18);
    wait_for_count(&f.repair, 10);
    struct net_address expected;
    net_address_parse(&expected, "127.0.0.2", net_address_get_port(&f.source.from));
    assert_true(net_address_is_equal(&f.source.from, &expected));
    assert_true(net_address_is_equal(&f.repair.from, &expected));

    net_address_parse(&local.bind, "::1", 0); // other family than the destination
    assert_int_equal(sender_configure(f.sender, 1, STREAM_SOURCE, &local), 0);
    assert_int_equal(sender_connect(f.sender, 1, STREAM_SOURCE, &f.source.address), -EINVAL);
    stop(&f);
}

struct writer {
    struct sender *sender;
    atomic_bool is_stopping;
    atomic_uint writes;
};

static void write_until_stopped(void *arg)
{
    struct writer *writer = arg;
    while (!atomic_load(&writer->is_stopping)) {
        sender_write(writer->sender, silence, 441);
        atomic_fetch_add(&writer->writes, 1);
        usleep(50);
    }
}

static void wait_for_write(struct writer *writer)
{
    // Two more ends mean that one write began and ended after this call.
    const unsigned target = atomic_load(&writer->writes) + 2;
    while ((int)(atomic_load(&writer->writes) - target) < 0)
        usleep(50);
}

static void test_sender_slots_come_and_go_while_another_thread_writes(void **state)
{
    static struct fixture f;
    start(&f, FEC_RS8M);
    struct writer writer = {.sender = f.sender};
    struct thread *thread = NULL;
    const struct thread_config config = {.name = "writer"};
    assert_int_equal(sender_connect(f.sender, 999, STREAM_SOURCE, &f.other.address), 0);
    assert_int_equal(sender_connect(f.sender, 999, STREAM_REPAIR, &f.other.address), 0);
    assert_int_equal(thread_create(&thread, &config, write_until_stopped, &writer), 0);
    for (unsigned i = 0; i < 100; i++) {
        const unsigned slot = i % 7;
        (void)sender_unlink(f.sender, slot);
        assert_int_equal(sender_connect(f.sender, slot, STREAM_SOURCE, &f.source.address), 0);
        assert_int_equal(sender_connect(f.sender, slot, STREAM_REPAIR, &f.repair.address), 0);
        if (i % 3 == 0)
            wait_for_write(&writer);
        if (i % 5 == 0)
            assert_int_equal(sender_unlink(f.sender, slot), 0);
        assert_true(sender_total(f.sender).is_complete);
    }
    wait_for_write(&writer);
    atomic_store(&writer.is_stopping, true);
    thread_destroy(thread);
    struct sender_metrics m;
    assert_int_equal(sender_query(f.sender, 999, &m), 0);
    assert_true(m.session.source_packets > 0);
    assert_true(atomic_load(&f.source.count) > 0);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sender_sends_when_source_is_connected),
        cmocka_unit_test(test_sender_with_fec_waits_for_repair),
        cmocka_unit_test(test_sender_source_and_repair_leave_from_one_address),
        cmocka_unit_test(test_sender_writes_to_every_slot),
        cmocka_unit_test(test_sender_unlink_sends_what_was_written),
        cmocka_unit_test(test_sender_slot_can_be_used_again_after_unlink),
        cmocka_unit_test(test_sender_refuses_what_cannot_work),
        cmocka_unit_test(test_sender_reports_session_errors_at_connect),
        cmocka_unit_test(test_sender_uses_configured_local_address),
        cmocka_unit_test(test_sender_slots_come_and_go_while_another_thread_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
