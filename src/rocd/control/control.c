// SPDX-License-Identifier: MPL-2.0
#include "control/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_internal.h"
#include "control/reconciler.h"

#define DEFAULT_LEASE_MS 10000
#define TICK_MS          1000
#define NS_PER_MS        1000000

uint64_t control_now_ms(void)
{
    return uv_hrtime() / NS_PER_MS;
}

static uint64_t min_ms(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void on_timer(uv_timer_t *timer)
{
    struct control *control = timer->data;
    uint64_t now_ms = control_now_ms();
    halves_expire(control, now_ms);
    if (now_ms >= control->tick_ms) {
        control->tick_ms = now_ms + TICK_MS;
        endpoints_tick(control);
    }
    reconciler_run(control, now_ms);
    control_schedule(control);
}

void control_schedule(struct control *control)
{
    if (control->is_stopping)
        return;
    uint64_t now_ms = control_now_ms();
    uint64_t due_ms = min_ms(control->tick_ms, halves_due_ms(control));
    due_ms = min_ms(due_ms, reconciler_due_ms(control));
    (void)uv_timer_start(control->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

bool control_is_online(const struct control *control, const char *peer_uid)
{
    char uri[URI_SIZE];
    uri_peer(uri, peer_uid);
    const struct registry_entry *entry = registry_get(control->registry, uri);
    const char *state = entry ? json_string_value(json_object_get(entry->body, "state")) : NULL;
    return control->peers && state && strcmp(state, "online") == 0;
}

const char *control_get_peer_name(const struct control *control, const char *peer_uid)
{
    char uri[URI_SIZE];
    uri_peer(uri, peer_uid);
    const struct registry_entry *entry = registry_get(control->registry, uri);
    const char *name =
        entry ? json_string_value(json_object_get(entry->body, "display_name")) : NULL;
    return name && name[0] != '\0' ? name : peer_uid;
}

struct peer_call_config control_plan_call(struct control *control, const char *peer_uid,
                                          const char *stream_uid, enum request_method method)
{
    return (struct peer_call_config){.list = &control->calls,
                                     .peers = control->peers,
                                     .self_uid = control->self_uid,
                                     .peer_uid = peer_uid,
                                     .stream_uid = stream_uid,
                                     .method = method};
}

void control_drop_half(struct control *control, const char *peer_uid, const char *stream_uid)
{
    struct peer_call_config config =
        control_plan_call(control, peer_uid, stream_uid, METHOD_DELETE);
    peer_call_start(NULL, &config);
}

static void on_registry(enum registry_op op, const struct registry_entry *entry, void *arg)
{
    struct control *control = arg;
    (void)op;
    if (entry->kind == RESOURCE_PEER && !control->is_stopping)
        reconciler_note_peers(control);
}

static int start_timer(struct control *control, uv_loop_t *loop, struct api_error *error)
{
    control->timer = calloc(1, sizeof(*control->timer));
    if (!control->timer || uv_timer_init(loop, control->timer) != 0) {
        free(control->timer);
        control->timer = NULL;
        return error_set(error, ERROR_INTERNAL, NULL, "Cannot make a timer: out of memory.");
    }
    control->timer->data = control;
    return 0;
}

int control_create(struct control **out, const struct control_config *config,
                   struct api_error *error)
{
    struct control *control = calloc(1, sizeof(*control));
    if (!control)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    snprintf(control->self_uid, sizeof(control->self_uid), "%s", config->self_uid);
    control->store = config->store;
    control->media = config->media;
    control->registry = config->registry;
    control->lease_ms = config->lease_ms > 0 ? (unsigned)config->lease_ms : DEFAULT_LEASE_MS;
    if (start_timer(control, config->loop, error) != 0)
        goto fail;
    if (registry_observe(control->registry, on_registry, control) != 0) {
        (void)error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
        goto fail;
    }
    endpoints_restore(control);
    streams_restore(control);
    control_schedule(control);
    *out = control;
    return 0;

fail:
    control_destroy(control);
    return -1;
}

void control_set_peers(struct control *control, const struct peer_port *peers)
{
    control->peers = peers;
    reconciler_note_peers(control);
    control_schedule(control);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle);
}

void control_destroy(struct control *control)
{
    if (!control)
        return;
    control->is_stopping = true;
    registry_unobserve(control->registry, on_registry, control);
    // Whoever waits for a reply gets one; transactions under way are undone by it.
    peer_call_fail_all(&control->calls);
    while (control->streams) {
        struct owned_stream *owned = control->streams;
        const char *peer_uid = setup_get_peer(control, &owned->spec);
        if (owned->spec.enabled && peer_uid[0] != '\0' && control_is_online(control, peer_uid))
            control_drop_half(control, peer_uid, owned->spec.uid);
        media_close_half(control->media, owned->spec.uid);
        streams_remove(owned);
    }
    peer_call_fail_all(&control->calls);
    halves_destroy(control);
    endpoints_destroy(control);
    if (control->timer)
        uv_close((uv_handle_t *)control->timer, on_timer_closed);
    free(control);
}
