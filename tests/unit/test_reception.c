// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/reception.h"

static void test_nothing_is_known_before_the_first_packet(void **state)
{
    struct reception reception = {0};
    assert_int_equal(reception_get(&reception, 100), RECEPTION_NOTHING_YET);
    reception_update(&reception, 0, 0, 100);
    assert_int_equal(reception_get(&reception, 100000), RECEPTION_NOTHING_YET);
}

static void test_loss_is_shown_for_a_while(void **state)
{
    struct reception reception = {0};
    reception_update(&reception, 100, 7, 1000); // before our time
    assert_int_equal(reception_get(&reception, 1000), RECEPTION_GOOD);
    reception_update(&reception, 200, 8, 2000);
    assert_int_equal(reception_get(&reception, 2000), RECEPTION_LOSSY);
    reception_update(&reception, 300, 8, 7000);
    assert_int_equal(reception_get(&reception, 7000), RECEPTION_LOSSY);
    reception_update(&reception, 301, 8, 7001);
    assert_int_equal(reception_get(&reception, 7001), RECEPTION_GOOD);
}

static void test_silence_is_noticed_and_forgiven(void **state)
{
    struct reception reception = {0};
    reception_update(&reception, 100, 0, 1000);
    reception_update(&reception, 100, 0, 6000);
    assert_int_equal(reception_get(&reception, 6000), RECEPTION_GOOD);
    assert_int_equal(reception_get(&reception, 6001), RECEPTION_SILENT);
    reception_update(&reception, 101, 0, 6002);
    assert_int_equal(reception_get(&reception, 6002), RECEPTION_GOOD);
}

static void test_new_receiver_starts_over(void **state)
{
    struct reception reception = {0};
    reception_update(&reception, 100, 5, 1000);
    reception_update(&reception, 200, 9, 2000);
    reception_update(&reception, 3, 0, 3000);
    assert_int_equal(reception_get(&reception, 3000), RECEPTION_GOOD);
    reception_update(&reception, 0, 0, 4000);
    assert_int_equal(reception_get(&reception, 4000), RECEPTION_NOTHING_YET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_before_the_first_packet),
        cmocka_unit_test(test_loss_is_shown_for_a_while),
        cmocka_unit_test(test_silence_is_noticed_and_forgiven),
        cmocka_unit_test(test_new_receiver_starts_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
