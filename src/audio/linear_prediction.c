// SPDX-License-Identifier: MPL-2.0
//
// As in resampler_kernel.c: one loop for vectors of 4 and 8 floats, chosen at run time.

#include "audio/linear_prediction.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#    define HAS_AVX 1
#else
#    define HAS_AVX 0
#endif

// What remains below this part of the power is rounding, and more stages would model that.
#define ENOUGH 1e-12
// A reflection of 1 would be a tone that never ends.
#define MAX_REFLECTION 0.9999999

typedef float vector4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef float vector8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));

struct sums {
    double product, power;
};

// One stage of the lattice. `forward` begins with the error that belongs to `backward`[0].
// reflect: takes from each what the other one explains of it.
// correlate: how much the errors of the next stage explain each other. Those in the middle weigh
// most (a parabola): without weights, where a tone begins and ends in its cycle would detune it.
// NOLINTBEGIN(bugprone-macro-parentheses): types and attributes cannot stand in parentheses
#define DEFINE_STAGE(NAME, VECTOR, TARGET)                                                    \
    TARGET static void reflect_##NAME(float *forward, float *backward, size_t count, float k) \
    {                                                                                         \
        const size_t width = sizeof(VECTOR) / sizeof(float);                                  \
        size_t i = 0;                                                                         \
        for (; count - i >= width; i += width) {                                              \
            VECTOR f = *(VECTOR *)(forward + i);                                              \
            VECTOR b = *(VECTOR *)(backward + i);                                             \
            *(VECTOR *)(forward + i) = f - b * k;                                             \
            *(VECTOR *)(backward + i) = b - f * k;                                            \
        }                                                                                     \
        for (; i < count; i++) {                                                              \
            float f = forward[i];                                                             \
            forward[i] = f - backward[i] * k;                                                 \
            backward[i] -= f * k;                                                             \
        }                                                                                     \
    }                                                                                         \
    TARGET static struct sums correlate_##NAME(const float *forward, const float *backward,   \
                                               size_t count) {                                \
        const size_t width = sizeof(VECTOR) / sizeof(float);                                  \
        VECTOR product[2] = {{0}}, power[2] = {{0}}, rise, fall;                              \
        struct sums sums = {0, 0};                                                            \
        size_t i, s;                                                                          \
        for (i = 0; i < width; i++) {                                                         \
            rise[i] = (float)(i + 1);                                                         \
            fall[i] = (float)count - (float)i;                                                \
        }                                                                                     \
        for (i = 0; count - i >= 2 * width; i += 2 * width) {                                 \
            for (s = 0; s < 2; s++) {                                                         \
                VECTOR f = *(const VECTOR *)(forward + i + s * width);                        \
                VECTOR b = *(const VECTOR *)(backward + i + s * width);                       \
                VECTOR weight = (rise + (float)(s * width)) * (fall - (float)(s * width));    \
                product[s] += weight * f * b;                                                 \
                power[s] += weight * (f * f + b * b);                                         \
            }                                                                                 \
            rise += (float)(2 * width);                                                       \
            fall -= (float)(2 * width);                                                       \
        }                                                                                     \
        if (count - i >= width) {                                                             \
            VECTOR f = *(const VECTOR *)(forward + i);                                        \
            VECTOR b = *(const VECTOR *)(backward + i);                                       \
            VECTOR weight = rise * fall;                                                      \
            product[0] += weight * f * b;                                                     \
            power[0] += weight * (f * f + b * b);                                             \
            i += width;                                                                       \
        }                                                                                     \
        product[0] += product[1];                                                             \
        power[0] += power[1];                                                                 \
        for (s = 0; s < width; s++) {                                                         \
            sums.product += (double)product[0][s];                                            \
            sums.power += (double)power[0][s];                                                \
        }                                                                                     \
        for (; i < count; i++) {                                                              \
            float weight = (float)(i + 1) * (float)(count - i);                               \
            sums.product += (double)(weight * forward[i] * backward[i]);                      \
            sums.power +=                                                                     \
                (double)(weight * (forward[i] * forward[i] + backward[i] * backward[i]));     \
        }                                                                                     \
        return sums;                                                                          \
    }
// NOLINTEND(bugprone-macro-parentheses)

DEFINE_STAGE(4, vector4, )
#if HAS_AVX
DEFINE_STAGE(8, vector8, __attribute__((target("avx2,fma"))))
#endif

struct stage {
    void (*reflect)(float *forward, float *backward, size_t count, float k);
    struct sums (*correlate)(const float *forward, const float *backward, size_t count);
};

static struct stage choose(void)
{
#if HAS_AVX
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return (struct stage){reflect_8, correlate_8};
    }
#endif
    return (struct stage){reflect_4, correlate_4};
}

// Levinson's step: weights of one order more, the newest sample's first.
static void extend(double *weights, unsigned order, double k)
{
    double old[LINEAR_PREDICTION_MAX_ORDER];
    unsigned i;

    memcpy(old, weights, order * sizeof(*weights));
    for (i = 0; i < order; i++) {
        weights[i] = old[i] - k * old[order - 1 - i];
    }
    weights[order] = k;
}

static void reverse(double *weights, unsigned order)
{
    unsigned i;

    for (i = 0; i < order / 2; i++) {
        double swapped = weights[i];
        weights[i] = weights[order - 1 - i];
        weights[order - 1 - i] = swapped;
    }
}

double linear_prediction_burg(float *samples, float *copy, size_t count, unsigned order,
                              double *weights)
{
    struct stage stage = choose();
    float *forward = samples + 1;
    float *backward = copy;
    struct sums sums = stage.correlate(forward, backward, count - 1);
    double first_power = sums.power;
    double left;
    unsigned m;

    memset(weights, 0, order * sizeof(*weights));
    for (m = 0; m < order && sums.power > first_power * ENOUGH; m++) {
        size_t pairs = count - 1 - m;
        double k = 2.0 * sums.product / sums.power;

        k = k > MAX_REFLECTION ? MAX_REFLECTION : k < -MAX_REFLECTION ? -MAX_REFLECTION : k;
        extend(weights, m, k);
        stage.reflect(forward, backward, pairs, (float)k);
        // The error at the front has no partner any more.
        forward++;
        sums = stage.correlate(forward, backward, pairs - 1);
    }
    reverse(weights, order);
    left = (double)(count - 1 - m);
    // The weights of both errors add up to left * (left + 1) * (left + 2) / 3.
    return sqrt(3.0 * sums.power / (left * (left + 1.0) * (left + 2.0)));
}

double linear_prediction_apply(const double *weights, const double *samples, unsigned order)
{
    pair sums[4] = {{0}};
    double sum = 0;
    unsigned i = 0;

    for (; order - i >= 8; i += 8) {
        sums[0] += *(const pair *)(weights + i) * *(const pair *)(samples + i);
        sums[1] += *(const pair *)(weights + i + 2) * *(const pair *)(samples + i + 2);
        sums[2] += *(const pair *)(weights + i + 4) * *(const pair *)(samples + i + 4);
        sums[3] += *(const pair *)(weights + i + 6) * *(const pair *)(samples + i + 6);
    }
    for (; i < order; i++) {
        sum += weights[i] * samples[i];
    }
    sums[0] += sums[1];
    sums[2] += sums[3];
    sums[0] += sums[2];
    return sum + sums[0][0] + sums[0][1];
}
