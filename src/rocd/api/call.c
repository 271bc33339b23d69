// SPDX-License-Identifier: MPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"

void call_fail(struct call *call, const struct api_error *error)
{
    reply_error(call->fn, call->arg, error);
}

void call_fail_with(struct call *call, enum error_code code, const char *format, ...)
{
    struct api_error error = {0};
    char text[sizeof(error.text)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    error_set(&error, code, NULL, "%s", text);
    call_fail(call, &error);
}

void call_reply(struct call *call, int status, const json_t *body)
{
    struct reply reply = {.status = status, .body = body};
    call->fn(&reply, call->arg);
}

void call_reply_entry(struct call *call, const struct registry_entry *entry)
{
    // The door may change the registry while it answers.
    json_t *body = json_incref(entry->body);
    char etag[sizeof(entry->etag)];
    memcpy(etag, entry->etag, sizeof(etag));
    struct reply reply = {.status = 200, .body = body, .etag = etag};
    call->fn(&reply, call->arg);
    json_decref(body);
}

void call_reply_resource(struct call *call, int status, const char *uri, json_t *body)
{
    char etag[sizeof(((struct registry_entry *)NULL)->etag)] = "";
    char location[URI_SIZE] = "";
    const struct registry_entry *entry =
        uri != NULL ? registry_get(call->api->registry, uri) : NULL;
    if (entry != NULL)
        memcpy(etag, entry->etag, sizeof(etag));
    if (uri != NULL && status == 201)
        snprintf(location, sizeof(location), "%s", uri);
    struct reply reply = {
        .status = status,
        .body = body,
        .etag = etag[0] != '\0' ? etag : NULL,
        .location = location[0] != '\0' ? location : NULL,
    };
    call->fn(&reply, call->arg);
    json_decref(body);
}

// A call that another peer answers.
struct forward {
    reply_fn fn;
    void *arg;
    char peer_uid[UID_SIZE];
};

// Errors say which peer they come from.
static void pass_reply(const struct reply *reply, void *arg)
{
    struct forward *forward = arg;
    struct reply passed = *reply;
    json_t *body = NULL;
    if (reply->status >= 400 && json_is_object(reply->body) &&
        json_object_get(reply->body, "peer_uid") == NULL) {
        body = json_copy((json_t *)reply->body);
        if (body != NULL &&
            json_object_set_new(body, "peer_uid", json_string(forward->peer_uid)) == 0)
            passed.body = body;
    }
    forward->fn(&passed, forward->arg);
    json_decref(body);
    free(forward);
}

void call_forward(struct call *call, const char *peer_uid)
{
    struct api *api = call->api;
    if (call->request->is_forwarded) {
        call_fail_with(call, ERROR_PEER,
                       "This was sent on to peer %s, but it belongs to peer %s; the network has "
                       "not settled yet, try again.",
                       api->self_uid, peer_uid);
        return;
    }
    if (api->peers == NULL) {
        call_fail_with(call, ERROR_UNAVAILABLE,
                       "Peer %s cannot be reached: no connection to peers.", peer_uid);
        return;
    }
    struct forward *forward = calloc(1, sizeof(*forward));
    if (forward == NULL) {
        call_fail_with(call, ERROR_INTERNAL, "Out of memory.");
        return;
    }
    forward->fn = call->fn;
    forward->arg = call->arg;
    snprintf(forward->peer_uid, sizeof(forward->peer_uid), "%s", peer_uid);

    struct request request = *call->request;
    request.path = call->path;
    request.is_forwarded = true;
    api->peers->request(api->peers->impl, forward->peer_uid, &request, pass_reply, forward);
}

const struct registry_entry *call_find(struct call *call, const char *uri, const char *what,
                                       const char *uid)
{
    const struct registry_entry *entry = registry_get(call->api->registry, uri);
    if (entry == NULL)
        call_fail_with(call, ERROR_NOT_FOUND, "There is no %s %s.", what, uid);
    return entry;
}

// RFC 9110, 13.1.1: `*` or a list of tags, compared strongly (a weak one never matches).
static bool is_tag_listed(const char *list, const char *etag)
{
    size_t size = strlen(etag);
    for (;;) {
        list += strspn(list, " \t,");
        if (*list == '\0')
            return false;
        if (*list == '*')
            return true;
        size_t item = strcspn(list, ",");
        size_t end = item;
        while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t'))
            end--;
        if (end == size && memcmp(list, etag, size) == 0)
            return true;
        list += item;
    }
}

bool call_is_match(struct call *call, const struct registry_entry *entry)
{
    const char *if_match = call->request->if_match;
    if (if_match == NULL || is_tag_listed(if_match, entry->etag))
        return true;
    call_fail_with(call, ERROR_PRECONDITION_FAILED,
                   "%s was changed by somebody else meanwhile: its tag is %s now; read it again.",
                   entry->uri, entry->etag);
    return false;
}

bool call_is_repeated_delete(struct call *call, const char *uri)
{
    if (registry_get(call->api->registry, uri) != NULL)
        return false;
    for (size_t i = 0; i < TOMBSTONE_COUNT; i++) {
        if (strcmp(call->api->tombstones[i], uri) == 0) {
            call_reply(call, 204, NULL);
            return true;
        }
    }
    return false;
}

static void append_body(const struct registry_entry *entry, void *arg)
{
    json_array_append(arg, entry->body);
}

json_t *call_list(struct call *call, enum resource_kind kind, const char *authority)
{
    json_t *list = json_array();
    if (list != NULL)
        registry_each(call->api->registry, kind, authority, append_body, list);
    return list;
}

enum parse_mode call_get_mode(const struct call *call)
{
    return call->request->method == METHOD_PATCH ? PARSE_MERGE : PARSE_REPLACE;
}
