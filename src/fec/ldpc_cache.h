// SPDX-License-Identifier: MPL-2.0
//
// Matrices of LDPC-Staircase that several streams share. Thread: any but rt.

#ifndef ROC_FEC_LDPC_CACHE_H
#define ROC_FEC_LDPC_CACHE_H

#include "fec/ldpc.h"

// How many matrices it remembers, in use or not.
#define LDPC_CACHE_SIZE 8

struct ldpc_cache;

// Returns 0 or -ENOMEM.
int ldpc_cache_create(struct ldpc_cache **out);
// Matrices that are in use live on.
void ldpc_cache_destroy(struct ldpc_cache *cache);
// Gives a reference to the matrix of (k, r), made if it is not there; then the one that was asked
// for least recently is forgotten. Without a cache (NULL) it is made anew. Returns as
// ldpc_matrix_create.
int ldpc_cache_get(struct ldpc_cache *cache, struct ldpc_matrix **out, unsigned k, unsigned r);

#endif
