// SPDX-License-Identifier: MPL-2.0

#include "api/connection_metrics.h"

#define NS_PER_MS 1e6

roc_connection_metrics_ext connection_metrics_of_receiver(const struct send_connection *connection)
{
    const int64_t lost = connection->packets_lost;
    return (roc_connection_metrics_ext){
        .ssrc = connection->ssrc,
        .packets_expected = connection->packets_expected,
        // Duplicates may make it negative.
        .packets_lost = lost > 0 ? (unsigned long long)lost : 0,
        .loss = connection->loss,
        .jitter = (unsigned long long)connection->jitter_ns,
        .niq_latency = (unsigned long long)connection->queue_latency_ns,
        .niq_stalling = (unsigned long long)connection->stalling_ns,
        .has_clock = connection->has_clock,
        .rtt = (unsigned long long)connection->rtt_ns,
        .clock_offset = connection->clock_offset_ns,
        .e2e_latency = (unsigned long long)connection->e2e_latency_ns,
    };
}

static unsigned long long to_ns(double milliseconds)
{
    return milliseconds > 0 ? (unsigned long long)(milliseconds * NS_PER_MS) : 0;
}

roc_connection_metrics_ext connection_metrics_of_sender(
    const struct receive_session_metrics *session)
{
    return (roc_connection_metrics_ext){
        .ssrc = session->ssrc,
        .packets_expected = session->packets_expected,
        .packets_lost = session->packets_lost,
        .packets_received = session->packets_received,
        .repair_packets_received = session->repair_received,
        .packets_recovered = session->packets_recovered,
        .packets_late = session->packets_late,
        .packets_duplicate = session->packets_duplicate,
        .packets_rejected = session->packets_rejected,
        .jitter = to_ns(session->jitter_ms),
        .niq_latency = to_ns(session->queue_latency_ms),
        .has_clock = session->has_clock,
        .rtt = to_ns(session->rtt_ms),
        .clock_offset = (long long)(session->clock_offset_ms * NS_PER_MS),
        .e2e_latency = to_ns(session->e2e_latency_ms),
    };
}
