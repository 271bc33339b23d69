// SPDX-License-Identifier: MPL-2.0
//
// A sending session and a receiving one with their reporters, without a network and in virtual
// time: what one sends reaches the other after a delay of the test's choice, and their clocks
// differ by as much as it wants.

#ifndef ROC_TESTS_REPORT_PAIR_H
#define ROC_TESTS_REPORT_PAIR_H

#include "net/address.h"
#include "stream/receive_reporter.h"
#include "stream/send_reporter.h"

#include "stream_packets.h"

#define PAIR_MS      1000000ll
#define PAIR_STEP_NS (10 * PAIR_MS)
#define PAIR_START   1700000000000000000ll
#define PAIR_SLOT    3
#define PAIR_TARGET  (100 * PAIR_MS)
#define PAIR_QUEUE   64

// A report on its way.
struct pair_report {
    uint8_t data[RTCP_MAX_REPORT_SIZE];
    size_t size;
    int64_t due_ns;
};

struct pair_direction {
    int64_t delay_ns;
    bool is_cut; // reports are lost
    unsigned sent;
    struct pair_report queue[PAIR_QUEUE];
    size_t queued;
    struct pair_report last; // as sent
};

struct report_pair {
    struct packet_pool *pool;
    struct send_session *session;
    struct session_router *router;
    struct session_entry *entry; // what is played
    struct send_reporter *sender;
    struct receive_reporter *receiver;
    struct net_address address;            // of the sender
    struct pair_direction there, back;     // of reports
    int64_t now_ns;                        // of the receiver's clock
    int64_t offset_ns;                     // sender's clock minus receiver's
    unsigned packets, drop_every, dropped; // of sound; drop_every 0: none
    bool is_paused;                        // nobody writes or reads
};

static inline int64_t pair_get_time(void *arg)
{
    return ((struct report_pair *)arg)->now_ns;
}

static inline void pair_send(struct report_pair *pair, struct pair_direction *direction,
                             const uint8_t *data, size_t size)
{
    struct pair_report *report = &direction->last;
    memcpy(report->data, data, size);
    report->size = size;
    report->due_ns = pair->now_ns + direction->delay_ns;
    direction->sent++;
    if (direction->is_cut)
        return;
    assert_true(direction->queued < PAIR_QUEUE);
    direction->queue[direction->queued++] = *report;
}

static inline void pair_send_there(const uint8_t *data, size_t size, const struct net_address *to,
                                   void *arg)
{
    struct report_pair *pair = arg;
    pair_send(pair, &pair->there, data, size);
}

static inline void pair_send_back(const uint8_t *data, size_t size, const struct net_address *to,
                                  void *arg)
{
    struct report_pair *pair = arg;
    assert_true(net_address_is_equal(to, &pair->address));
    pair_send(pair, &pair->back, data, size);
}

static inline void pair_send_sound(struct packet *packet, void *arg)
{
    struct report_pair *pair = arg;
    pair->packets++;
    if (pair->drop_every > 0 && pair->packets % pair->drop_every == 0) {
        pair->dropped++;
        packet_unref(packet);
        return;
    }
    struct packet *copy = packet_pool_pop(pair->pool);
    assert_non_null(copy);
    memcpy(copy->data, packet->data, packet->size_bytes);
    copy->size_bytes = packet->size_bytes;
    copy->address = pair->address;
    copy->receive_time_ns = pair->now_ns;
    packet_unref(packet);
    session_router_push(pair->router, PAIR_SLOT, STREAM_SOURCE, FEC_NONE, &copy, 1);
}

static inline void pair_open(struct report_pair *pair, int64_t packet_length_ns)
{
    memset(pair, 0, sizeof(*pair));
    pair->now_ns = PAIR_START;
    pair->pool = test_pool();
    net_address_parse(&pair->address, "192.0.2.7", 5000);
    const struct receiver_config receiver = {
        .pool = pair->pool,
        .encodings = {test_encoding},
        .encoding_count = 1,
        .output_rate_hz = TEST_RATE_HZ,
        .session = {.target_latency_ns = PAIR_TARGET,
                    .no_playback_timeout_ns = -1,
                    .get_time_ns = pair_get_time,
                    .get_time_arg = pair},
    };
    const struct send_session_config session = {
        .pool = pair->pool,
        .encoding = test_encoding,
        .packet_length_ns = packet_length_ns,
        .output = pair_send_sound,
        .output_arg = pair,
    };
    assert_int_equal(session_router_create(&pair->router, &receiver), 0);
    assert_int_equal(send_session_create(&pair->session, &session), 0);
    const struct send_reporter_config sender_config = {
        .session = pair->session,
        .rate_hz = TEST_RATE_HZ,
        .output = pair_send_there,
        .output_arg = pair,
    };
    const struct receive_reporter_config receiver_config = {
        .router = pair->router,
        .slot = PAIR_SLOT,
        .output = pair_send_back,
        .output_arg = pair,
    };
    assert_int_equal(send_reporter_create(&pair->sender, &sender_config), 0);
    assert_int_equal(receive_reporter_create(&pair->receiver, &receiver_config), 0);
}

