// SPDX-License-Identifier: MPL-2.0
#include "api/schemas.h"

#include <string.h>

#define RO  PROPERTY_READ_ONLY
#define REQ PROPERTY_REQUIRED
#define NUL PROPERTY_NULLABLE

static const struct property error_properties[] = {
    {"error_code", PROPERTY_ENUM, REQ,
     "invalid_args unauthorized forbidden not_found method_not_allowed conflict "
     "precondition_failed too_large unsupported_media_type unsatisfiable internal peer_error "
     "unavailable peer_timeout",
     "What went wrong, for programs", 0, 0},
    {"error_text", PROPERTY_STRING, REQ, NULL, "What went wrong and what to do, for people", 0, 0},
    {"field", PROPERTY_STRING, 0, NULL, "The field to blame, where one is", 0, 0},
    {"peer_uid", PROPERTY_UID, 0, NULL, "The peer that refused, where it was another one", 0, 0},
};

static const struct property reason_properties[] = {
    {"code", PROPERTY_STRING, REQ, NULL, "Why, for programs", 0, 0},
    {"text", PROPERTY_STRING, REQ, NULL, "Why, for people", 0, 0},
};

static const struct property address_properties[] = {
    {"address", PROPERTY_STRING, REQ, NULL, "HOST:PORT of its P2P door", 0, 0},
};

static const struct property peer_properties[] = {
    {"peer_uri", PROPERTY_STRING, REQ | RO, NULL, "Its path in this API", 0, 0},
    {"peer_uid", PROPERTY_UID, REQ | RO, NULL, "Permanent", 0, 0},
    {"display_name", PROPERTY_STRING, 0, NULL, "For people", 0, 0},
    {"host_name", PROPERTY_STRING, RO, NULL, "The machine it runs on", 0, 0},
    {"addresses", PROPERTY_STRING_LIST, RO, NULL, "HOST:PORT, where it was or can be reached", 0,
     0},
    {"is_self", PROPERTY_BOOLEAN, RO, NULL, "Whether it is the peer that answers", 0, 0},
    {"state", PROPERTY_ENUM, RO, "self connecting online offline", "As seen from here", 0, 0},
    {"reason", PROPERTY_OBJECT, RO | NUL, "ReasonSpec", "Why it is in this state", 0, 0},
    {"trust", PROPERTY_ENUM, 0, "none viewer operator admin", "What that peer may do here", 0, 0},
    {"roles", PROPERTY_ENUM_LIST, RO, "server hub", "What it does for other peers", 0, 0},
    {"version", PROPERTY_STRING, RO, NULL, "Of its software", 0, 0},
    {"rtt_ms", PROPERTY_NUMBER, RO | NUL, NULL, "Round-trip time of signaling", 0, 0},
    {"last_seen", PROPERTY_TIME, RO | NUL, NULL, "When it was last heard", 0, 0},
    {"fingerprint", PROPERTY_STRING, RO, NULL, "Of its key, for people to compare", 0, 0},
};

static const struct property virtual_properties[] = {
    {"kind", PROPERTY_ENUM, REQ,
     "speaker microphone bus file_player file_recorder tone null_source null_sink",
     "What it is; fixed when it is created", 0, 0},
    {"path", PROPERTY_STRING, 0, NULL,
     "file_player, file_recorder: the file, relative to the media folder", 0, 0},
    {"loop", PROPERTY_BOOLEAN, 0, NULL, "file_player: begins again at the end", 0, 0},
    {"frequency_hz", PROPERTY_NUMBER, 0, NULL, "tone", 1, 20000},
    {"level_db", PROPERTY_NUMBER, 0, NULL, "tone: peak level below full scale", -120, 0},
    {"position_frames", PROPERTY_INTEGER, RO, NULL, "Played or recorded so far", 0, 0},
    {"length_frames", PROPERTY_INTEGER, RO, NULL, "file_player: of the whole file", 0, 0},
    {"finished", PROPERTY_BOOLEAN, RO, NULL, "file_player: came to the end of its file", 0, 0},
    {"file", PROPERTY_STRING, RO, NULL, "file_recorder: what it writes now", 0, 0},
};

