// SPDX-License-Identifier: MPL-2.0
//
// Bytes 0..3: k, r, symbol size, eliminations allowed. Bytes 4..67: one bit for each symbol that is
// lost at first; they come back one after the other, from the last. Whatever is restored must be
// right to the byte, and in the end all of it must be there.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fec/ldpc_decoder.h"

#define NUMBERS     4
#define MASK        64
#define MAX_SYMBOLS (8 * MASK)
#define STRIDE      256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[MAX_SYMBOLS][STRIDE];
static uint8_t output[MAX_SYMBOLS][STRIDE];

struct block {
    unsigned k, r;
    size_t symbol_size;
    struct ldpc_decoder *decoder;
    const uint8_t *symbols[MAX_SYMBOLS];
};

static void encode(const struct block *block, const struct ldpc_matrix *matrix)
{
    const uint8_t *source[MAX_SYMBOLS];
    uint8_t *repair[MAX_SYMBOLS];
    for (unsigned i = 0; i < block->k; i++)
        source[i] = memory[i];
    for (unsigned i = 0; i < block->r; i++)
        repair[i] = memory[block->k + i];
    ldpc_encode(matrix, source, repair, block->symbol_size);
}

static void decode(struct block *block, unsigned *tries)
{
    uint8_t *restored[MAX_SYMBOLS] = {NULL};
    const uint16_t *found;
    unsigned count = ldpc_decoder_find(block->decoder, block->symbols, tries, &found);
    for (unsigned i = 0; i < count; i++) {
        if (found[i] >= block->k || block->symbols[found[i]] || restored[found[i]])
            abort();
        restored[found[i]] = output[found[i]];
    }
    if (count > 0)
        ldpc_decoder_restore(block->decoder, block->symbols, restored, block->symbol_size);
    for (unsigned i = 0; i < block->k; i++) {
        if (!restored[i])
            continue;
        if (memcmp(restored[i], memory[i], block->symbol_size) != 0)
            abort();
        block->symbols[i] = restored[i];
    }
}

static void run(struct block *block, const uint8_t *mask, unsigned tries)
{
    unsigned n = block->k + block->r;
    for (unsigned i = 0; i < n; i++)
        block->symbols[i] = mask[i / 8] >> i % 8 & 1 ? NULL : memory[i];
    for (unsigned i = n; i-- > 0;) {
        if (block->symbols[i])
            continue;
        decode(block, &tries);
        block->symbols[i] = memory[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= NUMBERS + MASK)
        return 0;
    struct block block = {
        .k = 1u + data[0],
        .r = 1u + data[1],
        .symbol_size = 1u + data[2],
    };
    struct ldpc_matrix *matrix;
    const uint8_t *fill = data + NUMBERS + MASK;
    size_t fill_size = size - NUMBERS - MASK;
    if (ldpc_matrix_create(&matrix, block.k, block.r) != 0)
        return 0;
    for (unsigned i = 0; i < block.k; i++) {
        for (size_t j = 0; j < block.symbol_size; j++)
            memory[i][j] = (uint8_t)(fill[(i * block.symbol_size + j) % fill_size] + i);
    }
    encode(&block, matrix);
    if (ldpc_decoder_create(&block.decoder, matrix) == 0)
        run(&block, data + NUMBERS, data[3]);
    ldpc_decoder_destroy(block.decoder);
    ldpc_matrix_unref(matrix);
    return 0;
}
