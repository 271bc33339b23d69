// SPDX-License-Identifier: MPL-2.0
//
// The asking side; what comes in is in incoming.c.
#include "p2p/requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/incoming.h"
#include "p2p/remote.h"
#include "p2p/session.h"

struct outgoing {
    uint64_t id;
    struct remote *remote;
    struct session *session; // over which it went
    unsigned char *data;     // the frame, to send it again
    size_t size;
    int64_t deadline_ms;
    reply_fn fn;
    void *arg;
    struct outgoing *next;
};

static struct outgoing *take(struct p2p *p2p, struct outgoing **at)
{
    struct outgoing *outgoing = *at;
    *at = outgoing->next;
    return outgoing;
}

static void destroy(struct outgoing *outgoing)
{
    free(outgoing->data);
    free(outgoing);
}

// Answers with an error that names the peer. The request is out of the list: fn may ask again.
static void fail(struct outgoing *outgoing, enum error_code code, const char *text)
{
    struct api_error error;
    error_set(&error, code, NULL, "%s: %s", outgoing->remote->view.display_name, text);
    memcpy(error.peer_uid, outgoing->remote->view.uid, UID_SIZE);
    reply_error(outgoing->fn, outgoing->arg, &error);
    destroy(outgoing);
}

static json_t *write_request(uint64_t id, const struct request *request)
{
    json_t *body = json_pack("{s:I, s:s, s:s, s:s*}", "id", (json_int_t)id, "method",
                             request_method_name(request->method), "path", request->path,
                             "if_match", request->if_match);
    if (body != NULL && request->body != NULL)
        json_object_set(body, "body", (json_t *)request->body);
    return body;
}

static void refuse(const char *peer_uid, enum error_code code, reply_fn fn, void *arg,
                   const char *text)
{
    struct api_error error;
    error_set(&error, code, NULL, "%s", text);
    memcpy(error.peer_uid, peer_uid, UID_SIZE);
    reply_error(fn, arg, &error);
}

static void refuse_offline(const char *peer_uid, const struct remote *remote, reply_fn fn,
                           void *arg)
{
    char text[448]; // a name and a reason; the error keeps what fits
    if (remote == NULL) {
        refuse(peer_uid, ERROR_UNAVAILABLE, fn, arg, "This peer is not known here.");
        return;
    }
    const struct peer *view = &remote->view;
    snprintf(text, sizeof(text), "%s is not connected at this moment. %s", view->display_name,
             view->reason.text);
    refuse(peer_uid, ERROR_UNAVAILABLE, fn, arg, text);
}

void requests_send(struct p2p *p2p, const char *peer_uid, const struct request *request,
                   reply_fn fn, void *arg)
{
    struct remote *remote = p2p->is_stopping ? NULL : remote_find(p2p, peer_uid);
    struct session *session = remote != NULL ? session_choose(remote) : NULL;
    if (session == NULL) {
        refuse_offline(peer_uid, remote, fn, arg);
        return;
    }
    struct outgoing *outgoing = calloc(1, sizeof(*outgoing));
    json_t *body = write_request(p2p->request_id + 1, request);
    int rc = outgoing == NULL || body == NULL
                 ? -ENOMEM
                 : frame_encode(&outgoing->data, &outgoing->size, FRAME_REQUEST, body);
    json_decref(body);
    if (rc == 0)
        rc = session_send_bytes(session, outgoing->data, outgoing->size);
    if (rc != 0) {
        if (outgoing != NULL)
            destroy(outgoing);
        refuse(peer_uid, rc == -EMSGSIZE ? ERROR_TOO_LARGE : ERROR_UNAVAILABLE, fn, arg,
               rc == -EMSGSIZE ? "The request is larger than peers take."
               : rc == -EAGAIN ? "The peer takes messages too slowly."
                               : "The peer is not connected at this moment.");
        return;
    }
    outgoing->id = ++p2p->request_id;
    outgoing->remote = remote;
    outgoing->session = session;
    outgoing->deadline_ms = p2p_now_ms() + REQUEST_TIMEOUT_MS;
    outgoing->fn = fn;
    outgoing->arg = arg;
    outgoing->next = p2p->outgoing;
    p2p->outgoing = outgoing;
}

