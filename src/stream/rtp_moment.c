// SPDX-License-Identifier: MPL-2.0
//
// A sequence lock made of ordered accesses only, because ThreadSanitizer does not know fences: a
// reader that sees a new field also sees the odd version that was stored before it.

#include "stream/rtp_moment.h"

#define NS_PER_S 1000000000ll
// The writer needs nanoseconds for a change, so a reader that meets so many of them is being
// preempted; it tries again with its next report.
#define MAX_ATTEMPTS 1000

void rtp_moment_set(struct rtp_moment_cell *cell, struct rtp_moment moment)
{
    const unsigned version = atomic_load_explicit(&cell->version, memory_order_relaxed);
    atomic_store_explicit(&cell->version, version + 1, memory_order_relaxed);
    atomic_store_explicit(&cell->time_ns, moment.time_ns, memory_order_release);
    atomic_store_explicit(&cell->timestamp, moment.timestamp, memory_order_release);
    atomic_store_explicit(&cell->version, version + 2, memory_order_release);
}

struct rtp_moment rtp_moment_get(const struct rtp_moment_cell *cell)
{
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
        const unsigned version = atomic_load_explicit(&cell->version, memory_order_acquire);
        struct rtp_moment moment;
        moment.time_ns = atomic_load_explicit(&cell->time_ns, memory_order_acquire);
        moment.timestamp = atomic_load_explicit(&cell->timestamp, memory_order_acquire);
        if (version % 2 == 0 &&
            atomic_load_explicit(&cell->version, memory_order_relaxed) == version)
            return moment;
    }
    return (struct rtp_moment){0};
}

int64_t rtp_moment_time(struct rtp_moment moment, uint32_t timestamp, unsigned rate_hz)
{
    const int64_t step = (int32_t)(timestamp - moment.timestamp);
    return moment.time_ns + step * NS_PER_S / rate_hz;
}

uint32_t rtp_moment_timestamp(struct rtp_moment moment, int64_t time_ns, unsigned rate_hz)
{
    // In two parts: the product of a long time and a high rate does not fit 64 bits.
    const int64_t step_ns = time_ns - moment.time_ns;
    const int64_t rest = (step_ns % NS_PER_S * rate_hz + NS_PER_S / 2) / NS_PER_S;
    return moment.timestamp + (uint32_t)(step_ns / NS_PER_S * rate_hz + rest);
}
