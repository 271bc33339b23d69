// SPDX-License-Identifier: MPL-2.0
//
// The table of routes: everything that can be asked of the daemon. Dispatch, the required role, the
// list of allowed methods and the OpenAPI document all come from it. Thread: any.

#ifndef ROCD_API_ROUTES_H
#define ROCD_API_ROUTES_H

#include "model/request.h"

struct call;
typedef void (*route_handler)(struct call *call);

struct route {
    enum request_method method;
    const char *pattern; // "/peers/{peer_uid}"; a parameter is one whole segment
    enum role role;      // that the principal must have at least
    route_handler handler;
    const char *operation_id; // NULL: between peers only, invisible to users
    const char *tag;
    const char *summary;
    const char *request_schema;  // name of a component; NULL = takes no body
    const char *response_schema; // name of a component; NULL = answers without JSON
    int status;                  // of success
    bool is_list;                // answers an array of response_schema
};

// A parameter that is too long for these is cut: it cannot be a UID any more.
#define ROUTE_PARAM_SIZE 48

struct route_match {
    const struct route *route;
    char peer[ROUTE_PARAM_SIZE];     // {peer_uid}
    char resource[ROUTE_PARAM_SIZE]; // the other parameter
};

const struct route *routes_get(size_t *count);
// One trailing slash is tolerated. Returns 0, -ENOENT (no such path) or -ENOTSUP (not with this
// method).
int routes_match(struct route_match *out, enum request_method method, const char *path);
// "GET, HEAD, POST": with which methods the path can be asked. Returns 0, or -ENOENT. is_user:
// through HTTP, where internal routes do not count.
int routes_write_allowed(char *out, size_t size, const char *path, bool is_user);

#endif
