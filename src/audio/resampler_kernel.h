// SPDX-License-Identifier: MPL-2.0
//
// The inner loop of a resampler, one for each kind of vector unit.

#ifndef ROC_AUDIO_RESAMPLER_KERNEL_H
#define ROC_AUDIO_RESAMPLER_KERNEL_H

#include <stddef.h>
#include <stdint.h>

// Where one output frame lies.
struct resampler_point {
    const float *segment; // of the filter, borrowed
    uint32_t offset;      // of the frame under the first tap
    float t;              // inside the segment
};

// Output frames of some channels. All pointers are borrowed.
struct resampler_job {
    const struct resampler_point *points;
    size_t count;
    size_t taps;
    const float *planes; // input, one plane for each channel
    size_t plane_size;   // from one plane to the next
    float *out;          // interleaved
    size_t out_channels; // from one frame to the next
};

// How many channels one call computes: 1, 2, 4, 8. The more, the less work for each.
#define RESAMPLER_KERNEL_WIDTHS 4

struct resampler_kernel {
    const char *name;
    // run[i] computes 1 << i channels. A channel's samples do not depend on i. Thread: rt.
    void (*run[RESAMPLER_KERNEL_WIDTHS])(const struct resampler_job *job);
};

// The kernels that this machine can run, the fastest first; NULL behind the last. Thread: any.
const struct resampler_kernel *resampler_kernel_at(unsigned index);

#endif
