// SPDX-License-Identifier: MPL-2.0

#include "api/transceiver_port.h"

#include <errno.h>
#include <string.h>

#include "api/context.h"
#include "api/encoding_ext.h"
#include "api/sender_setup.h"
#include "net/address.h"
#include "stream/rate_stage.h"

// Longer ones are a mistake in the unit.
#define MAX_PACKET_LENGTH_NS  1000000000ull
#define MAX_TARGET_LATENCY_NS 60000000000ull

#define MAX_PAYLOAD_TYPE           127
#define FIRST_DYNAMIC_PAYLOAD_TYPE 96 // RFC 3551 section 3

static int open_device(struct transceiver_port *port, const roc_port_config *config,
                       enum device_kind kind, struct port_config *node)
{
    enum pcm_format format = PCM_L16;
    if (config->format != 0 && packet_format_parse(&format, config->format) != 0)
        return transceiver_fail(-EINVAL, "there is no format %d", (int)config->format);
    const struct device_config device = {
        .kind = kind,
        .format = format,
        .path = config->path,
        .loop = config->loop != 0,
        .frequency_hz = config->frequency,
        .level_db = config->level_db,
        .rate_hz = config->rate,
        .channels = config->channels,
    };
    char error[DEVICE_ERROR_SIZE];
    const int code = device_open(&port->device, &device, error);
    if (code != 0)
        return transceiver_fail(code, "%s", error);
    *node = port_of_device(port->device);
    return 0;
}

static uint8_t choose_payload_type(const struct audio_encoding *encoding)
{
    if (encoding->format == PCM_L16 && encoding->rate_hz == 44100 && encoding->channels <= 2)
        return encoding->channels == 1 ? ROC_PACKET_ENCODING_AVP_L16_MONO
                                       : ROC_PACKET_ENCODING_AVP_L16_STEREO;
    return FIRST_DYNAMIC_PAYLOAD_TYPE;
}

// What a port with a format of its own sends or receives.
static int make_encoding(const roc_port_config *config, struct audio_encoding *encoding)
{
    struct audio_encoding made = {
        .payload_type = (uint8_t)config->payload_type,
        .rate_hz = config->rate != 0 ? config->rate : 44100,
        .channels = config->channels != 0 ? config->channels : 2,
    };
    if (packet_format_parse(&made.format, config->format) != 0)
        return transceiver_fail(-EINVAL, "there is no packet format %d", (int)config->format);
    if (made.rate_hz > AUDIO_MAX_RATE_HZ || made.channels > AUDIO_MAX_CHANNELS)
        return transceiver_fail(-EINVAL,
                                "a port of %u Hz with %u channels is out of range; use at most %d "
                                "Hz and %d channels",
                                made.rate_hz, made.channels, AUDIO_MAX_RATE_HZ, AUDIO_MAX_CHANNELS);
    if (config->payload_type > MAX_PAYLOAD_TYPE)
        return transceiver_fail(-EINVAL, "payload type %u is out of range; use 1..%d, or 0",
                                config->payload_type, MAX_PAYLOAD_TYPE);
    if (config->payload_type == 0)
        made.payload_type = choose_payload_type(&made);
    *encoding = made;
    return 0;
}

// What the packets of a network port are.
static int find_encoding(roc_transceiver *transceiver, const roc_port_config *config,
                         struct audio_encoding *encoding)
{
    const unsigned rate_hz = config->rate;
    const unsigned channels = config->channels;
    unsigned payload_type = config->payload_type;
    if (config->format != 0)
        return make_encoding(config, encoding);
    if (payload_type == 0)
        payload_type =
            channels == 1 ? ROC_PACKET_ENCODING_AVP_L16_MONO : ROC_PACKET_ENCODING_AVP_L16_STEREO;
    if (context_find_encoding(transceiver->context, payload_type, encoding) != 0)
        return transceiver_fail(
            -EINVAL,
            "payload type %u is unknown; use 10 or 11, or register its encoding "
            "on the context",
            payload_type);
    if ((rate_hz == 0 || rate_hz == encoding->rate_hz) &&
        (channels == 0 || channels == encoding->channels))
        return 0;
    return transceiver_fail(
        -ENOTSUP,
        "payload type %u is %u Hz with %u channels, which does not fit a port of "
        "%u Hz with %u channels; register an encoding for that and name it",
        payload_type, encoding->rate_hz, encoding->channels, rate_hz ? rate_hz : encoding->rate_hz,
        channels ? channels : encoding->channels);
}

