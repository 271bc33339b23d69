// SPDX-License-Identifier: MPL-2.0
//
// The part of an endpoint that only a virtual one has: its kind and the kind's own settings.
// Internal to model/. Thread: any.

#ifndef ROCD_MODEL_ENDPOINT_VIRTUAL_H
#define ROCD_MODEL_ENDPOINT_VIRTUAL_H

#include "model/endpoint.h"
#include "model/field.h"

// Reads the field "virtual" of an endpoint's body. current: what it is now, NULL for a new one; its
// kind cannot change, and without the field it stays as it is. Returns 0 or -1.
int endpoint_virtual_parse(struct endpoint_virtual *out, const struct endpoint_virtual *current,
                           const struct fields *endpoint, enum parse_mode mode);
json_t *endpoint_virtual_write(const struct endpoint_virtual *virtual);

enum stream_direction virtual_kind_direction(enum virtual_kind kind);
enum endpoint_driver virtual_kind_driver(enum virtual_kind kind);

#endif
