// SPDX-License-Identifier: MPL-2.0
//
// Who may talk to a daemon on loopback: a page of some website must not, neither from its own
// origin nor after making its name resolve to 127.0.0.1 (DNS rebinding). Thread: any.

#ifndef ROCD_HTTP_GUARD_H
#define ROCD_HTTP_GUARD_H

#include <stdbool.h>

// Whether the value of a Host header names this machine's loopback: localhost, 127.x.x.x or [::1],
// with or without a port. NULL is none.
bool guard_is_host_local(const char *host);
// Whether the value of an Origin header is the site of that Host; NULL (no browser) is.
bool guard_is_origin_same(const char *origin, const char *host);
// Whether a Content-Type is JSON: application/json or application/*+json, parameters ignored.
bool guard_is_json(const char *content_type);

#endif
