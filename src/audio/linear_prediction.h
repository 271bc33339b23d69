// SPDX-License-Identifier: MPL-2.0
//
// Linear prediction by Burg's method: each sample as a weighted sum of those before it. The filter
// that follows from it is stable whatever the samples are, and it tells tones apart that a
// windowed autocorrelation of the same few milliseconds would smear.
//
// Thread: rt.

#ifndef ROC_AUDIO_LINEAR_PREDICTION_H
#define ROC_AUDIO_LINEAR_PREDICTION_H

#include <stddef.h>

#define LINEAR_PREDICTION_MAX_ORDER 32

// What samples[0 .. count) and a copy of them look like to a filter of `order` (at most the maximum
// and less than count). Both arrays are used up. Writes `order` weights, the oldest sample's
// first: sample[n] is about the sum of weights[i] * sample[n - order + i]. Returns the root mean
// square of what the filter could not foretell. Samples must be finite.
double linear_prediction_burg(float *samples, float *copy, size_t count, unsigned order,
                              double *weights);

// The sum of weights[i] * samples[i].
double linear_prediction_apply(const double *weights, const double *samples, unsigned order);

#endif
