// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/packet_filter.h"

#include "stream_packets.h"

struct fixture {
    struct packet_filter filter;
    struct packet packet;
    struct packet_place place;
};

static struct fixture make_fixture(uint16_t seq, uint32_t timestamp)
{
    struct fixture f = {.packet = {.ssrc = TEST_SSRC,
                                   .payload_type = 10,
                                   .seq = seq,
                                   .timestamp = timestamp,
                                   .duration = TEST_FRAMES}};
    packet_filter_init(&f.filter, 10, TEST_RATE_HZ);
    assert_int_equal(packet_filter_push(&f.filter, &f.packet, &f.place), 0);
    return f;
}

static int push(struct fixture *f, uint16_t seq, uint32_t timestamp)
{
    f->packet.seq = seq;
    f->packet.timestamp = timestamp;
    return packet_filter_push(&f->filter, &f->packet, &f->place);
}

static void test_packet_filter_unwraps_seq_and_timestamp(void **state)
{
    struct fixture f = make_fixture(65535, UINT32_MAX - 49);
    struct packet_place first = f.place;
    assert_int_equal(push(&f, 0, 50), 0);
    assert_int_equal(f.place.seq, first.seq + 1);
    assert_int_equal(f.place.position, first.position + 100);
    assert_int_equal(packet_filter_end(&f.filter), first.position + 200);
    // Back over the wrap, too.
    assert_int_equal(push(&f, 65534, UINT32_MAX - 149), 0);
    assert_int_equal(f.place.seq, first.seq - 1);
    assert_int_equal(f.place.position, first.position - 100);
    assert_int_equal(packet_filter_end(&f.filter), first.position + 200);
}

static void test_packet_filter_takes_packets_older_than_a_first_one_at_zero(void **state)
{
    struct fixture f = make_fixture(0, 0);
    assert_int_equal(push(&f, 65535, UINT32_MAX - 99), 0);
    assert_true(f.place.seq > 0);
    assert_true(f.place.position > 0);
}

static void test_packet_filter_refuses_foreign_packets(void **state)
{
    struct fixture f = make_fixture(1, 0);
    f.packet.ssrc++;
    assert_int_equal(push(&f, 2, 100), -EPROTO);
    f.packet.ssrc--;
    f.packet.payload_type = 11;
    assert_int_equal(push(&f, 2, 100), -EPROTO);
    f.packet.payload_type = 10;
    f.packet.duration = 0;
    assert_int_equal(push(&f, 2, 100), -EPROTO);
    f.packet.duration = TEST_FRAMES;
    assert_int_equal(push(&f, 2, 100), 0);
}

static void test_packet_filter_refuses_seq_jumps_over_100_and_keeps_its_reference(void **state)
{
    struct fixture f = make_fixture(1000, 0);
    assert_int_equal(push(&f, 1101, 100), -EPROTO);
    assert_int_equal(push(&f, 1102, 200), -EPROTO);
    assert_int_equal(push(&f, 899, 0), -EPROTO);
    assert_int_equal(push(&f, 900, 0), 0);
    assert_int_equal(push(&f, 1100, 100), 0);
}

static void test_packet_filter_refuses_time_jumps_over_a_second(void **state)
{
    struct fixture f = make_fixture(1000, 100000);
    assert_int_equal(push(&f, 1001, 100000 + TEST_RATE_HZ + 1), -EPROTO);
    assert_int_equal(push(&f, 1001, 100000 - TEST_RATE_HZ - 1), -EPROTO);
    assert_int_equal(push(&f, 1001, 100000 + (1u << 31)), -EPROTO);
    assert_int_equal(push(&f, 1001, 100000 + TEST_RATE_HZ), 0);
}

static void test_packet_filter_gives_restored_packets_a_block_more_room(void **state)
{
    struct fixture f = make_fixture(1000, 0);
    f.packet.is_restored = true;
    f.packet.source_block_length = 50;
    assert_int_equal(push(&f, 849, 0), -EPROTO);
    assert_int_equal(push(&f, 850, 0), 0);
}

static void test_packet_filter_lets_short_packets_jump_farther(void **state)
{
    struct fixture f = {.packet = {.ssrc = TEST_SSRC, .payload_type = 10, .duration = 4}};
    packet_filter_init(&f.filter, 10, TEST_RATE_HZ);
    assert_int_equal(packet_filter_push(&f.filter, &f.packet, &f.place), 0);
    assert_int_equal(push(&f, TEST_RATE_HZ / 20 / 4 + 1, 4), -EPROTO);
    assert_int_equal(push(&f, TEST_RATE_HZ / 20 / 4, 4), 0);
    packet_filter_init(&f.filter, 10, 192000);
    f.packet.duration = 1;
    assert_int_equal(push(&f, 1, 1), 0);
    assert_int_equal(push(&f, 1 + PACKET_FILTER_MAX_SHORT_JUMP + 1, 2), -EPROTO);
    assert_int_equal(push(&f, 1 + PACKET_FILTER_MAX_SHORT_JUMP, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packet_filter_unwraps_seq_and_timestamp),
        cmocka_unit_test(test_packet_filter_takes_packets_older_than_a_first_one_at_zero),
        cmocka_unit_test(test_packet_filter_refuses_foreign_packets),
        cmocka_unit_test(test_packet_filter_refuses_seq_jumps_over_100_and_keeps_its_reference),
        cmocka_unit_test(test_packet_filter_refuses_time_jumps_over_a_second),
        cmocka_unit_test(test_packet_filter_gives_restored_packets_a_block_more_room),
        cmocka_unit_test(test_packet_filter_lets_short_packets_jump_farther),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
