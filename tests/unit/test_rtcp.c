// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pcap_file.h"
#include "rtcp_examples.h"
#include "wire/rtcp.h"
#include "wire/rtcp_xr.h"

#define SENDER   0x3ffa9003u
#define RECEIVER 0x8c4a5d88u
#define CONTROL  13003

static const char sender_cname[] = "0e2251c7-0861-4081-9062-ad368075ec07";
static const char receiver_cname[] = "f1dc9eda-e643-4db5-a0f2-ac8790f3b99e";

static void open_bytes(struct rtcp_reader *reader, const uint8_t *data, size_t size)
{
    assert_int_equal(rtcp_reader_init(reader, data, size), 0);
}

static struct rtcp_packet next_packet(struct rtcp_reader *reader)
{
    struct rtcp_packet packet;
    assert_true(rtcp_reader_next(reader, &packet));
    return packet;
}

static void check_cname(const struct rtcp_packet *packet, uint32_t ssrc, const char *text)
{
    struct rtcp_cname cname;
    assert_int_equal(rtcp_parse_cname(packet, 0, &cname), 0);
    assert_int_equal(cname.ssrc, ssrc);
    assert_int_equal(cname.length, strlen(text));
    assert_memory_equal(cname.text, text, cname.length);
    assert_int_equal(rtcp_parse_cname(packet, 1, &cname), -EPROTO);
}

static void test_rtcp_reads_report_of_a_sender(void **state)
{
    uint8_t data[RTCP_EXAMPLE_SENDER_SIZE];
    rtcp_example_bytes(data, rtcp_example_sender, sizeof(data));
    struct rtcp_reader reader;
    open_bytes(&reader, data, sizeof(data));

    struct rtcp_packet packet = next_packet(&reader);
    struct rtcp_sender_report report;
    struct rtcp_report_block block;
    assert_int_equal(rtcp_parse_sr(&packet, &report), 0);
    assert_int_equal(report.ssrc, SENDER);
    assert_int_equal(report.ntp, 0xeeaa95018e50827d);
    assert_int_equal(report.timestamp, 0xa5e23eb1);
    assert_int_equal(report.packet_count, 40);
    assert_int_equal(report.byte_count, 40 * 884);
    assert_int_equal(rtcp_parse_report_block(&packet, 0, &block), -EPROTO);

    packet = next_packet(&reader);
    struct rtcp_xr_reader xr;
    struct rtcp_xr_block xr_block;
    struct rtcp_xr_dlrr dlrr;
    uint32_t ssrc;
    assert_int_equal(rtcp_xr_reader_init(&xr, &packet, &ssrc), 0);
    assert_int_equal(ssrc, SENDER);
    assert_true(rtcp_xr_reader_next(&xr, &xr_block));
    assert_int_equal(rtcp_xr_parse_dlrr(&xr_block, 0, &dlrr), 0);
    assert_int_equal(dlrr.ssrc, RECEIVER);
    assert_int_equal(dlrr.last_rr, 0x95015bfe);
    assert_int_equal(dlrr.since_last, 0x30ab);
    assert_int_equal(rtcp_xr_parse_dlrr(&xr_block, 1, &dlrr), -ENOENT);
    assert_false(rtcp_xr_reader_next(&xr, &xr_block));

    packet = next_packet(&reader);
    check_cname(&packet, SENDER, sender_cname);
    assert_false(rtcp_reader_next(&reader, &packet));
}

