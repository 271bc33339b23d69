// SPDX-License-Identifier: MPL-2.0
#include "p2p/replica.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/remote.h"
#include "p2p/session.h"

// How long a resource that another peer still claims keeps this peer from asking again.
#define CONFLICT_PAUSE_MS 1000

void replica_subscribe(struct remote *remote)
{
    struct replica *replica = &remote->replica;
    struct session *session = session_choose(remote);
    if (session == NULL || (replica->state != REPLICA_NONE && replica->session == session))
        return;
    json_t *body = json_object();
    json_decref(replica->incoming);
    replica->incoming = NULL;
    replica->state = REPLICA_SYNCING;
    replica->session = session;
    replica->deadline_ms = p2p_now_ms() + SYNC_TIMEOUT_MS;
    if (body != NULL)
        session_send(session, FRAME_SYNC, body);
    json_decref(body);
}

static void ask_again(struct remote *remote)
{
    remote->replica.state = REPLICA_NONE;
    replica_subscribe(remote);
}

void replica_session_ended(struct remote *remote, const struct session *session)
{
    struct replica *replica = &remote->replica;
    if (replica->session != session)
        return;
    replica->state = REPLICA_NONE;
    replica->session = NULL;
    json_decref(replica->incoming);
    replica->incoming = NULL;
}

// What a peer may send: its own endpoints below its own UID, and streams that name it as owner.
static bool is_own(const struct remote *remote, const char *uri, const json_t *body)
{
    struct resource_uri parsed;
    char owner[URI_SIZE];
    if (uri == NULL || strlen(uri) >= URI_SIZE || uri_parse(&parsed, uri, NULL) != 0 ||
        parsed.kind == RESOURCE_PEER)
        return false;
    bool is_endpoint = parsed.kind == RESOURCE_ENDPOINT;
    if (is_endpoint && strcmp(parsed.peer_uid, remote->view.uid) != 0)
        return false;
    if (body == NULL)
        return true;
    uri_peer(owner, remote->view.uid);
    const char *uid =
        json_string_value(json_object_get(body, is_endpoint ? "endpoint_uid" : "stream_uid"));
    const char *said_owner = json_string_value(json_object_get(body, "owner_uri"));
    const char *said_uri =
        json_string_value(json_object_get(body, is_endpoint ? "endpoint_uri" : "stream_uri"));
    return uid != NULL && strcmp(uid, parsed.uid) == 0 && said_uri != NULL &&
           strcmp(said_uri, uri) == 0 &&
           (is_endpoint || (said_owner != NULL && strcmp(said_owner, owner) == 0)) &&
           json_dumpb(body, NULL, 0, JSON_COMPACT) <= MAX_RESOURCE_BYTES;
}

static void put(struct remote *remote, const char *uri, json_t *body)
{
    struct p2p *p2p = remote->p2p;
    int rc = registry_put(p2p->config.registry, uri, remote->view.uid, body);
    if (rc == -EPERM) {
        // A stream that changes its owner: the new one may be heard before the old one.
        remote->replica.conflict_ms = p2p_now_ms() + CONFLICT_PAUSE_MS;
        if (p2p_may_log(p2p))
            rocd_log(ROCD_LOG_INFO, "p2p", "%s claims %s, which belongs to another peer",
                     remote->view.uid, uri);
    } else if (rc != 0) {
        rocd_log(ROCD_LOG_ERROR, "p2p", "cannot keep %s of %s: %s", uri, remote->view.uid,
                 strerror(-rc));
    }
}

// A peer's URIs of one kind, or of both: the registry may not change while it is walked.
struct uri_list {
    char (*uris)[URI_SIZE];
    size_t count, room;
};

static void collect(const struct registry_entry *entry, void *arg)
{
    struct uri_list *list = arg;
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : list->room * 2;
        char(*uris)[URI_SIZE] = realloc(list->uris, room * sizeof(*uris));
        if (uris == NULL)
            return;
        list->uris = uris;
        list->room = room;
    }
    memcpy(list->uris[list->count++], entry->uri, URI_SIZE);
}

