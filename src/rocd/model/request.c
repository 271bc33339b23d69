// SPDX-License-Identifier: MPL-2.0
#include "model/request.h"

#include <errno.h>
#include <string.h>

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

void reply_error(reply_fn fn, void *arg, const struct api_error *error)
{
    // Without memory the status still tells what happened.
    json_t *body = error_write(error);
    struct reply reply = {.status = error_http_status(error->code), .body = body};
    fn(&reply, arg);
    json_decref(body);
}

const char *request_method_name(enum request_method method)
{
    return method_names[method];
}

int request_method_parse(enum request_method *out, const char *name)
{
    for (size_t i = 0; i < sizeof(method_names) / sizeof(method_names[0]); i++) {
        if (strcmp(name, method_names[i]) == 0) {
            *out = (enum request_method)i;
            return 0;
        }
    }
    return -EINVAL;
}
