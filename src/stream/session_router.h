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

// What reports tell about a session (receive_reporter.h); all 0 without.
struct session_timing {
    bool has_clock; // the next two are known
    int64_t rtt_ns;
    int64_t clock_offset_ns; // of the sender, seen from here
    int64_t e2e_latency_ns;  // 0 while unknown
};

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
    bool is_leaving; // its sender said goodbye, what came before is still played
    struct session_timing timing;
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

// The session of a sender; NULL when there is none.
struct session_entry *session_router_find(const struct session_router *router,
                                          unsigned long long slot, uint32_t ssrc);
// Its sender said goodbye: the session ends when all is played. Another stream from the same
// address may begin at once, and packets of this one that come after its end begin none.
void session_router_leave(struct session_router *router, struct session_entry *entry);
// Ends it at once, as session_router_end_slot does.
void session_router_end(struct session_router *router, struct session_entry *entry);

void session_router_total(const struct session_router *router, struct receiver_metrics *metrics);
size_t session_router_query(const struct session_router *router, unsigned long long slot,
                            struct receive_session_metrics *sessions, size_t count);

#endif
