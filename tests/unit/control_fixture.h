// SPDX-License-Identifier: MPL-2.0
//
// Two peers in one process: each has its own registry, media and control; requests between them go
// through a peer_port that can lose, refuse and delay them. The store is kept in memory and can
// fail. Sound goes over loopback.

#ifndef TESTS_UNIT_CONTROL_FIXTURE_H
#define TESTS_UNIT_CONTROL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "control/control.h"
#include "wav_file.h"

#define MAX_ROWS   32
#define PATIENCE_S 20
#define LEASE_MS   1000

// A store in memory, in place of store/.
struct store {
    struct {
        char kind[16], key[32];
        json_t *document;
    } rows[MAX_ROWS];
    size_t count;
    bool is_broken;
};

static inline int store_fail(struct api_error *error)
{
    return error_set(error, ERROR_UNAVAILABLE, NULL, "The disk is full.");
}

static inline size_t store_find(const struct store *store, const char *kind, const char *key)
{
    size_t i = 0;
    while (i < store->count &&
           (strcmp(store->rows[i].kind, kind) != 0 || strcmp(store->rows[i].key, key) != 0))
        i++;
    return i;
}

static inline size_t store_count(const struct store *store, const char *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < store->count; i++)
        count += strcmp(store->rows[i].kind, kind) == 0;
    return count;
}

int store_put(struct store *store, const char *kind, const char *key, const json_t *document,
              struct api_error *error)
{
    if (store->is_broken)
        return store_fail(error);
    size_t i = store_find(store, kind, key);
    if (i == store->count) {
        assert_true(store->count < MAX_ROWS);
        snprintf(store->rows[i].kind, sizeof(store->rows[i].kind), "%s", kind);
        snprintf(store->rows[i].key, sizeof(store->rows[i].key), "%s", key);
        store->rows[i].document = NULL;
        store->count++;
    }
    json_decref(store->rows[i].document);
    store->rows[i].document = json_deep_copy(document);
    return 0;
}

int store_delete(struct store *store, const char *kind, const char *key, struct api_error *error)
{
    if (store->is_broken)
        return store_fail(error);
    size_t i = store_find(store, kind, key);
    if (i == store->count)
        return 0;
    json_decref(store->rows[i].document);
    memmove(&store->rows[i], &store->rows[i + 1], (store->count - i - 1) * sizeof(store->rows[0]));
    store->count--;
    return 0;
}

json_t *store_get(struct store *store, const char *kind, const char *key)
{
    size_t i = store_find(store, kind, key);
    return i < store->count ? json_deep_copy(store->rows[i].document) : NULL;
}

int store_each(struct store *store, const char *kind,
               void (*fn)(const char *key, const json_t *document, void *arg), void *arg)
{
    for (size_t i = 0; i < store->count; i++) {
        if (strcmp(store->rows[i].kind, kind) == 0)
            fn(store->rows[i].key, store->rows[i].document, arg);
    }
    return 0;
}

enum fault {
    FAULT_NONE,
    FAULT_LOSE_REQUEST, // never arrives: 504
    FAULT_LOSE_REPLY,   // is carried out, and the reply lost: 504
    FAULT_REFUSE,       // 422
    FAULT_NONSENSE,     // is carried out, and the reply has no address
};

struct bench;

struct side {
    struct bench *bench;
    struct side *other;
    char uid[UID_SIZE];
    char dir[64];
    struct store store;
    struct registry *registry;
    struct media *media;
    struct control *control;
    struct peer_port port;
};

struct waiting_request {
    struct side *from;
    enum request_method method;
    char path[96];
    json_t *body;
    reply_fn fn;
    void *arg;
};

struct bench {
    uv_loop_t loop;
    struct side studio, kitchen;
    const char *host; // at which the peers reach each other
    bool is_cut;      // nobody reaches anybody
    enum fault fault; // of request number fault_at (from 1) from now on
    unsigned fault_at;
    unsigned request_count, put_count;
    bool is_slow; // requests wait for bench_deliver
    struct waiting_request waiting[16];
    size_t waiting_count;
    void (*on_request)(struct bench *bench); // before a request is carried out
};

