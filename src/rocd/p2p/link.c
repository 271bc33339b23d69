// SPDX-License-Identifier: MPL-2.0
#include "p2p/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/curve.h"
#include "p2p/probe.h"
#include "p2p/remote.h"
#include "p2p/session.h"

#define PROBE_PAUSE_MS   5000
#define PROBE_TIMEOUT_MS 3000
#define REDIAL_PAUSE_MS  100

enum link_state {
    LINK_PAUSE,      // until deadline_ms, then dials
    LINK_LOOKUP,     // waits for the address of its host
    LINK_CONNECTING, // libzmq tries again and again
    LINK_HELLO_DUE,  // connected; HELLO goes out as soon as the socket takes it
    LINK_HELLO_SENT, // until deadline_ms
    LINK_UP,
    LINK_SELF, // the address is this peer's own
};

struct link {
    struct p2p *p2p;
    char address[64], host[64];
    unsigned port;
    char uid[UID_SIZE]; // of the placeholder
    bool is_published, is_dead;

    enum link_state state;
    int64_t deadline_ms;
    struct socket *dealer, *monitor;
    char ip[PROBE_IP_SIZE], dialled_ip[PROBE_IP_SIZE];
    struct probe *probe;
    int64_t probe_ms, connected_ms;
    char challenge[IDENTITY_CHALLENGE_SIZE], token[FRAME_TOKEN_SIZE];
    struct session *session;
    struct remote *remote; // who was met there last
    struct link *next;
};

static void publish_placeholder(struct link *link, const struct state_reason *reason)
{
    struct peer view = {.state = PEER_CONNECTING, .rtt_ms = -1, .reason = *reason};
    memcpy(view.uid, link->uid, sizeof(view.uid));
    snprintf(view.display_name, sizeof(view.display_name), "%s", link->address);
    snprintf(view.addresses[0], sizeof(view.addresses[0]), "%s", link->address);
    remote_publish_view(link->p2p, &view);
    link->is_published = true;
}

static void remove_placeholder(struct link *link)
{
    char uri[URI_SIZE];
    uri_peer(uri, link->uid);
    if (link->is_published)
        registry_remove(link->p2p->config.registry, uri);
    link->is_published = false;
}

