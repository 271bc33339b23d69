// SPDX-License-Identifier: MPL-2.0
//
// The one table that every benchmark prints: name, value, unit, a reference that was measured in
// the same run, and how the value compares. A benchmark reports; it never fails on a number.

#ifndef ROC_BENCH_TABLE_H
#define ROC_BENCH_TABLE_H

#include <stddef.h>

#define BENCH_TABLE_MAX_ROWS 64

struct bench_row {
    const char *name; // borrowed
    double value;
    const char *unit; // borrowed
    double reference; // 0 = none
};

struct bench_table {
    const char *title;           // borrowed
    const char *reference_title; // borrowed; NULL = "reference"
    struct bench_row rows[BENCH_TABLE_MAX_ROWS];
    size_t count;
};

// A zeroed table with its titles set is empty. Rows beyond the maximum are left out.
void bench_table_push(struct bench_table *table, struct bench_row row);
// To stdout, in columns as wide as their widest cell.
void bench_table_write(const struct bench_table *table);

#endif
