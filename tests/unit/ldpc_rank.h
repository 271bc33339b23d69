// SPDX-License-Identifier: MPL-2.0
//
// What a block of LDPC-Staircase can make good at all, found in the plainest way: the rank of the
// whole matrix in the columns that are lost.

#ifndef TESTS_LDPC_RANK_H
#define TESTS_LDPC_RANK_H

#include <stdbool.h>
#include <stdint.h>

#include "fec/ldpc.h"

// At most 64 symbols; lost[esi] for each.
static inline bool ldpc_is_determined(const struct ldpc_matrix *matrix, const bool *lost)
{
    const unsigned k = ldpc_matrix_sources(matrix), r = ldpc_matrix_repairs(matrix);
    uint64_t rows[64] = {0};
    unsigned rank = 0;
    for (unsigned i = 0; i < r; i++) {
        const uint16_t *sources;
        unsigned count = ldpc_matrix_row(matrix, i, &sources);
        for (unsigned j = 0; j < count; j++)
            rows[i] |= 1ull << sources[j];
        rows[i] |= 1ull << (k + i);
        rows[i] |= i > 0 ? 1ull << (k + i - 1) : 0;
    }
    for (unsigned column = 0; column < k + r; column++) {
        if (!lost[column])
            continue;
        unsigned pivot = rank;
        while (pivot < r && !(rows[pivot] >> column & 1))
            pivot++;
        if (pivot == r)
            return false;
        uint64_t row = rows[pivot];
        rows[pivot] = rows[rank];
        rows[rank++] = row;
        for (unsigned i = 0; i < r; i++) {
            if (i != rank - 1 && rows[i] >> column & 1)
                rows[i] ^= row;
        }
    }
    return true;
}

#endif
