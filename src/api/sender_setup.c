// SPDX-License-Identifier: MPL-2.0

#include "api/sender_setup.h"

#include <errno.h>

#include "api/common_config.h"
#include "stream/packet_size.h"
#include "stream/rate_stage.h"

// Longer ones are a mistake in the unit.
#define MAX_PACKET_LENGTH_NS 1000000000

static int find_by_format(struct audio_encoding *out, roc_context *context,
                          const struct audio_encoding *frames, struct api_error *error)
{
    struct audio_encoding encodings[CONTEXT_MAX_ENCODINGS];
    const size_t count = context_get_encodings(context, encodings);
    for (size_t i = 0; i < count; i++) {
        if (encodings[i].rate_hz != frames->rate_hz || encodings[i].channels != frames->channels)
            continue;
        *out = encodings[i];
        return 0;
    }
    return api_fail(error, -ENOENT,
                    "no packet encoding has %u Hz and %u channels; name one in packet_encoding, or "
                    "register one with roc_context_register_encoding",
                    frames->rate_hz, frames->channels);
}

static int find_encoding(struct sender_setup *setup, roc_context *context,
                         roc_packet_encoding wanted, struct api_error *error)
{
    struct audio_encoding *packets = &setup->session.encoding;
    if (wanted == 0)
        return find_by_format(packets, context, &setup->frames, error);
    if (context_find_encoding(context, (unsigned)wanted, packets) != 0)
        return api_fail(error, -ENOENT,
                        "packet_encoding %d is not registered on the context; use 10, 11, or "
                        "roc_context_register_encoding",
                        (int)wanted);
    if (!rate_stage_can(setup->frames.rate_hz, packets->rate_hz))
        return api_fail(error, -ENOTSUP,
                        "frames of %u Hz cannot go into packets of %u Hz; rates of 8000..192000 Hz "
                        "can be converted",
                        setup->frames.rate_hz, packets->rate_hz);
    return 0;
}

static int read_fec(enum fec_scheme *scheme, roc_fec_encoding encoding, struct api_error *error)
{
    switch (encoding) {
    case ROC_FEC_ENCODING_DISABLE:
        *scheme = FEC_NONE;
        return 0;
    case ROC_FEC_ENCODING_DEFAULT:
    case ROC_FEC_ENCODING_RS8M:
        *scheme = FEC_RS8M;
        return 0;
    case ROC_FEC_ENCODING_LDPC_STAIRCASE:
        *scheme = FEC_LDPC;
        return 0;
    }
    return api_fail(error, -EINVAL, "fec_encoding is %d, which roc/config.h does not list",
                    (int)encoding);
}

static int check_tuner(roc_latency_tuner_profile profile, struct api_error *error)
{
    if (profile == ROC_LATENCY_TUNER_PROFILE_DEFAULT || profile == ROC_LATENCY_TUNER_PROFILE_INTACT)
        return 0;
    return api_fail(error, -ENOTSUP,
                    "latency tuning on the sender is not supported; leave latency_tuner_profile at "
                    "its default");
}

int sender_setup_check_frame(const struct send_session_config *session, struct api_error *error)
{
    struct packet_size size;
    const struct packet_size_config config = {
        .encoding = session->encoding,
        // The longest, so that nothing but the frame can be what does not fit.
        .packet_length_ns = MAX_PACKET_LENGTH_NS,
        .fec = session->fec,
        .max_datagram_size =
            session->max_packet_size != 0 ? session->max_packet_size : PACKET_SIZE_IPV4,
    };
    if (packet_size_compute(&size, &config) == 0)
        return 0;
    return api_fail(error, -EINVAL,
                    "one sample of %u channels takes %llu bytes, which do not fit into a packet of "
                    "%zu bytes with its headers; use fewer channels, a format with fewer bits, or "
                    "a larger max_packet_size in roc_context_config",
                    session->encoding.channels,
                    (unsigned long long)audio_encoding_frame_size(&session->encoding),
                    config.max_datagram_size);
}

static void read_session(struct send_session_config *session, roc_context *context,
                         const roc_sender_config *config)
{
    // A length that no packet can have is refused when a session is made.
    const unsigned long long length_ns = config->packet_length;
    session->pool = context_get_pool(context);
    session->packet_length_ns = length_ns <= MAX_PACKET_LENGTH_NS ? (int64_t)length_ns : INT64_MAX;
    session->source_packets = config->fec_block_source_packets;
    session->repair_packets = config->fec_block_repair_packets;
    session->interleaving = config->packet_interleaving != 0;
    session->max_packet_size = context_get_send_limit(context);
}

int sender_setup_parse(struct sender_setup *out, roc_context *context,
                       const roc_sender_config *config, struct api_error *error)
{
    struct sender_setup setup = {
        .clock_source = config->clock_source,
        .resampler = resampler_profile_parse(config->resampler_profile),
    };
    const struct common_config common = {
        .frame_encoding = &config->frame_encoding,
        .clock_source = config->clock_source,
        .latency_tuner_backend = config->latency_tuner_backend,
        .latency_tuner_profile = config->latency_tuner_profile,
        .resampler_backend = config->resampler_backend,
        .resampler_profile = config->resampler_profile,
    };
    int code = common_config_parse(&setup.frames, &common, error);
    if (code == 0)
        code = check_tuner(config->latency_tuner_profile, error);
    if (code == 0)
        code = read_fec(&setup.session.fec, config->fec_encoding, error);
    if (code == 0)
        code = find_encoding(&setup, context, config->packet_encoding, error);
    if (code != 0)
        return code;
    read_session(&setup.session, context, config);
    code = sender_setup_check_frame(&setup.session, error);
    if (code != 0)
        return code;
    *out = setup;
    return 0;
}
