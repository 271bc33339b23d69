// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/address.h"
#include "stream/receiver.h"
#include "stream/sender.h"

#include "stream_packets.h"

#define MS_NS 1000000ll
#define S_NS  (1000 * MS_NS)
#define LIMIT 44100
// Packets until the target latency of 100 ms is reached, without any that is discarded.
#define START_PACKETS 45

struct fixture {
    struct packet_pool *pool;
    struct receiver *receiver;
    float samples[LIMIT * TEST_CHANNELS];
};

static struct receiver_config make_config(struct fixture *f, bool clockless)
{
    return (struct receiver_config){
        .pool = f->pool,
        .encodings = {test_encoding,
                      {11, TEST_RATE_HZ, 1, false, PCM_L16},
                      {100, 48000, 2, false, PCM_L16}},
        .encoding_count = 3,
        .session = {.target_latency_ns = 100 * MS_NS,
                    .concealment = CONCEALMENT_ZERO,
                    .clockless = clockless},
    };
}

static struct fixture *create_fixture(bool clockless)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->pool = test_pool();
    struct receiver_config config = make_config(f, clockless);
    assert_int_equal(receiver_create(&f->receiver, &config), 0);
    assert_int_equal(receiver_activate(f->receiver, 1, STREAM_SOURCE, FEC_NONE), 0);
    return f;
}

static int setup(void **state)
{
    *state = create_fixture(false);
    return 0;
}

static int setup_clockless(void **state)
{
    *state = create_fixture(true);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    receiver_destroy(f->receiver);
    test_pool_destroy(f->pool);
    free(f);
    return 0;
}

// What a sender's packets have in common.
struct origin {
    unsigned long long slot;
    uint32_t ssrc;
    uint8_t payload_type;
    uint16_t port;
    int16_t level; // every sample
};

static const struct origin alice = {1, 0xa11ce, 10, 5000, 1000};
static const struct origin bob = {1, 0xb0b, 10, 6000, 2000};

static void push_from(struct fixture *f, const struct origin *origin, int index)
{
    struct packet *packet = packet_pool_pop(f->pool);
    assert_non_null(packet);
    packet->ssrc = origin->ssrc;
    packet->payload_type = origin->payload_type;
    packet->seq = (uint16_t)index;
    packet->timestamp = (uint32_t)index * TEST_FRAMES;
    rtp_write(packet, 0);
    unsigned channels = origin->payload_type == 11 ? 1 : 2;
    for (unsigned i = 0; i < TEST_FRAMES * channels; i++) {
        packet->data[RTP_HEADER_SIZE + 2 * i] = (uint8_t)((uint16_t)origin->level >> 8);
        packet->data[RTP_HEADER_SIZE + 2 * i + 1] = (uint8_t)origin->level;
    }
    packet->size_bytes = (uint16_t)(RTP_HEADER_SIZE + TEST_FRAMES * channels * 2);
    assert_int_equal(net_address_parse(&packet->address, "192.0.2.1", origin->port), 0);
    receiver_push(f->receiver, origin->slot, STREAM_SOURCE, &packet, 1);
}

static void push_range(struct fixture *f, const struct origin *origin, int from, int to)
{
    for (int i = from; i < to; i++) {
        push_from(f, origin, i);
    }
}

static void push_bytes(struct fixture *f, enum stream_interface iface, const uint8_t *bytes,
                       size_t size)
{
    struct packet *packet = packet_pool_pop(f->pool);
    assert_non_null(packet);
    memcpy(packet->data, bytes, size);
    packet->size_bytes = (uint16_t)size;
    net_address_parse(&packet->address, "192.0.2.1", alice.port);
    receiver_push(f->receiver, 1, iface, &packet, 1);
}

static void assert_level(struct fixture *f, size_t frames, int level)
{
    for (size_t i = 0; i < LIMIT * TEST_CHANNELS; i++) {
        f->samples[i] = 77.0f;
    }
    receiver_read(f->receiver, f->samples, frames);
    for (size_t i = 0; i < frames * TEST_CHANNELS; i++) {
        if (f->samples[i] != (float)level / 32768.0f) {
            fail_msg("sample %zu is %f, not %d", i, (double)(f->samples[i] * 32768.0f), level);
        }
    }
    assert_true(f->samples[frames * TEST_CHANNELS] == 77.0f);
}

