// SPDX-License-Identifier: MPL-2.0
//
// FECFRAME payload IDs (RFC 6363) as Roc peers put them: a footer behind every source packet, a
// header before every repair symbol. Reed-Solomon m=8 (RFC 6865) and LDPC-Staircase (RFC 6816).
// Thread: rt.

#ifndef ROC_WIRE_FECFRAME_H
#define ROC_WIRE_FECFRAME_H

#include "base/packet.h"

enum fec_scheme { FEC_NONE, FEC_RS8M, FEC_LDPC };

// Bytes that the scheme adds to a source and to a repair datagram; 0 for FEC_NONE.
size_t fecframe_source_size(enum fec_scheme scheme);
size_t fecframe_repair_size(enum fec_scheme scheme);
// Largest k + r of the scheme; 0 for FEC_NONE.
unsigned fecframe_max_block_length(enum fec_scheme scheme);

// Reads the payload ID of the datagram data[0..size_bytes), fills the FEC fields of the descriptor
// and says which bytes are the symbol (at least one). Only the low 16 bits of an RS8M block number
// count, because peers wrap there. block_length is 0 where the packet does not tell it.
// Returns 0; -EINVAL for FEC_NONE; -EBADMSG when too short; -EPROTO when the numbers contradict
// each other (k = 0, source ESI >= k, repair ESI < k, n <= k, ESI >= n, above the scheme's limit).
// On an error the descriptor is unchanged.
int fecframe_parse_source(struct packet *packet, enum fec_scheme scheme);
int fecframe_parse_repair(struct packet *packet, enum fec_scheme scheme);

// Appends the footer behind size_bytes (source) or writes the header at data[0..) (repair), from
// sbn, esi, source_block_length and block_length; adjusts size_bytes for the footer only.
// Returns the bytes written; -EINVAL for FEC_NONE; -ENOSPC.
int fecframe_write_source(struct packet *packet, enum fec_scheme scheme);
int fecframe_write_repair(struct packet *packet, enum fec_scheme scheme);

#endif
