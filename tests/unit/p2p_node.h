// SPDX-License-Identifier: MPL-2.0
//
// Peers for tests: several in one process and on one loop, talking through real sockets.

#ifndef TEST_P2P_NODE_H
#define TEST_P2P_NODE_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "p2p/p2p.h"

#define NODE_SECRET   "the secret of the network in tests"
#define NODE_BEAT_MS  100
#define NODE_LIMIT_MS 20000

// What a node answers to requests of others; it counts them, and can keep them waiting.
struct node {
    uv_loop_t *loop;
    char folder[64];
    struct store *store;
    struct registry *registry;
    struct identity identity;
    struct p2p *p2p;
    const char *secret;
    unsigned port; // kept over restarts
    int handled;
    struct principal asker;
    bool is_slow;
    reply_fn waiting_fn;
    void *waiting_arg;
    void *kept[64];      // of requests that a test keeps waiting together
    int online, offline; // transitions of other peers, as an observer sees them
};

static inline void node_handle(void *handler, const struct request *request, reply_fn fn, void *arg)
{
    struct node *node = handler;
    node->handled++;
    node->asker = request->principal;
    if (node->is_slow) {
        node->waiting_fn = fn;
        node->waiting_arg = arg;
        return;
    }
    json_t *body = json_pack("{s:s, s:i}", "path", request->path, "count", node->handled);
    struct reply reply = {.status = 201, .body = body, .location = "/streams/x", .etag = "\"e\""};
    fn(&reply, arg);
    json_decref(body);
}

static inline void node_answer(struct node *node)
{
    struct reply reply = {.status = 204};
    node->waiting_fn(&reply, node->waiting_arg);
}

static inline const char *node_peer_text(const struct node *node, const char *uid, const char *key)
{
    char uri[URI_SIZE];
    uri_peer(uri, uid);
    const struct registry_entry *entry = registry_get(node->registry, uri);
    const char *text = entry != NULL ? json_string_value(json_object_get(entry->body, key)) : NULL;
    return text != NULL ? text : "";
}

static inline const char *node_peer_reason(const struct node *node, const char *uid)
{
    char uri[URI_SIZE];
    uri_peer(uri, uid);
    const struct registry_entry *entry = registry_get(node->registry, uri);
    const json_t *reason = entry != NULL ? json_object_get(entry->body, "reason") : NULL;
    const char *code = json_string_value(json_object_get(reason, "code"));
    return code != NULL ? code : "";
}

static inline void node_observe(enum registry_op op, const struct registry_entry *entry, void *arg)
{
    struct node *node = arg;
    const char *state = json_string_value(json_object_get(entry->body, "state"));
    if (entry->kind != RESOURCE_PEER || op == REGISTRY_REMOVED)
        return;
    node->online += strcmp(state, "online") == 0;
    node->offline += strcmp(state, "offline") == 0;
}

static inline void node_init(struct node *node, uv_loop_t *loop, const char *secret)
{
    struct api_error error;
    memset(node, 0, sizeof(*node));
    node->loop = loop;
    node->secret = secret;
    snprintf(node->folder, sizeof(node->folder), "/tmp/rocd-p2p-XXXXXX");
    assert_non_null(mkdtemp(node->folder));
    assert_int_equal(store_open(&node->store, node->folder, &error), 0);
    assert_int_equal(identity_load(&node->identity, node->store, &error), 0);
}

// to: addresses to connect to, "" = none.
static inline void node_start(struct node *node, const char *to)
{
    struct api_error error = {0};
    const char *addresses[] = {to};
    struct p2p_config config = {
        .loop = node->loop,
        .identity = &node->identity,
        .display_name = node->folder + strlen("/tmp/"),
        .host = "127.0.0.1",
        .port = node->port,
        .secret = node->secret,
        .addresses = addresses,
        .address_count = to[0] != '\0',
        .handle = node_handle,
        .handler = node,
        .store = node->store,
        .heartbeat_ms = NODE_BEAT_MS,
    };
    assert_int_equal(registry_create(&node->registry), 0);
    assert_int_equal(registry_observe(node->registry, node_observe, node), 0);
    config.registry = node->registry;
    if (p2p_start(&node->p2p, &config, &error) != 0)
        fail_msg("p2p_start: %s", error.text);
    node->port = (unsigned)strtoul(strrchr(p2p_get_url(node->p2p), ':') + 1, NULL, 10);
}

