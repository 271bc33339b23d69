// SPDX-License-Identifier: MPL-2.0
//
// Rows of the matrix between two repair symbols that arrived add up to one equation over sources:
// the repair symbols that did not arrive cancel out. So only lost sources are unknowns, and there
// are as many equations as repair symbols.

#include "fec/ldpc_decoder.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fec/xor.h"

#define WORD_BITS   64
#define DENSE_WORDS (LDPC_DECODER_MAX_DENSE / WORD_BITS)
#define NO_EQUATION UINT16_MAX
// Symbols that are added to another in one go.
#define BATCH 64

// Rows first..last of the matrix, all added up.
struct equation {
    uint16_t first, last;
    uint16_t unknowns; // not yet found
    bool is_used;
};

// An unknown and the equation that it is found from.
struct step {
    uint16_t equation;
    uint16_t lost; // index
};

struct dense_row {
    uint64_t bits[DENSE_WORDS]; // one for each unknown that peeling left
};

struct ldpc_decoder {
    struct ldpc_matrix *matrix;
    unsigned k, r;
    unsigned max_lost;
    unsigned words; // of a row of bits

    unsigned lost_count;
    uint16_t *lost;        // ESI of each
    uint16_t *equation_of; // each row of the matrix
    struct equation *equations;
    unsigned equation_count;
    uint64_t *bits;     // for each equation, one for each unknown
    uint16_t *single;   // equations that had one unknown when they were put here
    struct step *steps; // peeled ones in their order, then those of elimination
    unsigned peeled_count;
    unsigned dense_count;     // found by elimination
    struct dense_row *dense;  // for each equation
    struct dense_row *pivots; // of elimination, while it restores
    uint16_t *found;          // ESI of each that can be restored
    const uint8_t **known;    // sources that are there or restored
};

static int allocate(struct ldpc_decoder *decoder)
{
    const size_t k = decoder->k, r = decoder->r, lost = decoder->max_lost;
    const size_t dense = lost < LDPC_DECODER_MAX_DENSE ? lost : LDPC_DECODER_MAX_DENSE;
    decoder->lost = calloc(lost, sizeof(*decoder->lost));
    decoder->equation_of = calloc(r, sizeof(*decoder->equation_of));
    decoder->equations = calloc(r, sizeof(*decoder->equations));
    decoder->bits = calloc(r * decoder->words, sizeof(*decoder->bits));
    // Each equation gets there at most once: its number of unknowns passes one only once.
    decoder->single = calloc(r, sizeof(*decoder->single));
    decoder->steps = calloc(lost, sizeof(*decoder->steps));
    decoder->dense = calloc(r, sizeof(*decoder->dense));
    decoder->pivots = calloc(dense, sizeof(*decoder->pivots));
    decoder->found = calloc(lost, sizeof(*decoder->found));
    decoder->known = calloc(k, sizeof(*decoder->known));
    return decoder->lost && decoder->equation_of && decoder->equations && decoder->bits &&
                   decoder->single && decoder->steps && decoder->dense && decoder->pivots &&
                   decoder->found && decoder->known
               ? 0
               : -ENOMEM;
}

int ldpc_decoder_create(struct ldpc_decoder **out, struct ldpc_matrix *matrix)
{
    struct ldpc_decoder *decoder = calloc(1, sizeof(*decoder));
    if (!decoder)
        return -ENOMEM;
    decoder->matrix = ldpc_matrix_ref(matrix);
    decoder->k = ldpc_matrix_sources(matrix);
    decoder->r = ldpc_matrix_repairs(matrix);
    decoder->max_lost = decoder->k < LDPC_DECODER_MAX_LOST ? decoder->k : LDPC_DECODER_MAX_LOST;
    decoder->words = (decoder->max_lost + WORD_BITS - 1) / WORD_BITS;
    int error = allocate(decoder);
    if (error)
        goto fail;
    *out = decoder;
    return 0;

fail:
    ldpc_decoder_destroy(decoder);
    return error;
}

void ldpc_decoder_destroy(struct ldpc_decoder *decoder)
{
    if (!decoder)
        return;
    free(decoder->lost);
    free(decoder->equation_of);
    free(decoder->equations);
    free(decoder->bits);
    free(decoder->single);
    free(decoder->steps);
    free(decoder->dense);
    free(decoder->pivots);
    free(decoder->found);
    free(decoder->known);
    ldpc_matrix_unref(decoder->matrix);
    free(decoder);
}

