// SPDX-License-Identifier: MPL-2.0
#include "p2p/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/curve.h"
#include "p2p/remote.h"
#include "p2p/session.h"
#include "p2p/zap.h"

// Answers to senders without a session, and log lines about misbehaviour, in one second.
#define ERRORS_PER_SECOND 50
#define LOGS_PER_SECOND   2

static void refill(struct p2p *p2p)
{
    int64_t now_ms = p2p_now_ms();
    if (now_ms - p2p->ration_ms < 1000)
        return;
    p2p->ration_ms = now_ms;
    p2p->errors_left = ERRORS_PER_SECOND;
    p2p->logs_left = LOGS_PER_SECOND;
}

bool p2p_may_log(struct p2p *p2p)
{
    refill(p2p);
    return p2p->logs_left > 0 && p2p->logs_left-- > 0;
}

int listener_send(struct p2p *p2p, const uint8_t route[ROUTE_SIZE], const void *data,
                  size_t size_bytes)
{
    int rc = socket_send(p2p->listener, route, ROUTE_SIZE, true);
    return rc == 0 ? socket_send(p2p->listener, data, size_bytes, false) : rc;
}

static void send_body(struct p2p *p2p, const uint8_t *route, enum frame_type type, json_t *body)
{
    unsigned char *data;
    size_t size;
    if (body != NULL && frame_encode(&data, &size, type, body) == 0) {
        listener_send(p2p, route, data, size);
        free(data);
    }
    json_decref(body);
}

static void refuse(struct p2p *p2p, const uint8_t *route, const char *code, const char *text)
{
    refill(p2p);
    if (p2p->errors_left <= 0)
        return;
    p2p->errors_left--;
    send_body(p2p, route, FRAME_ERROR, session_write_error(code, text));
}

struct visitor {
    uint8_t route[ROUTE_SIZE];
    const char *key, *host; // as libzmq tells them of the connection
};

static int answer_hello(struct p2p *p2p, const struct visitor *visitor, const char *token,
                        const char *challenge, enum role trust)
{
    char proof[IDENTITY_PROOF_SIZE];
    if (identity_prove(proof, &p2p->identity, visitor->key, challenge) != 0)
        return -1;
    json_t *body = greeting_write(p2p, token);
    if (body == NULL)
        return -1;
    json_object_set_new(body, "key", json_string(p2p->identity.public_key));
    json_object_set_new(body, "proof", json_string(proof));
    json_object_set_new(body, "trust", json_string(role_name(trust)));
    send_body(p2p, visitor->route, FRAME_HELLO_OK, body);
    return 0;
}

static void welcome(struct p2p *p2p, const struct visitor *visitor, const struct greeting *greeting,
                    const char *challenge)
{
    struct remote *remote = remote_get(p2p, visitor->key);
    if (remote == NULL) {
        refuse(p2p, visitor->route, "too_many", "This peer knows too many others already.");
        return;
    }
    if (p2p_now_ms() < remote->penalty_until_ms) {
        refuse(p2p, visitor->route, "try_later", "You broke the protocol a moment ago.");
        return;
    }
    if (answer_hello(p2p, visitor, greeting->token, challenge, remote->view.trust) != 0) {
        refuse(p2p, visitor->route, "bad_hello", "The challenge is malformed.");
        return;
    }
    remote_greet(remote, greeting, visitor->host);
    struct session *session = session_begin(remote, greeting, NULL, visitor->route, visitor->host);
    if (session != NULL)
        session_open(session);
}

static void on_hello(struct p2p *p2p, const struct visitor *visitor, const json_t *body)
{
    struct greeting greeting;
    char uid[UID_SIZE], challenge[IDENTITY_CHALLENGE_SIZE];
    if (greeting_parse(&greeting, body) != 0 ||
        frame_get_text(challenge, sizeof(challenge), body, "challenge") != 0) {
        refuse(p2p, visitor->route, "bad_hello", "HELLO lacks a field, or one is malformed.");
        return;
    }
    identity_uid(uid, visitor->key);
    if (strcmp(uid, greeting.uid) != 0) {
        refuse(p2p, visitor->route, "bad_hello", "The uid does not belong to your key.");
        return;
    }
    // The proof tells the client that it has reached itself.
    if (strcmp(uid, p2p->identity.uid) == 0)
        answer_hello(p2p, visitor, greeting.token, challenge, ROLE_NONE);
    else
        welcome(p2p, visitor, &greeting, challenge);
}

static void on_stranger(struct p2p *p2p, const struct visitor *visitor, int rc,
                        const struct frame *frame)
{
    if (rc == -EBADMSG)
        refuse(p2p, visitor->route, "protocol", "This is no frame of the protocol.");
    else if (rc == -ENOTSUP)
        refuse(p2p, visitor->route, "version", "This peer speaks version 1 of the protocol.");
    else if (frame->type == FRAME_HELLO)
        on_hello(p2p, visitor, frame->body);
    else if (frame->type != FRAME_ERROR && frame->type != FRAME_BYE)
        refuse(p2p, visitor->route, "no_session", "Say HELLO first.");
}

