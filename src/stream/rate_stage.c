// SPDX-License-Identifier: MPL-2.0

#include "stream/rate_stage.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// At least twice what the resampler looks back at.
#define PIECE_FRAMES 256

struct rate_stage {
    struct rate_stage_config config;
    struct resampler *resampler; // NULL: never needed
    size_t history_frames;       // what the resampler looks back at
    struct {
        double scale;
        bool is_resampling;
        float *history; // the last frames that were pulled
        size_t held;    // so many of them were not given out yet; only without the resampler
        float *piece;
    } rt;
};

static bool is_rate(unsigned rate_hz)
{
    return rate_hz >= RESAMPLER_MIN_RATE_HZ && rate_hz <= RESAMPLER_MAX_RATE_HZ;
}

bool rate_stage_can(unsigned in_rate_hz, unsigned out_rate_hz)
{
    return in_rate_hz == out_rate_hz || (is_rate(in_rate_hz) && is_rate(out_rate_hz));
}

static bool can_resample(const struct rate_stage_config *config)
{
    return is_rate(config->in_rate_hz) && is_rate(config->out_rate_hz) &&
           config->channels <= RESAMPLER_MAX_CHANNELS;
}

static int init_resampler(struct rate_stage *stage)
{
    const struct rate_stage_config *config = &stage->config;
    int err;

    err = resampler_create(&stage->resampler, &(struct resampler_config){
                                                  .in_rate_hz = config->in_rate_hz,
                                                  .out_rate_hz = config->out_rate_hz,
                                                  .channels = config->channels,
                                                  .profile = config->profile,
                                              });
    if (err < 0) {
        return err;
    }
    stage->history_frames = (size_t)ceil(resampler_get_delay(stage->resampler)) + 1;
    stage->rt.history = calloc(stage->history_frames * config->channels, sizeof(float));
    stage->rt.piece = calloc(PIECE_FRAMES * (size_t)config->channels, sizeof(float));
    stage->rt.is_resampling = config->in_rate_hz != config->out_rate_hz;
    return stage->rt.history && stage->rt.piece ? 0 : -ENOMEM;
}

int rate_stage_create(struct rate_stage **out, const struct rate_stage_config *config)
{
    struct rate_stage *stage;
    int err = 0;

    if (config->in_rate_hz != config->out_rate_hz && !can_resample(config)) {
        return -EINVAL;
    }
    stage = calloc(1, sizeof(*stage));
    if (!stage) {
        return -ENOMEM;
    }
    stage->config = *config;
    stage->rt.scale = 1;
    if (can_resample(config)) {
        err = init_resampler(stage);
    }
    if (err < 0) {
        goto fail;
    }
    *out = stage;
    return 0;

fail:
    rate_stage_destroy(stage);
    return err;
}

void rate_stage_destroy(struct rate_stage *stage)
{
    if (!stage) {
        return;
    }
    resampler_destroy(stage->resampler);
    free(stage->rt.history);
    free(stage->rt.piece);
    free(stage);
}

void rate_stage_set_scale(struct rate_stage *stage, double scale)
{
    if (!stage->resampler || scale == stage->rt.scale) {
        return;
    }
    stage->rt.scale = scale;
    if (stage->rt.is_resampling) {
        resampler_set_ratio(stage->resampler, scale);
    }
}

static void remember(struct rate_stage *stage, const float *samples, size_t frames)
{
    const size_t channels = stage->config.channels;
    size_t kept;

    if (!stage->resampler) {
        return;
    }
    if (frames > stage->history_frames) {
        samples += (frames - stage->history_frames) * channels;
        frames = stage->history_frames;
    }
    kept = (stage->history_frames - frames) * channels;
    memmove(stage->rt.history, stage->rt.history + frames * channels, kept * sizeof(*samples));
    memcpy(stage->rt.history + kept, samples, frames * channels * sizeof(*samples));
}

