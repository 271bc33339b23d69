// SPDX-License-Identifier: MPL-2.0
//
// The matrix is kept twice, by rows for sums and by columns for what a source takes part in. Only
// its source part is kept: the staircase of repair symbols is known.

#include "fec/ldpc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fec/xor.h"

#define COLUMN_ENTRIES 7 // N1
#define SEED           1297501556u
#define MULTIPLIER     16807u
#define MODULUS        0x7FFFFFFFu
// Sources that are added to a repair symbol in one go.
#define ENCODE_BATCH 64

// Compressed: the entries of line i are entries[start[i]..start[i + 1]).
struct lines {
    uint32_t *start;
    uint16_t *entries;
};

struct ldpc_matrix {
    atomic_uint refs;
    unsigned k, r;
    struct lines rows;    // sources of a row
    struct lines columns; // rows of a source
};

// What a matrix is while it is drawn.
struct draft {
    unsigned k, r;
    unsigned column_entries;
    uint32_t state; // of the generator
    uint16_t *urn;  // rows still to be given away, urn[first..k * column_entries)
    size_t first;
    struct entry {
        uint16_t row, column;
    } * entries;
    size_t count;
};

// RFC 5170 section 5.7, in floating point as the RFC has it.
static unsigned draw(struct draft *draft, unsigned bound)
{
    draft->state = (uint32_t)((uint64_t)draft->state * MULTIPLIER % MODULUS);
    return (unsigned)((double)draft->state * bound / MODULUS);
}

static void add_entry(struct draft *draft, unsigned row, unsigned column)
{
    draft->entries[draft->count++] = (struct entry){(uint16_t)row, (uint16_t)column};
}

// Whether the column, whose entries are the last ones, has this row.
static bool has_row(const struct draft *draft, size_t column_start, unsigned row)
{
    for (size_t i = column_start; i < draft->count; i++) {
        if (draft->entries[i].row == row)
            return true;
    }
    return false;
}

static bool is_row_left(const struct draft *draft, size_t column_start, size_t urn_size)
{
    for (size_t i = draft->first; i < urn_size; i++) {
        if (!has_row(draft, column_start, draft->urn[i]))
            return true;
    }
    return false;
}

static void draw_column(struct draft *draft, unsigned column)
{
    const size_t urn_size = (size_t)draft->k * draft->column_entries;
    const size_t start = draft->count;
    for (unsigned n = 0; n < draft->column_entries; n++) {
        if (is_row_left(draft, start, urn_size)) {
            size_t i;
            do
                i = draft->first + draw(draft, (unsigned)(urn_size - draft->first));
            while (has_row(draft, start, draft->urn[i]));
            add_entry(draft, draft->urn[i], column);
            draft->urn[i] = draft->urn[draft->first++];
        } else {
            unsigned row;
            do
                row = draw(draft, draft->r);
            while (has_row(draft, start, row));
            add_entry(draft, row, column);
        }
    }
}

// No row may have fewer than two sources, where there are two.
static int fill_poor_rows(struct draft *draft)
{
    struct {
        uint16_t count, column;
    } *rows = calloc(draft->r, sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < draft->count; i++) {
        rows[draft->entries[i].row].count++;
        rows[draft->entries[i].row].column = draft->entries[i].column;
    }
    for (unsigned row = 0; row < draft->r; row++) {
        unsigned first = rows[row].column;
        if (rows[row].count == 0) {
            first = draw(draft, draft->k);
            add_entry(draft, row, first);
        }
        if (rows[row].count <= 1 && draft->k > 1) {
            unsigned second;
            do
                second = draw(draft, draft->k);
            while (second == first);
            add_entry(draft, row, second);
        }
    }
    free(rows);
    return 0;
}

static int draw_all(struct draft *draft)
{
    const size_t urn_size = (size_t)draft->k * draft->column_entries;
    draft->urn = malloc(urn_size * sizeof(*draft->urn));
    draft->entries = malloc((urn_size + 2 * (size_t)draft->r) * sizeof(*draft->entries));
    if (!draft->urn || !draft->entries)
        return -ENOMEM;
    for (size_t i = 0; i < urn_size; i++)
        draft->urn[i] = (uint16_t)(i % draft->r);
    for (unsigned column = 0; column < draft->k; column++)
        draw_column(draft, column);
    return fill_poor_rows(draft);
}

static int create_lines(struct lines *lines, size_t line_count, size_t entry_count)
{
    // One more than needed: while it is filled, start[i + 1] is where line i goes on.
    lines->start = calloc(line_count + 2, sizeof(*lines->start));
    lines->entries = malloc(entry_count * sizeof(*lines->entries));
    return lines->start && lines->entries ? 0 : -ENOMEM;
}

