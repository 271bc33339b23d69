// SPDX-License-Identifier: MPL-2.0
//
// What a receiver's counters say over time: whether packets arrive, and whether some are lost
// beyond repair. Plain data. Thread: any.

#ifndef ROCD_CONTROL_RECEPTION_H
#define ROCD_CONTROL_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

#define RECEPTION_WINDOW_MS 5000

struct reception {
    bool has_report;
    unsigned long long packets, concealed; // of the last report
    uint64_t packets_ms;                   // when packets last rose
    uint64_t concealed_ms;                 // when concealed frames last rose, 0 = never
};

enum reception_state {
    RECEPTION_NOTHING_YET,
    RECEPTION_GOOD,
    RECEPTION_LOSSY,  // frames were concealed in the last RECEPTION_WINDOW_MS
    RECEPTION_SILENT, // packets came, and none for RECEPTION_WINDOW_MS
};

// Counters that fell belong to a new receiver: what was known of the old one is forgotten.
void reception_update(struct reception *reception, unsigned long long packets,
                      unsigned long long concealed, uint64_t now_ms);
enum reception_state reception_get(const struct reception *reception, uint64_t now_ms);

#endif
