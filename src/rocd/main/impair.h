// SPDX-License-Identifier: MPL-2.0
//
// The text of --impair: loss=5%,delay=10ms,jitter=5ms,reorder=1%,duplicate=1%,seed=1. Thread: any.

#ifndef ROCD_MAIN_IMPAIR_H
#define ROCD_MAIN_IMPAIR_H

#include <roc/transceiver.h>

#include "model/error.h"

// What is not named stays as it is. Returns 0, or -1 with *error set and *out untouched.
int impair_parse(roc_impairment *out, const char *text, struct api_error *error);

#endif
