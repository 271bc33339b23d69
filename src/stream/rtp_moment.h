// SPDX-License-Identifier: MPL-2.0
//
// A point where the two clocks of a stream meet: this RTP timestamp is captured (or played) at this
// time. The audio thread keeps the latest one, and reports are written from it on another thread.
//
// The cell is a plain value, all zero at first. Thread: set rt, one thread at a time; get any.

#ifndef ROC_STREAM_RTP_MOMENT_H
#define ROC_STREAM_RTP_MOMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rtp_moment {
    int64_t time_ns; // CLOCK_REALTIME; 0: unknown
    uint32_t timestamp;
};

struct rtp_moment_cell {
    atomic_uint version; // odd while the pair is being changed
    atomic_llong time_ns;
    atomic_uint timestamp;
};

void rtp_moment_set(struct rtp_moment_cell *cell, struct rtp_moment moment);
// The latest pair, never a mix of two; time 0 when there is none yet.
struct rtp_moment rtp_moment_get(const struct rtp_moment_cell *cell);

// When `timestamp` has its turn in the clock of the moment: at most half a turn of the timestamp
// away.
int64_t rtp_moment_time(struct rtp_moment moment, uint32_t timestamp, unsigned rate_hz);
// Which timestamp has its turn at time_ns; wraps.
uint32_t rtp_moment_timestamp(struct rtp_moment moment, int64_t time_ns, unsigned rate_hz);

#endif
