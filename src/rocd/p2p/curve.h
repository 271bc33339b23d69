// SPDX-License-Identifier: MPL-2.0
//
// Options of the two kinds of sockets that carry the protocol. Thread: loop.

#ifndef ROCD_P2P_CURVE_H
#define ROCD_P2P_CURVE_H

#include "p2p/core.h"

// A connection on which the handshake has not come to an end by then is closed.
#define CURVE_HANDSHAKE_MS 5000

// Listening: the key pair of the network; ZAP decides. Returns 0 or a negative errno.
int curve_set_server(void *zmq, const struct p2p *p2p, bool is_v6);
// Connecting: this peer's own key pair, towards the key of the network.
int curve_set_client(void *zmq, const struct p2p *p2p, bool is_v6);

#endif
