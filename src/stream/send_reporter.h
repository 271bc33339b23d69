// SPDX-License-Identifier: MPL-2.0
//
// The control side of a sending session: sends sender reports (RTCP, RFC 3550) to the control
// endpoint of the slot and reads what receivers report. It knows no socket: reports leave by a
// callback.
//
// Receivers are known from reports about our SSRC only, which nobody can guess; what is malformed,
// about others, or answers reports that were never sent is counted and has no effect.
//
// Thread: create and destroy any; all else the network thread, or one caller at a time.

#ifndef ROC_STREAM_SEND_REPORTER_H
#define ROC_STREAM_SEND_REPORTER_H

#include "stream/rtcp_datagram.h"
#include "stream/send_session.h"

// More receivers than this (of a multicast stream) are not tracked.
#define SEND_REPORTER_MAX_CONNECTIONS 16

struct send_reporter;

struct send_reporter_config {
    struct send_session *session; // borrowed
    unsigned rate_hz;
    struct net_address to;
    rtcp_output_fn output;
    void *output_arg;
};

// A receiver that reports.
struct send_connection {
    uint32_t ssrc;
    struct net_address address;
    uint64_t packets_expected;
    int64_t packets_lost; // before repair; peers of Roc Toolkit 0.4 always say 0
    double loss;          // share of the last interval
    int64_t jitter_ns;
    bool has_clock; // the next two are known
    int64_t rtt_ns;
    int64_t clock_offset_ns; // of the receiver, seen from here
    int64_t e2e_latency_ns;  // these three 0 while unknown
    int64_t queue_latency_ns;
    int64_t stalling_ns;
};

// Returns 0 or -ENOMEM.
int send_reporter_create(struct send_reporter **out, const struct send_reporter_config *config);
void send_reporter_destroy(struct send_reporter *reporter);

// Outputs a report when its time has come; the first once a packet was sent.
void send_reporter_tick(struct send_reporter *reporter, struct rtcp_now now);
// A datagram that came back.
void send_reporter_push(struct send_reporter *reporter, const struct rtcp_datagram *datagram,
                        int64_t monotonic_ns);
// The last report, with a goodbye. Returns its size; 0 when no report was ever sent.
size_t send_reporter_write_bye(struct send_reporter *reporter, uint8_t data[RTCP_MAX_REPORT_SIZE],
                               struct rtcp_now now);

// The receivers that report now. Returns how many, at most count.
size_t send_reporter_query(const struct send_reporter *reporter,
                           struct send_connection *connections, size_t count);
// Datagrams that had no effect.
uint64_t send_reporter_ignored(const struct send_reporter *reporter);

#endif
