// SPDX-License-Identifier: MPL-2.0
//
// Where sound looked most like it does now.
//
// Thread: rt.

#ifndef ROC_AUDIO_WAVEFORM_MATCH_H
#define ROC_AUDIO_WAVEFORM_MATCH_H

#include <stddef.h>

// The lag from min to max (both included) at which what lies so far back resembles most the last
// `length` of samples[0 .. count), loudness apart; 0 when nothing does. Needs length + max <= count
// and 1 <= min <= max.
size_t waveform_match_find(const float *samples, size_t count, size_t length, size_t min,
                           size_t max);

// The sum of a[i] * b[i].
float waveform_match_product(const float *a, const float *b, size_t count);

#endif
