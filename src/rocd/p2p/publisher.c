// SPDX-License-Identifier: MPL-2.0
//
// The sending side of replication: numbers the changes of this peer's own resources.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/frame.h"
#include "p2p/replica.h"
#include "p2p/session.h"

static json_t *write_change(const struct p2p *p2p, enum registry_op op,
                            const struct registry_entry *entry)
{
    json_t *body =
        json_pack("{s:s, s:I, s:s, s:s}", "epoch", p2p->epoch, "seq", (json_int_t)p2p->seq, "op",
                  op == REGISTRY_REMOVED ? "remove" : "put", "uri", entry->uri);
    if (body != NULL && op != REGISTRY_REMOVED)
        json_object_set(body, "body", entry->body);
    return body;
}

static void on_registry(enum registry_op op, const struct registry_entry *entry, void *arg)
{
    struct p2p *p2p = arg;
    unsigned char *data;
    size_t size;
    if (entry->kind == RESOURCE_PEER || strcmp(entry->authority, p2p->identity.uid) != 0)
        return;
    p2p->seq++;
    json_t *body = write_change(p2p, op, entry);
    if (body != NULL && frame_encode(&data, &size, FRAME_CHANGE, body) == 0) {
        // One that does not get it sees the gap at the next change or PING and asks.
        for (struct session *at = p2p->sessions; at != NULL; at = at->next) {
            if (at->is_subscribed)
                session_send_bytes(at, data, size);
        }
        free(data);
    }
    json_decref(body);
}

int replica_start(struct p2p *p2p)
{
    return registry_observe(p2p->config.registry, on_registry, p2p);
}

void replica_stop(struct p2p *p2p)
{
    registry_unobserve(p2p->config.registry, on_registry, p2p);
}

// Frames of one snapshot.
struct snapshot {
    struct session *session;
    json_t *resources; // of the frame that is being filled
    bool is_first;
};

static void send_part(struct snapshot *snapshot, bool is_last)
{
    struct p2p *p2p = snapshot->session->p2p;
    json_t *body =
        json_pack("{s:s, s:I, s:b, s:b, s:O}", "epoch", p2p->epoch, "seq", (json_int_t)p2p->seq,
                  "first", snapshot->is_first, "last", is_last, "resources", snapshot->resources);
    if (body != NULL)
        session_send(snapshot->session, FRAME_SNAPSHOT, body);
    json_decref(body);
    json_array_clear(snapshot->resources);
    snapshot->is_first = false;
}

static void add_resource(const struct registry_entry *entry, void *arg)
{
    struct snapshot *snapshot = arg;
    if (json_array_size(snapshot->resources) >= SNAPSHOT_RESOURCES)
        send_part(snapshot, false);
    json_array_append_new(snapshot->resources,
                          json_pack("{s:s, s:O}", "uri", entry->uri, "body", entry->body));
}

void replica_on_sync(struct session *session)
{
    struct p2p *p2p = session->p2p;
    struct remote *remote = session->remote;
    int64_t now_ms = p2p_now_ms();
    if (remote->view.trust < ROLE_VIEWER)
        return;
    // A snapshot costs more to make than to ask for.
    if (now_ms - session->snapshot_ms < SYNC_PAUSE_MS) {
        session->is_sync_due = true;
        return;
    }
    session->snapshot_ms = now_ms;
    session->is_sync_due = false;
    for (struct session *at = p2p->sessions; at != NULL; at = at->next) {
        if (at->remote == remote)
            at->is_subscribed = at == session;
    }
    struct snapshot snapshot = {session, json_array(), true};
    if (snapshot.resources == NULL)
        return;
    registry_each(p2p->config.registry, RESOURCE_ENDPOINT, p2p->identity.uid, add_resource,
                  &snapshot);
    registry_each(p2p->config.registry, RESOURCE_STREAM, p2p->identity.uid, add_resource,
                  &snapshot);
    send_part(&snapshot, true);
    json_decref(snapshot.resources);
}
