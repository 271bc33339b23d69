// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "model/metrics.h"

static void test_metrics_leave_out_the_other_half(void **state)
{
    struct half_metrics metrics = {.packets_sent = 5, .packets_lost = 7, .frames = 9};
    json_t *body = half_metrics_write(&metrics);
    assert_int_equal(json_integer_value(json_object_get(body, "packets_sent")), 5);
    assert_int_equal(json_integer_value(json_object_get(body, "frames")), 9);
    assert_null(json_object_get(body, "packets_lost"));
    json_decref(body);

    metrics.is_receiver = true;
    body = half_metrics_write(&metrics);
    assert_int_equal(json_integer_value(json_object_get(body, "packets_lost")), 7);
    assert_null(json_object_get(body, "packets_sent"));
    json_decref(body);
}

static void test_metrics_show_what_is_no_number_as_null(void **state)
{
    struct half_metrics metrics = {.is_receiver = true, .jitter_ms = NAN, .level_db = -INFINITY};
    json_t *body = half_metrics_write(&metrics);
    assert_true(json_is_null(json_object_get(body, "jitter_ms")));
    assert_true(json_is_null(json_object_get(body, "level_db")));
    assert_true(json_is_real(json_object_get(body, "queue_latency_ms")));
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics_leave_out_the_other_half),
        cmocka_unit_test(test_metrics_show_what_is_no_number_as_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
