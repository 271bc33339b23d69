// SPDX-License-Identifier: MPL-2.0

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/mix.h"

static void test_mix_adds_with_gain(void **state)
{
    float out[40], in[40];
    for (size_t count = 0; count < 40; count++) {
        for (unsigned i = 0; i < 40; i++) {
            out[i] = (float)i;
            in[i] = (float)(2 * i + 1);
        }
        mix_add(out, in, 0.5f, count);
        for (unsigned i = 0; i < 40; i++)
            assert_true(out[i] == (i < count ? 2.0f * (float)i + 0.5f : (float)i));
    }
}

static void test_mix_clips_to_one(void **state)
{
    static const float from[] = {0.5f, 1.0f, 1.001f, -1.0f, -1.001f, INFINITY, -INFINITY, -0.25f};
    static const float to[] = {0.5f, 1.0f, 1.0f, -1.0f, -1.0f, 1.0f, -1.0f, -0.25f};
    float samples[40];
    for (unsigned i = 0; i < 40; i++)
        samples[i] = from[i % 8];
    mix_clip(samples, 39);
    for (unsigned i = 0; i < 39; i++)
        assert_true(samples[i] == to[i % 8]);
    assert_true(samples[39] == from[39 % 8]);
}

static void test_mix_clip_makes_nan_silence(void **state)
{
    float samples[20];
    for (unsigned i = 0; i < 20; i++)
        samples[i] = NAN;
    mix_clip(samples, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_true(samples[i] == 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mix_adds_with_gain),
        cmocka_unit_test(test_mix_clips_to_one),
        cmocka_unit_test(test_mix_clip_makes_nan_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
