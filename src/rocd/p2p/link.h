// SPDX-License-Identifier: MPL-2.0
//
// A link: the DEALER that this peer connects to one configured address, again and again for as long
// as the address is configured. Says why when it does not succeed. Thread: loop.

#ifndef ROCD_P2P_LINK_H
#define ROCD_P2P_LINK_H

#include "p2p/core.h"

// Returns the existing link for an address that is there already. -1 with *error set: malformed, or
// too many.
int link_add(struct link **out, struct p2p *p2p, const char *address, struct api_error *error);
// Ends it and forgets its address, also in the store. It stays in memory until the next tick.
void link_remove(struct link *link);
void link_destroy_all(struct p2p *p2p);

// UID under which its address is shown until the peer there has said who it is.
const char *link_get_uid(const struct link *link);
const char *link_get_address(const struct link *link);
struct remote *link_get_remote(const struct link *link);
struct link *link_get_next(const struct link *link);
// The remote is about to be freed.
void link_forget_remote(struct p2p *p2p, const struct remote *remote);

int link_send(struct link *link, const void *data, size_t size_bytes);
// Its session is over. pause_ms: as in session_end.
void link_session_ended(struct link *link, int pause_ms);
void link_tick(struct p2p *p2p, int64_t now_ms);

#endif