static void list_resources(struct uri_list *list, const struct p2p *p2p, const char *authority)
{
    memset(list, 0, sizeof(*list));
    registry_each(p2p->config.registry, RESOURCE_ENDPOINT, authority, collect, list);
    registry_each(p2p->config.registry, RESOURCE_STREAM, authority, collect, list);
}

static void apply_snapshot(struct remote *remote, json_t *resources)
{
    struct p2p *p2p = remote->p2p;
    struct uri_list list;
    const char *uri;
    json_t *body;
    list_resources(&list, p2p, remote->view.uid);
    for (size_t i = 0; i < list.count; i++) {
        if (json_object_get(resources, list.uris[i]) == NULL)
            registry_remove(p2p->config.registry, list.uris[i]);
    }
    free(list.uris);
    json_object_foreach(resources, uri, body) put(remote, uri, body);
}

// Adds one frame's resources to those that came before.
static int gather(struct remote *remote, const json_t *resources, const char **what)
{
    json_t *incoming = remote->replica.incoming;
    size_t index;
    json_t *resource;
    if (!json_is_array(resources)) {
        *what = "SNAPSHOT without resources";
        return -EPROTO;
    }
    json_array_foreach((json_t *)resources, index, resource)
    {
        const char *uri = json_string_value(json_object_get(resource, "uri"));
        json_t *body = json_object_get(resource, "body");
        if (!json_is_object(body) || !is_own(remote, uri, body)) {
            *what = "SNAPSHOT with a resource that is not its own, or malformed";
            return -EPROTO;
        }
        if (json_object_size(incoming) >= MAX_REPLICAS) {
            *what = "SNAPSHOT with too many resources";
            return -EPROTO;
        }
        json_object_set(incoming, uri, body);
    }
    return 0;
}

static bool may_replicate(const struct session *session)
{
    return session->remote->view.trust >= ROLE_VIEWER &&
           session->remote->replica.session == session;
}

int replica_on_snapshot(struct session *session, const json_t *body, const char **what)
{
    struct remote *remote = session->remote;
    struct replica *replica = &remote->replica;
    char epoch[FRAME_TOKEN_SIZE];
    uint64_t seq;
    if (frame_get_token(epoch, body, "epoch") != 0 || frame_get_number(&seq, body, "seq") != 0) {
        *what = "SNAPSHOT without epoch or number";
        return -EPROTO;
    }
    if (!may_replicate(session) || replica->state != REPLICA_SYNCING)
        return 0; // an answer to a question that is not open any more
    if (json_is_true(json_object_get(body, "first"))) {
        json_decref(replica->incoming);
        replica->incoming = json_object();
    }
    if (replica->incoming == NULL)
        return 0;
    int rc = gather(remote, json_object_get(body, "resources"), what);
    if (rc != 0 || !json_is_true(json_object_get(body, "last")))
        return rc;

    json_t *resources = replica->incoming;
    replica->incoming = NULL;
    memcpy(replica->epoch, epoch, sizeof(epoch));
    replica->seq = seq;
    replica->state = REPLICA_LIVE;
    replica->conflict_ms = 0;
    replica->count = json_object_size(resources);
    apply_snapshot(remote, resources);
    json_decref(resources);
    remote->has_snapshot = true;
    remote_update(remote);
    return 0;
}

// body NULL: removed.
static int apply_change(struct remote *remote, const char *uri, json_t *body, const char **what)
{
    struct registry *registry = remote->p2p->config.registry;
    const struct registry_entry *entry = registry_get(registry, uri);
    bool is_known = entry != NULL && strcmp(entry->authority, remote->view.uid) == 0;
    if (body == NULL) {
        if (is_known) {
            remote->replica.count--;
            registry_remove(registry, uri);
        }
        return 0;
    }
    if (!is_known && remote->replica.count >= MAX_REPLICAS) {
        *what = "CHANGE that adds too many resources";
        return -EPROTO;
    }
    remote->replica.count += !is_known;
    put(remote, uri, body);
    return 0;
}

