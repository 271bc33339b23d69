// SPDX-License-Identifier: MPL-2.0
#include "media/net_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "media/explain.h"
#include "media/payload_type.h"

#define NS_PER_MS 1e6

// How each scheme of FEC is named in URIs and to the transceiver.
static const struct {
    const char *source, *repair; // repair: NULL where there is none
    roc_port_fec fec;
} schemes[] = {
    [TRANSPORT_FEC_NONE] = {"rtp", NULL, ROC_PORT_FEC_DISABLE},
    [TRANSPORT_FEC_RS8M] = {"rtp+rs8m", "rs8m", ROC_PORT_FEC_RS8M},
    [TRANSPORT_FEC_LDPC] = {"rtp+ldpc", "ldpc", ROC_PORT_FEC_LDPC},
};

static bool has_scheme(const char *uri, const char *scheme)
{
    size_t length = strlen(scheme);
    return strncmp(uri, scheme, length) == 0 && strncmp(uri + length, "://", 3) == 0;
}

int net_port_match_fec(struct transport *transport, const struct media_address *address,
                       struct api_error *error)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        bool is_repair_right = schemes[i].repair
                                   ? has_scheme(address->repair_uri, schemes[i].repair)
                                   : address->repair_uri[0] == '\0';
        if (has_scheme(address->media_uri, schemes[i].source) && is_repair_right) {
            transport->fec_scheme = (enum transport_fec)i;
            return 0;
        }
    }
    return error_set(error, ERROR_UNSATISFIABLE, NULL,
                     "Media '%s' with repair '%s' cannot be carried; use rtp+rs8m:// with rs8m://, "
                     "rtp+ldpc:// with ldpc://, or rtp:// without a repair URI.",
                     address->media_uri, address->repair_uri);
}

// A name would have to be looked up, and the control loop does not wait for name servers.
static int check_host(roc_endpoint *endpoint, const char *uri, struct api_error *error)
{
    char host[MEDIA_URI_SIZE];
    size_t size = sizeof(host);
    if (roc_endpoint_get_host(endpoint, host, &size) != 0)
        return error_set(error, ERROR_INVALID_ARGS, NULL, "'%s' has no host.", uri);
    struct in6_addr address;
    size_t length = strlen(host);
    if (host[0] == '[' && length > 2) {
        host[length - 1] = '\0';
        memmove(host, host + 1, length - 1);
        if (inet_pton(AF_INET6, host, &address) == 1)
            return 0;
    } else if (inet_pton(AF_INET, host, &address) == 1 || strcmp(host, "localhost") == 0) {
        return 0;
    }
    return error_set(error, ERROR_UNSATISFIABLE, NULL,
                     "'%s' has a host name; give the IP address instead.", uri);
}

static roc_endpoint *make_endpoint(const char *uri, struct api_error *error)
{
    roc_endpoint *endpoint = NULL;
    if (roc_endpoint_allocate(&endpoint) != 0) {
        (void)error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
        return NULL;
    }
    if (roc_endpoint_set_uri(endpoint, uri) != 0) {
        (void)error_set(error, ERROR_INVALID_ARGS, NULL, "'%s' is not the URI of a stream.", uri);
        goto fail;
    }
    if (check_host(endpoint, uri, error) != 0)
        goto fail;
    return endpoint;

fail:
    (void)roc_endpoint_deallocate(endpoint);
    return NULL;
}

static int add_port(struct net_port *net, roc_transceiver *transceiver, roc_port_kind kind,
                    const struct transport *transport, struct api_error *error)
{
    bool has_fec = transport->fec_scheme != TRANSPORT_FEC_NONE;
    roc_port_config config = {
        .kind = kind,
        .rate = transport->sample_rate,
        .channels = transport->channels,
        .payload_type = (unsigned)payload_type_get(transport->encoding, transport->sample_rate,
                                                   transport->channels),
        .format = payload_format_get(transport->encoding),
        .packet_length = (unsigned long long)(transport->packet_ms * NS_PER_MS),
        .fec = schemes[transport->fec_scheme].fec,
        .fec_source_packets = has_fec ? transport->fec_source_packets : 0,
        .fec_repair_packets = has_fec ? transport->fec_repair_packets : 0,
        .target_latency = (unsigned long long)(transport->target_latency_ms * NS_PER_MS),
    };
    if (roc_transceiver_add_port(transceiver, &config, &net->port) != 0) {
        net->port = 0;
        return media_explain(error, NULL, roc_transceiver_error());
    }
    return 0;
}

