// SPDX-License-Identifier: MPL-2.0
//
// Halves that other peers hold here. A half is a lease: it belongs to the peer that made it, and
// goes when that peer has not renewed it in time, so that a dead owner never keeps a device.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_internal.h"
#include "model/log.h"

// A peer that went wild costs this many ports and no more.
#define MAX_HALVES 512

static struct held_half *find_half(struct control *control, const char *stream_uid)
{
    for (struct held_half *half = control->halves; half; half = half->next) {
        if (strcmp(half->stream_uid, stream_uid) == 0)
            return half;
    }
    return NULL;
}

static void remove_half(struct control *control, struct held_half *half)
{
    struct held_half **place = &control->halves;
    while (*place != half)
        place = &(*place)->next;
    *place = half->next;
    media_close_half(control->media, half->stream_uid);
    free(half);
}

uint64_t halves_due_ms(const struct control *control)
{
    uint64_t due_ms = NEVER_MS;
    for (const struct held_half *half = control->halves; half; half = half->next) {
        if (half->expires_ms < due_ms)
            due_ms = half->expires_ms;
    }
    return due_ms;
}

void halves_expire(struct control *control, uint64_t now_ms)
{
    bool has_expired = false;
    for (struct held_half *half = control->halves, *next; half; half = next) {
        next = half->next;
        if (half->expires_ms > now_ms)
            continue;
        rocd_log(ROCD_LOG_INFO, "control",
                 "stream %s: its owner %s is silent, releasing the device", half->stream_uid,
                 half->owner_uid);
        remove_half(control, half);
        has_expired = true;
    }
    if (has_expired)
        endpoints_publish(control, false);
}

bool halves_use_endpoint(const struct control *control, const char *endpoint_uid)
{
    for (const struct held_half *half = control->halves; half; half = half->next) {
        if (strcmp(half->request.endpoint_uid, endpoint_uid) == 0)
            return true;
    }
    return false;
}

void halves_destroy(struct control *control)
{
    while (control->halves)
        remove_half(control, control->halves);
}

static void reply_body(reply_fn fn, void *arg, int status, json_t *body)
{
    struct reply reply = {.status = status, .body = body};
    fn(&reply, arg);
    json_decref(body);
}

static void reply_report(struct control *control, const struct held_half *half, int status,
                         reply_fn fn, void *arg)
{
    struct half_report report = {.address = half->address};
    const struct local_endpoint *local = endpoints_find(control, half->request.endpoint_uid);
    struct endpoint endpoint = {0};
    if (local)
        endpoints_query(control, local, &endpoint);
    if (endpoint.state == ENDPOINT_FAILED)
        report.failure = endpoint.reason;
    report.metrics.is_receiver = half->request.is_receiver;
    (void)media_query_half(control->media, half->stream_uid, &report.metrics);
    json_t *body = half_report_write(&report, &half->request, control->self_uid);
    if (body) {
        reply_body(fn, arg, status, body);
        return;
    }
    struct api_error error = {0};
    (void)error_set(&error, ERROR_INTERNAL, NULL, "Out of memory.");
    reply_error(fn, arg, &error);
}

static int open_media(struct control *control, const char *stream_uid,
                      const struct half_request *request, struct media_address *address,
                      struct api_error *error)
{
    if (endpoints_check_open(control, request->endpoint_uid, error) != 0)
        return -1;
    struct half_config config = {.stream_uid = stream_uid,
                                 .endpoint_uid = request->endpoint_uid,
                                 .transport = request->transport,
                                 .volume = request->volume,
                                 .muted = request->muted};
    *address = (struct media_address){0};
    if (request->is_receiver)
        return media_open_receiver(control->media, &config, address, error);
    *address = request->address;
    return media_open_sender(control->media, &config, address, error);
}

static int check_room(struct control *control, const char *stream_uid, struct api_error *error)
{
    unsigned count = 0;
    for (const struct held_half *half = control->halves; half; half = half->next)
        count++;
    if (count >= MAX_HALVES)
        return error_set(
            error, ERROR_UNSATISFIABLE, NULL,
            "This peer already takes part in %u streams of others, which is its limit.", count);
    if (streams_find(control, stream_uid))
        return error_set(error, ERROR_CONFLICT, NULL, "Stream %s is this peer's own.", stream_uid);
    return 0;
}