static void drop_packet(struct packet *packet, void *arg)
{
    packet_unref(packet);
}

// A sender makes its sessions when it is connected; what is wrong with them is better said now.
static int try_session(const struct send_session_config *config)
{
    struct send_session_config probe = *config;
    probe.output = drop_packet;
    struct send_session *session = NULL;
    const int code = send_session_create(&session, &probe);
    if (code == 0)
        send_session_destroy(session);
    return code;
}

static int read_fec(enum fec_scheme *scheme, roc_port_fec fec)
{
    switch (fec) {
    case ROC_PORT_FEC_DISABLE:
        *scheme = FEC_NONE;
        return 0;
    case ROC_PORT_FEC_RS8M:
        *scheme = FEC_RS8M;
        return 0;
    case ROC_PORT_FEC_LDPC:
        *scheme = FEC_LDPC;
        return 0;
    }
    return -EINVAL;
}

static int check_sender(const roc_port_config *config, enum fec_scheme *scheme)
{
    if (read_fec(scheme, config->fec) != 0)
        return transceiver_fail(-EINVAL, "there is no FEC scheme %d", (int)config->fec);
    if (config->packet_length > MAX_PACKET_LENGTH_NS)
        return transceiver_fail(-EINVAL,
                                "packets of %llu ns are too long; use at most a second, or 0 for "
                                "5 ms",
                                config->packet_length);
    return 0;
}

static int open_sender(roc_transceiver *transceiver, struct transceiver_port *port,
                       const roc_port_config *config, struct port_config *node)
{
    struct sender_config sender = {.network = transceiver->network};
    struct send_session_config *session = &sender.session;
    int code = check_sender(config, &session->fec);
    if (code == 0)
        code = find_encoding(transceiver, config, &session->encoding);
    if (code != 0)
        return code;
    session->pool = transceiver->pool;
    session->packet_length_ns = (int64_t)config->packet_length;
    session->source_packets = config->fec_source_packets;
    session->repair_packets = config->fec_repair_packets;
    session->max_packet_size = context_get_send_limit(transceiver->context);
    struct api_error error;
    if (sender_setup_check_frame(session, &error) != 0)
        return transceiver_fail(-EINVAL, "%s", error.text);
    code = try_session(session);
    if (code == -EINVAL || code == -ENOTSUP)
        return transceiver_fail(
            code,
            "cannot send packets of %llu ns in blocks of %u + %u: a packet must hold a sample, and "
            "a block at least one packet of sound, with rs8m at most 255 packets, with ldpc at "
            "most 4096 and at least 7 for repair",
            config->packet_length, config->fec_source_packets, config->fec_repair_packets);
    if (code == 0)
        code = sender_create(&port->sender, &sender);
    if (code != 0)
        return transceiver_fail(code, "cannot make a sender: %s", strerrordesc_np(-code));
    port->scheme = session->fec;
    *node = port_of_sender(port->sender, session->encoding.rate_hz, session->encoding.channels);
    return 0;
}

// The encoding of the port first, then all others that its rate allows to be mixed in.
static void list_encodings(roc_transceiver *transceiver, struct receiver_config *config,
                           const struct audio_encoding *first)
{
    struct audio_encoding encodings[CONTEXT_MAX_ENCODINGS];
    const size_t count = context_get_encodings(transceiver->context, encodings);
    config->encodings[config->encoding_count++] = *first;
    for (size_t i = 0; i < count; i++)
        if (encodings[i].payload_type != first->payload_type &&
            rate_stage_can(encodings[i].rate_hz, first->rate_hz))
            config->encodings[config->encoding_count++] = encodings[i];
}

