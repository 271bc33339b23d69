// SPDX-License-Identifier: MPL-2.0

#include "wire/rtcp_xr.h"

#include <errno.h>

#define XR_WORD 4
// "Sampled value" in the interval field of the metric blocks: neither of an interval nor of all.
#define SAMPLED          0x40
#define RRTR_WORDS       2
#define DLRR_WORDS       3 // each
#define MEASUREMENT_SIZE 28
#define DELAY_SIZE       24
#define QUEUE_SIZE       12

static bool next(struct bytes_reader *bytes, struct rtcp_xr_block *block)
{
    block->type = bytes_get_u8(bytes);
    block->specific = bytes_get_u8(bytes);
    block->size_bytes = (size_t)bytes_get_u16(bytes) * XR_WORD;
    block->body = bytes_get(bytes, block->size_bytes);
    return !bytes->is_short;
}

int rtcp_xr_reader_init(struct rtcp_xr_reader *reader, const struct rtcp_packet *packet,
                        uint32_t *ssrc)
{
    if (packet->type != RTCP_XR)
        return -EPROTO;
    struct bytes_reader bytes;
    bytes_reader_init(&bytes, packet->body, packet->size_bytes);
    const uint32_t parsed = bytes_get_u32(&bytes);
    const struct bytes_reader blocks = bytes;
    struct rtcp_xr_block block;
    while (!bytes.is_short && bytes_left(&bytes) > 0)
        next(&bytes, &block);
    if (bytes.is_short)
        return -EBADMSG;
    reader->bytes = blocks;
    *ssrc = parsed;
    return 0;
}

bool rtcp_xr_reader_next(struct rtcp_xr_reader *reader, struct rtcp_xr_block *block)
{
    return bytes_left(&reader->bytes) > 0 && next(&reader->bytes, block);
}

// Parsing

static int open_block(struct bytes_reader *bytes, const struct rtcp_xr_block *block,
                      enum rtcp_xr_type type, size_t size_bytes)
{
    if (block->type != type)
        return -EPROTO;
    bytes_reader_init(bytes, block->body, block->size_bytes);
    return block->size_bytes == size_bytes ? 0 : -EBADMSG;
}

static uint64_t get_u64(struct bytes_reader *bytes)
{
    const uint64_t high = bytes_get_u32(bytes);
    return high << 32 | bytes_get_u32(bytes);
}

int rtcp_xr_parse_rrtr(const struct rtcp_xr_block *block, uint64_t *ntp)
{
    struct bytes_reader bytes;
    const int error = open_block(&bytes, block, RTCP_XR_RRTR, (size_t)RRTR_WORDS * XR_WORD);
    if (error == 0)
        *ntp = get_u64(&bytes);
    return error;
}

int rtcp_xr_parse_dlrr(const struct rtcp_xr_block *block, unsigned index, struct rtcp_xr_dlrr *dlrr)
{
    const size_t size = (size_t)DLRR_WORDS * XR_WORD;
    struct bytes_reader bytes;
    if (block->type != RTCP_XR_DLRR)
        return -EPROTO;
    if (block->size_bytes % size != 0)
        return -EBADMSG;
    if (index >= block->size_bytes / size)
        return -ENOENT;
    bytes_reader_init(&bytes, block->body, block->size_bytes);
    bytes_get(&bytes, index * size);
    dlrr->ssrc = bytes_get_u32(&bytes);
    dlrr->last_rr = bytes_get_u32(&bytes);
    dlrr->since_last = bytes_get_u32(&bytes);
    return 0;
}

int rtcp_xr_parse_measurement(const struct rtcp_xr_block *block,
                              struct rtcp_xr_measurement *measurement)
{
    struct bytes_reader bytes;
    const int error = open_block(&bytes, block, RTCP_XR_MEASUREMENT, MEASUREMENT_SIZE);
    if (error != 0)
        return error;
    measurement->ssrc = bytes_get_u32(&bytes);
    bytes_get_u16(&bytes);
    measurement->first_seq = bytes_get_u16(&bytes);
    measurement->interval_first_seq = bytes_get_u32(&bytes);
    measurement->interval_last_seq = bytes_get_u32(&bytes);
    measurement->interval_duration = bytes_get_u32(&bytes);
    measurement->total_duration = get_u64(&bytes);
    return 0;
}

