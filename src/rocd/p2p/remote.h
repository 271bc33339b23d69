// SPDX-License-Identifier: MPL-2.0
//
// The table of known peers: who they are, what they may do here, in which state they are, and their
// entries in the registry. Thread: loop.

#ifndef ROCD_P2P_REMOTE_H
#define ROCD_P2P_REMOTE_H

#include "p2p/greeting.h"

struct remote *remote_find(const struct p2p *p2p, const char *uid);
// Finds or adds the holder of this key. NULL when there are too many, or out of memory.
struct remote *remote_get(struct p2p *p2p, const char *public_key);
// A process of it says hello from that host: takes over what it says about itself. A new epoch
// counts as a restart.
void remote_greet(struct remote *remote, const struct greeting *greeting, const char *host);
// Restores the peers that a person decided about.
int remote_load_all(struct p2p *p2p);
void remote_destroy_all(struct p2p *p2p);
// Ends its sessions, removes it and its resources from the registry, and frees it.
void remote_forget(struct remote *remote);

// Trust by decision of a person; kept in the store. Returns 0 or -1 with *error set.
int remote_set_trust(struct remote *remote, enum role trust, struct api_error *error);
enum role remote_default_trust(const struct p2p *p2p);

// Computes the state from sessions, trust and silence, and publishes it where it changed.
void remote_update(struct remote *remote);
void remote_set_name(struct remote *remote, const char *display_name);
// Why it cannot be reached; shown, from the next update on, while it has no session.
void remote_set_reason(struct remote *remote, const char *code, const char *text);
// What it lets this peer do.
void remote_set_trust_there(struct remote *remote, enum role trust);
void remote_heard(struct remote *remote, int64_t now_ms);
void remote_set_rtt(struct remote *remote, double rtt_ms);
void remote_tick(struct p2p *p2p, int64_t now_ms);

// Entry of this peer itself, or of any view of a peer.
void remote_publish_view(struct p2p *p2p, const struct peer *view);

#endif
