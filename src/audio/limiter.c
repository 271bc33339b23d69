// SPDX-License-Identifier: MPL-2.0

#include "audio/limiter.h"

#include "audio/mix.h"

#include <math.h>
#include <stdbool.h>

// Longer than the longest wave that is heard and than most beats: the gain does not ride on them.
#define HOLD_S 0.1
#define RISE_S 0.2
// Sixty-four sources at full level; what is louder is no sound.
#define MAX_PEAK 64.0f
#define STEP     16

void limiter_init(struct limiter *limiter, unsigned channels, unsigned rate_hz)
{
    *limiter = (struct limiter){
        .channels = channels,
        .gain = 1.0f,
        .rise = (float)(1.0 / (RISE_S * rate_hz)),
        .hold = (size_t)(HOLD_S * rate_hz) + 1,
    };
}

// NaN counts as out of range.
static bool is_in_range(const float *samples, size_t count)
{
    int outside = 0;
    size_t i = 0;

    for (; count - i >= STEP; i += STEP) {
        for (size_t s = 0; s < STEP; s++) {
            outside |= !(fabsf(samples[i + s]) <= 1.0f);
        }
    }
    for (; i < count; i++) {
        outside |= !(fabsf(samples[i]) <= 1.0f);
    }
    return outside == 0;
}

static float find_peak(const float *frame, unsigned channels)
{
    float peak = 0;
    unsigned channel;

    for (channel = 0; channel < channels; channel++) {
        float magnitude = fabsf(frame[channel]);
        // False for NaN too.
        if (magnitude > peak && magnitude <= MAX_PEAK) {
            peak = magnitude;
        }
    }
    return peak;
}

static void follow(struct limiter *limiter, float peak)
{
    if (peak * limiter->gain > 1.0f) {
        limiter->gain = 1.0f / peak;
        limiter->held = 0;
    } else if (limiter->held < limiter->hold) {
        // Samples rarely meet the very top of a wave: nearly there counts as needed.
        limiter->held = peak * limiter->gain > 0.95f ? 0 : limiter->held + 1;
    } else if (limiter->gain < 1.0f) {
        limiter->gain += limiter->rise;
        limiter->gain = limiter->gain < 1.0f ? limiter->gain : 1.0f;
    }
}

void limiter_push(struct limiter *limiter, float *samples, size_t frames)
{
    unsigned channels = limiter->channels;
    size_t i;
    unsigned channel;

    if (limiter->gain >= 1.0f && is_in_range(samples, frames * channels)) {
        return;
    }
    for (i = 0; i < frames; i++) {
        float *frame = samples + i * channels;
        follow(limiter, find_peak(frame, channels));
        for (channel = 0; channel < channels; channel++) {
            frame[channel] *= limiter->gain;
        }
    }
    // What rounding left, and what is no sound.
    mix_clip(samples, frames * channels);
}
