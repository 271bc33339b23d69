// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"

// xoshiro256** from the state 1, 2, 3, 4: the first values of its reference implementation.
static void test_random_follows_its_reference(void **state)
{
    struct random random = {.state = {1, 2, 3, 4}};
    const uint64_t expected[] = {11520u, 0u, 1509978240u, 1215971899390074240u};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(random_next(&random), expected[i]);
}

static void test_random_same_seed_repeats_and_others_differ(void **state)
{
    struct random a, b, c;
    random_init(&a, 42);
    random_init(&b, 42);
    random_init(&c, 43);
    unsigned same = 0;
    for (int i = 0; i < 1000; i++) {
        const uint64_t value = random_next(&a);
        assert_int_equal(value, random_next(&b));
        same += value == random_next(&c);
    }
    assert_int_equal(same, 0);
}

static void test_random_below_stays_below_and_reaches_all(void **state)
{
    struct random random;
    random_init(&random, 1);
    assert_int_equal(random_below(&random, 0), 0);
    assert_int_equal(random_below(&random, 1), 0);
    unsigned hits[10] = {0};
    for (int i = 0; i < 10000; i++) {
        const uint32_t value = random_below(&random, 10);
        assert_true(value < 10);
        hits[value]++;
    }
    for (size_t i = 0; i < 10; i++)
        assert_in_range(hits[i], 850, 1150);
    for (int i = 0; i < 1000; i++)
        assert_true(random_below(&random, 0x80000001u) <= 0x80000000u);
}

static void test_random_unit_is_in_range_and_centred(void **state)
{
    struct random random;
    random_init(&random, 7);
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        const double value = random_unit(&random);
        assert_true(value >= 0.0 && value < 1.0);
        sum += value;
    }
    assert_true(sum > 4800 && sum < 5200);
}

static void test_random_fill_fills_every_byte(void **state)
{
    uint8_t either[257] = {0};
    uint8_t bytes[257];
    // Each byte stays 0 in all 8 fills with probability 2^-64.
    for (int i = 0; i < 8; i++) {
        random_fill(bytes, sizeof(bytes));
        for (size_t j = 0; j < sizeof(bytes); j++)
            either[j] |= bytes[j];
    }
    for (size_t j = 0; j < sizeof(either); j++)
        assert_int_not_equal(either[j], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_follows_its_reference),
        cmocka_unit_test(test_random_same_seed_repeats_and_others_differ),
        cmocka_unit_test(test_random_below_stays_below_and_reaches_all),
        cmocka_unit_test(test_random_unit_is_in_range_and_centred),
        cmocka_unit_test(test_random_fill_fills_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
