// SPDX-License-Identifier: MPL-2.0
//
// Restores lost packets of a stream that FECFRAME protects. Every packet is put into its block by
// block number (SBN) and symbol id (ESI) as it arrives, in whatever order, with several blocks open
// at once. So the first packet of a stream or a block is like any other, interleaving needs no
// knowledge here, and the size of a block may change with every block.
//
// Reed-Solomon: a block is repaired as soon as any k of its symbols are there. LDPC-Staircase:
// packets are restored one by one where the symbols suffice for it, and no sooner than the first
// repair packet of the block told its length and the supply has a decoder for it. With blocks of
// more than FEC_READER_TRY_SYMBOLS, LDPC is tried only after every 2nd, 3rd, ... packet, and
// elimination FEC_READER_MAX_TRIES times in a block, so that no sender can make the reader late.
//
// Belongs to the reader of one session; memory is fixed at creation. Thread: create/destroy any,
// the rest rt.

#ifndef ROC_STREAM_FEC_READER_H
#define ROC_STREAM_FEC_READER_H

#include "fec/rs8m.h"
#include "stream/ldpc_supply.h"
#include "wire/fecframe.h"

// Blocks that may be open at once: those from the newest back.
#define FEC_READER_MAX_BLOCKS 64
// A block number further off ends repair for the session, as with deployed peers.
#define FEC_READER_MAX_SBN_JUMP 100
// The most that one push restores.
#define FEC_READER_MAX_RESTORED LDPC_DECODER_MAX_LOST
// Packets in all open blocks together; where there is no room, the oldest block is closed.
#define FEC_READER_MAX_PACKETS 8192

#define FEC_READER_TRY_SYMBOLS 512
#define FEC_READER_MAX_TRIES   64

struct fec_reader;

struct fec_reader_config {
    struct packet_pool *pool; // borrowed; restored packets come from it
    enum fec_scheme scheme;
    struct ldpc_supply *supply; // borrowed; for LDPC
};

// Returns 0, -EINVAL (no scheme, or no supply for LDPC) or -ENOMEM.
int fec_reader_create(struct fec_reader **out, const struct fec_reader_config *config);
void fec_reader_destroy(struct fec_reader *reader);

// A source or repair packet with its FEC (and a source's RTP) fields parsed; borrowed, kept by
// reference while its block is open. What it made possible to restore is written to restored (room
// for FEC_READER_MAX_RESTORED) and given to the caller, parsed as RTP and with the place in the
// block checked against the sequence number. Returns how many (0 also for a block that needs
// nothing any more), or -EPROTO when the packet fits no block (wrong k, size or number) or repair
// has ended.
int fec_reader_push(struct fec_reader *reader, struct packet *packet, struct packet **restored);
// Closes the blocks whose last source packet is before sequence number seq: their time is over.
void fec_reader_expire(struct fec_reader *reader, uint16_t seq);

// True once a jump of the block number ended repair.
bool fec_reader_is_over(const struct fec_reader *reader);
// Blocks that hold packets now.
unsigned fec_reader_open_blocks(const struct fec_reader *reader);

#endif