static void explain(struct link *link, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Why there is no session yet: shown at the peer that was met there, or at the address.
static void explain(struct link *link, const char *code, const char *format, ...)
{
    struct state_reason reason = {0};
    va_list args;
    snprintf(reason.code, sizeof(reason.code), "%s", code);
    va_start(args, format);
    vsnprintf(reason.text, sizeof(reason.text), format, args);
    va_end(args);
    rocd_log(ROCD_LOG_DEBUG, "p2p", "%s: %s", link->address, reason.text);
    if (link->remote == NULL) {
        publish_placeholder(link, &reason);
        return;
    }
    // That nobody listens where a peer was stopped is no news.
    if (strcmp(code, "refused") != 0 || strcmp(link->remote->offline_reason.code, "stopped") != 0)
        remote_set_reason(link->remote, reason.code, reason.text);
    remote_update(link->remote);
}

static void hang_up(struct link *link)
{
    probe_cancel(link->probe);
    link->probe = NULL;
    socket_destroy(link->monitor);
    socket_destroy(link->dealer);
    link->monitor = link->dealer = NULL;
}

static void pause_link(struct link *link, int pause_ms)
{
    hang_up(link);
    link->state = LINK_PAUSE;
    link->deadline_ms = p2p_now_ms() + pause_ms;
}

int link_send(struct link *link, const void *data, size_t size_bytes)
{
    if (link->dealer == NULL)
        return -EHOSTUNREACH;
    return socket_send(link->dealer, data, size_bytes, false);
}

static void send_hello(struct link *link)
{
    struct p2p *p2p = link->p2p;
    if (link->state != LINK_HELLO_DUE || !socket_is_writable(link->dealer))
        return;
    frame_make_token(link->token);
    identity_make_challenge(link->challenge);
    json_t *body = greeting_write(p2p, link->token);
    if (json_object_set_new(body, "challenge", json_string(link->challenge)) == 0) {
        unsigned char *data;
        size_t size;
        if (frame_encode(&data, &size, FRAME_HELLO, body) == 0) {
            link_send(link, data, size);
            free(data);
        }
    }
    json_decref(body);
    link->state = LINK_HELLO_SENT;
    link->deadline_ms = p2p_now_ms() + HELLO_TIMEOUT_MS;
}

static void on_self(struct link *link)
{
    rocd_log(ROCD_LOG_INFO, "p2p", "%s is this peer itself; nothing to connect to", link->address);
    hang_up(link);
    remove_placeholder(link);
    link->state = LINK_SELF;
}

// Whose key this is, when the other side proved that it holds it.
static int check_proof(struct link *link, const json_t *body, const struct greeting *greeting,
                       char key[41])
{
    char uid[UID_SIZE], proof[IDENTITY_PROOF_SIZE];
    if (strcmp(greeting->token, link->token) != 0 || frame_get_text(key, 41, body, "key") != 0 ||
        frame_get_text(proof, sizeof(proof), body, "proof") != 0 ||
        identity_check_proof(&link->p2p->identity, key, link->challenge, proof) != 0)
        return -1;
    identity_uid(uid, key);
    return strcmp(uid, greeting->uid) == 0 ? 0 : -1;
}

static void on_hello_ok(struct link *link, const json_t *body)
{
    struct p2p *p2p = link->p2p;
    struct greeting greeting;
    char key[41];
    if (greeting_parse(&greeting, body) != 0 || check_proof(link, body, &greeting, key) != 0) {
        explain(link, "identity", "Who answers at %s cannot prove its identity.", link->address);
        pause_link(link, RETRY_MS);
        return;
    }
    if (strcmp(greeting.uid, p2p->identity.uid) == 0) {
        on_self(link);
        return;
    }
    struct remote *remote = remote_get(p2p, key);
    if (remote == NULL || p2p_now_ms() < remote->penalty_until_ms) {
        pause_link(link, RETRY_MS);
        return;
    }
    remove_placeholder(link);
    link->remote = remote;
    remote_greet(remote, &greeting, link->dialled_ip);
    remote_set_trust_there(remote, greeting.trust);
    link->session = session_begin(remote, &greeting, link, NULL, link->dialled_ip);
    if (link->session == NULL) {
        pause_link(link, RETRY_MS);
        return;
    }
    link->state = LINK_UP;
    session_open(link->session);
}

static void on_refused(struct link *link, const json_t *body)
{
    char code[32] = "", text[200] = "";
    frame_get_text(code, sizeof(code), body, "code");
    frame_get_text(text, sizeof(text), body, "text");
    if (strcmp(code, "no_session") == 0)
        return; // an answer to what was sent before HELLO
    explain(link, strcmp(code, "version") == 0 ? "version" : "refused_hello",
            "The peer at %s refused the greeting: %s", link->address, text);
    pause_link(link, strcmp(code, "try_later") == 0 ? PENALTY_MS : RETRY_MS);
}

static void on_malformed(struct link *link, const char *what)
{
    if (link->session != NULL) {
        session_violate(link->session, what);
        return;
    }
    explain(link, "protocol", "%s does not speak the protocol of rocd peers: %s", link->address,
            what);
    pause_link(link, RETRY_MS);
}

static void on_frame(zmq_msg_t *parts, size_t count, void *arg)
{
    struct link *link = arg;
    struct frame frame;
    if (count != 1) {
        on_malformed(link, "a message of several parts");
        return;
    }
    int rc = frame_parse(&frame, zmq_msg_data(&parts[0]), zmq_msg_size(&parts[0]));
    if (rc == -EBADMSG) {
        on_malformed(link, "a malformed frame");
        return;
    }
    if (link->session != NULL && rc == 0)
        session_receive(link->session, &frame);
    else if (frame.type == FRAME_ERROR && frame.body != NULL)
        on_refused(link, frame.body);
    else if (rc == -ENOTSUP)
        on_malformed(link, "a frame of another version");
    else if (link->state == LINK_HELLO_SENT && frame.type == FRAME_HELLO_OK)
        on_hello_ok(link, frame.body);
    frame_finish(&frame);
}

static void on_turn(void *arg)
{
    send_hello(arg);
}

static void explain_failure(struct link *link, int status)
{
    if (link->ip[0] == '\0') {
        explain(link, "unresolved", "The host \"%s\" cannot be found: %s.", link->host,
                uv_strerror(status));
    } else if (status == UV_ECONNREFUSED) {
        if (link->remote != NULL)
            link->remote->heard_ms = NEVER_MS; // its process is gone: nothing to wait for
        explain(link, "refused", "Nothing listens at %s: is rocd running there?", link->address);
    } else {
        explain(link, "unreachable",
                "%s cannot be reached (%s): is it switched on, and does a firewall let TCP port "
                "%u through?",
                link->address, uv_strerror(status), link->port);
    }
}

static void dial(struct link *link);

static void on_probe(int status, const char *ip, void *arg)
{
    struct link *link = arg;
    link->probe = NULL;
    snprintf(link->ip, sizeof(link->ip), "%s", ip);
    bool is_moved = ip[0] != '\0' && strcmp(ip, link->dialled_ip) != 0;
    if (link->state == LINK_LOOKUP) {
        if (ip[0] != '\0') {
            dial(link);
            return;
        }
        explain_failure(link, status);
        pause_link(link, PROBE_PAUSE_MS);
    } else if (link->state == LINK_CONNECTING) {
        if (status != 0)
            explain_failure(link, status);
        if (is_moved) // the name has got another address since it was dialled
            dial(link);
    }
}

static void probe(struct link *link, bool connect)
{
    if (link->probe != NULL)
        return;
    link->probe_ms = p2p_now_ms();
    int rc = probe_start(&link->probe, link->p2p->config.loop, link->host, link->port, connect,
                         on_probe, link);
    if (rc != 0)
        on_probe(rc, "", link);
}

static void look_up(struct link *link)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, link->host, &v4) == 1 || inet_pton(AF_INET6, link->host, &v6) == 1) {
        snprintf(link->ip, sizeof(link->ip), "%.47s", link->host);
        dial(link);
        return;
    }
    link->state = LINK_LOOKUP;
    link->ip[0] = '\0';
    probe(link, false);
}

