// SPDX-License-Identifier: MPL-2.0
#include "p2p/remote.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "p2p/link.h"
#include "p2p/replica.h"
#include "p2p/requests.h"
#include "p2p/session.h"

struct remote *remote_find(const struct p2p *p2p, const char *uid)
{
    struct remote *remote = p2p->remotes;
    while (remote != NULL && strcmp(remote->view.uid, uid) != 0)
        remote = remote->next;
    return remote;
}

enum role remote_default_trust(const struct p2p *p2p)
{
    // Who knows the secret of the network belongs to the one who runs it.
    return p2p->network.is_open ? ROLE_NONE : ROLE_ADMIN;
}

// A stranger that is not connected makes room for one that is.
static bool make_room(struct p2p *p2p)
{
    size_t count = 0, strangers = 0;
    struct remote *idle = NULL;
    for (struct remote *at = p2p->remotes; at != NULL; at = at->next) {
        bool is_stranger = !at->is_chosen && at->view.trust == ROLE_NONE;
        count++;
        strangers += is_stranger;
        if (is_stranger && session_choose(at) == NULL)
            idle = at;
    }
    bool is_full = count >= MAX_REMOTES || (p2p->network.is_open && strangers >= MAX_STRANGERS);
    if (is_full && idle != NULL) {
        remote_forget(idle);
        is_full = false;
    }
    return !is_full;
}

struct remote *remote_get(struct p2p *p2p, const char *public_key)
{
    char uid[UID_SIZE];
    identity_uid(uid, public_key);
    struct remote *remote = remote_find(p2p, uid);
    if (remote != NULL || !make_room(p2p))
        return remote;
    remote = calloc(1, sizeof(*remote));
    if (remote == NULL)
        return NULL;
    remote->p2p = p2p;
    memcpy(remote->view.uid, uid, sizeof(uid));
    snprintf(remote->public_key, sizeof(remote->public_key), "%s", public_key);
    identity_fingerprint(remote->view.fingerprint, public_key);
    remote->view.trust = remote_default_trust(p2p);
    remote->view.state = PEER_OFFLINE;
    remote->view.rtt_ms = -1;
    remote->rtt_ms = -1;
    remote->heard_ms = NEVER_MS;
    remote->next = p2p->remotes;
    p2p->remotes = remote;
    return remote;
}

