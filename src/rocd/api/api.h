// SPDX-License-Identifier: MPL-2.0
//
// The one resource router: a request from either door, HTTP or ZeroMQ, becomes a reply. One table
// of routes drives dispatch, required role and the OpenAPI document. A path below /peers/{uid} of
// another peer, and a change to a stream that another peer owns, is sent on to that peer.
// Thread: loop.

#ifndef ROCD_API_API_H
#define ROCD_API_API_H

#include "control/control.h"
#include "control/registry.h"
#include "model/request.h"

struct api;

struct api_config {
    const char *self_uid;
    struct registry *registry; // borrowed, like the rest
    struct control *control;
    struct store *store;
    struct media *media;
};

int api_create(struct api **out, const struct api_config *config);
void api_set_peers(struct api *api, const struct peer_port *peers);
void api_destroy(struct api *api);

// Answers exactly once through fn, now or later.
void api_handle(struct api *api, const struct request *request, reply_fn fn, void *arg);

// Whether the request would reach its resource: the path exists, knows the method, and the
// principal may use it. For what a door serves itself (/events). Returns 0 or -1 with *error set.
int api_check(const struct api *api, const struct request *request, struct api_error *error);

#define API_ALLOWED_SIZE 64
// "GET, POST": the methods that users have for this path. Returns 0, or -ENOENT: there is no such
// path.
int api_write_allowed(const struct api *api, const char *path, char allowed[API_ALLOWED_SIZE]);

// The OpenAPI 3.1 document; borrowed.
const json_t *api_get_openapi(const struct api *api);

#endif
