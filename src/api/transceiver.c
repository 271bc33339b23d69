// SPDX-License-Identifier: MPL-2.0

#include "api/transceiver.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/transceiver_port.h"

// Longer ones are a mistake in the unit.
#define MAX_IMPAIRMENT_NS 60000000000ull
#define REORDER_DELAY_NS  20000000

static bool is_share(double value)
{
    return value >= 0 && value <= 1;
}

static int check_config(const roc_transceiver_config *config)
{
    const roc_impairment *impairment = &config->impairment;
    if (!is_share(impairment->loss) || !is_share(impairment->duplicate) ||
        !is_share(impairment->reorder))
        return transceiver_fail(
            -EINVAL,
            "an impairment of loss %g, duplicate %g, reorder %g makes no sense; "
            "each is a share between 0 and 1",
            impairment->loss, impairment->duplicate, impairment->reorder);
    if (impairment->delay > MAX_IMPAIRMENT_NS || impairment->jitter > MAX_IMPAIRMENT_NS)
        return transceiver_fail(
            -EINVAL, "an impairment delays by more than a minute; delay and jitter are in "
                     "nanoseconds");
    if (config->period > MAX_IMPAIRMENT_NS)
        return transceiver_fail(
            -EINVAL, "a period of %llu ns is out of range; use 100000..100000000", config->period);
    return 0;
}

static int create_network(roc_transceiver *transceiver, const roc_impairment *impairment)
{
    const struct packet_pool_config pool = {.packet_capacity =
                                                context_get_max_packet_size(transceiver->context)};
    const int code = packet_pool_create(&transceiver->pool, &pool);
    if (code != 0)
        return code;
    const struct network_config network = {
        .pool = transceiver->pool,
        .traffic = network_get_traffic(context_get_network(transceiver->context)),
        .impairment =
            {
                .loss = impairment->loss,
                .duplicate = impairment->duplicate,
                .reorder = impairment->reorder,
                .reorder_delay_ns = REORDER_DELAY_NS,
                .delay_ns = (int64_t)impairment->delay,
                .jitter_ns = (int64_t)impairment->jitter,
                .seed = impairment->seed,
            },
    };
    return network_create(&transceiver->network, &network);
}

static void destroy(roc_transceiver *transceiver)
{
    // The graph destroys the ports, these close their sockets, and all packets come home.
    graph_destroy(transceiver->graph);
    network_destroy(transceiver->network);
    packet_pool_destroy(transceiver->pool);
    while (transceiver->ports != NULL) {
        struct transceiver_port *port = transceiver->ports;
        transceiver->ports = port->next;
        free(port);
    }
    context_unref(transceiver->context);
    pthread_mutex_destroy(&transceiver->mutex);
    free(transceiver);
}

int roc_transceiver_open(roc_context *context, const roc_transceiver_config *config,
                         roc_transceiver **result)
{
    static const roc_transceiver_config defaults;
    if (context == NULL || result == NULL)
        return transceiver_fail(-EINVAL,
                                "a transceiver needs a context and a place for the result");
    if (config == NULL)
        config = &defaults;
    int code = check_config(config);
    if (code != 0)
        return code;
    roc_transceiver *transceiver = calloc(1, sizeof(*transceiver));
    if (transceiver == NULL)
        return transceiver_fail(-ENOMEM, "cannot open a transceiver: out of memory");
    pthread_mutex_init(&transceiver->mutex, NULL);
    transceiver->context = context;
    context_ref(context);

    code = create_network(transceiver, &config->impairment);
    if (code != 0) {
        transceiver_fail(code, "cannot open a transceiver: its network did not start: %s",
                         strerrordesc_np(-code));
        goto fail;
    }
    const struct graph_config graph = {.period_ns = (int64_t)config->period};
    code = graph_create(&transceiver->graph, &graph);
    if (code != 0) {
        transceiver_fail(
            code,
            "cannot open a transceiver with a period of %llu ns (100000..100000000, or "
            "0): %s",
            config->period, strerrordesc_np(-code));
        goto fail;
    }
    *result = transceiver;
    return 0;

fail:
    destroy(transceiver);
    return code;
}

int roc_transceiver_close(roc_transceiver *transceiver)
{
    if (transceiver == NULL)
        return transceiver_fail(-EINVAL, "the transceiver to close is NULL");
    destroy(transceiver);
    return 0;
}

struct transceiver_port *transceiver_find_port(roc_transceiver *transceiver, roc_port id)
{
    struct transceiver_port *port = transceiver->ports;
    while (port != NULL && port->id != id)
        port = port->next;
    return port;
}

static int add_to_graph(roc_transceiver *transceiver, struct transceiver_port *port,
                        const struct port_config *node)
{
    uint64_t id = 0;
    pthread_mutex_lock(&transceiver->mutex);
    const int code = graph_add_port(transceiver->graph, node, &id);
    if (code == 0) {
        port->id = id;
        port->next = transceiver->ports;
        transceiver->ports = port;
    }
    pthread_mutex_unlock(&transceiver->mutex);
    return code;
}