struct captured {
    unsigned count;
    int status;
    json_t *body;
    char location[URI_SIZE];
};

static inline void capture(const struct reply *reply, void *arg)
{
    struct captured *captured = arg;
    captured->count++;
    captured->status = reply->status;
    json_decref(captured->body);
    captured->body = reply->body ? json_deep_copy(reply->body) : NULL;
    snprintf(captured->location, sizeof(captured->location), "%s",
             reply->location ? reply->location : "");
}

static inline void captured_finish(struct captured *captured)
{
    json_decref(captured->body);
    *captured = (struct captured){0};
}

static inline void answer_error(reply_fn fn, void *arg, const struct side *from,
                                enum error_code code)
{
    struct api_error error = {0};
    (void)error_set(&error, code, NULL, "The network of the test says no.");
    memcpy(error.peer_uid, from->other->uid, UID_SIZE);
    reply_error(fn, arg, &error);
}

static inline void carry_out(struct waiting_request *waiting)
{
    struct side *from = waiting->from;
    struct request request = {.method = waiting->method,
                              .path = waiting->path,
                              .body = waiting->body,
                              .is_forwarded = true,
                              .principal = {.role = ROLE_OPERATOR}};
    memcpy(request.principal.peer_uid, from->uid, UID_SIZE);
    if (from->bench->on_request)
        from->bench->on_request(from->bench);
    control_handle_half(from->other->control, strrchr(waiting->path, '/') + 1, &request,
                        waiting->fn, waiting->arg);
}

static inline void deliver(struct waiting_request *waiting)
{
    struct bench *bench = waiting->from->bench;
    enum fault fault = ++bench->request_count == bench->fault_at ? bench->fault : FAULT_NONE;
    struct captured lost = {0};
    struct waiting_request silent = *waiting;
    silent.fn = capture;
    silent.arg = &lost;
    struct reply nonsense = {.status = 200};
    if (bench->is_cut || !waiting->from->other->control) {
        answer_error(waiting->fn, waiting->arg, waiting->from, ERROR_UNAVAILABLE);
        return;
    }
    bench->put_count += waiting->method == METHOD_PUT;
    switch (fault) {
    case FAULT_NONE:
        carry_out(waiting);
        break;
    case FAULT_LOSE_REPLY:
        carry_out(&silent);
        answer_error(waiting->fn, waiting->arg, waiting->from, ERROR_PEER_TIMEOUT);
        break;
    case FAULT_LOSE_REQUEST:
        answer_error(waiting->fn, waiting->arg, waiting->from, ERROR_PEER_TIMEOUT);
        break;
    case FAULT_REFUSE:
        answer_error(waiting->fn, waiting->arg, waiting->from, ERROR_UNSATISFIABLE);
        break;
    case FAULT_NONSENSE:
        carry_out(&silent);
        waiting->fn(&nonsense, waiting->arg);
        break;
    }
    captured_finish(&lost);
}

static inline void port_request(void *impl, const char *peer_uid, const struct request *request,
                                reply_fn fn, void *arg)
{
    struct side *from = impl;
    struct bench *bench = from->bench;
    struct waiting_request waiting = {
        .from = from, .method = request->method, .fn = fn, .arg = arg};
    assert_string_equal(peer_uid, from->other->uid);
    snprintf(waiting.path, sizeof(waiting.path), "%s", request->path);
    waiting.body = request->body ? json_deep_copy(request->body) : NULL;
    if (bench->is_slow) {
        assert_true(bench->waiting_count < 16);
        bench->waiting[bench->waiting_count++] = waiting;
        return;
    }
    deliver(&waiting);
    json_decref(waiting.body);
}

// Carries out what waits, oldest first.
static inline void bench_deliver(struct bench *bench)
{
    while (bench->waiting_count > 0) {
        struct waiting_request waiting = bench->waiting[0];
        bench->waiting_count--;
        memmove(bench->waiting, bench->waiting + 1,
                bench->waiting_count * sizeof(bench->waiting[0]));
        deliver(&waiting);
        json_decref(waiting.body);
    }
}

