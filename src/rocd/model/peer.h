// SPDX-License-Identifier: MPL-2.0
//
// A peer as this one sees it. Thread: any.

#ifndef ROCD_MODEL_PEER_H
#define ROCD_MODEL_PEER_H

#include "model/endpoint.h"

enum peer_state { PEER_SELF, PEER_CONNECTING, PEER_ONLINE, PEER_OFFLINE };
// What a peer or a user may do here, in rising order.
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN };

#define PEER_MAX_ADDRESSES 4

struct peer {
    char uid[UID_SIZE];
    char display_name[128];
    char host_name[128];
    char addresses[PEER_MAX_ADDRESSES][64]; // HOST:PORT; unused ones ""
    enum peer_state state;
    struct state_reason reason;
    enum role trust;
    char version[32];
    double rtt_ms; // < 0 = unknown
    char last_seen[32];
    char fingerprint[72];
};

// Writable: display_name, trust. As endpoint_parse.
int peer_parse(struct peer *peer, const json_t *body, enum parse_mode mode,
               struct api_error *error);
json_t *peer_write(const struct peer *peer);
const char *role_name(enum role role);
// Returns 0 or -EINVAL.
int role_parse(enum role *out, const char *name);

#endif
