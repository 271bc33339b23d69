// SPDX-License-Identifier: MPL-2.0
//
// Why a resource is in its state: a code for programs and a sentence for people. In JSON an object
// {"code", "text"}, or null when there is nothing to say. Thread: any.

#ifndef ROCD_MODEL_REASON_H
#define ROCD_MODEL_REASON_H

#include "model/error.h"

struct state_reason {
    char code[32]; // "" when there is nothing to say
    char text[256];
};

// Cuts what does not fit, between characters, so that UTF-8 stays UTF-8. code "" = nothing to say.
void state_reason_set(struct state_reason *reason, const char *code, const char *text);
// A new reference, NULL when out of memory. The text must be UTF-8.
json_t *state_reason_write(const struct state_reason *reason);
// value: NULL or null = nothing to say. Returns 0 or -1 with *error set.
int state_reason_parse(struct state_reason *out, const json_t *value, struct api_error *error);

#endif
