// SPDX-License-Identifier: MPL-2.0

#include "stream/latency_target.h"

#include <math.h>

#define NS_PER_S 1e9

// The first bin ends at 0.1 ms, and eight double that.
#define BIN_S           1e-4
#define BINS_PER_DOUBLE 8
#define HALF_LIFE_S     30.0
#define MAX_WEIGHT      1e9
// Packets that come within a millisecond waited for the same thing.
#define TOGETHER_NS 1000000
// What is usual, and how much more is kept than that: the tail of a network without stalls is about
// exponential, and this reaches to one packet in half a million.
#define USUAL  0.995
#define MARGIN 2.5
// Of the scheduler, at either end.
#define SLACK_S 0.002
// Repair matters for so long after a loss.
#define LOSS_NS     120000000000ll
#define DECISION_NS 500000000ll
// Smaller changes are not worth a change of the speed.
#define MIN_CHANGE   0.15
#define MIN_CHANGE_S 0.002
// How fast the target moves, seconds in a second: up at what the speed can do, down so that nobody
// hears it.
#define UP_PER_S   0.004
#define DOWN_PER_S 0.001

static double frames_of(const struct latency_target *target, int64_t ns)
{
    return (double)ns / NS_PER_S * target->config.rate_hz;
}

static double keep(const struct latency_target *target, double frames)
{
    return fmax(frames_of(target, target->config.min_ns),
                fmin(frames_of(target, target->config.max_ns), frames));
}

void latency_target_init(struct latency_target *target, const struct latency_target_config *config)
{
    *target = (struct latency_target){.config = *config, .weight = 1};
    target->goal = keep(target, frames_of(target, config->start_ns));
    target->target = target->goal;
}

static void scale_weights(struct latency_target *target, double factor)
{
    unsigned i;

    for (i = 0; i < LATENCY_TARGET_BINS; i++) {
        target->bins[i] *= factor;
    }
    target->total *= factor;
    target->weight *= factor;
}

// Newer ones weigh more, which is the same as forgetting older ones.
static void grow_weight(struct latency_target *target, int64_t time_ns)
{
    double passed_s = (double)(time_ns - target->weight_ns) / NS_PER_S;

    if (target->weight_ns > 0 && passed_s > 0) {
        target->weight *= exp2(fmin(passed_s, 10 * HALF_LIFE_S) / HALF_LIFE_S);
    }
    target->weight_ns = time_ns;
    if (target->weight > MAX_WEIGHT) {
        scale_weights(target, 1 / target->weight);
    }
}

static void count_stall(struct latency_target *target, int64_t time_ns)
{
    double late_s = target->stall / target->config.rate_hz;
    double bin = log2(1 + late_s / BIN_S) * BINS_PER_DOUBLE;

    grow_weight(target, time_ns);
    target->bins[bin < LATENCY_TARGET_BINS - 1 ? (unsigned)bin : LATENCY_TARGET_BINS - 1] +=
        target->weight;
    target->total += target->weight;
}

void latency_target_push_packet(struct latency_target *target, int64_t time_ns, double late,
                                unsigned packet_frames, unsigned block_packets)
{
    if (target->has_stall && time_ns - target->last_ns >= TOGETHER_NS) {
        count_stall(target, target->last_ns);
        target->stall = 0;
    }
    target->stall = fmax(target->stall, late);
    target->has_stall = true;
    target->last_ns = time_ns;
    target->packet_frames = packet_frames;
    target->block_frames = (double)block_packets * packet_frames;
}

void latency_target_push_loss(struct latency_target *target, int64_t time_ns)
{
    target->loss_ns = time_ns;
}

static double measure_usual(const struct latency_target *target)
{
    double left = target->total * USUAL;
    unsigned bin = 0;

    while (bin < LATENCY_TARGET_BINS - 1 && left > target->bins[bin]) {
        left -= target->bins[bin++];
    }
    return (exp2((double)(bin + 1) / BINS_PER_DOUBLE) - 1) * BIN_S * target->config.rate_hz;
}

static void decide(struct latency_target *target, int64_t time_ns)
{
    double wanted = measure_usual(target) * MARGIN + target->packet_frames + target->read_frames +
                    SLACK_S * target->config.rate_hz;
    double change = fmax(MIN_CHANGE * target->goal, MIN_CHANGE_S * target->config.rate_hz);

    if (target->loss_ns > 0 && time_ns - target->loss_ns < LOSS_NS) {
        wanted += target->block_frames;
    }
    wanted = keep(target, wanted);
    if (fabs(wanted - target->goal) > change) {
        target->goal = wanted;
    }
}

double latency_target_push_read(struct latency_target *target, int64_t time_ns, double frames)
{
    target->read_frames = fmax(frames, target->read_frames * 0.999);
    // The first half second tells nothing.
    if (target->next_ns == 0 || time_ns - target->next_ns > 10 * DECISION_NS) {
        target->next_ns = time_ns + DECISION_NS;
    } else if (time_ns >= target->next_ns) {
        target->next_ns = time_ns + DECISION_NS;
        if (target->total > 0) {
            decide(target, time_ns);
        }
    }
    if (target->goal > target->target) {
        target->target = fmin(target->goal, target->target + frames * UP_PER_S);
    } else {
        target->target = fmax(target->goal, target->target - frames * DOWN_PER_S);
    }
    return target->target;
}
