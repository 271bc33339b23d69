// SPDX-License-Identifier: MPL-2.0
#include "api/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/handlers.h"

// Longer than any path of the table; the rest cannot be one.
#define PATH_SIZE 256

static void bury(enum registry_op op, const struct registry_entry *entry, void *arg)
{
    struct api *api = arg;
    if (op != REGISTRY_REMOVED)
        return;
    char *tombstone = api->tombstones[api->tombstone_count++ % TOMBSTONE_COUNT];
    memcpy(tombstone, entry->uri, URI_SIZE);
}

int api_create(struct api **out, const struct api_config *config)
{
    struct api *api = calloc(1, sizeof(*api));
    if (api == NULL)
        return -ENOMEM;
    snprintf(api->self_uid, sizeof(api->self_uid), "%s", config->self_uid);
    api->control = config->control;
    api->store = config->store;
    api->media = config->media;
    api->openapi = openapi_build();
    if (api->openapi == NULL || registry_observe(config->registry, bury, api) != 0)
        goto fail;
    api->registry = config->registry;
    *out = api;
    return 0;

fail:
    api_destroy(api);
    return -ENOMEM;
}

void api_set_peers(struct api *api, const struct peer_port *peers)
{
    api->peers = peers;
}

void api_destroy(struct api *api)
{
    if (api == NULL)
        return;
    if (api->registry != NULL)
        registry_unobserve(api->registry, bury, api);
    json_decref(api->openapi);
    free(api);
}

const json_t *api_get_openapi(const struct api *api)
{
    return api->openapi;
}

int api_write_allowed(const struct api *api, const char *path, char allowed[API_ALLOWED_SIZE])
{
    return routes_write_allowed(allowed, API_ALLOWED_SIZE, path, true);
}

// No path of the table has anything else, and what is quoted in an error must be readable.
static bool is_plain(const char *path)
{
    size_t size = 0;
    for (; path[size] != '\0'; size++) {
        if (path[size] <= 0x20 || path[size] >= 0x7f)
            return false;
    }
    return size < PATH_SIZE;
}

static int check_role(const struct route *route, const struct principal *principal,
                      struct api_error *error)
{
    if (principal->role >= route->role)
        return 0;
    if (principal->role == ROLE_NONE)
        return error_set(error, ERROR_UNAUTHORIZED, NULL,
                         "This needs the role %s, and nobody is known to ask.",
                         role_name(route->role));
    return error_set(error, ERROR_FORBIDDEN, NULL,
                     "This needs the role %s; the one who asks is %s.", role_name(route->role),
                     role_name(principal->role));
}

// NULL with *error set when there is none for this request.
static const struct route *find_route(struct route_match *match, const struct request *request,
                                      struct api_error *error)
{
    char allowed[API_ALLOWED_SIZE];
    bool is_user = request->principal.peer_uid[0] == '\0';
    if (!is_plain(request->path))
        error_set(error, ERROR_NOT_FOUND, NULL,
                  "There is nothing at this path: no path here has such characters or is so long.");
    else if (routes_write_allowed(allowed, sizeof(allowed), request->path, is_user) != 0)
        error_set(error, ERROR_NOT_FOUND, NULL,
                  "There is nothing at %s; GET /openapi.json lists what there is.", request->path);
    else if (routes_match(match, request->method, request->path) != 0)
        error_set(error, ERROR_METHOD_NOT_ALLOWED, NULL, "%s is not possible at %s; possible: %s.",
                  request_method_name(request->method), request->path, allowed);
    else if (check_role(match->route, &request->principal, error) == 0)
        return match->route;
    return NULL;
}

int api_check(const struct api *api, const struct request *request, struct api_error *error)
{
    struct route_match match;
    return find_route(&match, request, error) != NULL ? 0 : -1;
}

// UIDs of the path; `self` is this peer.
static int take_params(struct call *call, const struct route_match *match, struct api_error *error)
{
    const char *peer = strcmp(match->peer, "self") == 0 ? call->api->self_uid : match->peer;
    if (*peer != '\0' && !uid_is_valid(peer))
        return error_set(error, ERROR_NOT_FOUND, NULL, "There is no peer %s.", peer);
    if (match->resource[0] != '\0' && !uid_is_valid(match->resource))
        return error_set(error, ERROR_NOT_FOUND, NULL, "There is no %s %s.",
                         strstr(match->route->pattern, "{endpoint_uid}") ? "endpoint" : "stream",
                         match->resource);
    snprintf(call->peer_uid, sizeof(call->peer_uid), "%.*s", UID_SIZE - 1, peer);
    snprintf(call->uid, sizeof(call->uid), "%.*s", UID_SIZE - 1, match->resource);
    return 0;
}

static int check_body(const struct call *call, struct api_error *error)
{
    const struct request *request = call->request;
    if (call->route->request_schema == NULL)
        return 0;
    if (request->body == NULL && request->method != METHOD_PUT)
        return error_set(error, ERROR_INVALID_ARGS, NULL, "%s %s needs a JSON object as its body.",
                         request_method_name(request->method), call->path);
    if (request->body != NULL && !json_is_object(request->body))
        return error_set(error, ERROR_INVALID_ARGS, NULL, "The body must be a JSON object.");
    return 0;
}

void api_handle(struct api *api, const struct request *request, reply_fn fn, void *arg)
{
    struct api_error error = {0};
    struct route_match match;
    char path[PATH_SIZE];
    struct call call = {.api = api, .request = request, .path = path, .fn = fn, .arg = arg};

    call.route = find_route(&match, request, &error);
    if (call.route == NULL)
        goto fail;
    size_t size = strlen(request->path);
    if (size > 1 && request->path[size - 1] == '/')
        size--;
    snprintf(path, sizeof(path), "%.*s", (int)size, request->path);

    if (take_params(&call, &match, &error) != 0 || check_body(&call, &error) != 0)
        goto fail;
    call.route->handler(&call);
    return;

fail:
    call_fail(&call, &error);
}