// Returns false when there are none or too many.
static bool list_lost(struct ldpc_decoder *decoder, const uint8_t *const *symbols)
{
    decoder->lost_count = 0;
    for (unsigned esi = 0; esi < decoder->k; esi++) {
        if (symbols[esi])
            continue;
        if (decoder->lost_count == decoder->max_lost)
            return false;
        decoder->lost[decoder->lost_count++] = (uint16_t)esi;
    }
    return decoder->lost_count > 0;
}

static void list_equations(struct ldpc_decoder *decoder, const uint8_t *const *symbols)
{
    unsigned first = 0;
    decoder->equation_count = 0;
    for (unsigned row = 0; row < decoder->r; row++) {
        decoder->equation_of[row] = (uint16_t)decoder->equation_count;
        if (!symbols[decoder->k + row])
            continue;
        decoder->equations[decoder->equation_count++] =
            (struct equation){.first = (uint16_t)first, .last = (uint16_t)row};
        first = row + 1;
    }
    // Behind the last repair symbol that arrived nothing can be known.
    for (unsigned row = first; row < decoder->r; row++)
        decoder->equation_of[row] = NO_EQUATION;
}

static uint64_t *bits_of(struct ldpc_decoder *decoder, unsigned equation)
{
    return decoder->bits + (size_t)equation * decoder->words;
}

// An unknown that is in an even number of the rows of an equation is not in the equation.
static void fill_bits(struct ldpc_decoder *decoder)
{
    memset(decoder->bits, 0, decoder->equation_count * decoder->words * sizeof(*decoder->bits));
    for (unsigned i = 0; i < decoder->lost_count; i++) {
        const uint16_t *rows;
        unsigned count = ldpc_matrix_column(decoder->matrix, decoder->lost[i], &rows);
        for (unsigned j = 0; j < count; j++) {
            unsigned equation = decoder->equation_of[rows[j]];
            if (equation == NO_EQUATION)
                continue;
            uint64_t *word = bits_of(decoder, equation) + i / WORD_BITS;
            *word ^= 1ull << i % WORD_BITS;
            if (*word >> i % WORD_BITS & 1)
                decoder->equations[equation].unknowns++;
            else
                decoder->equations[equation].unknowns--;
        }
    }
}

static unsigned first_unknown(const uint64_t *bits)
{
    unsigned word = 0;
    while (bits[word] == 0)
        word++;
    return word * WORD_BITS + (unsigned)__builtin_ctzll(bits[word]);
}

// Takes an unknown that is found out of all equations; those with one unknown left are added to
// `single`. Returns how many are there then.
static unsigned take_out(struct ldpc_decoder *decoder, unsigned lost, unsigned single_count)
{
    const uint16_t *rows;
    unsigned count = ldpc_matrix_column(decoder->matrix, decoder->lost[lost], &rows);
    for (unsigned i = 0; i < count; i++) {
        unsigned equation = decoder->equation_of[rows[i]];
        if (equation == NO_EQUATION)
            continue;
        uint64_t *word = bits_of(decoder, equation) + lost / WORD_BITS;
        const uint64_t bit = 1ull << lost % WORD_BITS;
        if ((*word & bit) == 0)
            continue;
        *word &= ~bit;
        if (--decoder->equations[equation].unknowns == 1)
            decoder->single[single_count++] = (uint16_t)equation;
    }
    return single_count;
}

static void peel(struct ldpc_decoder *decoder)
{
    unsigned single_count = 0;
    decoder->peeled_count = 0;
    for (unsigned i = 0; i < decoder->equation_count; i++) {
        if (decoder->equations[i].unknowns == 1)
            decoder->single[single_count++] = (uint16_t)i;
    }
    for (unsigned next = 0; next < single_count; next++) {
        unsigned equation = decoder->single[next];
        // Another equation may have given its unknown meanwhile.
        if (decoder->equations[equation].unknowns == 0)
            continue;
        unsigned lost = first_unknown(bits_of(decoder, equation));
        decoder->steps[decoder->peeled_count++] = (struct step){(uint16_t)equation, (uint16_t)lost};
        decoder->found[decoder->peeled_count - 1] = decoder->lost[lost];
        decoder->equations[equation].is_used = true;
        single_count = take_out(decoder, lost, single_count);
    }
}

// Elimination

