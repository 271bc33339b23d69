// SPDX-License-Identifier: MPL-2.0
//
// HTTP door: libmicrohttpd on the control loop. JSON in and out, server-sent events, limits on
// sizes and connections, checks of Host and Origin. Thread: loop.

#ifndef ROCD_HTTP_HTTP_H
#define ROCD_HTTP_HTTP_H

#include <uv.h>

#include "api/api.h"
#include "control/events.h"

struct http;

struct http_config {
    uv_loop_t *loop;
    const char *host; // "127.0.0.1"
    unsigned port;    // 0 = a free one
    struct api *api;
    struct event_hub *events;
};

// Returns 0 or -1 with *error set (address in use, not allowed, ...).
int http_start(struct http **out, const struct http_config *config, struct api_error *error);
// "http://127.0.0.1:4040" with the real port; borrowed.
const char *http_get_url(const struct http *http);
// Ends every connection, event streams too. The loop must run once more to free the rest. Replies
// that the API still owes may come later: they go nowhere.
void http_stop(struct http *http);

#endif
