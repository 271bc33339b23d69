// SPDX-License-Identifier: MPL-2.0
//
// Makes up how sound may go on, from the last 70 ms of it. Each channel repeats the cycle after
// which the sound resembles itself most, and a filter (linear prediction) continues what the
// cycle did not explain, with noise for what the filter could not foretell either.
//
// What it makes is finite, and in each channel no louder than the loudest sample and no steeper
// than the largest step of what it has heard.
//
// Memory is fixed when it is created. To begin costs most; where there are many channels, each gets
// a shorter look and a simpler filter, so that the cost grows little with them.
//
// Thread: create and destroy any; the rest rt, one thread at a time.

#ifndef ROC_AUDIO_EXTRAPOLATION_H
#define ROC_AUDIO_EXTRAPOLATION_H

#include <stdbool.h>
#include <stddef.h>

struct extrapolation;

// Frames made at once.
#define EXTRAPOLATION_MAX_FRAMES 32

// Returns 0 or -ENOMEM. At least one channel and 1 Hz.
int extrapolation_create(struct extrapolation **out, unsigned channels, unsigned rate_hz);
void extrapolation_destroy(struct extrapolation *extrapolation);

// Sound as it was played, real or not. Values out of -1..1 count as clamped, NaN as 0.
void extrapolation_push(struct extrapolation *extrapolation, const float *samples, size_t frames);
// Forgets all that was pushed.
void extrapolation_reset(struct extrapolation *extrapolation);
// True when nothing was pushed since it was made or reset.
bool extrapolation_is_empty(const struct extrapolation *extrapolation);

// Goes on from the last frame that was pushed. It must not be empty.
void extrapolation_start(struct extrapolation *extrapolation);
// Adds the next frames, at most EXTRAPOLATION_MAX_FRAMES, each multiplied by its level.
void extrapolation_add(struct extrapolation *extrapolation, float *samples, size_t frames,
                       const float *levels);

#endif
