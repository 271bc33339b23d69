// SPDX-License-Identifier: MPL-2.0
//
// /peers: what is decided about a peer here is this peer's own, so nothing of it is sent on.
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"

void peers_list(struct call *call)
{
    char uri[URI_SIZE];
    uri_peer(uri, call->api->self_uid);
    const struct registry_entry *self = registry_get(call->api->registry, uri);
    json_t *all = call_list(call, RESOURCE_PEER, NULL);
    json_t *list = json_array();
    if (all == NULL || list == NULL)
        goto out;
    if (self != NULL)
        json_array_append(list, self->body);
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *body = json_array_get(all, i);
        if (self == NULL || body != self->body)
            json_array_append(list, body);
    }

out:
    if (list != NULL && all != NULL)
        call_reply(call, 200, list);
    else
        call_fail_with(call, ERROR_INTERNAL, "Out of memory.");
    json_decref(all);
    json_decref(list);
}

static int check_address(const json_t *body, const char **address, struct api_error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)body, key, value)
    {
        if (strcmp(key, "address") != 0)
            return error_set(error, ERROR_INVALID_ARGS, key,
                             "`%s` is not known here; a peer is added by its `address` alone.",
                             key);
    }
    *address = json_string_value(json_object_get(body, "address"));
    if (*address == NULL)
        return error_set(error, ERROR_INVALID_ARGS, "address",
                         "`address` must be a text HOST:PORT, for example \"10.0.0.7:4041\".");
    return 0;
}

static bool has_peers(struct call *call)
{
    if (call->api->peers == NULL)
        call_fail_with(call, ERROR_UNAVAILABLE, "The connection to other peers is not up.");
    return call->api->peers != NULL;
}

void peers_create(struct call *call)
{
    const struct peer_port *peers = call->api->peers;
    struct api_error error = {0};
    const char *address = NULL;
    json_t *body = NULL;
    if (check_address(call->request->body, &address, &error) != 0) {
        call_fail(call, &error);
        return;
    }
    if (!has_peers(call))
        return;
    if (peers->add_address(peers->impl, address, &body, &error) != 0) {
        call_fail(call, &error);
        return;
    }
    call_reply_resource(call, 201, json_string_value(json_object_get(body, "peer_uri")), body);
}

void peers_read(struct call *call)
{
    char uri[URI_SIZE];
    uri_peer(uri, call->peer_uid);
    const struct registry_entry *entry = call_find(call, uri, "peer", call->peer_uid);
    if (entry != NULL)
        call_reply_entry(call, entry);
}

void peers_update(struct call *call)
{
    const struct peer_port *peers = call->api->peers;
    char uri[URI_SIZE];
    uri_peer(uri, call->peer_uid);
    const struct registry_entry *entry = call_find(call, uri, "peer", call->peer_uid);
    if (entry == NULL || !call_is_match(call, entry))
        return;
    if (call->request->body == NULL) {
        call_reply_entry(call, entry);
        return;
    }
    struct api_error error = {0};
    json_t *body = NULL;
    if (!has_peers(call))
        return;
    if (peers->update(peers->impl, call->peer_uid, call->request->body, call_get_mode(call), &body,
                      &error) != 0)
        call_fail(call, &error);
    else
        call_reply_resource(call, 200, uri, body);
}

void peers_delete(struct call *call)
{
    const struct peer_port *peers = call->api->peers;
    char uri[URI_SIZE];
    uri_peer(uri, call->peer_uid);
    if (call_is_repeated_delete(call, uri))
        return;
    const struct registry_entry *entry = call_find(call, uri, "peer", call->peer_uid);
    if (entry == NULL || !call_is_match(call, entry))
        return;
    if (strcmp(call->peer_uid, call->api->self_uid) == 0) {
        call_fail_with(
            call, ERROR_CONFLICT,
            "%s is this peer itself, which cannot be forgotten; stop the daemon instead.",
            call->peer_uid);
        return;
    }
    struct api_error error = {0};
    if (!has_peers(call))
        return;
    if (peers->remove(peers->impl, call->peer_uid, &error) != 0)
        call_fail(call, &error);
    else
        call_reply(call, 204, NULL);
}
