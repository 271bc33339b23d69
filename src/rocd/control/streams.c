// SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_internal.h"
#include "control/reconciler.h"
#include "model/log.h"

#define STORE_KIND "stream"

struct owned_stream *streams_find(struct control *control, const char *stream_uid)
{
    for (struct owned_stream *owned = control->streams; owned; owned = owned->next) {
        if (strcmp(owned->spec.uid, stream_uid) == 0)
            return owned;
    }
    return NULL;
}

static bool is_end(const struct control *control, const struct connection *connection,
                   const char *endpoint_uid)
{
    return connection->type == CONNECTION_ENDPOINT &&
           strcmp(connection->endpoint.peer_uid, control->self_uid) == 0 &&
           strcmp(connection->endpoint.uid, endpoint_uid) == 0;
}

static bool uses_endpoint(const struct control *control, const struct stream *stream,
                          const char *endpoint_uid)
{
    return is_end(control, &stream->source, endpoint_uid) ||
           is_end(control, &stream->destination, endpoint_uid);
}

bool streams_use_endpoint(const struct control *control, const char *endpoint_uid)
{
    for (const struct owned_stream *owned = control->streams; owned; owned = owned->next) {
        if (uses_endpoint(control, &owned->spec, endpoint_uid) ||
            (owned->transaction.kind == TRANSACTION_UPDATE &&
             uses_endpoint(control, &owned->transaction.next, endpoint_uid)))
            return true;
    }
    return false;
}

struct owned_stream *streams_add(struct control *control, const struct stream *spec)
{
    struct owned_stream *owned = calloc(1, sizeof(*owned));
    if (!owned)
        return NULL;
    owned->control = control;
    owned->spec = *spec;
    owned->due_ms = NEVER_MS;
    const char *peer_uid = setup_get_peer(control, spec);
    owned->peer_was_online = peer_uid[0] != '\0' && control_is_online(control, peer_uid);
    struct owned_stream **end = &control->streams;
    while (*end)
        end = &(*end)->next;
    *end = owned;
    return owned;
}

void streams_remove(struct owned_stream *owned)
{
    struct owned_stream **place = &owned->control->streams;
    while (*place != owned)
        place = &(*place)->next;
    *place = owned->next;
    peer_call_forget(&owned->call);
    free(owned);
}

int streams_publish(struct owned_stream *owned)
{
    char uri[URI_SIZE];
    uri_stream(uri, owned->spec.uid);
    json_t *body = stream_write(&owned->spec);
    int result = registry_put(owned->control->registry, uri, owned->control->self_uid, body);
    json_decref(body);
    return result;
}

static void restore(const char *key, const json_t *document, void *arg)
{
    struct control *control = arg;
    struct stream spec = {0};
    struct api_error error = {0};
    if (stream_parse(&spec, document, PARSE_STORED, control->self_uid, &error) != 0) {
        rocd_log(ROCD_LOG_ERROR, "control", "stored stream %s cannot be read: %s", key, error.text);
        return;
    }
    spec.state = spec.enabled ? STREAM_CONNECTING : STREAM_IDLE;
    spec.reason = (struct state_reason){0};
    struct owned_stream *owned = streams_add(control, &spec);
    if (!owned)
        return;
    owned->is_committed = true;
    if (spec.enabled)
        reconciler_kick(owned);
    (void)streams_publish(owned);
}

void streams_restore(struct control *control)
{
    (void)store_each(control->store, STORE_KIND, restore, control);
}

static int check_direction(enum stream_direction direction, bool is_source, const char *name,
                           struct api_error *error)
{
    if (direction == DIRECTION_DUPLEX || (direction == DIRECTION_INPUT) == is_source)
        return 0;
    return error_set(error, ERROR_UNSATISFIABLE,
                     is_source ? "source.endpoint_uri" : "destination.endpoint_uri",
                     is_source ? "\"%s\" is a destination of sound (its stream_direction is "
                                 "output) and cannot be the source of a stream."
                               : "\"%s\" is a source of sound (its stream_direction is input) and "
                                 "cannot be the destination of a stream.",
                     name);
}

