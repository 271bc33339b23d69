// SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_internal.h"
#include "model/log.h"

#define STORE_KIND "endpoint"

struct local_endpoint *endpoints_find(struct control *control, const char *endpoint_uid)
{
    for (struct local_endpoint *local = control->endpoints; local; local = local->next) {
        if (strcmp(local->endpoint.uid, endpoint_uid) == 0)
            return local;
    }
    return NULL;
}

void endpoints_query(struct control *control, const struct local_endpoint *local,
                     struct endpoint *out)
{
    *out = local->endpoint;
    if (local->is_open)
        media_query_endpoint(control->media, out);
}

int endpoints_check_open(struct control *control, const char *endpoint_uid, struct api_error *error)
{
    const struct local_endpoint *local = endpoints_find(control, endpoint_uid);
    if (!local)
        return error_set(error, ERROR_NOT_FOUND, "endpoint_uri",
                         "This peer has no endpoint %s (any more).", endpoint_uid);
    if (!local->is_open)
        return error_set(error, ERROR_UNSATISFIABLE, "endpoint_uri", "\"%s\": %s",
                         local->endpoint.display_name, local->endpoint.reason.text);
    return 0;
}

static int put_in_registry(struct control *control, const struct endpoint *shown)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, control->self_uid, shown->uid);
    json_t *body = endpoint_write(shown, control->self_uid);
    int result = registry_put(control->registry, uri, control->self_uid, body);
    json_decref(body);
    return result;
}

static int publish(struct control *control, struct local_endpoint *local, bool with_positions)
{
    struct endpoint shown;
    endpoints_query(control, local, &shown);
    if (!with_positions && shown.state == local->shown_state &&
        strcmp(shown.virtual.file, local->shown_file) == 0)
        return 0;
    local->shown_state = shown.state;
    memcpy(local->shown_file, shown.virtual.file, sizeof(local->shown_file));
    return put_in_registry(control, &shown);
}

void endpoints_publish(struct control *control, bool with_positions)
{
    for (struct local_endpoint *local = control->endpoints; local; local = local->next)
        (void)publish(control, local, with_positions);
}

static void open_again(struct control *control, struct local_endpoint *local)
{
    struct api_error error = {0};
    if (!local->is_open && media_add_endpoint(control->media, &local->endpoint, &error) == 0) {
        local->is_open = true;
        local->endpoint.state = ENDPOINT_AVAILABLE;
        local->endpoint.reason = (struct state_reason){0};
        return;
    }
    struct endpoint shown;
    endpoints_query(control, local, &shown);
    // Media looks again at a device that failed and that nobody has open.
    if (local->is_open && shown.state == ENDPOINT_FAILED)
        (void)media_update_endpoint(control->media, &local->endpoint, &error);
}

void endpoints_tick(struct control *control)
{
    for (struct local_endpoint *local = control->endpoints; local; local = local->next)
        open_again(control, local);
    endpoints_publish(control, true);
}

static int store_endpoint(struct control *control, const struct endpoint *endpoint,
                          struct api_error *error)
{
    json_t *document = endpoint_write(endpoint, control->self_uid);
    if (!document)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    int result = store_put(control->store, STORE_KIND, endpoint->uid, document, error);
    json_decref(document);
    return result;
}

static struct local_endpoint *add_local(struct control *control, const struct endpoint *endpoint)
{
    struct local_endpoint *local = calloc(1, sizeof(*local));
    if (!local)
        return NULL;
    local->endpoint = *endpoint;
    struct local_endpoint **end = &control->endpoints;
    while (*end)
        end = &(*end)->next;
    *end = local;
    return local;
}

static void remove_local(struct control *control, struct local_endpoint *local)
{
    struct local_endpoint **place = &control->endpoints;
    while (*place != local)
        place = &(*place)->next;
    *place = local->next;
    free(local);
}

static void restore(const char *key, const json_t *document, void *arg)
{
    struct control *control = arg;
    struct endpoint endpoint = {0};
    struct api_error error = {0};
    if (endpoint_parse(&endpoint, document, PARSE_STORED, control->self_uid, &error) != 0) {
        rocd_log(ROCD_LOG_ERROR, "control", "stored endpoint %s cannot be read: %s", key,
                 error.text);
        return;
    }
    endpoint.state = ENDPOINT_AVAILABLE;
    endpoint.reason = (struct state_reason){0};
    struct local_endpoint *local = add_local(control, &endpoint);
    if (!local)
        return;
    local->is_open = media_add_endpoint(control->media, &endpoint, &error) == 0;
    if (!local->is_open) {
        rocd_log(ROCD_LOG_ERROR, "control", "endpoint %s: %s", endpoint.uid, error.text);
        local->endpoint.state = ENDPOINT_FAILED;
        state_reason_set(&local->endpoint.reason, "device_failed", error.text);
    }
    (void)publish(control, local, true);
}

