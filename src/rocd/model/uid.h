// SPDX-License-Identifier: MPL-2.0
//
// UIDs: three groups of six characters [a-z0-9] joined by '-'. Random, or reproducible from a tag
// and a seed (SHA-256). Thread: any.

#ifndef ROCD_MODEL_UID_H
#define ROCD_MODEL_UID_H

#include <stdbool.h>
#include <stddef.h>

#define UID_SIZE 21 // with the terminating zero

void uid_random(char uid[UID_SIZE]);
// tag: "peer", "endpoint", ...
void uid_from_seed(char uid[UID_SIZE], const char *tag, const void *seed, size_t size_bytes);
bool uid_is_valid(const char *text);

#endif