static int check_local_end(struct control *control, const struct connection *connection,
                           bool is_source, struct api_error *error)
{
    const struct local_endpoint *local = endpoints_find(control, connection->endpoint.uid);
    if (!local)
        return error_set(error, ERROR_NOT_FOUND,
                         is_source ? "source.endpoint_uri" : "destination.endpoint_uri",
                         "This peer has no endpoint %s.", connection->endpoint.uid);
    return check_direction(local->endpoint.direction, is_source, local->endpoint.display_name,
                           error);
}

// What the replica knows. An endpoint that it does not know may have been created a moment ago: its
// peer is asked when the stream is set up.
static int check_remote_end(struct control *control, const struct connection *connection,
                            struct api_error *error)
{
    char uri[URI_SIZE];
    uri_peer(uri, connection->endpoint.peer_uid);
    if (!registry_get(control->registry, uri))
        return error_set(error, ERROR_NOT_FOUND, "destination.endpoint_uri", "There is no peer %s.",
                         connection->endpoint.peer_uid);
    uri_write(uri, &connection->endpoint);
    const struct registry_entry *entry = registry_get(control->registry, uri);
    const json_t *body = entry ? entry->body : NULL;
    const char *direction = json_string_value(json_object_get(body, "stream_direction"));
    const char *name = json_string_value(json_object_get(body, "display_name"));
    if (!direction || strcmp(direction, "input") != 0)
        return 0;
    return check_direction(DIRECTION_INPUT, false, name ? name : uri, error);
}

int streams_check(struct control *control, const struct stream *stream, struct api_error *error)
{
    const struct connection *source = &stream->source, *destination = &stream->destination;
    const struct connection *owner_end = source->type == CONNECTION_ENDPOINT ? source : destination;
    if (owner_end->type != CONNECTION_ENDPOINT)
        return error_set(error, ERROR_UNSATISFIABLE, "source",
                         "A stream needs an endpoint at one side at least.");
    if (strcmp(owner_end->endpoint.peer_uid, control->self_uid) != 0)
        return error_set(error, ERROR_UNSATISFIABLE,
                         owner_end == source ? "source.endpoint_uri" : "destination.endpoint_uri",
                         "Such a stream belongs to peer %s, not to this one; delete it here and "
                         "create it anew.",
                         owner_end->endpoint.peer_uid);
    if (source->type == CONNECTION_ENDPOINT && check_local_end(control, source, true, error) != 0)
        return -1;
    if (destination->type == CONNECTION_EXTERNAL)
        return 0;
    if (strcmp(destination->endpoint.peer_uid, control->self_uid) == 0)
        return check_local_end(control, destination, false, error);
    return check_remote_end(control, destination, error);
}

int control_find_owner(struct control *control, const json_t *body, char owner_uid[UID_SIZE],
                       struct api_error *error)
{
    struct stream stream = {0};
    uid_random(stream.uid);
    if (stream_parse(&stream, body, PARSE_CREATE, control->self_uid, error) != 0)
        return -1;
    bool has_source = stream.source.type == CONNECTION_ENDPOINT;
    const struct connection *end = has_source ? &stream.source : &stream.destination;
    char uri[URI_SIZE];
    uri_peer(uri, end->endpoint.peer_uid);
    bool is_known = strcmp(end->endpoint.peer_uid, control->self_uid) == 0 ||
                    registry_get(control->registry, uri);
    if (!is_known)
        return error_set(error, ERROR_NOT_FOUND,
                         has_source ? "source.endpoint_uri" : "destination.endpoint_uri",
                         "There is no peer %s.", end->endpoint.peer_uid);
    memcpy(owner_uid, end->endpoint.peer_uid, UID_SIZE);
    return 0;
}
