// SPDX-License-Identifier: MPL-2.0

#include "audio/concealment.h"

#include "audio/extrapolation.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HOLD_MS          20 // in full
#define FADE_MS          60 // silence from here on
#define MIN_BLEND_MS     1
#define MAX_BLEND_MS     4
#define STOP_MS          5
#define BEEP_HZ          880
#define BEEP_LEVEL       0.25f
#define MAX_LOOKAHEAD_MS 100

#define CHUNK EXTRAPOLATION_MAX_FRAMES

enum state {
    LISTENING, // nothing is missing; also before the first sound
    FILLING,   // in a gap; the voices are made
    SILENT,    // in a gap that has faded out
    BLENDING,  // after a gap; the voices go on below the real sound
};

struct concealment {
    struct concealment_config config;
    struct extrapolation *extrapolation; // NULL in any other mode
    void *instance;                      // of the plugin
    float *lookahead;
    size_t lookahead_frames;

    size_t hold, fade, min_blend, max_blend, stop; // frames

    enum state state;
    bool has_sound; // ever
    bool is_stopping;
    bool is_skip;   // the gap is of no length
    size_t gap;     // frames since the voices were made
    size_t stopped; // frames of the final fade
    size_t blend, blended;
    size_t beep; // frames of the tone so far, in its second
};

static size_t frames_of(const struct concealment *concealment, unsigned ms)
{
    return (size_t)((uint64_t)concealment->config.encoding.rate_hz * ms / 1000) + 1;
}

static int create_instance(struct concealment *concealment)
{
    const struct concealment_plugin *plugin = concealment->config.plugin;
    size_t most = frames_of(concealment, MAX_LOOKAHEAD_MS);

    concealment->instance = plugin->create(plugin->arg, &concealment->config.encoding);
    if (!concealment->instance) {
        return 0;
    }
    concealment->lookahead_frames = plugin->lookahead(concealment->instance);
    if (concealment->lookahead_frames > most) {
        concealment->lookahead_frames = most;
    }
    if (concealment->lookahead_frames == 0) {
        return 0;
    }
    concealment->lookahead = calloc(
        concealment->lookahead_frames * concealment->config.encoding.channels, sizeof(float));
    return concealment->lookahead ? 0 : -ENOMEM;
}

static int create_parts(struct concealment *concealment)
{
    if (concealment->config.plugin) {
        int err = create_instance(concealment);
        if (err < 0) {
            return err;
        }
    }
    if (concealment->instance || concealment->config.mode != CONCEALMENT_EXTRAPOLATE) {
        return 0;
    }
    return extrapolation_create(&concealment->extrapolation, concealment->config.encoding.channels,
                                concealment->config.encoding.rate_hz);
}

int concealment_create(struct concealment **out, const struct concealment_config *config)
{
    struct concealment *concealment;
    int err;

    if (config->encoding.channels == 0 || config->encoding.rate_hz == 0 ||
        (unsigned)config->mode > CONCEALMENT_BEEP) {
        return -EINVAL;
    }
    concealment = calloc(1, sizeof(*concealment));
    if (!concealment) {
        return -ENOMEM;
    }
    concealment->config = *config;
    if (config->plugin) {
        concealment->config.mode = CONCEALMENT_EXTRAPOLATE;
    }
    concealment->hold = frames_of(concealment, HOLD_MS);
    concealment->fade = frames_of(concealment, FADE_MS);
    concealment->min_blend = frames_of(concealment, MIN_BLEND_MS);
    concealment->max_blend = frames_of(concealment, MAX_BLEND_MS);
    concealment->stop = frames_of(concealment, STOP_MS);
    err = create_parts(concealment);
    if (err < 0) {
        goto fail;
    }
    *out = concealment;
    return 0;

fail:
    concealment_destroy(concealment);
    return err;
}

void concealment_destroy(struct concealment *concealment)
{
    if (!concealment) {
        return;
    }
    if (concealment->instance) {
        concealment->config.plugin->destroy(concealment->instance);
    }
    free(concealment->lookahead);
    extrapolation_destroy(concealment->extrapolation);
    free(concealment);
}

// 0 to 1, flat at both ends.
static float ease(size_t position, size_t length)
{
    float t = (float)position / (float)length;

    return position >= length ? 1.0f : t * t * (3.0f - 2.0f * t);
}

static float level(const struct concealment *concealment, size_t gap)
{
    if (gap < concealment->hold) {
        return 1.0f;
    }
    return 1.0f - ease(gap - concealment->hold, concealment->fade - concealment->hold);
}

static float tame(float sample)
{
    sample = sample == sample ? sample : 0.0f;
    sample = sample < -1.0f ? -1.0f : sample;
    return sample > 1.0f ? 1.0f : sample;
}

static void begin(struct concealment *concealment)
{
    extrapolation_start(concealment->extrapolation);
    concealment->gap = 0;
    concealment->is_skip = false;
    concealment->state = FILLING;
}

static float final_level(struct concealment *concealment)
{
    float left = 1.0f - ease(concealment->stopped, concealment->stop);

    concealment->stopped++;
    return left;
}

static void fill_chunk(struct concealment *concealment, float *samples, size_t frames)
{
    float levels[CHUNK];
    size_t i;

    for (i = 0; i < frames; i++) {
        levels[i] = level(concealment, concealment->gap++);
        if (concealment->is_stopping) {
            levels[i] *= final_level(concealment);
        }
    }
    extrapolation_add(concealment->extrapolation, samples, frames, levels);
    extrapolation_push(concealment->extrapolation, samples, frames);
    if (concealment->gap >= concealment->fade || concealment->stopped >= concealment->stop) {
        concealment->state = SILENT;
        extrapolation_reset(concealment->extrapolation);
    }
}

