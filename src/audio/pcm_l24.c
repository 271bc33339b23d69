// SPDX-License-Identifier: MPL-2.0
//
// Three bytes are no size that a processor knows. A whole word is written for each sample, and the
// next sample overwrites its fourth byte; likewise a whole word is read and the fourth byte shifted
// out. Only the last sample of a run goes by bytes, because a word of it would pass its end.

#include "audio/pcm.h"

#include <endian.h>
#include <string.h>
#ifdef __SSE2__
#    include <emmintrin.h>
#endif

// Samples per step: a count that the compiler knows, so that it makes vector code of the step at
// any optimisation level.
#define STEP 16

// 2^23 - 1 is a float, and so is every integer below it: scaling, clamping and the cast are exact.
#define L24_SCALE 8388608.0f
#define L24_MIN   (-8388608.0f)
#define L24_MAX   8388607.0f

static inline int32_t encode_sample(float sample)
{
    float scaled = sample * L24_SCALE;
    scaled = scaled == scaled ? scaled : 0.0f;
    scaled = scaled < L24_MIN ? L24_MIN : scaled;
    scaled = scaled > L24_MAX ? L24_MAX : scaled;
    return (int32_t)scaled;
}

#ifdef __SSE2__

static inline void convert_step(int32_t *out, const float *in)
{
    for (size_t s = 0; s < STEP; s += 4) {
        __m128 scaled = _mm_mul_ps(_mm_loadu_ps(in + s), _mm_set1_ps(L24_SCALE));
        scaled = _mm_and_ps(scaled, _mm_cmpord_ps(scaled, scaled));
        scaled = _mm_max_ps(scaled, _mm_set1_ps(L24_MIN));
        scaled = _mm_min_ps(scaled, _mm_set1_ps(L24_MAX));
        _mm_storeu_si128((__m128i *)(out + s), _mm_cvttps_epi32(scaled));
    }
}

#else

static inline void convert_step(int32_t *out, const float *in)
{
    for (size_t s = 0; s < STEP; s++)
        out[s] = encode_sample(in[s]);
}

#endif

static inline void write_word(uint8_t *out, int32_t sample)
{
    uint32_t word = htobe32((uint32_t)sample << 8);
    memcpy(out, &word, sizeof(word));
}

static inline void write_bytes(uint8_t *out, int32_t sample)
{
    out[0] = (uint8_t)((uint32_t)sample >> 16);
    out[1] = (uint8_t)((uint32_t)sample >> 8);
    out[2] = (uint8_t)sample;
}

void pcm_encode_l24(uint8_t *restrict out, const float *restrict in, size_t count)
{
    int32_t host[STEP];
    size_t i = 0;
    // Strictly more than a step: its last word reaches into the sample that follows.
    for (; count - i > STEP; i += STEP) {
        convert_step(host, in + i);
        for (size_t s = 0; s < STEP; s++)
            write_word(out + (i + s) * PCM_L24_SAMPLE_SIZE, host[s]);
    }
    for (; i < count; i++)
        write_bytes(out + i * PCM_L24_SAMPLE_SIZE, encode_sample(in[i]));
}

static inline int32_t read_word(const uint8_t *in)
{
    uint32_t word;
    memcpy(&word, in, sizeof(word));
    // The sample with its sign in place, times 256.
    return (int32_t)(be32toh(word) & 0xffffff00u);
}

static inline int32_t read_bytes(const uint8_t *in)
{
    return (int32_t)((uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8);
}

// 24 significant bits fit a float, so the conversion is exact also with the factor of 256 in it.
static inline float decode_sample(int32_t shifted)
{
    return (float)shifted * (1.0f / (L24_SCALE * 256.0f));
}

void pcm_decode_l24(float *restrict out, const uint8_t *restrict in, size_t count)
{
    int32_t host[STEP];
    size_t i = 0;
    for (; count - i > STEP; i += STEP) {
        for (size_t s = 0; s < STEP; s++)
            host[s] = read_word(in + (i + s) * PCM_L24_SAMPLE_SIZE);
        for (size_t s = 0; s < STEP; s++)
            out[i + s] = decode_sample(host[s]);
    }
    for (; i < count; i++)
        out[i] = decode_sample(read_bytes(in + i * PCM_L24_SAMPLE_SIZE));
}