static void check_receiver_xr(const struct rtcp_packet *packet)
{
    struct rtcp_xr_reader xr;
    struct rtcp_xr_block block;
    struct rtcp_xr_measurement measurement;
    struct rtcp_xr_delay delay;
    struct rtcp_xr_queue queue;
    uint64_t ntp;
    uint32_t ssrc;
    assert_int_equal(rtcp_xr_reader_init(&xr, packet, &ssrc), 0);
    assert_int_equal(ssrc, RECEIVER);
    assert_true(rtcp_xr_reader_next(&xr, &block));
    assert_int_equal(rtcp_xr_parse_rrtr(&block, &ntp), 0);
    assert_int_equal(ntp, 0xeeaa9501c266afea);
    assert_true(rtcp_xr_reader_next(&xr, &block));
    assert_int_equal(rtcp_xr_parse_measurement(&block, &measurement), 0);
    assert_int_equal(measurement.ssrc, SENDER);
    assert_int_equal(measurement.first_seq, 0x516);
    assert_int_equal(measurement.interval_first_seq, 0x566);
    assert_int_equal(measurement.interval_last_seq, 0x566);
    assert_int_equal(measurement.interval_duration, 0);
    assert_int_equal(measurement.total_duration, 0);
    assert_true(rtcp_xr_reader_next(&xr, &block));
    assert_int_equal(rtcp_xr_parse_delay(&block, &delay), 0);
    assert_int_equal(delay.ssrc, SENDER);
    assert_int_equal(delay.mean_rtt, 0x290);
    assert_int_equal(delay.min_rtt, 0x290);
    assert_int_equal(delay.max_rtt, 0x290);
    assert_int_equal(delay.end_to_end, 0x32e92529);
    assert_int_equal(rtcp_xr_parse_queue(&block, &queue), -EPROTO);
    assert_true(rtcp_xr_reader_next(&xr, &block));
    assert_int_equal(rtcp_xr_parse_queue(&block, &queue), 0);
    assert_int_equal(queue.ssrc, SENDER);
    assert_int_equal(queue.latency, 0x30fc);
    assert_int_equal(queue.stalling, 0xdb);
    assert_false(rtcp_xr_reader_next(&xr, &block));
}

static void test_rtcp_reads_report_of_a_receiver(void **state)
{
    uint8_t data[RTCP_EXAMPLE_RECEIVER_SIZE];
    rtcp_example_bytes(data, rtcp_example_receiver, sizeof(data));
    struct rtcp_reader reader;
    open_bytes(&reader, data, sizeof(data));

    struct rtcp_packet packet = next_packet(&reader);
    struct rtcp_report_block block;
    uint32_t ssrc;
    assert_int_equal(rtcp_parse_rr(&packet, &ssrc), 0);
    assert_int_equal(ssrc, RECEIVER);
    assert_int_equal(rtcp_parse_report_block(&packet, 0, &block), 0);
    assert_int_equal(block.ssrc, SENDER);
    assert_int_equal(block.fraction_lost, 0);
    assert_int_equal(block.cumulative_lost, 0);
    assert_int_equal(block.highest_seq, 0x566);
    assert_int_equal(block.jitter, 0);
    assert_int_equal(block.last_sr, 0x9501c18b);
    assert_int_equal(block.since_last_sr, 0);

    packet = next_packet(&reader);
    check_receiver_xr(&packet);
    packet = next_packet(&reader);
    check_cname(&packet, RECEIVER, receiver_cname);
    assert_false(rtcp_reader_next(&reader, &packet));
}

static struct rtcp_cname name_of(uint32_t ssrc, const char *text)
{
    return (struct rtcp_cname){ssrc, (const uint8_t *)text, (uint8_t)strlen(text)};
}

static void check_written(const struct bytes_writer *writer, const uint32_t *words, size_t size)
{
    uint8_t expected[256];
    rtcp_example_bytes(expected, words, size);
    assert_false(writer->is_short);
    assert_int_equal(writer->position, size);
    assert_memory_equal(writer->data, expected, size);
}

static void write_sender(struct bytes_writer *writer)
{
    const struct rtcp_sender_report report = {
        .ssrc = SENDER,
        .ntp = 0xeeaa95018e50827d,
        .timestamp = 0xa5e23eb1,
        .packet_count = 40,
        .byte_count = 35360,
    };
    const struct rtcp_xr_dlrr dlrr = {RECEIVER, 0x95015bfe, 0x30ab};
    const struct rtcp_cname cname = name_of(SENDER, sender_cname);
    rtcp_write_sr(writer, &report, NULL, 0);
    const size_t xr = rtcp_xr_write_begin(writer, SENDER);
    rtcp_xr_write_dlrr(writer, &dlrr, 1);
    rtcp_write_end(writer, xr);
    rtcp_write_cname(writer, &cname);
}

