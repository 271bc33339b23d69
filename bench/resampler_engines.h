// SPDX-License-Identifier: MPL-2.0
//
// Our resampler and those of other libraries behind one function, so that a benchmark can feed all
// of them the same frames. A library that was missing when this was built has no engines.

#ifndef ROC_BENCH_RESAMPLER_ENGINES_H
#define ROC_BENCH_RESAMPLER_ENGINES_H

#include <stddef.h>

struct conversion {
    unsigned in_rate_hz;
    unsigned out_rate_hz;
    int drift_ppm; // input that much faster
    unsigned channels;
};

struct engine {
    const char *name;
    // NULL when it cannot do this.
    void *(*create)(const struct engine *engine, const struct conversion *conversion);
    // Takes all of in and returns the frames that it gave.
    size_t (*run)(void *state, const float *in, size_t in_frames, float *out, size_t max_frames);
    void (*destroy)(void *state);
    int quality;     // as the library counts it
    unsigned kernel; // ours only
};

// All engines, fastest kernel first where they differ by it; the name behind the last one is NULL.
extern const struct engine engines[];
// The engine's name, and its kernel's if it is ours. Written into buffer.
void engine_describe(const struct engine *engine, char *buffer, size_t buffer_size);
// The one to compare with; NULL without libsoxr.
const struct engine *engine_reference(void);
double conversion_ratio(const struct conversion *conversion); // output frames for an input frame

#endif