static bool has_bit(const struct dense_row *row, unsigned i)
{
    return row->bits[i / WORD_BITS] >> i % WORD_BITS & 1;
}

static void add_row(struct dense_row *row, const struct dense_row *other)
{
    for (unsigned i = 0; i < DENSE_WORDS; i++)
        row->bits[i] ^= other->bits[i];
}

// Numbers the unknowns that peeling left; steps behind the peeled ones say which those are.
static unsigned list_left(struct ldpc_decoder *decoder)
{
    bool is_found[LDPC_DECODER_MAX_LOST] = {false};
    for (unsigned i = 0; i < decoder->peeled_count; i++)
        is_found[decoder->steps[i].lost] = true;
    unsigned count = 0;
    for (unsigned i = 0; i < decoder->lost_count; i++) {
        if (!is_found[i])
            decoder->steps[decoder->peeled_count + count++].lost = (uint16_t)i;
    }
    return count;
}

static void fill_dense(struct ldpc_decoder *decoder, unsigned left)
{
    memset(decoder->dense, 0, decoder->equation_count * sizeof(*decoder->dense));
    for (unsigned i = 0; i < left; i++) {
        unsigned lost = decoder->lost[decoder->steps[decoder->peeled_count + i].lost];
        const uint16_t *rows;
        unsigned count = ldpc_matrix_column(decoder->matrix, lost, &rows);
        for (unsigned j = 0; j < count; j++) {
            unsigned equation = decoder->equation_of[rows[j]];
            if (equation != NO_EQUATION)
                decoder->dense[equation].bits[i / WORD_BITS] ^= 1ull << i % WORD_BITS;
        }
    }
}

// Of the equations that are not used yet and have the unknown, one with few others fills up the
// rest least. Returns NO_EQUATION when there is none.
static unsigned choose_pivot(const struct ldpc_decoder *decoder, unsigned unknown)
{
    unsigned best = NO_EQUATION, best_weight = UINT16_MAX;
    for (unsigned i = 0; i < decoder->equation_count; i++) {
        const struct dense_row *row = &decoder->dense[i];
        if (decoder->equations[i].is_used || !has_bit(row, unknown))
            continue;
        unsigned weight = 0;
        for (unsigned word = 0; word < DENSE_WORDS; word++)
            weight += (unsigned)__builtin_popcountll(row->bits[word]);
        if (weight < best_weight) {
            best = i;
            best_weight = weight;
        }
    }
    return best;
}

// On bits only: whether the equations determine all that is left, and which of them do.
static bool eliminate(struct ldpc_decoder *decoder, unsigned left)
{
    for (unsigned unknown = 0; unknown < left; unknown++) {
        unsigned pivot = choose_pivot(decoder, unknown);
        if (pivot == NO_EQUATION)
            return false;
        decoder->equations[pivot].is_used = true;
        decoder->steps[decoder->peeled_count + unknown].equation = (uint16_t)pivot;
        for (unsigned i = 0; i < decoder->equation_count; i++) {
            if (!decoder->equations[i].is_used && has_bit(&decoder->dense[i], unknown))
                add_row(&decoder->dense[i], &decoder->dense[pivot]);
        }
    }
    return true;
}

static void find_dense(struct ldpc_decoder *decoder, unsigned *tries)
{
    unsigned left = decoder->lost_count - decoder->peeled_count;
    decoder->dense_count = 0;
    if (left == 0 || left > LDPC_DECODER_MAX_DENSE ||
        left > decoder->equation_count - decoder->peeled_count || *tries == 0)
        return;
    --*tries;
    list_left(decoder);
    fill_dense(decoder, left);
    if (!eliminate(decoder, left))
        return;
    decoder->dense_count = left;
    for (unsigned i = decoder->peeled_count; i < decoder->lost_count; i++)
        decoder->found[i] = decoder->lost[decoder->steps[i].lost];
}

unsigned ldpc_decoder_find(struct ldpc_decoder *decoder, const uint8_t *const *symbols,
                           unsigned *tries, const uint16_t **found)
{
    decoder->peeled_count = 0;
    decoder->dense_count = 0;
    *found = decoder->found;
    if (!list_lost(decoder, symbols))
        return 0;
    list_equations(decoder, symbols);
    fill_bits(decoder);
    peel(decoder);
    find_dense(decoder, tries);
    return decoder->peeled_count + decoder->dense_count;
}

