// SPDX-License-Identifier: MPL-2.0
#include "model/stream.h"

#include <stdio.h>
#include <string.h>

#include "model/field.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const state_names[] = {"idle", "connecting", "active", "degraded", "failed"};
static const char *const type_names[] = {"endpoint", "external"};

static const char *const field_names[] = {
    "stream_uri", "stream_uid", "source", "destination", "display_name", "enabled",    "volume",
    "muted",      "transport",  "state",  "reason",      "owner_uri",    "created_at", NULL};
static const char *const fixed_names[] = {"stream_uri", "stream_uid", "owner_uri", "created_at"};
static const char *const endpoint_names[] = {"connection_type", "endpoint_uri", NULL};
static const char *const external_names[] = {"connection_type", "media_uri", "repair_uri",
                                             "control_uri", NULL};

const char *stream_state_name(enum stream_state state)
{
    return state_names[state];
}

// An error of a part names its field from the part's own point of view.
static int prefix_error(struct api_error *error, const char *prefix)
{
    char field[2 * sizeof(error->field)];
    snprintf(field, sizeof(field), "%s%s%s", prefix, error->field[0] != '\0' ? "." : "",
             error->field);
    snprintf(error->field, sizeof(error->field), "%.*s", (int)sizeof(error->field) - 1, field);
    return -1;
}

static int read_endpoint(struct connection *connection, const struct fields *fields,
                         const char *self_uid)
{
    const json_t *value = field_get(fields, "endpoint_uri");
    const char *text = json_string_value(value);
    if (fields_check_names(fields, endpoint_names) != 0)
        return -1;
    if (text != NULL && strncmp(text, "/groups/", 8) == 0)
        return field_fail(fields, ERROR_UNSATISFIABLE, "endpoint_uri",
                          "This version has no groups; name one endpoint.");
    if (text == NULL || strlen(text) != json_string_length(value) ||
        uri_parse(&connection->endpoint, text, self_uid) != 0 ||
        connection->endpoint.kind != RESOURCE_ENDPOINT) {
        struct quoted quoted = field_quote(value);
        return field_fail(fields, ERROR_INVALID_ARGS, "endpoint_uri",
                          "endpoint_uri is %s; it must be the URI of an endpoint, "
                          "/peers/PEER_UID/endpoints/ENDPOINT_UID.",
                          value != NULL ? quoted.text : "missing");
    }
    return 0;
}

static int read_external(struct connection *connection, const struct fields *fields)
{
    if (fields_check_names(fields, external_names) != 0)
        return -1;
    json_t *address = json_copy((json_t *)fields->object);
    if (address == NULL)
        return error_set(fields->error, ERROR_INTERNAL, NULL, "Out of memory.");
    json_object_del(address, "connection_type");
    int result = media_address_parse(&connection->external, address, fields->error);
    json_decref(address);
    if (result == 0 && connection->external.media_uri[0] == '\0')
        return field_fail(fields, ERROR_INVALID_ARGS, "media_uri",
                          "media_uri is missing: it says where the packets go or come from.");
    return result;
}

static int read_connection(struct connection *out, const struct fields *stream, const char *name,
                           const char *self_uid)
{
    struct fields fields = {field_get(stream, name), "", stream->error};
    struct connection connection = {.type = CONNECTION_ENDPOINT};
    unsigned type = CONNECTION_ENDPOINT;
    if (fields.object == NULL)
        return field_fail(stream, ERROR_INVALID_ARGS, name, "%s is missing.", name);
    if (fields_check_object(&fields, name) != 0)
        return prefix_error(stream->error, name);
    if (field_get(&fields, "connection_type") == NULL) {
        field_fail(&fields, ERROR_INVALID_ARGS, "connection_type",
                   "connection_type is missing; it is endpoint or external.");
        return prefix_error(stream->error, name);
    }
    if (field_enum(&fields, "connection_type", &type, type_names, COUNT(type_names)) != 0)
        return prefix_error(stream->error, name);
    connection.type = (enum connection_type)type;
    if (type == CONNECTION_ENDPOINT ? read_endpoint(&connection, &fields, self_uid)
                                    : read_external(&connection, &fields))
        return prefix_error(stream->error, name);
    *out = connection;
    return 0;
}

