// SPDX-License-Identifier: MPL-2.0

#include "resampler_engines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/resampler.h"
#include "audio/resampler_kernel.h"

#ifdef HAVE_SOXR
#    include <soxr.h>
#endif
#ifdef HAVE_SAMPLERATE
#    include <samplerate.h>
#endif
#ifdef HAVE_SPEEXDSP
#    include <speex/speex_resampler.h>
#endif

double conversion_ratio(const struct conversion *conversion)
{
    return (double)conversion->out_rate_hz /
           (conversion->in_rate_hz * (1 + conversion->drift_ppm * 1e-6));
}

static void *own_create(const struct engine *engine, const struct conversion *conversion)
{
    struct resampler *resampler = NULL;
    struct resampler_config config = {
        .in_rate_hz = conversion->in_rate_hz,
        .out_rate_hz = conversion->out_rate_hz,
        .channels = conversion->channels,
        .profile = (enum resampler_profile)engine->quality,
        .kernel = engine->kernel,
    };
    if (resampler_create(&resampler, &config) == 0)
        resampler_set_ratio(resampler, 1 + conversion->drift_ppm * 1e-6);
    return resampler;
}

static size_t own_run(void *state, const float *in, size_t in_frames, float *out, size_t max_frames)
{
    resampler_process(state, in, &in_frames, out, &max_frames);
    return max_frames;
}

static void own_destroy(void *state)
{
    resampler_destroy(state);
}

#ifdef HAVE_SOXR

static void *soxr_start(const struct engine *engine, const struct conversion *conversion)
{
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    soxr_quality_spec_t quality = soxr_quality_spec((unsigned long)engine->quality, 0);
    soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    soxr_error_t error = NULL;
    return soxr_create(1, conversion_ratio(conversion), conversion->channels, &error, &io, &quality,
                       &runtime);
}

static size_t soxr_run(void *state, const float *in, size_t in_frames, float *out,
                       size_t max_frames)
{
    size_t taken = 0, given = 0;
    soxr_process(state, in, in_frames, &taken, out, max_frames, &given);
    return given;
}

static void soxr_stop(void *state)
{
    soxr_delete(state);
}

#endif

#ifdef HAVE_SAMPLERATE

struct samplerate {
    SRC_STATE *src;
    double ratio;
};

static void *samplerate_create(const struct engine *engine, const struct conversion *conversion)
{
    struct samplerate *state = calloc(1, sizeof(*state));
    int error = 0;
    if (state == NULL)
        return NULL;
    state->src = src_new(engine->quality, (int)conversion->channels, &error);
    state->ratio = conversion_ratio(conversion);
    return state;
}

static size_t samplerate_run(void *state, const float *in, size_t in_frames, float *out,
                             size_t max_frames)
{
    struct samplerate *samplerate = state;
    SRC_DATA data = {
        .data_in = in,
        .data_out = out,
        .input_frames = (long)in_frames,
        .output_frames = (long)max_frames,
        .src_ratio = samplerate->ratio,
    };
    src_process(samplerate->src, &data);
    return (size_t)data.output_frames_gen;
}

static void samplerate_destroy(void *state)
{
    struct samplerate *samplerate = state;
    src_delete(samplerate->src);
    free(samplerate);
}

#endif

#ifdef HAVE_SPEEXDSP

static void *speex_create(const struct engine *engine, const struct conversion *conversion)
{
    int error = 0;
    const unsigned million = 1000000;
    // A fraction of small enough numbers: drift is a multiple of 500 ppm here.
    unsigned numerator = conversion->in_rate_hz, denominator = conversion->out_rate_hz;
    if (conversion->drift_ppm % 500 != 0)
        return NULL;
    if (conversion->drift_ppm != 0) {
        numerator *= (unsigned)((int)million + conversion->drift_ppm) / 500;
        denominator *= million / 500;
    }
    return speex_resampler_init_frac(conversion->channels, numerator, denominator,
                                     conversion->in_rate_hz, conversion->out_rate_hz,
                                     engine->quality, &error);
}

static size_t speex_run(void *state, const float *in, size_t in_frames, float *out,
                        size_t max_frames)
{
    spx_uint32_t taken = (spx_uint32_t)in_frames, given = (spx_uint32_t)max_frames;
    speex_resampler_process_interleaved_float(state, in, &taken, out, &given);
    return given;
}

static void speex_destroy(void *state)
{
    speex_resampler_destroy(state);
}

#endif

#define OWN(name, profile, kernel)                              \
    {                                                           \
        name, own_create, own_run, own_destroy, profile, kernel \
    }

const struct engine engines[] = {
    OWN("libroc low", RESAMPLER_PROFILE_LOW, 0),
    OWN("libroc medium", RESAMPLER_PROFILE_MEDIUM, 0),
    OWN("libroc high", RESAMPLER_PROFILE_HIGH, 0),
    OWN("libroc best", RESAMPLER_PROFILE_BEST, 0),
    OWN("libroc high", RESAMPLER_PROFILE_HIGH, 1),
    OWN("libroc high", RESAMPLER_PROFILE_HIGH, 2),
#ifdef HAVE_SOXR
    {"libsoxr HQ", soxr_start, soxr_run, soxr_stop, SOXR_HQ, 0},
    {"libsoxr VHQ", soxr_start, soxr_run, soxr_stop, SOXR_VHQ, 0},
#endif
#ifdef HAVE_SAMPLERATE
    {"libsamplerate MEDIUM", samplerate_create, samplerate_run, samplerate_destroy,
     SRC_SINC_MEDIUM_QUALITY, 0},
    {"libsamplerate BEST", samplerate_create, samplerate_run, samplerate_destroy,
     SRC_SINC_BEST_QUALITY, 0},
#endif
#ifdef HAVE_SPEEXDSP
    {"SpeexDSP q5", speex_create, speex_run, speex_destroy, 5, 0},
    {"SpeexDSP q10", speex_create, speex_run, speex_destroy, 10, 0},
#endif
    {0},
};

void engine_describe(const struct engine *engine, char *buffer, size_t buffer_size)
{
    const struct resampler_kernel *kernel = resampler_kernel_at(engine->kernel);
    if (engine->create == own_create && kernel != NULL)
        snprintf(buffer, buffer_size, "%s (%s)", engine->name, kernel->name);
    else
        snprintf(buffer, buffer_size, "%s", engine->name);
}

const struct engine *engine_reference(void)
{
    const struct engine *engine = engines;
    while (engine->name != NULL && strcmp(engine->name, "libsoxr HQ") != 0)
        engine++;
    return engine->name ? engine : NULL;
}
