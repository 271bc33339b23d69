// SPDX-License-Identifier: MPL-2.0

#include "audio/waveform_match.h"

typedef float vector4 __attribute__((vector_size(16), aligned(4), may_alias));

// Below this power there is nothing to compare.
#define SILENCE 1e-9f

float waveform_match_product(const float *a, const float *b, size_t count)
{
    vector4 sums[4] = {{0}};
    float sum = 0;
    size_t i = 0;

    for (; count - i >= 16; i += 16) {
        sums[0] += *(const vector4 *)(a + i) * *(const vector4 *)(b + i);
        sums[1] += *(const vector4 *)(a + i + 4) * *(const vector4 *)(b + i + 4);
        sums[2] += *(const vector4 *)(a + i + 8) * *(const vector4 *)(b + i + 8);
        sums[3] += *(const vector4 *)(a + i + 12) * *(const vector4 *)(b + i + 12);
    }
    for (; i < count; i++) {
        sum += a[i] * b[i];
    }
    sums[0] += sums[1] + sums[2] + sums[3];
    return sum + sums[0][0] + sums[0][1] + sums[0][2] + sums[0][3];
}

size_t waveform_match_find(const float *samples, size_t count, size_t length, size_t min,
                           size_t max)
{
    const float *now = samples + (count - length);
    const float *then = now - min;
    float power = waveform_match_product(then, then, length);
    float best = 0;
    size_t best_lag = 0;
    size_t lag;

    for (lag = min; lag <= max; lag++, then--) {
        float product = waveform_match_product(now, then, length);

        if (product > 0 && power > SILENCE && product * product > best * power) {
            best = product * product / power;
            best_lag = lag;
        }
        if (lag < max) {
            // One sample earlier: the newest one leaves, an older one comes in.
            power += then[-1] * then[-1] - then[length - 1] * then[length - 1];
        }
    }
    return best_lag;
}
