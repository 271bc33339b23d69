// SPDX-License-Identifier: MPL-2.0
#include "p2p/p2p.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "p2p/core.h"
#include "p2p/link.h"
#include "p2p/listener.h"
#include "p2p/port.h"
#include "p2p/remote.h"
#include "p2p/replica.h"
#include "p2p/requests.h"
#include "p2p/session.h"

#define MAX_SOCKETS 8192 // three for each link: the DEALER and two ends of its monitor

static void on_tick(uv_timer_t *timer)
{
    struct p2p *p2p = timer->data;
    int64_t now_ms = p2p_now_ms();
    // What ended goes in the order in which one points to the other.
    session_tick(p2p, now_ms);
    link_tick(p2p, now_ms);
    replica_tick(p2p, now_ms);
    requests_tick(p2p, now_ms);
    remote_tick(p2p, now_ms);
}

static void on_timer_close(uv_handle_t *handle)
{
    free(handle);
}

static int start_timer(struct p2p *p2p)
{
    // A tenth of a beat: what is due is late by no more.
    uint64_t period_ms = (uint64_t)p2p_beat_ms(p2p) / 10;
    period_ms = period_ms < 5 ? 5 : period_ms > 100 ? 100 : period_ms;
    p2p->timer = calloc(1, sizeof(*p2p->timer));
    if (p2p->timer == NULL)
        return -ENOMEM;
    uv_timer_init(p2p->config.loop, p2p->timer);
    p2p->timer->data = p2p;
    return uv_timer_start(p2p->timer, on_tick, period_ms, period_ms);
}

// Names come from the command line and from the system; JSON takes only UTF-8.
static void copy_name(char *out, size_t size, const char *name)
{
    json_t *text = name != NULL ? json_string(name) : NULL;
    snprintf(out, size, "%s", text != NULL && strlen(name) < size ? name : "");
    json_decref(text);
}

static void describe_self(struct p2p *p2p)
{
    struct peer *self = &p2p->self;
    char host_name[128] = "";
    json_t *stored = store_get(p2p->config.store, "setting", "display_name");
    const char *chosen = json_string_value(json_object_get(stored, "value"));
    gethostname(host_name, sizeof(host_name) - 1);
    memcpy(self->uid, p2p->identity.uid, sizeof(self->uid));
    memcpy(self->fingerprint, p2p->identity.fingerprint, sizeof(self->fingerprint));
    copy_name(self->host_name, sizeof(self->host_name), host_name);
    copy_name(self->display_name, sizeof(self->display_name),
              chosen != NULL ? chosen : p2p->config.display_name);
    if (self->display_name[0] == '\0')
        snprintf(self->display_name, sizeof(self->display_name), "%s", self->host_name);
    snprintf(self->addresses[0], sizeof(self->addresses[0]), "%.63s", p2p->url + strlen("tcp://"));
    snprintf(self->version, sizeof(self->version), "%s", ROCD_VERSION);
    self->state = PEER_SELF;
    self->trust = ROLE_ADMIN;
    self->rtt_ms = -1;
    json_decref(stored);
}

static void dial_stored(const char *key, const json_t *document, void *arg)
{
    struct api_error error;
    struct link *link;
    const char *address = json_string_value(json_object_get(document, "address"));
    if (address != NULL && link_add(&link, arg, address, &error) != 0)
        rocd_log(ROCD_LOG_ERROR, "p2p", "%s", error.text);
}

static int dial_all(struct p2p *p2p, struct api_error *error)
{
    struct link *link;
    for (size_t i = 0; i < p2p->config.address_count; i++) {
        if (link_add(&link, p2p, p2p->config.addresses[i], error) != 0)
            return -1;
    }
    store_each(p2p->config.store, "peer", dial_stored, p2p);
    return 0;
}

static int open_network(struct p2p *p2p, struct api_error *error)
{
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    // Before 4.3.2 a stranger could overflow the stack during the CURVE handshake (CVE-2019-13132).
    if (ZMQ_MAKE_VERSION(major, minor, patch) < ZMQ_MAKE_VERSION(4, 3, 4) || !zmq_has("curve"))
        return error_set(error, ERROR_INTERNAL, NULL,
                         "libzmq %d.%d.%d is too old or lacks CURVE; 4.3.4 with it is needed.",
                         major, minor, patch);
    if (network_key_derive(&p2p->network, p2p->config.secret) != 0)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory for the key of the network.");
    p2p->zmq = zmq_ctx_new();
    if (p2p->zmq == NULL || zmq_ctx_set(p2p->zmq, ZMQ_MAX_SOCKETS, MAX_SOCKETS) != 0 ||
        socket_pump_create(&p2p->pump, p2p->config.loop) != 0)
        return error_set(error, ERROR_INTERNAL, NULL, "Cannot start ZeroMQ: %s.",
                         zmq_strerror(zmq_errno()));
    return listener_start(p2p, error);
}

int p2p_start(struct p2p **out, const struct p2p_config *config, struct api_error *error)
{
    struct p2p *p2p = calloc(1, sizeof(*p2p));
    if (p2p == NULL || sodium_init() < 0) {
        error_set(error, ERROR_INTERNAL, NULL, "Out of memory, or of randomness.");
        goto fail;
    }
    p2p->config = *config;
    p2p->identity = *config->identity;
    frame_make_token(p2p->epoch);
    port_init(p2p);
    if (open_network(p2p, error) != 0)
        goto fail;
    describe_self(p2p);
    remote_publish_view(p2p, &p2p->self);
    if (start_timer(p2p) != 0 || replica_start(p2p) != 0 || remote_load_all(p2p) != 0) {
        error_set(error, ERROR_INTERNAL, NULL, "Cannot start: out of memory, or the store failed.");
        goto fail;
    }
    if (dial_all(p2p, error) != 0)
        goto fail;
    *out = p2p;
    return 0;

fail:
    p2p_stop(p2p);
    return -1;
}

const char *p2p_get_url(const struct p2p *p2p)
{
    return p2p->url;
}

const struct peer_port *p2p_get_port(const struct p2p *p2p)
{
    return &p2p->port;
}

void p2p_stop(struct p2p *p2p)
{
    if (p2p == NULL)
        return;
    p2p->is_stopping = true;
    if (p2p->timer != NULL) {
        uv_timer_stop(p2p->timer);
        uv_close((uv_handle_t *)p2p->timer, on_timer_close);
        replica_stop(p2p);
    }
    requests_stop(p2p);
    while (p2p->sessions != NULL)
        session_end(p2p->sessions, "stopping", SESSION_KEEP_LINK);
    link_destroy_all(p2p);
    listener_stop(p2p);
    session_free_ended(p2p);
    remote_destroy_all(p2p);
    socket_pump_destroy(p2p->pump);
    if (p2p->zmq != NULL)
        zmq_ctx_term(p2p->zmq);
    sodium_memzero(&p2p->network, sizeof(p2p->network));
    sodium_memzero(&p2p->identity, sizeof(p2p->identity));
    free(p2p);
}
