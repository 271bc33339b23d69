// SPDX-License-Identifier: MPL-2.0

#include "stream/send_reporter.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "net/address.h"
#include "stream/rtcp_clock.h"
#include "stream/rtcp_identity.h"
#include "wire/ntp.h"
#include "wire/rtcp_xr.h"

#define NS_PER_S 1000000000ll

struct receiver_state {
    bool is_used;
    uint32_t ssrc;
    struct net_address address;
    int64_t last_report_ns; // CLOCK_MONOTONIC
    struct rtcp_report_block block;
    bool is_block_fresh; // came with this compound
    bool has_reference;
    uint32_t reference; // middle bits of their RRTR
    int64_t reference_receive_ns;
    uint16_t first_seq;
    bool has_first_seq;
    int64_t e2e_latency_ns, queue_latency_ns, stalling_ns;
    struct rtcp_clock clock;
};

struct send_reporter {
    struct send_reporter_config config;
    struct rtcp_identity identity;
    struct rtcp_timer timer;
    struct rtcp_sent sent;
    // What was sent under former SSRCs: the counts begin again with each.
    struct send_session_metrics before;
    struct receiver_state receivers[SEND_REPORTER_MAX_CONNECTIONS];
    uint64_t ignored;
};

int send_reporter_create(struct send_reporter **out, const struct send_reporter_config *config)
{
    struct send_reporter *reporter = calloc(1, sizeof(*reporter));
    if (!reporter)
        return -ENOMEM;
    reporter->config = *config;
    rtcp_identity_init(&reporter->identity, send_session_metrics(config->session).ssrc);
    *out = reporter;
    return 0;
}

void send_reporter_destroy(struct send_reporter *reporter)
{
    free(reporter);
}

// Sending

static struct rtcp_sender_report describe(const struct send_reporter *reporter,
                                          const struct send_session_metrics *sent,
                                          int64_t realtime_ns)
{
    const struct rtp_moment moment = send_session_moment(reporter->config.session);
    return (struct rtcp_sender_report){
        .ssrc = reporter->identity.ssrc,
        .ntp = ntp_from_unix_ns(realtime_ns),
        .timestamp = rtp_moment_timestamp(moment, realtime_ns, reporter->config.rate_hz),
        .packet_count = (uint32_t)(sent->source_packets - reporter->before.source_packets),
        .byte_count = (uint32_t)(sent->payload_bytes - reporter->before.payload_bytes),
    };
}

// To every receiver that told its clock: how long ago that was, so that it can measure, too.
static void write_answers(const struct send_reporter *reporter, struct bytes_writer *writer,
                          int64_t realtime_ns)
{
    struct rtcp_xr_dlrr answers[SEND_REPORTER_MAX_CONNECTIONS];
    unsigned count = 0;
    for (unsigned i = 0; i < SEND_REPORTER_MAX_CONNECTIONS; i++) {
        const struct receiver_state *receiver = &reporter->receivers[i];
        if (!receiver->is_used || !receiver->has_reference)
            continue;
        answers[count++] = (struct rtcp_xr_dlrr){
            .ssrc = receiver->ssrc,
            .last_rr = receiver->reference,
            .since_last = ntp_short_from_ns(realtime_ns - receiver->reference_receive_ns),
        };
    }
    if (count == 0)
        return;
    const size_t start = rtcp_xr_write_begin(writer, reporter->identity.ssrc);
    rtcp_xr_write_dlrr(writer, answers, count);
    rtcp_write_end(writer, start);
}

static size_t write_report(struct send_reporter *reporter, uint8_t data[RTCP_MAX_REPORT_SIZE],
                           const struct send_session_metrics *sent, int64_t realtime_ns,
                           bool has_bye)
{
    const struct rtcp_sender_report report = describe(reporter, sent, realtime_ns);
    const struct rtcp_cname cname = rtcp_identity_cname(&reporter->identity);
    struct bytes_writer writer;
    bytes_writer_init(&writer, data, RTCP_MAX_REPORT_SIZE);
    rtcp_write_sr(&writer, &report, NULL, 0);
    write_answers(reporter, &writer, realtime_ns);
    rtcp_write_cname(&writer, &cname);
    if (has_bye)
        rtcp_write_bye(&writer, reporter->identity.ssrc);
    return writer.is_short ? 0 : writer.position;
}

static void send_report(struct send_reporter *reporter, const struct send_session_metrics *sent,
                        int64_t realtime_ns, bool has_bye)
{
    uint8_t data[RTCP_MAX_REPORT_SIZE];
    const size_t size = write_report(reporter, data, sent, realtime_ns, has_bye);
    if (size > 0)
        reporter->config.output(data, size, &reporter->config.to, reporter->config.output_arg);
    rtcp_sent_push(&reporter->sent, realtime_ns);
}