int rtcp_xr_parse_delay(const struct rtcp_xr_block *block, struct rtcp_xr_delay *delay)
{
    struct bytes_reader bytes;
    const int error = open_block(&bytes, block, RTCP_XR_DELAY, DELAY_SIZE);
    if (error != 0)
        return error;
    delay->ssrc = bytes_get_u32(&bytes);
    delay->mean_rtt = bytes_get_u32(&bytes);
    delay->min_rtt = bytes_get_u32(&bytes);
    delay->max_rtt = bytes_get_u32(&bytes);
    delay->end_to_end = get_u64(&bytes);
    return 0;
}

int rtcp_xr_parse_queue(const struct rtcp_xr_block *block, struct rtcp_xr_queue *queue)
{
    struct bytes_reader bytes;
    const int error = open_block(&bytes, block, RTCP_XR_QUEUE, QUEUE_SIZE);
    if (error != 0)
        return error;
    queue->ssrc = bytes_get_u32(&bytes);
    queue->latency = bytes_get_u32(&bytes);
    queue->stalling = bytes_get_u32(&bytes);
    return 0;
}

// Writing

static void begin_block(struct bytes_writer *writer, enum rtcp_xr_type type, uint8_t specific,
                        unsigned words)
{
    bytes_set_u8(writer, (uint8_t)type);
    bytes_set_u8(writer, specific);
    bytes_set_u16(writer, (uint16_t)words);
}

static void set_u64(struct bytes_writer *writer, uint64_t value)
{
    bytes_set_u32(writer, (uint32_t)(value >> 32));
    bytes_set_u32(writer, (uint32_t)value);
}

size_t rtcp_xr_write_begin(struct bytes_writer *writer, uint32_t ssrc)
{
    const size_t start = rtcp_write_begin(writer, RTCP_XR, 0);
    bytes_set_u32(writer, ssrc);
    return start;
}

void rtcp_xr_write_rrtr(struct bytes_writer *writer, uint64_t ntp)
{
    begin_block(writer, RTCP_XR_RRTR, 0, RRTR_WORDS);
    set_u64(writer, ntp);
}

void rtcp_xr_write_dlrr(struct bytes_writer *writer, const struct rtcp_xr_dlrr *dlrr,
                        unsigned count)
{
    begin_block(writer, RTCP_XR_DLRR, 0, count * DLRR_WORDS);
    for (unsigned i = 0; i < count; i++) {
        bytes_set_u32(writer, dlrr[i].ssrc);
        bytes_set_u32(writer, dlrr[i].last_rr);
        bytes_set_u32(writer, dlrr[i].since_last);
    }
}

void rtcp_xr_write_measurement(struct bytes_writer *writer,
                               const struct rtcp_xr_measurement *measurement)
{
    begin_block(writer, RTCP_XR_MEASUREMENT, 0, MEASUREMENT_SIZE / XR_WORD);
    bytes_set_u32(writer, measurement->ssrc);
    bytes_set_u16(writer, 0);
    bytes_set_u16(writer, measurement->first_seq);
    bytes_set_u32(writer, measurement->interval_first_seq);
    bytes_set_u32(writer, measurement->interval_last_seq);
    bytes_set_u32(writer, measurement->interval_duration);
    set_u64(writer, measurement->total_duration);
}

void rtcp_xr_write_delay(struct bytes_writer *writer, const struct rtcp_xr_delay *delay)
{
    begin_block(writer, RTCP_XR_DELAY, SAMPLED, DELAY_SIZE / XR_WORD);
    bytes_set_u32(writer, delay->ssrc);
    bytes_set_u32(writer, delay->mean_rtt);
    bytes_set_u32(writer, delay->min_rtt);
    bytes_set_u32(writer, delay->max_rtt);
    set_u64(writer, delay->end_to_end);
}

void rtcp_xr_write_queue(struct bytes_writer *writer, const struct rtcp_xr_queue *queue)
{
    begin_block(writer, RTCP_XR_QUEUE, SAMPLED, QUEUE_SIZE / XR_WORD);
    bytes_set_u32(writer, queue->ssrc);
    bytes_set_u32(writer, queue->latency);
    bytes_set_u32(writer, queue->stalling);
}
