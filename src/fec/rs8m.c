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
#define TABLE_SIZE       32  // ISA-L: expanded bytes per coefficient
#define TABLE_ALIGNMENT  64
// ISA-L works on at most 6 rows at a time, so larger batches than 6 rows of the largest k gain
// nothing.
#define DECODER_TABLE_SIZE (6 * (RS8M_MAX_SYMBOLS - 1) * TABLE_SIZE)

struct field {
    uint8_t log[256]; // log[0] is never used: points are distinct
    uint8_t exp[FIELD_ORDER];
    uint8_t point[RS8M_MAX_SYMBOLS]; // by ESI
};

struct rs8m_encoder {
    unsigned k;
    unsigned r;
    uint8_t *tables; // r * k * TABLE_SIZE
};

struct rs8m_decoder {
    struct field field;
    uint8_t row[RS8M_MAX_SYMBOLS];
    _Alignas(TABLE_ALIGNMENT) uint8_t tables[DECODER_TABLE_SIZE];
};

// The k symbols that are known, and the logarithm of the denominator that belongs to each.
struct known {
    unsigned k;
    uint8_t esi[RS8M_MAX_SYMBOLS];
    uint8_t weight[RS8M_MAX_SYMBOLS];
};

static void init_field(struct field *field)
{
    unsigned value = 1;
    field->log[0] = 0;
    field->point[0] = 0;
    for (unsigned i = 0; i < FIELD_ORDER; i++) {
        field->exp[i] = (uint8_t)value;
        field->log[value] = (uint8_t)i;
        if (i + 1 < RS8M_MAX_SYMBOLS)
            field->point[i + 1] = (uint8_t)value;
        value <<= 1;
        if (value & 0x100)
            value ^= FIELD_POLYNOMIAL;
    }
}

// Logarithm of x_a - x_b, which differ.
static unsigned log_distance(const struct field *field, unsigned a, unsigned b)
{
    return field->log[field->point[a] ^ field->point[b]];
}

static void fill_weights(struct known *known, const struct field *field)
{
    for (unsigned i = 0; i < known->k; i++) {
        unsigned sum = 0;
        for (unsigned m = 0; m < known->k; m++) {
            if (m != i)
                sum += log_distance(field, known->esi[i], known->esi[m]);
        }
        known->weight[i] = (uint8_t)(sum % FIELD_ORDER);
    }
}

// Coefficients that make symbol `target`, which is not among the known ones, out of those.
static void fill_row(uint8_t *row, const struct known *known, const struct field *field,
                     unsigned target)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < known->k; i++)
        sum += log_distance(field, target, known->esi[i]);
    sum %= FIELD_ORDER;

    for (unsigned i = 0; i < known->k; i++) {
        unsigned divisor = log_distance(field, target, known->esi[i]) + known->weight[i];
        row[i] = field->exp[(sum + 2 * FIELD_ORDER - divisor) % FIELD_ORDER];
    }
}

// ISA-L takes pointers to non-const but writes neither tables nor sources.
static void apply(const uint8_t *tables, unsigned k, unsigned rows, const uint8_t *const *in,
                  uint8_t *const *out, size_t size_bytes)
{
    ec_encode_data((int)size_bytes, (int)k, (int)rows, (uint8_t *)tables, (uint8_t **)in,
                   (uint8_t **)out);
}

static void fill_encoder(struct rs8m_encoder *encoder)
{
    struct field field;
    init_field(&field);
    struct known sources = {.k = encoder->k};
    for (unsigned i = 0; i < encoder->k; i++)
        sources.esi[i] = (uint8_t)i;
    fill_weights(&sources, &field);

    uint8_t row[RS8M_MAX_SYMBOLS];
    for (unsigned e = 0; e < encoder->r; e++) {
        fill_row(row, &sources, &field, encoder->k + e);
        ec_init_tables((int)encoder->k, 1, row,
                       encoder->tables + (size_t)e * encoder->k * TABLE_SIZE);
    }
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
    if (!encoder->tables)
        goto fail;
    fill_encoder(encoder);
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
    struct rs8m_decoder *decoder = aligned_alloc(TABLE_ALIGNMENT, sizeof(*decoder));
    if (!decoder)
        return -ENOMEM;
    memset(decoder, 0, sizeof(*decoder));
    init_field(&decoder->field);
    *out = decoder;
    return 0;
}

void rs8m_decoder_destroy(struct rs8m_decoder *decoder)
{
    free(decoder);
}

// Takes every source that is there and as many repairs as sources are missing. Returns how many are
// missing, or -EAGAIN when the repairs do not suffice.
static int choose_known(struct known *known, const uint8_t **in, unsigned k, unsigned n,
                        const uint8_t *const *symbols)
{
    unsigned missing = 0;
    known->k = 0;
    for (unsigned esi = 0; esi < n && known->k < k; esi++) {
        if (symbols[esi]) {
            in[known->k] = symbols[esi];
            known->esi[known->k++] = (uint8_t)esi;
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

int rs8m_decode(struct rs8m_decoder *decoder, unsigned k, unsigned n, const uint8_t *const *symbols,
                uint8_t *const *restored, size_t size_bytes)
{
    int error = check(k, n, symbols, restored, size_bytes);
    if (error)
        return error;

    struct known known;
    const uint8_t *in[RS8M_MAX_SYMBOLS];
    int missing = choose_known(&known, in, k, n, symbols);
    if (missing <= 0)
        return missing;
    fill_weights(&known, &decoder->field);

    uint8_t *out[RS8M_MAX_SYMBOLS];
    unsigned rows = 0;
    unsigned batch = DECODER_TABLE_SIZE / (k * TABLE_SIZE);
    for (unsigned i = 0; i < k; i++) {
        if (symbols[i])
            continue;
        fill_row(decoder->row, &known, &decoder->field, i);
        ec_init_tables((int)k, 1, decoder->row, decoder->tables + (size_t)rows * k * TABLE_SIZE);
        out[rows++] = restored[i];
        if (rows == batch) {
            apply(decoder->tables, k, rows, in, out, size_bytes);
            rows = 0;
        }
    }
    if (rows)
        apply(decoder->tables, k, rows, in, out, size_bytes);
    return missing;
}
