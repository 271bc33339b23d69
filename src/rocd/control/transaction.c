// SPDX-License-Identifier: MPL-2.0
//
// What users ask of a stream. Each request is carried out whole or not at all: everything is set up
// first, then stored (the point of no return), then shown. At most one at a time for each stream; a
// renewal that is under way is waited for.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/control_internal.h"
#include "control/reconciler.h"

#define STORE_KIND "stream"

static void refuse(reply_fn fn, void *arg, enum error_code code, const char *field,
                   const char *text)
{
    struct api_error error = {0};
    (void)error_set(&error, code, field, "%s", text);
    reply_error(fn, arg, &error);
}

static int store_stream(struct control *control, const struct stream *spec, struct api_error *error)
{
    json_t *document = stream_write(spec);
    if (!document)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    int result = store_put(control->store, STORE_KIND, spec->uid, document, error);
    json_decref(document);
    return result;
}

static int check_online(struct control *control, const struct stream *stream,
                        struct api_error *error)
{
    const char *peer_uid = setup_get_peer(control, stream);
    if (peer_uid[0] == '\0' || control_is_online(control, peer_uid))
        return 0;
    (void)error_set(error, ERROR_UNAVAILABLE, "destination.endpoint_uri",
                    "%s is offline; try again when it is back.",
                    control_get_peer_name(control, peer_uid));
    snprintf(error->peer_uid, sizeof(error->peer_uid), "%s", peer_uid);
    return -1;
}

static void reply_stream(struct control *control, const char *stream_uid, int status, reply_fn fn,
                         void *arg)
{
    char uri[URI_SIZE];
    uri_stream(uri, stream_uid);
    const struct registry_entry *entry = registry_get(control->registry, uri);
    if (!entry) {
        refuse(fn, arg, ERROR_INTERNAL, NULL, "Out of memory.");
        return;
    }
    // The entry may change while fn runs.
    char etag[sizeof(entry->etag)];
    memcpy(etag, entry->etag, sizeof(etag));
    json_t *body = json_incref(entry->body);
    struct reply reply = {
        .status = status, .body = body, .location = status == 201 ? uri : NULL, .etag = etag};
    fn(&reply, arg);
    json_decref(body);
}

static void end(struct owned_stream *owned, int status)
{
    struct transaction done = owned->transaction;
    owned->transaction = (struct transaction){0};
    reply_stream(owned->control, owned->spec.uid, status, done.fn, done.arg);
}

// Creation.

static void forget_created(struct owned_stream *owned)
{
    struct control *control = owned->control;
    struct transaction failed = owned->transaction;
    streams_remove(owned);
    endpoints_publish(control, false);
    reply_error(failed.fn, failed.arg, &failed.error);
}

static void on_undone(const struct reply *reply, void *arg)
{
    (void)reply; // Where it failed, the lease ends the half.
    forget_created(arg);
}

static void undo_created(struct owned_stream *owned, const struct api_error *error)
{
    struct control *control = owned->control;
    struct peer_call_config config = control_plan_call(
        control, setup_get_peer(control, &owned->spec), owned->spec.uid, METHOD_DELETE);
    config.fn = on_undone;
    config.arg = owned;
    owned->transaction.error = *error;
    media_close_half(control->media, owned->spec.uid);
    if (owned->remote == REMOTE_DONE) {
        peer_call_start(&owned->call, &config);
        return;
    }
    // Nobody knows whether a peer that did not answer has it; there is no use in waiting again.
    if (owned->remote == REMOTE_UNKNOWN)
        control_drop_half(control, config.peer_uid, owned->spec.uid);
    forget_created(owned);
}

static void commit_created(struct owned_stream *owned)
{
    struct api_error error = {0};
    struct control *control = owned->control;
    if (store_stream(control, &owned->spec, &error) != 0) {
        undo_created(owned, &error);
        return;
    }
    if (streams_publish(owned) != 0) {
        struct api_error ignored;
        (void)store_delete(control->store, STORE_KIND, owned->spec.uid, &ignored);
        (void)error_set(&error, ERROR_INTERNAL, NULL, "Out of memory.");
        undo_created(owned, &error);
        return;
    }
    owned->is_committed = true;
    control_schedule(control);
    end(owned, 201);
}

static void on_created(struct owned_stream *owned, const struct api_error *error)
{
    if (error) {
        undo_created(owned, error);
        return;
    }
    owned->spec = owned->target;
    reconciler_conclude(owned, NULL);
    commit_created(owned);
}

