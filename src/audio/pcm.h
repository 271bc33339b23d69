// SPDX-License-Identifier: MPL-2.0
//
// Samples between memory (float, interleaved, -1..1) and the formats of the wire.
//
// format  bytes  on the wire
// L16       2    signed integer, big-endian (RFC 3551 section 4.5.11); full scale is 2^15
// L24       3    signed integer, big-endian (RFC 3190 section 4); full scale is 2^23
// F32       4    IEEE 754 single precision, big-endian as all numbers of RTP (no RFC names it);
//                full scale is 1
//
// All of them saturate at full scale, and a NaN becomes 0. The integers truncate toward zero, as
// deployed peers do for L16, so that audio of 16 or 24 bits passes bit-exact. F32 passes every
// normal float from -1 to 1 bit-exact.
//
// What a stranger's F32 may hold beyond sound is silenced when decoding: a NaN, an infinity, or a
// value above 16 (24 dB over full scale) is damage, and as 0 it is heard less than as a lone sample
// at full scale. Numbers below 2^-126 become 0, too, because arithmetic on them is slow.
// Thread: rt.

#ifndef ROC_AUDIO_PCM_H
#define ROC_AUDIO_PCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pcm_format { PCM_L16, PCM_L24, PCM_F32 };

// What is accepted at the user's door.
#define AUDIO_MAX_RATE_HZ  1000000
#define AUDIO_MAX_CHANNELS 1024

// What one RTP payload type means. Passed by value.
struct audio_encoding {
    uint8_t payload_type;
    unsigned rate_hz;
    unsigned channels;
    bool is_multitrack; // the channels are independent tracks, which are never remixed
    enum pcm_format format;
};

// One format of the wire. count = samples of all channels; in and out must not overlap, and need no
// alignment on the wire side.
struct pcm_codec {
    unsigned sample_size; // bytes
    void (*encode)(uint8_t *out, const float *in, size_t count);
    void (*decode)(float *out, const uint8_t *in, size_t count);
};

// Lives as long as the program; NULL when there is no such format.
const struct pcm_codec *pcm_codec_get(enum pcm_format format);
// Bytes of one sample of every channel; 0 when there is no such format. Below 2^34.
uint64_t audio_encoding_frame_size(const struct audio_encoding *encoding);

#define PCM_L16_SAMPLE_SIZE 2
#define PCM_L24_SAMPLE_SIZE 3
#define PCM_F32_SAMPLE_SIZE 4

// What the codecs consist of; each is proven by a test of its own.
void pcm_encode_l16(uint8_t *out, const float *in, size_t count);
void pcm_decode_l16(float *out, const uint8_t *in, size_t count);
void pcm_encode_l24(uint8_t *out, const float *in, size_t count);
void pcm_decode_l24(float *out, const uint8_t *in, size_t count);
void pcm_encode_f32(uint8_t *out, const float *in, size_t count);
void pcm_decode_f32(float *out, const uint8_t *in, size_t count);

#endif
