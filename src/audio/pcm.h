// SPDX-License-Identifier: MPL-2.0
//
// Samples between memory (float, interleaved, -1..1) and the wire (L16 big-endian).
// Thread: rt.

#ifndef ROC_AUDIO_PCM_H
#define ROC_AUDIO_PCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What one RTP payload type means. Passed by value.
struct audio_encoding {
    uint8_t payload_type;
    unsigned rate_hz;
    unsigned channels;
    bool is_multitrack; // the channels are independent tracks, which are never remixed
};

#define PCM_L16_SAMPLE_SIZE 2

// count = samples of all channels; in and out must not overlap, and need no alignment on the wire
// side. Truncates toward zero and saturates, so that 16-bit audio passes bit-exact and equals what
// deployed peers send. A NaN becomes 0.
void pcm_encode_l16(uint8_t *out, const float *in, size_t count);
void pcm_decode_l16(float *out, const uint8_t *in, size_t count);

#endif
