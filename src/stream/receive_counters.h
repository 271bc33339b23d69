// SPDX-License-Identifier: MPL-2.0
//
// What a receiving session counts while it runs, readable by any thread. Each counter has one
// writing thread (the reader's, packets_dropped the network's), so that no write is more than a
// store.
//
// Plain value, all zero at first. Thread: get any; the rest rt.

#ifndef ROC_STREAM_RECEIVE_COUNTERS_H
#define ROC_STREAM_RECEIVE_COUNTERS_H

#include <stdatomic.h>

#include "stream/receive_session.h"
#include "stream/session_latency.h"

struct receive_counters {
    atomic_uint ssrc;
    // Lowest and highest sequence number as unwrapped; both 0 before the first packet.
    atomic_llong first_seq, newest_seq;
    atomic_ullong packets_received, repair_received, bytes_received;
    atomic_ullong packets_recovered, packets_late, packets_duplicate, packets_rejected;
    atomic_ullong packets_dropped;
    atomic_ullong frames_played, frames_concealed, frames_skipped;
    atomic_llong queue_latency;           // frames
    atomic_llong latency, target_latency; // frames times 1024
    atomic_llong speed_ppb;               // beyond 1
    atomic_ullong latency_jumps;
    atomic_llong jitter; // frames times 16
    atomic_llong newest_receive_ns;
    struct rtp_moment_cell playback;
};

// What the mean interarrival jitter of RFC 3550 section 6.4.1 needs to remember.
struct receive_jitter {
    int64_t last_receive_ns; // 0 before the first packet
    int64_t last_position;
};

void receive_counter_add(atomic_ullong *counter, uint64_t n);
// Widens the span of sequence numbers, downwards only while may_precede.
void receive_counters_note_seq(struct receive_counters *counters, int64_t seq, bool may_precede);
int64_t receive_counters_first_seq(const struct receive_counters *counters);
// A packet without a receive time (0) is passed over.
void receive_jitter_push(struct receive_jitter *jitter, struct receive_counters *counters,
                         int64_t receive_time_ns, int64_t position, unsigned rate_hz);

// position: of the frame that is heard.
void receive_counters_set_latency(struct receive_counters *counters,
                                  const struct session_latency *latency, double scale,
                                  double position);

// What receive_session_report gives.
struct receive_session_report receive_counters_report(const struct receive_counters *counters,
                                                      unsigned rate_hz);
struct receive_session_metrics receive_counters_get(const struct receive_counters *counters,
                                                    unsigned rate_hz);

#endif
