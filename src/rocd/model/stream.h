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
// How a sample is stored in packets: 16 or 24 bits, or a float.
enum transport_encoding { TRANSPORT_L16, TRANSPORT_L24, TRANSPORT_F32 };
enum transport_fec { TRANSPORT_FEC_NONE, TRANSPORT_FEC_RS8M, TRANSPORT_FEC_LDPC };

// What is here works; the other fields and values of the contract are refused as `unsatisfiable`.
//
// profile    packet  FEC           target    meant for
// lan        2.5 ms  rs8m 10 + 5    60 ms    wired network of one site
// wifi         5 ms  rs8m 18 + 10  200 ms    wireless network; the default
// internet     5 ms  rs8m 20 + 12  400 ms    everything farther away
// custom       as wifi at creation; a PATCH to it keeps the numbers that are there
//
// A profile sets only what the request leaves out. target_latency_ms must cover an FEC block and a
// packet: a lost packet is repaired when its block is complete, not before.
struct transport {
    enum transport_profile profile; // default wifi; sets what follows unless given
    enum transport_encoding encoding;
    unsigned sample_rate, channels; // 0 = the source's
    double packet_ms;
    enum transport_fec fec_scheme;
    unsigned fec_source_packets, fec_repair_packets; // 0 + 0 without FEC
    double target_latency_ms;
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

// As endpoint_parse; the caller sets uid, owner_uid and created_at. self_uid resolves
// `/peers/self/...` in endpoint URIs. Where one side is external, its schemes settle the FEC scheme
// of a transport that does not name one.
int stream_parse(struct stream *stream, const json_t *body, enum parse_mode mode,
                 const char *self_uid, struct api_error *error);
json_t *stream_write(const struct stream *stream);
const char *stream_state_name(enum stream_state state);

json_t *transport_write(const struct transport *transport);
// body NULL: nothing was said. Fields in errors are relative to the transport ("fec.scheme").
int transport_parse(struct transport *transport, const json_t *body, enum parse_mode mode,
                    struct api_error *error);
// The target latency covers a block. Returns 0 or -1 with *error set.
int transport_check(const struct transport *transport, struct api_error *error);
// Switches the scheme; another one brings the numbers of the profile.
void transport_set_fec(struct transport *transport, enum transport_fec scheme);

// Whether packets are the same; the name of the profile does not matter.
bool transport_is_equal(const struct transport *a, const struct transport *b);

json_t *media_address_write(const struct media_address *address);
// All three may be empty; rtp+rs8m needs an rs8m repair URI, rtp+ldpc an ldpc one, rtp none. Port 0
// is legal (where it is bound, the system picks).
int media_address_parse(struct media_address *address, const json_t *body, struct api_error *error);
bool media_address_is_equal(const struct media_address *a, const struct media_address *b);
// The scheme of the media URI.
enum transport_fec media_address_fec(const struct media_address *address);
// False when a URI has port 0.
bool media_address_has_port(const struct media_address *address);

#endif
