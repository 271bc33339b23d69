// SPDX-License-Identifier: MPL-2.0
//
// What the files of control/ share. Not for other rooms.

#ifndef ROCD_CONTROL_CONTROL_INTERNAL_H
#define ROCD_CONTROL_CONTROL_INTERNAL_H

#include "control/control.h"
#include "control/half_message.h"
#include "control/peer_call.h"
#include "control/reception.h"

#define NEVER_MS UINT64_MAX

// endpoints.c: an endpoint of this peer.
struct local_endpoint {
    struct local_endpoint *next;
    struct endpoint endpoint; // as stored; its state only while it is not open
    bool is_open;             // media has it; otherwise it failed at start and is tried again
    // As published, to tell at once what matters and the rest once a second.
    enum endpoint_state shown_state;
    char shown_file[256];
};

// halves.c: a half that another peer holds here.
struct held_half {
    struct held_half *next;
    char stream_uid[UID_SIZE];
    char owner_uid[UID_SIZE];
    struct half_request request;
    struct media_address address;
    uint64_t expires_ms;
};

enum transaction_kind {
    TRANSACTION_NONE,
    TRANSACTION_CREATE,
    TRANSACTION_UPDATE,
    TRANSACTION_DELETE
};

// What a user asked for and waits for; at most one for each stream.
struct transaction {
    enum transaction_kind kind;
    bool is_waiting; // for the reply to a renewal that was under way
    struct stream next;
    struct api_error error; // why it is being undone
    reply_fn fn;
    void *arg;
};

// How far the last attempt to set up the other peer's half came.
enum remote_outcome {
    REMOTE_NONE,    // not asked
    REMOTE_REFUSED, // it said no, and has nothing
    REMOTE_UNKNOWN, // no answer: it may have the half or not
    REMOTE_DONE
};

struct owned_stream;
typedef void (*setup_fn)(struct owned_stream *owned, const struct api_error *error);

// A stream that this peer owns. streams.c keeps the list, setup.c makes both halves real,
// transaction.c changes it for users, reconciler.c holds it there.
struct owned_stream {
    struct owned_stream *next;
    struct control *control;
    struct stream spec; // what is desired, and the state as shown
    bool is_committed;  // stored and in the registry; otherwise invisible
    struct transaction transaction;
    // Setup.
    struct peer_call *call; // under way, or NULL
    struct stream target;   // what is being set up
    setup_fn setup_done;
    enum remote_outcome remote;
    struct half_report report; // of the receiver
    // Reconciler.
    uint64_t due_ms;
    unsigned backoff_ms;
    bool peer_was_online;
    struct reception reception;
};

struct control {
    char self_uid[UID_SIZE];
    struct store *store;
    struct media *media;
    struct registry *registry;
    const struct peer_port *peers; // NULL until p2p is up
    unsigned lease_ms;
    uv_timer_t *timer; // freed by its own close callback
    uint64_t tick_ms;
    bool is_stopping;
    struct local_endpoint *endpoints;
    struct owned_stream *streams;
    struct held_half *halves;
    struct peer_call_list calls;
};

// control.c
uint64_t control_now_ms(void);
// Wakes up when the next thing is due. To be called after any due time was set.
void control_schedule(struct control *control);
bool control_is_online(const struct control *control, const char *peer_uid);
// How people call it; its UID where it has no name. Valid until the registry changes.
const char *control_get_peer_name(const struct control *control, const char *peer_uid);
// A request about a half there; the caller adds body, fn and arg where there are any.
struct peer_call_config control_plan_call(struct control *control, const char *peer_uid,
                                          const char *stream_uid, enum request_method method);
// Deletes a half at another peer; nobody waits for it.
void control_drop_half(struct control *control, const char *peer_uid, const char *stream_uid);

// endpoints.c
void endpoints_restore(struct control *control);
void endpoints_destroy(struct control *control);
struct local_endpoint *endpoints_find(struct control *control, const char *endpoint_uid);
// The endpoint with its present state.
void endpoints_query(struct control *control, const struct local_endpoint *local,
                     struct endpoint *out);
// Publishes states that changed; with_positions also what moves all the time.
void endpoints_publish(struct control *control, bool with_positions);
// Fails with the device's own reason where it could not be opened at start (its file is gone), so
// that a stream does not say that the endpoint is unknown.
int endpoints_check_open(struct control *control, const char *endpoint_uid,
                         struct api_error *error);
// Once a second: positions, and another chance for those that failed.
void endpoints_tick(struct control *control);

// halves.c
uint64_t halves_due_ms(const struct control *control);
void halves_expire(struct control *control, uint64_t now_ms);
bool halves_use_endpoint(const struct control *control, const char *endpoint_uid);
void halves_destroy(struct control *control);

// streams.c
void streams_restore(struct control *control);
struct owned_stream *streams_find(struct control *control, const char *stream_uid);
bool streams_use_endpoint(const struct control *control, const char *endpoint_uid);
// NULL when out of memory. The stream is in the list, not committed.
struct owned_stream *streams_add(struct control *control, const struct stream *spec);
void streams_remove(struct owned_stream *owned);
int streams_publish(struct owned_stream *owned);
// Whether the connections can work as far as this peer knows. Returns 0 or -1 with *error set.
int streams_check(struct control *control, const struct stream *stream, struct api_error *error);

// setup.c: the other peer's uid when that peer has a half of this stream, otherwise "".
const char *setup_get_peer(const struct control *control, const struct stream *stream);
// Makes both halves of *target real, whatever is there; done is told, possibly at once. Not while
// a call is under way.
void setup_start(struct owned_stream *owned, const struct stream *target, setup_fn done);

// transaction.c: goes on with a transaction that waited for a renewal.
void transaction_resume(struct owned_stream *owned);

#endif
