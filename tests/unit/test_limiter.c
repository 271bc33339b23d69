// SPDX-License-Identifier: MPL-2.0

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/limiter.h"
#include "audio/mix.h"
#include "base/random.h"

#define RATE_HZ 44100
#define FRAMES  (2 * RATE_HZ)
#define PI      3.14159265358979323846

static float mixed[FRAMES], other[FRAMES];

static void make_sines(float *samples, double a_hz, double b_hz)
{
    for (size_t i = 0; i < FRAMES; i++)
        samples[i] = (float)(sin(2 * PI * a_hz * (double)i / RATE_HZ) +
                             sin(2 * PI * b_hz * (double)i / RATE_HZ));
}

static void run(struct limiter *limiter, float *samples, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t n = count - i < 441 ? count - i : 441;
        limiter_push(limiter, samples + i, n);
        i += n;
    }
}

// Amplitude of what is there at this frequency in the second half, a whole second.
static double amplitude(const float *samples, double hz)
{
    double sine = 0, cosine = 0;
    for (size_t i = RATE_HZ; i < FRAMES; i++) {
        sine += (double)samples[i] * sin(2 * PI * hz * (double)i / RATE_HZ);
        cosine += (double)samples[i] * cos(2 * PI * hz * (double)i / RATE_HZ);
    }
    return 2 * sqrt(sine * sine + cosine * cosine) / RATE_HZ;
}

// The worst of what odd cutting makes of two tones: 2a-b, 2b-a, 3a, 3b, in dB below a tone.
static double measure_strangers(const float *samples, double a, double b)
{
    const double hz[] = {fabs(2 * a - b), fabs(2 * b - a), 3 * a, 3 * b};
    double worst = 0;
    for (size_t i = 0; i < 4; i++)
        worst = fmax(worst, amplitude(samples, hz[i]));
    return 20 * log10(worst / amplitude(samples, a) + 1e-12);
}

static void test_limiter_makes_no_harmonics_of_two_loud_tones(void **state)
{
    const double pairs[][2] = {{440, 1000}, {60, 97}, {997, 1009}, {5000, 7001}};
    for (size_t p = 0; p < 4; p++) {
        struct limiter limiter;
        double a = pairs[p][0], b = pairs[p][1], clipped, limited;
        make_sines(mixed, a, b);
        memcpy(other, mixed, sizeof(mixed));
        limiter_init(&limiter, 1, RATE_HZ);
        run(&limiter, mixed, FRAMES);
        mix_clip(other, FRAMES);
        clipped = measure_strangers(other, a, b);
        limited = measure_strangers(mixed, a, b);
        print_message("%.0f + %.0f Hz: clipped %.1f dB, limited %.1f dB\n", a, b, clipped, limited);
        assert_true(clipped > -20);
        assert_true(limited < -40);
    }
}

static void test_limiter_passes_what_is_in_range_bit_by_bit(void **state)
{
    struct limiter limiter;
    struct random random;
    random_init(&random, 1);
    for (size_t i = 0; i < FRAMES; i++)
        mixed[i] = (float)random_below(&random, 65537) / 32768.0f - 1.0f;
    memcpy(other, mixed, sizeof(mixed));
    limiter_init(&limiter, 2, RATE_HZ);
    limiter_push(&limiter, mixed, FRAMES / 2);
    assert_memory_equal(mixed, other, sizeof(mixed));
}

static void test_limiter_never_leaves_the_range(void **state)
{
    static const float strange[] = {NAN, INFINITY, -INFINITY, 1e30f, -60.0f, 3.0f, 1.0001f, 0.5f};
    struct limiter limiter;
    struct random random;
    random_init(&random, 2);
    limiter_init(&limiter, 3, RATE_HZ);
    for (size_t i = 0; i < FRAMES; i++)
        mixed[i] = strange[random_below(&random, 8)];
    limiter_push(&limiter, mixed, FRAMES / 3);
    for (size_t i = 0; i < FRAMES; i++)
        assert_true(mixed[i] >= -1.0f && mixed[i] <= 1.0f);
}

static void test_limiter_keeps_the_balance_of_channels(void **state)
{
    struct limiter limiter;
    float frames[] = {2.0f, 0.5f, 0.5f, 0.5f};
    limiter_init(&limiter, 2, RATE_HZ);
    limiter_push(&limiter, frames, 2);
    assert_true(frames[0] == 1.0f && frames[1] == 0.25f);
    assert_true(frames[2] == 0.25f && frames[3] == 0.25f);
}

static void test_limiter_returns_to_full_level(void **state)
{
    struct limiter limiter;
    limiter_init(&limiter, 1, RATE_HZ);
    for (size_t i = 0; i < FRAMES; i++)
        mixed[i] = i < 100 ? 2.0f : 0.25f;
    run(&limiter, mixed, FRAMES);
    // Held, then rising without a step, then as it came.
    assert_true(mixed[100 + RATE_HZ / 12] == 0.125f);
    for (size_t i = 101; i < FRAMES; i++)
        assert_true(mixed[i] >= mixed[i - 1] && mixed[i] - mixed[i - 1] < 1e-4f);
    for (size_t i = 100 + RATE_HZ * 31 / 100; i < FRAMES; i++)
        assert_true(mixed[i] == 0.25f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limiter_makes_no_harmonics_of_two_loud_tones),
        cmocka_unit_test(test_limiter_passes_what_is_in_range_bit_by_bit),
        cmocka_unit_test(test_limiter_never_leaves_the_range),
        cmocka_unit_test(test_limiter_keeps_the_balance_of_channels),
        cmocka_unit_test(test_limiter_returns_to_full_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