static const struct property endpoint_properties[] = {
    {"endpoint_uri", PROPERTY_STRING, REQ | RO, NULL, "Its path in this API", 0, 0},
    {"endpoint_uid", PROPERTY_UID, REQ | RO, NULL, "Permanent", 0, 0},
    {"endpoint_type", PROPERTY_ENUM, REQ | RO, "system_device streaming_device",
     "Whether the machine has it or this daemon made it", 0, 0},
    {"stream_direction", PROPERTY_ENUM, REQ | RO, "input output duplex",
     "input: sound comes out of it into streams; output: sound goes into it", 0, 0},
    {"driver", PROPERTY_ENUM, REQ | RO, "unspecified pipewire pulseaudio alsa file tone null",
     "What moves its sound", 0, 0},
    {"display_name", PROPERTY_STRING, 0, NULL, "For people", 0, 0},
    {"system_name", PROPERTY_STRING, REQ | RO, NULL, "As the system calls it", 0, 0},
    {"state", PROPERTY_ENUM, RO, "available unavailable in_use failed", NULL, 0, 0},
    {"reason", PROPERTY_OBJECT, RO | NUL, "ReasonSpec", "Why it is in this state", 0, 0},
    {"sample_rate", PROPERTY_INTEGER, 0, NULL, "Hz; 0: follows the file or the stream", 0, 192000},
    {"channels", PROPERTY_INTEGER, 0, NULL, "0: follows the file or the stream", 0, 32},
    {"volume", PROPERTY_NUMBER, 0, NULL, NULL, 0, 1},
    {"muted", PROPERTY_BOOLEAN, 0, NULL, NULL, 0, 0},
    {"is_default", PROPERTY_BOOLEAN, 0, NULL, "The device that applications get unasked", 0, 0},
    {"delay_ms", PROPERTY_NUMBER, 0, NULL, "Trim, to align devices", -10000, 10000},
    {"virtual", PROPERTY_OBJECT, 0, "VirtualSpec", "Of virtual and file devices", 0, 0},
};

static const struct property endpoint_connection_properties[] = {
    {"connection_type", PROPERTY_ENUM, REQ, "endpoint", NULL, 0, 0},
    {"endpoint_uri", PROPERTY_STRING, REQ, NULL,
     "/peers/UID/endpoints/UID; the peer may be `self` in requests", 0, 0},
};

static const struct property external_connection_properties[] = {
    {"connection_type", PROPERTY_ENUM, REQ, "external", NULL, 0, 0},
    {"media_uri", PROPERTY_STRING, REQ, NULL, "rtp://, rtp+rs8m:// or rtp+ldpc://", 0, 0},
    {"repair_uri", PROPERTY_STRING, REQ, NULL, "rs8m:// or ldpc://, or empty for none", 0, 0},
    {"control_uri", PROPERTY_STRING, REQ, NULL, "rtcp://, or empty for none", 0, 0},
};

static const struct property fec_properties[] = {
    {"scheme", PROPERTY_ENUM, 0, "none rs8m ldpc", NULL, 0, 0},
    {"source_packets", PROPERTY_INTEGER, 0, NULL,
     "Of a block; 0 without FEC; source and repair at most 255 with rs8m, 4096 with ldpc", 0, 4089},
    {"repair_packets", PROPERTY_INTEGER, 0, NULL,
     "That many of a block may be lost; ldpc needs at least 7 and one or two to spare", 0, 4095},
};

