// SPDX-License-Identifier: MPL-2.0

#include "audio/mix.h"

// As in pcm.c: a step of known length becomes vector code.
#define STEP 16

void mix_add(float *restrict out, const float *restrict in, float gain, size_t count)
{
    size_t i = 0;
    for (; count - i >= STEP; i += STEP) {
        for (size_t s = 0; s < STEP; s++)
            out[i + s] += in[i + s] * gain;
    }
    for (; i < count; i++)
        out[i] += in[i] * gain;
}

static inline float clip(float sample)
{
    sample = sample == sample ? sample : 0.0f;
    sample = sample < -1.0f ? -1.0f : sample;
    return sample > 1.0f ? 1.0f : sample;
}

void mix_clip(float *samples, size_t count)
{
    size_t i = 0;
    for (; count - i >= STEP; i += STEP) {
        for (size_t s = 0; s < STEP; s++)
            samples[i + s] = clip(samples[i + s]);
    }
    for (; i < count; i++)
        samples[i] = clip(samples[i]);
}