static void sum_up(struct lines *lines, size_t line_count)
{
    for (size_t i = 2; i < line_count + 2; i++)
        lines->start[i] += lines->start[i - 1];
}

// Columns first; rows from those, so that the sources of a row are in order.
static void fill_lines(struct ldpc_matrix *matrix, const struct draft *draft)
{
    for (size_t i = 0; i < draft->count; i++) {
        matrix->columns.start[draft->entries[i].column + 2]++;
        matrix->rows.start[draft->entries[i].row + 2]++;
    }
    sum_up(&matrix->columns, matrix->k);
    sum_up(&matrix->rows, matrix->r);
    for (size_t i = 0; i < draft->count; i++) {
        const struct entry *entry = &draft->entries[i];
        matrix->columns.entries[matrix->columns.start[entry->column + 1]++] = entry->row;
    }
    for (unsigned column = 0; column < matrix->k; column++) {
        const uint16_t *rows;
        unsigned count = ldpc_matrix_column(matrix, column, &rows);
        for (unsigned i = 0; i < count; i++)
            matrix->rows.entries[matrix->rows.start[rows[i] + 1]++] = (uint16_t)column;
    }
}

static int fill_matrix(struct ldpc_matrix *matrix)
{
    struct draft draft = {
        .k = matrix->k,
        .r = matrix->r,
        .column_entries = matrix->r < COLUMN_ENTRIES ? matrix->r : COLUMN_ENTRIES,
        .state = SEED,
    };
    int error = draw_all(&draft);
    if (!error)
        error = create_lines(&matrix->columns, matrix->k, draft.count);
    if (!error)
        error = create_lines(&matrix->rows, matrix->r, draft.count);
    if (!error)
        fill_lines(matrix, &draft);
    free(draft.urn);
    free(draft.entries);
    return error;
}

int ldpc_matrix_create(struct ldpc_matrix **out, unsigned k, unsigned r)
{
    if (k < 1 || r < 1 || k > LDPC_MAX_SYMBOLS || r > LDPC_MAX_SYMBOLS - k)
        return -EINVAL;

    struct ldpc_matrix *matrix = calloc(1, sizeof(*matrix));
    if (!matrix)
        return -ENOMEM;
    atomic_init(&matrix->refs, 1);
    matrix->k = k;
    matrix->r = r;
    int error = fill_matrix(matrix);
    if (error)
        goto fail;
    *out = matrix;
    return 0;

fail:
    ldpc_matrix_unref(matrix);
    return error;
}

struct ldpc_matrix *ldpc_matrix_ref(struct ldpc_matrix *matrix)
{
    atomic_fetch_add_explicit(&matrix->refs, 1, memory_order_relaxed);
    return matrix;
}

void ldpc_matrix_unref(struct ldpc_matrix *matrix)
{
    if (!matrix || atomic_fetch_sub_explicit(&matrix->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(matrix->rows.start);
    free(matrix->rows.entries);
    free(matrix->columns.start);
    free(matrix->columns.entries);
    free(matrix);
}

unsigned ldpc_matrix_sources(const struct ldpc_matrix *matrix)
{
    return matrix->k;
}

unsigned ldpc_matrix_repairs(const struct ldpc_matrix *matrix)
{
    return matrix->r;
}

static unsigned line(const struct lines *lines, unsigned i, const uint16_t **entries)
{
    *entries = lines->entries + lines->start[i];
    return lines->start[i + 1] - lines->start[i];
}

unsigned ldpc_matrix_row(const struct ldpc_matrix *matrix, unsigned row, const uint16_t **sources)
{
    return line(&matrix->rows, row, sources);
}

unsigned ldpc_matrix_column(const struct ldpc_matrix *matrix, unsigned source,
                            const uint16_t **rows)
{
    return line(&matrix->columns, source, rows);
}

void ldpc_encode(const struct ldpc_matrix *matrix, const uint8_t *const *source,
                 uint8_t *const *repair, size_t size_bytes)
{
    for (unsigned row = 0; row < matrix->r; row++) {
        const uint16_t *sources;
        unsigned left = ldpc_matrix_row(matrix, row, &sources);
        // The one before may be in the same buffer, and then it is where it should be.
        if (row == 0)
            memset(repair[row], 0, size_bytes);
        else if (repair[row] != repair[row - 1])
            memcpy(repair[row], repair[row - 1], size_bytes);
        while (left > 0) {
            const uint8_t *batch[ENCODE_BATCH];
            unsigned count = left < ENCODE_BATCH ? left : ENCODE_BATCH;
            for (unsigned i = 0; i < count; i++)
                batch[i] = source[sources[i]];
            xor_add(repair[row], batch, count, size_bytes);
            sources += count;
            left -= count;
        }
    }
}
