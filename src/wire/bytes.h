// SPDX-License-Identifier: MPL-2.0
//
// The one way in which wire/ touches bytes: big-endian reads and writes that cannot leave the range
// they were given. A read past the end gives 0, a write past the end does nothing, and either marks
// the reader or writer, so that a parser reads a whole header and checks once.
// Thread: rt.

#ifndef ROC_WIRE_BYTES_H
#define ROC_WIRE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_reader {
    const uint8_t *data; // borrowed
    size_t size_bytes;
    size_t position;
    bool is_short; // something was asked for that is not there; never cleared
};

struct bytes_writer {
    uint8_t *data; // borrowed
    size_t size_bytes;
    size_t position;
    bool is_short;
};

static inline void bytes_reader_init(struct bytes_reader *reader, const uint8_t *data,
                                     size_t size_bytes)
{
    *reader = (struct bytes_reader){.data = data, .size_bytes = size_bytes};
}

static inline size_t bytes_left(const struct bytes_reader *reader)
{
    return reader->size_bytes - reader->position;
}

// The next count bytes, or NULL when there are fewer (nothing is consumed then).
static inline const uint8_t *bytes_get(struct bytes_reader *reader, size_t count)
{
    if (reader->is_short || count > bytes_left(reader)) {
        reader->is_short = true;
        return NULL;
    }
    const uint8_t *bytes = reader->data + reader->position;
    reader->position += count;
    return bytes;
}

static inline uint8_t bytes_get_u8(struct bytes_reader *reader)
{
    const uint8_t *b = bytes_get(reader, 1);
    return b ? b[0] : 0;
}

static inline uint16_t bytes_get_u16(struct bytes_reader *reader)
{
    const uint8_t *b = bytes_get(reader, 2);
    if (!b)
        return 0;
    return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t bytes_get_u24(struct bytes_reader *reader)
{
    const uint8_t *b = bytes_get(reader, 3);
    return b ? (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2] : 0;
}

static inline uint32_t bytes_get_u32(struct bytes_reader *reader)
{
    const uint8_t *b = bytes_get(reader, 4);
    return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

static inline void bytes_writer_init(struct bytes_writer *writer, uint8_t *data, size_t size_bytes)
{
    *writer = (struct bytes_writer){.data = data, .size_bytes = size_bytes};
}

// Room for count bytes that the caller fills, or NULL.
static inline uint8_t *bytes_set(struct bytes_writer *writer, size_t count)
{
    if (writer->is_short || count > writer->size_bytes - writer->position) {
        writer->is_short = true;
        return NULL;
    }
    uint8_t *bytes = writer->data + writer->position;
    writer->position += count;
    return bytes;
}

static inline void bytes_set_u8(struct bytes_writer *writer, uint8_t value)
{
    uint8_t *b = bytes_set(writer, 1);
    if (b)
        b[0] = value;
}

static inline void bytes_set_u16(struct bytes_writer *writer, uint16_t value)
{
    uint8_t *b = bytes_set(writer, 2);
    if (b) {
        b[0] = (uint8_t)(value >> 8);
        b[1] = (uint8_t)value;
    }
}

// The low 24 bits of value.
static inline void bytes_set_u24(struct bytes_writer *writer, uint32_t value)
{
    uint8_t *b = bytes_set(writer, 3);
    if (b) {
        b[0] = (uint8_t)(value >> 16);
        b[1] = (uint8_t)(value >> 8);
        b[2] = (uint8_t)value;
    }
}

static inline void bytes_set_u32(struct bytes_writer *writer, uint32_t value)
{
    uint8_t *b = bytes_set(writer, 4);
    if (b) {
        b[0] = (uint8_t)(value >> 24);
        b[1] = (uint8_t)(value >> 16);
        b[2] = (uint8_t)(value >> 8);
        b[3] = (uint8_t)value;
    }
}

#endif
