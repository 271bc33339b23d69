// SPDX-License-Identifier: MPL-2.0
//
// The code is evaluation of a polynomial: the k sources are its values at points 0..k-1, a repair
// symbol is its value at a further point. So encoding and decoding are the same thing, Lagrange
// interpolation from k known points to the wanted ones, and no matrix is ever inverted:
//
//   row[i] = product over known m != i of (x_target - x_m) / (x_i - x_m)
//
// Products are sums of logarithms. ISA-L applies the rows to the symbols.

#include "fec/rs8m.h"

#include <errno.h>
#include <isa-l.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_POLYNOMIAL 0x11D
#define FIELD_ORDER      255 // of the multiplicative group
#define TABLE_SIZE       32  // ISA-L: expanded bytes per coefficient, at most
#define TABLE_ALIGNMENT  64
// ISA-L works on at most 6 rows at a time, so a batch of more than 6 rows of the largest k gains
// nothing.
#define DECODER_COEFFICIENTS (6 * (RS8M_MAX_SYMBOLS - 1))

struct field {
    uint8_t log[256]; // log[0] is 0, so that a point has no distance from itself
    // Three times around, so that sums and differences of two logarithms need no remainder.
    uint8_t exp[3 * FIELD_ORDER];
};

struct rs8m_encoder {
    unsigned k;
    unsigned r;
    uint8_t *tables; // r * k * TABLE_SIZE
};

struct rs8m_decoder {
    void *memory; // as it was allocated
    struct field field;
    uint8_t rows[DECODER_COEFFICIENTS];
    _Alignas(TABLE_ALIGNMENT) uint8_t tables[DECODER_COEFFICIENTS * TABLE_SIZE];
};

// The k points whose symbols are known, and the logarithm of the denominator that belongs to each.
struct known {
    unsigned k;
    uint8_t point[RS8M_MAX_SYMBOLS];
    uint8_t weight[RS8M_MAX_SYMBOLS];
};

static void init_field(struct field *field)
{
    unsigned value = 1;
    field->log[0] = 0;
    for (unsigned i = 0; i < 3 * FIELD_ORDER; i++) {
        field->exp[i] = (uint8_t)value;
        field->log[value] = (uint8_t)(i % FIELD_ORDER);
        value <<= 1;
        if (value & 0x100)
            value ^= FIELD_POLYNOMIAL;
    }
}

// Where the polynomial is evaluated for the symbol with this ESI.
static uint8_t point_of(const struct field *field, unsigned esi)
{
    return esi == 0 ? 0 : field->exp[esi - 1];
}

static void fill_weights(struct known *known, const struct field *field)
{
    for (unsigned i = 0; i < known->k; i++) {
        unsigned sum = 0;
        // The point itself adds log[0], which is 0.
        for (unsigned m = 0; m < known->k; m++)
            sum += field->log[known->point[i] ^ known->point[m]];
        known->weight[i] = (uint8_t)(sum % FIELD_ORDER);
    }
}

// Coefficients that make symbol `target`, which is not among the known ones, out of those.
static void fill_row(uint8_t *row, const struct known *known, const struct field *field,
                     unsigned target)
{
    uint8_t distance[RS8M_MAX_SYMBOLS];
    uint8_t point = point_of(field, target);
    unsigned sum = 0;
    for (unsigned i = 0; i < known->k; i++) {
        distance[i] = field->log[point ^ known->point[i]];
        sum += distance[i];
    }
    sum = sum % FIELD_ORDER + 2 * FIELD_ORDER;
    for (unsigned i = 0; i < known->k; i++)
        row[i] = field->exp[sum - distance[i] - known->weight[i]];
}

// ISA-L takes pointers to non-const but writes neither tables nor sources.
static void apply(const uint8_t *tables, unsigned k, unsigned rows, const uint8_t *const *in,
                  uint8_t *const *out, size_t size_bytes)
{
    ec_encode_data((int)size_bytes, (int)k, (int)rows, (uint8_t *)tables, (uint8_t **)in,
                   (uint8_t **)out);
}

static int fill_encoder(struct rs8m_encoder *encoder)
{
    unsigned k = encoder->k;
    uint8_t *rows = malloc((size_t)encoder->r * k);
    if (!rows)
        return -ENOMEM;

    struct field field;
    init_field(&field);
    struct known sources = {.k = k};
    for (unsigned i = 0; i < k; i++)
        sources.point[i] = point_of(&field, i);
    fill_weights(&sources, &field);
    for (unsigned e = 0; e < encoder->r; e++)
        fill_row(rows + (size_t)e * k, &sources, &field, k + e);
    // All rows at once: how tables of several rows lie in memory is ISA-L's secret.
    ec_init_tables((int)k, (int)encoder->r, rows, encoder->tables);
    free(rows);
    return 0;
}

