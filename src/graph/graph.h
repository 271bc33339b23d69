// SPDX-License-Identifier: MPL-2.0
//
// The graph of a transceiver: ports, links, and the timer thread that moves frames along them.
//
// Ports that links join, directly or over others, are one *clock domain*: in a step of the graph
// every source of a domain is read once, by the same number of frames, and every sink gets them.
// A domain of one source with a pace of its own (a network receiver) and only sinks without any
// (recorders) follows the source; every other domain runs by the monotonic clock. A source with a
// pace of its own that nothing hears is read by the clock, so that it stays up to date.
//
// The thread runs an immutable plan. A change makes a new plan, hands it over, and waits until the
// thread has switched, so that the thread itself never waits, locks, or frees.
//
// Life cycle: graph_create, add ports, link, unlink, remove, graph_destroy.
// Thread: the caller lets one thread at a time in; any but rt, and not the graph's own thread.

#ifndef ROC_GRAPH_GRAPH_H
#define ROC_GRAPH_GRAPH_H

#include "graph/port.h"

struct graph;

struct graph_config {
    int64_t period_ns; // of one step, 0 = 5 ms
    bool manual;       // no thread: the owner calls graph_tick
};

struct graph_link_config {
    float gain;
    bool is_muted;
};

// Counted by the graph; what a device or a session counts is asked from them.
struct graph_port_metrics {
    unsigned links;
    uint64_t frames;         // moved through the port
    uint64_t dropped_frames; // a sink had no room
    float peak;              // since the last query
};

// Returns 0, -EINVAL (a period below 100 us or above 100 ms), -ENOMEM, or what making a thread
// returned.
int graph_create(struct graph **out, const struct graph_config *config);
// Stops the thread and destroys all links and ports. NULL is fine.
void graph_destroy(struct graph *graph);

// The object of the port is taken, also on failure. Numbers are never used twice and never 0.
// Returns 0, -EINVAL or -ENOMEM.
int graph_add_port(struct graph *graph, const struct port_config *config, uint64_t *id);
// Ends its links and then the port. Returns 0, -ENOENT, or -ENOMEM (then nothing changed).
int graph_remove_port(struct graph *graph, uint64_t id);

// Returns 0, -ENOENT (no such port), -EINVAL (wrong direction, gain not finite), -EEXIST (linked
// already), -ENOTSUP (rates differ), -ENOMEM.
int graph_link(struct graph *graph, uint64_t source, uint64_t sink,
               const struct graph_link_config *config, uint64_t *id);
// Gain moves to its new value within 5 ms. Returns 0, -ENOENT or -EINVAL.
int graph_set_link(struct graph *graph, uint64_t id, const struct graph_link_config *config);
// Returns 0, -ENOENT, or -ENOMEM (then nothing changed).
int graph_unlink(struct graph *graph, uint64_t id);

// NULL when there is no such port. Borrowed until the port is removed.
const struct port_config *graph_get_port(const struct graph *graph, uint64_t id);
// Returns 0 or -ENOENT. Resets the peak.
int graph_get_metrics(struct graph *graph, uint64_t id, struct graph_port_metrics *metrics);

// Moves what is due at `now_ns`; the first call sets the start. Only for a manual graph. Thread:
// rt.
void graph_tick(struct graph *graph, int64_t now_ns);

#endif