// An error of another peer's making says whose it is.
static json_t *copy_body(const struct remote *remote, int status, json_t *body)
{
    if (status < 400 || !json_is_object(body) || json_object_get(body, "peer_uid") != NULL)
        return json_incref(body);
    json_t *copy = json_copy(body);
    if (copy != NULL)
        json_object_set_new(copy, "peer_uid", json_string(remote->view.uid));
    return copy;
}

int requests_on_reply(struct session *session, const json_t *body, const char **what)
{
    struct p2p *p2p = session->p2p;
    uint64_t id, status;
    char location[URI_SIZE * 2] = "", etag[64] = "";
    if (frame_get_number(&id, body, "id") != 0 || frame_get_number(&status, body, "status") != 0 ||
        status < 200 || status > 599 ||
        frame_get_text(location, sizeof(location), body, "location") == -EBADMSG ||
        frame_get_text(etag, sizeof(etag), body, "etag") == -EBADMSG) {
        *what = "REPLY with malformed fields";
        return -EPROTO;
    }
    struct outgoing **at = &p2p->outgoing;
    while (*at != NULL && ((*at)->id != id || (*at)->remote != session->remote))
        at = &(*at)->next;
    if (*at == NULL)
        return 0; // answered already, e.g. by the timeout
    struct outgoing *outgoing = take(p2p, at);
    json_t *reply_body = copy_body(session->remote, (int)status, json_object_get(body, "body"));
    struct reply reply = {
        .status = (int)status,
        .body = reply_body,
        .location = location[0] != '\0' ? location : NULL,
        .etag = etag[0] != '\0' ? etag : NULL,
    };
    outgoing->fn(&reply, outgoing->arg);
    json_decref(reply_body);
    destroy(outgoing);
    return 0;
}

// Calls fail for all that match. A callback may send and end others, so the walk begins anew.
static void fail_all(struct p2p *p2p, const struct remote *remote, int64_t now_ms,
                     enum error_code code, const char *text)
{
    struct outgoing **at = &p2p->outgoing;
    while (*at != NULL) {
        bool is_meant = remote == NULL ? (*at)->deadline_ms <= now_ms : (*at)->remote == remote;
        if (!is_meant) {
            at = &(*at)->next;
            continue;
        }
        fail(take(p2p, at), code, text);
        at = &p2p->outgoing;
    }
}

void requests_session_ended(struct remote *remote, const struct session *session)
{
    struct p2p *p2p = remote->p2p;
    struct session *other = session_choose(remote);
    for (struct outgoing *at = p2p->outgoing; at != NULL; at = at->next) {
        if (at->session != session)
            continue;
        // The other side knows the id: it answers from memory if it had carried it out already.
        bool is_sent = other != NULL && session_send_bytes(other, at->data, at->size) == 0;
        at->session = is_sent ? other : NULL;
    }
    struct outgoing **at = &p2p->outgoing;
    while (*at != NULL) {
        if ((*at)->remote != remote || (*at)->session != NULL) {
            at = &(*at)->next;
            continue;
        }
        fail(take(p2p, at), ERROR_PEER,
             "the connection was lost before it answered; whether it did what was asked is not "
             "known.");
        at = &p2p->outgoing;
    }
}

void requests_forget(struct remote *remote)
{
    fail_all(remote->p2p, remote, 0, ERROR_PEER, "it was restarted or removed before it answered.");
    incoming_forget(remote);
}

void requests_tick(struct p2p *p2p, int64_t now_ms)
{
    fail_all(p2p, NULL, now_ms, ERROR_PEER_TIMEOUT, "it did not answer in time.");
    for (struct remote *remote = p2p->remotes; remote != NULL; remote = remote->next)
        incoming_tick(remote, now_ms);
}

void requests_stop(struct p2p *p2p)
{
    while (p2p->outgoing != NULL)
        fail(take(p2p, &p2p->outgoing), ERROR_UNAVAILABLE, "this peer is stopping.");
}
