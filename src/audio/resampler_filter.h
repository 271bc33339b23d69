// SPDX-License-Identifier: MPL-2.0
//
// The low-pass filter of a resampler: a sinc under a Kaiser window as piecewise cubic polynomials,
// so that its taps can be had for any position between two input frames.
//
// The filter's half amplitude is at half the lower rate and its zeros are whole periods of the
// lower rate away from its centre. Between equal rates, at a whole position, it is exactly one tap
// of 1.
//
// Filters depend on the profile and, for lower output rates, on the ratio of the rates. They are
// shared: equal ones exist once in a process.

#ifndef ROC_AUDIO_RESAMPLER_FILTER_H
#define ROC_AUDIO_RESAMPLER_FILTER_H

#include "audio/resampler.h"

// Taps come in blocks of this many, and a block holds its cubic, quadratic, linear and constant
// coefficients in this order.
#define RESAMPLER_FILTER_BLOCK  16
#define RESAMPLER_FILTER_DEGREE 3

// Read-only once it is created.
struct resampler_filter {
    unsigned taps;             // a multiple of RESAMPLER_FILTER_BLOCK
    unsigned segments;         // equal parts of the distance between two input frames
    size_t segment_size;       // floats of one segment
    const float *coefficients; // segments * segment_size, aligned to 64 bytes
};

// An output frame at the fraction f between two input frames uses segment floor(f * segments), and
// its taps are the values of the polynomials at t = f * segments - floor(f * segments).
// Tap k of taps belongs to the input frame k - (taps / 2 - 1) frames after the
// left one of the two.
// Shared; -ENOMEM. The rates and the profile are valid. Thread: any.
int resampler_filter_create(const struct resampler_filter **out, enum resampler_profile profile,
                            unsigned in_rate_hz, unsigned out_rate_hz);
// Thread: any.
void resampler_filter_unref(const struct resampler_filter *filter);

#endif