int rs8m_encoder_create(struct rs8m_encoder **out, unsigned k, unsigned r)
{
    if (k < 1 || r < 1 || k > RS8M_MAX_SYMBOLS || r > RS8M_MAX_SYMBOLS - k)
        return -EINVAL;

    struct rs8m_encoder *encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return -ENOMEM;
    encoder->k = k;
    encoder->r = r;
    // A multiple of the alignment, as aligned_alloc asks.
    size_t size =
        ((size_t)k * r * TABLE_SIZE + TABLE_ALIGNMENT - 1) & ~(size_t)(TABLE_ALIGNMENT - 1);
    encoder->tables = aligned_alloc(TABLE_ALIGNMENT, size);
    if (!encoder->tables || fill_encoder(encoder) != 0)
        goto fail;
    *out = encoder;
    return 0;

fail:
    rs8m_encoder_destroy(encoder);
    return -ENOMEM;
}

void rs8m_encoder_destroy(struct rs8m_encoder *encoder)
{
    if (!encoder)
        return;
    free(encoder->tables);
    free(encoder);
}

void rs8m_encode(const struct rs8m_encoder *encoder, const uint8_t *const *source,
                 uint8_t *const *repair, size_t size_bytes)
{
    apply(encoder->tables, encoder->k, encoder->r, source, repair, size_bytes);
}

int rs8m_decoder_create(struct rs8m_decoder **out)
{
    // The tables have room for the largest block, and most blocks are small: zeros that calloc need
    // not write take no memory before they are used.
    void *memory = calloc(1, sizeof(struct rs8m_decoder) + TABLE_ALIGNMENT);
    if (!memory)
        return -ENOMEM;
    const size_t excess = (uintptr_t)memory % TABLE_ALIGNMENT;
    struct rs8m_decoder *decoder = (void *)((uint8_t *)memory + (TABLE_ALIGNMENT - excess));
    decoder->memory = memory;
    init_field(&decoder->field);
    *out = decoder;
    return 0;
}

void rs8m_decoder_destroy(struct rs8m_decoder *decoder)
{
    if (decoder)
        free(decoder->memory);
}

// Takes every source that is there and as many repairs as sources are missing. Returns how many are
// missing, or -EAGAIN when the repairs do not suffice.
static int choose_known(struct known *known, const uint8_t **in, const struct field *field,
                        unsigned k, unsigned n, const uint8_t *const *symbols)
{
    unsigned missing = 0;
    known->k = 0;
    for (unsigned esi = 0; esi < n && known->k < k; esi++) {
        if (symbols[esi]) {
            in[known->k] = symbols[esi];
            known->point[known->k++] = point_of(field, esi);
        } else if (esi < k) {
            missing++;
        }
    }
    return known->k == k ? (int)missing : -EAGAIN;
}

static int check(unsigned k, unsigned n, const uint8_t *const *symbols, uint8_t *const *restored,
                 size_t size_bytes)
{
    if (k < 1 || n < k || n > RS8M_MAX_SYMBOLS || size_bytes > INT_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < k; i++) {
        if (!symbols[i] && !restored[i])
            return -EINVAL;
    }
    return 0;
}

static void restore(struct rs8m_decoder *decoder, unsigned k, unsigned rows,
                    const uint8_t *const *in, uint8_t *const *out, size_t size_bytes)
{
    ec_init_tables((int)k, (int)rows, decoder->rows, decoder->tables);
    apply(decoder->tables, k, rows, in, out, size_bytes);
}

int rs8m_decode(struct rs8m_decoder *decoder, unsigned k, unsigned n, const uint8_t *const *symbols,
                uint8_t *const *restored, size_t size_bytes)
{
    int error = check(k, n, symbols, restored, size_bytes);
    if (error)
        return error;

    struct known known;
    const uint8_t *in[RS8M_MAX_SYMBOLS];
    int missing = choose_known(&known, in, &decoder->field, k, n, symbols);
    if (missing <= 0)
        return missing;
    fill_weights(&known, &decoder->field);

    uint8_t *out[RS8M_MAX_SYMBOLS];
    unsigned rows = 0;
    unsigned batch = DECODER_COEFFICIENTS / k;
    for (unsigned i = 0; i < k; i++) {
        if (symbols[i])
            continue;
        fill_row(decoder->rows + (size_t)rows * k, &known, &decoder->field, i);
        out[rows++] = restored[i];
        if (rows == batch) {
            restore(decoder, k, rows, in, out, size_bytes);
            rows = 0;
        }
    }
    if (rows > 0)
        restore(decoder, k, rows, in, out, size_bytes);
    return missing;
}
