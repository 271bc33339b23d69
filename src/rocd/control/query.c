// SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "control/control_internal.h"

// A question that waits for the other peer's numbers.
struct query {
    json_t *body;
    reply_fn fn;
    void *arg;
};

static void finish(struct query *query)
{
    struct reply reply = {.status = 200, .body = query->body};
    query->fn(&reply, query->arg);
    json_decref(query->body);
    free(query);
}

static void set_reason(json_t *body, const char *code, const char *text)
{
    (void)json_object_set_new(body, "reason", json_pack("{s:s, s:s}", "code", code, "text", text));
}

static void on_reply(const struct reply *reply, void *arg)
{
    struct query *query = arg;
    json_t *metrics = json_object_get(reply->body, "metrics");
    if (reply->status == 200 && json_is_object(metrics)) {
        (void)json_object_set(query->body, "receiver", metrics);
    } else {
        struct api_error error = {0};
        error_parse(&error, reply->status, reply->body);
        set_reason(query->body, error_code_name(error.code), error.text);
    }
    finish(query);
}

static json_t *write_local(struct control *control, const struct stream *spec)
{
    char uri[URI_SIZE];
    uri_stream(uri, spec->uid);
    json_t *body =
        json_pack("{s:s, s:n, s:n, s:n}", "stream_uri", uri, "sender", "receiver", "reason");
    struct half_metrics metrics = {0};
    if (!body || media_query_half(control->media, spec->uid, &metrics) != 0)
        return body;
    (void)json_object_set_new(body, metrics.is_receiver ? "receiver" : "sender",
                              half_metrics_write(&metrics));
    return body;
}

void control_query_stream(struct control *control, const char *stream_uid, reply_fn fn, void *arg)
{
    struct owned_stream *owned = streams_find(control, stream_uid);
    struct api_error error = {0};
    if (!owned || !owned->is_committed) {
        (void)error_set(&error, ERROR_NOT_FOUND, NULL, "This peer owns no such stream.");
        reply_error(fn, arg, &error);
        return;
    }
    struct query *query = calloc(1, sizeof(*query));
    json_t *body = write_local(control, &owned->spec);
    if (!query || !body) {
        free(query);
        json_decref(body);
        (void)error_set(&error, ERROR_INTERNAL, NULL, "Out of memory.");
        reply_error(fn, arg, &error);
        return;
    }
    *query = (struct query){.body = body, .fn = fn, .arg = arg};
    const char *peer_uid = setup_get_peer(control, &owned->spec);
    if (peer_uid[0] == '\0' || !owned->spec.enabled) {
        finish(query);
    } else if (!control_is_online(control, peer_uid)) {
        set_reason(body, "peer_offline", "The receiving peer is offline; its numbers are unknown.");
        finish(query);
    } else {
        struct peer_call_config config =
            control_plan_call(control, peer_uid, stream_uid, METHOD_GET);
        config.fn = on_reply;
        config.arg = query;
        peer_call_start(NULL, &config);
    }
}
