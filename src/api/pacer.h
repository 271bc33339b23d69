// SPDX-License-Identifier: MPL-2.0
//
// The internal clock of a sender or receiver: says when the next samples are over. Deadlines are
// counted from the first samples on, so that neither rounding nor late callers make it drift.
//
// Thread: one at a time.

#ifndef ROC_API_PACER_H
#define ROC_API_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pacer {
    unsigned rate_hz;
    bool is_started;
    int64_t start_ns;
    uint64_t frames; // since start_ns
};

void pacer_init(struct pacer *pacer, unsigned rate_hz);
// When the next `frames` samples (per channel) are over, on the clock of now_ns; the first ones
// begin now. A caller that is late catches up, but one that was away for more than a second begins
// anew.
int64_t pacer_next(struct pacer *pacer, size_t frames, int64_t now_ns);
// Sleeps until the next `frames` samples are over.
void pacer_wait(struct pacer *pacer, size_t frames);

#endif
