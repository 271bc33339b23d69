// SPDX-License-Identifier: MPL-2.0
//
// Replication (the Clone pattern of the ZeroMQ guide). Each peer numbers the changes of its own
// endpoints and streams; the others take a snapshot and then the changes, and ask for a snapshot
// again when a number is missing or the epoch is new. Thread: loop.

#ifndef ROCD_P2P_REPLICA_H
#define ROCD_P2P_REPLICA_H

#include "p2p/core.h"

// This peer's own side: watches the registry.
int replica_start(struct p2p *p2p);
void replica_stop(struct p2p *p2p);
// The other side asks for a snapshot.
void replica_on_sync(struct session *session);

// The copy of a remote: asks over the session that is right now, if it does not already.
void replica_subscribe(struct remote *remote);
void replica_session_ended(struct remote *remote, const struct session *session);
// Return 0, or -EPROTO with a sentence in *what when the sender broke the protocol.
int replica_on_snapshot(struct session *session, const json_t *body, const char **what);
int replica_on_change(struct session *session, const json_t *body, const char **what);
// PING tells the newest number, so that a lost last change does not stay unseen.
void replica_on_ping(struct session *session, const char *epoch, uint64_t seq);

// Shows its endpoints as unavailable and its streams as failed until a snapshot tells better.
void replica_mark_offline(struct remote *remote);
// Takes its resources out of the registry.
void replica_forget(struct remote *remote);
void replica_tick(struct p2p *p2p, int64_t now_ms);

#endif
