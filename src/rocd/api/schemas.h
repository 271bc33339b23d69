// SPDX-License-Identifier: MPL-2.0
//
// The shapes of JSON that the API takes and gives, as data: the component schemas of the OpenAPI
// document are made from these tables. A unit test holds them against what the model writes.
// Thread: any.

#ifndef ROCD_API_SCHEMAS_H
#define ROCD_API_SCHEMAS_H

#include <stdbool.h>
#include <stddef.h>

enum property_type {
    PROPERTY_STRING,
    PROPERTY_UID,
    PROPERTY_TIME, // RFC 3339
    PROPERTY_NUMBER,
    PROPERTY_INTEGER,
    PROPERTY_BOOLEAN,
    PROPERTY_ENUM,   // detail: the values, separated by spaces
    PROPERTY_OBJECT, // detail: name of the component
    PROPERTY_STRING_LIST,
    PROPERTY_ENUM_LIST,
};

enum property_flag {
    PROPERTY_READ_ONLY = 1,
    PROPERTY_REQUIRED = 2, // present in every reply
    PROPERTY_NULLABLE = 4,
};

struct property {
    const char *name;
    enum property_type type;
    unsigned flags;
    const char *detail;
    const char *description;
    double minimum, maximum; // both 0 = no limits
};

struct schema {
    const char *name;
    const char *description;
    const struct property *properties; // NULL: one of the alternatives, or anything
    size_t property_count;
    const char *alternatives; // names of components, separated by spaces
};

const struct schema *schemas_get(size_t *count);
// NULL when there is none.
const struct schema *schemas_find(const char *name);

#endif
