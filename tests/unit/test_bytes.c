// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/bytes.h"

static void test_bytes_reads_big_endian(void **state)
{
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct bytes_reader reader;
    bytes_reader_init(&reader, data, sizeof(data));
    assert_int_equal(bytes_get_u8(&reader), 0x01);
    assert_int_equal(bytes_get_u16(&reader), 0x0203);
    assert_int_equal(bytes_get_u24(&reader), 0x040506);
    assert_int_equal(bytes_get_u32(&reader), 0x0708090a);
    assert_int_equal(bytes_left(&reader), 0);
    assert_false(reader.is_short);
}

static void test_bytes_reader_stops_at_the_end(void **state)
{
    static const uint8_t data[] = {0xff, 0xff, 0xff};
    struct bytes_reader reader;
    bytes_reader_init(&reader, data, sizeof(data));
    assert_int_equal(bytes_get_u32(&reader), 0);
    assert_true(reader.is_short);
    // Once short, always short: a later field must not be read from where an earlier one should be.
    assert_int_equal(bytes_get_u8(&reader), 0);
    assert_null(bytes_get(&reader, 0));
    bytes_reader_init(&reader, data, sizeof(data));
    assert_null(bytes_get(&reader, SIZE_MAX));
    bytes_reader_init(&reader, NULL, 0);
    assert_int_equal(bytes_get_u8(&reader), 0);
    assert_true(reader.is_short);
}

static void test_bytes_writes_big_endian(void **state)
{
    static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    uint8_t data[sizeof(expected)];
    struct bytes_writer writer;
    bytes_writer_init(&writer, data, sizeof(data));
    bytes_set_u8(&writer, 0x01);
    bytes_set_u16(&writer, 0x0203);
    bytes_set_u24(&writer, 0x040506);
    bytes_set_u32(&writer, 0x0708090a);
    assert_false(writer.is_short);
    assert_memory_equal(data, expected, sizeof(data));
}

static void test_bytes_writer_stops_at_the_end(void **state)
{
    uint8_t data[4] = {9, 9, 9, 9};
    struct bytes_writer writer;
    bytes_writer_init(&writer, data, 3);
    bytes_set_u32(&writer, 0);
    assert_true(writer.is_short);
    bytes_set_u8(&writer, 0);
    static const uint8_t untouched[4] = {9, 9, 9, 9};
    assert_memory_equal(data, untouched, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_reads_big_endian),
        cmocka_unit_test(test_bytes_reader_stops_at_the_end),
        cmocka_unit_test(test_bytes_writes_big_endian),
        cmocka_unit_test(test_bytes_writer_stops_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
