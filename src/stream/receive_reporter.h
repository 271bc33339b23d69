// SPDX-License-Identifier: MPL-2.0
//
// The control side of a receiver's slot: reads the sender reports of its sessions (RTCP, RFC 3550),
// answers them with reception reports, and finds out round-trip time, clock offset and end-to-end
// latency of each session. It knows no socket: reports leave by a callback.
//
// A session is matched by the SSRC of its RTP packets, and only the machine that sends these is
// heard about it. What is malformed, foreign, or answers reports that were never sent is counted
// and has no effect. Reports that stop do not end a session; a goodbye or another name under its
// SSRC does.
//
// Thread: create and destroy any; all else that of the session router.

#ifndef ROC_STREAM_RECEIVE_REPORTER_H
#define ROC_STREAM_RECEIVE_REPORTER_H

#include "stream/rtcp_datagram.h"
#include "stream/session_router.h"

struct receive_reporter;

struct receive_reporter_config {
    struct session_router *router; // borrowed
    unsigned long long slot;
    // Where all reports go; none: each to where the sender's latest report came from.
    struct net_address group;
    rtcp_output_fn output;
    void *output_arg;
};

// Returns 0 or -ENOMEM.
int receive_reporter_create(struct receive_reporter **out,
                            const struct receive_reporter_config *config);
void receive_reporter_destroy(struct receive_reporter *reporter);

// A datagram of the control interface.
void receive_reporter_push(struct receive_reporter *reporter, const struct rtcp_datagram *datagram,
                           int64_t monotonic_ns);
// Outputs reports when their time has come; updates the sessions' numbers.
void receive_reporter_tick(struct receive_reporter *reporter, struct rtcp_now now);
// Outputs the last reports, with goodbyes.
void receive_reporter_say_bye(struct receive_reporter *reporter, struct rtcp_now now);

// Datagrams that had no effect.
uint64_t receive_reporter_ignored(const struct receive_reporter *reporter);

#endif
