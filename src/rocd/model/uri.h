// SPDX-License-Identifier: MPL-2.0
//
// URIs inside the network are REST paths: /peers/U, /peers/U/endpoints/E, /streams/S.
// Thread: any.

#ifndef ROCD_MODEL_URI_H
#define ROCD_MODEL_URI_H

#include "model/uid.h"

#define URI_SIZE 64

enum resource_kind { RESOURCE_PEER, RESOURCE_ENDPOINT, RESOURCE_STREAM };

struct resource_uri {
    enum resource_kind kind;
    char peer_uid[UID_SIZE]; // "" for streams
    char uid[UID_SIZE];      // of the resource itself
};

// self_uid replaces the alias `self`; NULL: the alias is not accepted. Returns 0 or -EINVAL.
int uri_parse(struct resource_uri *out, const char *text, const char *self_uid);
void uri_write(char text[URI_SIZE], const struct resource_uri *uri);
void uri_peer(char text[URI_SIZE], const char *peer_uid);
void uri_endpoint(char text[URI_SIZE], const char *peer_uid, const char *endpoint_uid);
void uri_stream(char text[URI_SIZE], const char *stream_uid);
// "peer", "endpoint", "stream": as in event names.
const char *resource_kind_name(enum resource_kind kind);

#endif