static void test_receiver_gives_zeros_without_sessions(void **state)
{
    assert_level(*state, 441, 0);
}

static void test_receiver_plays_a_session(void **state)
{
    struct fixture *f = *state;
    push_range(f, &alice, 0, START_PACKETS);
    assert_level(f, 441, alice.level);
    struct receiver_metrics metrics = receiver_total(f->receiver);
    assert_int_equal(metrics.sessions, 1);
    assert_int_equal(metrics.sessions_total, 1);
    assert_int_equal(metrics.packets_foreign, 0);
    assert_int_equal(metrics.sum.packets_received, START_PACKETS);
    assert_int_equal(metrics.sum.ssrc, alice.ssrc);
}

static void test_receiver_mixes_two_senders(void **state)
{
    struct fixture *f = *state;
    struct receive_session_metrics sessions[3];
    push_range(f, &alice, 0, START_PACKETS);
    push_range(f, &bob, 0, START_PACKETS);
    assert_level(f, 3000, 3000);
    assert_int_equal(receiver_total(f->receiver).sessions, 2);
    assert_int_equal(receiver_query(f->receiver, 1, sessions, 3), 2);
    assert_int_equal(sessions[0].ssrc, alice.ssrc);
    assert_int_equal(sessions[1].ssrc, bob.ssrc);
    assert_int_equal(receiver_query(f->receiver, 1, sessions, 1), 1);
    assert_int_equal(receiver_query(f->receiver, 2, sessions, 3), -ENOENT);
}

static void test_receiver_clips_the_mix(void **state)
{
    struct fixture *f = *state;
    struct origin loud = alice, louder = bob;
    loud.level = INT16_MIN;
    louder.level = -20000;
    push_range(f, &loud, 0, START_PACKETS);
    push_range(f, &louder, 0, START_PACKETS);
    assert_level(f, 441, -32768);
}

static void test_receiver_maps_mono_to_both_channels(void **state)
{
    struct fixture *f = *state;
    struct origin mono = alice;
    mono.payload_type = 11;
    push_range(f, &mono, 0, START_PACKETS);
    assert_level(f, 441, mono.level);
}

static void test_receiver_counts_unknown_payload_type_foreign(void **state)
{
    struct fixture *f = *state;
    struct origin stranger = alice;
    stranger.payload_type = 96;
    push_range(f, &stranger, 0, START_PACKETS);
    assert_level(f, 441, 0);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, START_PACKETS);
    assert_int_equal(receiver_total(f->receiver).sessions_total, 0);
}

static void test_receiver_plays_other_sample_rates(void **state)
{
    struct fixture *f = *state;
    struct origin fast = alice;
    fast.payload_type = 100;
    push_from(f, &fast, 0);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, 0);
    assert_int_equal(receiver_total(f->receiver).sessions_total, 1);
}

static void test_receiver_ignores_garbage(void **state)
{
    struct fixture *f = *state;
    static const uint8_t garbage[64] = "GET / HTTP/1.1";
    static const uint8_t empty_rtp[RTP_HEADER_SIZE] = {0x80, 10};
    for (size_t size = 0; size < sizeof(garbage); size++) {
        push_bytes(f, STREAM_SOURCE, garbage, size);
    }
    push_bytes(f, STREAM_SOURCE, empty_rtp, sizeof(empty_rtp));
    assert_int_equal(receiver_total(f->receiver).packets_foreign, sizeof(garbage) + 1);
    assert_int_equal(receiver_total(f->receiver).sessions_total, 0);
    // An interface that is not active, a slot that is not there.
    push_bytes(f, STREAM_REPAIR, garbage, sizeof(garbage));
    struct origin nowhere = alice;
    nowhere.slot = 9;
    push_from(f, &nowhere, 0);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, sizeof(garbage) + 1);
}

