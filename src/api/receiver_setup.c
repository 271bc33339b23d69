// SPDX-License-Identifier: MPL-2.0

#include "api/receiver_setup.h"

#include <errno.h>
#include <string.h>

#include "api/common_config.h"
#include "stream/rate_stage.h"

static int read_common(struct receiver_setup *setup, const roc_receiver_config *config,
                       struct api_error *error)
{
    const struct common_config common = {
        .frame_encoding = &config->frame_encoding,
        .clock_source = config->clock_source,
        .latency_tuner_backend = config->latency_tuner_backend,
        .latency_tuner_profile = config->latency_tuner_profile,
        .resampler_backend = config->resampler_backend,
        .resampler_profile = config->resampler_profile,
    };
    const int code = common_config_parse(&setup->frames, &common, error);
    if (code != 0)
        return code;
    // The constants of both have the same numbers.
    setup->receiver.session.latency_profile = (enum latency_profile)config->latency_tuner_profile;
    setup->receiver.session.resampler = resampler_profile_parse(config->resampler_profile);
    return 0;
}

// All encodings that can be played; those that need no conversion of their rate first.
static int list_encodings(struct receiver_setup *setup, roc_context *context,
                          struct api_error *error)
{
    struct receiver_config *receiver = &setup->receiver;
    struct audio_encoding encodings[CONTEXT_MAX_ENCODINGS];
    const size_t count = context_get_encodings(context, encodings);
    for (int is_other = 0; is_other <= 1; is_other++)
        for (size_t i = 0; i < count; i++)
            if ((encodings[i].rate_hz != setup->frames.rate_hz) == is_other &&
                rate_stage_can(encodings[i].rate_hz, setup->frames.rate_hz))
                receiver->encodings[receiver->encoding_count++] = encodings[i];
    if (receiver->encoding_count > 0)
        return 0;
    return api_fail(
        error, -ENOTSUP,
        "frames of %u Hz cannot be made of any packet encoding; use 8000..192000 Hz, or "
        "register an encoding of that rate with roc_context_register_encoding first",
        setup->frames.rate_hz);
}

static void read_plc(struct receive_session_config *session, roc_context *context)
{
    const int backend = context_get_plc(context);
    switch (backend) {
    case ROC_PLC_BACKEND_DISABLE:
        session->concealment = CONCEALMENT_ZERO;
        break;
    case ROC_PLC_BACKEND_DEFAULT:
        session->concealment = CONCEALMENT_EXTRAPOLATE;
        break;
    case ROC_PLC_BACKEND_BEEP:
        session->concealment = CONCEALMENT_BEEP;
        break;
    default:
        session->plugin = context_find_plc(context, backend);
        break;
    }
}

static int64_t clamp_ns(unsigned long long ns)
{
    return ns <= INT64_MAX ? (int64_t)ns : INT64_MAX;
}

static void read_receiver(struct receiver_setup *setup, roc_context *context,
                          const roc_receiver_config *config)
{
    struct receiver_config *receiver = &setup->receiver;
    receiver->pool = context_get_pool(context);
    receiver->output_channels = setup->frames.channels;
    receiver->output_is_multitrack = setup->frames.is_multitrack;
    receiver->output_rate_hz = setup->frames.rate_hz;
    receiver->session.target_latency_ns = clamp_ns(config->target_latency);
    receiver->session.latency_tolerance_ns = clamp_ns(config->latency_tolerance);
    receiver->session.no_playback_timeout_ns = config->no_playback_timeout;
    receiver->session.choppy_playback_timeout_ns = config->choppy_playback_timeout;
}

int receiver_setup_parse(struct receiver_setup *out, roc_context *context,
                         const roc_receiver_config *config, struct api_error *error)
{
    *out = (struct receiver_setup){.clock_source = config->clock_source};
    int code = read_common(out, config, error);
    if (code == 0)
        code = list_encodings(out, context, error);
    if (code == 0)
        read_receiver(out, context, config);
    if (code == 0)
        read_plc(&out->receiver.session, context);
    return code;
}

int receiver_setup_explain(const struct receiver_setup *setup, int code, struct api_error *error)
{
    return api_fail(error, code, "cannot make a receiver with a target latency of %lld ns: %s",
                    (long long)setup->receiver.session.target_latency_ns, strerrordesc_np(-code));
}
