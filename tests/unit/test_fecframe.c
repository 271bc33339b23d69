// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/fecframe.h"

static struct packet around(const uint8_t *bytes, size_t size)
{
    return (struct packet){
        .data = (uint8_t *)bytes, .size_bytes = (uint16_t)size, .capacity = (uint16_t)size};
}

static void check_fields(const struct packet *packet, uint32_t sbn, unsigned esi, unsigned k,
                         unsigned n)
{
    assert_true(packet->has_fec);
    assert_int_equal(packet->sbn, sbn);
    assert_int_equal(packet->esi, esi);
    assert_int_equal(packet->source_block_length, k);
    assert_int_equal(packet->block_length, n);
}

// The payload IDs that real senders were seen to put.
static void test_fecframe_parses_rs8m_of_peers(void **state)
{
    static const uint8_t source[] = {1, 2, 3, 0x00, 0xb0, 0xde, 0x00, 0x00, 0x12};
    struct packet packet = around(source, sizeof(source));
    assert_int_equal(fecframe_parse_source(&packet, FEC_RS8M), 0);
    check_fields(&packet, 0xb0de, 0, 18, 0);
    assert_false(packet.is_repair);
    assert_int_equal(packet.symbol_offset, 0);
    assert_int_equal(packet.symbol_size, 3);

    static const uint8_t repair[] = {0x00, 0xb0, 0xde, 0x12, 0x00, 0x12, 7, 8, 9};
    packet = around(repair, sizeof(repair));
    assert_int_equal(fecframe_parse_repair(&packet, FEC_RS8M), 0);
    check_fields(&packet, 0xb0de, 18, 18, 0);
    assert_true(packet.is_repair);
    assert_int_equal(packet.symbol_offset, 6);
    assert_int_equal(packet.symbol_size, 3);
}

static void test_fecframe_parses_ldpc_of_peers(void **state)
{
    static const uint8_t source[] = {1, 2, 3, 0x3a, 0x96, 0x00, 0x00, 0x00, 0x14};
    struct packet packet = around(source, sizeof(source));
    assert_int_equal(fecframe_parse_source(&packet, FEC_LDPC), 0);
    check_fields(&packet, 0x3a96, 0, 20, 0);
    assert_int_equal(packet.symbol_size, 3);

    static const uint8_t repair[] = {0x3a, 0x96, 0x00, 0x14, 0x00, 0x14, 0x00, 0x1e, 7, 8, 9};
    packet = around(repair, sizeof(repair));
    assert_int_equal(fecframe_parse_repair(&packet, FEC_LDPC), 0);
    check_fields(&packet, 0x3a96, 20, 20, 30);
    assert_int_equal(packet.symbol_offset, 8);
    assert_int_equal(packet.symbol_size, 3);
}

static void test_fecframe_keeps_16_bits_of_rs8m_block_number(void **state)
{
    static const uint8_t source[] = {1, 0x7f, 0xb0, 0xde, 0x00, 0x00, 0x12};
    struct packet packet = around(source, sizeof(source));
    assert_int_equal(fecframe_parse_source(&packet, FEC_RS8M), 0);
    assert_int_equal(packet.sbn, 0xb0de);
}

static int parse_rs8m(bool is_repair, unsigned esi, unsigned k)
{
    uint8_t bytes[7] = {0, 0, 1, (uint8_t)esi, (uint8_t)(k >> 8), (uint8_t)k, 0};
    uint8_t footer[7];
    footer[0] = 0;
    memcpy(footer + 1, bytes, 6);
    struct packet packet = around(is_repair ? bytes : footer, 7);
    int result = is_repair ? fecframe_parse_repair(&packet, FEC_RS8M)
                           : fecframe_parse_source(&packet, FEC_RS8M);
    assert_int_equal(packet.has_fec, result == 0);
    return result;
}

static int parse_ldpc(unsigned esi, unsigned k, unsigned n)
{
    uint8_t bytes[9] = {0,
                        1,
                        (uint8_t)(esi >> 8),
                        (uint8_t)esi,
                        (uint8_t)(k >> 8),
                        (uint8_t)k,
                        (uint8_t)(n >> 8),
                        (uint8_t)n,
                        0};
    struct packet packet = around(bytes, 9);
    return fecframe_parse_repair(&packet, FEC_LDPC);
}

static void test_fecframe_refuses_contradictions(void **state)
{
    assert_int_equal(parse_rs8m(false, 0, 0), -EPROTO);
    assert_int_equal(parse_rs8m(false, 17, 18), 0);
    assert_int_equal(parse_rs8m(false, 18, 18), -EPROTO);
    assert_int_equal(parse_rs8m(false, 0, 255), 0);
    assert_int_equal(parse_rs8m(false, 0, 256), -EPROTO);
    assert_int_equal(parse_rs8m(false, 0, 0xffff), -EPROTO);

    assert_int_equal(parse_rs8m(true, 0, 0), -EPROTO);
    assert_int_equal(parse_rs8m(true, 17, 18), -EPROTO);
    assert_int_equal(parse_rs8m(true, 254, 18), 0);
    assert_int_equal(parse_rs8m(true, 255, 18), -EPROTO);
    assert_int_equal(parse_rs8m(true, 254, 254), 0);
    assert_int_equal(parse_rs8m(true, 254, 255), -EPROTO);
    assert_int_equal(parse_rs8m(true, 255, 255), -EPROTO);

    assert_int_equal(parse_ldpc(20, 20, 30), 0);
    assert_int_equal(parse_ldpc(0, 0, 30), -EPROTO);
    assert_int_equal(parse_ldpc(19, 20, 30), -EPROTO);
    assert_int_equal(parse_ldpc(30, 20, 30), -EPROTO);
    assert_int_equal(parse_ldpc(20, 20, 20), -EPROTO);
    assert_int_equal(parse_ldpc(49999, 40000, 50000), 0);
    assert_int_equal(parse_ldpc(49999, 40000, 50001), -EPROTO);
}

