// SPDX-License-Identifier: MPL-2.0
#include "p2p/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/link.h"
#include "p2p/listener.h"
#include "p2p/remote.h"
#include "p2p/replica.h"
#include "p2p/requests.h"

// Oldest accepted session of a remote that has as many as it may have, else NULL.
static struct session *find_surplus(const struct remote *remote)
{
    struct session *oldest = NULL;
    int count = 0;
    for (struct session *at = remote->p2p->sessions; at != NULL; at = at->next) {
        if (at->remote == remote && at->link == NULL) {
            oldest = at; // new ones are put in front
            count++;
        }
    }
    return count >= MAX_SESSIONS ? oldest : NULL;
}

static void add(struct p2p *p2p, struct session *session)
{
    session->next = p2p->sessions;
    p2p->sessions = session;
    if (session->link == NULL) {
        struct session **bucket = &p2p->routes[session->route[ROUTE_SIZE - 1]];
        session->next_route = *bucket;
        *bucket = session;
    }
}

static void take_out(struct p2p *p2p, struct session *session)
{
    struct session **at = &p2p->sessions;
    while (*at != session)
        at = &(*at)->next;
    *at = session->next;
    if (session->link == NULL) {
        at = &p2p->routes[session->route[ROUTE_SIZE - 1]];
        while (*at != session)
            at = &(*at)->next_route;
        *at = session->next_route;
    }
}

struct session *session_begin(struct remote *remote, const struct greeting *greeting,
                              struct link *link, const uint8_t *route, const char *host)
{
    struct p2p *p2p = remote->p2p;
    struct session *surplus = link == NULL ? find_surplus(remote) : NULL;
    if (surplus != NULL)
        session_end(surplus, "replaced", 0);
    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->p2p = p2p;
    session->remote = remote;
    session->link = link;
    if (route != NULL)
        memcpy(session->route, route, ROUTE_SIZE);
    memcpy(session->token, greeting->token, sizeof(session->token));
    snprintf(session->host, sizeof(session->host), "%s", host);
    session->beat_ms = greeting->beat_ms;
    session->heard_ms = p2p_now_ms();
    session->is_answered = true;
    add(p2p, session);
    return session;
}

void session_open(struct session *session)
{
    int64_t now_ms = p2p_now_ms();
    rocd_log(ROCD_LOG_DEBUG, "p2p", "session %s with %s (%s) at %s", session->token,
             session->remote->view.display_name, session->remote->view.uid, session->host);
    remote_heard(session->remote, now_ms);
    session_ping(session, now_ms, NULL);
    remote_update(session->remote);
}

static void say_goodbye(struct session *session, const char *reason)
{
    json_t *body = json_pack("{s:s}", "reason", reason);
    if (body != NULL)
        session_send(session, FRAME_BYE, body);
    json_decref(body);
}

void session_end(struct session *session, const char *bye, int pause_ms)
{
    struct p2p *p2p = session->p2p;
    if (session->is_ended)
        return;
    if (session->dropped > 0)
        rocd_log(ROCD_LOG_INFO, "p2p", "%llu messages to %s were dropped: it took them too slowly",
                 (unsigned long long)session->dropped, session->remote->view.uid);
    if (bye != NULL && !session->is_lost)
        say_goodbye(session, bye);
    session->is_ended = true;
    take_out(p2p, session);
    session->next = p2p->dead_sessions;
    p2p->dead_sessions = session;

    if (session->link != NULL)
        link_session_ended(session->link, pause_ms);
    replica_session_ended(session->remote, session);
    requests_session_ended(session->remote, session);
    remote_update(session->remote);
}

void session_end_all(struct remote *remote, const char *bye, int pause_ms)
{
    struct session *session = remote->p2p->sessions;
    while (session != NULL) {
        if (session->remote != remote) {
            session = session->next;
            continue;
        }
        session_end(session, bye, pause_ms);
        session = remote->p2p->sessions; // whatever else ended with it
    }
}

struct session *session_find_route(struct p2p *p2p, const uint8_t *route)
{
    struct session *session = p2p->routes[route[ROUTE_SIZE - 1]];
    while (session != NULL && memcmp(session->route, route, ROUTE_SIZE) != 0)
        session = session->next_route;
    return session;
}

