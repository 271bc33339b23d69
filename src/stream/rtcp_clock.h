// SPDX-License-Identifier: MPL-2.0
//
// What an exchange of reports tells about the way to another machine and its clock: round-trip time
// and clock offset, as NTP measures them (RFC 5905 section 8). Each report that comes back makes an
// exchange of four times; of the recent ones the fastest names the offset, because waiting in
// queues, which is rarely the same in both directions, distorted it least.
//
// Plain values, all zero at first; belong to the network thread.

#ifndef ROC_STREAM_RTCP_CLOCK_H
#define ROC_STREAM_RTCP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

// 3 s of reports.
#define RTCP_CLOCK_WINDOW 16

struct rtcp_exchange {
    int64_t sent_ns;            // our clock: our report left
    int64_t remote_received_ns; // their clock: it came
    int64_t remote_sent_ns;     // their clock: theirs left
    int64_t received_ns;        // our clock: it came
};

struct rtcp_clock {
    int64_t last_sent_ns;
    unsigned count, next;
    struct {
        int64_t rtt_ns, offset_ns;
    } samples[RTCP_CLOCK_WINDOW];
};

struct rtcp_clock_estimate {
    int64_t rtt_ns; // the latest
    int64_t min_rtt_ns, mean_rtt_ns, max_rtt_ns;
    int64_t offset_ns; // their clock minus ours
};

// False, and nothing changes, for an exchange that cannot be: times that run backwards, or a report
// of ours that was used already.
bool rtcp_clock_push(struct rtcp_clock *clock, const struct rtcp_exchange *exchange);
// False before the first exchange.
bool rtcp_clock_get(const struct rtcp_clock *clock, struct rtcp_clock_estimate *estimate);

// When our last reports left. The other side returns only the middle bits of that time; looking
// them up restores the rest and refuses what we never sent.
#define RTCP_SENT_COUNT 32

struct rtcp_sent {
    unsigned count, next;
    int64_t times_ns[RTCP_SENT_COUNT];
};

void rtcp_sent_push(struct rtcp_sent *sent, int64_t time_ns);
bool rtcp_sent_get(const struct rtcp_sent *sent, uint32_t middle, int64_t *time_ns);

// The grid on which reports leave: the first at once, then every 200 ms, whenever the clock is
// looked at.
#define RTCP_INTERVAL_NS 200000000

struct rtcp_timer {
    int64_t next_ns; // CLOCK_MONOTONIC; 0 before the first report
};

bool rtcp_timer_is_due(struct rtcp_timer *timer, int64_t now_ns);

#endif
