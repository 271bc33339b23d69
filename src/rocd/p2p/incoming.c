// SPDX-License-Identifier: MPL-2.0
#include "p2p/incoming.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/requests.h"
#include "p2p/session.h"

#define MAX_PATH     512
#define MAX_IF_MATCH 128

struct incoming {
    struct remote *remote; // NULL = nobody waits for it any more
    uint64_t id;
    bool is_done;
    unsigned char *data; // the REPLY frame, once it is done
    size_t size;
    int64_t done_ms;
    struct incoming *next;
};

static void destroy(struct incoming *incoming)
{
    free(incoming->data);
    free(incoming);
}

static json_t *write_reply(uint64_t id, const struct reply *reply)
{
    json_t *body = json_pack("{s:I, s:i, s:s*, s:s*}", "id", (json_int_t)id, "status",
                             reply->status, "location", reply->location, "etag", reply->etag);
    if (body != NULL && reply->body != NULL)
        json_object_set(body, "body", (json_t *)reply->body);
    return body;
}

static int encode_reply(unsigned char **data, size_t *size, uint64_t id, const struct reply *reply)
{
    json_t *body = write_reply(id, reply);
    int rc = body != NULL ? frame_encode(data, size, FRAME_REPLY, body) : -ENOMEM;
    json_decref(body);
    return rc;
}

// Of something that was not carried out, and is not remembered.
static void refuse(struct session *session, uint64_t id, enum error_code code, const char *text)
{
    struct api_error error;
    unsigned char *data;
    size_t size;
    error_set(&error, code, NULL, "%s", text);
    json_t *body = error_write(&error);
    struct reply reply = {.status = error_http_status(code), .body = body};
    if (encode_reply(&data, &size, id, &reply) == 0) {
        session_send_bytes(session, data, size);
        free(data);
    }
    json_decref(body);
}

static void on_reply(const struct reply *reply, void *arg)
{
    struct incoming *incoming = arg;
    if (incoming->remote == NULL) {
        destroy(incoming);
        return;
    }
    incoming->is_done = true;
    incoming->done_ms = p2p_now_ms();
    int rc = encode_reply(&incoming->data, &incoming->size, incoming->id, reply);
    if (rc != 0) {
        // Too large, or no memory: the status of an error still fits.
        struct reply bare = {.status = rc == -EMSGSIZE ? 502 : 500};
        rc = encode_reply(&incoming->data, &incoming->size, incoming->id, &bare);
    }
    struct session *session = session_choose(incoming->remote);
    if (rc == 0 && session != NULL)
        session_send_bytes(session, incoming->data, incoming->size);
}

struct usage {
    size_t running, done, bytes;
};

static struct usage count(const struct remote *remote)
{
    struct usage usage = {0};
    for (const struct incoming *at = remote->incoming; at != NULL; at = at->next) {
        usage.running += !at->is_done;
        usage.done += at->is_done;
        usage.bytes += at->size;
    }
    return usage;
}

// Forgets the oldest reply that is done. Its id and all before it are refused from then on: a
// repeated one could otherwise be carried out again.
static bool forget_oldest(struct remote *remote)
{
    struct incoming **at = &remote->incoming;
    while (*at != NULL && !(*at)->is_done)
        at = &(*at)->next;
    struct incoming *oldest = *at;
    if (oldest == NULL)
        return false;
    *at = oldest->next;
    if (oldest->id > remote->forgotten_id)
        remote->forgotten_id = oldest->id;
    destroy(oldest);
    return true;
}

static void make_room(struct remote *remote)
{
    struct usage usage = count(remote);
    while ((usage.done >= REPLY_MEMORY_COUNT || usage.bytes > REPLY_MEMORY_BYTES) &&
           forget_oldest(remote))
        usage = count(remote);
}

static struct incoming *remember(struct remote *remote, uint64_t id)
{
    struct incoming *incoming = calloc(1, sizeof(*incoming));
    if (incoming == NULL)
        return NULL;
    make_room(remote);
    incoming->remote = remote;
    incoming->id = id;
    struct incoming **at = &remote->incoming;
    while (*at != NULL)
        at = &(*at)->next;
    *at = incoming;
    return incoming;
}

// Whether this id has been seen; then it is answered as far as it can be.
static bool answer_again(struct session *session, uint64_t id)
{
    struct remote *remote = session->remote;
    const struct incoming *at = remote->incoming;
    while (at != NULL && at->id != id)
        at = at->next;
    if (at != NULL) {
        if (at->data != NULL)
            session_send_bytes(session, at->data, at->size);
        return true;
    }
    if (id > remote->forgotten_id)
        return false;
    refuse(session, id, ERROR_CONFLICT, "This request is too old to be repeated.");
    return true;
}

static int parse(struct request *request, char path[MAX_PATH], char if_match[MAX_IF_MATCH],
                 const json_t *body)
{
    char method[16];
    if (frame_get_text(method, sizeof(method), body, "method") != 0 ||
        request_method_parse(&request->method, method) != 0 ||
        frame_get_text(path, MAX_PATH, body, "path") != 0 || path[0] != '/')
        return -EPROTO;
    int rc = frame_get_text(if_match, MAX_IF_MATCH, body, "if_match");
    if (rc == -EBADMSG)
        return -EPROTO;
    request->path = path;
    request->if_match = rc == 0 ? if_match : NULL;
    request->body = json_object_get(body, "body");
    request->is_forwarded = true;
    return 0;
}

int requests_on_request(struct session *session, const json_t *body, const char **what)
{
    struct p2p *p2p = session->p2p;
    struct remote *remote = session->remote;
    struct request request = {0};
    char path[MAX_PATH], if_match[MAX_IF_MATCH];
    uint64_t id;
    if (frame_get_number(&id, body, "id") != 0 || parse(&request, path, if_match, body) != 0) {
        *what = "REQUEST with malformed fields";
        return -EPROTO;
    }
    if (remote->view.trust < ROLE_VIEWER) {
        refuse(session, id, ERROR_FORBIDDEN, "This peer has not accepted your key.");
        return 0;
    }
    if (answer_again(session, id))
        return 0;
    if (count(remote).running >= MAX_RUNNING) {
        refuse(session, id, ERROR_UNAVAILABLE, "Too many requests of yours are being carried out.");
        return 0;
    }
    struct incoming *incoming = remember(remote, id);
    if (incoming == NULL) {
        refuse(session, id, ERROR_INTERNAL, "Out of memory.");
        return 0;
    }
    request.principal.role = remote->view.trust;
    memcpy(request.principal.peer_uid, remote->view.uid, UID_SIZE);
    p2p->config.handle(p2p->config.handler, &request, on_reply, incoming);
    return 0;
}

void incoming_tick(struct remote *remote, int64_t now_ms)
{
    for (struct incoming *at = remote->incoming; at != NULL; at = remote->incoming) {
        if (!at->is_done || now_ms - at->done_ms < REPLY_MEMORY_MS)
            return;
        forget_oldest(remote);
    }
}

void incoming_forget(struct remote *remote)
{
    while (remote->incoming != NULL) {
        struct incoming *incoming = remote->incoming;
        remote->incoming = incoming->next;
        incoming->remote = NULL;
        if (incoming->is_done)
            destroy(incoming);
    }
}