static inline void pair_close(struct report_pair *pair)
{
    send_reporter_destroy(pair->sender);
    receive_reporter_destroy(pair->receiver);
    send_session_destroy(pair->session);
    session_router_destroy(pair->router);
    test_pool_destroy(pair->pool);
}

static inline void pair_deliver_there(struct report_pair *pair, const uint8_t *data, size_t size,
                                      const struct net_address *from)
{
    const struct rtcp_datagram datagram = {data, size, *from, pair->now_ns};
    receive_reporter_push(pair->receiver, &datagram, pair->now_ns);
}

static inline void pair_deliver_back(struct report_pair *pair, const uint8_t *data, size_t size)
{
    const struct rtcp_datagram datagram = {data, size, pair->address,
                                           pair->now_ns + pair->offset_ns};
    send_reporter_push(pair->sender, &datagram, pair->now_ns);
}

// Takes what is due at this moment out of the queue, oldest first.
static inline bool pair_take(struct report_pair *pair, struct pair_direction *direction,
                             struct pair_report *report)
{
    if (direction->queued == 0 || direction->queue[0].due_ns > pair->now_ns)
        return false;
    *report = direction->queue[0];
    direction->queued--;
    memmove(direction->queue, direction->queue + 1, direction->queued * sizeof(*report));
    return true;
}

static inline void pair_deliver(struct report_pair *pair)
{
    struct pair_report report;
    while (pair_take(pair, &pair->there, &report))
        pair_deliver_there(pair, report.data, report.size, &pair->address);
    while (pair_take(pair, &pair->back, &report))
        pair_deliver_back(pair, report.data, report.size);
}

// The step in parts of a millisecond, so that delays need not be multiples of it.
static inline void pair_advance(struct report_pair *pair, int64_t until_ns)
{
    for (; pair->now_ns < until_ns; pair->now_ns += PAIR_MS)
        pair_deliver(pair);
}

static inline void pair_give_back(struct report_pair *pair)
{
    ring_push(session_router_from_mixer(pair->router), &pair->entry, 1);
    pair->entry = NULL;
}

// As the mixer, but with one session at most: the newest.
static inline void pair_play(struct report_pair *pair)
{
    static float samples[TEST_RATE_HZ / 100 * TEST_CHANNELS];
    struct session_entry *entry;
    while (ring_pop(session_router_to_mixer(pair->router), &entry, 1) == 1) {
        if (pair->entry)
            pair_give_back(pair);
        pair->entry = entry;
    }
    if (!pair->entry)
        return;
    receive_session_read(pair->entry->session, samples, TEST_RATE_HZ / 100);
    if (atomic_load(&pair->entry->is_cancelled) || !receive_session_is_alive(pair->entry->session))
        pair_give_back(pair);
}

static inline void pair_step(struct report_pair *pair)
{
    static const float silence[TEST_RATE_HZ / 100 * TEST_CHANNELS];
    if (!pair->is_paused) {
        send_session_mark(pair->session, pair->now_ns + pair->offset_ns);
        send_session_write(pair->session, silence, TEST_RATE_HZ / 100);
        pair_play(pair);
    }
    send_reporter_tick(pair->sender,
                       (struct rtcp_now){pair->now_ns, pair->now_ns + pair->offset_ns});
    receive_reporter_tick(pair->receiver, (struct rtcp_now){pair->now_ns, pair->now_ns});
    pair_advance(pair, pair->now_ns + PAIR_STEP_NS);
}

static inline void pair_run(struct report_pair *pair, int64_t duration_ns)
{
    for (int64_t i = 0; i < duration_ns; i += PAIR_STEP_NS)
        pair_step(pair);
}

#endif
