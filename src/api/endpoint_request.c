// SPDX-License-Identifier: MPL-2.0

#include "api/endpoint_request.h"

#include <errno.h>
#include <string.h>

#include "net/address.h"

const char *interface_name(roc_interface iface)
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

bool interface_is_known(roc_interface iface)
{
    return iface == ROC_INTERFACE_CONSOLIDATED || iface == ROC_INTERFACE_AUDIO_SOURCE ||
           iface == ROC_INTERFACE_AUDIO_REPAIR || iface == ROC_INTERFACE_AUDIO_CONTROL;
}

int interface_check_protocol(roc_interface iface, const struct uri_protocol *protocol,
                             enum fec_scheme *scheme, struct api_error *error)
{
    if (protocol->iface != iface)
        return api_fail(error, -EPROTO,
                        "%s:// is a protocol of the %s interface and cannot be used for the %s "
                        "interface",
                        protocol->scheme, interface_name(protocol->iface), interface_name(iface));
    switch (protocol->protocol) {
    case ROC_PROTO_RTP:
        *scheme = FEC_NONE;
        return 0;
    case ROC_PROTO_RTP_RS8M_SOURCE:
    case ROC_PROTO_RS8M_REPAIR:
        *scheme = FEC_RS8M;
        return 0;
    case ROC_PROTO_RTP_LDPC_SOURCE:
    case ROC_PROTO_LDPC_REPAIR:
        *scheme = FEC_LDPC;
        return 0;
    case ROC_PROTO_RTCP: // reports are not protected
        *scheme = FEC_NONE;
        return 0;
    default:
        return api_fail(error, -ENOTSUP,
                        "%s:// is not supported; use rtp://, rtp+rs8m:// with rs8m://, or "
                        "rtp+ldpc:// with ldpc://",
                        protocol->scheme);
    }
}

int endpoint_request_init(struct endpoint_request *request, roc_interface iface,
                          const roc_endpoint *endpoint, struct api_error *error)
{
    if (endpoint == NULL)
        return api_fail(error, -EINVAL, "the endpoint is NULL");
    request->protocol = endpoint_get_protocol(endpoint);
    if (request->protocol == NULL)
        return api_fail(error, -EINVAL,
                        "the endpoint is not complete: it needs a protocol, a host and a port, all "
                        "valid");
    int code = interface_check_protocol(iface, request->protocol, &request->scheme, error);
    if (code != 0)
        return code;
    request->iface = iface == ROC_INTERFACE_AUDIO_REPAIR    ? STREAM_REPAIR
                     : iface == ROC_INTERFACE_AUDIO_CONTROL ? STREAM_CONTROL
                                                            : STREAM_SOURCE;
    code = endpoint_resolve(endpoint, &request->address);
    if (code != 0)
        return api_fail(error, code, "cannot find the host '%s'; check its name",
                        endpoint_get_host(endpoint));
    return 0;
}

int endpoint_request_check_connect(const struct endpoint_request *request, enum fec_scheme scheme,
                                   struct api_error *error)
{
    if (net_address_get_port(&request->address) == 0)
        return api_fail(error, -EINVAL,
                        "nothing listens on port 0; name the port that the receiver is bound to");
    if (request->iface == STREAM_CONTROL || scheme == request->scheme)
        return 0;
    if (scheme == FEC_NONE)
        return api_fail(error, -EPROTO,
                        "%s:// does not go with a sender without FEC; use rtp:// alone",
                        request->protocol->scheme);
    const char *name = scheme == FEC_LDPC ? "ldpc" : "rs8m";
    return api_fail(error, -EPROTO,
                    "%s:// does not go with a sender with FEC of scheme %s; use rtp+%s:// with "
                    "%s://",
                    request->protocol->scheme, name, name, name);
}

int endpoint_request_explain_bind(const struct endpoint_request *request, int code,
                                  struct api_error *error)
{
    char text[NET_ADDRESS_TEXT_SIZE];
    net_address_write(&request->address, text);
    switch (code) {
    case -EBUSY:
        return api_fail(error, code, "the %s interface is bound already",
                        interface_name(request->protocol->iface));
    case -EPROTO:
        return api_fail(error, code,
                        "%s:// does not go with the protocol that is bound already; use rtp:// "
                        "alone, rtp+rs8m:// with rs8m://, or rtp+ldpc:// with ldpc://",
                        request->protocol->scheme);
    case -EADDRINUSE:
        return api_fail(error, code, "cannot bind %s: another program uses it; choose another port",
                        text);
    case -EADDRNOTAVAIL:
        return api_fail(error, code, "cannot bind %s: this machine has no such address", text);
    case -EACCES:
        return api_fail(error, code, "cannot bind %s: permission denied; use a port above 1023",
                        text);
    case -EINVAL:
        return api_fail(error, code,
                        "cannot bind %s: only a multicast address can join a group, on a network "
                        "card of the same family (IPv4 or IPv6)",
                        text);
    default:
        return api_fail(error, code, "cannot bind %s: %s", text, strerrordesc_np(-code));
    }
}

int endpoint_request_explain_connect(const struct endpoint_request *request, int code,
                                     struct api_error *error)
{
    char text[NET_ADDRESS_TEXT_SIZE];
    net_address_write(&request->address, text);
    switch (code) {
    case -EBUSY:
        return api_fail(error, code,
                        "the %s interface of this slot is connected already; remove the slot first",
                        interface_name(request->protocol->iface));
    case -EADDRNOTAVAIL:
        return api_fail(error, code,
                        "cannot connect to %s: this machine does not have the outgoing address "
                        "that was set",
                        text);
    case -EINVAL:
        return api_fail(error, code,
                        "cannot connect to %s: the interfaces of a slot share one socket, so they "
                        "need one family (IPv4 or IPv6) and one local configuration; and packets "
                        "and FEC blocks must have legal sizes",
                        text);
    default:
        return api_fail(error, code, "cannot connect to %s: %s", text, strerrordesc_np(-code));
    }
}
