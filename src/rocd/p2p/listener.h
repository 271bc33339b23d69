// SPDX-License-Identifier: MPL-2.0
//
// The ROUTER that others connect to: HELLO from a client whose key CURVE has proven becomes a
// session, everything else from a stranger is answered with an error, rationed. Thread: loop.

#ifndef ROCD_P2P_LISTENER_H
#define ROCD_P2P_LISTENER_H

#include "p2p/core.h"

// Returns 0 or -1 with *error set.
int listener_start(struct p2p *p2p, struct api_error *error);
void listener_stop(struct p2p *p2p);
int listener_send(struct p2p *p2p, const uint8_t route[ROUTE_SIZE], const void *data,
                  size_t size_bytes);

#endif