// RFC 3550 section 8.2: goodbye under the SSRC that two have, and on with another.
static void change_ssrc(struct send_reporter *reporter, const struct send_session_metrics *sent,
                        int64_t realtime_ns)
{
    struct rtcp_identity *identity = &reporter->identity;
    const uint32_t former = identity->ssrc;
    send_report(reporter, sent, realtime_ns, true);
    identity->has_collision = false;
    do
        identity->ssrc = rtcp_random_ssrc();
    while (identity->ssrc == former);
    send_session_set_ssrc(reporter->config.session, identity->ssrc);
    reporter->before = *sent;
    reporter->sent = (struct rtcp_sent){0};
    log_info("stream", "another participant has SSRC %08x, too; going on as %08x", former,
             identity->ssrc);
}

static void expire(struct send_reporter *reporter, int64_t monotonic_ns)
{
    for (unsigned i = 0; i < SEND_REPORTER_MAX_CONNECTIONS; i++) {
        struct receiver_state *receiver = &reporter->receivers[i];
        if (receiver->is_used && monotonic_ns - receiver->last_report_ns > RTCP_TIMEOUT_NS)
            receiver->is_used = false;
    }
}

void send_reporter_tick(struct send_reporter *reporter, struct rtcp_now now)
{
    const struct send_session_metrics sent = send_session_metrics(reporter->config.session);
    expire(reporter, now.monotonic_ns);
    if (reporter->identity.has_collision)
        change_ssrc(reporter, &sent, now.realtime_ns);
    if (sent.source_packets > reporter->before.source_packets &&
        rtcp_timer_is_due(&reporter->timer, now.monotonic_ns))
        send_report(reporter, &sent, now.realtime_ns, false);
}

size_t send_reporter_write_bye(struct send_reporter *reporter, uint8_t data[RTCP_MAX_REPORT_SIZE],
                               struct rtcp_now now)
{
    const struct send_session_metrics sent = send_session_metrics(reporter->config.session);
    if (reporter->timer.next_ns == 0)
        return 0;
    return write_report(reporter, data, &sent, now.realtime_ns, true);
}

// Receiving

static struct receiver_state *find(struct send_reporter *reporter, uint32_t ssrc)
{
    for (unsigned i = 0; i < SEND_REPORTER_MAX_CONNECTIONS; i++) {
        if (reporter->receivers[i].is_used && reporter->receivers[i].ssrc == ssrc)
            return &reporter->receivers[i];
    }
    return NULL;
}

static struct receiver_state *find_or_add(struct send_reporter *reporter, uint32_t ssrc)
{
    struct receiver_state *known = find(reporter, ssrc);
    for (unsigned i = 0; !known && i < SEND_REPORTER_MAX_CONNECTIONS; i++) {
        if (reporter->receivers[i].is_used)
            continue;
        known = &reporter->receivers[i];
        *known = (struct receiver_state){.is_used = true, .ssrc = ssrc};
    }
    return known;
}

// A compound while it is read.
struct compound {
    struct send_reporter *reporter;
    const struct rtcp_datagram *datagram;
    int64_t monotonic_ns;
    bool has_effect;
};

static void push_block(struct compound *compound, uint32_t reporter_ssrc,
                       const struct rtcp_report_block *block)
{
    struct send_reporter *reporter = compound->reporter;
    if (block->ssrc != reporter->identity.ssrc || reporter_ssrc == reporter->identity.ssrc)
        return;
    struct receiver_state *receiver = find_or_add(reporter, reporter_ssrc);
    if (!receiver)
        return;
    receiver->address = compound->datagram->from;
    receiver->last_report_ns = compound->monotonic_ns;
    receiver->block = *block;
    receiver->is_block_fresh = true;
    compound->has_effect = true;
}

static void push_reference(struct compound *compound, struct receiver_state *receiver, uint64_t ntp)
{
    const int64_t receive_ns = compound->datagram->receive_ns;
    receiver->has_reference = true;
    receiver->reference = ntp_middle(ntp);
    receiver->reference_receive_ns = receive_ns;
    struct rtcp_exchange exchange = {
        .remote_sent_ns = ntp_to_unix_ns(ntp),
        .received_ns = receive_ns,
    };
    if (!receiver->is_block_fresh ||
        !rtcp_sent_get(&compound->reporter->sent, receiver->block.last_sr, &exchange.sent_ns))
        return;
    exchange.remote_received_ns =
        exchange.remote_sent_ns - ntp_short_to_ns(receiver->block.since_last_sr);
    (void)rtcp_clock_push(&receiver->clock, &exchange);
}

static int64_t known_short(uint32_t value)
{
    return value != RTCP_XR_UNKNOWN ? ntp_short_to_ns(value) : 0;
}

