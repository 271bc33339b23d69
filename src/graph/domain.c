// SPDX-License-Identifier: MPL-2.0

#include "graph/domain.h"

#include <math.h>
#include <string.h>

#include "audio/channel_map.h"
#include "audio/mix.h"
#include "graph/ramp.h"

static void update_peak(struct graph_port *port, const float *samples, size_t frames)
{
    const size_t count = frames * port->config.channels;
    float peak = 0;
    for (size_t i = 0; i < count; i++) {
        const float level = fabsf(samples[i]);
        if (level > peak)
            peak = level;
    }
    if (peak > atomic_load_explicit(&port->peak, memory_order_relaxed))
        atomic_store_explicit(&port->peak, peak, memory_order_relaxed);
}

static size_t limit_to_room(const struct domain *domain, size_t frames)
{
    for (size_t i = 0; i < domain->sink_count; i++) {
        const struct port_config *sink = &domain->sinks[i].port->config;
        const size_t room = sink->ops->writable(sink->self);
        if (room < frames)
            frames = room;
    }
    return frames;
}

// Reads every source. Returns how many frames all of them have: the only source decides how far the
// step goes, so that nothing of it is skipped; one of several that is late gives silence instead,
// because the others must not wait for it.
static size_t read_sources(const struct domain *domain, size_t frames)
{
    for (size_t i = 0; i < domain->source_count; i++) {
        const struct domain_source *source = &domain->sources[i];
        const struct port_config *config = &source->port->config;
        size_t got = config->ops->read(config->self, source->samples, frames);
        if (got > frames)
            got = frames;
        update_peak(source->port, source->samples, got);
        atomic_fetch_add_explicit(&source->port->frames, got, memory_order_relaxed);
        if (domain->source_count == 1)
            return got;
        memset(source->samples + got * config->channels, 0,
               (frames - got) * config->channels * sizeof(float));
    }
    return frames;
}

// What goes into a sink. A single link that changes nothing passes its source's own samples on.
static const float *mix_inputs(const struct domain *domain, const struct domain_sink *sink,
                               size_t frames)
{
    const unsigned channels = sink->port->config.channels;
    const bool is_plain = sink->input_count == 1 && ramp_is_unity(sink->inputs[0].link);
    if (!is_plain)
        memset(domain->mixed, 0, frames * channels * sizeof(float));
    for (size_t i = 0; i < sink->input_count; i++) {
        const struct domain_source *source = sink->inputs[i].source;
        const float *samples = source->samples;
        if (source->port->config.channels != channels) {
            channel_map(domain->mapped, channels, samples, source->port->config.channels, frames);
            samples = domain->mapped;
        }
        if (is_plain)
            return samples;
        ramp_mix(sink->inputs[i].link, domain->mixed, samples, channels, frames);
    }
    mix_clip(domain->mixed, frames * channels);
    return domain->mixed;
}

static void write_sinks(const struct domain *domain, size_t frames)
{
    for (size_t i = 0; i < domain->sink_count; i++) {
        const struct domain_sink *sink = &domain->sinks[i];
        struct graph_port *port = sink->port;
        const float *samples = mix_inputs(domain, sink, frames);
        const size_t taken = port->config.ops->write(port->config.self, samples, frames);
        update_peak(port, samples, frames);
        atomic_fetch_add_explicit(&port->frames, taken, memory_order_relaxed);
        atomic_fetch_add_explicit(&port->dropped_frames, frames - taken, memory_order_relaxed);
    }
}

static size_t run_frames(const struct domain *domain, size_t frames)
{
    size_t done = 0;
    while (done < frames) {
        const size_t left = frames - done;
        const size_t wanted = left < domain->chunk_frames ? left : domain->chunk_frames;
        const size_t got = read_sources(domain, wanted);
        if (got > 0)
            write_sinks(domain, got);
        done += got;
        if (got < wanted)
            break;
    }
    return done;
}

// What the clock asks for, with what could not be moved before: the disk was late, or a sink full.
static void run_by_clock(const struct domain *domain, uint64_t clock_frames)
{
    uint64_t debt = 0;
    for (size_t i = 0; i < domain->sink_count; i++)
        if (domain->sinks[i].port->rt.debt > debt)
            debt = domain->sinks[i].port->rt.debt;
    uint64_t due = clock_frames + debt;
    // After more than a second nobody wants the past to be made up for.
    if (due > domain->rate_hz)
        due = domain->rate_hz;
    size_t frames = (size_t)due;
    if (domain->is_clockless)
        frames = limit_to_room(domain, frames);
    debt = due - run_frames(domain, frames);
    for (size_t i = 0; i < domain->sink_count; i++)
        domain->sinks[i].port->rt.debt = debt;
}

static bool follow_source(const struct domain *domain, int64_t now_ns)
{
    const struct port_config *source = &domain->sources[0].port->config;
    size_t frames = source->ops->ready(source->self, now_ns);
    if (frames > domain->rate_hz)
        frames = domain->rate_hz;
    run_frames(domain, limit_to_room(domain, frames));
    return frames > 0;
}

bool domain_run(struct domain *domain, uint64_t clock_frames, int64_t now_ns)
{
    for (size_t i = 0; i < domain->sink_count; i++)
        for (size_t j = 0; j < domain->sinks[i].input_count; j++)
            ramp_update(domain->sinks[i].inputs[j].link, domain->rate_hz);
    for (size_t i = 0; i < domain->source_count; i++) {
        const struct port_config *source = &domain->sources[i].port->config;
        if (source->ops->set_paced != NULL)
            source->ops->set_paced(source->self, !domain->follows_source);
    }
    if (domain->follows_source)
        return follow_source(domain, now_ns);
    run_by_clock(domain, clock_frames);
    return true;
}
