// SPDX-License-Identifier: MPL-2.0
//
// A request as the HTTP door hands it to the API: method, role, path, body. Endpoints and streams
// are parsed as in the daemon; nothing moves sound. Layout: one byte for method and role, the path
// up to a zero, If-Match up to a zero, the rest is the body.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../unit/fake_control.h"
#include "api/api.h"

#define SELF  "aaaaaa-aaaaaa-aaaaaa"
#define OTHER "bbbbbb-bbbbbb-bbbbbb"

struct answers {
    unsigned count;
};

static struct registry *registry;
static struct control control;
static struct api *api;

static void check(int is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    __builtin_trap();
}

static void take_reply(const struct reply *reply, void *arg)
{
    struct answers *answers = arg;
    answers->count++;
    check(reply->status >= 200 && reply->status < 600, "no status of HTTP");
    if (reply->status == 204)
        return;
    // What cannot be written as JSON never reaches the client.
    char *text = json_dumps(reply->body, JSON_COMPACT);
    check(text != NULL, "a reply that is no JSON");
    free(text);
    if (reply->status >= 400)
        check(json_is_string(json_object_get(reply->body, "error_text")), "an error without text");
}

static void answer_for_peer(void *impl, const char *peer_uid, const struct request *request,
                            reply_fn fn, void *arg)
{
    const struct reply reply = {.status = 204};
    check(request->is_forwarded, "sent on as if it came from a user");
    fn(&reply, arg);
}

static int add_peer(void *impl, const char *address, json_t **out, struct api_error *error)
{
    return error_set(error, ERROR_INVALID_ARGS, "address", "%.64s is no address", address);
}

static int update_peer(void *impl, const char *peer_uid, const json_t *body, enum parse_mode mode,
                       json_t **out, struct api_error *error)
{
    struct peer peer = {.rtt_ms = -1};
    snprintf(peer.uid, sizeof(peer.uid), "%s", peer_uid);
    if (peer_parse(&peer, body, mode, error) != 0)
        return -1;
    *out = peer_write(&peer);
    return 0;
}

static int remove_peer(void *impl, const char *peer_uid, struct api_error *error)
{
    char uri[URI_SIZE];
    uri_peer(uri, peer_uid);
    registry_remove(registry, uri);
    return 0;
}

static void put(const char *uri, const char *authority)
{
    json_t *body = json_pack("{s:s}", "uri", uri);
    registry_put(registry, uri, authority, body);
    json_decref(body);
}

// Making the OpenAPI document takes longer than a request, so the API stays; resources do not.
static void set_up(void)
{
    static const struct peer_port peers = {.request = answer_for_peer,
                                           .add_address = add_peer,
                                           .update = update_peer,
                                           .remove = remove_peer};
    if (api == NULL) {
        registry_create(&registry);
        const struct api_config config = {
            .self_uid = SELF, .registry = registry, .control = &control};
        check(api_create(&api, &config) == 0, "no API");
        api_set_peers(api, &peers);
    }
    fake_control_init(&control, registry, SELF);
    put("/peers/" SELF, SELF);
    put("/peers/" OTHER, SELF);
    put("/peers/" OTHER "/endpoints/" OTHER, OTHER);
    put("/streams/" OTHER, OTHER);
}

static void take_uri(const struct registry_entry *entry, void *arg)
{
    json_array_append_new(arg, json_string(entry->uri));
}

static void tear_down(void)
{
    json_t *uris = json_array();
    for (unsigned kind = RESOURCE_PEER; kind <= RESOURCE_STREAM; kind++)
        registry_each(registry, (enum resource_kind)kind, NULL, take_uri, uris);
    for (size_t i = 0; i < json_array_size(uris); i++)
        registry_remove(registry, json_string_value(json_array_get(uris, i)));
    json_decref(uris);
}

// Takes a text that ends with a zero.
static const char *take_text(const uint8_t **data, size_t *size, char *out, size_t out_size)
{
    size_t used = strnlen((const char *)*data, *size);
    size_t copied = used < out_size - 1 ? used : out_size - 1;
    memcpy(out, *data, copied);
    out[copied] = '\0';
    used += used < *size;
    *data += used;
    *size -= used;
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[512], if_match[128];
    struct answers answers = {0};
    if (size < 1)
        return 0;
    set_up();
    uint8_t first = *data++;
    size--;
    struct request request = {
        .method = (enum request_method)(first % 5),
        .principal.role = (enum role)((first >> 3) & 3),
        .is_forwarded = (first >> 5) & 1,
        .path = take_text(&data, &size, path, sizeof(path)),
    };
    if (((first >> 6) & 1) != 0)
        snprintf(request.principal.peer_uid, sizeof(request.principal.peer_uid), "%s", OTHER);
    if_match[0] = '\0';
    take_text(&data, &size, if_match, sizeof(if_match));
    request.if_match = if_match[0] != '\0' ? if_match : NULL;
    // The HTTP door lets objects through only, the other one anything.
    json_t *body =
        json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    request.body = body;
    api_handle(api, &request, take_reply, &answers);
    check(answers.count == 1, "not answered exactly once");
    json_decref(body);
    tear_down();
    return 0;
}
