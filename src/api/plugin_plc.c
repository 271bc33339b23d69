// SPDX-License-Identifier: MPL-2.0

#include "api/plugin_plc.h"

#include <errno.h>
#include <stdlib.h>

struct instance {
    const roc_plugin_plc *plugin;
    void *user;
    size_t frame_size; // bytes
};

int plugin_plc_check(const roc_plugin_plc *plugin)
{
    return plugin->new_cb != NULL && plugin->delete_cb != NULL &&
                   plugin->lookahead_len_cb != NULL && plugin->process_history_cb != NULL &&
                   plugin->process_loss_cb != NULL
               ? 0
               : -EINVAL;
}

static roc_media_encoding describe(const struct audio_encoding *encoding)
{
    roc_media_encoding out = {.rate = encoding->rate_hz, .format = ROC_FORMAT_PCM_FLOAT32};
    if (!encoding->is_multitrack && encoding->channels == 1) {
        out.channels = ROC_CHANNEL_LAYOUT_MONO;
    } else if (!encoding->is_multitrack && encoding->channels == 2) {
        out.channels = ROC_CHANNEL_LAYOUT_STEREO;
    } else {
        out.channels = ROC_CHANNEL_LAYOUT_MULTITRACK;
        out.tracks = encoding->channels;
    }
    return out;
}

static void *create(void *arg, const struct audio_encoding *encoding)
{
    roc_plugin_plc *plugin = arg;
    const roc_media_encoding described = describe(encoding);
    struct instance *instance = calloc(1, sizeof(*instance));
    if (instance == NULL)
        return NULL;
    instance->plugin = plugin;
    instance->frame_size = encoding->channels * sizeof(float);
    instance->user = plugin->new_cb(plugin, &described);
    if (instance->user == NULL) {
        free(instance);
        return NULL;
    }
    return instance;
}

static void destroy(void *arg)
{
    struct instance *instance = arg;
    instance->plugin->delete_cb(instance->user);
    free(instance);
}

static size_t lookahead(void *arg)
{
    const struct instance *instance = arg;
    return instance->plugin->lookahead_len_cb(instance->user);
}

static void push(void *arg, const float *samples, size_t frames)
{
    const struct instance *instance = arg;
    const roc_frame frame = {(void *)samples, frames * instance->frame_size};
    instance->plugin->process_history_cb(instance->user, &frame);
}

static void fill(void *arg, float *samples, size_t frames, const float *next, size_t next_frames)
{
    const struct instance *instance = arg;
    roc_frame lost = {samples, frames * instance->frame_size};
    const roc_frame following = {next_frames > 0 ? (void *)next : NULL,
                                 next_frames * instance->frame_size};
    instance->plugin->process_loss_cb(instance->user, &lost, &following);
}

void plugin_plc_init(struct concealment_plugin *out, roc_plugin_plc *plugin)
{
    *out = (struct concealment_plugin){
        .create = create,
        .destroy = destroy,
        .lookahead = lookahead,
        .push = push,
        .fill = fill,
        .arg = plugin,
    };
}
