// SPDX-License-Identifier: MPL-2.0

#include "stream/receive_reporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/address.h"
#include "stream/rtcp_clock.h"
#include "stream/rtcp_identity.h"
#include "wire/ntp.h"
#include "wire/rtcp_xr.h"

// Streams in one datagram, so that it fits any link.
#define BLOCKS_PER_REPORT 8
// More is no latency but a clock that was set.
#define MAX_LATENCY_NS 60000000000

struct sender_state {
    struct sender_state *next;
    uint32_t ssrc;
    uint8_t cname[RTCP_MAX_CNAME_SIZE];
    uint8_t cname_length;
    struct net_address address; // of the latest report
    int64_t last_report_ns;     // CLOCK_MONOTONIC
    struct rtcp_sender_report report;
    int64_t report_receive_ns;
    bool is_report_fresh; // came with this compound
    struct rtcp_clock clock;
    // As of our last report.
    uint64_t reported_expected, reported_received;
    bool is_written; // in this round of reports
};

struct receive_reporter {
    struct receive_reporter_config config;
    struct rtcp_identity identity;
    struct rtcp_timer timer;
    struct rtcp_sent sent;
    struct sender_state *senders; // each has a session
    uint64_t ignored;
};

int receive_reporter_create(struct receive_reporter **out,
                            const struct receive_reporter_config *config)
{
    struct receive_reporter *reporter = calloc(1, sizeof(*reporter));
    if (!reporter)
        return -ENOMEM;
    reporter->config = *config;
    rtcp_identity_init(&reporter->identity, 0);
    *out = reporter;
    return 0;
}

void receive_reporter_destroy(struct receive_reporter *reporter)
{
    if (!reporter)
        return;
    while (reporter->senders) {
        struct sender_state *sender = reporter->senders;
        reporter->senders = sender->next;
        free(sender);
    }
    free(reporter);
}

static struct session_entry *find_session(const struct receive_reporter *reporter, uint32_t ssrc)
{
    return session_router_find(reporter->config.router, reporter->config.slot, ssrc);
}

static struct sender_state *find(const struct receive_reporter *reporter, uint32_t ssrc)
{
    struct sender_state *sender = reporter->senders;
    while (sender && sender->ssrc != ssrc)
        sender = sender->next;
    return sender;
}

// Receiving

// A compound while it is read.
struct compound {
    struct receive_reporter *reporter;
    const struct rtcp_datagram *datagram;
    int64_t monotonic_ns;
    bool has_effect;
};

// The session of this SSRC, when the compound comes from the machine that sends it.
static struct session_entry *match(const struct compound *compound, uint32_t ssrc)
{
    struct session_entry *entry = find_session(compound->reporter, ssrc);
    if (!entry)
        return NULL;
    struct net_address a = entry->address, b = compound->datagram->from;
    net_address_set_port(&a, 0);
    net_address_set_port(&b, 0);
    return net_address_is_equal(&a, &b) ? entry : NULL;
}

static bool has_cname(const struct sender_state *sender, const struct rtcp_cname *cname)
{
    return sender->cname_length == cname->length &&
           memcmp(sender->cname, cname->text, cname->length) == 0;
}

// What was known of whoever had the SSRC before is void.
static void rename_sender(struct sender_state *sender, const struct rtcp_cname *cname)
{
    sender->cname_length = cname->length;
    memcpy(sender->cname, cname->text, cname->length);
    sender->report = (struct rtcp_sender_report){0};
    sender->is_report_fresh = false;
    sender->clock = (struct rtcp_clock){0};
    sender->reported_expected = sender->reported_received = 0;
}

