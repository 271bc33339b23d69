// SPDX-License-Identifier: MPL-2.0
//
// Cuts a run of source packets into FEC blocks (FECFRAME, RFC 6363): each gets its payload ID and
// goes on at once; behind the last one of a block come the repair packets. Interleaving, where it
// is wanted, spreads the packets of a block. The size of blocks may change from one to the next.
//
// Thread: create and destroy any; set_block any but rt; the rest rt, one thread at a time.

#ifndef ROC_STREAM_FEC_WRITER_H
#define ROC_STREAM_FEC_WRITER_H

#include "stream/fec_block.h"

struct fec_writer;

struct fec_writer_config {
    struct packet_pool *pool; // borrowed
    enum fec_scheme scheme;
    unsigned source_packets; // k
    unsigned repair_packets; // r; RS8M: may be 0; LDPC: at least LDPC_MIN_REPAIR
    size_t symbol_size;      // bytes of every source packet
    bool interleaving;
    struct ldpc_cache *ldpc_cache; // borrowed; NULL: matrices of this writer are its own
    packet_output_fn output;       // never called with NULL
    void *output_arg;
};

// The first block number is random. Returns 0; -EINVAL when the block is not legal for the scheme;
// -ENOTSUP when it is, but longer than LDPC_MAX_SYMBOLS; -ENOMEM.
int fec_writer_create(struct fec_writer **out, const struct fec_writer_config *config);
void fec_writer_destroy(struct fec_writer *writer);
// From the next block on, blocks have k source and r repair packets. Returns as create, or -ENOSPC
// when the pool cannot grow by a block; then nothing changes.
int fec_writer_set_block(struct fec_writer *writer, unsigned k, unsigned r);
// Packets in a block as it is made now.
unsigned fec_writer_sources(const struct fec_writer *writer);
unsigned fec_writer_repairs(const struct fec_writer *writer);
// A source packet of symbol_size bytes, taken; NULL for one that was lost before it was made, which
// uses up its place in the block. Outputs k + r packets for each block in ESI order, or in that of
// the interleaver: repair packets are left out when a source of the block was lost, or where the
// pool had none. Returns how many packets the pool could not give.
unsigned fec_writer_push(struct fec_writer *writer, struct packet *packet);

#endif