static inline const char *port_get_host(void *impl, const char *peer_uid)
{
    struct side *from = impl;
    (void)peer_uid;
    return from->bench->is_cut ? NULL : from->bench->host;
}

static inline void show_peer(struct side *side)
{
    char uri[URI_SIZE];
    uri_peer(uri, side->other->uid);
    bool is_online = !side->bench->is_cut && side->other->control && side->control;
    json_t *body =
        json_pack("{s:s, s:s}", "peer_uri", uri, "state", is_online ? "online" : "offline");
    assert_int_equal(registry_put(side->registry, uri, side->uid, body), 0);
    json_decref(body);
}

static inline void show_peers(struct bench *bench)
{
    if (bench->studio.registry)
        show_peer(&bench->studio);
    if (bench->kitchen.registry)
        show_peer(&bench->kitchen);
}

static inline void side_start(struct side *side)
{
    struct api_error error = {0};
    // As a daemon that listens everywhere: the other side has to put the host in.
    struct media_config media = {.media_dir = side->dir, .bind_host = "0.0.0.0"};
    struct control_config config = {.loop = &side->bench->loop,
                                    .self_uid = side->uid,
                                    .store = &side->store,
                                    .lease_ms = LEASE_MS};
    assert_int_equal(registry_create(&side->registry), 0);
    if (media_create(&side->media, &media, &error) != 0)
        fail_msg("%s", error.text);
    config.media = side->media;
    config.registry = side->registry;
    if (control_create(&side->control, &config, &error) != 0)
        fail_msg("%s", error.text);
    side->port =
        (struct peer_port){.impl = side, .request = port_request, .get_host = port_get_host};
    control_set_peers(side->control, &side->port);
}

static inline void side_stop(struct side *side)
{
    control_destroy(side->control);
    side->control = NULL;
    uv_run(&side->bench->loop, UV_RUN_NOWAIT);
    media_destroy(side->media);
    side->media = NULL;
    registry_destroy(side->registry);
    side->registry = NULL;
}

// As kill -9 would: the other side hears nothing of it, and sees it offline.
static inline void side_kill(struct side *side)
{
    side->bench->is_cut = true;
    show_peers(side->bench);
    side_stop(side);
}

static inline void side_return(struct side *side)
{
    side_start(side);
    side->bench->is_cut = false;
    show_peers(side->bench);
}

static inline void bench_cut(struct bench *bench, bool is_cut)
{
    bench->is_cut = is_cut;
    show_peers(bench);
}

static inline int bench_setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    uv_loop_init(&bench->loop);
    bench->host = "127.0.0.1";
    struct side *sides[] = {&bench->studio, &bench->kitchen};
    for (size_t i = 0; i < 2; i++) {
        sides[i]->bench = bench;
        sides[i]->other = sides[1 - i];
        uid_random(sides[i]->uid);
        strcpy(sides[i]->dir, "/tmp/rocd-test-XXXXXX");
        assert_non_null(mkdtemp(sides[i]->dir));
        side_start(sides[i]);
    }
    show_peers(bench);
    *state = bench;
    return 0;
}

