// SPDX-License-Identifier: MPL-2.0
//
// A sender, a network and a reader without real time: three clocks that differ by what the test
// says, so that hours take seconds. Packets leave by the sender's clock, wait in a network that
// keeps their order, and arrive between reads that come by the reader's clock. All randomness has
// a seed.

#ifndef ROC_TESTS_VIRTUAL_LINK_H
#define ROC_TESTS_VIRTUAL_LINK_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

#define VIRTUAL_START_NS 1700000000000000000ll

struct virtual_link_config {
    double drift_ppm; // the sender's clock is so much faster than the reader's
    unsigned rate_hz; // of the stream
    unsigned packet_frames;
    unsigned write_frames; // the sender makes packets of so many frames at once; 0: one by one
    unsigned read_rate_hz; // 0: the same as rate_hz
    unsigned read_frames;
    int64_t delay_ns;
    int64_t jitter_p95_ns;     // exponential
    int64_t read_jitter_ns;    // uniform, always late
    int64_t spike_ns;          // nothing passes for so long
    int64_t spike_interval_ns; // on average; 0: never
    double loss;               // share of packets
    uint64_t seed;
};

struct virtual_link {
    struct virtual_link_config config;
    struct random random;
    uint64_t packet;    // index of the next one
    int64_t arrival_ns; // of that
    bool is_lost;
    uint64_t read; // index of the next read
    int64_t read_ns;
    int64_t pause_ns; // for which nobody read so far
    int64_t spike_start_ns;
    uint64_t spikes;
};

struct virtual_event {
    bool is_packet;
    bool is_lost;
    uint64_t index; // of the packet or the read
    int64_t time_ns;
};

static inline double virtual_uniform(struct virtual_link *link)
{
    return 1 - random_unit(&link->random);
}

static inline void virtual_plan_spike(struct virtual_link *link, int64_t after_ns)
{
    link->spike_start_ns = link->config.spike_interval_ns == 0
                               ? INT64_MAX / 2
                               : after_ns + (int64_t)((double)link->config.spike_interval_ns *
                                                      (0.5 + virtual_uniform(link)));
}

static inline void virtual_plan_packet(struct virtual_link *link)
{
    const struct virtual_link_config *config = &link->config;
    uint64_t end = (link->packet + 1) * config->packet_frames;
    if (config->write_frames > 0)
        end = (end + config->write_frames - 1) / config->write_frames * config->write_frames;
    double rate = config->rate_hz * (1 + config->drift_ppm * 1e-6);
    int64_t sent = VIRTUAL_START_NS + (int64_t)llround((double)end * 1e9 / rate);
    double jitter = -log(virtual_uniform(link)) * (double)config->jitter_p95_ns / 2.9957;
    int64_t arrival = sent + config->delay_ns + (int64_t)jitter;
    if (arrival > link->spike_start_ns + config->spike_ns) {
        link->spikes++;
        virtual_plan_spike(link, link->spike_start_ns);
    }
    if (arrival > link->spike_start_ns)
        arrival = link->spike_start_ns + config->spike_ns;
    if (arrival > link->arrival_ns)
        link->arrival_ns = arrival;
    link->is_lost = virtual_uniform(link) <= config->loss;
}

static inline void virtual_plan_read(struct virtual_link *link)
{
    const struct virtual_link_config *config = &link->config;
    link->read_ns =
        VIRTUAL_START_NS + link->pause_ns +
        (int64_t)llround((double)(link->read * config->read_frames) * 1e9 / config->read_rate_hz) +
        (int64_t)((double)config->read_jitter_ns * virtual_uniform(link));
}

static inline void virtual_link_init(struct virtual_link *link,
                                     const struct virtual_link_config *config)
{
    *link = (struct virtual_link){.config = *config};
    if (link->config.read_rate_hz == 0)
        link->config.read_rate_hz = config->rate_hz;
    random_init(&link->random, config->seed);
    virtual_plan_spike(link, VIRTUAL_START_NS);
    virtual_plan_packet(link);
    virtual_plan_read(link);
}

// What happens next.
static inline struct virtual_event virtual_link_next(struct virtual_link *link)
{
    struct virtual_event event = {.is_packet = link->arrival_ns <= link->read_ns};
    if (event.is_packet) {
        event.index = link->packet++;
        event.time_ns = link->arrival_ns;
        event.is_lost = link->is_lost;
        virtual_plan_packet(link);
    } else {
        event.index = link->read++;
        event.time_ns = link->read_ns;
        virtual_plan_read(link);
    }
    return event;
}

// When the sender captured the frame at this position, plus the delay that no packet is spared: the
// earliest moment at which it could be here.
static inline double virtual_link_earliest_s(const struct virtual_link *link, double position)
{
    double rate = link->config.rate_hz * (1 + link->config.drift_ppm * 1e-6);
    return position / rate + (double)link->config.delay_ns * 1e-9;
}

#endif
