// SPDX-License-Identifier: MPL-2.0

#include "audio/pcm.h"

#include <endian.h>
#include <float.h>
#include <math.h>
#include <string.h>
#ifdef __SSE2__
#    include <emmintrin.h>
#endif

#define STEP 4

// 24 dB above full scale: sound that was mixed too hot is clipped, what is above it never was one.
#define MAX_PLAUSIBLE 16.0f

static inline float clip(float sample)
{
    if (sample > 1.0f)
        return 1.0f;
    return sample < -1.0f ? -1.0f : sample;
}

static inline void encode_sample(uint8_t *out, float sample)
{
    float clipped = sample == sample ? clip(sample) : 0.0f;
    uint32_t word;
    memcpy(&word, &clipped, sizeof(word));
    word = htobe32(word);
    memcpy(out, &word, sizeof(word));
}

static inline float decode_sample(const uint8_t *in)
{
    uint32_t word;
    float sample;
    memcpy(&word, in, sizeof(word));
    word = be32toh(word);
    memcpy(&sample, &word, sizeof(sample));
    float size = fabsf(sample);
    // False for a NaN, too.
    return size >= FLT_MIN && size <= MAX_PLAUSIBLE ? clip(sample) : 0.0f;
}

#ifdef __SSE2__

// A macro, for the shuffles take a constant expression and nothing less.
#    define SWAP_HALVES _MM_SHUFFLE(2, 3, 0, 1)

static inline __m128i swap_bytes(__m128i words)
{
    __m128i swapped = _mm_or_si128(_mm_slli_epi16(words, 8), _mm_srli_epi16(words, 8));
    return _mm_shufflehi_epi16(_mm_shufflelo_epi16(swapped, SWAP_HALVES), SWAP_HALVES);
}

static inline __m128 clip_4(__m128 samples)
{
    return _mm_max_ps(_mm_min_ps(samples, _mm_set1_ps(1.0f)), _mm_set1_ps(-1.0f));
}

static inline void encode_step(uint8_t *out, const float *in)
{
    __m128 samples = _mm_loadu_ps(in);
    samples = clip_4(_mm_and_ps(samples, _mm_cmpord_ps(samples, samples)));
    _mm_storeu_si128((__m128i *)out, swap_bytes(_mm_castps_si128(samples)));
}

static inline void decode_step(float *out, const uint8_t *in)
{
    __m128 samples = _mm_castsi128_ps(swap_bytes(_mm_loadu_si128((const __m128i *)in)));
    __m128 sizes = _mm_andnot_ps(_mm_set1_ps(-0.0f), samples);
    __m128 is_sound = _mm_and_ps(_mm_cmpge_ps(sizes, _mm_set1_ps(FLT_MIN)),
                                 _mm_cmple_ps(sizes, _mm_set1_ps(MAX_PLAUSIBLE)));
    _mm_storeu_ps(out, clip_4(_mm_and_ps(samples, is_sound)));
}

#else

static inline void encode_step(uint8_t *out, const float *in)
{
    for (size_t s = 0; s < STEP; s++)
        encode_sample(out + s * PCM_F32_SAMPLE_SIZE, in[s]);
}

static inline void decode_step(float *out, const uint8_t *in)
{
    for (size_t s = 0; s < STEP; s++)
        out[s] = decode_sample(in + s * PCM_F32_SAMPLE_SIZE);
}

#endif

void pcm_encode_f32(uint8_t *restrict out, const float *restrict in, size_t count)
{
    size_t i = 0;
    for (; count - i >= STEP; i += STEP)
        encode_step(out + i * PCM_F32_SAMPLE_SIZE, in + i);
    for (; i < count; i++)
        encode_sample(out + i * PCM_F32_SAMPLE_SIZE, in[i]);
}

void pcm_decode_f32(float *restrict out, const uint8_t *restrict in, size_t count)
{
    size_t i = 0;
    for (; count - i >= STEP; i += STEP)
        decode_step(out + i, in + i * PCM_F32_SAMPLE_SIZE);
    for (; i < count; i++)
        out[i] = decode_sample(in + i * PCM_F32_SAMPLE_SIZE);
}