static void on_disconnected(struct link *link)
{
    // A goodbye may have come in just before.
    socket_take_turn(link->dealer);
    if (link->state == LINK_PAUSE)
        return;
    link->state = LINK_CONNECTING;
    if (link->session != NULL)
        session_end(link->session, NULL, SESSION_KEEP_LINK);
    // A probe tells at once whether the process is gone or only the connection.
    link->probe_ms = NEVER_MS;
}

// libzmq does not tell a handshake that was refused, which takes a moment, from one that stayed
// without an answer until its time was up.
static void explain_handshake(struct link *link)
{
    if (p2p_now_ms() - link->connected_ms < CURVE_HANDSHAKE_MS / 2)
        explain(link, "secret_differs",
                "%s broke off the handshake: the secret of its network differs from this peer's, "
                "or it is no rocd.",
                link->address);
    else
        explain(link, "no_answer",
                "%s takes connections and then says nothing: its process hangs, or it is no rocd.",
                link->address);
}

// An event of the monitor: number and value in one part, the address in another.
static void on_event(zmq_msg_t *parts, size_t count, void *arg)
{
    struct link *link = arg;
    uint16_t event;
    if (count < 1 || zmq_msg_size(&parts[0]) < 6)
        return;
    memcpy(&event, zmq_msg_data(&parts[0]), sizeof(event));
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        link->connected_ms = p2p_now_ms();
        return;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        link->state = LINK_HELLO_DUE;
        send_hello(link);
        return;
    case ZMQ_EVENT_DISCONNECTED:
        on_disconnected(link);
        return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        explain(link, "key_refused", "%s does not want to talk to the key of this peer.",
                link->address);
        return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        explain_handshake(link);
        link->probe_ms = p2p_now_ms(); // a TCP connection would not tell more
        return;
    case ZMQ_EVENT_CLOSED:
    case ZMQ_EVENT_CONNECT_RETRIED:
        if (link->state == LINK_CONNECTING && p2p_now_ms() - link->probe_ms >= PROBE_PAUSE_MS)
            probe(link, true);
        return;
    default:
        return;
    }
}

