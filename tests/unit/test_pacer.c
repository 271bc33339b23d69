// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/pacer.h"

#define NS_PER_S 1000000000ll
#define START    12345678901ll

static void test_pacer_first_samples_begin_now(void **state)
{
    struct pacer pacer;
    pacer_init(&pacer, 44100);
    assert_int_equal(pacer_next(&pacer, 441, START), START + 10000000);
    assert_int_equal(pacer_next(&pacer, 441, START), START + 20000000);
}

static void test_pacer_does_not_drift(void **state)
{
    struct pacer pacer;
    int64_t due = START;
    pacer_init(&pacer, 44100);
    // 221 samples are 5011337.8 ns; an error of each deadline would add up to milliseconds.
    for (int i = 0; i < 44100; i++)
        due = pacer_next(&pacer, 221, due);
    assert_int_equal(due, START + 221 * NS_PER_S);
}

static void test_pacer_lets_a_late_caller_catch_up(void **state)
{
    struct pacer pacer;
    pacer_init(&pacer, 48000);
    pacer_next(&pacer, 480, START);
    // Half a second late: the deadlines stay where they were.
    assert_int_equal(pacer_next(&pacer, 480, START + NS_PER_S / 2), START + 20000000);
    assert_int_equal(pacer_next(&pacer, 480, START + NS_PER_S / 2), START + 30000000);
}

static void test_pacer_begins_anew_after_a_pause(void **state)
{
    struct pacer pacer;
    pacer_init(&pacer, 48000);
    pacer_next(&pacer, 480, START);
    const int64_t later = START + 60 * NS_PER_S;
    assert_int_equal(pacer_next(&pacer, 480, later), later + 10000000);
    assert_int_equal(pacer_next(&pacer, 480, later), later + 20000000);
}

static void test_pacer_holds_for_years(void **state)
{
    struct pacer pacer;
    pacer_init(&pacer, 192000);
    pacer_next(&pacer, 0, START);
    const uint64_t years_s = 100ull * 365 * 86400;
    pacer_next(&pacer, years_s * 192000 + 96, START);
    assert_int_equal(pacer_next(&pacer, 0, START), START + (int64_t)years_s * NS_PER_S + 500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pacer_first_samples_begin_now),
        cmocka_unit_test(test_pacer_does_not_drift),
        cmocka_unit_test(test_pacer_lets_a_late_caller_catch_up),
        cmocka_unit_test(test_pacer_begins_anew_after_a_pause),
        cmocka_unit_test(test_pacer_holds_for_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
