// SPDX-License-Identifier: MPL-2.0
//
// Inside of the http room: the server and what hangs on its connections. Thread: loop.

#ifndef ROCD_HTTP_SERVER_H
#define ROCD_HTTP_SERVER_H

#include <microhttpd.h>

#include "http/http.h"

struct exchange;
struct event_stream;

struct http {
    uv_loop_t *loop;
    struct api *api;
    struct event_hub *events;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;        // the epoll instance of the daemon
    uv_timer_t timer;      // when the daemon wants to run without any input
    bool has_resumed;      // a connection, since the daemon began its last run
    uv_timer_t keep_alive; // runs while there are event streams
    int open_handle_count; // freed with the last one
    unsigned epoch;        // in event ids: revisions begin anew with every start of the daemon
    struct exchange *exchanges;
    struct event_stream *event_streams;
    char url[96];
};

// Resumes a connection. A daemon that is polled from outside does not notice that by itself.
void server_resume(struct http *http, struct MHD_Connection *connection);

#endif
