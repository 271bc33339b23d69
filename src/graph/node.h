// SPDX-License-Identifier: MPL-2.0
//
// Ports and links as the rooms of the graph share them. They are made and freed by the control
// side; what stands in `rt` is the timer thread's alone while a plan names the object.

#ifndef ROC_GRAPH_NODE_H
#define ROC_GRAPH_NODE_H

#include <stdatomic.h>

#include "graph/port.h"

struct graph_port {
    struct graph_port *next;
    uint64_t id;
    struct port_config config;
    unsigned links;
    size_t mark; // scratch of plan_create

    _Atomic uint64_t frames;
    _Atomic uint64_t dropped_frames;
    _Atomic float peak;

    struct {
        // Of a sink: frames that the clock asked for and that are still to come.
        uint64_t debt;
    } rt;
};

struct graph_link {
    struct graph_link *next;
    uint64_t id;
    struct graph_port *source;
    struct graph_port *sink;

    _Atomic float target; // gain to go to; 0 when muted

    struct {
        bool is_started;
        float gain;
        float goal; // target that the ramp goes to
        float step;
        unsigned left; // frames until the goal
    } rt;
};

#endif
