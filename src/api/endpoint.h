// SPDX-License-Identifier: MPL-2.0
//
// What the other files of this room need of an endpoint beyond its public functions. Thread: any.

#ifndef ROC_API_ENDPOINT_H
#define ROC_API_ENDPOINT_H

#include "api/uri.h"
#include "base/packet.h"
#include "roc/endpoint.h"

// The protocol of a complete endpoint: every part is valid, and they go together. NULL otherwise.
const struct uri_protocol *endpoint_get_protocol(const roc_endpoint *endpoint);
// The host as it was given; "" when there is none. Borrowed until the endpoint changes.
const char *endpoint_get_host(const roc_endpoint *endpoint);
// The port, or the default one of the protocol, of a complete endpoint.
int endpoint_get_port(const roc_endpoint *endpoint);
// Finds the address of a complete endpoint; may block. Returns 0, -EINVAL or -EHOSTUNREACH.
int endpoint_resolve(const roc_endpoint *endpoint, struct net_address *address);

#endif
