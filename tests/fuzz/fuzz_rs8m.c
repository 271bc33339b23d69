// SPDX-License-Identifier: MPL-2.0
//
// Bytes 0..2: k, r, symbol size. Bytes 3..34: one bit for each symbol that is lost. The rest fills
// the sources, repeated. Whatever enough symbols survive must be restored to the byte.

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fec/rs8m.h"

#define NUMBERS 3
#define MASK    32
#define STRIDE  256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rs8m_decoder *decoder;
static uint8_t memory[RS8M_MAX_SYMBOLS][STRIDE];
static uint8_t output[RS8M_MAX_SYMBOLS][STRIDE];

static void encode(unsigned k, unsigned r, size_t symbol_size)
{
    const uint8_t *source[RS8M_MAX_SYMBOLS];
    uint8_t *repair[RS8M_MAX_SYMBOLS];
    struct rs8m_encoder *encoder;
    for (unsigned i = 0; i < k; i++)
        source[i] = memory[i];
    for (unsigned i = 0; i < r; i++)
        repair[i] = memory[k + i];
    if (rs8m_encoder_create(&encoder, k, r) != 0)
        abort();
    rs8m_encode(encoder, source, repair, symbol_size);
    rs8m_encoder_destroy(encoder);
}

static void check_decode(unsigned k, unsigned n, const uint8_t *mask, size_t symbol_size)
{
    const uint8_t *symbols[RS8M_MAX_SYMBOLS];
    uint8_t *restored[RS8M_MAX_SYMBOLS] = {0};
    unsigned arrived = 0;
    int missing = 0;
    for (unsigned i = 0; i < n; i++) {
        bool is_lost = mask[i / 8] >> i % 8 & 1;
        symbols[i] = is_lost ? NULL : memory[i];
        arrived += !is_lost;
        if (is_lost && i < k) {
            restored[i] = output[i];
            missing++;
        }
    }
    int result = rs8m_decode(decoder, k, n, symbols, restored, symbol_size);
    if (result != (arrived < k ? -EAGAIN : missing))
        abort();
    for (unsigned i = 0; i < k && result > 0; i++) {
        if (restored[i] && memcmp(restored[i], memory[i], symbol_size) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= NUMBERS + MASK || (!decoder && rs8m_decoder_create(&decoder) != 0))
        return 0;
    unsigned k = 1 + data[0] % (RS8M_MAX_SYMBOLS - 1);
    unsigned r = 1 + data[1] % (RS8M_MAX_SYMBOLS - k);
    size_t symbol_size = 1 + data[2];
    const uint8_t *fill = data + NUMBERS + MASK;
    size_t fill_size = size - NUMBERS - MASK;
    for (unsigned i = 0; i < k; i++) {
        for (size_t j = 0; j < symbol_size; j++)
            memory[i][j] = (uint8_t)(fill[(i * symbol_size + j) % fill_size] + i);
    }
    encode(k, r, symbol_size);
    check_decode(k, k + r, data + NUMBERS, symbol_size);
    return 0;
}
