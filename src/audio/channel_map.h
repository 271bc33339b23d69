// SPDX-License-Identifier: MPL-2.0
//
// Interleaved frames between channel layouts. The number of channels is the layout:
//
// 1  mono
// 2  stereo: left, right
// 6  5.1: front left, front right, front centre, low frequencies, back left, back right
// 8  7.1: as 5.1, then side left, side right
//
// which is the order of WAV files and of SMPTE. Any other number is a row of channels without
// places.
//
// Thread: rt.

#ifndef ROC_AUDIO_CHANNEL_MAP_H
#define ROC_AUDIO_CHANNEL_MAP_H

#include <stddef.h>

// Weights of the inputs, with c = sqrt(1/2) as ITU-R BS.775 has it. Where more inputs than one make
// an output, the weights are divided by their sum, so that no input clips. The low frequencies are
// left out of what has no such channel.
//
// mono -> stereo     left and right = mono
// mono -> 5.1, 7.1   front centre = mono
// stereo -> mono     left + right
// 5.1 -> mono        c front left + c front right + centre + 1/2 back left + 1/2 back right
// 5.1 -> stereo      front left + c centre + c back left; the right side likewise
// 7.1 -> mono        as 5.1, with c/2 of every back and side channel
// 7.1 -> stereo      front left + c centre + 1/2 back left + 1/2 side left; the right side likewise
// 7.1 -> 5.1         back left + side left; the right side likewise; the others are copied
// else               the first channels are copied and the rest is zero
//
// Does not clip. in and out must not overlap unless equal and the layouts are the same.
void channel_map(float *out, unsigned out_channels, const float *in, unsigned in_channels,
                 size_t frames);
// Where one side are tracks that are independent of each other: the first ones are copied, the rest
// is zero. in and out must not overlap.
void channel_copy(float *out, unsigned out_channels, const float *in, unsigned in_channels,
                  size_t frames);

#endif