static void extrapolate(struct concealment *concealment, float *samples, size_t frames)
{
    size_t channels = concealment->config.encoding.channels;

    if ((concealment->state == LISTENING || concealment->state == BLENDING) &&
        !extrapolation_is_empty(concealment->extrapolation)) {
        begin(concealment);
    }
    while (frames > 0 && concealment->state == FILLING) {
        size_t n = frames < CHUNK ? frames : CHUNK;
        fill_chunk(concealment, samples, n);
        samples += n * channels;
        frames -= n;
    }
}

static void blend_chunk(struct concealment *concealment, float *samples, size_t frames)
{
    size_t channels = concealment->config.encoding.channels;
    float levels[CHUNK];
    size_t i, channel;

    for (i = 0; i < frames; i++) {
        float share = ease(concealment->blended + 1, concealment->blend + 1);
        levels[i] = (1.0f - share) * level(concealment, concealment->gap++);
        for (channel = 0; channel < channels; channel++) {
            float *sample = &samples[i * channels + channel];
            *sample = tame(*sample) * share;
        }
        concealment->blended++;
    }
    if (frames > 0 && levels[0] > 0) {
        extrapolation_add(concealment->extrapolation, samples, frames, levels);
    }
}

static void begin_blend(struct concealment *concealment)
{
    size_t length = concealment->is_skip ? concealment->max_blend : concealment->gap;

    if (length < concealment->min_blend) {
        length = concealment->min_blend;
    }
    concealment->blend = length < concealment->max_blend ? length : concealment->max_blend;
    concealment->blended = 0;
    concealment->state = BLENDING;
}

static void push_heard(struct concealment *concealment, float *samples, size_t frames)
{
    size_t channels = concealment->config.encoding.channels;
    float *at = samples;
    size_t left = frames;

    if (concealment->state == FILLING || concealment->state == SILENT) {
        begin_blend(concealment);
    }
    while (left > 0 && concealment->state == BLENDING) {
        size_t rest = concealment->blend - concealment->blended;
        size_t n = left < CHUNK ? left : CHUNK;
        n = n < rest ? n : rest;
        blend_chunk(concealment, at, n);
        if (concealment->blended == concealment->blend) {
            concealment->state = LISTENING;
        }
        at += n * channels;
        left -= n;
    }
    extrapolation_push(concealment->extrapolation, samples, frames);
}

void concealment_push(struct concealment *concealment, float *samples, size_t frames)
{
    if (frames == 0) {
        return;
    }
    concealment->has_sound = true;
    if (concealment->instance) {
        concealment->config.plugin->push(concealment->instance, samples, frames);
    } else if (concealment->config.mode == CONCEALMENT_EXTRAPOLATE) {
        push_heard(concealment, samples, frames);
    }
}

static void call_plugin(struct concealment *concealment, float *samples, size_t frames,
                        const float *next, size_t next_frames)
{
    size_t count = frames * concealment->config.encoding.channels;
    size_t i;

    concealment->config.plugin->fill(concealment->instance, samples, frames, next, next_frames);
    for (i = 0; i < count; i++) {
        samples[i] = tame(samples[i]);
    }
}

static void beep(struct concealment *concealment, float *samples, size_t frames)
{
    const double turn = 6.283185307179586 * BEEP_HZ / concealment->config.encoding.rate_hz;
    size_t channels = concealment->config.encoding.channels;
    size_t i, channel;

    for (i = 0; i < frames; i++) {
        float sample = BEEP_LEVEL * (float)sin(turn * (double)concealment->beep);
        concealment->beep = (concealment->beep + 1) % concealment->config.encoding.rate_hz;
        for (channel = 0; channel < channels; channel++) {
            samples[i * channels + channel] = sample;
        }
    }
}

static void fade_out(struct concealment *concealment, float *samples, size_t frames)
{
    size_t channels = concealment->config.encoding.channels;
    size_t i, channel;

    for (i = 0; i < frames; i++) {
        float left = final_level(concealment);
        for (channel = 0; channel < channels; channel++) {
            samples[i * channels + channel] *= left;
        }
    }
}

void concealment_fill(struct concealment *concealment, float *samples, size_t frames,
                      const float *next, size_t next_frames)
{
    memset(samples, 0, frames * concealment->config.encoding.channels * sizeof(*samples));
    if (frames == 0 || concealment_is_silent(concealment)) {
        return;
    }
    if (concealment->instance) {
        call_plugin(concealment, samples, frames, next, next_frames);
    } else if (concealment->config.mode == CONCEALMENT_BEEP) {
        beep(concealment, samples, frames);
    } else {
        extrapolate(concealment, samples, frames);
        return;
    }
    if (concealment->is_stopping) {
        fade_out(concealment, samples, frames);
    }
}

size_t concealment_get_lookahead(const struct concealment *concealment, float **buffer)
{
    *buffer = concealment->lookahead;
    return concealment->lookahead_frames;
}

void concealment_skip(struct concealment *concealment)
{
    if (!concealment->extrapolation || extrapolation_is_empty(concealment->extrapolation) ||
        concealment->state == SILENT) {
        return;
    }
    if (concealment->state != FILLING) {
        begin(concealment);
    }
    concealment->is_skip = true;
}

void concealment_stop(struct concealment *concealment)
{
    concealment->is_stopping = true;
}

bool concealment_is_silent(const struct concealment *concealment)
{
    if (!concealment->has_sound || concealment->stopped >= concealment->stop) {
        return true;
    }
    if (concealment->extrapolation) {
        return concealment->state == SILENT || extrapolation_is_empty(concealment->extrapolation);
    }
    return !concealment->instance && concealment->config.mode == CONCEALMENT_ZERO;
}