static void test_receiver_drops_new_ssrc_until_the_session_of_its_address_ends(void **state)
{
    struct fixture *f = *state;
    struct origin restarted = alice;
    restarted.ssrc++;
    restarted.level = 3000;
    push_range(f, &alice, 0, START_PACKETS);
    assert_level(f, START_PACKETS * TEST_FRAMES, alice.level);
    push_range(f, &restarted, 0, START_PACKETS);
    assert_int_equal(receiver_total(f->receiver).sessions, 1);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, START_PACKETS);
    // 4/3 of the target latency of silence.
    assert_level(f, 6000, 0);
    push_range(f, &restarted, 0, START_PACKETS);
    assert_level(f, 441, restarted.level);
    struct receiver_metrics metrics = receiver_total(f->receiver);
    assert_int_equal(metrics.sessions, 1);
    assert_int_equal(metrics.sessions_total, 2);
    // The first session still counts.
    assert_int_equal(metrics.sum.packets_received, 2 * START_PACKETS);
    assert_int_equal(metrics.sum.ssrc, restarted.ssrc);
}

static void test_receiver_follows_an_ssrc_to_another_port(void **state)
{
    struct fixture *f = *state;
    struct origin moved = alice;
    moved.port = 5555;
    push_range(f, &alice, 0, 20);
    push_range(f, &moved, 20, START_PACKETS);
    assert_level(f, 4410, alice.level);
    assert_int_equal(receiver_total(f->receiver).sessions_total, 1);
}

static void test_receiver_keeps_slots_apart(void **state)
{
    struct fixture *f = *state;
    struct origin elsewhere = alice;
    elsewhere.slot = 2;
    assert_int_equal(receiver_activate(f->receiver, 2, STREAM_SOURCE, FEC_NONE), 0);
    push_range(f, &alice, 0, START_PACKETS);
    push_range(f, &elsewhere, 0, START_PACKETS);
    assert_level(f, 441, 2 * alice.level);
    assert_int_equal(receiver_total(f->receiver).sessions, 2);
}

static void test_receiver_unlink_ends_the_sessions_of_its_slot(void **state)
{
    struct fixture *f = *state;
    struct receive_session_metrics session;
    push_range(f, &alice, 0, START_PACKETS);
    assert_level(f, 441, alice.level);
    assert_int_equal(receiver_unlink(f->receiver, 1), 0);
    assert_int_equal(receiver_unlink(f->receiver, 1), -ENOENT);
    assert_int_equal(receiver_query(f->receiver, 1, &session, 1), -ENOENT);
    assert_int_equal(receiver_total(f->receiver).sessions, 0);
    assert_level(f, 441, 0);
    push_range(f, &alice, START_PACKETS, START_PACKETS + 10);
    // The number can be used again, by the same sender at once.
    assert_int_equal(receiver_activate(f->receiver, 1, STREAM_SOURCE, FEC_NONE), 0);
    push_range(f, &alice, 0, START_PACKETS);
    assert_level(f, 441, alice.level);
    assert_int_equal(receiver_total(f->receiver).sessions_total, 2);
}

static void test_receiver_has_a_limit_of_sessions(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < RECEIVER_MAX_SESSIONS + 5; i++) {
        struct origin origin = {1, 100 + i, 10, (uint16_t)(7000 + i), 1};
        push_from(f, &origin, 0);
    }
    assert_int_equal(receiver_total(f->receiver).sessions, RECEIVER_MAX_SESSIONS);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, 5);
    // All end at once, and there is room again.
    assert_level(f, 44000, 0);
    assert_int_equal(receiver_total(f->receiver).sessions, 0);
    push_range(f, &alice, 0, START_PACKETS);
    assert_level(f, 441, alice.level);
}

