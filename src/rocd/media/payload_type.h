// SPDX-License-Identifier: MPL-2.0
//
// RTP payload types of our streams. RTP tells a receiver a number and nothing else about the
// format, so both halves of a stream compute the number from rate and channels: 10 and 11 of RFC
// 3551 where these fit, otherwise a place in a fixed table of the dynamic range (96..127). Thread:
// any.

#ifndef ROCD_MEDIA_PAYLOAD_TYPE_H
#define ROCD_MEDIA_PAYLOAD_TYPE_H

#include <stddef.h>

struct payload_format {
    unsigned rate_hz, channels;
};

// Returns the payload type, or -ENOTSUP when the table has no place for this format.
int payload_type_get(unsigned rate_hz, unsigned channels);

// The dynamic part of the table: entry i is payload type 96 + i.
const struct payload_format *payload_type_table(size_t *count);

#endif
