// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "wire/ntp.h"

#define NS_PER_S   1000000000ll
#define ERA_1_S    2085978496ll // 2036-02-07 06:28:16 UTC
#define SECONDS(s) ((s)*NS_PER_S)

static void test_ntp_knows_the_epochs(void **state)
{
    assert_int_equal(ntp_from_unix_ns(0), (uint64_t)2208988800u << 32);
    assert_int_equal(ntp_to_unix_ns((uint64_t)2208988800u << 32), 0);
    // The last second of the first era, and the first of the next.
    assert_int_equal(ntp_from_unix_ns(SECONDS(ERA_1_S - 1)) >> 32, 0xffffffffu);
    assert_int_equal(ntp_from_unix_ns(SECONDS(ERA_1_S)), 0);
    assert_int_equal(ntp_to_unix_ns(0), SECONDS(ERA_1_S));
    assert_int_equal(ntp_to_unix_ns((uint64_t)0xffffffffu << 32), SECONDS(ERA_1_S - 1));
}

static void test_ntp_fraction_is_truncated(void **state)
{
    assert_int_equal((uint32_t)ntp_from_unix_ns(500000000), 0x80000000u);
    assert_int_equal((uint32_t)ntp_from_unix_ns(1), 4);
    assert_int_equal((uint32_t)ntp_from_unix_ns(999999999), 4294967291u);
}

static void test_ntp_gives_nanoseconds_back(void **state)
{
    struct random random;
    random_init(&random, 1);
    for (int i = 0; i < 100000; i++) {
        int64_t time = (int64_t)(random_next(&random) % (uint64_t)SECONDS(2 * ERA_1_S));
        assert_int_equal(ntp_to_unix_ns(ntp_from_unix_ns(time)), time);
    }
}

static void test_ntp_middle_is_widened_to_the_nearest(void **state)
{
    const int64_t near = SECONDS(1700000000) + 123456789;
    // Up to half a turn of 18 hours either way.
    const int64_t steps[] = {0, 1000000, -1000000, SECONDS(32000), SECONDS(-32000)};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        const int64_t time = near + steps[i];
        const int64_t found = ntp_middle_to_unix_ns(ntp_middle(ntp_from_unix_ns(time)), near);
        assert_true(found <= time && found > time - 15300); // 2^-16 s
    }
    // Across the eras.
    const uint32_t middle = ntp_middle(ntp_from_unix_ns(SECONDS(ERA_1_S + 1)));
    assert_int_equal(ntp_middle_to_unix_ns(middle, SECONDS(ERA_1_S - 1)), SECONDS(ERA_1_S + 1));
}

static void test_ntp_short_rounds_and_saturates(void **state)
{
    assert_int_equal(ntp_short_from_ns(SECONDS(1)), 0x10000);
    assert_int_equal(ntp_short_from_ns(7629), 0); // below half a step
    assert_int_equal(ntp_short_from_ns(7630), 1);
    assert_int_equal(ntp_short_from_ns(-5), 0);
    assert_int_equal(ntp_short_from_ns(INT64_MAX), UINT32_MAX);
    assert_int_equal(ntp_short_from_ns(SECONDS(65536) - 1), UINT32_MAX);
    assert_int_equal(ntp_short_to_ns(0x30fc), 191345215);
    assert_int_equal(ntp_short_to_ns(UINT32_MAX), SECONDS(65536) - 15259);
}

static void test_ntp_long_keeps_nanoseconds(void **state)
{
    const int64_t durations[] = {0, 1, 198870000, NS_PER_S, SECONDS(86400) + 7};
    for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++)
        assert_int_equal(ntp_long_to_ns(ntp_long_from_ns(durations[i])), durations[i]);
    assert_int_equal(ntp_long_from_ns(-1), 0);
    assert_int_equal(ntp_long_from_ns(INT64_MAX), UINT64_MAX);
    assert_true(ntp_long_to_ns(UINT64_MAX) > SECONDS(4294967295));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntp_knows_the_epochs),
        cmocka_unit_test(test_ntp_fraction_is_truncated),
        cmocka_unit_test(test_ntp_gives_nanoseconds_back),
        cmocka_unit_test(test_ntp_middle_is_widened_to_the_nearest),
        cmocka_unit_test(test_ntp_short_rounds_and_saturates),
        cmocka_unit_test(test_ntp_long_keeps_nanoseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
