// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/payload_type.h"

static void test_static_types_are_those_of_rfc_3551(void **state)
{
    assert_int_equal(payload_type_get(TRANSPORT_L16, 44100, 2), 10);
    assert_int_equal(payload_type_get(TRANSPORT_L16, 44100, 1), 11);
}

// Peers of different versions meet: a number never changes its meaning.
static void test_numbers_are_fixed(void **state)
{
    assert_int_equal(payload_type_get(TRANSPORT_L16, 48000, 2), 96);
    assert_int_equal(payload_type_get(TRANSPORT_L16, 48000, 1), 97);
    assert_int_equal(payload_type_get(TRANSPORT_L16, 96000, 2), 98);
    assert_int_equal(payload_type_get(TRANSPORT_L16, 8000, 1), 119);
    assert_int_equal(payload_type_get(TRANSPORT_L16, 44100, 8), 125);
}

static void test_every_format_has_its_own_number(void **state)
{
    size_t count = 0;
    const struct payload_format *table = payload_type_table(&count);
    for (size_t i = 0; i < count; i++) {
        int payload_type = payload_type_get(TRANSPORT_L16, table[i].rate_hz, table[i].channels);
        assert_int_equal(payload_type, 96 + i);
        assert_in_range(payload_type, 96, 125);
    }
}

// The transport of the stream tells what these stand for.
static void test_other_formats_share_a_number(void **state)
{
    assert_int_equal(payload_type_get(TRANSPORT_L16, 44100, 3), 95);
    assert_int_equal(payload_type_get(TRANSPORT_L16, 44099, 2), 95);
    assert_int_equal(payload_type_get(TRANSPORT_L24, 44100, 2), 126);
    assert_int_equal(payload_type_get(TRANSPORT_L24, 192000, 32), 126);
    assert_int_equal(payload_type_get(TRANSPORT_F32, 44100, 2), 127);
}

static void test_formats_are_those_of_libroc(void **state)
{
    assert_int_equal(payload_format_get(TRANSPORT_L16), ROC_PACKET_FORMAT_L16);
    assert_int_equal(payload_format_get(TRANSPORT_L24), ROC_PACKET_FORMAT_L24);
    assert_int_equal(payload_format_get(TRANSPORT_F32), ROC_PACKET_FORMAT_F32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_static_types_are_those_of_rfc_3551),
        cmocka_unit_test(test_numbers_are_fixed),
        cmocka_unit_test(test_every_format_has_its_own_number),
        cmocka_unit_test(test_other_formats_share_a_number),
        cmocka_unit_test(test_formats_are_those_of_libroc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