static bool is_better(const struct session *a, const struct session *b)
{
    bool self_is_smaller = strcmp(a->p2p->identity.uid, a->remote->view.uid) < 0;
    bool a_is_first = (a->link != NULL) == self_is_smaller;
    bool b_is_first = (b->link != NULL) == self_is_smaller;
    if (a_is_first != b_is_first)
        return a_is_first;
    return strcmp(a->token, b->token) < 0;
}

struct session *session_choose(const struct remote *remote)
{
    struct session *best = NULL;
    for (struct session *at = remote->p2p->sessions; at != NULL; at = at->next) {
        if (at->remote == remote && !at->is_lost && (best == NULL || is_better(at, best)))
            best = at;
    }
    return best;
}

int session_send_bytes(struct session *session, const void *data, size_t size_bytes)
{
    if (session->is_ended || session->is_lost)
        return -EHOSTUNREACH;
    int rc = session->link != NULL ? link_send(session->link, data, size_bytes)
                                   : listener_send(session->p2p, session->route, data, size_bytes);
    if (rc == -EAGAIN)
        session->dropped++;
    else if (rc != 0)
        session->is_lost = true;
    return rc;
}

int session_send(struct session *session, enum frame_type type, const json_t *body)
{
    unsigned char *data;
    size_t size;
    int rc = frame_encode(&data, &size, type, body);
    if (rc != 0)
        return rc;
    rc = session_send_bytes(session, data, size);
    free(data);
    return rc;
}

json_t *session_write_error(const char *code, const char *text)
{
    return json_pack("{s:s, s:s}", "code", code, "text", text);
}

static void send_error(struct session *session, const char *code, const char *text)
{
    json_t *body = session_write_error(code, text);
    if (body != NULL)
        session_send(session, FRAME_ERROR, body);
    json_decref(body);
}

void session_violate(struct session *session, const char *what)
{
    struct remote *remote = session->remote;
    char reason[128];
    if (p2p_may_log(session->p2p))
        rocd_log(ROCD_LOG_ERROR, "p2p", "%s (%s) broke the protocol: %s; its session is over",
                 remote->view.display_name, remote->view.uid, what);
    send_error(session, "protocol", what);
    remote->penalty_until_ms = p2p_now_ms() + PENALTY_MS;
    remote->heard_ms = NEVER_MS;
    snprintf(reason, sizeof(reason), "It broke the protocol: %s.", what);
    remote_set_reason(remote, "protocol", reason);
    session_end(session, NULL, RETRY_MS);
}

void session_ping(struct session *session, int64_t now_ms, const char *display_name)
{
    struct p2p *p2p = session->p2p;
    // The name goes along only when it changed.
    json_t *body = json_pack("{s:I, s:s, s:I, s:s, s:s*}", "n", (json_int_t)++session->ping_number,
                             "epoch", p2p->epoch, "seq", (json_int_t)p2p->seq, "trust",
                             role_name(session->remote->view.trust), "display_name", display_name);
    session->next_ping_ms = now_ms + p2p_beat_ms(p2p);
    session->ping_sent_us = (int64_t)(uv_hrtime() / 1000U);
    session->is_answered = false;
    if (body != NULL)
        session_send(session, FRAME_PING, body);
    json_decref(body);
}

static int on_ping(struct session *session, const json_t *body, const char **what)
{
    struct remote *remote = session->remote;
    uint64_t number, seq = 0;
    char epoch[FRAME_TOKEN_SIZE] = "", trust[16] = "", name[128] = "";
    if (frame_get_number(&number, body, "n") != 0 ||
        frame_get_number(&seq, body, "seq") == -EBADMSG ||
        frame_get_token(epoch, body, "epoch") == -EBADMSG ||
        frame_get_text(trust, sizeof(trust), body, "trust") == -EBADMSG ||
        frame_get_text(name, sizeof(name), body, "display_name") == -EBADMSG) {
        *what = "PING with malformed fields";
        return -EPROTO;
    }
    json_t *pong = json_pack("{s:I}", "n", (json_int_t)number);
    if (pong != NULL)
        session_send(session, FRAME_PONG, pong);
    json_decref(pong);

    if (name[0] != '\0')
        remote_set_name(remote, name);
    enum role role;
    if (role_parse(&role, trust) == 0)
        remote_set_trust_there(remote, role);
    replica_on_ping(session, epoch, seq);
    remote_update(remote);
    return 0;
}

