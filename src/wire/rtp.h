// SPDX-License-Identifier: MPL-2.0
//
// RTP fixed header, RFC 3550 section 5.1. Reads and writes datagrams; keeps no state.
// Thread: rt.

#ifndef ROC_WIRE_RTP_H
#define ROC_WIRE_RTP_H

#include "base/packet.h"

#define RTP_HEADER_SIZE 12

// Reads the RTP packet of `size` bytes that starts at data[offset], which must lie inside the
// packet's size_bytes, and fills the RTP fields of the descriptor; payload_offset counts from
// data[0]. Skips the CSRC list and a header extension; honours padding (payload_size is what is
// left without it, and may be 0).
// Returns 0; -EBADMSG when it is no whole RTP version 2 packet (the descriptor is unchanged).
int rtp_parse(struct packet *packet, size_t offset, size_t size);

// Writes the 12-byte header at data[offset..] from ssrc, timestamp, seq and payload_type of the
// descriptor, without CSRC, extension, padding or marker, and sets payload_offset.
// Returns 12, or -ENOSPC.
int rtp_write(struct packet *packet, size_t offset);

#endif
