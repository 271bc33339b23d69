// SPDX-License-Identifier: MPL-2.0
//
// The network thread's half of a receiver: parses datagrams, tells senders apart, makes a session
// for each new one and frees those that are over. The other half is the mixer (session_mixer.h);
// sessions cross to it and come back in two rings, so that the reader neither allocates nor frees.
//
// Senders are told apart within a slot by SSRC, and repair packets, which carry none, by the
// address that the session's first packet came from. A second SSRC from an address that has a
// session is dropped until that session ends.
//
// Thread: all functions belong to the network thread, or to one caller at a time where there is
// none; create and destroy: any.

#ifndef ROC_STREAM_SESSION_ROUTER_H
#define ROC_STREAM_SESSION_ROUTER_H

#include "base/ring.h"
#include "stream/receiver.h"

struct session_router;

// A session as it travels between router and mixer.
struct session_entry {
    struct receive_session *session;
    struct audio_encoding encoding;
    atomic_bool is_cancelled; // router to mixer: give it back at the next occasion
    // The router's own.
    bool has_slot; // false once its slot was unlinked
    unsigned long long slot;
    uint32_t ssrc;
    struct net_address address;
};

// config: copied. Returns 0 or -ENOMEM.
int session_router_create(struct session_router **out, const struct receiver_config *config);
// The mixer must be gone. Frees all sessions.
void session_router_destroy(struct session_router *router);

// Elements are struct session_entry *. Borrowed by the mixer.
struct ring *session_router_to_mixer(struct session_router *router);
struct ring *session_router_from_mixer(struct session_router *router);

// Datagrams of one interface of a slot; each packet is taken.
void session_router_push(struct session_router *router, unsigned long long slot,
                         enum stream_interface iface, enum fec_scheme scheme,
                         struct packet **packets, size_t count);
// Frees the sessions that the mixer has given back.
void session_router_collect(struct session_router *router);
// Ends the sessions of a slot: no packet reaches them any more, the mixer drops them.
void session_router_end_slot(struct session_router *router, unsigned long long slot);

void session_router_total(const struct session_router *router, struct receiver_metrics *metrics);
size_t session_router_query(const struct session_router *router, unsigned long long slot,
                            struct receive_session_metrics *sessions, size_t count);

#endif