static inline void remove_dir(const char *path)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static inline int bench_teardown(void **state)
{
    struct bench *bench = *state;
    struct side *sides[] = {&bench->studio, &bench->kitchen};
    bench->is_slow = false;
    for (size_t i = 0; i < 2; i++) {
        if (sides[i]->control)
            side_stop(sides[i]);
        while (sides[i]->store.count > 0)
            json_decref(sides[i]->store.rows[--sides[i]->store.count].document);
        remove_dir(sides[i]->dir);
    }
    bench_deliver(bench);
    uv_run(&bench->loop, UV_RUN_NOWAIT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    free(bench);
    return 0;
}

// Runs the loop until the condition holds; a test that hangs fails.
#define run_until(bench, condition)                              \
    do {                                                         \
        uint64_t end = uv_hrtime() + PATIENCE_S * 1000000000ull; \
        while (!(condition)) {                                   \
            if (uv_hrtime() > end)                               \
                fail_msg("waited in vain for: %s", #condition);  \
            uv_run(&(bench)->loop, UV_RUN_NOWAIT);               \
            usleep(2000);                                        \
        }                                                        \
    } while (0)

static inline void run_for_ms(struct bench *bench, unsigned ms)
{
    uint64_t end = uv_hrtime() + ms * 1000000ull;
    while (uv_hrtime() < end) {
        uv_run(&bench->loop, UV_RUN_NOWAIT);
        usleep(2000);
    }
}

// The URI of a new endpoint.
static inline void make_endpoint(struct side *side, const char *virtual, char uri[URI_SIZE])
{
    struct api_error error = {0};
    json_t *body = json_pack("{s:o}", "virtual", json_loads(virtual, 0, NULL)), *made = NULL;
    if (control_create_endpoint(side->control, body, &made, &error) != 0)
        fail_msg("%s", error.text);
    snprintf(uri, URI_SIZE, "%s", json_string_value(json_object_get(made, "endpoint_uri")));
    json_decref(made);
    json_decref(body);
}

static inline json_t *stream_body(const char *source, const char *destination)
{
    return json_pack("{s:{s:s, s:s}, s:{s:s, s:s}}", "source", "connection_type", "endpoint",
                     "endpoint_uri", source, "destination", "connection_type", "endpoint",
                     "endpoint_uri", destination);
}

static inline struct captured create_stream(struct side *side, json_t *body)
{
    struct captured captured = {0};
    control_create_stream(side->control, body, capture, &captured);
    json_decref(body);
    return captured;
}

// A stream that must come to be; its UID.
static inline void make_stream(struct side *side, json_t *body, char uid[UID_SIZE])
{
    struct captured captured = create_stream(side, body);
    if (captured.status != 201)
        fail_msg("%d: %s", captured.status,
                 json_string_value(json_object_get(captured.body, "error_text")));
    snprintf(uid, UID_SIZE, "%s", json_string_value(json_object_get(captured.body, "stream_uid")));
    char uri[URI_SIZE];
    uri_stream(uri, uid);
    assert_string_equal(captured.location, uri);
    captured_finish(&captured);
}

static inline const json_t *get_body(const struct side *side, const char *uri)
{
    const struct registry_entry *entry = registry_get(side->registry, uri);
    return entry ? entry->body : NULL;
}

static inline const char *get_text(const struct side *side, const char *uri, const char *field)
{
    const char *text = json_string_value(json_object_get(get_body(side, uri), field));
    return text ? text : "";
}

static inline bool is_text(const struct side *side, const char *uri, const char *field,
                           const char *text)
{
    return strcmp(get_text(side, uri, field), text) == 0;
}

static inline bool is_stream(const struct side *side, const char *uid, const char *state)
{
    char uri[URI_SIZE];
    uri_stream(uri, uid);
    return is_text(side, uri, "state", state);
}

static inline const char *get_reason(const struct side *side, const char *uid)
{
    char uri[URI_SIZE];
    uri_stream(uri, uid);
    const json_t *reason = json_object_get(get_body(side, uri), "reason");
    const char *code = json_string_value(json_object_get(reason, "code"));
    return code ? code : "";
}

static inline void count_entry(const struct registry_entry *entry, void *arg)
{
    (void)entry;
    ++*(unsigned *)arg;
}

static inline unsigned count_streams(const struct side *side)
{
    unsigned count = 0;
    registry_each(side->registry, RESOURCE_STREAM, NULL, count_entry, &count);
    return count;
}

static inline bool has_half(const struct side *side, const char *uid)
{
    struct half_metrics metrics;
    return media_query_half(side->media, uid, &metrics) == 0;
}

// A WAV file of 16-bit samples.
static inline void write_wav(const struct side *side, const char *name, unsigned rate_hz,
                             unsigned channels, unsigned frames)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", side->dir, name);
    wav_file_write(path, rate_hz, channels, frames, 0, 37);
}

#endif
