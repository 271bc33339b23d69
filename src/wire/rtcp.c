// SPDX-License-Identifier: MPL-2.0

#include "wire/rtcp.h"

#include <errno.h>
#include <string.h>

#define RTCP_VERSION    2
#define RTCP_PADDING    0x20
#define RTCP_COUNT      0x1f
#define RTCP_WORD       4
#define SENDER_INFO     24 // with the SSRC
#define RECEIVER_INFO   4
#define REPORT_BLOCK    24
#define SDES_END        0
#define SDES_CNAME      1
#define MAX_LOST        0x7fffff
#define MIN_LOST        (-0x800000)
#define LOST_MASK       0xffffffu
#define LOST_SIGN       0x800000u
#define LENGTH_POSITION 2

static bool next(struct bytes_reader *bytes, struct rtcp_packet *packet)
{
    const uint8_t first = bytes_get_u8(bytes);
    packet->type = bytes_get_u8(bytes);
    packet->count = first & RTCP_COUNT;
    packet->size_bytes = (size_t)bytes_get_u16(bytes) * RTCP_WORD;
    packet->body = bytes_get(bytes, packet->size_bytes);
    if (!packet->body || first >> 6 != RTCP_VERSION)
        return false;
    if (!(first & RTCP_PADDING))
        return true;
    // RFC 3550 section 6.4.1: padding is on the last packet only, and its last byte counts it.
    const uint8_t padding = packet->size_bytes ? packet->body[packet->size_bytes - 1] : 0;
    if (bytes_left(bytes) > 0 || padding == 0 || padding % RTCP_WORD != 0 ||
        padding > packet->size_bytes)
        return false;
    packet->size_bytes -= padding;
    return true;
}

int rtcp_reader_init(struct rtcp_reader *reader, const uint8_t *data, size_t size_bytes)
{
    struct bytes_reader bytes;
    struct rtcp_packet packet;
    bytes_reader_init(&bytes, data, size_bytes);
    do {
        if (!next(&bytes, &packet))
            return -EBADMSG;
    } while (bytes_left(&bytes) > 0);
    bytes_reader_init(&reader->bytes, data, size_bytes);
    return 0;
}

bool rtcp_reader_next(struct rtcp_reader *reader, struct rtcp_packet *packet)
{
    return bytes_left(&reader->bytes) > 0 && next(&reader->bytes, packet);
}

// Parsing

int rtcp_parse_sr(const struct rtcp_packet *packet, struct rtcp_sender_report *report)
{
    if (packet->type != RTCP_SR)
        return -EPROTO;
    struct bytes_reader bytes;
    bytes_reader_init(&bytes, packet->body, packet->size_bytes);
    struct rtcp_sender_report parsed = {.ssrc = bytes_get_u32(&bytes)};
    parsed.ntp = (uint64_t)bytes_get_u32(&bytes) << 32;
    parsed.ntp |= bytes_get_u32(&bytes);
    parsed.timestamp = bytes_get_u32(&bytes);
    parsed.packet_count = bytes_get_u32(&bytes);
    parsed.byte_count = bytes_get_u32(&bytes);
    bytes_get(&bytes, (size_t)packet->count * REPORT_BLOCK);
    if (bytes.is_short)
        return -EBADMSG;
    *report = parsed;
    return 0;
}

int rtcp_parse_rr(const struct rtcp_packet *packet, uint32_t *ssrc)
{
    if (packet->type != RTCP_RR)
        return -EPROTO;
    struct bytes_reader bytes;
    bytes_reader_init(&bytes, packet->body, packet->size_bytes);
    const uint32_t parsed = bytes_get_u32(&bytes);
    bytes_get(&bytes, (size_t)packet->count * REPORT_BLOCK);
    if (bytes.is_short)
        return -EBADMSG;
    *ssrc = parsed;
    return 0;
}

static int32_t sign_extend(uint32_t lost)
{
    return lost & LOST_SIGN ? (int32_t)lost - (int32_t)(LOST_MASK + 1) : (int32_t)lost;
}

int rtcp_parse_report_block(const struct rtcp_packet *packet, unsigned index,
                            struct rtcp_report_block *block)
{
    if ((packet->type != RTCP_SR && packet->type != RTCP_RR) || index >= packet->count)
        return -EPROTO;
    const size_t before = packet->type == RTCP_SR ? SENDER_INFO : RECEIVER_INFO;
    struct bytes_reader bytes;
    bytes_reader_init(&bytes, packet->body, packet->size_bytes);
    bytes_get(&bytes, before + (size_t)index * REPORT_BLOCK);
    struct rtcp_report_block parsed = {.ssrc = bytes_get_u32(&bytes)};
    parsed.fraction_lost = bytes_get_u8(&bytes);
    parsed.cumulative_lost = sign_extend(bytes_get_u24(&bytes));
    parsed.highest_seq = bytes_get_u32(&bytes);
    parsed.jitter = bytes_get_u32(&bytes);
    parsed.last_sr = bytes_get_u32(&bytes);
    parsed.since_last_sr = bytes_get_u32(&bytes);
    if (bytes.is_short)
        return -EBADMSG;
    *block = parsed;
    return 0;
}

