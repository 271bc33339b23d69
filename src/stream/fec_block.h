// SPDX-License-Identifier: MPL-2.0
//
// What a FEC writer needs for blocks of one size: the code, the order of interleaving, and room for
// the packets of a block. Made off the audio thread and handed to it whole.
//
// Thread: create and destroy any but rt; the rest rt.

#ifndef ROC_STREAM_FEC_BLOCK_H
#define ROC_STREAM_FEC_BLOCK_H

#include "fec/ldpc_cache.h"
#include "stream/packet_output.h"
#include "wire/fecframe.h"

struct interleaver;

struct fec_block_config {
    enum fec_scheme scheme;
    unsigned source_packets; // k
    unsigned repair_packets; // r; RS8M: may be 0; LDPC: at least LDPC_MIN_REPAIR
    size_t symbol_size;
    struct ldpc_cache *ldpc_cache; // borrowed while it is made; may be NULL
    bool interleaving;
    packet_output_fn output; // of the interleaver
    void *output_arg;
};

struct fec_block {
    unsigned k, r;
    struct interleaver *interleaver; // NULL without interleaving
    struct packet **sources;         // k, of the block that is being made; NULL where there is none
    struct packet **repairs;         // r
    struct fec_block *next;          // for whoever keeps lists of them
    struct {
        enum fec_scheme scheme;
        size_t symbol_size;
        struct rs8m_encoder *rs8m;
        struct ldpc_matrix *ldpc;
        const uint8_t **source_symbols;
        uint8_t **repair_symbols;
        // Where repair symbols go that have no packet; nobody reads it.
        uint8_t *spare_symbol;
    } code;
};

// Returns 0; -EINVAL when the block is not legal for the scheme; -ENOTSUP when it is legal but too
// long for us (LDPC_MAX_SYMBOLS); -ENOMEM.
int fec_block_create(struct fec_block **out, const struct fec_block_config *config);
// Lets go of the packets in it.
void fec_block_destroy(struct fec_block *block);

// Makes the symbols of the repair packets out of the sources, which must all be there. A repair
// packet that is NULL is left out.
void fec_block_encode(struct fec_block *block);
// Lets go of the sources.
void fec_block_clear(struct fec_block *block);

#endif
