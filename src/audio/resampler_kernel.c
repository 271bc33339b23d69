// SPDX-License-Identifier: MPL-2.0
//
// One loop, compiled for vectors of 4, 8 and 16 floats in the portable vector types of gcc and
// clang. The choice is a function pointer taken at run time and not an ifunc: resolvers of ifuncs
// run before a sanitizer is ready.

#include "audio/resampler_kernel.h"

#include "audio/resampler_filter.h"

#if defined(__x86_64__) || defined(__i386__)
#    include <immintrin.h>
#    define HAS_AVX 1
#else
#    define HAS_AVX 0
#endif

#define BLOCK     RESAMPLER_FILTER_BLOCK
#define MAX_WIDTH (1 << (RESAMPLER_KERNEL_WIDTHS - 1))

#ifdef __clang__
#    define UNROLL _Pragma("clang loop unroll(full)")
#else
#    define UNROLL _Pragma("GCC unroll 8")
#endif

typedef float vector_portable __attribute__((vector_size(16), aligned(4), may_alias));
typedef float vector_avx2 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float vector_avx512 __attribute__((vector_size(64), aligned(4), may_alias));

#ifdef __clang__
#    define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int indices4 __attribute__((vector_size(16)));
#    define SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (indices4){i, j, k, l})
#endif

// The four sums of four vectors.
static inline __attribute__((always_inline)) vector_portable add_portable(
    const vector_portable v[4])
{
    vector_portable a = SHUFFLE(v[0], v[1], 0, 4, 1, 5) + SHUFFLE(v[0], v[1], 2, 6, 3, 7);
    vector_portable b = SHUFFLE(v[2], v[3], 0, 4, 1, 5) + SHUFFLE(v[2], v[3], 2, 6, 3, 7);
    return SHUFFLE(a, b, 0, 1, 4, 5) + SHUFFLE(a, b, 2, 3, 6, 7);
}

static inline __attribute__((always_inline)) void store(const struct resampler_job *job, size_t i,
                                                        unsigned width, unsigned s,
                                                        vector_portable values)
{
    UNROLL
    for (unsigned k = 0; k < 4; k++) {
        size_t frame = i + (s + k) / width;
        if (frame < job->count)
            job->out[frame * job->out_channels + (s + k) % width] = values[k];
    }
}

// Sums are added up four at a time: four output frames of one channel, two of two, or one of more.
// They stay in registers, because width is a constant wherever run_NAME is inlined. Where there are
// fewer frames than that at the end, the last one is computed more than once and stored once.
#define DEFINE_RUN(NAME)                                                                      \
    TARGET_##NAME static inline __attribute__((always_inline)) void run_##NAME(               \
        const struct resampler_job *job, const unsigned width)                                \
    {                                                                                         \
        const unsigned group = width < 4 ? 4 / width : 1;                                     \
        for (size_t i = 0; i < job->count; i += group) {                                      \
            const struct resampler_point *points[4];                                          \
            vector_##NAME sums[MAX_WIDTH] = {{0}};                                            \
            UNROLL                                                                            \
            for (unsigned g = 0; g < group; g++)                                              \
                points[g] = &job->points[i + g < job->count ? i + g : job->count - 1];        \
            for (size_t tap = 0; tap < job->taps; tap += BLOCK) {                             \
                UNROLL                                                                        \
                for (size_t lane = 0; lane < BLOCK;                                           \
                     lane += sizeof(vector_##NAME) / sizeof(float)) {                         \
                    UNROLL                                                                    \
                    for (unsigned g = 0; g < group; g++) {                                    \
                        const float t = points[g]->t;                                         \
                        const float *c = points[g]->segment + 4 * tap + lane;                 \
                        const float *in = job->planes + points[g]->offset + tap + lane;       \
                        vector_##NAME h = *(const vector_##NAME *)c;                          \
                        h = h * t + *(const vector_##NAME *)(c + BLOCK);                      \
                        h = h * t + *(const vector_##NAME *)(c + 2 * BLOCK);                  \
                        h = h * t + *(const vector_##NAME *)(c + 3 * BLOCK);                  \
                        UNROLL                                                                \
                        for (unsigned channel = 0; channel < width; channel++)                \
                            sums[g * width + channel] +=                                      \
                                h * *(const vector_##NAME *)(in + channel * job->plane_size); \
                    }                                                                         \
                }                                                                             \
            }                                                                                 \
            UNROLL                                                                            \
            for (unsigned s = 0; s < group * width; s += 4)                                   \
                store(job, i, width, s, add_##NAME(&sums[s]));                                \
        }                                                                                     \
    }                                                                                         \
    TARGET_##NAME static void run_##NAME##_1(const struct resampler_job *job)                 \
    {                                                                                         \
        run_##NAME(job, 1);                                                                   \
    }                                                                                         \
    TARGET_##NAME static void run_##NAME##_2(const struct resampler_job *job)                 \
    {                                                                                         \
        run_##NAME(job, 2);                                                                   \
    }                                                                                         \
    TARGET_##NAME static void run_##NAME##_4(const struct resampler_job *job)                 \
    {                                                                                         \
        run_##NAME(job, 4);                                                                   \
    }                                                                                         \
    TARGET_##NAME static void run_##NAME##_8(const struct resampler_job *job)                 \
    {                                                                                         \
        run_##NAME(job, 8);                                                                   \
    }

#define TARGET_portable

DEFINE_RUN(portable)

#if HAS_AVX

#    define TARGET_avx2   __attribute__((target("avx2,fma")))
#    define TARGET_avx512 __attribute__((target("avx512f,avx512vl,avx2,fma")))

TARGET_avx2 static inline __attribute__((always_inline)) vector_portable add_avx2(
    const vector_avx2 v[4])
{
    vector_portable half[4];
    UNROLL
    for (unsigned i = 0; i < 4; i++)
        half[i] = _mm256_castps256_ps128(v[i]) + _mm256_extractf128_ps(v[i], 1);
    return add_portable(half);
}

TARGET_avx512 static inline __attribute__((always_inline)) vector_portable add_avx512(
    const vector_avx512 v[4])
{
    vector_avx2 half[4];
    UNROLL
    for (unsigned i = 0; i < 4; i++) {
        __m512d doubles = _mm512_castps_pd(v[i]);
        half[i] =
            _mm512_castps512_ps256(v[i]) + _mm256_castpd_ps(_mm512_extractf64x4_pd(doubles, 1));
    }
    return add_avx2(half);
}

DEFINE_RUN(avx2)
DEFINE_RUN(avx512)

static const struct resampler_kernel kernels[] = {
    {"AVX-512", {run_avx512_1, run_avx512_2, run_avx512_4, run_avx512_8}},
    {"AVX2", {run_avx2_1, run_avx2_2, run_avx2_4, run_avx2_8}},
    {"portable", {run_portable_1, run_portable_2, run_portable_4, run_portable_8}},
};

static unsigned first_kernel(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 2;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") ? 0 : 1;
}

#else

static const struct resampler_kernel kernels[] = {
    {"portable", {run_portable_1, run_portable_2, run_portable_4, run_portable_8}},
};

static unsigned first_kernel(void)
{
    return 0;
}

#endif

const struct resampler_kernel *resampler_kernel_at(unsigned index)
{
    const unsigned count = sizeof(kernels) / sizeof(*kernels) - first_kernel();
    return index < count ? &kernels[first_kernel() + index] : NULL;
}