int replica_on_change(struct session *session, const json_t *body, const char **what)
{
    struct remote *remote = session->remote;
    struct replica *replica = &remote->replica;
    char epoch[FRAME_TOKEN_SIZE], op[16];
    uint64_t seq;
    const char *uri = json_string_value(json_object_get(body, "uri"));
    json_t *resource = json_object_get(body, "body");
    if (frame_get_token(epoch, body, "epoch") != 0 || frame_get_number(&seq, body, "seq") != 0 ||
        frame_get_text(op, sizeof(op), body, "op") != 0) {
        *what = "CHANGE without epoch, number or operation";
        return -EPROTO;
    }
    bool is_put = strcmp(op, "put") == 0;
    if ((!is_put && strcmp(op, "remove") != 0) || (is_put && !json_is_object(resource)) ||
        !is_own(remote, uri, is_put ? resource : NULL)) {
        *what = "CHANGE of a resource that is not its own, or malformed";
        return -EPROTO;
    }
    if (!may_replicate(session) || replica->state != REPLICA_LIVE)
        return 0; // the snapshot that is on its way has it
    bool is_same = strcmp(epoch, replica->epoch) == 0;
    if (is_same && seq <= replica->seq)
        return 0;
    if (!is_same || seq != replica->seq + 1) {
        ask_again(remote);
        return 0;
    }
    replica->seq = seq;
    return apply_change(remote, uri, is_put ? resource : NULL, what);
}

void replica_on_ping(struct session *session, const char *epoch, uint64_t seq)
{
    struct replica *replica = &session->remote->replica;
    // Only what comes in order with the changes proves that one is missing.
    if (replica->session != session || replica->state != REPLICA_LIVE || epoch[0] == '\0')
        return;
    if (strcmp(epoch, replica->epoch) != 0 || seq != replica->seq)
        ask_again(session->remote);
}

static void mark(struct p2p *p2p, const char *uri, const char *authority, const char *name)
{
    const struct registry_entry *entry = registry_get(p2p->config.registry, uri);
    if (entry == NULL)
        return;
    bool is_endpoint = entry->kind == RESOURCE_ENDPOINT;
    char text[200];
    snprintf(text, sizeof(text), is_endpoint ? "%s is offline." : "Its owner %s is offline.", name);
    json_t *reason = json_pack("{s:s, s:s}", "code", is_endpoint ? "peer_offline" : "owner_offline",
                               "text", text);
    json_t *body = json_copy(entry->body);
    if (body != NULL && reason != NULL &&
        json_object_set_new(body, "state", json_string(is_endpoint ? "unavailable" : "failed")) ==
            0 &&
        json_object_set(body, "reason", reason) == 0)
        registry_put(p2p->config.registry, uri, authority, body);
    json_decref(reason);
    json_decref(body);
}

void replica_mark_offline(struct remote *remote)
{
    struct uri_list list;
    list_resources(&list, remote->p2p, remote->view.uid);
    for (size_t i = 0; i < list.count; i++)
        mark(remote->p2p, list.uris[i], remote->view.uid, remote->view.display_name);
    free(list.uris);
    // What is shown now differs from what the changes go on from.
    if (remote->replica.state == REPLICA_LIVE)
        remote->replica.state = REPLICA_NONE;
}

void replica_forget(struct remote *remote)
{
    struct uri_list list;
    list_resources(&list, remote->p2p, remote->view.uid);
    for (size_t i = 0; i < list.count; i++)
        registry_remove(remote->p2p->config.registry, list.uris[i]);
    free(list.uris);
    remote->replica.state = REPLICA_NONE;
    remote->replica.session = NULL;
    remote->has_snapshot = false;
}

void replica_tick(struct p2p *p2p, int64_t now_ms)
{
    for (struct remote *remote = p2p->remotes; remote != NULL; remote = remote->next) {
        struct replica *replica = &remote->replica;
        bool is_late = replica->state == REPLICA_SYNCING && now_ms >= replica->deadline_ms;
        bool was_conflict = replica->state == REPLICA_LIVE && replica->conflict_ms != 0 &&
                            now_ms >= replica->conflict_ms;
        if (is_late || was_conflict)
            ask_again(remote);
    }
    for (struct session *session = p2p->sessions; session != NULL; session = session->next) {
        if (session->is_sync_due)
            replica_on_sync(session);
    }
}
