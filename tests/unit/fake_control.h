// SPDX-License-Identifier: MPL-2.0
//
// Stands in for control/ where the rooms above it are under test: endpoints and streams are parsed
// as the daemon does it and put into the registry, but nothing moves sound. Defines the symbols of
// control.h, so that the archive's own are not linked.

#ifndef TESTS_FAKE_CONTROL_H
#define TESTS_FAKE_CONTROL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"

#define FAKE_MAX 32

struct control {
    char self_uid[UID_SIZE];
    struct registry *registry;
    struct endpoint endpoints[FAKE_MAX];
    size_t endpoint_count;
    struct stream streams[FAKE_MAX];
    size_t stream_count;
    unsigned call_count;
    // Streams are answered when fake_control_answer is called.
    bool is_late;
    reply_fn fn;
    void *arg;
    struct stream created;
};

static inline void fake_control_init(struct control *control, struct registry *registry,
                                     const char *self_uid)
{
    memset(control, 0, sizeof(*control));
    control->registry = registry;
    snprintf(control->self_uid, sizeof(control->self_uid), "%s", self_uid);
}

static inline struct endpoint *fake_find_endpoint(struct control *control, const char *uid)
{
    for (size_t i = 0; i < control->endpoint_count; i++) {
        if (strcmp(control->endpoints[i].uid, uid) == 0)
            return &control->endpoints[i];
    }
    return NULL;
}

static inline struct stream *fake_find_stream(struct control *control, const char *uid)
{
    for (size_t i = 0; i < control->stream_count; i++) {
        if (strcmp(control->streams[i].uid, uid) == 0)
            return &control->streams[i];
    }
    return NULL;
}

static inline json_t *fake_publish_endpoint(struct control *control,
                                            const struct endpoint *endpoint)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, control->self_uid, endpoint->uid);
    json_t *body = endpoint_write(endpoint, control->self_uid);
    registry_put(control->registry, uri, control->self_uid, body);
    return body;
}

int control_create_endpoint(struct control *control, const json_t *body, json_t **out,
                            struct api_error *error)
{
    struct endpoint endpoint = {0};
    control->call_count++;
    uid_random(endpoint.uid);
    if (endpoint_parse(&endpoint, body, PARSE_CREATE, control->self_uid, error) != 0)
        return -1;
    if (control->endpoint_count == FAKE_MAX)
        return error_set(error, ERROR_UNSATISFIABLE, NULL, "no more than %d endpoints", FAKE_MAX);
    control->endpoints[control->endpoint_count++] = endpoint;
    *out = fake_publish_endpoint(control, &endpoint);
    return 0;
}

int control_update_endpoint(struct control *control, const char *endpoint_uid, const json_t *body,
                            enum parse_mode mode, json_t **out, struct api_error *error)
{
    struct endpoint *endpoint = fake_find_endpoint(control, endpoint_uid);
    control->call_count++;
    if (endpoint == NULL)
        return error_set(error, ERROR_NOT_FOUND, NULL, "there is no endpoint %s", endpoint_uid);
    if (endpoint_parse(endpoint, body, mode, control->self_uid, error) != 0)
        return -1;
    *out = fake_publish_endpoint(control, endpoint);
    return 0;
}

int control_delete_endpoint(struct control *control, const char *endpoint_uid,
                            struct api_error *error)
{
    char uri[URI_SIZE];
    struct endpoint *endpoint = fake_find_endpoint(control, endpoint_uid);
    (void)error;
    control->call_count++;
    if (endpoint == NULL)
        return 0;
    uri_endpoint(uri, control->self_uid, endpoint_uid);
    *endpoint = control->endpoints[--control->endpoint_count];
    registry_remove(control->registry, uri);
    return 0;
}

int control_find_owner(struct control *control, const json_t *body, char owner_uid[UID_SIZE],
                       struct api_error *error)
{
    struct stream stream = {0};
    if (stream_parse(&stream, body, PARSE_CREATE, control->self_uid, error) != 0)
        return -1;
    snprintf(owner_uid, UID_SIZE, "%s",
             stream.source.type == CONNECTION_ENDPOINT ? stream.source.endpoint.peer_uid
                                                       : control->self_uid);
    return 0;
}

static inline void fake_publish_stream(struct control *control, const struct stream *stream,
                                       int status, reply_fn fn, void *arg)
{
    char uri[URI_SIZE];
    uri_stream(uri, stream->uid);
    json_t *body = stream_write(stream);
    registry_put(control->registry, uri, control->self_uid, body);
    struct reply reply = {.status = status, .body = body};
    fn(&reply, arg);
    json_decref(body);
}

static inline void fake_control_answer(struct control *control)
{
    fake_publish_stream(control, &control->created, 201, control->fn, control->arg);
    control->fn = NULL;
}

void control_create_stream(struct control *control, const json_t *body, reply_fn fn, void *arg)
{
    struct api_error error = {0};
    struct stream stream = {0};
    control->call_count++;
    uid_random(stream.uid);
    snprintf(stream.owner_uid, sizeof(stream.owner_uid), "%s", control->self_uid);
    if (stream_parse(&stream, body, PARSE_CREATE, control->self_uid, &error) == 0 &&
        control->stream_count == FAKE_MAX)
        error_set(&error, ERROR_UNSATISFIABLE, NULL, "no more than %d streams", FAKE_MAX);
    if (error.code != ERROR_NONE) {
        reply_error(fn, arg, &error);
        return;
    }
    control->streams[control->stream_count++] = stream;
    control->created = stream;
    control->fn = fn;
    control->arg = arg;
    if (!control->is_late)
        fake_control_answer(control);
}

void control_update_stream(struct control *control, const char *stream_uid, const json_t *body,
                           enum parse_mode mode, reply_fn fn, void *arg)
{
    struct api_error error = {0};
    struct stream *stream = fake_find_stream(control, stream_uid);
    control->call_count++;
    if (stream == NULL)
        error_set(&error, ERROR_NOT_FOUND, NULL, "there is no stream %s", stream_uid);
    else
        stream_parse(stream, body, mode, control->self_uid, &error);
    if (error.code != ERROR_NONE)
        reply_error(fn, arg, &error);
    else
        fake_publish_stream(control, stream, 200, fn, arg);
}

void control_delete_stream(struct control *control, const char *stream_uid, reply_fn fn, void *arg)
{
    char uri[URI_SIZE];
    struct stream *stream = fake_find_stream(control, stream_uid);
    struct reply reply = {.status = 204};
    control->call_count++;
    uri_stream(uri, stream_uid);
    if (stream != NULL)
        *stream = control->streams[--control->stream_count];
    registry_remove(control->registry, uri);
    fn(&reply, arg);
}

void control_query_stream(struct control *control, const char *stream_uid, reply_fn fn, void *arg)
{
    char uri[URI_SIZE];
    uri_stream(uri, stream_uid);
    control->call_count++;
    json_t *body = json_pack("{s:s, s:n, s:n}", "stream_uri", uri, "sender", "receiver");
    struct reply reply = {.status = 200, .body = body};
    fn(&reply, arg);
    json_decref(body);
}

void control_handle_half(struct control *control, const char *stream_uid,
                         const struct request *request, reply_fn fn, void *arg)
{
    json_t *body = json_pack("{s:s}", "half", stream_uid);
    struct reply reply = {.status = 200, .body = body};
    (void)request;
    control->call_count++;
    fn(&reply, arg);
    json_decref(body);
}

#endif
