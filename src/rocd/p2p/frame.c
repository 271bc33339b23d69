// SPDX-License-Identifier: MPL-2.0
#include "p2p/frame.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char magic[4] = {'R', 'O', 'C', 'D'};

// jansson recurses up to 2048 levels and spends hundreds of bytes on each `{}`: one frame of 1 MiB
// could take 90 MiB. A look at the brackets before parsing keeps both small.
static bool is_modest(const char *text, size_t size)
{
    size_t depth = 0, items = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        if (c == '"')
            in_string = true;
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth > 0)
            depth--;
        items += c == '{' || c == '[' || c == ',';
        if (depth > FRAME_MAX_DEPTH || items > FRAME_MAX_ITEMS)
            return false;
    }
    return true;
}

static json_t *parse_body(const char *text, size_t size)
{
    if (!is_modest(text, size))
        return NULL;
    json_t *body = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(body))
        return body;
    json_decref(body);
    return NULL;
}

int frame_parse(struct frame *out, const void *data, size_t size_bytes)
{
    const unsigned char *bytes = data;
    if (size_bytes < FRAME_HEADER_SIZE || size_bytes > FRAME_MAX_SIZE ||
        memcmp(bytes, magic, sizeof(magic)) != 0)
        return -EBADMSG;
    struct frame frame = {.version = bytes[4], .type = bytes[5]};
    bool is_foreign = frame.version != FRAME_VERSION;
    if (!is_foreign || frame.type == FRAME_ERROR)
        frame.body =
            parse_body((const char *)bytes + FRAME_HEADER_SIZE, size_bytes - FRAME_HEADER_SIZE);
    if (frame.body == NULL && !is_foreign)
        return -EBADMSG;
    *out = frame;
    return is_foreign ? -ENOTSUP : 0;
}

void frame_finish(struct frame *frame)
{
    json_decref(frame->body);
    frame->body = NULL;
}

int frame_encode(unsigned char **out, size_t *size_bytes, enum frame_type type, const json_t *body)
{
    size_t text_size = json_dumpb(body, NULL, 0, JSON_COMPACT);
    if (text_size == 0)
        return -ENOMEM;
    if (text_size > FRAME_MAX_SIZE - FRAME_HEADER_SIZE)
        return -EMSGSIZE;
    unsigned char *bytes = calloc(1, FRAME_HEADER_SIZE + text_size);
    if (bytes == NULL)
        return -ENOMEM;
    memcpy(bytes, magic, sizeof(magic));
    bytes[4] = FRAME_VERSION;
    bytes[5] = (unsigned char)type;
    json_dumpb(body, (char *)bytes + FRAME_HEADER_SIZE, text_size, JSON_COMPACT);
    *out = bytes;
    *size_bytes = FRAME_HEADER_SIZE + text_size;
    return 0;
}

int frame_get_text(char *out, size_t out_size, const json_t *body, const char *key)
{
    const json_t *value = json_object_get(body, key);
    if (value == NULL || json_is_null(value))
        return -ENOENT;
    // Length and strlen agree: jansson refuses U+0000 in what it parses.
    if (!json_is_string(value) || json_string_length(value) >= out_size)
        return -EBADMSG;
    memcpy(out, json_string_value(value), json_string_length(value) + 1);
    return 0;
}

int frame_get_number(uint64_t *out, const json_t *body, const char *key)
{
    const json_t *value = json_object_get(body, key);
    if (value == NULL || json_is_null(value))
        return -ENOENT;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return -EBADMSG;
    *out = (uint64_t)json_integer_value(value);
    return 0;
}

int frame_get_token(char out[FRAME_TOKEN_SIZE], const json_t *body, const char *key)
{
    char text[FRAME_TOKEN_SIZE];
    int rc = frame_get_text(text, sizeof(text), body, key);
    if (rc != 0)
        return rc;
    if (strspn(text, "0123456789abcdef") != FRAME_TOKEN_SIZE - 1)
        return -EBADMSG;
    memcpy(out, text, sizeof(text));
    return 0;
}

void frame_make_token(char out[FRAME_TOKEN_SIZE])
{
    unsigned char bytes[8];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(out, FRAME_TOKEN_SIZE, bytes, sizeof(bytes));
}
