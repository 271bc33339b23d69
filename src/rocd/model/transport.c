// SPDX-License-Identifier: MPL-2.0
#include <string.h>

#include "model/field.h"
#include "model/stream.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const profile_names[] = {"lan", "wifi", "internet", "custom"};
static const char *const encoding_names[] = {"l16", "l24", "f32", "opus", "flac"};
static const char *const scheme_names[] = {"none", "rs8m", "ldpc"};
static const char *const encryption_names[] = {"none", "srtp"};

static const char *const field_names[] = {
    "profile",   "encoding", "bitrate",           "sample_rate",          "channels",
    "packet_ms", "fec",      "target_latency_ms", "latency_tolerance_ms", "encryption",
    NULL};
static const char *const fec_names[] = {"scheme", "source_packets", "repair_packets", NULL};

// A block must be complete, repair packets included, before its first packet is due: so each target
// latency leaves a block's length and the same again for the network.
static const struct transport profiles[] = {
    [PROFILE_LAN] = {.profile = PROFILE_LAN,
                     .packet_ms = 2.5,
                     .fec_scheme = TRANSPORT_FEC_RS8M,
                     .fec_source_packets = 10,
                     .fec_repair_packets = 5,
                     .target_latency_ms = 60},
    [PROFILE_WIFI] = {.profile = PROFILE_WIFI,
                      .packet_ms = 5,
                      .fec_scheme = TRANSPORT_FEC_RS8M,
                      .fec_source_packets = 18,
                      .fec_repair_packets = 10,
                      .target_latency_ms = 200},
    [PROFILE_INTERNET] = {.profile = PROFILE_INTERNET,
                          .packet_ms = 5,
                          .fec_scheme = TRANSPORT_FEC_RS8M,
                          .fec_source_packets = 20,
                          .fec_repair_packets = 12,
                          .target_latency_ms = 400},
    [PROFILE_CUSTOM] = {.profile = PROFILE_CUSTOM,
                        .packet_ms = 5,
                        .fec_scheme = TRANSPORT_FEC_RS8M,
                        .fec_source_packets = 18,
                        .fec_repair_packets = 10,
                        .target_latency_ms = 200},
};

// How many packets a block may have. With fewer than 7 repair packets of LDPC, deployed peers
// abort.
static const struct fec_limits {
    struct count_range source, repair;
    unsigned block;
} fec_limits[] = {
    [TRANSPORT_FEC_NONE] = {{0, 0, true}, {0, 0, true}, 0},
    [TRANSPORT_FEC_RS8M] = {{1, 254, false}, {1, 254, false}, 255},
    [TRANSPORT_FEC_LDPC] = {{1, 4089, false}, {7, 4095, false}, 4096},
};

// Reads the encoding, and refuses what the contract has and this version cannot do.
static int read_encoding(enum transport_encoding *out, const struct fields *fields)
{
    unsigned encoding = 0, encryption = 0, bitrate = 0;
    double tolerance_ms = 0;
    if (field_enum(fields, "encoding", &encoding, encoding_names, COUNT(encoding_names)) != 0 ||
        field_enum(fields, "encryption", &encryption, encryption_names, COUNT(encryption_names)) !=
            0 ||
        field_count(fields, "bitrate", &bitrate, (struct count_range){1, 10000000, false}) != 0 ||
        field_number(fields, "latency_tolerance_ms", &tolerance_ms, 0, 60000) != 0)
        return -1;
    if (encoding > TRANSPORT_F32)
        return field_fail(fields, ERROR_UNSATISFIABLE, "encoding",
                          "This version can send l16, l24 and f32, not %s.",
                          encoding_names[encoding]);
    if (encryption != 0)
        return field_fail(fields, ERROR_UNSATISFIABLE, "encryption",
                          "This version cannot encrypt media; encryption must be none.");
    if (field_get(fields, "bitrate") != NULL)
        return field_fail(fields, ERROR_UNSATISFIABLE, "bitrate",
                          "%s has no bitrate to choose; leave it out.", encoding_names[encoding]);
    if (field_get(fields, "latency_tolerance_ms") != NULL)
        return field_fail(fields, ERROR_UNSATISFIABLE, "latency_tolerance_ms",
                          "This version holds the target latency without a tolerance to choose; "
                          "leave it out.");
    *out = (enum transport_encoding)encoding;
    return 0;
}

static int read_fec(struct transport *transport, const struct fields *parent)
{
    struct fields fields = {field_get(parent, "fec"), "fec.", parent->error};
    unsigned scheme = transport->fec_scheme;
    if (fields.object == NULL)
        return 0;
    if (fields_check_object(&fields, "fec") != 0 || fields_check_names(&fields, fec_names) != 0 ||
        field_enum(&fields, "scheme", &scheme, scheme_names, COUNT(scheme_names)) != 0)
        return -1;
    transport_set_fec(transport, (enum transport_fec)scheme);
    const struct fec_limits *limits = &fec_limits[scheme];
    if (field_count(&fields, "source_packets", &transport->fec_source_packets, limits->source) !=
            0 ||
        field_count(&fields, "repair_packets", &transport->fec_repair_packets, limits->repair) != 0)
        return -1;
    if (transport->fec_source_packets + transport->fec_repair_packets > limits->block)
        return field_fail(&fields, ERROR_INVALID_ARGS, "source_packets",
                          "A block of %u + %u packets is too long; %s allows %u together.",
                          transport->fec_source_packets, transport->fec_repair_packets,
                          scheme_names[scheme], limits->block);
    return 0;
}

