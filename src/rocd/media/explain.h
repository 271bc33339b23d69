// SPDX-License-Identifier: MPL-2.0
//
// Sentences of libroc in the daemon's words. Thread: loop.

#ifndef ROCD_MEDIA_EXPLAIN_H
#define ROCD_MEDIA_EXPLAIN_H

#include "model/error.h"

// Sets an error (unsatisfiable) from a sentence of libroc, e.g. roc_transceiver_error(). Always
// returns -1. field may be NULL.
int media_explain(struct api_error *error, const char *field, const char *sentence);

#endif
