// SPDX-License-Identifier: MPL-2.0
//
// A stream: sound from a source to a destination, as desired and as it is. Thread: any.

#ifndef ROCD_MODEL_STREAM_H
#define ROCD_MODEL_STREAM_H

#include "model/endpoint.h"

enum connection_type { CONNECTION_ENDPOINT, CONNECTION_EXTERNAL };

#define MEDIA_URI_SIZE 128

// Where packets go or come from; "" = none.
struct media_address {
    char media_uri[MEDIA_URI_SIZE];
    char repair_uri[MEDIA_URI_SIZE];
    char control_uri[MEDIA_URI_SIZE];
};

struct connection {
    enum connection_type type;
    struct resource_uri endpoint;  // CONNECTION_ENDPOINT
    struct media_address external; // CONNECTION_EXTERNAL
};

enum transport_profile { PROFILE_LAN, PROFILE_WIFI, PROFILE_INTERNET, PROFILE_CUSTOM };
enum transport_fec { TRANSPORT_FEC_NONE, TRANSPORT_FEC_RS8M };

// What is here works; the other fields and values of the contract are refused as `unsatisfiable`.
struct transport {
    enum transport_profile profile;                  // default wifi; sets what follows unless given
    unsigned sample_rate, channels;                  // 0 = the source's
    double packet_ms;                                // default 5
    enum transport_fec fec_scheme;                   // default rs8m
    unsigned fec_source_packets, fec_repair_packets; // default 18 + 10
    double target_latency_ms;                        // default 200
};

enum stream_state { STREAM_IDLE, STREAM_CONNECTING, STREAM_ACTIVE, STREAM_DEGRADED, STREAM_FAILED };

struct stream {
    char uid[UID_SIZE];
    char display_name[128];
    struct connection source, destination;
    bool enabled;
    double volume;
    bool muted;
    struct transport transport;
    char owner_uid[UID_SIZE];
    char created_at[32]; // RFC 3339, UTC
    enum stream_state state;
    struct state_reason reason;
};

// As endpoint_parse. self_uid resolves `/peers/self/...` in endpoint URIs.
int stream_parse(struct stream *stream, const json_t *body, enum parse_mode mode,
                 const char *self_uid, struct api_error *error);
json_t *stream_write(const struct stream *stream);
const char *stream_state_name(enum stream_state state);

json_t *transport_write(const struct transport *transport);
int transport_parse(struct transport *transport, const json_t *body, enum parse_mode mode,
                    struct api_error *error);
json_t *media_address_write(const struct media_address *address);
int media_address_parse(struct media_address *address, const json_t *body, struct api_error *error);

#endif
