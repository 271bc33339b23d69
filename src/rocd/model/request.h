// SPDX-License-Identifier: MPL-2.0
//
// A request and its reply, whichever door they came through, and the interface by which rooms below
// p2p reach other peers. Thread: loop.

#ifndef ROCD_MODEL_REQUEST_H
#define ROCD_MODEL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "model/error.h"
#include "model/peer.h"

// Who asks, as the door found out.
struct principal {
    enum role role;
    char peer_uid[UID_SIZE]; // a peer's; "" = a user through HTTP
};

enum request_method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE };

// Everything is borrowed for the call that takes it.
struct request {
    enum request_method method;
    const char *path;     // "/streams/abc..."; no query
    const json_t *body;   // NULL = none
    const char *if_match; // NULL = none
    struct principal principal;
    // Came from another peer already: it is carried out here or refused, never sent on.
    bool is_forwarded;
};

struct reply {
    int status;
    const json_t *body;   // NULL = none; borrowed for the call
    const char *location; // 201; NULL = none
    const char *etag;     // NULL = none
};

// Called exactly once for every request, possibly before the call that took it returns.
typedef void (*reply_fn)(const struct reply *reply, void *arg);

void reply_error(reply_fn fn, void *arg, const struct api_error *error);
const char *request_method_name(enum request_method method);
// Returns 0 or -EINVAL.
int request_method_parse(enum request_method *out, const char *name);

// Other peers, as p2p/ offers them to api/ and control/ (which stand below it).
struct peer_port {
    void *impl;
    // Sends the request to that peer; answers 503 (offline), 502 or 504 by itself.
    void (*request)(void *impl, const char *peer_uid, const struct request *request, reply_fn fn,
                    void *arg);
    // POST /peers {"address": "host:port"}; *out is a new reference to the peer's resource.
    int (*add_address)(void *impl, const char *address, json_t **out, struct api_error *error);
    // PUT/PATCH of what this peer decides about another (trust) or about itself (display_name).
    int (*update)(void *impl, const char *peer_uid, const json_t *body, enum parse_mode mode,
                  json_t **out, struct api_error *error);
    int (*remove)(void *impl, const char *peer_uid, struct api_error *error);
    // The host at which that peer was reached, for media; NULL when it is offline. Borrowed.
    const char *(*get_host)(void *impl, const char *peer_uid);
};

#endif
