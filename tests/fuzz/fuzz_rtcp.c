// SPDX-License-Identifier: MPL-2.0
//
// The input is a datagram of a control interface: every field of it is read.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/rtcp_xr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint32_t sink;

static void read_xr(const struct rtcp_packet *packet)
{
    struct rtcp_xr_reader reader;
    struct rtcp_xr_block block;
    uint32_t ssrc;
    if (rtcp_xr_reader_init(&reader, packet, &ssrc) != 0)
        return;
    while (rtcp_xr_reader_next(&reader, &block)) {
        struct rtcp_xr_dlrr dlrr;
        struct rtcp_xr_measurement measurement;
        struct rtcp_xr_delay delay;
        struct rtcp_xr_queue queue;
        uint64_t ntp;
        for (unsigned i = 0; rtcp_xr_parse_dlrr(&block, i, &dlrr) == 0; i++)
            sink = dlrr.ssrc;
        if (rtcp_xr_parse_rrtr(&block, &ntp) == 0)
            sink = (uint32_t)ntp;
        if (rtcp_xr_parse_measurement(&block, &measurement) == 0)
            sink = measurement.ssrc;
        if (rtcp_xr_parse_delay(&block, &delay) == 0)
            sink = delay.ssrc;
        if (rtcp_xr_parse_queue(&block, &queue) == 0)
            sink = queue.ssrc;
    }
}

// What was read must come back when it is written: of a report without padding or extensions.
static void check_again(const struct rtcp_packet *packet, const struct rtcp_report_block *blocks,
                        unsigned count, uint32_t ssrc)
{
    uint8_t again[1024];
    struct bytes_writer writer;
    bytes_writer_init(&writer, again, sizeof(again));
    rtcp_write_rr(&writer, ssrc, blocks, count);
    if (packet->type != RTCP_RR || writer.position - 4 > packet->size_bytes)
        return;
    if (memcmp(again + 4, packet->body, writer.position - 4) != 0)
        abort();
}

static void read_packet(const struct rtcp_packet *packet)
{
    struct rtcp_sender_report report;
    struct rtcp_report_block blocks[RTCP_MAX_BLOCKS];
    struct rtcp_cname cname;
    uint32_t ssrc = 0;
    unsigned count = 0;
    const int is_report = rtcp_parse_sr(packet, &report) == 0 || rtcp_parse_rr(packet, &ssrc) == 0;
    while (count < RTCP_MAX_BLOCKS && rtcp_parse_report_block(packet, count, &blocks[count]) == 0)
        count++;
    if (is_report && count != packet->count)
        abort();
    if (is_report)
        check_again(packet, blocks, count, ssrc);
    for (unsigned i = 0; rtcp_parse_bye(packet, i, &ssrc) == 0; i++)
        sink = ssrc;
    for (unsigned i = 0; rtcp_parse_cname(packet, i, &cname) == 0; i++) {
        for (unsigned c = 0; c < cname.length; c++)
            sink = cname.text[c];
    }
    read_xr(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // A copy of exactly its size, so that a byte read too much is seen.
    uint8_t *datagram = malloc(size > 0 ? size : 1);
    struct rtcp_reader reader;
    struct rtcp_packet packet;
    if (!datagram)
        return 0;
    if (size > 0)
        memcpy(datagram, data, size);
    if (rtcp_reader_init(&reader, datagram, size) == 0) {
        while (rtcp_reader_next(&reader, &packet))
            read_packet(&packet);
    }
    free(datagram);
    return 0;
}