// Binds and writes the real address back. Returns 0, or a negative errno with *error set.
static int bind_uri(struct net_port *net, roc_transceiver *transceiver, roc_interface iface,
                    char uri[MEDIA_URI_SIZE], struct api_error *error)
{
    roc_endpoint *endpoint = make_endpoint(uri, error);
    if (!endpoint)
        return -EINVAL;
    int result = roc_transceiver_bind(transceiver, net->port, iface, endpoint);
    if (result != 0)
        (void)media_explain(error, NULL, roc_transceiver_error());
    size_t size = MEDIA_URI_SIZE;
    if (result == 0 && roc_endpoint_get_uri(endpoint, uri, &size) != 0)
        result = error_set(error, ERROR_INTERNAL, NULL, "Cannot tell the address of a port.");
    (void)roc_endpoint_deallocate(endpoint);
    return result;
}

// Binds to bind_host and a port of the range that is free.
static int bind_free(struct net_port *net, roc_transceiver *transceiver, roc_interface iface,
                     const char *prefix, struct port_range *range, char uri[MEDIA_URI_SIZE],
                     struct api_error *error)
{
    unsigned count = range->high > 0 ? range->high - range->low + 1 : 1;
    int result = -EADDRINUSE;
    for (unsigned i = 0; i < count && result == -EADDRINUSE; i++) {
        unsigned port = 0;
        if (range->high > 0)
            port = range->low + range->cursor++ % count;
        snprintf(uri, MEDIA_URI_SIZE, "%s:%u", prefix, port);
        result = bind_uri(net, transceiver, iface, uri, error);
    }
    if (result == -EADDRINUSE && range->high > 0)
        (void)error_set(error, ERROR_UNSATISFIABLE, NULL,
                        "All media ports from %u to %u are in use; widen the range.", range->low,
                        range->high);
    return result == 0 ? 0 : -1;
}

static int bind_chosen(struct net_port *net, roc_transceiver *transceiver, const char *bind_host,
                       enum transport_fec fec, struct port_range *range, struct api_error *error)
{
    char prefix[MEDIA_URI_SIZE - 8];
    snprintf(prefix, sizeof(prefix), "%s://%s", schemes[fec].source, bind_host);
    if (bind_free(net, transceiver, ROC_INTERFACE_AUDIO_SOURCE, prefix, range,
                  net->address.media_uri, error) != 0)
        return -1;
    snprintf(prefix, sizeof(prefix), "rtcp://%s", bind_host);
    if (bind_free(net, transceiver, ROC_INTERFACE_AUDIO_CONTROL, prefix, range,
                  net->address.control_uri, error) != 0)
        return -1;
    if (!schemes[fec].repair)
        return 0;
    snprintf(prefix, sizeof(prefix), "%s://%s", schemes[fec].repair, bind_host);
    return bind_free(net, transceiver, ROC_INTERFACE_AUDIO_REPAIR, prefix, range,
                     net->address.repair_uri, error);
}

// An interface that the address leaves out is not bound.
static int bind_optional(struct net_port *net, roc_transceiver *transceiver, roc_interface iface,
                         char uri[MEDIA_URI_SIZE], struct api_error *error)
{
    return uri[0] == '\0' || bind_uri(net, transceiver, iface, uri, error) == 0 ? 0 : -1;
}

