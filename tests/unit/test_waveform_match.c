// SPDX-License-Identifier: MPL-2.0

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/waveform_match.h"
#include "base/random.h"

#define COUNT 1500

static float samples[COUNT];

static void make_noise(uint64_t seed)
{
    struct random random;
    random_init(&random, seed);
    for (size_t i = 0; i < COUNT; i++)
        samples[i] = (float)random_below(&random, 65537) / 32768.0f - 1.0f;
}

static void test_waveform_match_finds_what_came_before(void **state)
{
    for (size_t lag = 300; lag <= 1000; lag += 33) {
        make_noise(lag);
        // As then, but half as loud.
        for (size_t i = COUNT - 300; i < COUNT; i++)
            samples[i] = 0.5f * samples[i - lag];
        assert_int_equal(waveform_match_find(samples, COUNT, 200, 10, 1000), lag);
        assert_int_equal(waveform_match_find(samples, COUNT, 200, lag, lag), lag);
    }
}

static void test_waveform_match_takes_no_opposite(void **state)
{
    for (size_t i = 0; i < COUNT; i++)
        samples[i] = (float)sin(2 * 3.14159265358979 * (double)i / 100);
    assert_int_equal(waveform_match_find(samples, COUNT, 200, 30, 120), 100);
}

static void test_waveform_match_finds_nothing_in_silence(void **state)
{
    memset(samples, 0, sizeof(samples));
    assert_int_equal(waveform_match_find(samples, COUNT, 200, 10, 1000), 0);
}

static void test_waveform_match_multiplies_any_count(void **state)
{
    make_noise(1);
    for (size_t count = 0; count < 50; count++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += (double)samples[i] * (double)samples[i + 3];
        assert_true(fabs((double)waveform_match_product(samples, samples + 3, count) - sum) < 1e-4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waveform_match_finds_what_came_before),
        cmocka_unit_test(test_waveform_match_takes_no_opposite),
        cmocka_unit_test(test_waveform_match_finds_nothing_in_silence),
        cmocka_unit_test(test_waveform_match_multiplies_any_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