static void test_receiver_checks_interfaces_and_schemes(void **state)
{
    struct fixture *f = *state;
    struct receiver *r = f->receiver;
    assert_int_equal(receiver_activate(r, 1, STREAM_SOURCE, FEC_NONE), -EBUSY);
    assert_int_equal(receiver_activate(r, 1, STREAM_REPAIR, FEC_RS8M), -EPROTO);
    assert_int_equal(receiver_activate(r, 2, STREAM_REPAIR, FEC_NONE), -EPROTO);
    assert_int_equal(receiver_activate(r, 2, (enum stream_interface)7, FEC_NONE), -EINVAL);
    // None of these has left a slot behind.
    assert_int_equal(receiver_unlink(r, 2), -ENOENT);
    assert_int_equal(receiver_activate(r, 2, STREAM_REPAIR, FEC_RS8M), 0);
    assert_int_equal(receiver_activate(r, 2, STREAM_SOURCE, FEC_NONE), -EPROTO);
    assert_int_equal(receiver_activate(r, 2, STREAM_SOURCE, FEC_LDPC), -EPROTO);
    assert_int_equal(receiver_activate(r, 2, STREAM_SOURCE, FEC_RS8M), 0);
    assert_int_equal(receiver_activate(r, 2, STREAM_CONTROL, FEC_NONE), 0);
    struct net_address address = {0};
    assert_int_equal(receiver_bind(r, 3, STREAM_SOURCE, FEC_NONE, NULL, &address), -ENOTSUP);
}

static void test_receiver_refuses_impossible_configuration(void **state)
{
    struct fixture *f = *state;
    struct receiver *receiver;
    struct receiver_config config = make_config(f, false);
    config.encoding_count = 0;
    assert_int_equal(receiver_create(&receiver, &config), -EINVAL);
    config.encoding_count = RECEIVER_MAX_ENCODINGS + 1;
    assert_int_equal(receiver_create(&receiver, &config), -EINVAL);
    config = make_config(f, false);
    config.encodings[1].channels = 0;
    assert_int_equal(receiver_create(&receiver, &config), -EINVAL);
    config = make_config(f, false);
    config.session.target_latency_ns = -5;
    assert_int_equal(receiver_create(&receiver, &config), -EINVAL);
    receiver_destroy(NULL);
}

// ---- repair packets, which are routed by address

static struct packet *make_protected(struct fixture *f, unsigned esi, uint16_t port)
{
    struct packet *packet = make_source(f->pool, (uint16_t)esi, esi * TEST_FRAMES, TEST_FRAMES);
    packet->sbn = 7;
    packet->esi = (uint16_t)esi;
    packet->source_block_length = 2;
    if (esi < 2) {
        assert_true(fecframe_write_source(packet, FEC_RS8M) > 0);
    } else {
        packet->is_repair = true;
        assert_true(fecframe_write_repair(packet, FEC_RS8M) > 0);
    }
    net_address_parse(&packet->address, "192.0.2.1", port);
    return packet;
}

static void test_receiver_matches_repair_packets_by_source_address(void **state)
{
    struct fixture *f = *state;
    struct packet *packet;
    assert_int_equal(receiver_activate(f->receiver, 5, STREAM_SOURCE, FEC_RS8M), 0);
    assert_int_equal(receiver_activate(f->receiver, 5, STREAM_REPAIR, FEC_RS8M), 0);
    // Before any source packet.
    packet = make_protected(f, 2, 5000);
    receiver_push(f->receiver, 5, STREAM_REPAIR, &packet, 1);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, 1);
    packet = make_protected(f, 0, 5000);
    receiver_push(f->receiver, 5, STREAM_SOURCE, &packet, 1);
    // From elsewhere.
    packet = make_protected(f, 2, 5001);
    receiver_push(f->receiver, 5, STREAM_REPAIR, &packet, 1);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, 2);
    packet = make_protected(f, 3, 5000);
    receiver_push(f->receiver, 5, STREAM_REPAIR, &packet, 1);
    receiver_read(f->receiver, f->samples, 100);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, 2);
    assert_int_equal(receiver_total(f->receiver).sum.repair_received, 1);
    // A source packet on the repair port is none; a repair packet on the source port neither.
    packet = make_protected(f, 1, 5000);
    receiver_push(f->receiver, 5, STREAM_REPAIR, &packet, 1);
    packet = make_protected(f, 3, 5000);
    receiver_push(f->receiver, 5, STREAM_SOURCE, &packet, 1);
    assert_int_equal(receiver_total(f->receiver).packets_foreign, 4);
}

