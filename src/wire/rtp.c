// SPDX-License-Identifier: MPL-2.0

#include "wire/rtp.h"

#include <errno.h>

#include "wire/bytes.h"

#define RTP_VERSION          2
#define RTP_PADDING          0x20
#define RTP_EXTENSION        0x10
#define RTP_CSRC_COUNT       0x0f
#define RTP_PAYLOAD_TYPE     0x7f
#define RTP_WORD             4
#define RTP_EXTENSION_ID     2
#define RTP_PLAIN_FIRST_BYTE (RTP_VERSION << 6)

static void skip_csrc_and_extension(struct bytes_reader *reader, uint8_t flags)
{
    bytes_get(reader, (size_t)(flags & RTP_CSRC_COUNT) * RTP_WORD);
    if (flags & RTP_EXTENSION) {
        bytes_get(reader, RTP_EXTENSION_ID);
        size_t words = bytes_get_u16(reader);
        bytes_get(reader, words * RTP_WORD);
    }
}

int rtp_parse(struct packet *packet, size_t offset, size_t size)
{
    if (offset > packet->size_bytes || size > packet->size_bytes - offset)
        return -EBADMSG;

    struct bytes_reader reader;
    bytes_reader_init(&reader, packet->data + offset, size);
    uint8_t flags = bytes_get_u8(&reader);
    uint8_t payload_type = bytes_get_u8(&reader) & RTP_PAYLOAD_TYPE;
    uint16_t seq = bytes_get_u16(&reader);
    uint32_t timestamp = bytes_get_u32(&reader);
    uint32_t ssrc = bytes_get_u32(&reader);
    skip_csrc_and_extension(&reader, flags);
    if (reader.is_short || flags >> 6 != RTP_VERSION)
        return -EBADMSG;

    size_t payload_size = bytes_left(&reader);
    if (flags & RTP_PADDING) {
        // RFC 3550 section 5.1: the last byte counts itself, so 0 is as wrong as too many.
        size_t padding = payload_size ? packet->data[offset + size - 1] : 0;
        if (padding == 0 || padding > payload_size)
            return -EBADMSG;
        payload_size -= padding;
    }

    packet->has_rtp = true;
    packet->payload_type = payload_type;
    packet->seq = seq;
    packet->timestamp = timestamp;
    packet->ssrc = ssrc;
    packet->payload_offset = (uint16_t)(offset + reader.position);
    packet->payload_size = (uint16_t)payload_size;
    return 0;
}

int rtp_write(struct packet *packet, size_t offset)
{
    if (offset > packet->capacity)
        return -ENOSPC;

    struct bytes_writer writer;
    bytes_writer_init(&writer, packet->data + offset, packet->capacity - offset);
    uint8_t *header = bytes_set(&writer, RTP_HEADER_SIZE);
    if (!header)
        return -ENOSPC;

    bytes_writer_init(&writer, header, RTP_HEADER_SIZE);
    bytes_set_u8(&writer, RTP_PLAIN_FIRST_BYTE);
    bytes_set_u8(&writer, packet->payload_type & RTP_PAYLOAD_TYPE);
    bytes_set_u16(&writer, packet->seq);
    bytes_set_u32(&writer, packet->timestamp);
    bytes_set_u32(&writer, packet->ssrc);
    packet->has_rtp = true;
    packet->payload_offset = (uint16_t)(offset + RTP_HEADER_SIZE);
    return RTP_HEADER_SIZE;
}
