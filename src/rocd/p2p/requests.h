// SPDX-License-Identifier: MPL-2.0
//
// Requests to other peers and from them. A request is carried out at most once: ids rise, replies
// are remembered, and a repeated id is answered from memory. It is always answered: by the other
// side, or here with 502, 503 or 504. Thread: loop.

#ifndef ROCD_P2P_REQUESTS_H
#define ROCD_P2P_REQUESTS_H

#include "p2p/core.h"

void requests_send(struct p2p *p2p, const char *peer_uid, const struct request *request,
                   reply_fn fn, void *arg);
// Return 0, or -EPROTO with a sentence in *what when the sender broke the protocol.
int requests_on_request(struct session *session, const json_t *body, const char **what);
int requests_on_reply(struct session *session, const json_t *body, const char **what);

// What waits for this remote goes out again over another session, or is answered 502.
void requests_session_ended(struct remote *remote, const struct session *session);
// Its process is another one now, or it is forgotten: nothing of the old one will be answered.
void requests_forget(struct remote *remote);
void requests_tick(struct p2p *p2p, int64_t now_ms);
void requests_stop(struct p2p *p2p);

#endif
