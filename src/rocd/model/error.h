// SPDX-License-Identifier: MPL-2.0
//
// What the user gets when a request cannot be carried out: one code of the published list and a
// sentence. Thread: any.

#ifndef ROCD_MODEL_ERROR_H
#define ROCD_MODEL_ERROR_H

#include <jansson.h>

#include "model/uid.h"

enum error_code {
    ERROR_NONE,
    ERROR_INVALID_ARGS,           // 400
    ERROR_UNAUTHORIZED,           // 401
    ERROR_FORBIDDEN,              // 403
    ERROR_NOT_FOUND,              // 404
    ERROR_METHOD_NOT_ALLOWED,     // 405
    ERROR_CONFLICT,               // 409
    ERROR_PRECONDITION_FAILED,    // 412
    ERROR_TOO_LARGE,              // 413
    ERROR_UNSUPPORTED_MEDIA_TYPE, // 415
    ERROR_UNSATISFIABLE,          // 422: valid, but these devices or peers cannot do it
    ERROR_INTERNAL,               // 500
    ERROR_PEER,                   // 502 peer_error
    ERROR_UNAVAILABLE,            // 503
    ERROR_PEER_TIMEOUT,           // 504
};

struct api_error {
    enum error_code code;
    char text[384];
    char field[64];          // "" when no field is to blame
    char peer_uid[UID_SIZE]; // "" unless the error came from another peer
};

// field may be NULL. Always returns -1, so that a validator can `return error_set(...)`.
int error_set(struct api_error *error, enum error_code code, const char *field, const char *format,
              ...) __attribute__((format(printf, 4, 5)));
int error_http_status(enum error_code code);
// "invalid_args", ...
const char *error_code_name(enum error_code code);
// {"error_code", "error_text", "field"?, "peer_uid"?}; a new reference.
json_t *error_write(const struct api_error *error);
// From another peer's reply; unknown codes become ERROR_PEER.
void error_parse(struct api_error *error, int status, const json_t *body);

#endif