static void give_held(struct rate_stage *stage, float *samples, size_t frames)
{
    const size_t channels = stage->config.channels;

    memcpy(samples, stage->rt.history + (stage->history_frames - stage->rt.held) * channels,
           frames * channels * sizeof(*samples));
    stage->rt.held -= frames;
}

static void pass(struct rate_stage *stage, float *samples, size_t frames, rate_stage_pull_fn pull,
                 void *arg)
{
    if (stage->rt.held > 0) {
        size_t held = frames < stage->rt.held ? frames : stage->rt.held;
        give_held(stage, samples, held);
        samples += held * stage->config.channels;
        frames -= held;
    }
    if (frames > 0) {
        pull(samples, frames, arg);
        remember(stage, samples, frames);
    }
}

static void resample(struct rate_stage *stage, float *samples, size_t frames,
                     rate_stage_pull_fn pull, void *arg)
{
    const size_t channels = stage->config.channels;

    while (frames > 0) {
        size_t in = resampler_need(stage->resampler, frames);
        size_t out = frames;

        in = in < PIECE_FRAMES ? in : PIECE_FRAMES;
        if (in > 0) {
            pull(stage->rt.piece, in, arg);
            remember(stage, stage->rt.piece, in);
        }
        resampler_process(stage->resampler, stage->rt.piece, &in, samples, &out);
        samples += out * channels;
        frames -= out;
    }
}

// What comes out is silence, or was heard already.
static void feed(struct rate_stage *stage, const float *samples, size_t frames)
{
    float *out = stage->rt.piece + (PIECE_FRAMES - frames) * stage->config.channels;
    size_t in = frames;

    resampler_process(stage->resampler, samples, &in, out, &frames);
}

// Fills the resampler with what was given out last, at the speed 1, up to the point where its next
// frame is the one that would have come next without it.
static void begin_resampling(struct rate_stage *stage, rate_stage_pull_fn pull, void *arg)
{
    size_t ahead;

    resampler_reset(stage->resampler);
    resampler_set_ratio(stage->resampler, 1);
    ahead = (size_t)resampler_get_delay(stage->resampler) - stage->rt.held;
    feed(stage, stage->rt.history, stage->history_frames);
    if (ahead > 0) {
        pull(stage->rt.piece, ahead, arg);
        remember(stage, stage->rt.piece, ahead);
        feed(stage, stage->rt.piece, ahead);
    }
    stage->rt.held = 0;
    resampler_set_ratio(stage->resampler, stage->rt.scale);
    stage->rt.is_resampling = true;
}

void rate_stage_pass(struct rate_stage *stage)
{
    rate_stage_set_scale(stage, 1);
    if (!stage->rt.is_resampling || stage->config.in_rate_hz != stage->config.out_rate_hz) {
        return;
    }
    // Part of a frame is skipped where the position is not whole.
    stage->rt.held = (size_t)resampler_get_delay(stage->resampler);
    stage->rt.is_resampling = false;
}

void rate_stage_read(struct rate_stage *stage, float *samples, size_t frames,
                     rate_stage_pull_fn pull, void *arg)
{
    if (!stage->rt.is_resampling && stage->rt.scale != 1) {
        begin_resampling(stage, pull, arg);
    }
    if (stage->rt.is_resampling) {
        resample(stage, samples, frames, pull, arg);
    } else {
        pass(stage, samples, frames, pull, arg);
    }
}

double rate_stage_delay(const struct rate_stage *stage)
{
    return stage->rt.is_resampling ? resampler_get_delay(stage->resampler) : (double)stage->rt.held;
}

size_t rate_stage_available(const struct rate_stage *stage, size_t in_frames)
{
    size_t out;

    if (!stage->rt.is_resampling) {
        return in_frames + stage->rt.held;
    }
    out = (size_t)((double)in_frames * stage->config.out_rate_hz / stage->config.in_rate_hz) + 2;
    while (out > 0 && resampler_need(stage->resampler, out) > in_frames) {
        out--;
    }
    return out;
}

bool rate_stage_is_passing(const struct rate_stage *stage)
{
    return !stage->rt.is_resampling;
}
