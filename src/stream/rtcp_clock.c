// SPDX-License-Identifier: MPL-2.0

#include "stream/rtcp_clock.h"

#include "wire/ntp.h"

// Reports carry delays in steps of 15 us, so a quick exchange may seem to have taken less than no
// time.
#define RESOLUTION_NS 31000
// No sane machine keeps a report for so long; beyond it the arithmetic could overflow.
#define MAX_SPAN_NS 100000000000

static bool is_span(int64_t from_ns, int64_t to_ns)
{
    return from_ns > 0 && to_ns >= from_ns && to_ns - from_ns <= MAX_SPAN_NS;
}

bool rtcp_clock_push(struct rtcp_clock *clock, const struct rtcp_exchange *exchange)
{
    if (!is_span(exchange->sent_ns, exchange->received_ns) ||
        !is_span(exchange->remote_received_ns, exchange->remote_sent_ns) ||
        exchange->sent_ns <= clock->last_sent_ns)
        return false;
    const int64_t rtt_ns = (exchange->received_ns - exchange->sent_ns) -
                           (exchange->remote_sent_ns - exchange->remote_received_ns);
    if (rtt_ns < -RESOLUTION_NS)
        return false;
    // Each difference is of two positive times, so neither it nor half the sum overflows.
    const int64_t there_ns = exchange->remote_received_ns - exchange->sent_ns;
    const int64_t back_ns = exchange->remote_sent_ns - exchange->received_ns;
    clock->samples[clock->next].rtt_ns = rtt_ns > 0 ? rtt_ns : 0;
    clock->samples[clock->next].offset_ns = there_ns / 2 + back_ns / 2;
    clock->next = (clock->next + 1) % RTCP_CLOCK_WINDOW;
    clock->count += clock->count < RTCP_CLOCK_WINDOW;
    clock->last_sent_ns = exchange->sent_ns;
    return true;
}

bool rtcp_clock_get(const struct rtcp_clock *clock, struct rtcp_clock_estimate *estimate)
{
    if (clock->count == 0)
        return false;
    const unsigned latest = (clock->next + RTCP_CLOCK_WINDOW - 1) % RTCP_CLOCK_WINDOW;
    unsigned fastest = latest;
    int64_t sum_ns = 0, max_ns = 0;
    for (unsigned i = 0; i < clock->count; i++) {
        const int64_t rtt_ns = clock->samples[i].rtt_ns;
        sum_ns += rtt_ns;
        max_ns = rtt_ns > max_ns ? rtt_ns : max_ns;
        if (rtt_ns < clock->samples[fastest].rtt_ns)
            fastest = i;
    }
    *estimate = (struct rtcp_clock_estimate){
        .rtt_ns = clock->samples[latest].rtt_ns,
        .min_rtt_ns = clock->samples[fastest].rtt_ns,
        .mean_rtt_ns = sum_ns / clock->count,
        .max_rtt_ns = max_ns,
        .offset_ns = clock->samples[fastest].offset_ns,
    };
    return true;
}

void rtcp_sent_push(struct rtcp_sent *sent, int64_t time_ns)
{
    sent->times_ns[sent->next] = time_ns;
    sent->next = (sent->next + 1) % RTCP_SENT_COUNT;
    sent->count += sent->count < RTCP_SENT_COUNT;
}

bool rtcp_sent_get(const struct rtcp_sent *sent, uint32_t middle, int64_t *time_ns)
{
    for (unsigned i = 0; i < sent->count; i++) {
        if (ntp_middle(ntp_from_unix_ns(sent->times_ns[i])) != middle)
            continue;
        *time_ns = sent->times_ns[i];
        return true;
    }
    return false;
}

bool rtcp_timer_is_due(struct rtcp_timer *timer, int64_t now_ns)
{
    if (timer->next_ns == 0)
        timer->next_ns = now_ns;
    if (now_ns < timer->next_ns)
        return false;
    const int64_t missed = (now_ns - timer->next_ns) / RTCP_INTERVAL_NS;
    timer->next_ns += (missed + 1) * RTCP_INTERVAL_NS;
    return true;
}