static int open_monitor(struct link *link, void *zmq)
{
    struct p2p *p2p = link->p2p;
    char name[48];
    snprintf(name, sizeof(name), "inproc://rocd-monitor-%u", p2p->link_number++);
    if (zmq_socket_monitor(zmq, name,
                           ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED |
                               ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0)
        return -zmq_errno();
    void *pair = zmq_socket(p2p->zmq, ZMQ_PAIR);
    if (pair == NULL || zmq_connect(pair, name) != 0) {
        int rc = -zmq_errno();
        if (pair != NULL)
            zmq_close(pair);
        return rc;
    }
    return socket_create(&link->monitor, p2p->pump, pair, on_event, NULL, link);
}

static int open_dealer(struct link *link)
{
    struct p2p *p2p = link->p2p;
    char url[80];
    bool is_v6 = strchr(link->ip, ':') != NULL;
    void *zmq = zmq_socket(p2p->zmq, ZMQ_DEALER);
    if (zmq == NULL)
        return -zmq_errno();
    int rc = curve_set_client(zmq, p2p, is_v6);
    if (rc == 0)
        rc = open_monitor(link, zmq);
    if (rc != 0) {
        zmq_close(zmq);
        return rc;
    }
    snprintf(url, sizeof(url), is_v6 ? "tcp://[%s]:%u" : "tcp://%s:%u", link->ip, link->port);
    if (zmq_connect(zmq, url) != 0) {
        rc = -zmq_errno();
        zmq_close(zmq);
        return rc;
    }
    return socket_create(&link->dealer, p2p->pump, zmq, on_frame, on_turn, link);
}

static void dial(struct link *link)
{
    hang_up(link);
    memcpy(link->dialled_ip, link->ip, sizeof(link->dialled_ip));
    int rc = open_dealer(link);
    if (rc != 0) {
        explain(link, "unreachable", "%s cannot be dialled: %s.", link->address, zmq_strerror(-rc));
        pause_link(link, RETRY_MS);
        return;
    }
    link->state = LINK_CONNECTING;
}

void link_session_ended(struct link *link, int pause_ms)
{
    link->session = NULL;
    if (link->is_dead)
        return;
    if (pause_ms == SESSION_KEEP_LINK)
        link->state = LINK_CONNECTING;
    else
        pause_link(link, pause_ms > REDIAL_PAUSE_MS ? pause_ms : REDIAL_PAUSE_MS);
}

static void tick(struct link *link, int64_t now_ms)
{
    if (link->state == LINK_PAUSE && now_ms >= link->deadline_ms) {
        look_up(link);
    } else if (link->state == LINK_HELLO_SENT && now_ms >= link->deadline_ms) {
        explain(link, "no_answer", "%s does not answer the greeting.", link->address);
        pause_link(link, 0);
    }
    if (link->state == LINK_CONNECTING && link->probe != NULL &&
        now_ms - link->probe_ms >= PROBE_TIMEOUT_MS) {
        probe_cancel(link->probe);
        link->probe = NULL;
        snprintf(link->ip, sizeof(link->ip), "%s", link->dialled_ip);
        explain_failure(link, UV_ETIMEDOUT);
    }
}

static void free_dead(struct p2p *p2p)
{
    while (p2p->dead_links != NULL) {
        struct link *link = p2p->dead_links;
        p2p->dead_links = link->next;
        free(link);
    }
}

void link_tick(struct p2p *p2p, int64_t now_ms)
{
    free_dead(p2p);
    for (struct link *link = p2p->links; link != NULL; link = link->next)
        tick(link, now_ms);
}

// "host:port", "[v6]:port", with or without tcp:// before it.
static int parse_address(struct link *link, const char *text)
{
    if (strncmp(text, "tcp://", 6) == 0)
        text += 6;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || strlen(text) >= sizeof(link->address))
        return -EINVAL;
    const char *host = text;
    size_t size = (size_t)(colon - text);
    if (size >= 2 && host[0] == '[' && colon[-1] == ']') {
        host++;
        size -= 2;
    }
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (size == 0 || strspn(colon + 1, "0123456789") == 0 || *end != '\0' || port == 0 ||
        port > 65535)
        return -EINVAL;
    for (size_t i = 0; i < size; i++) {
        bool is_letter = (host[i] >= 'a' && host[i] <= 'z') || (host[i] >= 'A' && host[i] <= 'Z') ||
                         (host[i] >= '0' && host[i] <= '9');
        if (!is_letter && strchr("-._:", host[i]) == NULL)
            return -EINVAL;
    }
    snprintf(link->address, sizeof(link->address), "%s", text);
    snprintf(link->host, sizeof(link->host), "%.*s", (int)size, host);
    link->port = (unsigned)port;
    uid_from_seed(link->uid, "peer_address", link->address, strlen(link->address));
    return 0;
}