static void write_receiver(struct bytes_writer *writer)
{
    const struct rtcp_report_block block = {
        .ssrc = SENDER,
        .highest_seq = 0x566,
        .last_sr = 0x9501c18b,
    };
    const struct rtcp_xr_measurement measurement = {
        .ssrc = SENDER,
        .first_seq = 0x516,
        .interval_first_seq = 0x566,
        .interval_last_seq = 0x566,
    };
    const struct rtcp_xr_delay delay = {SENDER, 0x290, 0x290, 0x290, 0x32e92529};
    const struct rtcp_xr_queue queue = {SENDER, 0x30fc, 0xdb};
    const struct rtcp_cname cname = name_of(RECEIVER, receiver_cname);
    rtcp_write_rr(writer, RECEIVER, &block, 1);
    const size_t xr = rtcp_xr_write_begin(writer, RECEIVER);
    rtcp_xr_write_rrtr(writer, 0xeeaa9501c266afea);
    rtcp_xr_write_measurement(writer, &measurement);
    rtcp_xr_write_delay(writer, &delay);
    rtcp_xr_write_queue(writer, &queue);
    rtcp_write_end(writer, xr);
    rtcp_write_cname(writer, &cname);
}

static void test_rtcp_writes_what_a_sender_sent(void **state)
{
    uint8_t data[256];
    struct bytes_writer writer;
    bytes_writer_init(&writer, data, sizeof(data));
    write_sender(&writer);
    check_written(&writer, rtcp_example_sender, RTCP_EXAMPLE_SENDER_SIZE);
}

static void test_rtcp_writes_what_a_receiver_sent(void **state)
{
    uint8_t data[256];
    struct bytes_writer writer;
    bytes_writer_init(&writer, data, sizeof(data));
    write_receiver(&writer);
    check_written(&writer, rtcp_example_receiver, RTCP_EXAMPLE_RECEIVER_SIZE);
}

static void test_rtcp_marks_a_writer_without_room(void **state)
{
    uint8_t data[RTCP_EXAMPLE_RECEIVER_SIZE + 1];
    for (size_t size = 0; size < RTCP_EXAMPLE_RECEIVER_SIZE; size++) {
        struct bytes_writer writer;
        memset(data, 0xaa, sizeof(data));
        bytes_writer_init(&writer, data, size);
        write_receiver(&writer);
        assert_true(writer.is_short);
        assert_int_equal(data[size], 0xaa);
    }
}

static void test_rtcp_refuses_every_cut(void **state)
{
    uint8_t data[RTCP_EXAMPLE_RECEIVER_SIZE];
    rtcp_example_bytes(data, rtcp_example_receiver, sizeof(data));
    for (size_t size = 0; size < sizeof(data); size++) {
        struct rtcp_reader reader;
        // At these places one packet ends and the next begins.
        const bool is_whole = size == 32 || size == 128;
        assert_int_equal(rtcp_reader_init(&reader, data, size), is_whole ? 0 : -EBADMSG);
    }
}

