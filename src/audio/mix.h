// SPDX-License-Identifier: MPL-2.0
//
// Adding streams together. count = samples of all channels.
// Thread: rt.

#ifndef ROC_AUDIO_MIX_H
#define ROC_AUDIO_MIX_H

#include <stddef.h>

// out += in * gain. in and out must not overlap.
void mix_add(float *out, const float *in, float gain, size_t count);
// Limits to -1..1; a NaN becomes 0.
void mix_clip(float *samples, size_t count);

#endif
