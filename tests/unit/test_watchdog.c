// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/watchdog.h"

static const struct watchdog_config config = {
    .warm_up = 1000,
    .no_playback = 400,
    .choppy = 2000,
    .choppy_window = 300,
};

static void test_watchdog_ends_session_after_silence(void **state)
{
    struct watchdog watchdog;
    watchdog_init(&watchdog, &config);
    assert_true(watchdog_push(&watchdog, 100, 100, false));
    assert_true(watchdog_push(&watchdog, 300, 0, false));
    assert_true(watchdog_push(&watchdog, 99, 0, false));
    assert_false(watchdog_push(&watchdog, 1, 0, false));
    assert_false(watchdog_push(&watchdog, 100, 100, false));
}

static void test_watchdog_starts_over_with_each_sound(void **state)
{
    struct watchdog watchdog;
    watchdog_init(&watchdog, &config);
    for (int i = 0; i < 100; i++) {
        assert_true(watchdog_push(&watchdog, 399, 0, false));
        assert_true(watchdog_push(&watchdog, 100, 1, false));
    }
}

static void test_watchdog_does_not_count_warm_up(void **state)
{
    struct watchdog watchdog;
    watchdog_init(&watchdog, &config);
    assert_true(watchdog_push(&watchdog, 900, 0, false));
    assert_true(watchdog_push(&watchdog, 499, 0, false));
    assert_false(watchdog_push(&watchdog, 1, 0, false));
}

static void test_watchdog_warm_up_ends_with_the_first_sound(void **state)
{
    struct watchdog watchdog;
    watchdog_init(&watchdog, &config);
    assert_true(watchdog_push(&watchdog, 10, 10, false));
    assert_false(watchdog_push(&watchdog, 400, 0, false));
}

static void test_watchdog_negative_never_ends(void **state)
{
    struct watchdog watchdog;
    watchdog_init(&watchdog,
                  &(struct watchdog_config){.no_playback = -1, .choppy = -1, .choppy_window = 1});
    for (int i = 0; i < 1000; i++) {
        assert_true(watchdog_push(&watchdog, 100000, 0, true));
        assert_true(watchdog_push(&watchdog, 100000, 1, true));
    }
}

// Frames until the session ends when every 100 frames have a gap and, if so told, a late packet.
static int64_t play_choppy(bool has_late, bool good_window_between)
{
    struct watchdog watchdog;
    int64_t frames = 0;
    watchdog_init(&watchdog, &config);
    while (frames < 100000) {
        bool is_good = good_window_between && frames % 1500 < 300;
        frames += 100;
        if (!watchdog_push(&watchdog, 100, is_good ? 100 : 50, has_late && !is_good)) {
            return frames;
        }
    }
    return -1;
}

static void test_watchdog_ends_choppy_session(void **state)
{
    // Seven whole windows of 300 are the first to hold 2000.
    assert_int_equal(play_choppy(true, false), 2100);
}

static void test_watchdog_bears_gaps_without_late_packets(void **state)
{
    assert_int_equal(play_choppy(false, false), -1);
}

static void test_watchdog_starts_over_after_a_good_window(void **state)
{
    assert_int_equal(play_choppy(true, true), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watchdog_ends_session_after_silence),
        cmocka_unit_test(test_watchdog_starts_over_with_each_sound),
        cmocka_unit_test(test_watchdog_does_not_count_warm_up),
        cmocka_unit_test(test_watchdog_warm_up_ends_with_the_first_sound),
        cmocka_unit_test(test_watchdog_negative_never_ends),
        cmocka_unit_test(test_watchdog_ends_choppy_session),
        cmocka_unit_test(test_watchdog_bears_gaps_without_late_packets),
        cmocka_unit_test(test_watchdog_starts_over_after_a_good_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