static int bind_given(struct net_port *net, roc_transceiver *transceiver,
                      const struct media_address *address, struct api_error *error)
{
    net->address = *address;
    if (bind_uri(net, transceiver, ROC_INTERFACE_AUDIO_SOURCE, net->address.media_uri, error) != 0)
        return -1;
    if (bind_optional(net, transceiver, ROC_INTERFACE_AUDIO_CONTROL, net->address.control_uri,
                      error) != 0)
        return -1;
    return bind_optional(net, transceiver, ROC_INTERFACE_AUDIO_REPAIR, net->address.repair_uri,
                         error);
}

int net_port_open_receiver(struct net_port *net, roc_transceiver *transceiver,
                           const struct transport *transport, const char *bind_host,
                           struct port_range *range, const struct media_address *address,
                           struct api_error *error)
{
    *net = (struct net_port){0};
    if (add_port(net, transceiver, ROC_PORT_NET_RECEIVER, transport, error) != 0)
        return -1;
    bool is_given = address->media_uri[0] != '\0';
    int result =
        is_given ? bind_given(net, transceiver, address, error)
                 : bind_chosen(net, transceiver, bind_host, transport->fec_scheme, range, error);
    if (result != 0)
        net_port_close(net, transceiver);
    return result;
}

static int connect_uri(const struct net_port *net, roc_transceiver *transceiver, roc_slot slot,
                       roc_interface iface, const char *uri, struct api_error *error)
{
    roc_endpoint *endpoint = make_endpoint(uri, error);
    if (!endpoint)
        return -1;
    int result = roc_transceiver_connect(transceiver, net->port, slot, iface, endpoint);
    if (result != 0)
        (void)media_explain(error, NULL, roc_transceiver_error());
    (void)roc_endpoint_deallocate(endpoint);
    return result == 0 ? 0 : -1;
}

static int connect_optional(const struct net_port *net, roc_transceiver *transceiver, roc_slot slot,
                            roc_interface iface, const char *uri, struct api_error *error)
{
    return uri[0] == '\0' ? 0 : connect_uri(net, transceiver, slot, iface, uri, error);
}

// The source comes last: with the first packet of sound everything is in place.
static int connect_all(const struct net_port *net, roc_transceiver *transceiver, roc_slot slot,
                       const struct media_address *address, struct api_error *error)
{
    if (connect_optional(net, transceiver, slot, ROC_INTERFACE_AUDIO_CONTROL, address->control_uri,
                         error) != 0 ||
        connect_optional(net, transceiver, slot, ROC_INTERFACE_AUDIO_REPAIR, address->repair_uri,
                         error) != 0)
        return -1;
    return connect_uri(net, transceiver, slot, ROC_INTERFACE_AUDIO_SOURCE, address->media_uri,
                       error);
}

static int connect_slot(const struct net_port *net, roc_transceiver *transceiver, roc_slot slot,
                        const struct media_address *address, struct api_error *error)
{
    if (connect_all(net, transceiver, slot, address, error) == 0)
        return 0;
    (void)roc_transceiver_disconnect(transceiver, net->port, slot);
    return -1;
}

int net_port_open_sender(struct net_port *net, roc_transceiver *transceiver,
                         const struct transport *transport, const struct media_address *address,
                         struct api_error *error)
{
    *net = (struct net_port){0};
    if (add_port(net, transceiver, ROC_PORT_NET_SENDER, transport, error) != 0)
        return -1;
    if (connect_slot(net, transceiver, net->slot, address, error) != 0) {
        net_port_close(net, transceiver);
        return -1;
    }
    net->address = *address;
    return 0;
}

int net_port_move_sender(struct net_port *net, roc_transceiver *transceiver,
                         const struct media_address *address, struct api_error *error)
{
    roc_slot slot = net->slot + 1;
    if (connect_slot(net, transceiver, slot, address, error) != 0)
        return -1;
    (void)roc_transceiver_disconnect(transceiver, net->port, net->slot);
    net->slot = slot;
    net->address = *address;
    return 0;
}

void net_port_close(struct net_port *net, roc_transceiver *transceiver)
{
    if (net->port)
        (void)roc_transceiver_remove_port(transceiver, net->port);
    *net = (struct net_port){0};
}
