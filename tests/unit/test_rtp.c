// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/rtp.h"

static const uint8_t plain[] = {0x80, 0x0a, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef,
                                0x01, 0x02, 0x03, 0x04, 0xaa, 0xbb, 0xcc, 0xdd};

// A packet around bytes of the test, as the network would hand it over.
static struct packet around(const uint8_t *bytes, size_t size)
{
    return (struct packet){
        .data = (uint8_t *)bytes, .size_bytes = (uint16_t)size, .capacity = (uint16_t)size};
}

static void test_rtp_parses_plain_packet(void **state)
{
    struct packet packet = around(plain, sizeof(plain));
    assert_int_equal(rtp_parse(&packet, 0, sizeof(plain)), 0);
    assert_true(packet.has_rtp);
    assert_int_equal(packet.payload_type, 10);
    assert_int_equal(packet.seq, 0x1234);
    assert_int_equal(packet.timestamp, 0xdeadbeef);
    assert_int_equal(packet.ssrc, 0x01020304);
    assert_int_equal(packet.payload_offset, 12);
    assert_int_equal(packet.payload_size, 4);
}

static void test_rtp_parses_at_offset(void **state)
{
    uint8_t bytes[6 + sizeof(plain) + 3] = {0};
    memcpy(bytes + 6, plain, sizeof(plain));
    struct packet packet = around(bytes, sizeof(bytes));
    assert_int_equal(rtp_parse(&packet, 6, sizeof(plain)), 0);
    assert_int_equal(packet.seq, 0x1234);
    assert_int_equal(packet.payload_offset, 18);
    assert_int_equal(packet.payload_size, 4);
}

static void test_rtp_marker_is_no_part_of_payload_type(void **state)
{
    uint8_t bytes[sizeof(plain)];
    memcpy(bytes, plain, sizeof(plain));
    bytes[1] |= 0x80;
    struct packet packet = around(bytes, sizeof(bytes));
    assert_int_equal(rtp_parse(&packet, 0, sizeof(bytes)), 0);
    assert_int_equal(packet.payload_type, 10);
}

static void test_rtp_skips_csrc_and_extension(void **state)
{
    uint8_t bytes[12 + 8 + 4 + 12 + 2] = {0x92, 0x0b};
    bytes[20 + 3] = 3; // words of extension behind its own header
    bytes[36] = 0x55;
    struct packet packet = around(bytes, sizeof(bytes));
    assert_int_equal(rtp_parse(&packet, 0, sizeof(bytes)), 0);
    assert_int_equal(packet.payload_offset, 36);
    assert_int_equal(packet.payload_size, 2);
}

static void test_rtp_removes_padding(void **state)
{
    uint8_t bytes[sizeof(plain)];
    memcpy(bytes, plain, sizeof(plain));
    bytes[0] |= 0x20;
    struct packet packet = around(bytes, sizeof(bytes));
    for (unsigned padding = 0; padding < 256; padding++) {
        bytes[15] = (uint8_t)padding;
        int expected = padding >= 1 && padding <= 4 ? 0 : -EBADMSG;
        assert_int_equal(rtp_parse(&packet, 0, sizeof(bytes)), expected);
        if (expected == 0)
            assert_int_equal(packet.payload_size, 4 - padding);
    }
    // No payload, no room for the count.
    packet.size_bytes = 12;
    assert_int_equal(rtp_parse(&packet, 0, 12), -EBADMSG);
}

static void test_rtp_refuses_every_truncation(void **state)
{
    uint8_t bytes[12 + 60 + 4 + 8] = {0x9f};
    bytes[12 + 60 + 3] = 2;
    for (size_t size = 0; size < sizeof(bytes); size++) {
        struct packet packet = around(bytes, size);
        assert_int_equal(rtp_parse(&packet, 0, size), -EBADMSG);
        assert_false(packet.has_rtp);
    }
    struct packet packet = around(bytes, sizeof(bytes));
    assert_int_equal(rtp_parse(&packet, 0, sizeof(bytes)), 0);
    assert_int_equal(packet.payload_size, 0);
}

static void test_rtp_refuses_other_versions(void **state)
{
    uint8_t bytes[sizeof(plain)];
    memcpy(bytes, plain, sizeof(plain));
    for (unsigned version = 0; version < 4; version++) {
        bytes[0] = (uint8_t)(version << 6);
        struct packet packet = around(bytes, sizeof(bytes));
        assert_int_equal(rtp_parse(&packet, 0, sizeof(bytes)), version == 2 ? 0 : -EBADMSG);
    }
}

static void test_rtp_refuses_range_outside_of_packet(void **state)
{
    struct packet packet = around(plain, sizeof(plain));
    assert_int_equal(rtp_parse(&packet, 0, sizeof(plain) + 1), -EBADMSG);
    assert_int_equal(rtp_parse(&packet, 1, sizeof(plain)), -EBADMSG);
    assert_int_equal(rtp_parse(&packet, sizeof(plain) + 1, 0), -EBADMSG);
    assert_int_equal(rtp_parse(&packet, SIZE_MAX, 12), -EBADMSG);
    assert_int_equal(rtp_parse(&packet, 4, SIZE_MAX), -EBADMSG);
}

static void test_rtp_writes_what_it_parses(void **state)
{
    uint8_t bytes[16];
    memset(bytes, 0xee, sizeof(bytes));
    struct packet packet = around(bytes, sizeof(bytes));
    packet.payload_type = 10;
    packet.seq = 0x1234;
    packet.timestamp = 0xdeadbeef;
    packet.ssrc = 0x01020304;
    assert_int_equal(rtp_write(&packet, 0), 12);
    assert_memory_equal(bytes, plain, 12);
    assert_int_equal(bytes[12], 0xee);
    assert_int_equal(packet.payload_offset, 12);
    assert_int_equal(rtp_write(&packet, 4), 12);
    assert_memory_equal(bytes + 4, plain, 12);
    assert_int_equal(packet.payload_offset, 16);
    assert_int_equal(rtp_write(&packet, 5), -ENOSPC);
    assert_int_equal(rtp_write(&packet, 17), -ENOSPC);
    assert_int_equal(rtp_write(&packet, SIZE_MAX), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtp_parses_plain_packet),
        cmocka_unit_test(test_rtp_parses_at_offset),
        cmocka_unit_test(test_rtp_marker_is_no_part_of_payload_type),
        cmocka_unit_test(test_rtp_skips_csrc_and_extension),
        cmocka_unit_test(test_rtp_removes_padding),
        cmocka_unit_test(test_rtp_refuses_every_truncation),
        cmocka_unit_test(test_rtp_refuses_other_versions),
        cmocka_unit_test(test_rtp_refuses_range_outside_of_packet),
        cmocka_unit_test(test_rtp_writes_what_it_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