static void test_rtcp_skips_unknown_packets_and_blocks(void **state)
{
    // An application packet (204), and an XR with an unknown block before a reference time.
    const uint8_t data[] = {
        0x80, 204, 0, 2, 1, 2, 3, 4, 'n', 'a', 'm', 'e',             //
        0x80, 207, 0, 6, 9, 9, 9, 9, 77,  0,   0,   1,   5, 5, 5, 5, //
        4,    0,   0, 2, 0, 0, 0, 1, 0,   0,   0,   2,               //
        0x81, 203, 0, 1, 7, 7, 7, 7,
    };
    struct rtcp_reader reader;
    open_bytes(&reader, data, sizeof(data));
    struct rtcp_packet packet = next_packet(&reader);
    struct rtcp_sender_report report;
    uint32_t ssrc;
    uint64_t ntp;
    assert_int_equal(packet.type, 204);
    assert_int_equal(rtcp_parse_sr(&packet, &report), -EPROTO);
    assert_int_equal(rtcp_parse_rr(&packet, &ssrc), -EPROTO);
    packet = next_packet(&reader);
    struct rtcp_xr_reader xr;
    struct rtcp_xr_block block;
    assert_int_equal(rtcp_xr_reader_init(&xr, &packet, &ssrc), 0);
    assert_true(rtcp_xr_reader_next(&xr, &block));
    assert_int_equal(rtcp_xr_parse_rrtr(&block, &ntp), -EPROTO);
    assert_true(rtcp_xr_reader_next(&xr, &block));
    assert_int_equal(rtcp_xr_parse_rrtr(&block, &ntp), 0);
    assert_int_equal(ntp, 0x100000002);
    packet = next_packet(&reader);
    assert_int_equal(rtcp_parse_bye(&packet, 0, &ssrc), 0);
    assert_int_equal(ssrc, 0x07070707);
    assert_int_equal(rtcp_parse_bye(&packet, 1, &ssrc), -EPROTO);
}

static void test_rtcp_refuses_what_contradicts_itself(void **state)
{
    static const struct {
        uint8_t data[20];
        size_t size;
    } bad[] = {
        {{0x40, 200, 0, 0}, 4},                               // version 1
        {{0x80, 201, 0, 2, 0, 0, 0, 0}, 8},                   // shorter than it says
        {{0x80, 201, 0, 0, 0}, 5},                            // a byte too much
        {{0xa0, 201, 0, 1, 0, 0, 0, 0}, 8},                   // padding of 0
        {{0xa0, 201, 0, 1, 0, 0, 0, 8}, 8},                   // padding of more than there is
        {{0xa0, 201, 0, 1, 0, 0, 0, 4, 0x80, 201, 0, 0}, 12}, // padding before the end
    };
    struct rtcp_reader reader;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(rtcp_reader_init(&reader, bad[i].data, bad[i].size), -EBADMSG);
    // Counts that promise more than there is.
    const uint8_t counts[] = {0x81, 201, 0, 1, 0, 0, 0, 1, 0x81, 200, 0, 1, 0, 0, 0, 1,
                              0x82, 203, 0, 1, 0, 0, 0, 1, 0x81, 202, 0, 1, 0, 0, 0, 1};
    open_bytes(&reader, counts, sizeof(counts));
    struct rtcp_packet packet = next_packet(&reader);
    struct rtcp_sender_report report;
    struct rtcp_cname cname;
    uint32_t ssrc;
    assert_int_equal(rtcp_parse_rr(&packet, &ssrc), -EBADMSG);
    packet = next_packet(&reader);
    assert_int_equal(rtcp_parse_sr(&packet, &report), -EBADMSG);
    packet = next_packet(&reader);
    assert_int_equal(rtcp_parse_bye(&packet, 1, &ssrc), -EBADMSG);
    packet = next_packet(&reader);
    assert_int_equal(rtcp_parse_cname(&packet, 0, &cname), -EBADMSG);
}

static void test_rtcp_finds_cnames_of_all_chunks(void **state)
{
    // A chunk with a name item first, a chunk without any, a chunk that fills its words exactly.
    const uint8_t data[] = {
        0x83, 202, 0, 9,                                   //
        0,    0,   0, 1, 2, 1, 'x', 1,   2,   'a', 'b', 0, //
        0,    0,   0, 2, 0, 0, 0,   0,                     //
        0,    0,   0, 3, 1, 5, 'c', 'd', 'e', 'f', 'g', 0, 0, 0, 0, 0,
    };
    struct rtcp_reader reader;
    open_bytes(&reader, data, sizeof(data));
    struct rtcp_packet packet = next_packet(&reader);
    struct rtcp_cname cname;
    assert_int_equal(rtcp_parse_cname(&packet, 0, &cname), 0);
    assert_int_equal(cname.ssrc, 1);
    assert_int_equal(cname.length, 2);
    assert_memory_equal(cname.text, "ab", 2);
    assert_int_equal(rtcp_parse_cname(&packet, 1, &cname), 0);
    assert_int_equal(cname.ssrc, 2);
    assert_int_equal(cname.length, 0);
    assert_int_equal(rtcp_parse_cname(&packet, 2, &cname), 0);
    assert_int_equal(cname.ssrc, 3);
    assert_memory_equal(cname.text, "cdefg", 5);
}

