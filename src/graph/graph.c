// SPDX-License-Identifier: MPL-2.0

#include "graph/graph.h"

#include <errno.h>
#include <math.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "graph/plan.h"

#define DEFAULT_PERIOD_NS 5000000
#define MIN_PERIOD_NS     100000
#define MAX_PERIOD_NS     100000000
// Of a stall, this much is made up for.
#define MAX_CATCH_UP_NS 1000000000
// Recorders that wait for a sender need no short steps: after so long without a frame they are this
// long, and a machine that waits all day uses less of its power.
#define QUIET_AFTER_NS  1000000000
#define QUIET_PERIOD_NS 20000000

struct graph {
    int64_t period_ns;

    // The control side's.
    struct graph_port *ports;
    struct graph_link *links;
    struct plan *plan;
    uint64_t last_id;
    struct thread *thread;

    sem_t wake;     // the thread sleeps on it while there is nothing to do
    sem_t switched; // posted when the thread took a plan
    bool has_semaphores;
    atomic_bool stop;
    struct plan *_Atomic pending;

    struct {
        struct plan *plan;
        bool is_running;
        int64_t epoch_ns;
        int64_t last_ns; // until here the clock's frames are done
        int64_t busy_ns; // when anything was moved the last time
    } rt;
};

// Timer thread.

static void adopt_plan(struct graph *graph)
{
    struct plan *plan = atomic_exchange(&graph->pending, NULL);
    if (plan == NULL)
        return;
    graph->rt.plan = plan;
    sem_post(&graph->switched);
}

// Time goes in whole periods, so that steps have the same length whenever the thread wakes up.
static void run_step(struct graph *graph, int64_t now_ns)
{
    if (!graph->rt.is_running) {
        graph->rt.is_running = true;
        graph->rt.epoch_ns = graph->rt.last_ns = graph->rt.busy_ns = now_ns;
    }
    const int64_t late_ns = now_ns - graph->rt.last_ns;
    if (late_ns < graph->period_ns)
        return;
    int64_t periods = late_ns / graph->period_ns;
    const int64_t most = MAX_CATCH_UP_NS / graph->period_ns;
    if (periods > most) {
        graph->rt.last_ns += (periods - most) * graph->period_ns;
        periods = most;
    }
    const int64_t from_ns = graph->rt.last_ns - graph->rt.epoch_ns;
    graph->rt.last_ns += periods * graph->period_ns;
    if (plan_run(graph->rt.plan, from_ns, graph->rt.last_ns - graph->rt.epoch_ns, now_ns))
        graph->rt.busy_ns = now_ns;
}

static int64_t get_deadline(const struct graph *graph)
{
    const bool is_quiet = graph->rt.last_ns - graph->rt.busy_ns > QUIET_AFTER_NS;
    if (is_quiet && graph->period_ns < QUIET_PERIOD_NS)
        return graph->rt.last_ns + QUIET_PERIOD_NS;
    return graph->rt.last_ns + graph->period_ns;
}

static void run(void *arg)
{
    struct graph *graph = arg;
    while (!atomic_load(&graph->stop)) {
        adopt_plan(graph);
        if (graph->rt.plan->domain_count == 0) {
            graph->rt.is_running = false;
            sem_wait(&graph->wake);
            continue;
        }
        if (graph->rt.is_running)
            clock_sleep_until_ns(get_deadline(graph));
        run_step(graph, clock_monotonic_ns());
    }
}

void graph_tick(struct graph *graph, int64_t now_ns)
{
    run_step(graph, now_ns);
}

// Control side.

static void hand_over(struct graph *graph, struct plan *plan)
{
    if (graph->thread == NULL) {
        graph->rt.plan = plan;
        return;
    }
    atomic_store(&graph->pending, plan);
    sem_post(&graph->wake);
    while (sem_wait(&graph->switched) != 0)
        ;
}