// ---- without a clock

static void test_receiver_clockless_follows_its_only_session(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(receiver_ready(f->receiver, 0), 0);
    push_range(f, &alice, 0, 100);
    assert_int_equal(receiver_ready(f->receiver, 20 * MS_NS), 10000 - 4410);
    assert_level(f, 10000 - 4410, alice.level);
    assert_int_equal(receiver_ready(f->receiver, 500 * MS_NS), 0);
    push_range(f, &alice, 100, 150);
    assert_int_equal(receiver_ready(f->receiver, 510 * MS_NS), 5000);
}

static void test_receiver_clockless_follows_the_clock_with_several_sessions(void **state)
{
    struct fixture *f = *state;
    push_range(f, &alice, 0, 100);
    push_range(f, &bob, 0, 100);
    receiver_ready(f->receiver, 0);
    size_t total = 0;
    for (int ms = 1; ms <= 100; ms++) {
        size_t frames = receiver_ready(f->receiver, ms * MS_NS);
        assert_level(f, frames, alice.level + bob.level);
        total += frames;
    }
    assert_int_equal(total, 4410);
    // A reader that was away an hour, or a clock that runs backwards, asks for nothing absurd.
    assert_int_equal(receiver_ready(f->receiver, 101 * MS_NS + 3600 * S_NS), TEST_RATE_HZ);
    assert_int_equal(receiver_ready(f->receiver, 0), 0);
}

static void test_receiver_clockless_begins_a_new_session_after_the_end_of_one(void **state)
{
    struct fixture *f = *state;
    size_t total = 0;
    push_range(f, &alice, 0, 100);
    for (int64_t ms = 0; ms < 5000; ms += 10) {
        size_t frames = receiver_ready(f->receiver, ms * MS_NS);
        assert_level(f, frames, alice.level);
        total += frames;
    }
    assert_int_equal(total, 10000);
    assert_int_equal(receiver_total(f->receiver).sessions, 0);
    push_range(f, &alice, 5000, 5100);
    assert_int_equal(receiver_ready(f->receiver, 6000 * MS_NS), 10000 - 4410);
    assert_level(f, 10000 - 4410, alice.level);
    assert_int_equal(receiver_total(f->receiver).sessions_total, 2);
}

// ---- sockets

struct loopback {
    struct fixture *f;
    struct network *receiving, *sending;
    struct receiver *receiver;
    struct sender *sender;
    struct net_address source, repair;
};

static struct loopback open_loopback(struct fixture *f, enum fec_scheme fec, double loss)
{
    struct loopback l = {.f = f};
    struct network_config receiving = {.pool = f->pool};
    struct network_config sending = {.pool = f->pool,
                                     .impairment = {.loss = loss, .seed = 20240501}};
    struct receiver_config receiver_config = make_config(f, true);
    assert_int_equal(network_create(&l.receiving, &receiving), 0);
    assert_int_equal(network_create(&l.sending, &sending), 0);
    receiver_config.network = l.receiving;
    assert_int_equal(receiver_create(&l.receiver, &receiver_config), 0);
    struct sender_config sender_config = {
        .network = l.sending,
        .session = {.pool = f->pool, .encoding = test_encoding, .fec = fec},
    };
    assert_int_equal(sender_create(&l.sender, &sender_config), 0);
    net_address_parse(&l.source, "127.0.0.1", 0);
    net_address_parse(&l.repair, "127.0.0.1", 0);
    assert_int_equal(receiver_bind(l.receiver, 1, STREAM_SOURCE, fec, NULL, &l.source), 0);
    assert_true(net_address_get_port(&l.source) > 0);
    assert_int_equal(sender_connect(l.sender, 1, STREAM_SOURCE, &l.source), 0);
    if (fec != FEC_NONE) {
        assert_int_equal(receiver_bind(l.receiver, 1, STREAM_REPAIR, fec, NULL, &l.repair), 0);
        assert_int_equal(sender_connect(l.sender, 1, STREAM_REPAIR, &l.repair), 0);
    }
    return l;
}

