// SPDX-License-Identifier: MPL-2.0
//
// Stretch by stretch through all sources, so that the target is read and written once however many
// there are, and its stretch stays in registers.

#include "fec/xor.h"

#include <string.h>

#define STRETCH 128

// Of no alignment: a symbol lies behind a header of 8 bytes.
typedef uint64_t vector __attribute__((vector_size(16), aligned(1), may_alias));

#define VECTORS (STRETCH / sizeof(vector))

static void add_stretch(uint8_t *target, const uint8_t *const *sources, unsigned count,
                        size_t offset)
{
    vector sum[VECTORS];
    memcpy(sum, target + offset, STRETCH);
    for (unsigned i = 0; i < count; i++) {
        const vector *source = (const vector *)(const void *)(sources[i] + offset);
        for (size_t v = 0; v < VECTORS; v++)
            sum[v] ^= source[v];
    }
    memcpy(target + offset, sum, STRETCH);
}

void xor_add(uint8_t *target, const uint8_t *const *sources, unsigned count, size_t size_bytes)
{
    size_t offset = 0;
    for (; offset + STRETCH <= size_bytes; offset += STRETCH)
        add_stretch(target, sources, count, offset);
    for (unsigned i = 0; i < count; i++) {
        for (size_t j = offset; j < size_bytes; j++)
            target[j] ^= sources[i][j];
    }
}