static void push_cname(struct compound *compound, const struct rtcp_cname *cname)
{
    struct receive_reporter *reporter = compound->reporter;
    struct session_entry *entry = match(compound, cname->ssrc);
    if (!entry || cname->length == 0)
        return;
    struct sender_state *sender = find(reporter, cname->ssrc);
    if (sender && !has_cname(sender, cname)) {
        log_info("stream", "SSRC %08x belongs to another sender now; its session ends",
                 cname->ssrc);
        session_router_end(reporter->config.router, entry);
        rename_sender(sender, cname);
        compound->has_effect = true;
        return;
    }
    if (sender)
        return;
    // The router bounds how many sessions there are.
    sender = calloc(1, sizeof(*sender));
    if (!sender)
        return;
    sender->ssrc = cname->ssrc;
    rename_sender(sender, cname);
    sender->last_report_ns = compound->monotonic_ns;
    sender->next = reporter->senders;
    reporter->senders = sender;
}

static void push_report(struct compound *compound, const struct rtcp_sender_report *report)
{
    struct sender_state *sender = find(compound->reporter, report->ssrc);
    // A report without a name, now or earlier, is nobody's.
    if (!sender || !match(compound, report->ssrc))
        return;
    sender->report = *report;
    sender->report_receive_ns = compound->datagram->receive_ns;
    sender->is_report_fresh = true;
    sender->address = compound->datagram->from;
    sender->last_report_ns = compound->monotonic_ns;
    compound->has_effect = true;
}

static void push_answer(struct compound *compound, struct sender_state *sender,
                        const struct rtcp_xr_dlrr *answer)
{
    struct rtcp_exchange exchange = {
        .remote_sent_ns = ntp_to_unix_ns(sender->report.ntp),
        .received_ns = compound->datagram->receive_ns,
    };
    if (answer->ssrc != compound->reporter->identity.ssrc ||
        !rtcp_sent_get(&compound->reporter->sent, answer->last_rr, &exchange.sent_ns))
        return;
    exchange.remote_received_ns = exchange.remote_sent_ns - ntp_short_to_ns(answer->since_last);
    (void)rtcp_clock_push(&sender->clock, &exchange);
}

static void push_answers(struct compound *compound, const struct rtcp_packet *packet)
{
    struct rtcp_xr_reader reader;
    struct rtcp_xr_block block;
    struct rtcp_xr_dlrr answer;
    uint32_t ssrc;
    if (rtcp_xr_reader_init(&reader, packet, &ssrc) != 0)
        return;
    struct sender_state *sender = find(compound->reporter, ssrc);
    if (!sender || !sender->is_report_fresh)
        return;
    while (rtcp_xr_reader_next(&reader, &block)) {
        for (unsigned i = 0; rtcp_xr_parse_dlrr(&block, i, &answer) == 0; i++)
            push_answer(compound, sender, &answer);
    }
}

static void push_bye(struct compound *compound, uint32_t ssrc)
{
    struct session_entry *entry = match(compound, ssrc);
    if (!entry)
        return;
    session_router_leave(compound->reporter->config.router, entry);
    compound->has_effect = true;
}

static void push_names(struct compound *compound, struct rtcp_reader reader)
{
    struct rtcp_packet packet;
    struct rtcp_cname cname;
    while (rtcp_reader_next(&reader, &packet)) {
        for (unsigned i = 0; rtcp_parse_cname(&packet, i, &cname) == 0; i++)
            push_cname(compound, &cname);
    }
}

static void push_reports(struct compound *compound, struct rtcp_reader reader)
{
    struct rtcp_packet packet;
    struct rtcp_sender_report report;
    while (rtcp_reader_next(&reader, &packet)) {
        if (rtcp_parse_sr(&packet, &report) == 0)
            push_report(compound, &report);
        else
            push_answers(compound, &packet);
    }
}

static void push_byes(struct compound *compound, struct rtcp_reader reader)
{
    struct rtcp_packet packet;
    uint32_t ssrc;
    while (rtcp_reader_next(&reader, &packet)) {
        for (unsigned i = 0; rtcp_parse_bye(&packet, i, &ssrc) == 0; i++)
            push_bye(compound, ssrc);
    }
}