void endpoints_restore(struct control *control)
{
    (void)store_each(control->store, STORE_KIND, restore, control);
}

void endpoints_destroy(struct control *control)
{
    while (control->endpoints) {
        media_remove_endpoint(control->media, control->endpoints->endpoint.uid);
        remove_local(control, control->endpoints);
    }
}

static json_t *get_resource(struct control *control, const char *endpoint_uid)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, control->self_uid, endpoint_uid);
    const struct registry_entry *entry = registry_get(control->registry, uri);
    return entry ? json_incref(entry->body) : NULL;
}

int control_create_endpoint(struct control *control, const json_t *body, json_t **out,
                            struct api_error *error)
{
    struct endpoint endpoint = {0};
    struct local_endpoint *local = NULL;
    uid_random(endpoint.uid);
    if (endpoint_parse(&endpoint, body, PARSE_CREATE, control->self_uid, error) != 0 ||
        media_add_endpoint(control->media, &endpoint, error) != 0)
        return -1;
    if (store_endpoint(control, &endpoint, error) != 0)
        goto fail;
    local = add_local(control, &endpoint);
    if (!local)
        goto fail_memory;
    local->is_open = true;
    if (publish(control, local, true) != 0)
        goto fail_memory;
    *out = get_resource(control, endpoint.uid);
    return 0;

fail_memory:
    (void)store_delete(control->store, STORE_KIND, endpoint.uid, error);
    (void)error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
fail:
    if (local)
        remove_local(control, local);
    media_remove_endpoint(control->media, endpoint.uid);
    return -1;
}

// An endpoint that is not open may be given another name while its file is still missing, but not
// another file that is missing, too.
static int update_media(struct control *control, struct local_endpoint *local,
                        const struct endpoint *next, struct api_error *error)
{
    if (local->is_open)
        return media_update_endpoint(control->media, next, error);
    if (media_add_endpoint(control->media, next, error) == 0) {
        local->is_open = true;
        return 0;
    }
    return strcmp(local->endpoint.virtual.path, next->virtual.path) == 0 ? 0 : -1;
}

int control_update_endpoint(struct control *control, const char *endpoint_uid, const json_t *body,
                            enum parse_mode mode, json_t **out, struct api_error *error)
{
    struct local_endpoint *local = endpoints_find(control, endpoint_uid);
    if (!local)
        return error_set(error, ERROR_NOT_FOUND, NULL, "There is no endpoint %.40s here.",
                         endpoint_uid);
    struct endpoint next;
    endpoints_query(control, local, &next);
    if (endpoint_parse(&next, body, mode, control->self_uid, error) != 0 ||
        update_media(control, local, &next, error) != 0)
        return -1;
    if (store_endpoint(control, &next, error) != 0) {
        struct api_error ignored;
        if (local->is_open)
            (void)media_update_endpoint(control->media, &local->endpoint, &ignored);
        return -1;
    }
    local->endpoint = next;
    if (publish(control, local, true) != 0)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    *out = get_resource(control, endpoint_uid);
    return 0;
}

int control_delete_endpoint(struct control *control, const char *endpoint_uid,
                            struct api_error *error)
{
    struct local_endpoint *local = endpoints_find(control, endpoint_uid);
    if (!local)
        return 0;
    if (streams_use_endpoint(control, endpoint_uid) || halves_use_endpoint(control, endpoint_uid))
        return error_set(error, ERROR_CONFLICT, NULL,
                         "\"%s\" is used by a stream; delete the stream first.",
                         local->endpoint.display_name);
    if (store_delete(control->store, STORE_KIND, endpoint_uid, error) != 0)
        return -1;
    char uri[URI_SIZE];
    uri_endpoint(uri, control->self_uid, endpoint_uid);
    media_remove_endpoint(control->media, endpoint_uid);
    remove_local(control, local);
    (void)registry_remove(control->registry, uri);
    return 0;
}
