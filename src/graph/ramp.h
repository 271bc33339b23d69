// SPDX-License-Identifier: MPL-2.0
//
// Gain of a link, with a ramp where it changes. Thread: rt.

#ifndef ROC_GRAPH_RAMP_H
#define ROC_GRAPH_RAMP_H

#include "graph/node.h"

// Looks for a new target. Once for each step of the graph. The first target is taken at once.
void ramp_update(struct graph_link *link, unsigned rate_hz);
// True when the link changes nothing: gain exactly 1, now and for this step.
bool ramp_is_unity(const struct graph_link *link);
// out += in * gain, frame by frame while the gain moves.
void ramp_mix(struct graph_link *link, float *out, const float *in, unsigned channels,
              size_t frames);

#endif
