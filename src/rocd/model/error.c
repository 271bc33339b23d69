// SPDX-License-Identifier: MPL-2.0
#include "model/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *name;
} codes[] = {
    [ERROR_NONE] = {200, "none"},
    [ERROR_INVALID_ARGS] = {400, "invalid_args"},
    [ERROR_UNAUTHORIZED] = {401, "unauthorized"},
    [ERROR_FORBIDDEN] = {403, "forbidden"},
    [ERROR_NOT_FOUND] = {404, "not_found"},
    [ERROR_METHOD_NOT_ALLOWED] = {405, "method_not_allowed"},
    [ERROR_CONFLICT] = {409, "conflict"},
    [ERROR_PRECONDITION_FAILED] = {412, "precondition_failed"},
    [ERROR_TOO_LARGE] = {413, "too_large"},
    [ERROR_UNSUPPORTED_MEDIA_TYPE] = {415, "unsupported_media_type"},
    [ERROR_UNSATISFIABLE] = {422, "unsatisfiable"},
    [ERROR_INTERNAL] = {500, "internal"},
    [ERROR_PEER] = {502, "peer_error"},
    [ERROR_UNAVAILABLE] = {503, "unavailable"},
    [ERROR_PEER_TIMEOUT] = {504, "peer_timeout"},
};

#define CODE_COUNT (sizeof(codes) / sizeof(codes[0]))

// Sentences quote what the user sent. One that was cut inside a character, or that quotes bytes
// which are no UTF-8, would be refused by jansson and leave an error without its text.
static void make_utf8(char *text)
{
    unsigned char *at = (unsigned char *)text;
    while (*at != '\0') {
        size_t size = *at < 0x80   ? 1
                      : *at < 0xc2 ? 0
                      : *at < 0xe0 ? 2
                      : *at < 0xf0 ? 3
                      : *at < 0xf5 ? 4
                                   : 0;
        size_t i = 1;
        while (i < size && (at[i] & 0xc0) == 0x80)
            i++;
        bool is_bad =
            size == 0 || i < size ||
            (size == 3 && ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0))) ||
            (size == 4 && ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90)));
        if (!is_bad) {
            at += size;
            continue;
        }
        *at++ = '?';
    }
}

int error_set(struct api_error *error, enum error_code code, const char *field, const char *format,
              ...)
{
    // The arguments may point into *error: a caller wraps the text of another room's error.
    char text[sizeof(error->text)] = "";
    char name[sizeof(error->field)] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    snprintf(name, sizeof(name), "%s", field != NULL ? field : "");
    make_utf8(text);
    make_utf8(name);

    memset(error, 0, sizeof(*error));
    error->code = code;
    memcpy(error->text, text, sizeof(text));
    memcpy(error->field, name, sizeof(name));
    return -1;
}

int error_http_status(enum error_code code)
{
    return (size_t)code < CODE_COUNT ? codes[code].status : 500;
}

const char *error_code_name(enum error_code code)
{
    return (size_t)code < CODE_COUNT ? codes[code].name : codes[ERROR_INTERNAL].name;
}

json_t *error_write(const struct api_error *error)
{
    json_t *body = json_pack("{s:s, s:s}", "error_code", error_code_name(error->code), "error_text",
                             error->text);
    if (body == NULL)
        return NULL;
    if ((error->field[0] != '\0' &&
         json_object_set_new(body, "field", json_string(error->field)) != 0) ||
        (error->peer_uid[0] != '\0' &&
         json_object_set_new(body, "peer_uid", json_string(error->peer_uid)) != 0)) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static enum error_code find_code(const char *name)
{
    for (size_t i = 1; name != NULL && i < CODE_COUNT; i++) {
        if (strcmp(name, codes[i].name) == 0)
            return (enum error_code)i;
    }
    return ERROR_PEER;
}

void error_parse(struct api_error *error, int status, const json_t *body)
{
    const char *text = json_string_value(json_object_get(body, "error_text"));
    const char *field = json_string_value(json_object_get(body, "field"));
    const char *peer = json_string_value(json_object_get(body, "peer_uid"));
    enum error_code code = find_code(json_string_value(json_object_get(body, "error_code")));

    if (text != NULL)
        error_set(error, code, field, "%s", text);
    else
        error_set(error, code, field, "The other peer answered with status %d and no explanation.",
                  status);
    if (peer != NULL && uid_is_valid(peer))
        memcpy(error->peer_uid, peer, UID_SIZE);
}
