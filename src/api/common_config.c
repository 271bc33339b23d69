// SPDX-License-Identifier: MPL-2.0

#include "api/common_config.h"

#include <errno.h>

#define PIECES_PER_S 200

// The numbers of all these enums run without a gap, but for the backend of the latency tuner.
static int check_enum(int value, int last, const char *field, struct api_error *error)
{
    if (value >= 0 && value <= last)
        return 0;
    return api_fail(error, -EINVAL, "%s is %d, which roc/config.h does not list", field, value);
}

static int check_tuner_backend(roc_latency_tuner_backend backend, struct api_error *error)
{
    if (backend == ROC_LATENCY_TUNER_BACKEND_DEFAULT || backend == ROC_LATENCY_TUNER_BACKEND_NIQ)
        return 0;
    return api_fail(error, -EINVAL, "latency_tuner_backend is %d, which roc/config.h does not list",
                    (int)backend);
}

int common_config_parse(struct audio_encoding *frames, const struct common_config *config,
                        struct api_error *error)
{
    const roc_media_encoding *encoding = config->frame_encoding;
    if (media_encoding_parse(frames, encoding) != 0)
        return api_fail(error, -EINVAL,
                        "frame_encoding has rate %u, format %d, channels %d, tracks %u; set a rate "
                        "up to 1 MHz, float, a channel layout, and 1..1024 tracks with multitrack "
                        "only",
                        encoding->rate, (int)encoding->format, (int)encoding->channels,
                        encoding->tracks);
    int code =
        check_enum((int)config->clock_source, ROC_CLOCK_SOURCE_INTERNAL, "clock_source", error);
    if (code == 0)
        code = check_tuner_backend(config->latency_tuner_backend, error);
    if (code == 0)
        code = check_enum((int)config->latency_tuner_profile, ROC_LATENCY_TUNER_PROFILE_GRADUAL,
                          "latency_tuner_profile", error);
    if (code == 0)
        code = check_enum((int)config->resampler_backend, ROC_RESAMPLER_BACKEND_SPEEXDEC,
                          "resampler_backend", error);
    if (code == 0)
        code = check_enum((int)config->resampler_profile, ROC_RESAMPLER_PROFILE_LOW,
                          "resampler_profile", error);
    return code;
}

enum resampler_profile resampler_profile_parse(roc_resampler_profile profile)
{
    switch (profile) {
    case ROC_RESAMPLER_PROFILE_HIGH:
        return RESAMPLER_PROFILE_HIGH;
    case ROC_RESAMPLER_PROFILE_LOW:
        return RESAMPLER_PROFILE_LOW;
    case ROC_RESAMPLER_PROFILE_DEFAULT:
    case ROC_RESAMPLER_PROFILE_MEDIUM:
        break;
    }
    return RESAMPLER_PROFILE_MEDIUM;
}

size_t piece_frames(unsigned rate_hz, unsigned channels)
{
    const size_t by_time = rate_hz / PIECES_PER_S;
    const size_t by_size = PIECE_SAMPLES / channels;
    const size_t frames = by_time < by_size ? by_time : by_size;
    return frames > 0 ? frames : 1;
}
