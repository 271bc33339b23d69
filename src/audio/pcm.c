// SPDX-License-Identifier: MPL-2.0

#include "audio/pcm.h"

#include <string.h>
#ifdef __SSE2__
#    include <emmintrin.h>
#endif

// Samples per step: a count that the compiler knows, so that it makes vector code of the step at
// any optimisation level.
#define STEP 16

#define L16_SCALE 32768.0f
#define L16_MIN   (-32768.0f)
#define L16_MAX   32767.0f

// Scaling by a power of two is exact in float, so this equals the peers' arithmetic in double.
// Clamping to 32767 before the cast gives what they get: everything from 32767 up truncates to it.
static inline uint16_t encode_sample(float sample)
{
    float scaled = sample * L16_SCALE;
    scaled = scaled == scaled ? scaled : 0.0f;
    scaled = scaled < L16_MIN ? L16_MIN : scaled;
    scaled = scaled > L16_MAX ? L16_MAX : scaled;
    return __builtin_bswap16((uint16_t)(int16_t)(int32_t)scaled);
}

#ifdef __SSE2__

// The conversion yields INT32_MIN for what is too small, and the pack saturates it, so only the
// upper limit is left to set.
static inline __m128i convert_4(const float *in)
{
    __m128 scaled = _mm_mul_ps(_mm_loadu_ps(in), _mm_set1_ps(L16_SCALE));
    scaled = _mm_and_ps(scaled, _mm_cmpord_ps(scaled, scaled));
    return _mm_cvttps_epi32(_mm_min_ps(scaled, _mm_set1_ps(L16_MAX)));
}

// gcc makes no saturating pack of plain C: this is four times as fast.
static inline void encode_step(uint8_t *out, const float *in)
{
    for (size_t s = 0; s < STEP; s += 8) {
        __m128i host = _mm_packs_epi32(convert_4(in + s), convert_4(in + s + 4));
        __m128i wire = _mm_or_si128(_mm_slli_epi16(host, 8), _mm_srli_epi16(host, 8));
        _mm_storeu_si128((__m128i *)(out + s * PCM_L16_SAMPLE_SIZE), wire);
    }
}

#else

static inline void encode_step(uint8_t *out, const float *in)
{
    uint16_t wire[STEP];
    for (size_t s = 0; s < STEP; s++)
        wire[s] = encode_sample(in[s]);
    memcpy(out, wire, sizeof(wire));
}

#endif

static inline float decode_sample(uint16_t wire)
{
    return (float)(int16_t)__builtin_bswap16(wire) * (1.0f / L16_SCALE);
}

void pcm_encode_l16(uint8_t *restrict out, const float *restrict in, size_t count)
{
    size_t i = 0;
    for (; count - i >= STEP; i += STEP)
        encode_step(out + i * PCM_L16_SAMPLE_SIZE, in + i);
    for (; i < count; i++) {
        uint16_t last = encode_sample(in[i]);
        memcpy(out + i * PCM_L16_SAMPLE_SIZE, &last, sizeof(last));
    }
}

void pcm_decode_l16(float *restrict out, const uint8_t *restrict in, size_t count)
{
    uint16_t wire[STEP];
    size_t i = 0;
    for (; count - i >= STEP; i += STEP) {
        memcpy(wire, in + i * PCM_L16_SAMPLE_SIZE, sizeof(wire));
        for (size_t s = 0; s < STEP; s++)
            out[i + s] = decode_sample(wire[s]);
    }
    for (; i < count; i++) {
        uint16_t last;
        memcpy(&last, in + i * PCM_L16_SAMPLE_SIZE, sizeof(last));
        out[i] = decode_sample(last);
    }
}