// Symbols that are waiting to be added to one target.
struct sum {
    uint8_t *target;
    size_t size_bytes;
    unsigned count;
    const uint8_t *symbols[BATCH];
};

static void flush_sum(struct sum *sum)
{
    xor_add(sum->target, sum->symbols, sum->count, sum->size_bytes);
    sum->count = 0;
}

static void add_symbol(struct sum *sum, const uint8_t *symbol)
{
    if (sum->count == BATCH)
        flush_sum(sum);
    sum->symbols[sum->count++] = symbol;
}

// Adds up all of an equation that is known. What is in two of its rows cancels out.
static void add_equation(const struct ldpc_decoder *decoder, struct sum *sum,
                         const struct equation *equation, const uint8_t *const *symbols)
{
    memset(sum->target, 0, sum->size_bytes);
    if (equation->first > 0)
        add_symbol(sum, symbols[decoder->k + equation->first - 1]);
    add_symbol(sum, symbols[decoder->k + equation->last]);
    for (unsigned row = equation->first; row <= equation->last; row++) {
        const uint16_t *sources;
        unsigned count = ldpc_matrix_row(decoder->matrix, row, &sources);
        for (unsigned i = 0; i < count; i++) {
            if (decoder->known[sources[i]])
                add_symbol(sum, decoder->known[sources[i]]);
        }
    }
    flush_sum(sum);
}

static void restore_peeled(struct ldpc_decoder *decoder, const uint8_t *const *symbols,
                           uint8_t *const *restored, size_t size_bytes)
{
    for (unsigned i = 0; i < decoder->peeled_count; i++) {
        unsigned esi = decoder->found[i];
        struct sum sum = {.target = restored[esi], .size_bytes = size_bytes};
        add_equation(decoder, &sum, &decoder->equations[decoder->steps[i].equation], symbols);
        decoder->known[esi] = restored[esi];
    }
}

// The same steps as when the rank was found, but now on the equations that were chosen alone, and
// on symbols too. Row i ends with unknowns i and greater.
static void eliminate_forward(struct ldpc_decoder *decoder, uint8_t *const *restored,
                              const uint16_t *esi, size_t size_bytes)
{
    for (unsigned i = 1; i < decoder->dense_count; i++) {
        struct dense_row *row = &decoder->pivots[i];
        struct sum sum = {.target = restored[esi[i]], .size_bytes = size_bytes};
        for (unsigned j = 0; j < i; j++) {
            if (has_bit(row, j)) {
                add_row(row, &decoder->pivots[j]);
                add_symbol(&sum, restored[esi[j]]);
            }
        }
        flush_sum(&sum);
    }
}

static void substitute_back(const struct ldpc_decoder *decoder, uint8_t *const *restored,
                            const uint16_t *esi, size_t size_bytes)
{
    for (unsigned i = decoder->dense_count; i-- > 0;) {
        struct sum sum = {.target = restored[esi[i]], .size_bytes = size_bytes};
        for (unsigned j = i + 1; j < decoder->dense_count; j++) {
            if (has_bit(&decoder->pivots[i], j))
                add_symbol(&sum, restored[esi[j]]);
        }
        flush_sum(&sum);
    }
}

static void restore_dense(struct ldpc_decoder *decoder, const uint8_t *const *symbols,
                          uint8_t *const *restored, size_t size_bytes)
{
    const struct step *steps = decoder->steps + decoder->peeled_count;
    const uint16_t *esi = decoder->found + decoder->peeled_count;
    fill_dense(decoder, decoder->dense_count);
    for (unsigned i = 0; i < decoder->dense_count; i++) {
        struct sum sum = {.target = restored[esi[i]], .size_bytes = size_bytes};
        decoder->pivots[i] = decoder->dense[steps[i].equation];
        add_equation(decoder, &sum, &decoder->equations[steps[i].equation], symbols);
    }
    eliminate_forward(decoder, restored, esi, size_bytes);
    substitute_back(decoder, restored, esi, size_bytes);
}

void ldpc_decoder_restore(struct ldpc_decoder *decoder, const uint8_t *const *symbols,
                          uint8_t *const *restored, size_t size_bytes)
{
    memcpy(decoder->known, symbols, decoder->k * sizeof(*decoder->known));
    restore_peeled(decoder, symbols, restored, size_bytes);
    if (decoder->dense_count > 0)
        restore_dense(decoder, symbols, restored, size_bytes);
}
