// SPDX-License-Identifier: MPL-2.0

#include "stream/receive_counters.h"

#include <math.h>
#include <stdlib.h>

#define NS_PER_S 1000000000ll

void receive_counter_add(atomic_ullong *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static uint64_t get(const atomic_ullong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static int64_t get_signed(const atomic_llong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void receive_counters_note_seq(struct receive_counters *counters, int64_t seq, bool may_precede)
{
    int64_t first = get_signed(&counters->first_seq);

    if (first == 0 || (seq < first && may_precede)) {
        atomic_store_explicit(&counters->first_seq, seq, memory_order_relaxed);
    }
    if (seq > get_signed(&counters->newest_seq)) {
        atomic_store_explicit(&counters->newest_seq, seq, memory_order_relaxed);
    }
}

int64_t receive_counters_first_seq(const struct receive_counters *counters)
{
    return get_signed(&counters->first_seq);
}

void receive_jitter_push(struct receive_jitter *jitter, struct receive_counters *counters,
                         int64_t receive_time_ns, int64_t position, unsigned rate_hz)
{
    int64_t mean, transit_step, receive_step_ns;

    if (receive_time_ns <= 0) {
        return;
    }
    receive_step_ns = receive_time_ns - jitter->last_receive_ns;
    // A step of more than a minute is a clock that was set.
    if (jitter->last_receive_ns > 0 && llabs(receive_step_ns) < 60 * NS_PER_S) {
        transit_step = receive_step_ns * rate_hz / NS_PER_S - (position - jitter->last_position);
        mean = get_signed(&counters->jitter);
        mean += llabs(transit_step) - ((mean + 8) >> 4);
        atomic_store_explicit(&counters->jitter, mean, memory_order_relaxed);
    }
    jitter->last_receive_ns = receive_time_ns;
    jitter->last_position = position;
}

void receive_counters_set_latency(struct receive_counters *counters,
                                  const struct session_latency *latency, double scale,
                                  double position)
{
    double now =
        latency->is_timed ? latency_tuner_latency(&latency->tuner, latency->now_ns, position) : 0;

    atomic_store_explicit(&counters->latency, llround(now * 1024), memory_order_relaxed);
    atomic_store_explicit(&counters->target_latency, llround(latency->target * 1024),
                          memory_order_relaxed);
    atomic_store_explicit(&counters->speed_ppb, llround((scale - 1) * 1e9), memory_order_relaxed);
}

struct receive_session_metrics receive_counters_get(const struct receive_counters *counters,
                                                    unsigned rate_hz)
{
    double ms_per_frame = 1000.0 / rate_hz;
    int64_t first = get_signed(&counters->first_seq);
    int64_t newest = get_signed(&counters->newest_seq);
    struct receive_session_metrics metrics = {
        .ssrc = atomic_load_explicit(&counters->ssrc, memory_order_relaxed),
        .packets_received = get(&counters->packets_received),
        .repair_received = get(&counters->repair_received),
        .bytes_received = get(&counters->bytes_received),
        .packets_expected = first == 0 || newest < first ? 0 : (uint64_t)(newest - first) + 1,
        .packets_recovered = get(&counters->packets_recovered),
        .packets_late = get(&counters->packets_late),
        .packets_duplicate = get(&counters->packets_duplicate),
        .packets_rejected = get(&counters->packets_rejected),
        .packets_dropped = get(&counters->packets_dropped),
        .frames_played = get(&counters->frames_played),
        .frames_concealed = get(&counters->frames_concealed),
        .frames_skipped = get(&counters->frames_skipped),
        .latency_ms = (double)get_signed(&counters->latency) / 1024.0 * ms_per_frame,
        .target_latency_ms = (double)get_signed(&counters->target_latency) / 1024.0 * ms_per_frame,
        .speed = 1.0 + (double)get_signed(&counters->speed_ppb) * 1e-9,
        .latency_jumps = get(&counters->latency_jumps),
        .queue_latency_ms = (double)get_signed(&counters->queue_latency) * ms_per_frame,
        .jitter_ms = (double)get_signed(&counters->jitter) / 16.0 * ms_per_frame,
    };

    // The numbers are read one by one while they move.
    if (metrics.packets_expected > metrics.packets_received) {
        metrics.packets_lost = metrics.packets_expected - metrics.packets_received;
    }
    return metrics;
}

struct receive_session_report receive_counters_report(const struct receive_counters *counters,
                                                      unsigned rate_hz)
{
    return (struct receive_session_report){
        .metrics = receive_counters_get(counters, rate_hz),
        .first_seq = get_signed(&counters->first_seq),
        .newest_seq = get_signed(&counters->newest_seq),
        .newest_receive_ns = get_signed(&counters->newest_receive_ns),
        .jitter = get_signed(&counters->jitter) >> 4,
        .queue_latency_ns = get_signed(&counters->queue_latency) * NS_PER_S / rate_hz,
        .playback = rtp_moment_get(&counters->playback),
    };
}