static int on_pong(struct session *session, const json_t *body, const char **what)
{
    uint64_t number;
    if (frame_get_number(&number, body, "n") != 0) {
        *what = "PONG without its number";
        return -EPROTO;
    }
    if (session->is_answered || number != session->ping_number)
        return 0;
    session->is_answered = true;
    if (session == session_choose(session->remote))
        remote_set_rtt(session->remote,
                       (double)((int64_t)(uv_hrtime() / 1000U) - session->ping_sent_us) / 1000.0);
    return 0;
}

static void on_error(struct session *session, const json_t *body)
{
    char code[32] = "", text[256] = "";
    frame_get_text(code, sizeof(code), body, "code");
    frame_get_text(text, sizeof(text), body, "text");
    if (p2p_may_log(session->p2p))
        rocd_log(ROCD_LOG_INFO, "p2p", "%s (%s) says: %s: %s", session->remote->view.display_name,
                 session->remote->view.uid, code, text);
    // It does not know this session any more; the others tell of a single frame.
    if (strcmp(code, "no_session") == 0)
        session_end(session, NULL, 0);
    else if (strcmp(code, "protocol") == 0)
        session_end(session, NULL, RETRY_MS);
}

static void on_bye(struct session *session, const json_t *body)
{
    char reason[32] = "";
    frame_get_text(reason, sizeof(reason), body, "reason");
    if (strcmp(reason, "replaced") == 0) {
        session_end(session, NULL, RETRY_MS);
        return;
    }
    if (strcmp(reason, "stopping") == 0) {
        session->remote->heard_ms = NEVER_MS; // no grace: it said so itself
        remote_set_reason(session->remote, "stopped", "It was stopped.");
    }
    session_end(session, NULL, 0);
}

void session_receive(struct session *session, const struct frame *frame)
{
    const char *what = NULL;
    int rc = 0;
    session->heard_ms = p2p_now_ms();
    remote_heard(session->remote, session->heard_ms);
    switch (frame->type) {
    case FRAME_PING:
        rc = on_ping(session, frame->body, &what);
        break;
    case FRAME_PONG:
        rc = on_pong(session, frame->body, &what);
        break;
    case FRAME_REQUEST:
        rc = requests_on_request(session, frame->body, &what);
        break;
    case FRAME_REPLY:
        rc = requests_on_reply(session, frame->body, &what);
        break;
    case FRAME_SYNC:
        replica_on_sync(session);
        break;
    case FRAME_SNAPSHOT:
        rc = replica_on_snapshot(session, frame->body, &what);
        break;
    case FRAME_CHANGE:
        rc = replica_on_change(session, frame->body, &what);
        break;
    case FRAME_ERROR:
        on_error(session, frame->body);
        break;
    case FRAME_BYE:
        on_bye(session, frame->body);
        break;
    case FRAME_HELLO:
    case FRAME_HELLO_OK:
        rc = -EPROTO;
        what = "a greeting inside a session";
        break;
    default:
        send_error(session, "unknown_type", "This peer does not know that type of message.");
        break;
    }
    if (rc != 0 && !session->is_ended)
        session_violate(session, what);
}

void session_free_ended(struct p2p *p2p)
{
    while (p2p->dead_sessions != NULL) {
        struct session *session = p2p->dead_sessions;
        p2p->dead_sessions = session->next;
        free(session);
    }
}

// Returns whether the session goes on.
static bool check_silence(struct session *session, int64_t now_ms)
{
    int beats = session->link != NULL ? BEATS_TO_REDIAL : BEATS_TO_OFFLINE;
    if (session->is_lost) {
        session_end(session, NULL, 0);
        return false;
    }
    if (now_ms - session->heard_ms <= (int64_t)beats * session->beat_ms)
        return true;
    rocd_log(ROCD_LOG_DEBUG, "p2p", "session %s with %s is silent", session->token,
             session->remote->view.uid);
    session_end(session, "silent", 0);
    return false;
}

void session_tick(struct p2p *p2p, int64_t now_ms)
{
    session_free_ended(p2p);
    for (struct session *session = p2p->sessions, *next; session != NULL; session = next) {
        // The next one stays in memory even when it ends together with this one.
        next = session->next;
        if (session->is_ended)
            break; // the rest has its turn in the next tick
        if (check_silence(session, now_ms) && now_ms >= session->next_ping_ms)
            session_ping(session, now_ms, NULL);
    }
}
