// SPDX-License-Identifier: MPL-2.0

#include "graph/plan.h"

#include <errno.h>
#include <stdlib.h>

#define NS_PER_S 1000000000LL

// Gives all ports that links join the same mark, the smallest of their numbers.
static size_t mark_domains(struct graph_port *ports, struct graph_link *links)
{
    size_t count = 0;
    for (struct graph_port *port = ports; port != NULL; port = port->next)
        port->mark = count++;
    bool is_changed = true;
    while (is_changed) {
        is_changed = false;
        for (struct graph_link *link = links; link != NULL; link = link->next) {
            const size_t a = link->source->mark;
            const size_t b = link->sink->mark;
            if (a == b)
                continue;
            link->source->mark = link->sink->mark = a < b ? a : b;
            is_changed = true;
        }
    }
    return count;
}

static bool is_driven(const struct graph_port *port)
{
    return port->links > 0 || (port->config.is_source && port->config.ops->ready != NULL);
}

static float *new_samples(size_t frames, unsigned channels)
{
    return calloc(frames * channels, sizeof(float));
}

static int add_source(struct domain *domain, struct graph_port *port)
{
    struct domain_source *source = &domain->sources[domain->source_count++];
    source->port = port;
    source->samples = new_samples(domain->chunk_frames, port->config.channels);
    return source->samples != NULL ? 0 : -ENOMEM;
}

static const struct domain_source *find_source(const struct domain *domain,
                                               const struct graph_port *port)
{
    const struct domain_source *source = domain->sources;
    while (source->port != port)
        source++;
    return source;
}

// Its sources are in the domain already.
static int add_sink(struct domain *domain, struct graph_port *port, struct graph_link *links)
{
    struct domain_sink *sink = &domain->sinks[domain->sink_count++];
    sink->port = port;
    sink->inputs = calloc(port->links, sizeof(*sink->inputs));
    if (sink->inputs == NULL)
        return -ENOMEM;
    for (struct graph_link *link = links; link != NULL; link = link->next)
        if (link->sink == port)
            sink->inputs[sink->input_count++] =
                (struct domain_input){.link = link, .source = find_source(domain, link->source)};
    return 0;
}

static void choose_pace(struct domain *domain)
{
    domain->is_clockless = domain->sink_count > 0;
    for (size_t i = 0; i < domain->sink_count; i++)
        if (domain->sinks[i].port->config.ops->writable == NULL)
            domain->is_clockless = false;
    domain->follows_source = domain->is_clockless && domain->source_count == 1 &&
                             domain->sources[0].port->config.ops->ready != NULL;
}

static int fill_domain(struct domain *domain, struct graph_port *first, struct graph_link *links,
                       int64_t period_ns)
{
    size_t sources = 0;
    size_t sinks = 0;
    unsigned sink_channels = 1;
    const size_t mark = first->mark;
    for (const struct graph_port *port = first; port != NULL; port = port->next) {
        if (port->mark != mark)
            continue;
        if (port->config.is_source)
            sources++;
        else
            sinks++;
        if (!port->config.is_source && port->config.channels > sink_channels)
            sink_channels = port->config.channels;
    }
    domain->rate_hz = first->config.rate_hz;
    domain->chunk_frames = (size_t)((int64_t)domain->rate_hz * period_ns / NS_PER_S) + 2;
    domain->sources = calloc(sources + 1, sizeof(*domain->sources));
    domain->sinks = calloc(sinks + 1, sizeof(*domain->sinks));
    domain->mapped = new_samples(domain->chunk_frames, sink_channels);
    domain->mixed = new_samples(domain->chunk_frames, sink_channels);
    if (domain->sources == NULL || domain->sinks == NULL || domain->mapped == NULL ||
        domain->mixed == NULL)
        return -ENOMEM;

    int code = 0;
    for (struct graph_port *port = first; port != NULL && code == 0; port = port->next)
        if (port->mark == mark && port->config.is_source)
            code = add_source(domain, port);
    for (struct graph_port *port = first; port != NULL && code == 0; port = port->next)
        if (port->mark == mark && !port->config.is_source)
            code = add_sink(domain, port, links);
    choose_pace(domain);
    return code;
}

int plan_create(struct plan **out, struct graph_port *ports, struct graph_link *links,
                int64_t period_ns)
{
    const size_t count = mark_domains(ports, links);
    struct plan *plan = calloc(1, sizeof(*plan));
    if (plan == NULL)
        return -ENOMEM;
    plan->domains = calloc(count + 1, sizeof(*plan->domains));
    if (plan->domains == NULL)
        goto fail;
    // A domain is found at its first port, the one whose number is the mark.
    size_t number = 0;
    for (struct graph_port *port = ports; port != NULL; port = port->next) {
        const bool is_first = port->mark == number++;
        if (is_first && is_driven(port) &&
            fill_domain(&plan->domains[plan->domain_count++], port, links, period_ns) != 0)
            goto fail;
    }
    *out = plan;
    return 0;

fail:
    plan_destroy(plan);
    return -ENOMEM;
}

static void finish_domain(struct domain *domain)
{
    for (size_t i = 0; i < domain->source_count; i++)
        free(domain->sources[i].samples);
    for (size_t i = 0; i < domain->sink_count; i++)
        free(domain->sinks[i].inputs);
    free(domain->sources);
    free(domain->sinks);
    free(domain->mapped);
    free(domain->mixed);
}

void plan_destroy(struct plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; plan->domains != NULL && i < plan->domain_count; i++)
        finish_domain(&plan->domains[i]);
    free(plan->domains);
    free(plan);
}

// Frames that the clock counted until a moment. Whole seconds apart, so that nothing overflows and
// no rate drifts.
static uint64_t count_frames(int64_t ns, unsigned rate_hz)
{
    const uint64_t seconds = (uint64_t)(ns / NS_PER_S);
    const uint64_t rest = (uint64_t)(ns % NS_PER_S);
    return seconds * rate_hz + rest * rate_hz / NS_PER_S;
}

bool plan_run(struct plan *plan, int64_t from_ns, int64_t to_ns, int64_t now_ns)
{
    bool is_any = false;
    for (size_t i = 0; i < plan->domain_count; i++) {
        struct domain *domain = &plan->domains[i];
        const uint64_t frames =
            count_frames(to_ns, domain->rate_hz) - count_frames(from_ns, domain->rate_hz);
        is_any |= domain_run(domain, frames, now_ns);
    }
    return is_any;
}
