// SPDX-License-Identifier: MPL-2.0
#include "main/daemon.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "control/control.h"
#include "control/events.h"
#include "control/registry.h"
#include "http/http.h"
#include "main/secret.h"
#include "media/media.h"
#include "p2p/identity.h"
#include "p2p/p2p.h"
#include "store/folder.h"
#include "store/store.h"

struct daemon {
    struct settings settings;
    char secret[SECRET_SIZE]; // "" = none
    const char *peers[SETTINGS_MAX_PEERS];
    struct identity identity;

    uv_loop_t loop;
    bool has_loop;
    uv_async_t stop;
    bool has_stop;

    struct store *store;
    struct media *media;
    struct registry *registry;
    struct event_hub *events;
    struct control *control;
    struct api *api;
    struct http *http;
    struct p2p *p2p;
};

static int fail_memory(struct api_error *error)
{
    return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
}

static void handle_stop(uv_async_t *handle)
{
    uv_stop(handle->loop);
}

static int start_loop(struct daemon *daemon, struct api_error *error)
{
    int result = uv_loop_init(&daemon->loop);
    daemon->has_loop = result == 0;
    if (result == 0)
        result = uv_async_init(&daemon->loop, &daemon->stop, handle_stop);
    daemon->has_stop = result == 0;
    if (result == 0)
        return 0;
    return error_set(error, ERROR_INTERNAL, NULL, "Cannot start the control loop: %s.",
                     uv_strerror(result));
}

static int start_store(struct daemon *daemon, struct api_error *error)
{
    const char *secret_file = daemon->settings.secret_file;
    if (secret_file[0] != '\0' && secret_load(daemon->secret, secret_file, error) != 0)
        return -1;
    if (store_open(&daemon->store, daemon->settings.state_dir, error) != 0)
        return -1;
    return identity_load(&daemon->identity, daemon->store, error);
}

static void warn_of_impairment(const roc_impairment *impairment)
{
    if (impairment->loss > 0 || impairment->duplicate > 0 || impairment->reorder > 0 ||
        impairment->delay > 0 || impairment->jitter > 0)
        rocd_log(ROCD_LOG_INFO, "main", "outgoing sound is made worse on purpose (impair)");
}

static int start_media(struct daemon *daemon, struct api_error *error)
{
    const struct settings *settings = &daemon->settings;
    char folder[SETTINGS_PATH_SIZE + 8];
    const char *host = settings->bind_media[0] != '\0' ? settings->bind_media : settings->p2p.host;
    const struct media_config config = {
        .media_dir = folder,
        .bind_host = host,
        .port_low = settings->media_port_low,
        .port_high = settings->media_port_high,
        .impairment = settings->impairment,
    };
    if (settings->media_dir[0] != '\0')
        snprintf(folder, sizeof(folder), "%s", settings->media_dir);
    else
        snprintf(folder, sizeof(folder), "%s/media", settings->state_dir);
    if (folder_create(folder, 0755, "media folder", error) != 0)
        return -1;
    warn_of_impairment(&settings->impairment);
    return media_create(&daemon->media, &config, error);
}

static int start_control(struct daemon *daemon, struct api_error *error)
{
    if (registry_create(&daemon->registry) != 0 ||
        event_hub_create(&daemon->events, daemon->registry) != 0)
        return fail_memory(error);
    const struct control_config config = {
        .loop = &daemon->loop,
        .self_uid = daemon->identity.uid,
        .store = daemon->store,
        .media = daemon->media,
        .registry = daemon->registry,
    };
    return control_create(&daemon->control, &config, error);
}

static int start_http(struct daemon *daemon, struct api_error *error)
{
    const struct api_config api = {
        .self_uid = daemon->identity.uid,
        .registry = daemon->registry,
        .control = daemon->control,
        .store = daemon->store,
        .media = daemon->media,
    };
    if (api_create(&daemon->api, &api) != 0)
        return fail_memory(error);
    const struct http_config http = {
        .loop = &daemon->loop,
        .host = daemon->settings.http.host,
        .port = daemon->settings.http.port,
        .api = daemon->api,
        .events = daemon->events,
    };
    return http_start(&daemon->http, &http, error);
}

