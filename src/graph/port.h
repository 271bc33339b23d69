// SPDX-License-Identifier: MPL-2.0
//
// A port of the graph: something that gives (source) or takes (sink) interleaved float frames,
// behind a const struct of functions. Adapters here make one of a device, a network sender or a
// network receiver; a test makes one of memory.
//
// Pace. A source with `ready` has a pace of its own: somebody else's clock decides how much is
// there. A sink with `writable` has none and follows what it gets. All others are paced by the
// clock.
//
// Thread: read, write, ready, set_paced and writable rt; the rest any but rt.

#ifndef ROC_GRAPH_PORT_H
#define ROC_GRAPH_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;
struct sender;
struct receiver;

struct port_ops {
    // Sources. Fewer than asked for means that the rest comes later, and that it must not be
    // skipped.
    size_t (*read)(void *self, float *samples, size_t frames);
    // Frames that are due now; NULL: the clock decides.
    size_t (*ready)(void *self, int64_t now_ns);
    // Says before each step whether the clock sets the pace, or `ready` does. Only with ready.
    void (*set_paced)(void *self, bool by_clock);
    // Sinks. What is not taken is lost.
    size_t (*write)(void *self, const float *samples, size_t frames);
    // Frames that fit now; NULL: the clock decides.
    size_t (*writable)(void *self);
    // A source begins to be heard: is_first when nothing else hears it. NULL: nothing to do.
    void (*start)(void *self, bool is_first);
    void (*destroy)(void *self);
};

struct port_config {
    const struct port_ops *ops; // borrowed for the life of the port
    void *self;                 // taken: ops->destroy ends it
    bool is_source;
    unsigned rate_hz;
    unsigned channels;
};

// The object is taken by whoever gets the config.
struct port_config port_of_device(struct device *device);
struct port_config port_of_sender(struct sender *sender, unsigned rate_hz, unsigned channels);
struct port_config port_of_receiver(struct receiver *receiver, unsigned rate_hz, unsigned channels);

#endif
