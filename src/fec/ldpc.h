// SPDX-License-Identifier: MPL-2.0
//
// LDPC-Staircase erasure code of RFC 5170 / 6816 with N1 = 7 and the fixed seed of deployed peers:
// the parity check matrix of a block depends on (k, r) alone. A repair symbol is the XOR of some
// sources and the repair symbol before it. Costs less than Reed-Solomon on long blocks, but some
// losses of fewer than r symbols cannot be made good.
//
// A matrix never changes and is shared by reference count. Thread: create, ref and unref any but
// rt; the rest rt. The decoder is in ldpc_decoder.h.

#ifndef ROC_FEC_LDPC_H
#define ROC_FEC_LDPC_H

#include <stddef.h>
#include <stdint.h>

// The most that is encoded and repaired here. The wire allows 50000, but a block is encoded and
// decoded between two periods of sound, and holding one of 4096 packets of 5 ms takes 13 s already.
#define LDPC_MAX_SYMBOLS 4096
// With fewer repair packets, deployed peers abort: such a block must not be sent.
#define LDPC_MIN_REPAIR 7

struct ldpc_matrix;

// k >= 1, r >= 1, k + r <= LDPC_MAX_SYMBOLS. With r < LDPC_MIN_REPAIR a column has only r entries.
// About 50 bytes for each symbol and below a millisecond. Returns 0, -EINVAL or -ENOMEM.
int ldpc_matrix_create(struct ldpc_matrix **out, unsigned k, unsigned r);
// Returns the same matrix.
struct ldpc_matrix *ldpc_matrix_ref(struct ldpc_matrix *matrix);
// NULL is fine.
void ldpc_matrix_unref(struct ldpc_matrix *matrix);

unsigned ldpc_matrix_sources(const struct ldpc_matrix *matrix); // k
unsigned ldpc_matrix_repairs(const struct ldpc_matrix *matrix); // r
// The sources in row `row`, ascending. Returns how many.
unsigned ldpc_matrix_row(const struct ldpc_matrix *matrix, unsigned row, const uint16_t **sources);
// The rows that source `source` is in, in no order. Returns how many.
unsigned ldpc_matrix_column(const struct ldpc_matrix *matrix, unsigned source,
                            const uint16_t **rows);

// source: k symbols, repair: r symbols, each size_bytes long (any size and alignment). Sources must
// not overlap repairs; repairs may share a buffer that nobody reads.
void ldpc_encode(const struct ldpc_matrix *matrix, const uint8_t *const *source,
                 uint8_t *const *repair, size_t size_bytes);

#endif
