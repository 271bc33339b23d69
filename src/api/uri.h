// SPDX-License-Identifier: MPL-2.0
//
// The pieces of an endpoint URI, and what is known about each protocol. Thread: any.

#ifndef ROC_API_URI_H
#define ROC_API_URI_H

#include <stdbool.h>

#include "roc/config.h"

struct uri_protocol {
    roc_protocol protocol;
    const char *scheme;
    roc_interface iface;
    int default_port; // -1: a port must be given
    bool has_resource;
};

// NULL when there is no such protocol.
const struct uri_protocol *uri_find_protocol(roc_protocol protocol);

// A part of somebody's text; data NULL means absent.
struct uri_part {
    const char *data;
    size_t size;
};

struct uri {
    const struct uri_protocol *protocol;
    struct uri_part host;  // with the brackets of IPv6
    int port;              // -1 when absent
    struct uri_part path;  // encoded, from `/` on
    struct uri_part query; // without the `?`
};

// Reads PROTOCOL://HOST[:PORT][/PATH][?QUERY]. The parts point into `text`. Checks syntax only,
// not whether the parts go together. Returns 0 or -EINVAL.
int uri_parse(struct uri *out, const char *text);
// Reads [/PATH][?QUERY] into the last two parts. Returns 0 or -EINVAL.
int uri_parse_resource(struct uri *out, const char *text);
bool uri_is_host(struct uri_part host);

// Percent escapes. `out` has room for the size of the input (decode) or three times as much
// (encode) and a NUL. Return the length of the result, or -EINVAL for a bad escape or a NUL.
long uri_decode(char *out, struct uri_part in);
long uri_encode_path(char *out, const char *in);

#endif
