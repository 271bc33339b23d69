// SPDX-License-Identifier: MPL-2.0

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/channel_map.h"

static const float frames[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void check(unsigned out_channels, unsigned in_channels, const float *expected, size_t count)
{
    float out[16];
    for (size_t i = 0; i < 16; i++)
        out[i] = 42.0f;
    channel_map(out, out_channels, frames, in_channels, count);
    assert_memory_equal(out, expected, count * out_channels * sizeof(*out));
    assert_true(out[count * out_channels] == 42.0f);
}

static void test_channel_map_mono_to_stereo_copies(void **state)
{
    check(2, 1, (const float[]){1, 1, 2, 2, 3, 3}, 3);
}

static void test_channel_map_stereo_to_mono_averages(void **state)
{
    check(1, 2, (const float[]){1.5f, 3.5f, 5.5f}, 3);
}

static void test_channel_map_same_layout_copies(void **state)
{
    check(3, 3, frames, 3);
    float same[] = {1, 2, 3};
    channel_map(same, 3, same, 3, 1);
    assert_memory_equal(same, frames, sizeof(same));
}

static void test_channel_map_otherwise_copies_first_channels(void **state)
{
    check(4, 2, (const float[]){1, 2, 0, 0, 3, 4, 0, 0}, 2);
    check(3, 1, (const float[]){1, 0, 0, 2, 0, 0}, 2);
    check(2, 4, (const float[]){1, 2, 5, 6}, 2);
    check(1, 3, (const float[]){1, 4}, 2);
}

static void test_channel_map_of_nothing_writes_nothing(void **state)
{
    check(2, 1, NULL, 0);
    check(1, 1, NULL, 0);
}

static void test_channel_copy_never_remixes(void **state)
{
    const float one[] = {1, 2};
    const float two[] = {1, 2, 3, 4};
    float out[4] = {9, 9, 9, 9};
    channel_copy(out, 2, one, 1, 2);
    assert_true(out[0] == 1 && out[1] == 0 && out[2] == 2 && out[3] == 0);
    channel_copy(out, 1, two, 2, 2);
    assert_true(out[0] == 1 && out[1] == 3 && out[2] == 2);
}

enum { FL, FR, FC, LF, BL, BR, SL, SR };

// What one input channel gives to one output.
static double weight(unsigned out_channels, unsigned in_channels, unsigned to, unsigned from)
{
    float in[8] = {0}, out[9] = {0};
    in[from] = 0.5f;
    out[out_channels] = 42.0f;
    channel_map(out, out_channels, in, in_channels, 1);
    assert_true(out[out_channels] == 42.0f);
    return (double)out[to] * 2;
}

static void check_row(unsigned out_channels, unsigned in_channels, unsigned to, const double *row)
{
    double sum = 0;
    for (unsigned from = 0; from < in_channels; from++)
        sum += row[from];
    for (unsigned from = 0; from < in_channels; from++)
        assert_true(fabs(weight(out_channels, in_channels, to, from) - row[from] / sum) < 1e-6);
}

static void test_channel_map_surround_down_mixes(void **state)
{
    const double c = sqrt(0.5);
    check_row(1, 6, 0, (const double[]){c, c, 1, 0, 0.5, 0.5});
    check_row(2, 6, FL, (const double[]){1, 0, c, 0, c, 0});
    check_row(2, 6, FR, (const double[]){0, 1, c, 0, 0, c});
    check_row(1, 8, 0, (const double[]){c, c, 1, 0, c / 2, c / 2, c / 2, c / 2});
    check_row(2, 8, FL, (const double[]){1, 0, c, 0, 0.5, 0, 0.5, 0});
    check_row(2, 8, FR, (const double[]){0, 1, c, 0, 0, 0.5, 0, 0.5});
    for (unsigned to = FL; to <= LF; to++) {
        double copied[8] = {0};
        copied[to] = 1;
        check_row(6, 8, to, copied);
    }
    check_row(6, 8, BL, (const double[]){0, 0, 0, 0, 1, 0, 1, 0});
    check_row(6, 8, BR, (const double[]){0, 0, 0, 0, 0, 1, 0, 1});
}

static void test_channel_map_surround_up_mixes(void **state)
{
    for (unsigned surround = 6; surround <= 8; surround += 2) {
        for (unsigned to = 0; to < surround; to++) {
            assert_true(weight(surround, 1, to, 0) == (to == FC));
            for (unsigned from = FL; from <= FR; from++)
                assert_true(weight(surround, 2, to, from) == (to == from));
        }
    }
    for (unsigned to = 0; to < 8; to++)
        for (unsigned from = 0; from < 6; from++)
            assert_true(weight(8, 6, to, from) == (to == from));
}

static void test_channel_map_surround_of_many_frames(void **state)
{
    const float in[12] = {0, 0, 0, 0, 0, 0, 0.25f, 0.5f, 0, 0, 0, 0};
    float out[4];
    channel_map(out, 2, in, 6, 2);
    assert_true(out[0] == 0 && out[1] == 0);
    assert_true(out[2] > 0.1f && out[3] == 2 * out[2]);
}

static void test_channel_map_full_scale_stays_in_range(void **state)
{
    const float in[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    for (unsigned from = 1; from <= 8; from++) {
        for (unsigned to = 1; to <= 8; to++) {
            float out[8];
            channel_map(out, to, in, from, 1);
            for (unsigned i = 0; i < to; i++)
                assert_true(out[i] >= 0 && out[i] <= 1.0f);
        }
    }
}

static void test_channel_copy_takes_first_channels_of_surround(void **state)
{
    float out[6];
    channel_copy(out, 2, frames, 6, 1);
    assert_true(out[0] == 1 && out[1] == 2);
    channel_copy(out, 6, frames, 2, 1);
    assert_memory_equal(out, ((const float[]){1, 2, 0, 0, 0, 0}), sizeof(out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_map_mono_to_stereo_copies),
        cmocka_unit_test(test_channel_map_stereo_to_mono_averages),
        cmocka_unit_test(test_channel_map_same_layout_copies),
        cmocka_unit_test(test_channel_map_otherwise_copies_first_channels),
        cmocka_unit_test(test_channel_copy_never_remixes),
        cmocka_unit_test(test_channel_map_of_nothing_writes_nothing),
        cmocka_unit_test(test_channel_map_surround_down_mixes),
        cmocka_unit_test(test_channel_map_surround_up_mixes),
        cmocka_unit_test(test_channel_map_surround_of_many_frames),
        cmocka_unit_test(test_channel_map_full_scale_stays_in_range),
        cmocka_unit_test(test_channel_copy_takes_first_channels_of_surround),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
