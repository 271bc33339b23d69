// SPDX-License-Identifier: MPL-2.0
//
// What the timer thread does in a step: the clock domains of the links that exist, with all the
// memory that they need. Immutable after creation, but for the contents of its buffers and what
// ports and links keep in `rt`.

#ifndef ROC_GRAPH_PLAN_H
#define ROC_GRAPH_PLAN_H

#include "graph/domain.h"

struct plan {
    struct domain *domains;
    size_t domain_count; // 0: there is nothing to do
};

// Ports and links are borrowed until the plan is destroyed. Returns 0 or -ENOMEM. Thread: any but
// rt.
int plan_create(struct plan **out, struct graph_port *ports, struct graph_link *links,
                int64_t period_ns);
void plan_destroy(struct plan *plan);

// Moves what is due between two moments of the clock, both in ns since the graph's start; now_ns is
// the monotonic clock. Returns false when every domain follows a source that had nothing. Thread:
// rt.
bool plan_run(struct plan *plan, int64_t from_ns, int64_t to_ns, int64_t now_ns);

#endif