static const struct property transport_properties[] = {
    {"profile", PROPERTY_ENUM, 0, "lan wifi internet custom", "Sets what is not given", 0, 0},
    {"encoding", PROPERTY_ENUM, 0, "l16 l24 f32 opus flac", "opus and flac are not there yet", 0,
     0},
    {"bitrate", PROPERTY_INTEGER, NUL, NULL, "Of compressed encodings", 1, 10000000},
    {"sample_rate", PROPERTY_INTEGER, 0, NULL, "Hz; 0: that of the source", 0, 192000},
    {"channels", PROPERTY_INTEGER, 0, NULL, "0: those of the source", 0, 32},
    {"packet_ms", PROPERTY_NUMBER, 0, NULL, "Length of a packet", 0.5, 60},
    {"fec", PROPERTY_OBJECT, 0, "FecSpec", "Repair of lost packets", 0, 0},
    {"target_latency_ms", PROPERTY_NUMBER, 0, NULL, "From source to destination", 1, 60000},
    {"latency_tolerance_ms", PROPERTY_NUMBER, NUL, NULL, "Not there yet", 0, 60000},
    {"encryption", PROPERTY_ENUM, 0, "none srtp", "srtp is not there yet", 0, 0},
};

static const struct property stream_properties[] = {
    {"stream_uri", PROPERTY_STRING, REQ | RO, NULL, "Its path in this API", 0, 0},
    {"stream_uid", PROPERTY_UID, REQ | RO, NULL, "Permanent", 0, 0},
    {"source", PROPERTY_OBJECT, REQ, "ConnectionSpec", "Where sound comes from", 0, 0},
    {"destination", PROPERTY_OBJECT, REQ, "ConnectionSpec", "Where sound goes", 0, 0},
    {"display_name", PROPERTY_STRING, 0, NULL, "For people", 0, 0},
    {"enabled", PROPERTY_BOOLEAN, 0, NULL, "Whether it is meant to play", 0, 0},
    {"volume", PROPERTY_NUMBER, 0, NULL, NULL, 0, 1},
    {"muted", PROPERTY_BOOLEAN, 0, NULL, NULL, 0, 0},
    {"transport", PROPERTY_OBJECT, 0, "TransportSpec", "How sound crosses the network", 0, 0},
    {"state", PROPERTY_ENUM, RO, "idle connecting active degraded failed", NULL, 0, 0},
    {"reason", PROPERTY_OBJECT, RO | NUL, "ReasonSpec", "Why it is in this state", 0, 0},
    {"owner_uri", PROPERTY_STRING, RO, NULL, "The peer that keeps and runs it", 0, 0},
    {"created_at", PROPERTY_TIME, RO, NULL, NULL, 0, 0},
};

static const struct property half_metrics_properties[] = {
    {"packets_sent", PROPERTY_INTEGER, RO, NULL, "Sender", 0, 0},
    {"repair_packets_sent", PROPERTY_INTEGER, RO, NULL, "Sender", 0, 0},
    {"bytes_sent", PROPERTY_INTEGER, RO, NULL, "Sender", 0, 0},
    {"packets_received", PROPERTY_INTEGER, RO, NULL, "Receiver", 0, 0},
    {"repair_packets_received", PROPERTY_INTEGER, RO, NULL, "Receiver", 0, 0},
    {"bytes_received", PROPERTY_INTEGER, RO, NULL, "Receiver", 0, 0},
    {"packets_expected", PROPERTY_INTEGER, RO, NULL, "Receiver", 0, 0},
    {"packets_lost", PROPERTY_INTEGER, RO, NULL, "Receiver: on the way, before repair", 0, 0},
    {"packets_recovered", PROPERTY_INTEGER, RO, NULL, "Receiver: by repair packets", 0, 0},
    {"packets_late", PROPERTY_INTEGER, RO, NULL, "Receiver: came after their time", 0, 0},
    {"packets_duplicate", PROPERTY_INTEGER, RO, NULL, "Receiver", 0, 0},
    {"packets_rejected", PROPERTY_INTEGER, RO, NULL, "Receiver: foreign or malformed", 0, 0},
    {"frames", PROPERTY_INTEGER, RO, NULL, "Samples of each channel", 0, 0},
    {"frames_concealed", PROPERTY_INTEGER, RO, NULL, "Receiver: made up for lost ones", 0, 0},
    {"frames_dropped", PROPERTY_INTEGER, RO, NULL, NULL, 0, 0},
    {"sessions", PROPERTY_INTEGER, RO, NULL, "Receiver: senders heard now", 0, 0},
    {"restarts", PROPERTY_INTEGER, RO, NULL, NULL, 0, 0},
    {"queue_latency_ms", PROPERTY_NUMBER, RO | NUL, NULL, "Receiver: sound that waits", 0, 0},
    {"target_latency_ms", PROPERTY_NUMBER, RO | NUL, NULL, "Receiver", 0, 0},
    {"jitter_ms", PROPERTY_NUMBER, RO | NUL, NULL, "Receiver: as RFC 3550 defines it", 0, 0},
    {"rtt_ms", PROPERTY_NUMBER, RO | NUL, NULL, "Round trip of reports; null: not known", 0, 0},
    {"e2e_latency_ms", PROPERTY_NUMBER, RO | NUL, NULL, "Capture to playback; null: not known", 0,
     0},
    {"remote_packets_lost", PROPERTY_INTEGER, RO, NULL, "Sender: as the receiver reports", 0, 0},
    {"remote_loss", PROPERTY_NUMBER, RO | NUL, NULL, "Sender: share lost lately, 0 to 1", 0, 0},
    {"level_db", PROPERTY_NUMBER, RO | NUL, NULL, "Peak since the last question", 0, 0},
};

