// SPDX-License-Identifier: MPL-2.0
#include "model/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "model/endpoint_virtual.h"
#include "model/field.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const type_names[] = {"system_device", "streaming_device"};
static const char *const direction_names[] = {"input", "output", "duplex"};
static const char *const driver_names[] = {"unspecified", "pipewire", "pulseaudio", "alsa",
                                           "file",        "tone",     "null"};
static const char *const state_names[] = {"available", "unavailable", "in_use", "failed"};

static const char *const field_names[] = {
    "endpoint_uri", "endpoint_uid", "endpoint_type", "stream_direction", "driver",   "display_name",
    "system_name",  "state",        "reason",        "sample_rate",      "channels", "volume",
    "muted",        "is_default",   "delay_ms",      "virtual",          NULL};
static const char *const fixed_names[] = {"endpoint_uri",     "endpoint_uid", "endpoint_type",
                                          "stream_direction", "driver",       "system_name"};

static int read_format(struct endpoint *endpoint, const struct fields *fields)
{
    if (field_count(fields, "sample_rate", &endpoint->sample_rate,
                    (struct count_range){8000, 192000, true}) != 0 ||
        field_count(fields, "channels", &endpoint->channels,
                    (struct count_range){1, ENDPOINT_MAX_CHANNELS, true}) != 0)
        return -1;
    return 0;
}

static int read_settings(struct endpoint *endpoint, const struct fields *fields)
{
    if (field_name(fields, "display_name", endpoint->display_name,
                   sizeof(endpoint->display_name)) != 0 ||
        field_number(fields, "volume", &endpoint->volume, 0, 1) != 0 ||
        field_bool(fields, "muted", &endpoint->muted) != 0 ||
        field_bool(fields, "is_default", &endpoint->is_default) != 0 ||
        field_number(fields, "delay_ms", &endpoint->delay_ms, -10000, 10000) != 0 ||
        read_format(endpoint, fields) != 0)
        return -1;
    if (endpoint->is_default)
        return field_fail(fields, ERROR_UNSATISFIABLE, "is_default",
                          "A virtual endpoint cannot be the default device of its machine.");
    if (endpoint->delay_ms != 0)
        return field_fail(fields, ERROR_UNSATISFIABLE, "delay_ms",
                          "This version cannot delay an endpoint; delay_ms must be 0.");
    return 0;
}

static int read_stored(struct endpoint *endpoint, const struct fields *fields)
{
    unsigned state = endpoint->state;
    if (field_string(fields, "endpoint_uid", endpoint->uid, sizeof(endpoint->uid)) != 0 ||
        field_name(fields, "system_name", endpoint->system_name, sizeof(endpoint->system_name)) !=
            0 ||
        field_enum(fields, "state", &state, state_names, COUNT(state_names)) != 0 ||
        state_reason_parse(&endpoint->reason, field_get(fields, "reason"), fields->error) != 0)
        return -1;
    if (!uid_is_valid(endpoint->uid))
        return field_fail(fields, ERROR_INVALID_ARGS, "endpoint_uid", "\"%s\" is no UID.",
                          endpoint->uid);
    endpoint->state = (enum endpoint_state)state;
    return 0;
}

static int check_read_only(const struct endpoint *endpoint, const char *peer_uid,
                           const struct fields *fields)
{
    unsigned state = 0;
    int result = field_enum(fields, "state", &state, state_names, COUNT(state_names));
    json_t *shown = endpoint_write(endpoint, peer_uid);
    for (size_t i = 0; result == 0 && i < COUNT(fixed_names); i++)
        result =
            field_check_unchanged(fields, fixed_names[i], json_object_get(shown, fixed_names[i]));
    json_decref(shown);
    return result;
}

// What a PUT does not replace: what the endpoint is.
static void keep_identity(struct endpoint *endpoint, const struct endpoint *current)
{
    memcpy(endpoint->uid, current->uid, sizeof(endpoint->uid));
    memcpy(endpoint->system_name, current->system_name, sizeof(endpoint->system_name));
    endpoint->type = current->type;
    endpoint->state = current->state;
    endpoint->reason = current->reason;
    // A player's format is its file's.
    if (current->virtual.kind == VIRTUAL_FILE_PLAYER) {
        endpoint->sample_rate = current->sample_rate;
        endpoint->channels = current->channels;
    }
}