static void push_xr_block(struct compound *compound, struct receiver_state *receiver,
                          const struct rtcp_xr_block *block)
{
    const uint32_t ssrc = compound->reporter->identity.ssrc;
    struct rtcp_xr_measurement measurement;
    struct rtcp_xr_delay delay;
    struct rtcp_xr_queue queue;
    uint64_t ntp;
    if (rtcp_xr_parse_rrtr(block, &ntp) == 0)
        push_reference(compound, receiver, ntp);
    if (rtcp_xr_parse_measurement(block, &measurement) == 0 && measurement.ssrc == ssrc) {
        receiver->first_seq = measurement.first_seq;
        receiver->has_first_seq = true;
    }
    if (rtcp_xr_parse_delay(block, &delay) == 0 && delay.ssrc == ssrc)
        receiver->e2e_latency_ns =
            delay.end_to_end != RTCP_XR_UNKNOWN_LONG ? ntp_long_to_ns(delay.end_to_end) : 0;
    if (rtcp_xr_parse_queue(block, &queue) == 0 && queue.ssrc == ssrc) {
        receiver->queue_latency_ns = known_short(queue.latency);
        receiver->stalling_ns = known_short(queue.stalling);
    }
}

static void push_packet(struct compound *compound, const struct rtcp_packet *packet)
{
    struct rtcp_sender_report report;
    struct rtcp_report_block block;
    struct rtcp_xr_reader reader;
    struct rtcp_xr_block xr_block;
    uint32_t ssrc;
    if (rtcp_parse_sr(packet, &report) == 0)
        ssrc = report.ssrc;
    else if (rtcp_parse_rr(packet, &ssrc) != 0)
        ssrc = 0;
    for (unsigned i = 0; ssrc != 0 && rtcp_parse_report_block(packet, i, &block) == 0; i++)
        push_block(compound, ssrc, &block);
    if (rtcp_xr_reader_init(&reader, packet, &ssrc) != 0)
        return;
    struct receiver_state *receiver = find(compound->reporter, ssrc);
    while (receiver && rtcp_xr_reader_next(&reader, &xr_block))
        push_xr_block(compound, receiver, &xr_block);
}

static void push_bye(struct compound *compound, const struct rtcp_packet *packet)
{
    uint32_t ssrc;
    for (unsigned i = 0; rtcp_parse_bye(packet, i, &ssrc) == 0; i++) {
        struct receiver_state *receiver = find(compound->reporter, ssrc);
        if (!receiver)
            continue;
        receiver->is_used = false;
        compound->has_effect = true;
    }
}

static void push_compound(struct compound *compound, const struct rtcp_reader *reader)
{
    struct rtcp_packet packet;
    struct rtcp_reader copy = *reader;
    for (unsigned i = 0; i < SEND_REPORTER_MAX_CONNECTIONS; i++)
        compound->reporter->receivers[i].is_block_fresh = false;
    while (rtcp_reader_next(&copy, &packet))
        push_packet(compound, &packet);
    copy = *reader;
    while (rtcp_reader_next(&copy, &packet))
        push_bye(compound, &packet);
}

void send_reporter_push(struct send_reporter *reporter, const struct rtcp_datagram *datagram,
                        int64_t monotonic_ns)
{
    struct compound compound = {
        .reporter = reporter,
        .datagram = datagram,
        .monotonic_ns = monotonic_ns,
    };
    struct rtcp_reader reader;
    if (rtcp_reader_init(&reader, datagram->data, datagram->size_bytes) == 0 &&
        !rtcp_identity_is_own(&reporter->identity, reader, monotonic_ns))
        push_compound(&compound, &reader);
    reporter->ignored += !compound.has_effect;
}

// Numbers

static struct send_connection measure(const struct send_reporter *reporter,
                                      const struct receiver_state *receiver)
{
    const struct rtcp_report_block *block = &receiver->block;
    struct rtcp_clock_estimate clock = {0};
    struct send_connection connection = {
        .ssrc = receiver->ssrc,
        .address = receiver->address,
        .packets_lost = block->cumulative_lost,
        .loss = block->fraction_lost / 256.0,
        .jitter_ns = (int64_t)((uint64_t)block->jitter * NS_PER_S / reporter->config.rate_hz),
        .e2e_latency_ns = receiver->e2e_latency_ns,
        .queue_latency_ns = receiver->queue_latency_ns,
        .stalling_ns = receiver->stalling_ns,
    };
    if (receiver->has_first_seq && block->highest_seq >= receiver->first_seq)
        connection.packets_expected = (uint64_t)block->highest_seq - receiver->first_seq + 1;
    connection.has_clock = rtcp_clock_get(&receiver->clock, &clock);
    connection.rtt_ns = clock.rtt_ns;
    connection.clock_offset_ns = clock.offset_ns;
    return connection;
}

size_t send_reporter_query(const struct send_reporter *reporter,
                           struct send_connection *connections, size_t count)
{
    size_t found = 0;
    for (unsigned i = 0; i < SEND_REPORTER_MAX_CONNECTIONS && found < count; i++) {
        if (reporter->receivers[i].is_used)
            connections[found++] = measure(reporter, &reporter->receivers[i]);
    }
    return found;
}

uint64_t send_reporter_ignored(const struct send_reporter *reporter)
{
    return reporter->ignored;
}
