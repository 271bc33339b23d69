// SPDX-License-Identifier: MPL-2.0
//
// /peers/{peer_uid}/endpoints: read from the registry, changed by the peer that has the device.
#include <string.h>

#include "api/handlers.h"

static bool is_here(const struct call *call)
{
    return strcmp(call->peer_uid, call->api->self_uid) == 0;
}

static bool is_peer_known(struct call *call)
{
    char uri[URI_SIZE];
    uri_peer(uri, call->peer_uid);
    return call_find(call, uri, "peer", call->peer_uid) != NULL;
}

static const struct registry_entry *find(struct call *call, char uri[URI_SIZE])
{
    uri_endpoint(uri, call->peer_uid, call->uid);
    return is_peer_known(call) ? call_find(call, uri, "endpoint", call->uid) : NULL;
}

void endpoints_list(struct call *call)
{
    if (!is_peer_known(call))
        return;
    json_t *list = call_list(call, RESOURCE_ENDPOINT, call->peer_uid);
    if (list != NULL)
        call_reply(call, 200, list);
    else
        call_fail_with(call, ERROR_INTERNAL, "Out of memory.");
    json_decref(list);
}

void endpoints_create(struct call *call)
{
    if (!is_peer_known(call))
        return;
    if (!is_here(call)) {
        call_forward(call, call->peer_uid);
        return;
    }
    struct api_error error = {0};
    json_t *body = NULL;
    if (control_create_endpoint(call->api->control, call->request->body, &body, &error) != 0)
        call_fail(call, &error);
    else
        call_reply_resource(call, 201, json_string_value(json_object_get(body, "endpoint_uri")),
                            body);
}

void endpoints_read(struct call *call)
{
    char uri[URI_SIZE];
    const struct registry_entry *entry = find(call, uri);
    if (entry != NULL)
        call_reply_entry(call, entry);
}

void endpoints_update(struct call *call)
{
    char uri[URI_SIZE];
    // A replica may be behind: whether the endpoint exists, its own peer knows.
    if (!is_here(call)) {
        if (is_peer_known(call))
            call_forward(call, call->peer_uid);
        return;
    }
    const struct registry_entry *entry = find(call, uri);
    if (entry == NULL || !call_is_match(call, entry))
        return;
    if (call->request->body == NULL) {
        call_reply_entry(call, entry);
        return;
    }
    struct api_error error = {0};
    json_t *body = NULL;
    if (control_update_endpoint(call->api->control, call->uid, call->request->body,
                                call_get_mode(call), &body, &error) != 0)
        call_fail(call, &error);
    else
        call_reply_resource(call, 200, uri, body);
}

void endpoints_delete(struct call *call)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, call->peer_uid, call->uid);
    if (!is_here(call)) {
        if (is_peer_known(call))
            call_forward(call, call->peer_uid);
        return;
    }
    if (call_is_repeated_delete(call, uri))
        return;
    const struct registry_entry *entry = find(call, uri);
    if (entry == NULL || !call_is_match(call, entry))
        return;
    struct api_error error = {0};
    if (control_delete_endpoint(call->api->control, call->uid, &error) != 0)
        call_fail(call, &error);
    else
        call_reply(call, 204, NULL);
}