// last_seen: the time of the last frame.
static void write_last_seen(struct remote *remote)
{
    if (remote->heard_ms == NEVER_MS)
        return;
    time_t when = time(NULL) - (time_t)((p2p_now_ms() - remote->heard_ms) / 1000);
    struct tm utc;
    gmtime_r(&when, &utc);
    strftime(remote->view.last_seen, sizeof(remote->view.last_seen), "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void remote_publish_view(struct p2p *p2p, const struct peer *view)
{
    char uri[URI_SIZE];
    uri_peer(uri, view->uid);
    json_t *body = peer_write(view);
    int rc =
        body != NULL ? registry_put(p2p->config.registry, uri, p2p->identity.uid, body) : -ENOMEM;
    json_decref(body);
    if (rc != 0)
        rocd_log(ROCD_LOG_ERROR, "p2p", "the state of peer %s cannot be shown: %s", view->uid,
                 strerror(-rc));
}

static void set_reason(struct state_reason *reason, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set_reason(struct state_reason *reason, const char *code, const char *format, ...)
{
    va_list args;
    snprintf(reason->code, sizeof(reason->code), "%s", code);
    va_start(args, format);
    vsnprintf(reason->text, sizeof(reason->text), format, args);
    va_end(args);
}

void remote_set_reason(struct remote *remote, const char *code, const char *text)
{
    set_reason(&remote->offline_reason, code, "%s", text);
}

// The state without a session.
static enum peer_state find_state_apart(const struct remote *remote, struct state_reason *reason)
{
    int64_t silence_ms = p2p_now_ms() - remote->heard_ms;
    // A connection that breaks and comes back within the grace is nobody's business.
    if (remote->view.state == PEER_ONLINE &&
        silence_ms <= (int64_t)BEATS_TO_OFFLINE * remote->beat_ms)
        return PEER_ONLINE;
    if (remote->offline_reason.code[0] != '\0')
        *reason = remote->offline_reason;
    else
        set_reason(reason, "silent", "Nothing is heard from it.");
    return PEER_OFFLINE;
}

// The state that sessions, trust and silence make; *reason says why it is not "online".
static enum peer_state find_state(const struct remote *remote, struct state_reason *reason)
{
    const struct peer *view = &remote->view;
    memset(reason, 0, sizeof(*reason));
    if (session_choose(remote) == NULL)
        return find_state_apart(remote, reason);
    if (view->trust < ROLE_VIEWER)
        set_reason(reason, "not_trusted",
                   "Its key was not accepted here: compare the fingerprint with the one that %s "
                   "shows, then set its trust here.",
                   view->display_name);
    else if (remote->is_trust_told && remote->trust_there < ROLE_VIEWER)
        set_reason(reason, "not_trusted_there",
                   "%s has not accepted the key of this peer: set the trust there.",
                   view->display_name);
    else if (!remote->has_snapshot)
        set_reason(reason, "synchronizing", "It is connected and tells what it has.");
    else
        return PEER_ONLINE;
    return PEER_CONNECTING;
}

static const char *state_name(enum peer_state state)
{
    return state == PEER_ONLINE ? "online" : state == PEER_CONNECTING ? "connecting" : "offline";
}

// On an open network anyone can come and go: that is nothing for the log.
static bool is_news(const struct peer *view, const struct state_reason *reason, bool is_chosen)
{
    return (is_chosen || view->trust > ROLE_NONE) && strcmp(reason->code, "synchronizing") != 0;
}

static void publish(struct remote *remote)
{
    write_last_seen(remote);
    remote->published_ms = p2p_now_ms();
    remote->is_published = true;
    remote_publish_view(remote->p2p, &remote->view);
}

void remote_update(struct remote *remote)
{
    if (remote->is_dead || remote->p2p->is_stopping)
        return;
    struct peer *view = &remote->view;
    enum peer_state former = view->state, state;
    struct state_reason reason;
    state = find_state(remote, &reason);
    bool is_changed = state != former || strcmp(reason.text, view->reason.text) != 0;
    view->state = state;
    view->reason = reason;
    if (state != former)
        rocd_log(is_news(view, &reason, remote->is_chosen) ? ROCD_LOG_INFO : ROCD_LOG_DEBUG, "p2p",
                 "%s (%s) is %s%s%s", view->display_name, view->uid, state_name(state),
                 reason.text[0] != '\0' ? ": " : "", reason.text);
    if (former == PEER_ONLINE && state != PEER_ONLINE) {
        view->rtt_ms = remote->rtt_ms = -1;
        remote->has_snapshot = false;
        replica_mark_offline(remote);
    }
    if (is_changed || !remote->is_published)
        publish(remote);
    if (view->trust >= ROLE_VIEWER && remote->trust_there >= ROLE_VIEWER)
        replica_subscribe(remote);
}

void remote_set_name(struct remote *remote, const char *display_name)
{
    struct peer *view = &remote->view;
    if (strcmp(view->display_name, display_name) == 0)
        return;
    snprintf(view->display_name, sizeof(view->display_name), "%s", display_name);
    if (remote->is_published)
        publish(remote);
}

void remote_set_trust_there(struct remote *remote, enum role trust)
{
    remote->trust_there = trust;
    remote->is_trust_told = true;
}

void remote_heard(struct remote *remote, int64_t now_ms)
{
    remote->heard_ms = now_ms;
}

void remote_set_rtt(struct remote *remote, double rtt_ms)
{
    double shown = remote->view.rtt_ms;
    remote->rtt_ms = remote->rtt_ms < 0 ? rtt_ms : remote->rtt_ms + (rtt_ms - remote->rtt_ms) / 8;
    bool is_due = p2p_now_ms() - remote->published_ms >= RTT_PUBLISH_MS;
    bool is_other = fabs(remote->rtt_ms - shown) > 1 + shown / 4;
    if (shown < 0 || (is_due && is_other)) {
        remote->view.rtt_ms = round(remote->rtt_ms * 100) / 100;
        publish(remote);
    }
}

// Where it can be reached: what it says of its port, at the host it came from.
static void note_address(struct remote *remote, const struct greeting *greeting, const char *host)
{
    char address[64];
    if (greeting->port == 0 || host[0] == '\0')
        return;
    if (strchr(host, ':') != NULL)
        snprintf(address, sizeof(address), "[%.50s]:%u", host, greeting->port);
    else
        snprintf(address, sizeof(address), "%.50s:%u", host, greeting->port);
    for (size_t i = 0; i < PEER_MAX_ADDRESSES; i++) {
        char *slot = remote->view.addresses[i];
        if (strcmp(slot, address) == 0)
            return;
        if (slot[0] == '\0' || i == PEER_MAX_ADDRESSES - 1) {
            snprintf(slot, sizeof(remote->view.addresses[i]), "%s", address);
            return;
        }
    }
}

static void begin_epoch(struct remote *remote, const char *epoch)
{
    struct p2p *p2p = remote->p2p;
    bool is_restart = remote->epoch[0] != '\0';
    snprintf(remote->epoch, sizeof(remote->epoch), "%s", epoch);
    requests_forget(remote);
    // Counts as offline even when it was quick: whoever watches must see it come back.
    remote->heard_ms = NEVER_MS;
    remote->forgotten_id = 0;
    remote->trust_there = ROLE_NONE;
    remote->is_trust_told = false;
    if (!is_restart)
        return;
    rocd_log(ROCD_LOG_DEBUG, "p2p", "%s (%s) was restarted", remote->view.display_name,
             remote->view.uid);
    remote_set_reason(remote, "restarted", "It was restarted.");
    session_end_all(remote, NULL, p2p->is_stopping ? SESSION_KEEP_LINK : 0);
    remote_update(remote);
}

void remote_greet(struct remote *remote, const struct greeting *greeting, const char *host)
{
    struct peer *view = &remote->view;
    snprintf(view->host_name, sizeof(view->host_name), "%s", greeting->host_name);
    snprintf(view->version, sizeof(view->version), "%s", greeting->version);
    remote->beat_ms = greeting->beat_ms;
    note_address(remote, greeting, host);
    remote_set_name(remote, greeting->display_name);
    if (strcmp(remote->epoch, greeting->epoch) != 0)
        begin_epoch(remote, greeting->epoch);
    memset(&remote->offline_reason, 0, sizeof(remote->offline_reason));
}

static void store_decision(const struct remote *remote, json_t *document)
{
    json_object_set_new(document, "public_key", json_string(remote->public_key));
    json_object_set_new(document, "trust", json_string(role_name(remote->view.trust)));
    json_object_set_new(document, "display_name", json_string(remote->view.display_name));
}

int remote_set_trust(struct remote *remote, enum role trust, struct api_error *error)
{
    struct p2p *p2p = remote->p2p;
    enum role former = remote->view.trust;
    json_t *document = json_object();
    remote->view.trust = trust;
    store_decision(remote, document);
    int rc = store_put(p2p->config.store, "peer", remote->view.uid, document, error);
    json_decref(document);
    if (rc != 0) {
        remote->view.trust = former;
        return -1;
    }
    remote->is_chosen = true;
    if (trust < ROLE_VIEWER)
        replica_forget(remote);
    int64_t now_ms = p2p_now_ms();
    for (struct session *at = p2p->sessions; at != NULL; at = at->next) {
        if (at->remote != remote)
            continue;
        at->is_subscribed = at->is_subscribed && trust >= ROLE_VIEWER;
        session_ping(at, now_ms, NULL);
    }
    remote_update(remote);
    publish(remote);
    return 0;
}

static void load(const char *key, const json_t *document, void *arg)
{
    struct p2p *p2p = arg;
    const char *public_key = json_string_value(json_object_get(document, "public_key"));
    const char *trust = json_string_value(json_object_get(document, "trust"));
    const char *name = json_string_value(json_object_get(document, "display_name"));
    unsigned char bytes[32];
    if (public_key == NULL || trust == NULL || identity_decode_key(bytes, public_key) != 0)
        return; // an address, which links read
    struct remote *remote = remote_get(p2p, public_key);
    if (remote == NULL || role_parse(&remote->view.trust, trust) != 0)
        return;
    remote->is_chosen = true;
    remote_set_name(remote, name != NULL ? name : "");
    remote_update(remote);
}

int remote_load_all(struct p2p *p2p)
{
    return store_each(p2p->config.store, "peer", load, p2p);
}

void remote_forget(struct remote *remote)
{
    struct p2p *p2p = remote->p2p;
    char uri[URI_SIZE];
    remote->is_dead = true;
    session_end_all(remote, "forgotten", RETRY_MS);
    requests_forget(remote);
    link_forget_remote(p2p, remote);
    replica_forget(remote);
    uri_peer(uri, remote->view.uid);
    registry_remove(p2p->config.registry, uri);

    struct remote **at = &p2p->remotes;
    while (*at != remote)
        at = &(*at)->next;
    *at = remote->next;
    remote->next = p2p->dead_remotes;
    p2p->dead_remotes = remote;
}

static void free_list(struct remote *remote)
{
    while (remote != NULL) {
        struct remote *next = remote->next;
        json_decref(remote->replica.incoming);
        free(remote);
        remote = next;
    }
}

void remote_tick(struct p2p *p2p, int64_t now_ms)
{
    free_list(p2p->dead_remotes);
    p2p->dead_remotes = NULL;
    for (struct remote *remote = p2p->remotes; remote != NULL; remote = remote->next) {
        // Only the end of the grace comes without any other event.
        if (remote->view.state == PEER_ONLINE &&
            now_ms - remote->heard_ms > (int64_t)BEATS_TO_OFFLINE * remote->beat_ms)
            remote_update(remote);
    }
}

void remote_destroy_all(struct p2p *p2p)
{
    for (struct remote *remote = p2p->remotes; remote != NULL; remote = remote->next)
        requests_forget(remote);
    free_list(p2p->remotes);
    free_list(p2p->dead_remotes);
    p2p->remotes = p2p->dead_remotes = NULL;
}
