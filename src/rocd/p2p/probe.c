// SPDX-License-Identifier: MPL-2.0
#include "p2p/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct probe {
    uv_getaddrinfo_t lookup;
    uv_tcp_t tcp;
    uv_connect_t connect;
    bool wants_connect;
    char ip[PROBE_IP_SIZE];
    int status;
    probe_fn fn; // NULL = cancelled
    void *arg;
};

static void finish(struct probe *probe, int status)
{
    if (probe->fn != NULL)
        probe->fn(status, probe->ip, probe->arg);
    free(probe);
}

static void on_close(uv_handle_t *handle)
{
    struct probe *probe = handle->data;
    finish(probe, probe->status);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct probe *probe = connect->data;
    probe->status = status;
    // A cancelled probe is closing already, and its connect comes back with UV_ECANCELED.
    if (!uv_is_closing((uv_handle_t *)&probe->tcp))
        uv_close((uv_handle_t *)&probe->tcp, on_close);
}

// "localhost" often is ::1 first, where peers seldom listen.
static const struct addrinfo *choose(const struct addrinfo *addresses)
{
    for (const struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
        if (at->ai_family == AF_INET)
            return at;
    }
    return addresses;
}

static void on_lookup(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses)
{
    struct probe *probe = lookup->data;
    const struct addrinfo *chosen = status == 0 ? choose(addresses) : NULL;
    if (status == 0)
        status = uv_ip_name(chosen->ai_addr, probe->ip, sizeof(probe->ip));
    if (status != 0 || !probe->wants_connect || probe->fn == NULL) {
        uv_freeaddrinfo(addresses);
        finish(probe, status);
        return;
    }
    status = uv_tcp_init(lookup->loop, &probe->tcp);
    if (status != 0) {
        uv_freeaddrinfo(addresses);
        finish(probe, status);
        return;
    }
    probe->tcp.data = probe;
    probe->connect.data = probe;
    status = uv_tcp_connect(&probe->connect, &probe->tcp, chosen->ai_addr, on_connect);
    uv_freeaddrinfo(addresses);
    if (status != 0) {
        probe->status = status;
        uv_close((uv_handle_t *)&probe->tcp, on_close);
    }
}

int probe_start(struct probe **out, uv_loop_t *loop, const char *host, unsigned port, bool connect,
                probe_fn fn, void *arg)
{
    char service[8];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct probe *probe = calloc(1, sizeof(*probe));
    if (probe == NULL)
        return -ENOMEM;
    probe->wants_connect = connect;
    probe->fn = fn;
    probe->arg = arg;
    probe->lookup.data = probe;
    snprintf(service, sizeof(service), "%u", port & 0xffff);
    int rc = uv_getaddrinfo(loop, &probe->lookup, on_lookup, host, service, &hints);
    if (rc != 0) {
        free(probe);
        return rc;
    }
    *out = probe;
    return 0;
}

void probe_cancel(struct probe *probe)
{
    if (probe == NULL)
        return;
    probe->fn = NULL;
    // Whichever of the two is under way ends the probe through its own callback.
    uv_cancel((uv_req_t *)&probe->lookup);
    if (probe->tcp.data != NULL && !uv_is_closing((uv_handle_t *)&probe->tcp))
        uv_close((uv_handle_t *)&probe->tcp, on_close);
}
