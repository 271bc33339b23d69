// SPDX-License-Identifier: MPL-2.0
//
// Peers: ZeroMQ sessions (CURVE), trust, requests in both directions, replicas, heartbeat. The
// protocol is specified in docs/p2p-protocol.md. Thread: loop.

#ifndef ROCD_P2P_P2P_H
#define ROCD_P2P_P2P_H

#include <uv.h>

#include "control/registry.h"
#include "model/request.h"
#include "p2p/identity.h"
#include "store/store.h"

struct p2p;

// Takes requests of other peers: api_handle behind a thin adapter. Answers exactly once through fn,
// now or later, also after p2p_stop.
typedef void (*p2p_handle_fn)(void *handler, const struct request *request, reply_fn fn, void *arg);

struct p2p_config {
    uv_loop_t *loop;
    const struct identity *identity; // borrowed, like the rest
    const char *display_name;
    const char *host;   // "127.0.0.1"
    unsigned port;      // 0 = a free one
    const char *secret; // of the network; NULL = none: peers can only introduce themselves
    const char *const *addresses; // configured peers, HOST:PORT
    size_t address_count;
    p2p_handle_fn handle;
    void *handler;
    struct registry *registry;
    struct store *store;
    int heartbeat_ms; // 0 = 1000; a peer is offline after four of them in silence
};

int p2p_start(struct p2p **out, const struct p2p_config *config, struct api_error *error);
// "tcp://127.0.0.1:4041" with the real port; borrowed.
const char *p2p_get_url(const struct p2p *p2p);
const struct peer_port *p2p_get_port(const struct p2p *p2p);
// Says goodbye to its peers; requests that still wait are answered 503. Handles of the loop close
// in its next turn: run it once more before closing it.
void p2p_stop(struct p2p *p2p);

#endif