void receive_reporter_push(struct receive_reporter *reporter, const struct rtcp_datagram *datagram,
                           int64_t monotonic_ns)
{
    struct compound compound = {
        .reporter = reporter,
        .datagram = datagram,
        .monotonic_ns = monotonic_ns,
    };
    struct rtcp_reader reader;
    if (rtcp_reader_init(&reader, datagram->data, datagram->size_bytes) == 0 &&
        !rtcp_identity_is_own(&reporter->identity, reader, monotonic_ns)) {
        for (struct sender_state *i = reporter->senders; i; i = i->next)
            i->is_report_fresh = false;
        push_names(&compound, reader);
        push_reports(&compound, reader);
        push_byes(&compound, reader);
    }
    reporter->ignored += !compound.has_effect;
}

// Numbers of the sessions

// When the sample that is played was captured, in our clock. False while the sender's clock is
// unknown: unlike peers that take the clocks of two machines for equal.
static bool get_capture_time(const struct sender_state *sender, unsigned rate_hz,
                             uint32_t timestamp, int64_t *time_ns)
{
    struct rtcp_clock_estimate clock;
    if (!rtcp_clock_get(&sender->clock, &clock))
        return false;
    const struct rtp_moment captured = {
        .time_ns = ntp_to_unix_ns(sender->report.ntp),
        .timestamp = sender->report.timestamp,
    };
    *time_ns = rtp_moment_time(captured, timestamp, rate_hz) - clock.offset_ns;
    return true;
}

static int64_t get_e2e_latency(const struct sender_state *sender, unsigned rate_hz,
                               const struct rtp_moment *playback)
{
    int64_t capture_ns;
    if (playback->time_ns == 0 ||
        !get_capture_time(sender, rate_hz, playback->timestamp, &capture_ns))
        return 0;
    const int64_t latency_ns = playback->time_ns - capture_ns;
    return latency_ns > 0 && latency_ns <= MAX_LATENCY_NS ? latency_ns : 0;
}

static void update_session(const struct sender_state *sender, struct session_entry *entry,
                           const struct receive_session_report *report)
{
    struct rtcp_clock_estimate clock = {0};
    const bool has_clock = rtcp_clock_get(&sender->clock, &clock);
    entry->timing = (struct session_timing){
        .has_clock = has_clock,
        .rtt_ns = clock.rtt_ns,
        .clock_offset_ns = clock.offset_ns,
        .e2e_latency_ns = get_e2e_latency(sender, entry->encoding.rate_hz, &report->playback),
    };
}

// Reports

static uint32_t clamp_short(int64_t duration_ns)
{
    const uint32_t value = ntp_short_from_ns(duration_ns);
    return value < RTCP_XR_UNKNOWN ? value : RTCP_XR_UNKNOWN - 1;
}

static struct rtcp_report_block describe(struct sender_state *sender,
                                         const struct receive_session_report *session,
                                         int64_t realtime_ns)
{
    const uint64_t expected = session->metrics.packets_expected;
    const uint64_t received = session->metrics.packets_received;
    const int64_t lost = (int64_t)(expected - received);
    const int64_t step = (int64_t)(expected - sender->reported_expected);
    const int64_t step_lost = step - (int64_t)(received - sender->reported_received);
    // RFC 3550 appendix A.3.
    const int64_t fraction = step > 0 && step_lost > 0 ? step_lost * 256 / step : 0;
    sender->reported_expected = expected;
    sender->reported_received = received;
    return (struct rtcp_report_block){
        .ssrc = sender->ssrc,
        .fraction_lost = (uint8_t)(fraction < UINT8_MAX ? fraction : UINT8_MAX),
        .cumulative_lost = (int32_t)(lost < INT32_MAX ? lost : INT32_MAX),
        // Unwrapped numbers begin one turn up.
        .highest_seq = (uint32_t)(session->newest_seq - (1 << 16)),
        .jitter = (uint32_t)session->jitter,
        .last_sr = ntp_middle(sender->report.ntp),
        .since_last_sr = ntp_short_from_ns(realtime_ns - sender->report_receive_ns),
    };
}