static void stamp(char text[32])
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static int parse_new(struct control *control, const json_t *body, struct stream *spec,
                     struct api_error *error)
{
    *spec = (struct stream){0};
    uid_random(spec->uid);
    snprintf(spec->owner_uid, sizeof(spec->owner_uid), "%s", control->self_uid);
    stamp(spec->created_at);
    if (stream_parse(spec, body, PARSE_CREATE, control->self_uid, error) != 0 ||
        streams_check(control, spec, error) != 0)
        return -1;
    return spec->enabled ? check_online(control, spec, error) : 0;
}

void control_create_stream(struct control *control, const json_t *body, reply_fn fn, void *arg)
{
    struct api_error error = {0};
    struct stream spec;
    if (parse_new(control, body, &spec, &error) != 0) {
        reply_error(fn, arg, &error);
        return;
    }
    struct owned_stream *owned = streams_add(control, &spec);
    if (!owned) {
        refuse(fn, arg, ERROR_INTERNAL, NULL, "Out of memory.");
        return;
    }
    owned->transaction = (struct transaction){.kind = TRANSACTION_CREATE, .fn = fn, .arg = arg};
    if (spec.enabled) {
        setup_start(owned, &spec, on_created);
        return;
    }
    reconciler_rest(owned);
    commit_created(owned);
}

// Update.

// The peer that has a half of this stream while it runs as specified, or "".
static const char *get_half_peer(const struct control *control, const struct stream *stream)
{
    return stream->enabled ? setup_get_peer(control, stream) : "";
}

static void fail_update(struct owned_stream *owned, const struct api_error *error)
{
    struct control *control = owned->control;
    struct transaction failed = owned->transaction;
    const char *old_uid = get_half_peer(control, &owned->spec);
    const char *new_uid = get_half_peer(control, &failed.next);
    bool may_have_half = owned->remote == REMOTE_DONE || owned->remote == REMOTE_UNKNOWN;
    if (may_have_half && new_uid[0] != '\0' && strcmp(old_uid, new_uid) != 0)
        control_drop_half(control, new_uid, owned->spec.uid);
    owned->transaction = (struct transaction){0};
    owned->remote = REMOTE_NONE;
    // The reconciler restores whatever of the old stream had to give way.
    if (owned->spec.enabled)
        reconciler_kick(owned);
    else
        media_close_half(control->media, owned->spec.uid);
    reply_error(failed.fn, failed.arg, error);
}

static int commit_update(struct owned_stream *owned, const struct stream *next)
{
    struct control *control = owned->control;
    struct api_error error = {0};
    if (store_stream(control, next, &error) != 0) {
        fail_update(owned, &error);
        return -1;
    }
    struct stream old = owned->spec;
    const char *old_uid = get_half_peer(control, &old);
    owned->spec = *next;
    owned->spec.state = old.state;
    owned->spec.reason = old.reason;
    const char *new_uid = get_half_peer(control, &owned->spec);
    owned->peer_was_online = new_uid[0] != '\0' && control_is_online(control, new_uid);
    if (old_uid[0] != '\0' && strcmp(old_uid, new_uid) != 0)
        control_drop_half(control, old_uid, old.uid);
    return 0;
}

static void finish_update(struct owned_stream *owned, const struct stream *next, bool is_set_up)
{
    if (commit_update(owned, next) != 0)
        return;
    if (!next->enabled) {
        media_close_half(owned->control->media, owned->spec.uid);
        reconciler_rest(owned);
    } else if (is_set_up) {
        reconciler_conclude(owned, NULL);
    } else {
        (void)streams_publish(owned);
        reconciler_kick(owned);
    }
    end(owned, 200);
}

static void on_updated(struct owned_stream *owned, const struct api_error *error)
{
    if (error) {
        fail_update(owned, error);
        return;
    }
    struct stream next = owned->target;
    finish_update(owned, &next, true);
}

static bool is_same_connection(const struct connection *a, const struct connection *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == CONNECTION_ENDPOINT)
        return strcmp(a->endpoint.peer_uid, b->endpoint.peer_uid) == 0 &&
               strcmp(a->endpoint.uid, b->endpoint.uid) == 0;
    return media_address_is_equal(&a->external, &b->external);
}

// Whether the halves have to be made anew, so that it can fail.
static bool needs_restart(const struct stream *old, const struct stream *next)
{
    return !old->enabled || !is_same_connection(&old->source, &next->source) ||
           !is_same_connection(&old->destination, &next->destination) ||
           !transport_is_equal(&old->transport, &next->transport);
}