static const struct property stream_metrics_properties[] = {
    {"stream_uri", PROPERTY_STRING, REQ, NULL, NULL, 0, 0},
    {"sender", PROPERTY_OBJECT, NUL, "HalfMetricsSpec", "null: not known", 0, 0},
    {"receiver", PROPERTY_OBJECT, NUL, "HalfMetricsSpec", "null: not known", 0, 0},
    {"reason", PROPERTY_OBJECT, NUL, "ReasonSpec", "Why a half is not known", 0, 0},
};

static const struct property health_properties[] = {
    {"status", PROPERTY_ENUM, REQ, "ok", NULL, 0, 0},
    {"peer_uid", PROPERTY_UID, REQ, NULL, "Of the peer that answers", 0, 0},
    {"version", PROPERTY_STRING, REQ, NULL, NULL, 0, 0},
};

#define OBJECT(name, description, properties)                                             \
    {                                                                                     \
        name, description, properties, sizeof(properties) / sizeof((properties)[0]), NULL \
    }

static const struct schema schemas[] = {
    OBJECT("ErrorSpec", "Why a request was not carried out. It changed nothing.", error_properties),
    OBJECT("ReasonSpec", "Why something is as it is.", reason_properties),
    OBJECT("PeerAddressSpec", "Where to look for a peer.", address_properties),
    OBJECT("PeerSpec", "A peer as this one sees it.", peer_properties),
    OBJECT("VirtualSpec", "A device that the daemon makes.", virtual_properties),
    OBJECT("EndpointSpec", "An audio device of a peer.", endpoint_properties),
    OBJECT("EndpointConnection", "One side of a stream: a device inside the network.",
           endpoint_connection_properties),
    OBJECT("ExternalConnection", "One side of a stream: an address outside the network.",
           external_connection_properties),
    {"ConnectionSpec", "One side of a stream.", NULL, 0, "EndpointConnection ExternalConnection"},
    OBJECT("FecSpec", "Forward error correction.", fec_properties),
    OBJECT("TransportSpec", "How sound crosses the network.", transport_properties),
    OBJECT("StreamSpec", "Sound from a source to a destination.", stream_properties),
    OBJECT("HalfMetricsSpec", "Numbers of one half; what does not apply to it is absent.",
           half_metrics_properties),
    OBJECT("StreamMetricsSpec", "Numbers of both halves of a stream.", stream_metrics_properties),
    OBJECT("HealthSpec", "The daemon works.", health_properties),
    {"OpenApiDocument", "An OpenAPI 3.1 document.", NULL, 0, NULL},
};

#define SCHEMA_COUNT (sizeof(schemas) / sizeof(schemas[0]))

const struct schema *schemas_get(size_t *count)
{
    *count = SCHEMA_COUNT;
    return schemas;
}

const struct schema *schemas_find(const char *name)
{
    for (size_t i = 0; i < SCHEMA_COUNT; i++) {
        if (strcmp(schemas[i].name, name) == 0)
            return &schemas[i];
    }
    return NULL;
}