int transport_check(const struct transport *transport, struct api_error *error)
{
    double block_ms = transport->fec_source_packets * transport->packet_ms;
    if (transport->target_latency_ms >= block_ms + transport->packet_ms)
        return 0;
    if (transport->fec_scheme == TRANSPORT_FEC_NONE)
        return error_set(error, ERROR_INVALID_ARGS, "target_latency_ms",
                         "target_latency_ms is %g; with packets of %g ms it must be at least %g.",
                         transport->target_latency_ms, transport->packet_ms, transport->packet_ms);
    return error_set(error, ERROR_INVALID_ARGS, "target_latency_ms",
                     "target_latency_ms is %g, but a block of %u packets of %g ms takes %g ms "
                     "before anything can be repaired: allow at least %g, or choose a shorter "
                     "block.",
                     transport->target_latency_ms, transport->fec_source_packets,
                     transport->packet_ms, block_ms, block_ms + transport->packet_ms);
}

static int parse(struct transport *out, const json_t *body, enum parse_mode mode,
                 struct api_error *error)
{
    struct fields fields = {body, "", error};
    unsigned profile = PROFILE_WIFI;
    if (fields_check_object(&fields, "transport") != 0 ||
        (mode != PARSE_STORED && fields_check_names(&fields, field_names) != 0) ||
        field_enum(&fields, "profile", &profile, profile_names, COUNT(profile_names)) != 0)
        return -1;
    struct transport transport = profiles[profile];
    if (read_encoding(&transport.encoding, &fields) != 0 ||
        field_count(&fields, "sample_rate", &transport.sample_rate,
                    (struct count_range){8000, 192000, true}) != 0 ||
        field_count(&fields, "channels", &transport.channels,
                    (struct count_range){1, ENDPOINT_MAX_CHANNELS, true}) != 0 ||
        field_number(&fields, "packet_ms", &transport.packet_ms, 0.5, 60) != 0 ||
        field_number(&fields, "target_latency_ms", &transport.target_latency_ms, 1, 60000) != 0 ||
        read_fec(&transport, &fields) != 0 || transport_check(&transport, error) != 0)
        return -1;
    *out = transport;
    return 0;
}

// What the patch makes meaningless: another profile or scheme brings its own numbers, unless the
// patch gives them. `custom` is the profile for keeping the numbers that are there.
static json_t *write_patchable(const struct transport *transport, const json_t *patch)
{
    const char *profile = json_string_value(json_object_get(patch, "profile"));
    const json_t *fec = json_object_get(patch, "fec");
    const char *scheme = json_string_value(json_object_get(fec, "scheme"));
    json_t *shown = transport_write(transport);
    if (profile != NULL && strcmp(profile, profile_names[transport->profile]) != 0 &&
        strcmp(profile, profile_names[PROFILE_CUSTOM]) != 0) {
        json_object_del(shown, "packet_ms");
        json_object_del(shown, "fec");
        json_object_del(shown, "target_latency_ms");
    }
    if (scheme != NULL && strcmp(scheme, scheme_names[transport->fec_scheme]) != 0)
        json_object_del(shown, "fec");
    return shown;
}

int transport_parse(struct transport *transport, const json_t *body, enum parse_mode mode,
                    struct api_error *error)
{
    if (body == NULL || json_is_null(body)) {
        if (mode != PARSE_MERGE || body != NULL)
            *transport = profiles[PROFILE_WIFI];
        return 0;
    }
    if (mode != PARSE_MERGE || !json_is_object(body))
        return parse(transport, body, mode, error);
    json_t *shown = write_patchable(transport, body);
    json_t *merged = shown != NULL ? json_merge_patch(shown, body) : NULL;
    int result = merged != NULL ? parse(transport, merged, mode, error)
                                : error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    json_decref(shown);
    json_decref(merged);
    return result;
}

json_t *transport_write(const struct transport *transport)
{
    return json_pack(
        "{s:s, s:s, s:n, s:i, s:i, s:f, s:{s:s, s:i, s:i}, s:f, s:n, s:s}", "profile",
        profile_names[transport->profile], "encoding", encoding_names[transport->encoding],
        "bitrate", "sample_rate", (int)transport->sample_rate, "channels", (int)transport->channels,
        "packet_ms", transport->packet_ms, "fec", "scheme", scheme_names[transport->fec_scheme],
        "source_packets", (int)transport->fec_source_packets, "repair_packets",
        (int)transport->fec_repair_packets, "target_latency_ms", transport->target_latency_ms,
        "latency_tolerance_ms", "encryption", encryption_names[0]);
}

void transport_set_fec(struct transport *transport, enum transport_fec scheme)
{
    if (transport->fec_scheme == scheme)
        return;
    transport->fec_scheme = scheme;
    bool is_on = scheme != TRANSPORT_FEC_NONE;
    transport->fec_source_packets = is_on ? profiles[transport->profile].fec_source_packets : 0;
    transport->fec_repair_packets = is_on ? profiles[transport->profile].fec_repair_packets : 0;
    if (transport->fec_repair_packets < fec_limits[scheme].repair.min)
        transport->fec_repair_packets = fec_limits[scheme].repair.min;
}

bool transport_is_equal(const struct transport *a, const struct transport *b)
{
    return a->encoding == b->encoding && a->sample_rate == b->sample_rate &&
           a->channels == b->channels && a->packet_ms == b->packet_ms &&
           a->fec_scheme == b->fec_scheme && a->fec_source_packets == b->fec_source_packets &&
           a->fec_repair_packets == b->fec_repair_packets &&
           a->target_latency_ms == b->target_latency_ms;
}