static void close_loopback(struct loopback *l)
{
    sender_destroy(l->sender);
    receiver_destroy(l->receiver);
    network_destroy(l->sending);
    network_destroy(l->receiving);
}

#define BLOCK_FRAMES    (18 * 221)
#define LOOPBACK_BLOCKS 10

static void do_nothing(void *arg)
{
}

// Waits until everything that the sender made has passed through the kernel (which carries loopback
// datagrams within the system call) and the receiver's network thread has looked at its sockets.
static void settle(struct loopback *l)
{
    int64_t deadline = clock_monotonic_ns() + 20 * S_NS;
    struct sender_metrics metrics;
    do {
        clock_sleep_until_ns(clock_monotonic_ns() + MS_NS);
        metrics = sender_total(l->sender);
        assert_true(clock_monotonic_ns() < deadline);
    } while (metrics.udp.packets_sent <
             metrics.session.source_packets + metrics.session.repair_packets);
    for (int i = 0; i < 16; i++) {
        network_run(l->receiving, do_nothing, NULL);
    }
}

static void check_loopback(struct fixture *f, enum fec_scheme fec, double loss)
{
    static float out[BLOCK_FRAMES * TEST_CHANNELS];
    static float in[(LOOPBACK_BLOCKS + 1) * BLOCK_FRAMES * TEST_CHANNELS];
    struct loopback l = open_loopback(f, fec, loss);
    uint32_t position = 0;
    size_t total = 0;
    for (unsigned b = 0; b < LOOPBACK_BLOCKS; b++) {
        for (unsigned i = 0; i < BLOCK_FRAMES; i++, position++) {
            for (unsigned c = 0; c < TEST_CHANNELS; c++) {
                out[i * TEST_CHANNELS + c] = test_level(position, c);
            }
        }
        sender_write(l.sender, out, BLOCK_FRAMES);
        settle(&l);
        // The reader's clock stands still: only what came moves it.
        size_t frames = receiver_ready(l.receiver, 0);
        receiver_read(l.receiver, in + total * TEST_CHANNELS, frames);
        total += frames;
    }
    receiver_ready(l.receiver, 10 * S_NS);
    size_t rest = receiver_ready(l.receiver, 12 * S_NS);
    assert_true(total + rest <= sizeof(in) / sizeof(in[0]) / TEST_CHANNELS);
    receiver_read(l.receiver, in + total * TEST_CHANNELS, rest);
    total += rest;

    assert_int_equal(total, LOOPBACK_BLOCKS * BLOCK_FRAMES);
    for (size_t i = 0; i < total * TEST_CHANNELS; i++) {
        float expected = test_level((uint32_t)(i / TEST_CHANNELS), i % TEST_CHANNELS);
        if (in[i] != expected) {
            fail_msg("sample %zu differs", i);
        }
    }
    struct receiver_metrics metrics = receiver_total(l.receiver);
    assert_int_equal(metrics.sum.packets_recovered, metrics.sum.packets_lost);
    assert_true(loss == 0 || metrics.sum.packets_lost > 0);
    close_loopback(&l);
}

static void test_receiver_over_sockets_is_bit_exact(void **state)
{
    check_loopback(*state, FEC_NONE, 0);
}

static void test_receiver_over_sockets_is_bit_exact_with_fec(void **state)
{
    check_loopback(*state, FEC_RS8M, 0);
    check_loopback(*state, FEC_LDPC, 0);
}

static void test_receiver_over_a_lossy_link_is_bit_exact_with_fec(void **state)
{
    check_loopback(*state, FEC_RS8M, 0.05);
    check_loopback(*state, FEC_LDPC, 0.05);
}