static void write_metrics(struct bytes_writer *writer, const struct sender_state *sender,
                          const struct session_entry *entry,
                          const struct receive_session_report *session, int64_t realtime_ns)
{
    const uint32_t highest = (uint32_t)(session->newest_seq - (1 << 16));
    const struct rtcp_xr_measurement measurement = {
        .ssrc = sender->ssrc,
        .first_seq = (uint16_t)session->first_seq,
        .interval_first_seq = highest,
        .interval_last_seq = highest,
    };
    struct rtcp_xr_delay delay = {
        .ssrc = sender->ssrc,
        .mean_rtt = RTCP_XR_UNKNOWN,
        .min_rtt = RTCP_XR_UNKNOWN,
        .max_rtt = RTCP_XR_UNKNOWN,
        .end_to_end = RTCP_XR_UNKNOWN_LONG,
    };
    struct rtcp_xr_queue queue = {
        .ssrc = sender->ssrc,
        .latency = RTCP_XR_UNKNOWN,
        .stalling = RTCP_XR_UNKNOWN,
    };
    struct rtcp_clock_estimate clock;
    if (rtcp_clock_get(&sender->clock, &clock)) {
        delay.mean_rtt = clamp_short(clock.mean_rtt_ns);
        delay.min_rtt = clamp_short(clock.min_rtt_ns);
        delay.max_rtt = clamp_short(clock.max_rtt_ns);
    }
    if (entry->timing.e2e_latency_ns > 0)
        delay.end_to_end = ntp_long_from_ns(entry->timing.e2e_latency_ns);
    if (session->queue_latency_ns > 0) {
        queue.latency = clamp_short(session->queue_latency_ns);
        queue.stalling = clamp_short(realtime_ns - session->newest_receive_ns);
    }
    rtcp_xr_write_measurement(writer, &measurement);
    rtcp_xr_write_delay(writer, &delay);
    rtcp_xr_write_queue(writer, &queue);
}

// What one datagram is about.
struct report {
    unsigned count;
    struct sender_state *senders[BLOCKS_PER_REPORT];
    struct session_entry *entries[BLOCKS_PER_REPORT];
    struct receive_session_report sessions[BLOCKS_PER_REPORT];
};

static void send_report(struct receive_reporter *reporter, const struct report *report,
                        const struct net_address *to, int64_t realtime_ns, bool has_bye)
{
    uint8_t data[RTCP_MAX_REPORT_SIZE];
    struct rtcp_report_block blocks[BLOCKS_PER_REPORT];
    const struct rtcp_cname cname = rtcp_identity_cname(&reporter->identity);
    struct bytes_writer writer;
    bytes_writer_init(&writer, data, sizeof(data));
    for (unsigned i = 0; i < report->count; i++)
        blocks[i] = describe(report->senders[i], &report->sessions[i], realtime_ns);
    rtcp_write_rr(&writer, reporter->identity.ssrc, blocks, report->count);
    const size_t start = rtcp_xr_write_begin(&writer, reporter->identity.ssrc);
    // Peers answer the reference time only when it comes together with a report about them.
    rtcp_xr_write_rrtr(&writer, ntp_from_unix_ns(realtime_ns));
    for (unsigned i = 0; i < report->count; i++)
        write_metrics(&writer, report->senders[i], report->entries[i], &report->sessions[i],
                      realtime_ns);
    rtcp_write_end(&writer, start);
    rtcp_write_cname(&writer, &cname);
    if (has_bye)
        rtcp_write_bye(&writer, reporter->identity.ssrc);
    if (!writer.is_short)
        reporter->config.output(data, writer.position, to, reporter->config.output_arg);
}