static int check_connections(const struct stream *stream, const struct fields *fields)
{
    const struct connection *source = &stream->source, *destination = &stream->destination;
    if (source->type == CONNECTION_EXTERNAL && destination->type == CONNECTION_EXTERNAL)
        return field_fail(fields, ERROR_UNSATISFIABLE, "destination",
                          "Both sides are external; this version cannot forward packets. One side "
                          "must be an endpoint.");
    if (source->type == CONNECTION_ENDPOINT && destination->type == CONNECTION_ENDPOINT &&
        strcmp(source->endpoint.uid, destination->endpoint.uid) == 0 &&
        strcmp(source->endpoint.peer_uid, destination->endpoint.peer_uid) == 0)
        return field_fail(fields, ERROR_INVALID_ARGS, "destination",
                          "Source and destination are the same endpoint.");
    // A bound receiver may leave its port to the system, a destination cannot.
    if (destination->type == CONNECTION_EXTERNAL && !media_address_has_port(&destination->external))
        return field_fail(fields, ERROR_INVALID_ARGS, "destination",
                          "Port 0 is no address to send to.");
    return 0;
}

// The schemes of an external address settle what the packets are; fec.scheme may only agree.
static int match_fec(struct stream *stream, const struct fields *fields)
{
    const json_t *transport = field_get(fields, "transport");
    const json_t *scheme = json_object_get(json_object_get(transport, "fec"), "scheme");
    const struct connection *external =
        stream->source.type == CONNECTION_EXTERNAL ? &stream->source : &stream->destination;
    if (external->type != CONNECTION_EXTERNAL)
        return 0;
    enum transport_fec fec = media_address_fec(&external->external);
    if (json_is_string(scheme) && stream->transport.fec_scheme != fec)
        return field_fail(fields, ERROR_INVALID_ARGS, "transport.fec.scheme",
                          "transport.fec.scheme is \"%s\", but the external address is \"%s\"; "
                          "they must agree.",
                          json_string_value(scheme), external->external.media_uri);
    transport_set_fec(&stream->transport, fec);
    if (transport_check(&stream->transport, fields->error) != 0)
        return prefix_error(fields->error, "transport");
    return 0;
}

static int read_settings(struct stream *stream, const struct fields *fields)
{
    if (field_name(fields, "display_name", stream->display_name, sizeof(stream->display_name)) !=
            0 ||
        field_bool(fields, "enabled", &stream->enabled) != 0 ||
        field_number(fields, "volume", &stream->volume, 0, 1) != 0 ||
        field_bool(fields, "muted", &stream->muted) != 0)
        return -1;
    return 0;
}

static int read_stored(struct stream *stream, const struct fields *fields)
{
    struct resource_uri owner;
    const char *owner_uri = json_string_value(field_get(fields, "owner_uri"));
    unsigned state = stream->state;
    if (field_string(fields, "stream_uid", stream->uid, sizeof(stream->uid)) != 0 ||
        field_name(fields, "created_at", stream->created_at, sizeof(stream->created_at)) != 0 ||
        field_enum(fields, "state", &state, state_names, COUNT(state_names)) != 0 ||
        state_reason_parse(&stream->reason, field_get(fields, "reason"), fields->error) != 0)
        return -1;
    if (!uid_is_valid(stream->uid))
        return field_fail(fields, ERROR_INVALID_ARGS, "stream_uid", "\"%s\" is no UID.",
                          stream->uid);
    if (owner_uri == NULL || uri_parse(&owner, owner_uri, NULL) != 0 || owner.kind != RESOURCE_PEER)
        return field_fail(fields, ERROR_INVALID_ARGS, "owner_uri", "owner_uri names no peer.");
    memcpy(stream->owner_uid, owner.uid, sizeof(stream->owner_uid));
    stream->state = (enum stream_state)state;
    return 0;
}

static int check_read_only(const struct stream *stream, const struct fields *fields)
{
    unsigned state = 0;
    int result = field_enum(fields, "state", &state, state_names, COUNT(state_names));
    json_t *shown = stream_write(stream);
    for (size_t i = 0; result == 0 && i < COUNT(fixed_names); i++)
        result =
            field_check_unchanged(fields, fixed_names[i], json_object_get(shown, fixed_names[i]));
    json_decref(shown);
    return result;
}

