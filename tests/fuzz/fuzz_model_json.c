// SPDX-License-Identifier: MPL-2.0
//
// Documents from outside into peers, endpoints and streams, in every mode. What is accepted is
// written, and what was written must be accepted again and mean the same.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/peer.h"
#include "model/stream.h"

#define SELF "ssssss-ssssss-ssssss"
#define UID  "aaaaaa-bbbbbb-cccccc"

static const enum parse_mode modes[] = {PARSE_CREATE, PARSE_REPLACE, PARSE_MERGE, PARSE_STORED};

#define MODE_COUNT (sizeof(modes) / sizeof(modes[0]))

static void check_refusal(const struct api_error *error)
{
    json_t *body = error_write(error);
    if (body == NULL || error->text[0] == '\0' || error_http_status(error->code) < 400)
        abort();
    json_decref(body);
}

static void check_same(json_t *before, json_t *after, int result)
{
    if (before == NULL || result != 0 || !json_equal(before, after))
        abort();
    json_decref(before);
    json_decref(after);
}

static void run_endpoint(const json_t *start, const json_t *body, enum parse_mode mode)
{
    struct endpoint endpoint = {.uid = UID};
    struct api_error error = {0};
    if (endpoint_parse(&endpoint, start, PARSE_CREATE, SELF, &error) != 0)
        abort();
    if (endpoint_parse(&endpoint, body, mode, SELF, &error) != 0) {
        check_refusal(&error);
        return;
    }
    json_t *before = endpoint_write(&endpoint, SELF);
    int result = endpoint_parse(&endpoint, before, PARSE_REPLACE, SELF, &error);
    check_same(before, endpoint_write(&endpoint, SELF), result);
}

static void run_stream(const json_t *start, const json_t *body, enum parse_mode mode)
{
    struct stream stream = {.uid = UID, .owner_uid = SELF};
    struct api_error error = {0};
    if (stream_parse(&stream, start, PARSE_CREATE, SELF, &error) != 0)
        abort();
    if (stream_parse(&stream, body, mode, SELF, &error) != 0) {
        check_refusal(&error);
        return;
    }
    json_t *before = stream_write(&stream);
    int result = stream_parse(&stream, before, PARSE_REPLACE, SELF, &error);
    check_same(before, stream_write(&stream), result);
}

static void run_peer(const json_t *body, enum parse_mode mode)
{
    struct peer peer = {.uid = UID, .state = PEER_ONLINE};
    struct api_error error = {0};
    if (peer_parse(&peer, body, mode, &error) != 0) {
        check_refusal(&error);
        return;
    }
    json_t *before = peer_write(&peer);
    int result = peer_parse(&peer, before, PARSE_STORED, &error);
    check_same(before, peer_write(&peer), result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *body = json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (body == NULL)
        return 0;
    json_t *endpoint = json_pack("{s:{s:s, s:s}}", "virtual", "kind", "file_player", "path", "a");
    json_t *stream =
        json_pack("{s:{s:s, s:s}, s:{s:s, s:s}}", "source", "connection_type", "endpoint",
                  "endpoint_uri", "/peers/self/endpoints/" UID, "destination", "connection_type",
                  "external", "media_uri", "rtp://h:1");
    struct media_address address;
    struct api_error error = {0};
    for (size_t i = 0; i < MODE_COUNT; i++) {
        run_endpoint(endpoint, body, modes[i]);
        run_stream(stream, body, modes[i]);
        run_peer(body, modes[i]);
    }
    if (media_address_parse(&address, body, &error) != 0)
        check_refusal(&error);
    error_parse(&error, 500, body);
    check_refusal(&error);
    json_decref(endpoint);
    json_decref(stream);
    json_decref(body);
    return 0;
}
