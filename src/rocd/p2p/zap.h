// SPDX-License-Identifier: MPL-2.0
//
// ZAP (ZeroMQ RFC 27): decides about every CURVE handshake with the listening socket and names the
// client's public key, as User-Id, on each of its messages. Thread: loop.

#ifndef ROCD_P2P_ZAP_H
#define ROCD_P2P_ZAP_H

#include <stdbool.h>

#include "p2p/socket.h"

#define ZAP_DOMAIN "rocd"

struct zap;

// key: Z85. False refuses the handshake.
typedef bool (*zap_accept_fn)(const char *key, void *arg);

// Binds before the listening socket does, in the same context. Returns 0 or a negative errno.
int zap_create(struct zap **out, void *zmq_context, struct socket_pump *pump, zap_accept_fn accept,
               void *arg);
void zap_destroy(struct zap *zap);

#endif