// Makes ports and links as they are now take effect. After success nothing uses the former ones.
static int publish(struct graph *graph)
{
    struct plan *plan = NULL;
    const int code = plan_create(&plan, graph->ports, graph->links, graph->period_ns);
    if (code != 0)
        return code;
    hand_over(graph, plan);
    plan_destroy(graph->plan);
    graph->plan = plan;
    return 0;
}

static struct graph_port *find_port(const struct graph *graph, uint64_t id)
{
    struct graph_port *port = graph->ports;
    while (port != NULL && port->id != id)
        port = port->next;
    return port;
}

static void take_out_port(struct graph *graph, struct graph_port *port)
{
    struct graph_port **place = &graph->ports;
    while (*place != port)
        place = &(*place)->next;
    *place = port->next;
}

static void free_port(struct graph_port *port)
{
    port->config.ops->destroy(port->config.self);
    free(port);
}

static void put_in_link(struct graph *graph, struct graph_link *link)
{
    link->next = graph->links;
    graph->links = link;
    link->source->links++;
    link->sink->links++;
}

static void take_out_link(struct graph *graph, struct graph_link *link)
{
    struct graph_link **place = &graph->links;
    while (*place != link)
        place = &(*place)->next;
    *place = link->next;
    link->source->links--;
    link->sink->links--;
}

static struct graph_link *find_link(const struct graph *graph, uint64_t id)
{
    struct graph_link *link = graph->links;
    while (link != NULL && link->id != id)
        link = link->next;
    return link;
}

int graph_create(struct graph **out, const struct graph_config *config)
{
    const int64_t period_ns = config->period_ns != 0 ? config->period_ns : DEFAULT_PERIOD_NS;
    if (period_ns < MIN_PERIOD_NS || period_ns > MAX_PERIOD_NS)
        return -EINVAL;
    struct graph *graph = calloc(1, sizeof(*graph));
    if (graph == NULL)
        return -ENOMEM;
    graph->period_ns = period_ns;
    int code = -ENOMEM;
    if (sem_init(&graph->wake, 0, 0) != 0 || sem_init(&graph->switched, 0, 0) != 0)
        goto fail;
    graph->has_semaphores = true;
    code = publish(graph);
    if (code == 0 && !config->manual) {
        const struct thread_config thread = {.name = "roc-graph", .realtime = true};
        code = thread_create(&graph->thread, &thread, run, graph);
    }
    if (code != 0)
        goto fail;
    *out = graph;
    return 0;

fail:
    graph_destroy(graph);
    return code;
}

void graph_destroy(struct graph *graph)
{
    if (graph == NULL)
        return;
    atomic_store(&graph->stop, true);
    if (graph->has_semaphores)
        sem_post(&graph->wake);
    thread_destroy(graph->thread);
    plan_destroy(graph->plan);
    while (graph->links != NULL) {
        struct graph_link *link = graph->links;
        graph->links = link->next;
        free(link);
    }
    while (graph->ports != NULL) {
        struct graph_port *port = graph->ports;
        graph->ports = port->next;
        free_port(port);
    }
    if (graph->has_semaphores) {
        sem_destroy(&graph->wake);
        sem_destroy(&graph->switched);
    }
    free(graph);
}

int graph_add_port(struct graph *graph, const struct port_config *config, uint64_t *id)
{
    struct graph_port *port = calloc(1, sizeof(*port));
    if (port == NULL || config->rate_hz == 0 || config->channels == 0) {
        config->ops->destroy(config->self);
        free(port);
        return port == NULL ? -ENOMEM : -EINVAL;
    }
    port->id = ++graph->last_id;
    port->config = *config;
    port->next = graph->ports;
    graph->ports = port;
    const int code = publish(graph);
    if (code != 0) {
        take_out_port(graph, port);
        free_port(port);
        return code;
    }
    *id = port->id;
    return 0;
}

// Links of a port, taken out of the graph as a list.
static struct graph_link *take_out_links(struct graph *graph, const struct graph_port *port)
{
    struct graph_link *taken = NULL;
    struct graph_link *next;
    for (struct graph_link *link = graph->links; link != NULL; link = next) {
        next = link->next;
        if (link->source != port && link->sink != port)
            continue;
        take_out_link(graph, link);
        link->next = taken;
        taken = link;
    }
    return taken;
}

