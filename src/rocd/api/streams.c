// SPDX-License-Identifier: MPL-2.0
//
// /streams: read from the registry, changed by the peer that owns the stream.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"

// A change that control answers later; the tag and the place are known only then.
struct change {
    struct api *api;
    reply_fn fn;
    void *arg;
};

static void finish_change(const struct reply *reply, void *arg)
{
    struct change *change = arg;
    struct reply passed = *reply;
    char etag[sizeof(((struct registry_entry *)NULL)->etag)];
    const char *uri = json_string_value(json_object_get(reply->body, "stream_uri"));
    const struct registry_entry *entry =
        uri != NULL && reply->status < 300 ? registry_get(change->api->registry, uri) : NULL;
    if (entry != NULL) {
        memcpy(etag, entry->etag, sizeof(etag));
        passed.etag = etag;
        if (reply->status == 201)
            passed.location = uri;
    }
    change->fn(&passed, change->arg);
    free(change);
}

static struct change *create_change(struct call *call)
{
    struct change *change = calloc(1, sizeof(*change));
    if (change == NULL) {
        call_fail_with(call, ERROR_INTERNAL, "Out of memory.");
        return NULL;
    }
    change->api = call->api;
    change->fn = call->fn;
    change->arg = call->arg;
    return change;
}

// The entry when this peer owns the stream; otherwise NULL after the call was answered or sent on.
static const struct registry_entry *find_own(struct call *call)
{
    char uri[URI_SIZE];
    uri_stream(uri, call->uid);
    const struct registry_entry *entry = call_find(call, uri, "stream", call->uid);
    if (entry == NULL)
        return NULL;
    if (strcmp(entry->authority, call->api->self_uid) != 0) {
        char owner_uid[UID_SIZE];
        memcpy(owner_uid, entry->authority, sizeof(owner_uid));
        call_forward(call, owner_uid);
        return NULL;
    }
    return call_is_match(call, entry) ? entry : NULL;
}

void streams_list(struct call *call)
{
    json_t *list = call_list(call, RESOURCE_STREAM, NULL);
    if (list != NULL)
        call_reply(call, 200, list);
    else
        call_fail_with(call, ERROR_INTERNAL, "Out of memory.");
    json_decref(list);
}

void streams_create(struct call *call)
{
    struct api_error error = {0};
    char owner_uid[UID_SIZE];
    if (control_find_owner(call->api->control, call->request->body, owner_uid, &error) != 0) {
        call_fail(call, &error);
        return;
    }
    if (strcmp(owner_uid, call->api->self_uid) != 0) {
        call_forward(call, owner_uid);
        return;
    }
    struct change *change = create_change(call);
    if (change != NULL)
        control_create_stream(call->api->control, call->request->body, finish_change, change);
}

void streams_read(struct call *call)
{
    char uri[URI_SIZE];
    uri_stream(uri, call->uid);
    const struct registry_entry *entry = call_find(call, uri, "stream", call->uid);
    if (entry != NULL)
        call_reply_entry(call, entry);
}

void streams_update(struct call *call)
{
    const struct registry_entry *entry = find_own(call);
    if (entry == NULL)
        return;
    if (call->request->body == NULL) {
        call_reply_entry(call, entry);
        return;
    }
    struct change *change = create_change(call);
    if (change != NULL)
        control_update_stream(call->api->control, call->uid, call->request->body,
                              call_get_mode(call), finish_change, change);
}

void streams_delete(struct call *call)
{
    char uri[URI_SIZE];
    uri_stream(uri, call->uid);
    if (call_is_repeated_delete(call, uri) || find_own(call) == NULL)
        return;
    control_delete_stream(call->api->control, call->uid, call->fn, call->arg);
}

void streams_measure(struct call *call)
{
    if (find_own(call) != NULL)
        control_query_stream(call->api->control, call->uid, call->fn, call->arg);
}

// What one peer asks of another for a stream that it owns.
void halves_handle(struct call *call)
{
    if (strcmp(call->peer_uid, call->api->self_uid) != 0) {
        call_fail_with(call, ERROR_PEER, "This is peer %s, not %s.", call->api->self_uid,
                       call->peer_uid);
        return;
    }
    control_handle_half(call->api->control, call->uid, call->request, call->fn, call->arg);
}
