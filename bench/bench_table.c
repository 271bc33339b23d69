// SPDX-License-Identifier: MPL-2.0

#include "bench_table.h"

#include <stdio.h>
#include <string.h>

enum column { NAME, VALUE, UNIT, REFERENCE, RATIO, COLUMNS };

#define CELL_SIZE 64

struct line {
    char cell[COLUMNS][CELL_SIZE];
};

static void write_number(char cell[CELL_SIZE], double value)
{
    if (value >= 1000)
        snprintf(cell, CELL_SIZE, "%.0f", value);
    else if (value >= 10)
        snprintf(cell, CELL_SIZE, "%.1f", value);
    else
        snprintf(cell, CELL_SIZE, "%.3f", value);
}

void bench_table_push(struct bench_table *table, struct bench_row row)
{
    if (table->count < BENCH_TABLE_MAX_ROWS)
        table->rows[table->count++] = row;
}

static struct line head_line(const struct bench_table *table)
{
    struct line line;
    const char *reference = table->reference_title ? table->reference_title : "reference";
    snprintf(line.cell[NAME], CELL_SIZE, "%s", table->title);
    snprintf(line.cell[VALUE], CELL_SIZE, "value");
    snprintf(line.cell[UNIT], CELL_SIZE, "unit");
    snprintf(line.cell[REFERENCE], CELL_SIZE, "%s", reference);
    snprintf(line.cell[RATIO], CELL_SIZE, "ratio");
    return line;
}

static struct line row_line(const struct bench_row *row)
{
    struct line line;
    snprintf(line.cell[NAME], CELL_SIZE, "%s", row->name);
    write_number(line.cell[VALUE], row->value);
    snprintf(line.cell[UNIT], CELL_SIZE, "%s", row->unit);
    snprintf(line.cell[REFERENCE], CELL_SIZE, "-");
    snprintf(line.cell[RATIO], CELL_SIZE, "-");
    if (row->reference > 0) {
        write_number(line.cell[REFERENCE], row->reference);
        snprintf(line.cell[RATIO], CELL_SIZE, "%.2f", row->value / row->reference);
    }
    return line;
}

static void widen(int width[COLUMNS], const struct line *line)
{
    for (int column = 0; column < COLUMNS; column++) {
        int size = (int)strlen(line->cell[column]);
        if (size > width[column])
            width[column] = size;
    }
}

static void write_line(const int width[COLUMNS], const struct line *line)
{
    printf("%-*s  %*s  %-*s  %*s  %*s\n", width[NAME], line->cell[NAME], width[VALUE],
           line->cell[VALUE], width[UNIT], line->cell[UNIT], width[REFERENCE],
           line->cell[REFERENCE], width[RATIO], line->cell[RATIO]);
}

void bench_table_write(const struct bench_table *table)
{
    struct line lines[1 + BENCH_TABLE_MAX_ROWS];
    int width[COLUMNS] = {0};
    lines[0] = head_line(table);
    for (size_t i = 0; i < table->count; i++)
        lines[1 + i] = row_line(&table->rows[i]);
    for (size_t i = 0; i <= table->count; i++)
        widen(width, &lines[i]);
    for (size_t i = 0; i <= table->count; i++)
        write_line(width, &lines[i]);
}