static struct held_half *add_half(struct control *control, const char *stream_uid,
                                  const char *owner_uid)
{
    struct held_half *half = calloc(1, sizeof(*half));
    if (!half)
        return NULL;
    snprintf(half->stream_uid, sizeof(half->stream_uid), "%s", stream_uid);
    snprintf(half->owner_uid, sizeof(half->owner_uid), "%s", owner_uid);
    half->next = control->halves;
    control->halves = half;
    return half;
}

static int put_half(struct control *control, const char *stream_uid, const struct request *request,
                    struct held_half **out, struct api_error *error)
{
    struct held_half *half = find_half(control, stream_uid);
    struct half_request parsed;
    struct media_address address;
    if (half_request_parse(&parsed, request->body, control->self_uid, error) != 0 ||
        (!half && check_room(control, stream_uid, error) != 0) ||
        open_media(control, stream_uid, &parsed, &address, error) != 0)
        return -1;
    if (!half)
        half = add_half(control, stream_uid, request->principal.peer_uid);
    if (!half) {
        media_close_half(control->media, stream_uid);
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    }
    half->request = parsed;
    half->address = address;
    half->expires_ms = control_now_ms() + parsed.lease_ms;
    *out = half;
    return 0;
}

static void handle_put(struct control *control, const char *stream_uid,
                       const struct request *request, reply_fn fn, void *arg)
{
    struct api_error error = {0};
    struct held_half *half = NULL;
    bool is_new = !find_half(control, stream_uid);
    if (put_half(control, stream_uid, request, &half, &error) != 0 || !half) {
        // A device that could not be opened shows it.
        endpoints_publish(control, false);
        reply_error(fn, arg, &error);
        return;
    }
    control_schedule(control);
    endpoints_publish(control, false);
    reply_report(control, half, is_new ? 201 : 200, fn, arg);
}

static void handle_delete(struct control *control, struct held_half *half, reply_fn fn, void *arg)
{
    struct reply reply = {.status = 204};
    if (half) {
        remove_half(control, half);
        endpoints_publish(control, false);
    }
    fn(&reply, arg);
}

static void handle_get(struct control *control, struct held_half *half, const char *stream_uid,
                       reply_fn fn, void *arg)
{
    struct api_error error = {0};
    if (half) {
        reply_report(control, half, 200, fn, arg);
        return;
    }
    (void)error_set(&error, ERROR_NOT_FOUND, NULL, "This peer has no half of stream %s.",
                    stream_uid);
    reply_error(fn, arg, &error);
}

static int check_principal(const struct request *request, const struct held_half *half,
                           struct api_error *error)
{
    const struct principal *principal = &request->principal;
    if (principal->peer_uid[0] == '\0')
        return error_set(error, ERROR_FORBIDDEN, NULL,
                         "Halves are made by peers; create a stream instead.");
    if (principal->role < ROLE_OPERATOR)
        return error_set(
            error, ERROR_FORBIDDEN, NULL,
            "Peer %s may not use the devices of this one; its trust is \"%s\" and must "
            "be \"operator\".",
            principal->peer_uid, role_name(principal->role));
    if (half && strcmp(half->owner_uid, principal->peer_uid) != 0)
        return error_set(error, ERROR_FORBIDDEN, NULL, "This half belongs to another peer.");
    return 0;
}

void control_handle_half(struct control *control, const char *stream_uid,
                         const struct request *request, reply_fn fn, void *arg)
{
    struct api_error error = {0};
    struct held_half *half = find_half(control, stream_uid);
    if (!uid_is_valid(stream_uid))
        (void)error_set(&error, ERROR_INVALID_ARGS, NULL, "The UID of the stream is malformed.");
    if (error.code != ERROR_NONE || check_principal(request, half, &error) != 0) {
        reply_error(fn, arg, &error);
        return;
    }
    switch (request->method) {
    case METHOD_PUT:
        handle_put(control, stream_uid, request, fn, arg);
        return;
    case METHOD_DELETE:
        handle_delete(control, half, fn, arg);
        return;
    case METHOD_GET:
        handle_get(control, half, stream_uid, fn, arg);
        return;
    case METHOD_POST:
    case METHOD_PATCH:
        break;
    }
    (void)error_set(&error, ERROR_METHOD_NOT_ALLOWED, NULL, "A half takes GET, PUT and DELETE.");
    reply_error(fn, arg, &error);
}
