// SPDX-License-Identifier: MPL-2.0

#include "api/context.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/plugin_plc.h"
#include "base/log.h"

#define DEFAULT_MAX_PACKET_SIZE 2048
// An RTP header, a FEC footer, and a sample.
#define MIN_MAX_PACKET_SIZE 32
#define MAX_MAX_PACKET_SIZE 65507

#define MAX_PLCS 64

struct context_plc {
    int id;
    struct concealment_plugin plugin;
};

struct roc_context {
    struct packet_pool *pool;
    struct network *network;
    uint16_t max_packet_size;
    size_t send_limit;

    pthread_mutex_t mutex; // guards what follows
    struct audio_encoding encodings[CONTEXT_MAX_ENCODINGS];
    size_t encoding_count;
    struct context_plc plcs[MAX_PLCS]; // never move and never go
    size_t plc_count;
    int plc_backend;
    unsigned refs;
};

static const struct audio_encoding built_in[] = {
    {.payload_type = ROC_PACKET_ENCODING_AVP_L16_STEREO, .rate_hz = 44100, .channels = 2},
    {.payload_type = ROC_PACKET_ENCODING_AVP_L16_MONO, .rate_hz = 44100, .channels = 1},
};

int media_encoding_parse(struct audio_encoding *out, const roc_media_encoding *encoding)
{
    if (encoding->rate == 0 || encoding->rate > AUDIO_MAX_RATE_HZ ||
        encoding->format != ROC_FORMAT_PCM_FLOAT32)
        return -EINVAL;
    unsigned channels = 0;
    switch (encoding->channels) {
    case ROC_CHANNEL_LAYOUT_MULTITRACK:
        if (encoding->tracks < 1 || encoding->tracks > AUDIO_MAX_CHANNELS)
            return -EINVAL;
        channels = encoding->tracks;
        break;
    case ROC_CHANNEL_LAYOUT_MONO:
        channels = 1;
        break;
    case ROC_CHANNEL_LAYOUT_STEREO:
        channels = 2;
        break;
    }
    if (channels == 0 ||
        (encoding->channels != ROC_CHANNEL_LAYOUT_MULTITRACK && encoding->tracks != 0))
        return -EINVAL;
    *out = (struct audio_encoding){
        .rate_hz = encoding->rate,
        .channels = channels,
        .is_multitrack = encoding->channels == ROC_CHANNEL_LAYOUT_MULTITRACK,
    };
    return 0;
}

static void destroy(roc_context *context)
{
    network_destroy(context->network);
    packet_pool_destroy(context->pool);
    pthread_mutex_destroy(&context->mutex);
    free(context);
}

static int check_config(const roc_context_config *config)
{
    if (config->max_packet_size != 0 && (config->max_packet_size < MIN_MAX_PACKET_SIZE ||
                                         config->max_packet_size > MAX_MAX_PACKET_SIZE)) {
        log_error("api", "roc_context_open: max_packet_size is %u; use %d..%d, or 0 for %d",
                  config->max_packet_size, MIN_MAX_PACKET_SIZE, MAX_MAX_PACKET_SIZE,
                  DEFAULT_MAX_PACKET_SIZE);
        return -EINVAL;
    }
    return 0;
}

int roc_context_open(const roc_context_config *config, roc_context **result)
{
    if (config == NULL || result == NULL) {
        log_error("api", "roc_context_open: config or result is NULL");
        return -1;
    }
    if (check_config(config) != 0)
        return -1;
    roc_context *context = calloc(1, sizeof(*context));
    if (context == NULL) {
        log_error("api", "roc_context_open: out of memory");
        return -1;
    }
    pthread_mutex_init(&context->mutex, NULL);
    memcpy(context->encodings, built_in, sizeof(built_in));
    context->encoding_count = sizeof(built_in) / sizeof(*built_in);
    context->send_limit = config->max_packet_size;
    context->max_packet_size = (uint16_t)(config->max_packet_size != 0 ? config->max_packet_size
                                                                       : DEFAULT_MAX_PACKET_SIZE);

    const struct packet_pool_config pool = {.packet_capacity = context->max_packet_size};
    int code = packet_pool_create(&context->pool, &pool);
    if (code != 0)
        goto fail;
    const struct network_config network = {.pool = context->pool};
    code = network_create(&context->network, &network);
    if (code != 0)
        goto fail;
    *result = context;
    return 0;

fail:
    log_error("api", "roc_context_open: %s", strerrordesc_np(-code));
    destroy(context);
    return -1;
}

int roc_context_close(roc_context *context)
{
    if (context == NULL) {
        log_error("api", "roc_context_close: context is NULL");
        return -1;
    }
    pthread_mutex_lock(&context->mutex);
    const unsigned refs = context->refs;
    pthread_mutex_unlock(&context->mutex);
    if (refs > 0) {
        log_error("api", "roc_context_close: %u objects are still open on it; close them first",
                  refs);
        return -1;
    }
    destroy(context);
    return 0;
}

static int add_encoding(roc_context *context, const struct audio_encoding *encoding)
{
    for (size_t i = 0; i < context->encoding_count; i++)
        if (context->encodings[i].payload_type == encoding->payload_type)
            return -EEXIST;
    // Every payload type once: they cannot be more than the table holds.
    context->encodings[context->encoding_count++] = *encoding;
    return 0;
}

int context_register(roc_context *context, int encoding_id, const struct audio_encoding *encoding,
                     const char *function)
{
    if (encoding_id < 1 || encoding_id > 127) {
        log_error("api", "%s: id is %d; use 1..127", function, encoding_id);
        return -1;
    }
    struct audio_encoding numbered = *encoding;
    numbered.payload_type = (uint8_t)encoding_id;
    pthread_mutex_lock(&context->mutex);
    const int code = add_encoding(context, &numbered);
    pthread_mutex_unlock(&context->mutex);
    if (code != 0)
        log_error("api", "%s: id %d is in use; choose another", function, encoding_id);
    return code != 0 ? -1 : 0;
}