static void handle_peer_request(void *handler, const struct request *request, reply_fn fn,
                                void *arg)
{
    api_handle(handler, request, fn, arg);
}

static int start_p2p(struct daemon *daemon, struct api_error *error)
{
    const struct settings *settings = &daemon->settings;
    for (size_t i = 0; i < settings->peer_count; i++)
        daemon->peers[i] = settings->peers[i];
    const struct p2p_config config = {
        .loop = &daemon->loop,
        .identity = &daemon->identity,
        .display_name = settings->name,
        .host = settings->p2p.host,
        .port = settings->p2p.port,
        .secret = daemon->secret[0] != '\0' ? daemon->secret : NULL,
        .addresses = daemon->peers,
        .address_count = settings->peer_count,
        .handle = handle_peer_request,
        .handler = daemon->api,
        .registry = daemon->registry,
        .store = daemon->store,
    };
    if (p2p_start(&daemon->p2p, &config, error) != 0)
        return -1;
    control_set_peers(daemon->control, p2p_get_port(daemon->p2p));
    api_set_peers(daemon->api, p2p_get_port(daemon->p2p));
    return 0;
}

int daemon_create(struct daemon **out, const struct settings *settings, struct api_error *error)
{
    if (settings_check(settings, error) != 0)
        return -1;
    if (sodium_init() < 0)
        return error_set(error, ERROR_INTERNAL, NULL, "There are no random numbers to be had.");
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    if (daemon == NULL)
        return fail_memory(error);
    daemon->settings = *settings;
    if (start_loop(daemon, error) != 0 || start_store(daemon, error) != 0 ||
        start_media(daemon, error) != 0 || start_control(daemon, error) != 0 ||
        start_http(daemon, error) != 0 || start_p2p(daemon, error) != 0)
        goto fail;
    *out = daemon;
    return 0;

fail:
    daemon_destroy(daemon);
    return -1;
}

// What was stopped closes its handles in the loop's next turns. One that is still open after that
// many was forgotten; waiting on would never end.
static void close_loop(struct daemon *daemon)
{
    int result = UV_EBUSY;
    if (!daemon->has_loop)
        return;
    if (daemon->has_stop)
        uv_close((uv_handle_t *)&daemon->stop, NULL);
    for (int i = 0; i < 100 && result == UV_EBUSY; i++) {
        uv_run(&daemon->loop, UV_RUN_NOWAIT);
        result = uv_loop_close(&daemon->loop);
    }
    if (result != 0)
        rocd_log(ROCD_LOG_ERROR, "main", "a handle of the control loop was left open");
}

void daemon_destroy(struct daemon *daemon)
{
    if (daemon == NULL)
        return;
    // control/ gives back its halves at other peers through p2p/, which therefore stops after it.
    http_stop(daemon->http);
    control_destroy(daemon->control);
    p2p_stop(daemon->p2p);
    api_destroy(daemon->api);
    close_loop(daemon);
    event_hub_destroy(daemon->events);
    registry_destroy(daemon->registry);
    media_destroy(daemon->media);
    store_close(daemon->store);
    sodium_memzero(daemon->secret, sizeof(daemon->secret));
    sodium_memzero(&daemon->identity, sizeof(daemon->identity));
    free(daemon);
}

void daemon_get_addresses(const struct daemon *daemon, struct daemon_addresses *out)
{
    out->http = http_get_url(daemon->http);
    out->p2p = p2p_get_url(daemon->p2p);
    out->peer_uid = daemon->identity.uid;
}

uv_loop_t *daemon_get_loop(struct daemon *daemon)
{
    return &daemon->loop;
}

void daemon_run(struct daemon *daemon)
{
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
}

void daemon_stop(struct daemon *daemon)
{
    uv_async_send(&daemon->stop);
}
