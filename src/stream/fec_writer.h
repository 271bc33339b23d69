// SPDX-License-Identifier: MPL-2.0
//
// Cuts a run of source packets into FEC blocks (FECFRAME, RFC 6363): each gets its payload ID and
// goes on at once; behind the last one of a block come the repair packets.
//
// Thread: create and destroy any; push rt, one thread at a time.

#ifndef ROC_STREAM_FEC_WRITER_H
#define ROC_STREAM_FEC_WRITER_H

#include "stream/packet_output.h"
#include "wire/fecframe.h"

struct fec_writer;

struct fec_writer_config {
    struct packet_pool *pool; // borrowed
    enum fec_scheme scheme;
    unsigned source_packets; // k
    unsigned repair_packets; // r, may be 0
    size_t symbol_size;      // bytes of every source packet
    packet_output_fn output;
    void *output_arg;
};

// The first block number is random. Returns 0; -EINVAL when the block is not legal for the scheme;
// -ENOTSUP for a scheme that is not there; -ENOMEM.
int fec_writer_create(struct fec_writer **out, const struct fec_writer_config *config);
void fec_writer_destroy(struct fec_writer *writer);
// A source packet of symbol_size bytes, taken; NULL for one that was lost before it was made, which
// uses up its place in the block. Outputs k + r packets for each block in ESI order: repair packets
// are NULL when a source of the block was, or where the pool had none.
// Returns how many packets the pool could not give.
unsigned fec_writer_push(struct fec_writer *writer, struct packet *packet);

#endif