static void test_fecframe_refuses_what_is_too_short(void **state)
{
    uint8_t bytes[9] = {0, 0, 0, 0, 0, 1, 0, 0, 0};
    for (size_t size = 0; size <= 8; size++) {
        struct packet packet = around(bytes, size);
        if (size <= 6) {
            assert_int_equal(fecframe_parse_source(&packet, FEC_RS8M), -EBADMSG);
            assert_int_equal(fecframe_parse_repair(&packet, FEC_RS8M), -EBADMSG);
            assert_int_equal(fecframe_parse_source(&packet, FEC_LDPC), -EBADMSG);
        }
        assert_int_equal(fecframe_parse_repair(&packet, FEC_LDPC), -EBADMSG);
    }
}

static void test_fecframe_writes_what_peers_write(void **state)
{
    static const uint8_t rs8m[] = {0x00, 0xb0, 0xde, 0x12, 0x00, 0x12};
    static const uint8_t ldpc[] = {0x3a, 0x96, 0x00, 0x14, 0x00, 0x14, 0x00, 0x1e};
    uint8_t bytes[16] = {0};
    struct packet packet = around(bytes, sizeof(bytes));
    packet.size_bytes = 3;
    packet.sbn = 0xb0de;
    packet.esi = 18;
    packet.source_block_length = 18;
    packet.block_length = 28;
    assert_int_equal(fecframe_write_source(&packet, FEC_RS8M), 6);
    assert_int_equal(packet.size_bytes, 9);
    assert_memory_equal(bytes + 3, rs8m, 6);
    assert_int_equal(fecframe_write_repair(&packet, FEC_RS8M), 6);
    assert_int_equal(packet.size_bytes, 9);
    assert_memory_equal(bytes, rs8m, 6);

    packet.size_bytes = 3;
    packet.sbn = 0x3a96;
    packet.esi = 20;
    packet.source_block_length = 20;
    packet.block_length = 30;
    assert_int_equal(fecframe_write_source(&packet, FEC_LDPC), 6);
    assert_memory_equal(bytes + 3, ldpc, 6);
    assert_int_equal(fecframe_write_repair(&packet, FEC_LDPC), 8);
    assert_memory_equal(bytes, ldpc, 8);
}

static void test_fecframe_writes_only_where_there_is_room(void **state)
{
    uint8_t bytes[16] = {0};
    struct packet packet = around(bytes, sizeof(bytes));
    packet.size_bytes = 11;
    assert_int_equal(fecframe_write_source(&packet, FEC_RS8M), -ENOSPC);
    assert_int_equal(packet.size_bytes, 11);
    packet.size_bytes = 10;
    assert_int_equal(fecframe_write_source(&packet, FEC_RS8M), 6);
    packet.capacity = 5;
    assert_int_equal(fecframe_write_repair(&packet, FEC_RS8M), -ENOSPC);
    packet.capacity = 7;
    assert_int_equal(fecframe_write_repair(&packet, FEC_LDPC), -ENOSPC);
}

static void test_fecframe_knows_sizes_of_schemes(void **state)
{
    assert_int_equal(fecframe_source_size(FEC_NONE), 0);
    assert_int_equal(fecframe_repair_size(FEC_NONE), 0);
    assert_int_equal(fecframe_max_block_length(FEC_NONE), 0);
    assert_int_equal(fecframe_source_size(FEC_RS8M), 6);
    assert_int_equal(fecframe_repair_size(FEC_RS8M), 6);
    assert_int_equal(fecframe_max_block_length(FEC_RS8M), 255);
    assert_int_equal(fecframe_source_size(FEC_LDPC), 6);
    assert_int_equal(fecframe_repair_size(FEC_LDPC), 8);
    assert_int_equal(fecframe_max_block_length(FEC_LDPC), 50000);

    uint8_t bytes[16] = {0};
    struct packet packet = around(bytes, sizeof(bytes));
    assert_int_equal(fecframe_parse_source(&packet, FEC_NONE), -EINVAL);
    assert_int_equal(fecframe_parse_repair(&packet, FEC_NONE), -EINVAL);
    assert_int_equal(fecframe_write_source(&packet, FEC_NONE), -EINVAL);
    assert_int_equal(fecframe_write_repair(&packet, FEC_NONE), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fecframe_parses_rs8m_of_peers),
        cmocka_unit_test(test_fecframe_parses_ldpc_of_peers),
        cmocka_unit_test(test_fecframe_keeps_16_bits_of_rs8m_block_number),
        cmocka_unit_test(test_fecframe_refuses_contradictions),
        cmocka_unit_test(test_fecframe_refuses_what_is_too_short),
        cmocka_unit_test(test_fecframe_writes_what_peers_write),
        cmocka_unit_test(test_fecframe_writes_only_where_there_is_room),
        cmocka_unit_test(test_fecframe_knows_sizes_of_schemes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