static inline const char *node_address(const struct node *node)
{
    static char text[64];
    snprintf(text, sizeof(text), "127.0.0.1:%u", node->port);
    return text;
}

static inline void node_stop(struct node *node)
{
    p2p_stop(node->p2p);
    node->p2p = NULL;
    registry_destroy(node->registry);
    node->registry = NULL;
    uv_run(node->loop, UV_RUN_NOWAIT);
}

static inline int node_unlink(const char *path, const struct stat *status, int type,
                              struct FTW *ftw)
{
    return remove(path);
}

static inline void node_finish(struct node *node)
{
    if (node->p2p != NULL)
        node_stop(node);
    store_close(node->store);
    nftw(node->folder, node_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void node_on_limit(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

// Runs the loop until the condition holds; fails at the time limit.
#define node_run_until(loop, condition)                           \
    do {                                                          \
        bool is_over_ = false;                                    \
        uv_timer_t limit_;                                        \
        uv_timer_init((loop), &limit_);                           \
        limit_.data = &is_over_;                                  \
        uv_timer_start(&limit_, node_on_limit, NODE_LIMIT_MS, 0); \
        while (!(condition) && !is_over_)                         \
            uv_run((loop), UV_RUN_ONCE);                          \
        uv_close((uv_handle_t *)&limit_, NULL);                   \
        uv_run((loop), UV_RUN_NOWAIT);                            \
        if (is_over_)                                             \
            fail_msg("not in time: %s", #condition);              \
    } while (0)

// Lets time pass on the loop.
static inline void node_run_for(uv_loop_t *loop, unsigned ms)
{
    bool is_over = false;
    uv_timer_t timer;
    uv_timer_init(loop, &timer);
    timer.data = &is_over;
    uv_timer_start(&timer, node_on_limit, ms, 0);
    while (!is_over)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

static inline bool node_sees_online(const struct node *node, const struct node *other)
{
    return strcmp(node_peer_text(node, other->identity.uid, "state"), "online") == 0;
}

// An endpoint of this node; number makes its UID.
static inline void node_put_endpoint(struct node *node, int number, const char *name)
{
    char uid[UID_SIZE], uri[URI_SIZE];
    uid_from_seed(uid, "endpoint", &number, sizeof(number));
    uri_endpoint(uri, node->identity.uid, uid);
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:n}", "endpoint_uri", uri, "endpoint_uid", uid,
                             "display_name", name, "state", "available", "reason");
    assert_int_equal(registry_put(node->registry, uri, node->identity.uid, body), 0);
    json_decref(body);
}

static inline void node_remove_endpoint(struct node *node, int number)
{
    char uid[UID_SIZE], uri[URI_SIZE];
    uid_from_seed(uid, "endpoint", &number, sizeof(number));
    uri_endpoint(uri, node->identity.uid, uid);
    assert_int_equal(registry_remove(node->registry, uri), 0);
}

struct node_comparison {
    const struct node *other;
    size_t count;
    bool differs;
};

static inline void node_compare_entry(const struct registry_entry *entry, void *arg)
{
    struct node_comparison *comparison = arg;
    const struct registry_entry *twin = registry_get(comparison->other->registry, entry->uri);
    comparison->count++;
    comparison->differs |= twin == NULL || !json_equal(twin->body, entry->body) ||
                           strcmp(twin->authority, entry->authority) != 0;
}

static inline size_t node_compare(const struct node *node, const struct node *other,
                                  const char *authority, bool *differs)
{
    struct node_comparison comparison = {.other = other};
    registry_each(node->registry, RESOURCE_ENDPOINT, authority, node_compare_entry, &comparison);
    registry_each(node->registry, RESOURCE_STREAM, authority, node_compare_entry, &comparison);
    *differs = *differs || comparison.differs;
    return comparison.count;
}

// Whether the replica at `node` of what `owner` has is equal to it, both ways.
static inline bool node_is_equal(const struct node *node, const struct node *owner)
{
    bool differs = false;
    size_t here = node_compare(node, owner, owner->identity.uid, &differs);
    return here == node_compare(owner, node, owner->identity.uid, &differs) && !differs;
}

#endif