static void on_visit(struct p2p *p2p, const struct visitor *visitor, zmq_msg_t *part)
{
    struct frame frame = {0};
    struct session *session = session_find_route(p2p, visitor->route);
    int rc = part != NULL ? frame_parse(&frame, zmq_msg_data(part), zmq_msg_size(part)) : -EBADMSG;
    if (session != NULL && rc == 0 && frame.type == FRAME_HELLO) {
        // The client began again on the same connection.
        session_end(session, NULL, 0);
        session = NULL;
    }
    if (session == NULL)
        on_stranger(p2p, visitor, rc, &frame);
    else if (rc == 0)
        session_receive(session, &frame);
    else
        session_violate(session,
                        rc == -ENOTSUP ? "a frame of another version" : "a malformed frame");
    frame_finish(&frame);
}

static void on_message(zmq_msg_t *parts, size_t count, void *arg)
{
    struct p2p *p2p = arg;
    struct visitor visitor;
    if (count < 2) // ROUTER puts the routing id in front
        return;
    // A client that names itself does not follow the specification. ROUTER's own ids begin with 0,
    // which a client's cannot.
    const uint8_t *route = zmq_msg_data(&parts[0]);
    if (zmq_msg_size(&parts[0]) != ROUTE_SIZE || route[0] != 0)
        return;
    memcpy(visitor.route, route, ROUTE_SIZE);
    visitor.key = zmq_msg_gets(&parts[1], "User-Id");
    visitor.host = zmq_msg_gets(&parts[1], "Peer-Address");
    if (visitor.key == NULL || strlen(visitor.key) != 40)
        return;
    if (visitor.host == NULL)
        visitor.host = "";
    on_visit(p2p, &visitor, count == 2 ? &parts[1] : NULL);
}

// Whoever got this far holds the secret of the network, or the network is open. What a key may do
// is decided frame by frame; only one that just broke the protocol does not get in.
static bool accept_key(const char *key, void *arg)
{
    struct p2p *p2p = arg;
    char uid[UID_SIZE];
    identity_uid(uid, key);
    const struct remote *remote = remote_find(p2p, uid);
    return remote == NULL || p2p_now_ms() >= remote->penalty_until_ms;
}

static int bind_listener(struct p2p *p2p, void *zmq, struct api_error *error)
{
    char url[128];
    bool is_v6 = strchr(p2p->config.host, ':') != NULL;
    int rc = curve_set_server(zmq, p2p, is_v6);
    if (rc != 0)
        return error_set(error, ERROR_INTERNAL, NULL, "libzmq lacks an option: %s.",
                         zmq_strerror(-rc));
    if (is_v6)
        snprintf(url, sizeof(url), "tcp://[%.100s]:%u", p2p->config.host, p2p->config.port);
    else if (p2p->config.port == 0)
        snprintf(url, sizeof(url), "tcp://%.100s:*", p2p->config.host);
    else
        snprintf(url, sizeof(url), "tcp://%.100s:%u", p2p->config.host, p2p->config.port);
    if (zmq_bind(zmq, url) != 0)
        return error_set(error, ERROR_UNAVAILABLE, NULL,
                         "Cannot listen for peers at %s: %s. Give another address with --p2p.", url,
                         zmq_strerror(zmq_errno()));
    return 0;
}

int listener_start(struct p2p *p2p, struct api_error *error)
{
    void *zmq = NULL;
    int rc = zap_create(&p2p->zap, p2p->zmq, p2p->pump, accept_key, p2p);
    if (rc == 0) {
        zmq = zmq_socket(p2p->zmq, ZMQ_ROUTER);
        rc = zmq == NULL ? -zmq_errno() : 0;
    }
    if (rc != 0)
        return error_set(error, ERROR_INTERNAL, NULL, "Cannot make a socket for peers: %s.",
                         zmq_strerror(-rc));
    if (bind_listener(p2p, zmq, error) != 0) {
        zmq_close(zmq);
        return -1;
    }
    rc = socket_create(&p2p->listener, p2p->pump, zmq, on_message, NULL, p2p);
    if (rc == 0)
        rc = socket_get_url(p2p->listener, p2p->url, sizeof(p2p->url));
    if (rc != 0)
        return error_set(error, ERROR_INTERNAL, NULL, "Cannot make a socket for peers: %s.",
                         zmq_strerror(-rc));
    const char *colon = strrchr(p2p->url, ':');
    p2p->bound_port = colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
    return 0;
}

void listener_stop(struct p2p *p2p)
{
    socket_destroy(p2p->listener);
    zap_destroy(p2p->zap);
    p2p->listener = NULL;
    p2p->zap = NULL;
}