int rtcp_parse_bye(const struct rtcp_packet *packet, unsigned index, uint32_t *ssrc)
{
    if (packet->type != RTCP_BYE || index >= packet->count)
        return -EPROTO;
    struct bytes_reader bytes;
    bytes_reader_init(&bytes, packet->body, packet->size_bytes);
    bytes_get(&bytes, (size_t)index * RTCP_WORD);
    const uint32_t parsed = bytes_get_u32(&bytes);
    if (bytes.is_short)
        return -EBADMSG;
    *ssrc = parsed;
    return 0;
}

// Items up to the one that ends the list, and the zeros behind it up to a word.
static void parse_chunk(struct bytes_reader *bytes, struct rtcp_cname *cname)
{
    *cname = (struct rtcp_cname){.ssrc = bytes_get_u32(bytes)};
    while (!bytes->is_short) {
        const uint8_t type = bytes_get_u8(bytes);
        if (type == SDES_END)
            break;
        const uint8_t length = bytes_get_u8(bytes);
        const uint8_t *text = bytes_get(bytes, length);
        if (type == SDES_CNAME && text) {
            cname->text = text;
            cname->length = length;
        }
    }
    if (bytes->position % RTCP_WORD != 0)
        bytes_get(bytes, RTCP_WORD - bytes->position % RTCP_WORD);
}

int rtcp_parse_cname(const struct rtcp_packet *packet, unsigned index, struct rtcp_cname *cname)
{
    if (packet->type != RTCP_SDES || index >= packet->count)
        return -EPROTO;
    struct bytes_reader bytes;
    struct rtcp_cname parsed;
    bytes_reader_init(&bytes, packet->body, packet->size_bytes);
    for (unsigned i = 0; i <= index; i++)
        parse_chunk(&bytes, &parsed);
    if (bytes.is_short)
        return -EBADMSG;
    *cname = parsed;
    return 0;
}

// Writing

size_t rtcp_write_begin(struct bytes_writer *writer, uint8_t type, unsigned count)
{
    const size_t start = writer->position;
    bytes_set_u8(writer, (uint8_t)(RTCP_VERSION << 6 | (count & RTCP_COUNT)));
    bytes_set_u8(writer, type);
    bytes_set_u16(writer, 0);
    return start;
}

void rtcp_write_end(struct bytes_writer *writer, size_t start)
{
    if (writer->is_short)
        return;
    const size_t words = (writer->position - start) / RTCP_WORD - 1;
    struct bytes_writer length;
    bytes_writer_init(&length, writer->data + start + LENGTH_POSITION, sizeof(uint16_t));
    bytes_set_u16(&length, (uint16_t)words);
}

static void write_block(struct bytes_writer *writer, const struct rtcp_report_block *block)
{
    int32_t lost = block->cumulative_lost;
    lost = lost > MAX_LOST ? MAX_LOST : lost < MIN_LOST ? MIN_LOST : lost;
    bytes_set_u32(writer, block->ssrc);
    bytes_set_u8(writer, block->fraction_lost);
    bytes_set_u24(writer, (uint32_t)lost & LOST_MASK);
    bytes_set_u32(writer, block->highest_seq);
    bytes_set_u32(writer, block->jitter);
    bytes_set_u32(writer, block->last_sr);
    bytes_set_u32(writer, block->since_last_sr);
}

void rtcp_write_sr(struct bytes_writer *writer, const struct rtcp_sender_report *report,
                   const struct rtcp_report_block *blocks, unsigned count)
{
    const size_t start = rtcp_write_begin(writer, RTCP_SR, count);
    bytes_set_u32(writer, report->ssrc);
    bytes_set_u32(writer, (uint32_t)(report->ntp >> 32));
    bytes_set_u32(writer, (uint32_t)report->ntp);
    bytes_set_u32(writer, report->timestamp);
    bytes_set_u32(writer, report->packet_count);
    bytes_set_u32(writer, report->byte_count);
    for (unsigned i = 0; i < count; i++)
        write_block(writer, &blocks[i]);
    rtcp_write_end(writer, start);
}

void rtcp_write_rr(struct bytes_writer *writer, uint32_t ssrc,
                   const struct rtcp_report_block *blocks, unsigned count)
{
    const size_t start = rtcp_write_begin(writer, RTCP_RR, count);
    bytes_set_u32(writer, ssrc);
    for (unsigned i = 0; i < count; i++)
        write_block(writer, &blocks[i]);
    rtcp_write_end(writer, start);
}

void rtcp_write_cname(struct bytes_writer *writer, const struct rtcp_cname *cname)
{
    const size_t start = rtcp_write_begin(writer, RTCP_SDES, 1);
    bytes_set_u32(writer, cname->ssrc);
    bytes_set_u8(writer, SDES_CNAME);
    bytes_set_u8(writer, cname->length);
    uint8_t *text = bytes_set(writer, cname->length);
    if (text && cname->length > 0)
        memcpy(text, cname->text, cname->length);
    // At least one zero ends the list.
    do
        bytes_set_u8(writer, SDES_END);
    while (!writer->is_short && (writer->position - start) % RTCP_WORD != 0);
    rtcp_write_end(writer, start);
}

void rtcp_write_bye(struct bytes_writer *writer, uint32_t ssrc)
{
    const size_t start = rtcp_write_begin(writer, RTCP_BYE, 1);
    bytes_set_u32(writer, ssrc);
    rtcp_write_end(writer, start);
}
