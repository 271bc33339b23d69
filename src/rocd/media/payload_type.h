// SPDX-License-Identifier: MPL-2.0
//
// RTP payload types of our streams. RTP tells a receiver a number and nothing else about the
// format, so both halves of a stream compute the number from its transport:
//
// 10, 11   l16 of 44100 Hz in stereo and mono (RFC 3551)
// 96..125  l16 in the rates and channels of a fixed table
// 95       l16 in any others
// 126      l24 in any rate and channels
// 127      f32 in any rate and channels
//
// Where one number stands for many formats, it is the transport of the stream, which both halves
// have, that tells the rate and channels. Thread: any.

#ifndef ROCD_MEDIA_PAYLOAD_TYPE_H
#define ROCD_MEDIA_PAYLOAD_TYPE_H

#include <stddef.h>

#include <roc/encoding_ext.h>

#include "model/stream.h"

struct payload_format {
    unsigned rate_hz, channels;
};

int payload_type_get(enum transport_encoding encoding, unsigned rate_hz, unsigned channels);
roc_packet_format payload_format_get(enum transport_encoding encoding);

// The dynamic part of the table: entry i is payload type 96 + i.
const struct payload_format *payload_type_table(size_t *count);

#endif