static void keep_identity(struct stream *stream, const struct stream *current)
{
    memcpy(stream->uid, current->uid, sizeof(stream->uid));
    memcpy(stream->owner_uid, current->owner_uid, sizeof(stream->owner_uid));
    memcpy(stream->created_at, current->created_at, sizeof(stream->created_at));
    stream->state = current->state;
    stream->reason = current->reason;
}

// body: all but the transport (which applies by its own rules); sent: what the request said.
static int parse(struct stream *stream, const json_t *body, const json_t *sent,
                 enum parse_mode mode, const char *self_uid, struct api_error *error)
{
    struct fields fields = {body, "", error}, sent_fields = {sent, "", error};
    struct stream parsed = {.enabled = true, .volume = 1};
    if (mode == PARSE_MERGE)
        parsed.transport = stream->transport;
    if (mode != PARSE_STORED)
        keep_identity(&parsed, stream);

    if (fields_check_object(&fields, "The stream") != 0 ||
        (mode != PARSE_STORED && fields_check_names(&fields, field_names) != 0) ||
        read_settings(&parsed, &fields) != 0 ||
        (mode == PARSE_STORED && read_stored(&parsed, &fields) != 0) ||
        read_connection(&parsed.source, &fields, "source", self_uid) != 0 ||
        read_connection(&parsed.destination, &fields, "destination", self_uid) != 0 ||
        check_connections(&parsed, &fields) != 0)
        return -1;
    if (transport_parse(&parsed.transport, json_object_get(sent, "transport"), mode, error) != 0)
        return prefix_error(error, "transport");
    if (match_fec(&parsed, &sent_fields) != 0 ||
        (mode != PARSE_STORED && check_read_only(&parsed, &fields) != 0))
        return -1;
    *stream = parsed;
    return 0;
}

// A connection of another type begins afresh: nothing of the old one fits it.
static void drop_replaced(json_t *shown, const json_t *patch, const char *name)
{
    const json_t *type = json_object_get(json_object_get(patch, name), "connection_type");
    const json_t *current = json_object_get(json_object_get(shown, name), "connection_type");
    if (type != NULL && !json_equal((json_t *)type, (json_t *)current))
        json_object_del(shown, name);
}

int stream_parse(struct stream *stream, const json_t *body, enum parse_mode mode,
                 const char *self_uid, struct api_error *error)
{
    if (mode != PARSE_MERGE || !json_is_object(body))
        return parse(stream, body, body, mode, self_uid, error);

    // A PATCH is a PUT of what the patch makes of the resource.
    json_t *shown = stream_write(stream);
    drop_replaced(shown, body, "source");
    drop_replaced(shown, body, "destination");
    json_t *merged = shown != NULL ? json_merge_patch(shown, body) : NULL;
    int result = merged != NULL ? parse(stream, merged, body, mode, self_uid, error)
                                : error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    json_decref(shown);
    json_decref(merged);
    return result;
}

static json_t *write_connection(const struct connection *connection)
{
    char uri[URI_SIZE];
    const char *type = type_names[connection->type];
    if (connection->type == CONNECTION_ENDPOINT) {
        uri_write(uri, &connection->endpoint);
        return json_pack("{s:s, s:s}", "connection_type", type, "endpoint_uri", uri);
    }
    return json_pack("{s:s, s:s, s:s, s:s}", "connection_type", type, "media_uri",
                     connection->external.media_uri, "repair_uri", connection->external.repair_uri,
                     "control_uri", connection->external.control_uri);
}

json_t *stream_write(const struct stream *stream)
{
    char uri[URI_SIZE], owner[URI_SIZE] = "";
    uri_stream(uri, stream->uid);
    if (stream->owner_uid[0] != '\0')
        uri_peer(owner, stream->owner_uid);
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:b, s:f, s:b, s:o, s:s, s:o, s:s, s:s}", "stream_uri", uri,
        "stream_uid", stream->uid, "source", write_connection(&stream->source), "destination",
        write_connection(&stream->destination), "display_name", stream->display_name, "enabled",
        (int)stream->enabled, "volume", stream->volume, "muted", (int)stream->muted, "transport",
        transport_write(&stream->transport), "state", state_names[stream->state], "reason",
        state_reason_write(&stream->reason), "owner_uri", owner, "created_at", stream->created_at);
}
