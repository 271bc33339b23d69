// SPDX-License-Identifier: MPL-2.0
//
// Reading the fields of one JSON object with errors that name the field and quote its value. A
// field that is absent or null leaves the output as it is: the caller puts the default there first.
// Thread: any.

#ifndef ROCD_MODEL_FIELD_H
#define ROCD_MODEL_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "model/error.h"

struct fields {
    const json_t *object; // borrowed
    const char *prefix;   // what stands before a name in errors: "", "virtual."
    struct api_error *error;
};

// Refuses what is no object. All return 0 or -1 with *error set.
int fields_check_object(const struct fields *fields, const char *what);
// Refuses names that are not in the list, which ends with NULL.
int fields_check_names(const struct fields *fields, const char *const *known);

// NULL when the field is absent or null.
const json_t *field_get(const struct fields *fields, const char *name);
// Sets the error of a field.
int field_fail(const struct fields *fields, enum error_code code, const char *name,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
// The value as JSON, shortened, for sentences.
struct quoted {
    char text[64];
};
struct quoted field_quote(const json_t *value);

int field_bool(const struct fields *fields, const char *name, bool *out);
int field_number(const struct fields *fields, const char *name, double *out, double min,
                 double max);
// A whole number in min..max; with zero_is_allowed also 0.
struct count_range {
    unsigned min, max;
    bool zero_is_allowed;
};
int field_count(const struct fields *fields, const char *name, unsigned *out,
                struct count_range range);
// Any text that fits.
int field_string(const struct fields *fields, const char *name, char *out, size_t size_bytes);
// A text for people: besides, no control characters.
int field_name(const struct fields *fields, const char *name, char *out, size_t size_bytes);
// One of names[0..count).
int field_enum(const struct fields *fields, const char *name, unsigned *out,
               const char *const *names, size_t count);
// Refuses a read-only field that differs from what the resource shows.
int field_check_unchanged(const struct fields *fields, const char *name, const json_t *shown);

// JSON Merge Patch (RFC 7396), but a null stays as a null, so that the reader sees unknown names
// and fields that have no default. A new reference, NULL when out of memory.
json_t *json_merge_patch(const json_t *target, const json_t *patch);

#endif
