// SPDX-License-Identifier: MPL-2.0
//
// Inside of the api room: one call on its way through a handler, and what handlers share.
// Thread: loop.

#ifndef ROCD_API_HANDLERS_H
#define ROCD_API_HANDLERS_H

#include "api/api.h"
#include "api/routes.h"

// URIs of what was removed lately: repeating a DELETE must be harmless, but a mistyped UID must not
// look like success.
#define TOMBSTONE_COUNT 64

struct api {
    char self_uid[UID_SIZE];
    struct registry *registry;
    struct control *control;
    struct store *store;
    struct media *media;
    const struct peer_port *peers; // NULL until p2p is up
    json_t *openapi;
    char tombstones[TOMBSTONE_COUNT][URI_SIZE];
    size_t tombstone_count; // ever
};

// Lives while the handler runs; whatever answers later copies what it needs.
struct call {
    struct api *api;
    const struct request *request;
    const struct route *route;
    const char *path;        // without trailing slash
    char peer_uid[UID_SIZE]; // of {peer_uid}, the alias resolved; "" = the path has none
    char uid[UID_SIZE];      // of the other parameter
    reply_fn fn;
    void *arg;
};

void call_fail(struct call *call, const struct api_error *error);
void call_fail_with(struct call *call, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// body is borrowed.
void call_reply(struct call *call, int status, const json_t *body);
// The entry as it is in the registry, with its tag.
void call_reply_entry(struct call *call, const struct registry_entry *entry);
// A resource that was made or changed here: its tag comes from the registry. body is taken.
void call_reply_resource(struct call *call, int status, const char *uri, json_t *body);
// Sends the call to that peer. One that was sent on before is refused.
void call_forward(struct call *call, const char *peer_uid);

// The entry at the URI, or NULL after answering 404; `what` names it to the user.
const struct registry_entry *call_find(struct call *call, const char *uri, const char *what,
                                       const char *uid);
// Whether If-Match, when given, names this entry; answers 412 otherwise.
bool call_is_match(struct call *call, const struct registry_entry *entry);
// A DELETE of something that was there a moment ago has its 204.
bool call_is_repeated_delete(struct call *call, const char *uri);
// An array of bodies for a list; NULL when out of memory. Bodies are shared.
json_t *call_list(struct call *call, enum resource_kind kind, const char *authority);
enum parse_mode call_get_mode(const struct call *call);

void peers_list(struct call *call);
void peers_create(struct call *call);
void peers_read(struct call *call);
void peers_update(struct call *call);
void peers_delete(struct call *call);

void endpoints_list(struct call *call);
void endpoints_create(struct call *call);
void endpoints_read(struct call *call);
void endpoints_update(struct call *call);
void endpoints_delete(struct call *call);

void streams_list(struct call *call);
void streams_create(struct call *call);
void streams_read(struct call *call);
void streams_update(struct call *call);
void streams_delete(struct call *call);
void streams_measure(struct call *call);

void halves_handle(struct call *call);

void service_health(struct call *call);
void service_openapi(struct call *call);
void service_events(struct call *call);

// A new reference; NULL when out of memory.
json_t *openapi_build(void);

#endif