int roc_transceiver_add_port(roc_transceiver *transceiver, const roc_port_config *config,
                             roc_port *result)
{
    if (transceiver == NULL || config == NULL || result == NULL)
        return transceiver_fail(-EINVAL,
                                "adding a port needs a transceiver, a config and a place for the "
                                "result");
    struct transceiver_port *port = calloc(1, sizeof(*port));
    if (port == NULL)
        return transceiver_fail(-ENOMEM, "cannot add a port: out of memory");
    // Files are opened without the mutex: a slow disk is nobody else's business.
    struct port_config node;
    int code = transceiver_port_init(transceiver, port, config, &node);
    if (code != 0)
        goto fail;
    code = add_to_graph(transceiver, port, &node);
    if (code != 0) {
        transceiver_fail(code, "cannot add a port: %s", strerrordesc_np(-code));
        goto fail;
    }
    *result = port->id;
    return 0;

fail:
    free(port);
    return code;
}

int roc_transceiver_remove_port(roc_transceiver *transceiver, roc_port port)
{
    if (transceiver == NULL)
        return transceiver_fail(-EINVAL, "the transceiver is NULL");
    pthread_mutex_lock(&transceiver->mutex);
    struct transceiver_port **place = &transceiver->ports;
    while (*place != NULL && (*place)->id != port)
        place = &(*place)->next;
    struct transceiver_port *found = *place;
    const int code = found != NULL ? graph_remove_port(transceiver->graph, port) : -ENOENT;
    if (code == 0) {
        *place = found->next;
        free(found);
    }
    pthread_mutex_unlock(&transceiver->mutex);
    if (code == -ENOENT)
        return transceiver_fail_port(port);
    return code == 0 ? 0
                     : transceiver_fail(code, "cannot remove a port: %s", strerrordesc_np(-code));
}

static int explain_link(int code, const struct transceiver_port *source,
                        const struct transceiver_port *sink, float gain)
{
    switch (code) {
    case -EINVAL:
        if (!isfinite(gain))
            return transceiver_fail(code, "a gain of %g makes no sense; use 1 for unchanged",
                                    (double)gain);
        return transceiver_fail(code,
                                "a link goes from a source to a sink, and ports %llu and %llu are "
                                "not so",
                                source->id, sink->id);
    case -EEXIST:
        return transceiver_fail(code, "ports %llu and %llu are linked already; configure that link",
                                source->id, sink->id);
    case -ENOTSUP:
        return transceiver_fail(code,
                                "port %llu has %u Hz and port %llu has %u Hz; open them with the "
                                "same rate",
                                source->id, source->rate_hz, sink->id, sink->rate_hz);
    default:
        return transceiver_fail(code, "cannot link: %s", strerrordesc_np(-code));
    }
}

static struct graph_link_config link_config(const roc_link_config *config)
{
    if (config == NULL)
        return (struct graph_link_config){.gain = 1};
    return (struct graph_link_config){.gain = config->gain, .is_muted = config->muted != 0};
}

static int add_link(roc_transceiver *transceiver, roc_port source, roc_port sink,
                    const struct graph_link_config *config, roc_link *result)
{
    const struct transceiver_port *from = transceiver_find_port(transceiver, source);
    const struct transceiver_port *to = transceiver_find_port(transceiver, sink);
    if (from == NULL)
        return transceiver_fail_port(source);
    if (to == NULL)
        return transceiver_fail_port(sink);
    uint64_t id = 0;
    const int code = graph_link(transceiver->graph, source, sink, config, &id);
    if (code != 0)
        return explain_link(code, from, to, config->gain);
    *result = id;
    return 0;
}

int roc_transceiver_link(roc_transceiver *transceiver, roc_port source, roc_port sink,
                         const roc_link_config *config, roc_link *result)
{
    if (transceiver == NULL || result == NULL)
        return transceiver_fail(-EINVAL, "linking needs a transceiver and a place for the result");
    const struct graph_link_config link = link_config(config);
    pthread_mutex_lock(&transceiver->mutex);
    const int code = add_link(transceiver, source, sink, &link, result);
    pthread_mutex_unlock(&transceiver->mutex);
    return code;
}

static int explain_link_id(int code, roc_link link)
{
    if (code == -ENOENT)
        return transceiver_fail(code, "there is no link %llu; it or a port of it was removed",
                                link);
    return transceiver_fail(code, "cannot change link %llu: %s", link,
                            code == -EINVAL ? "its gain is not a number" : strerrordesc_np(-code));
}

int roc_transceiver_configure_link(roc_transceiver *transceiver, roc_link link,
                                   const roc_link_config *config)
{
    if (transceiver == NULL || config == NULL)
        return transceiver_fail(-EINVAL, "configuring a link needs a transceiver and a config");
    const struct graph_link_config changed = link_config(config);
    pthread_mutex_lock(&transceiver->mutex);
    const int code = graph_set_link(transceiver->graph, link, &changed);
    pthread_mutex_unlock(&transceiver->mutex);
    return code == 0 ? 0 : explain_link_id(code, link);
}

int roc_transceiver_unlink(roc_transceiver *transceiver, roc_link link)
{
    if (transceiver == NULL)
        return transceiver_fail(-EINVAL, "the transceiver is NULL");
    pthread_mutex_lock(&transceiver->mutex);
    const int code = graph_unlink(transceiver->graph, link);
    pthread_mutex_unlock(&transceiver->mutex);
    return code == 0 ? 0 : explain_link_id(code, link);
}
