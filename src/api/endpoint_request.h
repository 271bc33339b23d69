// SPDX-License-Identifier: MPL-2.0
//
// What an endpoint asks for, in the terms of the rooms below: bind or connect this interface to
// this address with this FEC scheme. All that is refused here or below is told in a sentence.
// Thread: any but rt.

#ifndef ROC_API_ENDPOINT_REQUEST_H
#define ROC_API_ENDPOINT_REQUEST_H

#include "api/api_error.h"
#include "api/endpoint.h"
#include "stream/sender.h"

struct endpoint_request {
    const struct uri_protocol *protocol;
    enum stream_interface iface;
    enum fec_scheme scheme;
    struct net_address address;
};

// "source", "repair", ...; "unknown" for a number that is no interface.
const char *interface_name(roc_interface iface);
bool interface_is_known(roc_interface iface);
// Gives the FEC scheme that a protocol stands for. Returns 0, -EPROTO when it is none of this
// interface, or -ENOTSUP when nothing here speaks it.
int interface_check_protocol(roc_interface iface, const struct uri_protocol *protocol,
                             enum fec_scheme *scheme, struct api_error *error);

// Resolves the host, which may take long. Returns 0, -EINVAL (no endpoint, or not complete),
// -EPROTO (not a protocol of this interface), -ENOTSUP (nothing here speaks it), -EHOSTUNREACH.
int endpoint_request_init(struct endpoint_request *request, roc_interface iface,
                          const roc_endpoint *endpoint, struct api_error *error);
// A sender with this scheme can connect to it: returns 0, -EPROTO or -EINVAL (port 0).
int endpoint_request_check_connect(const struct endpoint_request *request, enum fec_scheme scheme,
                                   struct api_error *error);

// Words for what receiver_bind and sender_connect returned. Return `code`.
int endpoint_request_explain_bind(const struct endpoint_request *request, int code,
                                  struct api_error *error);
int endpoint_request_explain_connect(const struct endpoint_request *request, int code,
                                     struct api_error *error);

#endif