static int read_latency(struct receive_session_config *session, const roc_port_config *config)
{
    if (config->target_latency > MAX_TARGET_LATENCY_NS)
        return transceiver_fail(-EINVAL,
                                "a target latency of %llu ns is too long; use at most a minute, or "
                                "0 for 200 ms",
                                config->target_latency);
    if (config->max_target_latency > MAX_TARGET_LATENCY_NS ||
        config->max_target_latency < config->min_target_latency)
        return transceiver_fail(-EINVAL,
                                "a latency between %llu and %llu ns makes no sense; use at most a "
                                "minute, and a maximum that is no less than the minimum",
                                config->min_target_latency, config->max_target_latency);
    if ((unsigned)config->latency_tuner_profile > ROC_LATENCY_TUNER_PROFILE_GRADUAL)
        return transceiver_fail(-EINVAL, "there is no latency tuner profile %d",
                                (int)config->latency_tuner_profile);
    if (config->max_target_latency > 0 &&
        config->latency_tuner_profile == ROC_LATENCY_TUNER_PROFILE_INTACT)
        return transceiver_fail(-EINVAL,
                                "an adaptive latency needs a speed that changes; use another "
                                "profile than intact, or a max_target_latency of 0");
    session->target_latency_ns = (int64_t)config->target_latency;
    session->min_target_latency_ns = (int64_t)config->min_target_latency;
    session->max_target_latency_ns = (int64_t)config->max_target_latency;
    // The constants of both have the same numbers.
    session->latency_profile = (enum latency_profile)config->latency_tuner_profile;
    return 0;
}

static int open_receiver(roc_transceiver *transceiver, struct transceiver_port *port,
                         const roc_port_config *config, struct port_config *node)
{
    struct receiver_config receiver = {.network = transceiver->network, .pool = transceiver->pool};
    struct audio_encoding encoding = {0};
    int code = find_encoding(transceiver, config, &encoding);
    if (code != 0)
        return code;
    list_encodings(transceiver, &receiver, &encoding);
    code = read_latency(&receiver.session, config);
    if (code != 0)
        return code;
    code = receiver_create(&port->receiver, &receiver);
    if (code != 0)
        return transceiver_fail(code, "cannot make a receiver with a target latency of %llu ns: %s",
                                config->target_latency, strerrordesc_np(-code));
    port->target_latency_ns = config->target_latency != 0       ? config->target_latency
                              : config->max_target_latency != 0 ? 60000000
                                                                : 200000000;
    *node = port_of_receiver(port->receiver, encoding.rate_hz, encoding.channels);
    return 0;
}

static int open_any(roc_transceiver *transceiver, struct transceiver_port *port,
                    const roc_port_config *config, struct port_config *node)
{
    switch (config->kind) {
    case ROC_PORT_FILE_PLAYER:
        return open_device(port, config, DEVICE_FILE_PLAYER, node);
    case ROC_PORT_FILE_RECORDER:
        return open_device(port, config, DEVICE_FILE_RECORDER, node);
    case ROC_PORT_TONE:
        return open_device(port, config, DEVICE_TONE, node);
    case ROC_PORT_NULL_SOURCE:
        return open_device(port, config, DEVICE_NULL_SOURCE, node);
    case ROC_PORT_NULL_SINK:
        return open_device(port, config, DEVICE_NULL_SINK, node);
    case ROC_PORT_NET_SENDER:
        return open_sender(transceiver, port, config, node);
    case ROC_PORT_NET_RECEIVER:
        return open_receiver(transceiver, port, config, node);
    }
    return transceiver_fail(-EINVAL, "there is no port of kind %d", (int)config->kind);
}

static int parse_local(struct transceiver_port *port, const roc_port_config *config)
{
    const char *text = config->local_address;
    if (text == NULL || text[0] == '\0' || net_address_parse(&port->local, text, 0) == 0)
        return 0;
    return transceiver_fail(-EINVAL,
                            "local_address '%s' is no literal IP address; use e.g. 192.168.0.2 or "
                            "fe80::1",
                            text);
}

int transceiver_port_init(roc_transceiver *transceiver, struct transceiver_port *port,
                          const roc_port_config *config, struct port_config *node)
{
    port->kind = config->kind;
    int code = parse_local(port, config);
    if (code == 0)
        code = open_any(transceiver, port, config, node);
    if (code != 0)
        return code;
    port->rate_hz = node->rate_hz;
    port->channels = node->channels;
    return 0;
}
