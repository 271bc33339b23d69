// SPDX-License-Identifier: MPL-2.0
//
// Interleaved frames between channel layouts.
// Thread: rt.

#ifndef ROC_AUDIO_CHANNEL_MAP_H
#define ROC_AUDIO_CHANNEL_MAP_H

#include <stddef.h>

// Mono to stereo copies, stereo to mono averages, otherwise the first channels are copied and the
// rest is zero. Does not clip. in and out must not overlap unless equal and the layouts are the
// same.
void channel_map(float *out, unsigned out_channels, const float *in, unsigned in_channels,
                 size_t frames);
// For tracks that are independent of each other: the first ones are copied, the rest is zero. in
// and out must not overlap.
void channel_copy(float *out, unsigned out_channels, const float *in, unsigned in_channels,
                  size_t frames);

#endif
