// SPDX-License-Identifier: MPL-2.0

#include "graph/ramp.h"

#include "audio/mix.h"

// A gain that jumps clicks; 5 ms is short enough to feel immediate.
#define RAMPS_PER_SECOND 200

void ramp_update(struct graph_link *link, unsigned rate_hz)
{
    const float target = atomic_load_explicit(&link->target, memory_order_relaxed);
    if (!link->rt.is_started) {
        link->rt.is_started = true;
        link->rt.gain = link->rt.goal = target;
    }
    if (target == link->rt.goal)
        return;
    link->rt.goal = target;
    link->rt.left = rate_hz / RAMPS_PER_SECOND + 1;
    link->rt.step = (target - link->rt.gain) / (float)link->rt.left;
}

bool ramp_is_unity(const struct graph_link *link)
{
    return link->rt.left == 0 && link->rt.gain == 1;
}

void ramp_mix(struct graph_link *link, float *out, const float *in, unsigned channels,
              size_t frames)
{
    size_t done = 0;
    for (; done < frames && link->rt.left > 0; done++) {
        link->rt.left--;
        // The last step lands on the goal itself, so that a gain of 1 is exactly 1.
        link->rt.gain = link->rt.left > 0 ? link->rt.gain + link->rt.step : link->rt.goal;
        for (unsigned c = 0; c < channels; c++)
            *out++ += *in++ * link->rt.gain;
    }
    if (done < frames && link->rt.gain != 0)
        mix_add(out, in, link->rt.gain, (frames - done) * channels);
}