static bool is_multicast(const struct receive_reporter *reporter)
{
    return reporter->config.group.sa.sa_family != AF_UNSPEC;
}

// Takes the sender into the report when it has a session with packets.
static void add_sender(const struct receive_reporter *reporter, struct report *report,
                       struct sender_state *sender)
{
    struct session_entry *entry = find_session(reporter, sender->ssrc);
    sender->is_written = true;
    if (!entry || sender->report.ssrc == 0)
        return;
    report->sessions[report->count] = receive_session_report(entry->session);
    if (report->sessions[report->count].newest_seq == 0)
        return;
    report->senders[report->count] = sender;
    report->entries[report->count++] = entry;
}

// All senders that are reached where the first one is.
static void send_to_one(struct receive_reporter *reporter, struct sender_state *first,
                        int64_t realtime_ns, bool has_bye)
{
    const struct net_address to = is_multicast(reporter) ? reporter->config.group : first->address;
    struct report report = {0};
    for (struct sender_state *i = first; i; i = i->next) {
        if (i->is_written || (!is_multicast(reporter) && !net_address_is_equal(&i->address, &to)))
            continue;
        add_sender(reporter, &report, i);
        if (report.count == BLOCKS_PER_REPORT) {
            send_report(reporter, &report, &to, realtime_ns, has_bye);
            report.count = 0;
        }
    }
    if (report.count > 0)
        send_report(reporter, &report, &to, realtime_ns, has_bye);
}

static void send_to_all(struct receive_reporter *reporter, int64_t realtime_ns, bool has_bye)
{
    for (struct sender_state *i = reporter->senders; i; i = i->next)
        i->is_written = false;
    for (struct sender_state *i = reporter->senders; i; i = i->next) {
        if (!i->is_written)
            send_to_one(reporter, i, realtime_ns, has_bye);
    }
    rtcp_sent_push(&reporter->sent, realtime_ns);
}

static void change_ssrc(struct receive_reporter *reporter, int64_t realtime_ns)
{
    const uint32_t former = reporter->identity.ssrc;
    send_to_all(reporter, realtime_ns, true);
    reporter->identity.has_collision = false;
    do
        reporter->identity.ssrc = rtcp_random_ssrc();
    while (reporter->identity.ssrc == former);
    reporter->sent = (struct rtcp_sent){0};
    log_info("stream", "another participant has SSRC %08x, too; reporting as %08x", former,
             reporter->identity.ssrc);
}

// Forgets senders whose session or whose reports ended; the session lives on without them.
static void update(struct receive_reporter *reporter, int64_t monotonic_ns)
{
    struct sender_state **place = &reporter->senders;
    while (*place) {
        struct sender_state *sender = *place;
        struct session_entry *entry = find_session(reporter, sender->ssrc);
        if (entry && monotonic_ns - sender->last_report_ns <= RTCP_TIMEOUT_NS) {
            const struct receive_session_report report = receive_session_report(entry->session);
            update_session(sender, entry, &report);
            place = &sender->next;
            continue;
        }
        if (entry)
            entry->timing = (struct session_timing){0};
        *place = sender->next;
        free(sender);
    }
}

void receive_reporter_tick(struct receive_reporter *reporter, struct rtcp_now now)
{
    update(reporter, now.monotonic_ns);
    if (reporter->identity.has_collision)
        change_ssrc(reporter, now.realtime_ns);
    if (reporter->senders && rtcp_timer_is_due(&reporter->timer, now.monotonic_ns))
        send_to_all(reporter, now.realtime_ns, false);
}

void receive_reporter_say_bye(struct receive_reporter *reporter, struct rtcp_now now)
{
    update(reporter, now.monotonic_ns);
    send_to_all(reporter, now.realtime_ns, true);
}

uint64_t receive_reporter_ignored(const struct receive_reporter *reporter)
{
    return reporter->ignored;
}
