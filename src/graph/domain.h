// SPDX-License-Identifier: MPL-2.0
//
// A clock domain: the ports that links join, and the buffers to move frames between them.
// Memory belongs to the plan. Thread: rt.

#ifndef ROC_GRAPH_DOMAIN_H
#define ROC_GRAPH_DOMAIN_H

#include "graph/node.h"

struct domain_source {
    struct graph_port *port;
    float *samples; // chunk_frames frames
};

struct domain_input {
    struct graph_link *link;
    const struct domain_source *source;
};

struct domain_sink {
    struct graph_port *port;
    struct domain_input *inputs;
    size_t input_count;
};

struct domain {
    unsigned rate_hz;
    size_t chunk_frames;
    bool follows_source; // paced by the only source instead of the clock
    bool is_clockless;   // no sink has a pace of its own
    struct domain_source *sources;
    size_t source_count;
    struct domain_sink *sinks;
    size_t sink_count;
    float *mapped; // chunk_frames frames of the sink with the most channels
    float *mixed;  // the same
};

// Moves what is due: clock_frames frames by the clock, or what the source says. Returns false when
// it follows a source that had nothing.
bool domain_run(struct domain *domain, uint64_t clock_frames, int64_t now_ns);

#endif