int roc_context_register_encoding(roc_context *context, int encoding_id,
                                  const roc_media_encoding *encoding)
{
    const char *const name = "roc_context_register_encoding";
    struct audio_encoding parsed;
    if (context == NULL || encoding == NULL) {
        log_error("api", "%s: context or encoding is NULL", name);
        return -1;
    }
    if (media_encoding_parse(&parsed, encoding) != 0) {
        log_error("api",
                  "%s: encoding %d has a bad rate, format, channel layout or number of tracks",
                  name, encoding_id);
        return -1;
    }
    return context_register(context, encoding_id, &parsed, name);
}

// With the mutex held.
static const struct concealment_plugin *find_plc(const roc_context *context, int plugin_id)
{
    for (size_t i = 0; i < context->plc_count; i++)
        if (context->plcs[i].id == plugin_id)
            return &context->plcs[i].plugin;
    return NULL;
}

static int add_plc(roc_context *context, int plugin_id, roc_plugin_plc *plugin)
{
    if (find_plc(context, plugin_id) != NULL)
        return -EEXIST;
    if (context->plc_count == MAX_PLCS)
        return -ENOSPC;
    struct context_plc *plc = &context->plcs[context->plc_count];
    plc->id = plugin_id;
    plugin_plc_init(&plc->plugin, plugin);
    context->plc_count++;
    return 0;
}

int roc_context_register_plc(roc_context *context, int plugin_id, roc_plugin_plc *plugin)
{
    if (context == NULL || plugin == NULL) {
        log_error("api", "roc_context_register_plc: context or plugin is NULL");
        return -1;
    }
    if (plugin_id < ROC_PLUGIN_ID_MIN || plugin_id > ROC_PLUGIN_ID_MAX) {
        log_error("api", "roc_context_register_plc: id is %d; use %d..%d", plugin_id,
                  ROC_PLUGIN_ID_MIN, ROC_PLUGIN_ID_MAX);
        return -1;
    }
    if (plugin_plc_check(plugin) != 0) {
        log_error("api", "roc_context_register_plc: plugin %d lacks a callback; set all five",
                  plugin_id);
        return -1;
    }
    pthread_mutex_lock(&context->mutex);
    const int code = add_plc(context, plugin_id, plugin);
    pthread_mutex_unlock(&context->mutex);
    if (code != 0)
        log_error("api", "roc_context_register_plc: %s",
                  code == -EEXIST ? "the id is in use; choose another"
                                  : "too many plugins are registered");
    return code != 0 ? -1 : 0;
}

static bool has_plc(const roc_context *context, int backend)
{
    return backend == ROC_PLC_BACKEND_DISABLE || backend == ROC_PLC_BACKEND_DEFAULT ||
           backend == ROC_PLC_BACKEND_BEEP || find_plc(context, backend) != NULL;
}

int roc_context_select_plc(roc_context *context, int backend)
{
    if (context == NULL) {
        log_error("api", "roc_context_select_plc: context is NULL");
        return -1;
    }
    pthread_mutex_lock(&context->mutex);
    const bool is_known = has_plc(context, backend);
    if (is_known)
        context->plc_backend = backend;
    pthread_mutex_unlock(&context->mutex);
    if (is_known)
        return 0;
    log_error("api",
              "roc_context_select_plc: nothing has the number %d; use a constant of "
              "roc_plc_backend, or register a plugin of this number first",
              backend);
    return -1;
}

int context_get_plc(roc_context *context)
{
    pthread_mutex_lock(&context->mutex);
    const int backend = context->plc_backend;
    pthread_mutex_unlock(&context->mutex);
    return backend;
}

const struct concealment_plugin *context_find_plc(roc_context *context, int plugin_id)
{
    pthread_mutex_lock(&context->mutex);
    const struct concealment_plugin *plugin = find_plc(context, plugin_id);
    pthread_mutex_unlock(&context->mutex);
    return plugin;
}

void context_ref(roc_context *context)
{
    pthread_mutex_lock(&context->mutex);
    context->refs++;
    pthread_mutex_unlock(&context->mutex);
}

void context_unref(roc_context *context)
{
    pthread_mutex_lock(&context->mutex);
    context->refs--;
    pthread_mutex_unlock(&context->mutex);
}

struct network *context_get_network(roc_context *context)
{
    return context->network;
}

struct packet_pool *context_get_pool(roc_context *context)
{
    return context->pool;
}

uint16_t context_get_max_packet_size(const roc_context *context)
{
    return context->max_packet_size;
}

size_t context_get_send_limit(const roc_context *context)
{
    return context->send_limit;
}

int context_find_encoding(roc_context *context, unsigned payload_type, struct audio_encoding *out)
{
    int code = -ENOENT;
    pthread_mutex_lock(&context->mutex);
    for (size_t i = 0; i < context->encoding_count; i++) {
        if (context->encodings[i].payload_type != payload_type)
            continue;
        *out = context->encodings[i];
        code = 0;
    }
    pthread_mutex_unlock(&context->mutex);
    return code;
}

size_t context_get_encodings(roc_context *context,
                             struct audio_encoding encodings[CONTEXT_MAX_ENCODINGS])
{
    pthread_mutex_lock(&context->mutex);
    const size_t count = context->encoding_count;
    memcpy(encodings, context->encodings, count * sizeof(*encodings));
    pthread_mutex_unlock(&context->mutex);
    return count;
}
