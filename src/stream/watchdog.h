// SPDX-License-Identifier: MPL-2.0
//
// Decides when a receiving session is over. It counts the frames that were read, not the time, so
// that a reader which pauses does not end its sessions.
//   no playback: so many frames in a row without one decoded sample
//   choppy: for so long, every window had both a gap and a late packet
//
// Plain value, belongs to the reader. Thread: rt.

#ifndef ROC_STREAM_WATCHDOG_H
#define ROC_STREAM_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watchdog_config {
    int64_t warm_up;       // frames not counted at the start; the first sound ends it early
    int64_t no_playback;   // frames; negative: never
    int64_t choppy;        // frames; negative: never
    int64_t choppy_window; // frames; at least 1
};

struct watchdog {
    struct watchdog_config config;
    int64_t warm_up_left;
    int64_t silent_frames;
    int64_t choppy_frames;
    int64_t window_frames;
    bool window_has_gap;
    bool window_has_late;
    bool is_over;
};

void watchdog_init(struct watchdog *watchdog, const struct watchdog_config *config);
// After each stretch of reading: how long it was, how much of it was decoded audio, whether a
// packet came too late meanwhile. Stretches should be short beside the timeouts. Returns false once
// the session is over.
bool watchdog_push(struct watchdog *watchdog, size_t frames, size_t audio_frames, bool has_late);

#endif