static void name_endpoint(struct endpoint *endpoint)
{
    const struct endpoint_virtual *virtual = &endpoint->virtual;
    if (endpoint->display_name[0] == '\0')
        snprintf(endpoint->display_name, sizeof(endpoint->display_name), "%.127s",
                 virtual->path[0] != '\0' ? virtual->path : virtual_kind_name(virtual->kind));
    if (endpoint->system_name[0] == '\0')
        snprintf(endpoint->system_name, sizeof(endpoint->system_name), "rocd.%s.%s",
                 virtual_kind_name(virtual->kind), endpoint->uid);
}

// A player's sample_rate and channels may be sent back, not set.
static int check_player_format(const struct endpoint *parsed, const struct endpoint *current,
                               const struct fields *fields)
{
    if (parsed->virtual.kind != VIRTUAL_FILE_PLAYER)
        return 0;
    const char *field = parsed->sample_rate != current->sample_rate ? "sample_rate"
                        : parsed->channels != current->channels     ? "channels"
                                                                    : NULL;
    if (field == NULL)
        return 0;
    return field_fail(fields, ERROR_INVALID_ARGS, field,
                      "%s of a file player follows its file and cannot be set.", field);
}

static int parse(struct endpoint *parsed, const struct endpoint *current, const json_t *body,
                 enum parse_mode mode, const char *peer_uid, struct api_error *error)
{
    struct fields fields = {body, "", error};
    bool is_new = mode == PARSE_CREATE || mode == PARSE_STORED;
    *parsed = (struct endpoint){.volume = 1, .type = ENDPOINT_STREAMING_DEVICE};
    if (is_new)
        memcpy(parsed->uid, current->uid, sizeof(parsed->uid));
    else
        keep_identity(parsed, current);

    if (fields_check_object(&fields, "The endpoint") != 0 ||
        (mode != PARSE_STORED && fields_check_names(&fields, field_names) != 0) ||
        read_settings(parsed, &fields) != 0 ||
        (mode == PARSE_STORED && read_stored(parsed, &fields) != 0) ||
        endpoint_virtual_parse(&parsed->virtual, is_new ? NULL : &current->virtual, &fields,
                               mode) != 0)
        return -1;
    parsed->direction = virtual_kind_direction(parsed->virtual.kind);
    parsed->driver = virtual_kind_driver(parsed->virtual.kind);
    name_endpoint(parsed);
    if (mode == PARSE_STORED)
        return 0;
    if (check_player_format(parsed, current, &fields) != 0)
        return -1;
    return check_read_only(parsed, peer_uid, &fields);
}

int endpoint_parse(struct endpoint *endpoint, const json_t *body, enum parse_mode mode,
                   const char *peer_uid, struct api_error *error)
{
    struct endpoint parsed, empty = {0};
    int result = -1;
    if (mode == PARSE_CREATE || mode == PARSE_STORED)
        memcpy(empty.uid, endpoint->uid, sizeof(empty.uid));
    if (mode != PARSE_MERGE || !json_is_object(body)) {
        result = parse(&parsed, mode == PARSE_CREATE || mode == PARSE_STORED ? &empty : endpoint,
                       body, mode, peer_uid, error);
    } else {
        // A PATCH is a PUT of what the patch makes of the resource.
        json_t *shown = endpoint_write(endpoint, peer_uid);
        json_t *merged = shown != NULL ? json_merge_patch(shown, body) : NULL;
        result = merged != NULL ? parse(&parsed, endpoint, merged, mode, peer_uid, error)
                                : error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
        json_decref(shown);
        json_decref(merged);
    }
    if (result == 0)
        *endpoint = parsed;
    return result;
}

json_t *endpoint_write(const struct endpoint *endpoint, const char *peer_uid)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, peer_uid, endpoint->uid);
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:i, s:f, s:b, s:b, s:f}",
        "endpoint_uri", uri, "endpoint_uid", endpoint->uid, "endpoint_type",
        type_names[endpoint->type], "stream_direction", direction_names[endpoint->direction],
        "driver", driver_names[endpoint->driver], "display_name", endpoint->display_name,
        "system_name", endpoint->system_name, "state", state_names[endpoint->state], "reason",
        state_reason_write(&endpoint->reason), "sample_rate", (int)endpoint->sample_rate,
        "channels", (int)endpoint->channels, "volume", endpoint->volume, "muted",
        (int)endpoint->muted, "is_default", (int)endpoint->is_default, "delay_ms",
        endpoint->delay_ms);
    if (body == NULL || endpoint->virtual.kind == VIRTUAL_NONE)
        return body;
    if (json_object_set_new(body, "virtual", endpoint_virtual_write(&endpoint->virtual)) != 0) {
        json_decref(body);
        return NULL;
    }
    return body;
}