static void run_update(struct owned_stream *owned)
{
    struct stream next = owned->transaction.next;
    struct api_error error = {0};
    bool has_restart = needs_restart(&owned->spec, &next);
    bool has_gain = next.volume != owned->spec.volume || next.muted != owned->spec.muted;
    bool is_online = check_online(owned->control, &next, &error) == 0;
    owned->remote = REMOTE_NONE;
    if (next.enabled && has_restart && !is_online)
        fail_update(owned, &error);
    else if (next.enabled && (has_restart || (has_gain && is_online)))
        setup_start(owned, &next, on_updated);
    else
        finish_update(owned, &next, false);
}

// Deletion.

static void forget_deleted(struct owned_stream *owned)
{
    struct control *control = owned->control;
    struct transaction done = owned->transaction;
    struct reply reply = {.status = 204};
    streams_remove(owned);
    endpoints_publish(control, false);
    done.fn(&reply, done.arg);
}

static void on_half_deleted(const struct reply *reply, void *arg)
{
    (void)reply; // Where it failed, the lease ends the half.
    forget_deleted(arg);
}

static void run_delete(struct owned_stream *owned)
{
    struct control *control = owned->control;
    struct transaction failed = owned->transaction;
    struct api_error error = {0};
    char uri[URI_SIZE];
    uri_stream(uri, owned->spec.uid);
    if (store_delete(control->store, STORE_KIND, owned->spec.uid, &error) != 0) {
        owned->transaction = (struct transaction){0};
        control_schedule(control);
        reply_error(failed.fn, failed.arg, &error);
        return;
    }
    owned->is_committed = false;
    media_close_half(control->media, owned->spec.uid);
    (void)registry_remove(control->registry, uri);
    const char *peer_uid = setup_get_peer(control, &owned->spec);
    if (!owned->spec.enabled || peer_uid[0] == '\0' || !control_is_online(control, peer_uid)) {
        forget_deleted(owned);
        return;
    }
    struct peer_call_config config =
        control_plan_call(control, peer_uid, owned->spec.uid, METHOD_DELETE);
    config.fn = on_half_deleted;
    config.arg = owned;
    peer_call_start(&owned->call, &config);
}

// Both.

static void run(struct owned_stream *owned)
{
    if (owned->transaction.kind == TRANSACTION_UPDATE)
        run_update(owned);
    else
        run_delete(owned);
}

void transaction_resume(struct owned_stream *owned)
{
    owned->transaction.is_waiting = false;
    run(owned);
}

static void begin(struct owned_stream *owned, const struct transaction *transaction)
{
    if (owned->transaction.kind != TRANSACTION_NONE) {
        refuse(transaction->fn, transaction->arg, ERROR_CONFLICT, NULL,
               "Another request is changing this stream; try again when it is done.");
        return;
    }
    owned->transaction = *transaction;
    owned->transaction.is_waiting = owned->call != NULL;
    if (!owned->transaction.is_waiting)
        run(owned);
}

static struct owned_stream *find_committed(struct control *control, const char *stream_uid)
{
    struct owned_stream *owned = streams_find(control, stream_uid);
    return owned && owned->is_committed ? owned : NULL;
}

void control_update_stream(struct control *control, const char *stream_uid, const json_t *body,
                           enum parse_mode mode, reply_fn fn, void *arg)
{
    struct owned_stream *owned = find_committed(control, stream_uid);
    if (!owned) {
        refuse(fn, arg, ERROR_NOT_FOUND, NULL, "This peer owns no such stream.");
        return;
    }
    struct transaction transaction = {
        .kind = TRANSACTION_UPDATE, .next = owned->spec, .fn = fn, .arg = arg};
    struct api_error error = {0};
    if (stream_parse(&transaction.next, body, mode, control->self_uid, &error) != 0 ||
        streams_check(control, &transaction.next, &error) != 0) {
        reply_error(fn, arg, &error);
        return;
    }
    begin(owned, &transaction);
}

void control_delete_stream(struct control *control, const char *stream_uid, reply_fn fn, void *arg)
{
    struct owned_stream *owned = find_committed(control, stream_uid);
    if (!owned) {
        struct reply reply = {.status = 204};
        fn(&reply, arg);
        return;
    }
    struct transaction transaction = {.kind = TRANSACTION_DELETE, .fn = fn, .arg = arg};
    begin(owned, &transaction);
}
