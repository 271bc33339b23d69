// SPDX-License-Identifier: MPL-2.0
//
// Replies of the API as responses of HTTP. Thread: loop.

#ifndef ROCD_HTTP_RESPONSE_H
#define ROCD_HTTP_RESPONSE_H

#include <microhttpd.h>

#include "model/request.h"

// 0.1 is written as 0.1, not as the nearest double with 17 digits.
#define RESPONSE_JSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

// A new response, NULL when out of memory. allowed: value of Allow, NULL = none.
struct MHD_Response *response_create(const struct reply *reply, const char *allowed);
struct MHD_Response *response_create_error(const struct api_error *error, const char *allowed);
// Headers of every response. Returns 0 or -ENOMEM.
int response_set_headers(struct MHD_Response *response, const char *content_type);

#endif
