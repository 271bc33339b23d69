// SPDX-License-Identifier: MPL-2.0
//
// Samples between memory (float, interleaved, -1..1) and the wire (L16 big-endian).
// Thread: rt.

#ifndef ROC_AUDIO_PCM_H
#define ROC_AUDIO_PCM_H

#include <stddef.h>
#include <stdint.h>

// What one RTP payload type means. Passed by value.
struct audio_encoding {
    uint8_t payload_type;
    unsigned rate_hz;
    unsigned channels;
};

// count = samples of all channels. Truncates toward zero and saturates, so that 16-bit audio
// passes bit-exact and equals what deployed peers send.
void pcm_encode_l16(uint8_t *out, const float *in, size_t count);
void pcm_decode_l16(float *out, const uint8_t *in, size_t count);

// Interleaved frames between layouts: mono to stereo copies, stereo to mono averages, otherwise
// the first channels are copied and the rest is zero. in and out must not overlap unless equal and
// the layouts are the same.
void channel_map(float *out, unsigned out_channels, const float *in, unsigned in_channels,
                 size_t frames);

// out += in * gain, count samples of all channels.
void mix_add(float *out, const float *in, float gain, size_t count);
// Limits to -1..1; a NaN becomes 0.
void mix_clip(float *samples, size_t count);

#endif
