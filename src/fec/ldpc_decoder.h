// SPDX-License-Identifier: MPL-2.0
//
// Restores the lost sources of blocks of one (k, r). In two steps, so that the caller needs buffers
// only for what comes back: `find` says which sources the symbols suffice for, `restore` makes
// them. First one at a time, from rows of the matrix that lack a single source (peeling); if some
// are still missing then, all of them by Gaussian elimination, or none.
//
// Work and memory are bounded: peeling takes no more than LDPC_DECODER_MAX_LOST missing sources,
// elimination no more than LDPC_DECODER_MAX_DENSE, above that it is not tried.
//
// Scratch memory only: nothing is kept from one block to the next. Thread: create and destroy any
// but rt; the rest rt, one thread at a time.

#ifndef ROC_FEC_LDPC_DECODER_H
#define ROC_FEC_LDPC_DECODER_H

#include "fec/ldpc.h"

#define LDPC_DECODER_MAX_LOST  512
#define LDPC_DECODER_MAX_DENSE 256

struct ldpc_decoder;

// matrix: shared. Returns 0 or -ENOMEM.
int ldpc_decoder_create(struct ldpc_decoder **out, struct ldpc_matrix *matrix);
void ldpc_decoder_destroy(struct ldpc_decoder *decoder);

// symbols[0..k) are sources and symbols[k..k + r) repairs, by ESI; NULL where one is missing; what
// they point to is not read. Returns how many of the missing sources can be restored and lists
// them in *found until the next call; 0 when none can or none is missing. Elimination, which costs
// most, is tried only while *tries is not zero, and takes one of it.
unsigned ldpc_decoder_find(struct ldpc_decoder *decoder, const uint8_t *const *symbols,
                           unsigned *tries, const uint16_t **found);
// Right after a find of more than none: writes the sources that it found to restored[0..k), a
// buffer for each of them and NULL elsewhere. symbols must be what was given to find.
void ldpc_decoder_restore(struct ldpc_decoder *decoder, const uint8_t *const *symbols,
                          uint8_t *const *restored, size_t size_bytes);

#endif
