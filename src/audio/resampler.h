// SPDX-License-Identifier: MPL-2.0
//
// Changes the rate of interleaved frames: between any two rates, and by a ratio that moves while it
// runs, so that one clock can follow another. Both are the same thing here: each output frame is
// the input at a position in time, and the position advances by a step that may change before any
// frame. The position is continuous, so a change of the ratio is never a click.
//
// Between equal rates at the scale 1 the output is the input, bit-exact, later by the delay. When
// the scale has been something else and returns to 1, the position is a fraction of a frame off; it
// is led back to the nearest whole frame at no more than RESAMPLER_SETTLE_PPM (half a frame at
// most, half a second at 48 kHz), and from there on the output is bit-exact again.
//
// Frames go in and out in blocks of any size; the output does not depend on how they are cut.
//
// Life cycle: create, process..., destroy. One thread uses a resampler at a time.

#ifndef ROC_AUDIO_RESAMPLER_H
#define ROC_AUDIO_RESAMPLER_H

#include <stdbool.h>
#include <stddef.h>

#define RESAMPLER_MIN_RATE_HZ  8000
#define RESAMPLER_MAX_RATE_HZ  192000
#define RESAMPLER_MAX_CHANNELS 1024
#define RESAMPLER_MIN_SCALE    0.9
#define RESAMPLER_MAX_SCALE    1.1
#define RESAMPLER_SETTLE_PPM   20

// The ratio of any tone up to 0.907 of half the lower rate (20 kHz at 44.1 kHz) to the noise and
// distortion that it comes out with, at least, and how far the output is behind, in frames of the
// lower rate.
enum resampler_profile {
    RESAMPLER_PROFILE_DEFAULT, // medium
    RESAMPLER_PROFILE_LOW,     // 84 dB, 32 frames
    RESAMPLER_PROFILE_MEDIUM,  // 104 dB, 40 frames
    RESAMPLER_PROFILE_HIGH,    // 130 dB, 48 frames
    RESAMPLER_PROFILE_BEST,    // 138 dB, what 32-bit floats hold; 64 frames
};

struct resampler_config {
    unsigned in_rate_hz;
    unsigned out_rate_hz;
    unsigned channels;
    enum resampler_profile profile;
    unsigned kernel; // as in resampler_kernel_at; 0 = the fastest that this machine runs
};

struct resampler;

// -EINVAL for a rate, channel count, profile or kernel that does not exist, -ENOMEM.
// Filters are shared by all resamplers that need the same one. Thread: any.
int resampler_create(struct resampler **out, const struct resampler_config *config);
// Thread: any.
void resampler_destroy(struct resampler *resampler);

// From the next output frame on, input passes by scale times as fast as the rates say: above 1
// takes more input for the same output. The step is kept to 2^-52 or better and exact at 1.
// -EINVAL outside of RESAMPLER_MIN_SCALE..RESAMPLER_MAX_SCALE; then nothing changes. Thread: rt.
int resampler_set_ratio(struct resampler *resampler, double scale);

// Takes up to *in_frames and gives up to *out_frames, and writes back how many it took and gave.
// Goes on until either is used up; takes no frame before an output frame needs it. in and out must
// not overlap. Thread: rt.
void resampler_process(struct resampler *resampler, const float *in, size_t *in_frames, float *out,
                       size_t *out_frames);

// How many frames process must take before it has given so many: exactly that many are enough.
// Thread: rt.
size_t resampler_need(const struct resampler *resampler, size_t out_frames);

// By how many input frames the next output frame is behind the end of the input taken so far.
// Thread: rt.
double resampler_get_delay(const struct resampler *resampler);

// Whether what comes next is bit-exact: equal rates, scale 1, position whole. Thread: rt.
bool resampler_is_exact(const struct resampler *resampler);

// Silence before the next frame, and the position whole; the scale stays. Thread: rt.
void resampler_reset(struct resampler *resampler);

#endif