static void test_rtcp_keeps_sign_of_losses(void **state)
{
    const int32_t lost[] = {0, 1, -1, 0x7fffff, -0x800000, INT32_MAX, INT32_MIN};
    const int32_t read[] = {0, 1, -1, 0x7fffff, -0x800000, 0x7fffff, -0x800000};
    for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++) {
        uint8_t data[64];
        struct bytes_writer writer;
        struct rtcp_reader reader;
        struct rtcp_report_block block = {.ssrc = 1, .cumulative_lost = lost[i]};
        bytes_writer_init(&writer, data, sizeof(data));
        rtcp_write_rr(&writer, 2, &block, 1);
        open_bytes(&reader, data, writer.position);
        struct rtcp_packet packet = next_packet(&reader);
        assert_int_equal(rtcp_parse_report_block(&packet, 0, &block), 0);
        assert_int_equal(block.cumulative_lost, read[i]);
    }
}

// Every block of every packet of a compound is of a kind that is known and can be read.
static unsigned count_known(const struct pcap_datagram *datagram)
{
    struct rtcp_reader reader;
    struct rtcp_packet packet;
    unsigned count = 0;
    open_bytes(&reader, datagram->data, datagram->size);
    while (rtcp_reader_next(&reader, &packet)) {
        struct rtcp_sender_report report;
        struct rtcp_cname cname;
        struct rtcp_xr_reader xr;
        uint32_t ssrc;
        const int known = rtcp_parse_sr(&packet, &report) == 0 ||
                          rtcp_parse_rr(&packet, &ssrc) == 0 ||
                          rtcp_parse_cname(&packet, 0, &cname) == 0 ||
                          rtcp_xr_reader_init(&xr, &packet, &ssrc) == 0;
        assert_true(known);
        count++;
    }
    return count;
}

static void test_rtcp_reads_all_of_a_capture(void **state)
{
    struct pcap_file file = pcap_file_open("rs8m.pcap");
    unsigned from_sender = 0, from_receiver = 0;
    for (size_t i = 0; i < file.count; i++) {
        const struct pcap_datagram *datagram = &file.datagrams[i];
        if (datagram->destination_port != CONTROL && datagram->source_port != CONTROL)
            continue;
        const unsigned packets = count_known(datagram);
        assert_in_range(packets, 2, 3);
        from_sender += datagram->destination_port == CONTROL;
        from_receiver += datagram->source_port == CONTROL;
    }
    assert_true(from_sender > 3);
    assert_true(from_receiver > 3);
    pcap_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtcp_reads_report_of_a_sender),
        cmocka_unit_test(test_rtcp_reads_report_of_a_receiver),
        cmocka_unit_test(test_rtcp_writes_what_a_sender_sent),
        cmocka_unit_test(test_rtcp_writes_what_a_receiver_sent),
        cmocka_unit_test(test_rtcp_marks_a_writer_without_room),
        cmocka_unit_test(test_rtcp_refuses_every_cut),
        cmocka_unit_test(test_rtcp_skips_unknown_packets_and_blocks),
        cmocka_unit_test(test_rtcp_refuses_what_contradicts_itself),
        cmocka_unit_test(test_rtcp_finds_cnames_of_all_chunks),
        cmocka_unit_test(test_rtcp_keeps_sign_of_losses),
        cmocka_unit_test(test_rtcp_reads_all_of_a_capture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