int link_add(struct link **out, struct p2p *p2p, const char *address, struct api_error *error)
{
    size_t count = 0;
    struct link *link = calloc(1, sizeof(*link));
    if (link == NULL)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    if (parse_address(link, address) != 0) {
        free(link);
        return error_set(error, ERROR_INVALID_ARGS, "address",
                         "\"%.64s\" is no address of a peer: write HOST:PORT, for example "
                         "192.168.1.5:4041.",
                         address);
    }
    for (struct link *at = p2p->links; at != NULL; at = at->next, count++) {
        if (strcmp(at->address, link->address) == 0) {
            free(link);
            *out = at;
            return 0;
        }
    }
    if (count >= MAX_LINKS) {
        free(link);
        return error_set(error, ERROR_CONFLICT, "address",
                         "This peer connects to %d addresses already; remove one first.",
                         MAX_LINKS);
    }
    link->p2p = p2p;
    link->probe_ms = NEVER_MS;
    link->next = p2p->links;
    p2p->links = link;
    explain(link, "connecting", "Connecting to %s.", link->address);
    look_up(link);
    *out = link;
    return 0;
}

void link_remove(struct link *link)
{
    struct p2p *p2p = link->p2p;
    struct api_error error;
    link->is_dead = true;
    if (link->session != NULL)
        session_end(link->session, "forgotten", 0);
    hang_up(link);
    remove_placeholder(link);
    if (store_delete(p2p->config.store, "peer", link->uid, &error) != 0)
        rocd_log(ROCD_LOG_ERROR, "p2p", "%s", error.text);
    struct link **at = &p2p->links;
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    link->next = p2p->dead_links;
    p2p->dead_links = link;
}

void link_destroy_all(struct p2p *p2p)
{
    while (p2p->links != NULL) {
        struct link *link = p2p->links;
        p2p->links = link->next;
        hang_up(link);
        free(link);
    }
    free_dead(p2p);
}

const char *link_get_uid(const struct link *link)
{
    return link->uid;
}

const char *link_get_address(const struct link *link)
{
    return link->address;
}

struct remote *link_get_remote(const struct link *link)
{
    return link->remote;
}

struct link *link_get_next(const struct link *link)
{
    return link->next;
}

void link_forget_remote(struct p2p *p2p, const struct remote *remote)
{
    for (struct link *at = p2p->links; at != NULL; at = at->next) {
        if (at->remote == remote)
            at->remote = NULL;
    }
}
