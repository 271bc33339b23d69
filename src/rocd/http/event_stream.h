// SPDX-License-Identifier: MPL-2.0
//
// GET /events: server-sent events (HTML standard, 9.2) on a connection that is suspended while
// there is nothing to say. An event is taken from the hub only when the connection can carry it, so
// a slow reader costs no memory. Thread: loop.

#ifndef ROCD_HTTP_EVENT_STREAM_H
#define ROCD_HTTP_EVENT_STREAM_H

#include "http/server.h"

// The response lives on by itself: queue it and let go of it. The stream belongs to the response
// and ends with it, or with event_stream_end. types NULL = all; since: id of the last event that
// the client saw, NULL = none. Returns 0, or -1 with *error set.
int event_stream_open(struct event_stream **out, struct MHD_Response **response, struct http *http,
                      struct MHD_Connection *connection, const char *types, const char *since,
                      struct api_error *error);
// The connection is gone or going: nothing touches it any more.
void event_stream_end(struct event_stream *stream);
// A comment on every stream that has nothing else to say: keeps proxies from closing it, and
// finds out whether the client is still there.
void event_streams_keep_alive(struct http *http);
// Lets the daemon close them all.
void event_streams_resume(struct http *http);

#endif
