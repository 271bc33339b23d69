// SPDX-License-Identifier: MPL-2.0
#include "http/response.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char body_type[] = "application/json; charset=utf-8";

static int add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value == NULL)
        return 0;
    return MHD_add_response_header(response, name, value) == MHD_YES ? 0 : -ENOMEM;
}

int response_set_headers(struct MHD_Response *response, const char *content_type)
{
    if (add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) != 0 ||
        add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") != 0 ||
        add_header(response, "X-Content-Type-Options", "nosniff") != 0)
        return -ENOMEM;
    return 0;
}

static struct MHD_Response *create_with_body(const json_t *body)
{
    if (body == NULL)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    char *text = json_dumps(body, RESPONSE_JSON_FLAGS);
    if (text == NULL)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(text);
    return response;
}

struct MHD_Response *response_create(const struct reply *reply, const char *allowed)
{
    struct MHD_Response *response = create_with_body(reply->body);
    if (response == NULL)
        return NULL;
    if (response_set_headers(response, reply->body != NULL ? body_type : NULL) != 0 ||
        add_header(response, MHD_HTTP_HEADER_LOCATION, reply->location) != 0 ||
        add_header(response, MHD_HTTP_HEADER_ETAG, reply->etag) != 0 ||
        add_header(response, MHD_HTTP_HEADER_ALLOW, allowed) != 0) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

struct MHD_Response *response_create_error(const struct api_error *error, const char *allowed)
{
    json_t *body = error_write(error);
    struct reply reply = {.status = error_http_status(error->code), .body = body};
    struct MHD_Response *response = response_create(&reply, allowed);
    json_decref(body);
    return response;
}
