// SPDX-License-Identifier: MPL-2.0
#include "api/routes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"

#define PEERS     "/peers"
#define PEER      "/peers/{peer_uid}"
#define ENDPOINTS "/peers/{peer_uid}/endpoints"
#define ENDPOINT  "/peers/{peer_uid}/endpoints/{endpoint_uid}"
#define STREAMS   "/streams"
#define STREAM    "/streams/{stream_uid}"
#define METRICS   "/streams/{stream_uid}/metrics"
#define HALF      "/peers/{peer_uid}/halves/{stream_uid}"

// method, pattern, role, handler, operation, tag, summary, request, response, status, list
static const struct route routes[] = {
    {METHOD_GET, PEERS, ROLE_VIEWER, peers_list, "list_peers", "peers",
     "Peers known to this one, itself first", NULL, "PeerSpec", 200, true},
    {METHOD_POST, PEERS, ROLE_ADMIN, peers_create, "create_peer", "peers",
     "Connect to a peer at an address", "PeerAddressSpec", "PeerSpec", 201, false},
    {METHOD_GET, PEER, ROLE_VIEWER, peers_read, "read_peer", "peers", "One peer", NULL, "PeerSpec",
     200, false},
    {METHOD_PUT, PEER, ROLE_ADMIN, peers_update, "update_peer", "peers",
     "Replace the settings of a peer; without a body nothing changes", "PeerSpec", "PeerSpec", 200,
     false},
    {METHOD_PATCH, PEER, ROLE_ADMIN, peers_update, "patch_peer", "peers",
     "Change some settings of a peer", "PeerSpec", "PeerSpec", 200, false},
    {METHOD_DELETE, PEER, ROLE_ADMIN, peers_delete, "delete_peer", "peers", "Forget a peer", NULL,
     NULL, 204, false},

    {METHOD_GET, ENDPOINTS, ROLE_VIEWER, endpoints_list, "list_endpoints", "endpoints",
     "Audio devices of a peer", NULL, "EndpointSpec", 200, true},
    {METHOD_POST, ENDPOINTS, ROLE_ADMIN, endpoints_create, "create_endpoint", "endpoints",
     "Create a virtual device", "EndpointSpec", "EndpointSpec", 201, false},
    {METHOD_GET, ENDPOINT, ROLE_VIEWER, endpoints_read, "read_endpoint", "endpoints",
     "One audio device", NULL, "EndpointSpec", 200, false},
    {METHOD_PUT, ENDPOINT, ROLE_OPERATOR, endpoints_update, "update_endpoint", "endpoints",
     "Replace the settings of a device; without a body nothing changes", "EndpointSpec",
     "EndpointSpec", 200, false},
    {METHOD_PATCH, ENDPOINT, ROLE_OPERATOR, endpoints_update, "patch_endpoint", "endpoints",
     "Change some settings of a device", "EndpointSpec", "EndpointSpec", 200, false},
    {METHOD_DELETE, ENDPOINT, ROLE_ADMIN, endpoints_delete, "delete_endpoint", "endpoints",
     "Remove a virtual device, or forget one that is gone", NULL, NULL, 204, false},

    {METHOD_GET, STREAMS, ROLE_VIEWER, streams_list, "list_streams", "streams",
     "Streams of the whole network", NULL, "StreamSpec", 200, true},
    {METHOD_POST, STREAMS, ROLE_OPERATOR, streams_create, "create_stream", "streams",
     "Connect a source to a destination", "StreamSpec", "StreamSpec", 201, false},
    {METHOD_GET, STREAM, ROLE_VIEWER, streams_read, "read_stream", "streams", "One stream", NULL,
     "StreamSpec", 200, false},
    {METHOD_PUT, STREAM, ROLE_OPERATOR, streams_update, "update_stream", "streams",
     "Replace the settings of a stream; without a body nothing changes", "StreamSpec", "StreamSpec",
     200, false},
    {METHOD_PATCH, STREAM, ROLE_OPERATOR, streams_update, "patch_stream", "streams",
     "Change some settings of a stream", "StreamSpec", "StreamSpec", 200, false},
    {METHOD_DELETE, STREAM, ROLE_OPERATOR, streams_delete, "delete_stream", "streams",
     "End a stream", NULL, NULL, 204, false},
    {METHOD_GET, METRICS, ROLE_VIEWER, streams_measure, "read_stream_metrics", "streams",
     "Numbers of both halves of a stream", NULL, "StreamMetricsSpec", 200, false},

    {METHOD_GET, "/events", ROLE_VIEWER, service_events, "subscribe_events", "service",
     "Server-sent events: what exists, `ready`, then every change", NULL, NULL, 200, false},
    {METHOD_GET, "/openapi.json", ROLE_NONE, service_openapi, "read_openapi", "service",
     "This document", NULL, "OpenApiDocument", 200, false},
    {METHOD_GET, "/healthz", ROLE_NONE, service_health, "read_health", "service",
     "Whether the daemon works", NULL, "HealthSpec", 200, false},

    // Between peers only. What a peer may do with a half is decided by its role, as with streams.
    {METHOD_GET, HALF, ROLE_OPERATOR, halves_handle, NULL, NULL, NULL, NULL, NULL, 200, false},
    {METHOD_PUT, HALF, ROLE_OPERATOR, halves_handle, NULL, NULL, NULL, NULL, NULL, 200, false},
    {METHOD_DELETE, HALF, ROLE_OPERATOR, halves_handle, NULL, NULL, NULL, NULL, NULL, 204, false},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

const struct route *routes_get(size_t *count)
{
    *count = ROUTE_COUNT;
    return routes;
}

static size_t get_path_size(const char *path)
{
    size_t size = strlen(path);
    return size > 1 && path[size - 1] == '/' ? size - 1 : size;
}

static void take_param(struct route_match *match, const char *name, const char *text, size_t size)
{
    char *param = strncmp(name, "{peer_uid}", 10) == 0 ? match->peer : match->resource;
    snprintf(param, ROUTE_PARAM_SIZE, "%.*s", (int)size, text);
}

// Segment by segment; both begin with a slash.
static bool match_pattern(struct route_match *match, const char *pattern, const char *path,
                          size_t size)
{
    const char *end = path + size;
    while (*pattern == '/' && path < end && *path == '/') {
        pattern++;
        path++;
        size_t pattern_size = strcspn(pattern, "/");
        const char *slash = memchr(path, '/', (size_t)(end - path));
        size_t segment_size = (size_t)((slash != NULL ? slash : end) - path);
        if (*pattern == '{' && segment_size > 0)
            take_param(match, pattern, path, segment_size);
        else if (segment_size != pattern_size || memcmp(pattern, path, segment_size) != 0)
            return false;
        pattern += pattern_size;
        path += segment_size;
    }
    return *pattern == '\0' && path == end;
}

int routes_match(struct route_match *out, enum request_method method, const char *path)
{
    size_t size = get_path_size(path);
    int err = -ENOENT;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct route_match match = {.route = &routes[i]};
        if (!match_pattern(&match, routes[i].pattern, path, size))
            continue;
        if (routes[i].method == method) {
            *out = match;
            return 0;
        }
        err = -ENOTSUP;
    }
    return err;
}

int routes_write_allowed(char *out, size_t size, const char *path, bool is_user)
{
    size_t path_size = get_path_size(path);
    size_t used = 0;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct route_match match = {0};
        if ((is_user && routes[i].operation_id == NULL) ||
            !match_pattern(&match, routes[i].pattern, path, path_size))
            continue;
        // The HTTP door makes HEAD of GET.
        int n = snprintf(out + used, size - used, "%s%s%s", used > 0 ? ", " : "",
                         request_method_name(routes[i].method),
                         is_user && routes[i].method == METHOD_GET ? ", HEAD" : "");
        if (n < 0 || (size_t)n >= size - used)
            break;
        used += (size_t)n;
    }
    return used > 0 ? 0 : -ENOENT;
}
