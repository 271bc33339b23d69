// SPDX-License-Identifier: MPL-2.0
//
// The authority over this peer's endpoints and over the streams that it owns: desired state, the
// reconciler that holds reality to it, and the transaction that makes a stream across peers.
//
// A stream's owner is the peer of its source endpoint (of its destination where the source is
// external). The owner runs one half itself and asks the other peer for the other half by
// PUT /peers/{peer}/halves/{stream}: an internal resource that only peers may use, which is a lease
// renewed by repeating the PUT. Thread: loop.

#ifndef ROCD_CONTROL_CONTROL_H
#define ROCD_CONTROL_CONTROL_H

#include <uv.h>

#include "control/registry.h"
#include "media/media.h"
#include "model/request.h"
#include "model/stream.h"
#include "store/store.h"

struct control;

struct control_config {
    uv_loop_t *loop;
    const char *self_uid;
    struct store *store; // borrowed, like the rest
    struct media *media;
    struct registry *registry;
    int lease_ms; // 0 = 10 000
};

// Restores endpoints and streams from the store. Returns 0 or -1 with *error set.
int control_create(struct control **out, const struct control_config *config,
                   struct api_error *error);
// Set once, when p2p is up; until then every other peer counts as offline.
void control_set_peers(struct control *control, const struct peer_port *peers);
// Releases halves that it holds at other peers as far as that can be done at once.
void control_destroy(struct control *control);

// Endpoints of this peer. *out is a new reference to the resource. Return 0 or -1 with *error set.
int control_create_endpoint(struct control *control, const json_t *body, json_t **out,
                            struct api_error *error);
int control_update_endpoint(struct control *control, const char *endpoint_uid, const json_t *body,
                            enum parse_mode mode, json_t **out, struct api_error *error);
// Refused (conflict) while a stream uses it. A second delete is harmless.
int control_delete_endpoint(struct control *control, const char *endpoint_uid,
                            struct api_error *error);

// Streams that this peer owns or is about to own. Replies as the REST API shows them.
void control_create_stream(struct control *control, const json_t *body, reply_fn fn, void *arg);
void control_update_stream(struct control *control, const char *stream_uid, const json_t *body,
                           enum parse_mode mode, reply_fn fn, void *arg);
void control_delete_stream(struct control *control, const char *stream_uid, reply_fn fn, void *arg);
// {"stream_uri", "sender": {...}, "receiver": {...}}: numbers of both halves.
void control_query_stream(struct control *control, const char *stream_uid, reply_fn fn, void *arg);

// Which peer would own the stream that this body describes; 0, or -1 with *error set.
int control_find_owner(struct control *control, const json_t *body, char owner_uid[UID_SIZE],
                       struct api_error *error);

// Halves that other peers hold here: PUT, GET (metrics) and DELETE of /peers/self/halves/{stream}.
void control_handle_half(struct control *control, const char *stream_uid,
                         const struct request *request, reply_fn fn, void *arg);

#endif
