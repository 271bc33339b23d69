// SPDX-License-Identifier: MPL-2.0

#include <errno.h>

#include "api/endpoint_request.h"
#include "api/transceiver.h"
#include "net/address.h"

// Hands the sentence of a shared helper to the caller's thread.
static int pass_on(int code, const struct api_error *error)
{
    return code == 0 ? 0 : transceiver_fail(code, "%s", error->text);
}

static int explain_bind(const struct endpoint_request *request, int code)
{
    struct api_error error;
    return pass_on(endpoint_request_explain_bind(request, code, &error), &error);
}

// On which network card to join the group that is bound; none for a unicast address.
static struct net_address choose_interface(const struct transceiver_port *port,
                                           const struct net_address *bind)
{
    struct net_address interface = {0};
    if (!net_address_is_multicast(bind))
        return interface;
    if (port->local.sa.sa_family != AF_UNSPEC)
        return port->local;
    interface.sa.sa_family = bind->sa.sa_family;
    return interface;
}

static int bind_port(roc_transceiver *transceiver, roc_port id, struct endpoint_request *request)
{
    struct transceiver_port *port = transceiver_find_port(transceiver, id);
    if (port == NULL)
        return transceiver_fail_port(id);
    if (port->receiver == NULL)
        return transceiver_fail(-EINVAL, "port %llu is no network receiver; only these are bound",
                                id);
    // rtp:// has no repair, and a port that is bound keeps its scheme.
    const bool has_scheme = request->iface != STREAM_CONTROL;
    if (has_scheme && port->is_bound && port->scheme != request->scheme)
        return explain_bind(request, -EPROTO);
    const struct udp_config config = {
        .bind = request->address,
        .multicast_interface = choose_interface(port, &request->address),
        .reuse_address = net_address_is_multicast(&request->address),
    };
    const int code = receiver_bind(port->receiver, ROC_SLOT_DEFAULT, request->iface,
                                   request->scheme, &config, &request->address);
    if (code != 0)
        return explain_bind(request, code);
    if (has_scheme) {
        port->is_bound = true;
        port->scheme = request->scheme;
    }
    return 0;
}

int roc_transceiver_bind(roc_transceiver *transceiver, roc_port port, roc_interface iface,
                         roc_endpoint *endpoint)
{
    struct endpoint_request request = {0};
    struct api_error error;
    if (transceiver == NULL)
        return transceiver_fail(-EINVAL, "the transceiver is NULL");
    // Resolves the host, which may take long: the mutex is not held.
    int code = pass_on(endpoint_request_init(&request, iface, endpoint, &error), &error);
    if (code != 0)
        return code;
    pthread_mutex_lock(&transceiver->mutex);
    code = bind_port(transceiver, port, &request);
    pthread_mutex_unlock(&transceiver->mutex);
    if (code != 0)
        return code;
    (void)roc_endpoint_set_port(endpoint, net_address_get_port(&request.address));
    return 0;
}

static int connect_port(roc_transceiver *transceiver, roc_port id, roc_slot slot,
                        const struct endpoint_request *request)
{
    const struct transceiver_port *port = transceiver_find_port(transceiver, id);
    if (port == NULL)
        return transceiver_fail_port(id);
    if (port->sender == NULL)
        return transceiver_fail(-EINVAL, "port %llu is no network sender; only these are connected",
                                id);
    struct api_error error;
    int code = endpoint_request_check_connect(request, port->scheme, &error);
    if (code == 0 && port->local.sa.sa_family != AF_UNSPEC)
        // What it may refuse, connecting refuses too.
        (void)sender_configure(port->sender, slot, request->iface,
                               &(struct udp_config){.bind = port->local});
    if (code == 0) {
        code = sender_connect(port->sender, slot, request->iface, &request->address);
        if (code != 0)
            code = endpoint_request_explain_connect(request, code, &error);
    }
    return pass_on(code, &error);
}

int roc_transceiver_connect(roc_transceiver *transceiver, roc_port port, roc_slot slot,
                            roc_interface iface, const roc_endpoint *endpoint)
{
    struct endpoint_request request = {0};
    struct api_error error;
    if (transceiver == NULL)
        return transceiver_fail(-EINVAL, "the transceiver is NULL");
    // Resolves the host, which may take long: the mutex is not held.
    int code = pass_on(endpoint_request_init(&request, iface, endpoint, &error), &error);
    if (code != 0)
        return code;
    pthread_mutex_lock(&transceiver->mutex);
    code = connect_port(transceiver, port, slot, &request);
    pthread_mutex_unlock(&transceiver->mutex);
    return code;
}

static int disconnect_port(roc_transceiver *transceiver, roc_port id, roc_slot slot)
{
    const struct transceiver_port *port = transceiver_find_port(transceiver, id);
    if (port == NULL)
        return transceiver_fail_port(id);
    if (port->sender == NULL)
        return transceiver_fail(-EINVAL, "port %llu is no network sender", id);
    if (sender_unlink(port->sender, slot) != 0)
        return transceiver_fail(-ENOENT, "port %llu has no slot %llu", id, slot);
    return 0;
}

int roc_transceiver_disconnect(roc_transceiver *transceiver, roc_port port, roc_slot slot)
{
    if (transceiver == NULL)
        return transceiver_fail(-EINVAL, "the transceiver is NULL");
    pthread_mutex_lock(&transceiver->mutex);
    const int code = disconnect_port(transceiver, port, slot);
    pthread_mutex_unlock(&transceiver->mutex);
    return code;
}
