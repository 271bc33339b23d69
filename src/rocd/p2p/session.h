// SPDX-License-Identifier: MPL-2.0
//
// Sessions: what begins them, what each frame in one does, heartbeat, and what ends them.
// Thread: loop.

#ifndef ROCD_P2P_SESSION_H
#define ROCD_P2P_SESSION_H

#include "p2p/greeting.h"

// Begins a session with a remote that proved who it is. link or route, the other NULL. Returns NULL
// when out of memory.
struct session *session_begin(struct remote *remote, const struct greeting *greeting,
                              struct link *link, const uint8_t *route, const char *host);
// Called once both sides can send: subscribes, tells the rest of the room.
void session_open(struct session *session);
// Takes it out of everything; it stays in memory until the next tick. bye: reason for the other
// side; NULL = it cannot or need not be told. A link that it stands on dials again after pause_ms,
// or keeps its connection when that is SESSION_KEEP_LINK.
#define SESSION_KEEP_LINK (-1)
void session_end(struct session *session, const char *bye, int pause_ms);
// All of a remote.
void session_end_all(struct remote *remote, const char *bye, int pause_ms);

struct session *session_find_route(struct p2p *p2p, const uint8_t *route);
// The one that this peer uses for requests and replicas; NULL when there is none. Both sides choose
// the same: connected by the smaller UID before the greater, then the smaller token.
struct session *session_choose(const struct remote *remote);

// Returns 0 or a negative errno. A frame that finds the queue full is dropped and counted.
int session_send(struct session *session, enum frame_type type, const json_t *body);
int session_send_bytes(struct session *session, const void *data, size_t size_bytes);

// A frame that came in over it. May end the session.
void session_receive(struct session *session, const struct frame *frame);
// The other side broke the protocol: told, logged, ended, and kept away for a while.
void session_violate(struct session *session, const char *what);

// An ERROR frame that stands for no session.
json_t *session_write_error(const char *code, const char *text);

// Only where nobody up the stack holds one.
void session_free_ended(struct p2p *p2p);
// Heartbeat and silence; may end sessions. Frees those that ended before.
void session_tick(struct p2p *p2p, int64_t now_ms);
// Tells every session at once what PING tells: after a change of trust or of the name.
void session_ping(struct session *session, int64_t now_ms, const char *display_name);

#endif
