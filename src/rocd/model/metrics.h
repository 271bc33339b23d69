// SPDX-License-Identifier: MPL-2.0
//
// One snapshot of what a stream's halves count. REST, events, Prometheus and the log are all
// written from it. Thread: any.

#ifndef ROCD_MODEL_METRICS_H
#define ROCD_MODEL_METRICS_H

#include <jansson.h>
#include <stdbool.h>

struct half_metrics {
    bool is_receiver;
    unsigned long long packets_sent, repair_packets_sent, bytes_sent;
    unsigned long long packets_received, repair_packets_received, bytes_received;
    unsigned long long packets_expected, packets_lost, packets_recovered, packets_late;
    unsigned long long packets_duplicate, packets_rejected;
    unsigned long long frames, frames_concealed, frames_dropped;
    unsigned sessions, restarts;
    double queue_latency_ms, target_latency_ms, jitter_ms;
    // From the reports of both sides, NAN while unknown.
    double rtt_ms, e2e_latency_ms;
    unsigned long long remote_packets_lost; // what the receiver reports to the sender
    double remote_loss;                     // share of the packets lately, 0..1; NAN while unknown
    double level_db;                        // peak since the last snapshot, -120 for silence
};

// A new reference; fields that do not apply to the half are left out.
json_t *half_metrics_write(const struct half_metrics *metrics);

#endif