static void test_receiver_bind_reports_what_is_wrong(void **state)
{
    struct loopback l = open_loopback(*state, FEC_RS8M, 0);
    struct net_address address = l.source;
    struct net_address any = {0};
    net_address_parse(&any, "127.0.0.1", 0);
    assert_int_equal(receiver_bind(l.receiver, 1, STREAM_SOURCE, FEC_RS8M, NULL, &any), -EBUSY);
    assert_int_equal(receiver_bind(l.receiver, 2, STREAM_SOURCE, FEC_NONE, NULL, &address),
                     -EADDRINUSE);
    assert_int_equal(receiver_unlink(l.receiver, 2), -ENOENT);
    // Unlinked, the port is free again; the control interface has one of its own.
    assert_int_equal(receiver_unlink(l.receiver, 1), 0);
    assert_int_equal(receiver_bind(l.receiver, 2, STREAM_SOURCE, FEC_NONE, NULL, &address), 0);
    assert_int_equal(net_address_get_port(&address), net_address_get_port(&l.source));
    assert_int_equal(receiver_bind(l.receiver, 2, STREAM_CONTROL, FEC_NONE, NULL, &any), 0);
    assert_true(net_address_get_port(&any) > 0);
    close_loopback(&l);
}

struct busy_reader {
    struct receiver *receiver;
    atomic_bool is_stopped;
};

static void *read_busily(void *arg)
{
    struct busy_reader *reader = arg;
    float samples[441 * TEST_CHANNELS];
    while (!atomic_load(&reader->is_stopped)) {
        receiver_read(reader->receiver, samples, 441);
    }
    return NULL;
}

// For the thread sanitizer: slots come and go, packets arrive, metrics are read while one reads.
static void test_receiver_slots_come_and_go_while_reading(void **state)
{
    struct loopback l = open_loopback(*state, FEC_RS8M, 0);
    struct busy_reader reader = {.receiver = l.receiver};
    float out[882 * TEST_CHANNELS] = {0};
    pthread_t thread;
    atomic_init(&reader.is_stopped, false);
    assert_int_equal(pthread_create(&thread, NULL, read_busily, &reader), 0);
    for (unsigned i = 0; i < 20; i++) {
        struct receive_session_metrics session;
        for (unsigned j = 0; j < 10; j++) {
            sender_write(l.sender, out, 882);
        }
        receiver_total(l.receiver);
        receiver_query(l.receiver, 1, &session, 1);
        assert_int_equal(receiver_unlink(l.receiver, 1), 0);
        assert_int_equal(receiver_bind(l.receiver, 1, STREAM_SOURCE, FEC_RS8M, NULL, &l.source), 0);
        assert_int_equal(receiver_bind(l.receiver, 1, STREAM_REPAIR, FEC_RS8M, NULL, &l.repair), 0);
    }
    atomic_store(&reader.is_stopped, true);
    // Destroying waits for the read that may still run.
    pthread_join(thread, NULL);
    close_loopback(&l);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define C(name) cmocka_unit_test_setup_teardown(name, setup_clockless, teardown)
    const struct CMUnitTest tests[] = {
        T(test_receiver_gives_zeros_without_sessions),
        T(test_receiver_plays_a_session),
        T(test_receiver_mixes_two_senders),
        T(test_receiver_clips_the_mix),
        T(test_receiver_maps_mono_to_both_channels),
        T(test_receiver_counts_unknown_payload_type_foreign),
        T(test_receiver_plays_other_sample_rates),
        T(test_receiver_ignores_garbage),
        T(test_receiver_drops_new_ssrc_until_the_session_of_its_address_ends),
        T(test_receiver_follows_an_ssrc_to_another_port),
        T(test_receiver_keeps_slots_apart),
        T(test_receiver_unlink_ends_the_sessions_of_its_slot),
        T(test_receiver_has_a_limit_of_sessions),
        T(test_receiver_checks_interfaces_and_schemes),
        T(test_receiver_refuses_impossible_configuration),
        T(test_receiver_matches_repair_packets_by_source_address),
        C(test_receiver_clockless_follows_its_only_session),
        C(test_receiver_clockless_follows_the_clock_with_several_sessions),
        C(test_receiver_clockless_begins_a_new_session_after_the_end_of_one),
        T(test_receiver_over_sockets_is_bit_exact),
        T(test_receiver_over_sockets_is_bit_exact_with_fec),
        T(test_receiver_over_a_lossy_link_is_bit_exact_with_fec),
        T(test_receiver_bind_reports_what_is_wrong),
        T(test_receiver_slots_come_and_go_while_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
