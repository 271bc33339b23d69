// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <string.h>

#include "api/endpoint.h"
#include "api/transceiver.h"
#include "net/address.h"

// What an endpoint asks for, in the terms of the rooms below.
struct request {
    const struct uri_protocol *protocol;
    enum stream_interface iface;
    enum fec_scheme scheme;
    struct net_address address;
};

static const char *interface_name(roc_interface iface)
{
    switch (iface) {
    case ROC_INTERFACE_CONSOLIDATED:
        return "consolidated";
    case ROC_INTERFACE_AUDIO_SOURCE:
        return "source";
    case ROC_INTERFACE_AUDIO_REPAIR:
        return "repair";
    case ROC_INTERFACE_AUDIO_CONTROL:
        return "control";
    }
    return "unknown";
}

static int read_protocol(struct request *request, roc_interface iface)
{
    const struct uri_protocol *protocol = request->protocol;
    if (protocol->iface != iface)
        return transceiver_fail(
            -EPROTO,
            "%s:// is a protocol of the %s interface and cannot be used for the "
            "%s interface",
            protocol->scheme, interface_name(protocol->iface), interface_name(iface));
    request->iface = iface == ROC_INTERFACE_AUDIO_REPAIR ? STREAM_REPAIR : STREAM_SOURCE;
    switch (protocol->protocol) {
    case ROC_PROTO_RTP:
        request->scheme = FEC_NONE;
        return 0;
    case ROC_PROTO_RTP_RS8M_SOURCE:
    case ROC_PROTO_RS8M_REPAIR:
        request->scheme = FEC_RS8M;
        return 0;
    default:
        return transceiver_fail(-ENOTSUP,
                                "ports do not speak %s://; use rtp://, or rtp+rs8m:// with rs8m://",
                                protocol->scheme);
    }
}

// Resolves the host, which may take long: the mutex is not held.
static int read_endpoint(struct request *request, roc_interface iface, const roc_endpoint *endpoint)
{
    if (endpoint == NULL)
        return transceiver_fail(-EINVAL, "the endpoint is NULL");
    request->protocol = endpoint_get_protocol(endpoint);
    if (request->protocol == NULL)
        return transceiver_fail(-EINVAL,
                                "the endpoint is not complete: it needs a protocol, a host and a "
                                "port, all valid");
    int code = read_protocol(request, iface);
    if (code != 0)
        return code;
    code = endpoint_resolve(endpoint, &request->address);
    if (code != 0)
        return transceiver_fail(code, "cannot find the host '%s'; check its name",
                                endpoint_get_host(endpoint));
    return 0;
}

static int explain_bind(int code, const struct request *request)
{
    char text[NET_ADDRESS_TEXT_SIZE];
    net_address_write(&request->address, text);
    const char *name = interface_name(request->protocol->iface);
    switch (code) {
    case -EBUSY:
        return transceiver_fail(code, "the %s interface of this port is bound already", name);
    case -EPROTO:
        return transceiver_fail(
            code,
            "%s:// does not go with the protocol that the port is bound to; use "
            "rtp:// alone, or rtp+rs8m:// with rs8m://",
            request->protocol->scheme);
    case -EADDRINUSE:
        return transceiver_fail(
            code, "cannot bind %s: another program uses it; choose another port", text);
    case -EADDRNOTAVAIL:
        return transceiver_fail(code, "cannot bind %s: this machine has no such address", text);
    case -EACCES:
        return transceiver_fail(code, "cannot bind %s: permission denied; use a port above 1023",
                                text);
    default:
        return transceiver_fail(code, "cannot bind %s: %s", text, strerrordesc_np(-code));
    }
}

static int bind_port(roc_transceiver *transceiver, roc_port id, struct request *request)
{
    struct transceiver_port *port = transceiver_find_port(transceiver, id);
    if (port == NULL)
        return transceiver_fail_port(id);
    if (port->receiver == NULL)
        return transceiver_fail(-EINVAL, "port %llu is no network receiver; only these are bound",
                                id);
    // rtp:// has no repair, and a port that is bound keeps its scheme.
    if (port->is_bound && port->scheme != request->scheme)
        return explain_bind(-EPROTO, request);
    const struct udp_config config = {
        .bind = request->address,
        .reuse_address = net_address_is_multicast(&request->address),
    };
    const int code = receiver_bind(port->receiver, ROC_SLOT_DEFAULT, request->iface,
                                   request->scheme, &config, &request->address);
    if (code != 0)
        return explain_bind(code, request);
    port->is_bound = true;
    port->scheme = request->scheme;
    return 0;
}

int roc_transceiver_bind(roc_transceiver *transceiver, roc_port port, roc_interface iface,
                         roc_endpoint *endpoint)
{
    struct request request = {0};
    if (transceiver == NULL)
        return transceiver_fail(-EINVAL, "the transceiver is NULL");
    int code = read_endpoint(&request, iface, endpoint);
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

static int explain_connect(int code, const struct request *request, roc_slot slot)
{
    char text[NET_ADDRESS_TEXT_SIZE];
    net_address_write(&request->address, text);
    if (code == -EBUSY)
        return transceiver_fail(
            code,
            "the %s interface of slot %llu is connected already; disconnect the "
            "slot first",
            interface_name(request->protocol->iface), slot);
    if (code == -EINVAL)
        return transceiver_fail(code,
                                "cannot connect to %s: the interfaces of a slot go to addresses of "
                                "one family, IPv4 or IPv6",
                                text);
    return transceiver_fail(code, "cannot connect to %s: %s", text, strerrordesc_np(-code));
}

static int connect_port(roc_transceiver *transceiver, roc_port id, roc_slot slot,
                        const struct request *request)
{
    const struct transceiver_port *port = transceiver_find_port(transceiver, id);
    if (port == NULL)
        return transceiver_fail_port(id);
    if (port->sender == NULL)
        return transceiver_fail(-EINVAL, "port %llu is no network sender; only these are connected",
                                id);
    if (net_address_get_port(&request->address) == 0)
        return transceiver_fail(
            -EINVAL, "nothing listens on port 0; name the port that the receiver is bound "
                     "to");
    if (port->scheme != request->scheme)
        return transceiver_fail(-EPROTO,
                                "%s:// does not go with a sender %s FEC; use rtp:// without, and "
                                "rtp+rs8m:// with rs8m:// with it",
                                request->protocol->scheme,
                                port->scheme == FEC_NONE ? "without" : "with");
    const int code = sender_connect(port->sender, slot, request->iface, &request->address);
    return code == 0 ? 0 : explain_connect(code, request, slot);
}

int roc_transceiver_connect(roc_transceiver *transceiver, roc_port port, roc_slot slot,
                            roc_interface iface, const roc_endpoint *endpoint)
{
    struct request request = {0};
    if (transceiver == NULL)
        return transceiver_fail(-EINVAL, "the transceiver is NULL");
    int code = read_endpoint(&request, iface, endpoint);
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