int graph_remove_port(struct graph *graph, uint64_t id)
{
    struct graph_port *port = find_port(graph, id);
    if (port == NULL)
        return -ENOENT;
    struct graph_link *links = take_out_links(graph, port);
    take_out_port(graph, port);
    const int code = publish(graph);
    if (code != 0) {
        port->next = graph->ports;
        graph->ports = port;
    }
    while (links != NULL) {
        struct graph_link *link = links;
        links = link->next;
        if (code != 0)
            put_in_link(graph, link);
        else
            free(link);
    }
    if (code == 0)
        free_port(port);
    return code;
}

static int check_link(const struct graph *graph, const struct graph_port *source,
                      const struct graph_port *sink, const struct graph_link_config *config)
{
    if (source == NULL || sink == NULL)
        return -ENOENT;
    if (!source->config.is_source || sink->config.is_source || !isfinite(config->gain))
        return -EINVAL;
    if (source->config.rate_hz != sink->config.rate_hz)
        return -ENOTSUP;
    for (const struct graph_link *link = graph->links; link != NULL; link = link->next)
        if (link->source == source && link->sink == sink)
            return -EEXIST;
    return 0;
}

static void set_target(struct graph_link *link, const struct graph_link_config *config)
{
    atomic_store_explicit(&link->target, config->is_muted ? 0 : config->gain, memory_order_relaxed);
}

int graph_link(struct graph *graph, uint64_t source_id, uint64_t sink_id,
               const struct graph_link_config *config, uint64_t *id)
{
    struct graph_port *source = find_port(graph, source_id);
    struct graph_port *sink = find_port(graph, sink_id);
    int code = check_link(graph, source, sink, config);
    if (code != 0)
        return code;
    struct graph_link *link = calloc(1, sizeof(*link));
    if (link == NULL)
        return -ENOMEM;
    link->id = ++graph->last_id;
    link->source = source;
    link->sink = sink;
    set_target(link, config);
    // No plan names a sink without links, so this is ours now.
    if (sink->links == 0)
        sink->rt.debt = 0;
    if (source->config.ops->start != NULL)
        source->config.ops->start(source->config.self, source->links == 0);
    put_in_link(graph, link);
    code = publish(graph);
    if (code != 0) {
        take_out_link(graph, link);
        free(link);
        return code;
    }
    *id = link->id;
    return 0;
}

int graph_set_link(struct graph *graph, uint64_t id, const struct graph_link_config *config)
{
    struct graph_link *link = find_link(graph, id);
    if (link == NULL)
        return -ENOENT;
    if (!isfinite(config->gain))
        return -EINVAL;
    set_target(link, config);
    return 0;
}

int graph_unlink(struct graph *graph, uint64_t id)
{
    struct graph_link *link = find_link(graph, id);
    if (link == NULL)
        return -ENOENT;
    take_out_link(graph, link);
    const int code = publish(graph);
    if (code != 0)
        put_in_link(graph, link);
    else
        free(link);
    return code;
}

const struct port_config *graph_get_port(const struct graph *graph, uint64_t id)
{
    const struct graph_port *port = find_port(graph, id);
    return port != NULL ? &port->config : NULL;
}

int graph_get_metrics(struct graph *graph, uint64_t id, struct graph_port_metrics *metrics)
{
    struct graph_port *port = find_port(graph, id);
    if (port == NULL)
        return -ENOENT;
    *metrics = (struct graph_port_metrics){
        .links = port->links,
        .frames = atomic_load_explicit(&port->frames, memory_order_relaxed),
        .dropped_frames = atomic_load_explicit(&port->dropped_frames, memory_order_relaxed),
        .peak = atomic_exchange_explicit(&port->peak, 0, memory_order_relaxed),
    };
    return 0;
}
