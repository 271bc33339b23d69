// SPDX-License-Identifier: MPL-2.0

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel_map_mono_to_stereo_copies),
        cmocka_unit_test(test_channel_map_stereo_to_mono_averages),
        cmocka_unit_test(test_channel_map_same_layout_copies),
        cmocka_unit_test(test_channel_map_otherwise_copies_first_channels),
        cmocka_unit_test(test_channel_copy_never_remixes),
        cmocka_unit_test(test_channel_map_of_nothing_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
