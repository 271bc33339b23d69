// SPDX-License-Identifier: MPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "api/api.h"
#include "fake_control.h"

#define SELF    "aaaaaa-aaaaaa-aaaaaa"
#define OTHER   "bbbbbb-bbbbbb-bbbbbb"
#define UNKNOWN "zzzzzz-zzzzzz-zzzzzz"

struct fixture {
    struct registry *registry;
    struct control control;
    struct api *api;
    struct peer_port port;
    // What the last reply was.
    unsigned reply_count;
    int status;
    json_t *body;
    char location[URI_SIZE];
    char etag[24];
    // What was sent to another peer.
    unsigned sent_count;
    char sent_peer[UID_SIZE];
    char sent_path[128];
    char sent_if_match[32];
    enum request_method sent_method;
    int sent_status; // that it answers
    char updated_peer[UID_SIZE];
};

static struct fixture fixture;

static void send_to_peer(void *impl, const char *peer_uid, const struct request *request,
                         reply_fn fn, void *arg)
{
    struct fixture *f = impl;
    f->sent_count++;
    f->sent_method = request->method;
    snprintf(f->sent_peer, sizeof(f->sent_peer), "%s", peer_uid);
    snprintf(f->sent_path, sizeof(f->sent_path), "%s", request->path);
    snprintf(f->sent_if_match, sizeof(f->sent_if_match), "%s",
             request->if_match != NULL ? request->if_match : "");
    assert_true(request->is_forwarded);
    if (f->sent_status >= 400) {
        struct api_error error;
        error_set(&error, ERROR_UNSATISFIABLE, "volume", "the device cannot");
        reply_error(fn, arg, &error);
        return;
    }
    struct reply reply = {.status = f->sent_status};
    fn(&reply, arg);
}

static int add_peer(void *impl, const char *address, json_t **out, struct api_error *error)
{
    if (strcmp(address, "10.0.0.7:4041") != 0)
        return error_set(error, ERROR_INVALID_ARGS, "address", "%.64s is no address", address);
    *out = json_pack("{s:s}", "peer_uri", "/peers/" OTHER);
    return 0;
}

static int update_peer(void *impl, const char *peer_uid, const json_t *body, enum parse_mode mode,
                       json_t **out, struct api_error *error)
{
    struct fixture *f = impl;
    snprintf(f->updated_peer, sizeof(f->updated_peer), "%s", peer_uid);
    *out = json_pack("{s:s}", "peer_uid", peer_uid);
    return 0;
}

static int remove_peer(void *impl, const char *peer_uid, struct api_error *error)
{
    struct fixture *f = impl;
    char uri[URI_SIZE];
    uri_peer(uri, peer_uid);
    return registry_remove(f->registry, uri);
}

static void put(struct fixture *f, const char *uri, const char *authority)
{
    json_t *body = json_pack("{s:s}", "uri", uri);
    assert_int_equal(registry_put(f->registry, uri, authority, body), 0);
    json_decref(body);
}

static int set_up(void **state)
{
    struct fixture *f = &fixture;
    memset(f, 0, sizeof(*f));
    assert_int_equal(registry_create(&f->registry), 0);
    fake_control_init(&f->control, f->registry, SELF);
    const struct api_config config = {
        .self_uid = SELF, .registry = f->registry, .control = &f->control};
    assert_int_equal(api_create(&f->api, &config), 0);
    f->port = (struct peer_port){.impl = f,
                                 .request = send_to_peer,
                                 .add_address = add_peer,
                                 .update = update_peer,
                                 .remove = remove_peer};
    f->sent_status = 200;
    api_set_peers(f->api, &f->port);
    // The other one was known first: the list must begin with this one all the same.
    put(f, "/peers/" OTHER, SELF);
    put(f, "/peers/" SELF, SELF);
    put(f, "/peers/" OTHER "/endpoints/" OTHER, OTHER);
    put(f, "/streams/" OTHER, OTHER);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    json_decref(f->body);
    api_destroy(f->api);
    registry_destroy(f->registry);
    return 0;
}

static void take_reply(const struct reply *reply, void *arg)
{
    struct fixture *f = arg;
    f->reply_count++;
    f->status = reply->status;
    json_decref(f->body);
    f->body = json_incref((json_t *)reply->body);
    snprintf(f->location, sizeof(f->location), "%s", reply->location ? reply->location : "");
    snprintf(f->etag, sizeof(f->etag), "%s", reply->etag ? reply->etag : "");
}

// Every request must be answered once.
static int handle(struct fixture *f, const struct request *request)
{
    unsigned count = f->reply_count;
    api_handle(f->api, request, take_reply, f);
    assert_int_equal(f->reply_count, count + 1);
    return f->status;
}

static int ask(struct fixture *f, enum request_method method, const char *path, const char *body)
{
    json_t *parsed = body != NULL ? json_loads(body, 0, NULL) : NULL;
    assert_true((body == NULL) == (parsed == NULL));
    const struct request request = {
        .method = method, .path = path, .body = parsed, .principal.role = ROLE_ADMIN};
    int status = handle(f, &request);
    json_decref(parsed);
    return status;
}

static const char *text_of(struct fixture *f, const char *field)
{
    const char *text = json_string_value(json_object_get(f->body, field));
    return text != NULL ? text : "";
}

static void create_tone(struct fixture *f, char uri[URI_SIZE])
{
    assert_int_equal(ask(f, METHOD_POST, "/peers/self/endpoints",
                         "{\"display_name\": \"Tone\", \"virtual\": {\"kind\": \"tone\"}}"),
                     201);
    snprintf(uri, URI_SIZE, "%s", f->location);
}

static void create_stream(struct fixture *f, char uri[URI_SIZE])
{
    assert_int_equal(ask(f, METHOD_POST, "/streams",
                         "{\"source\": {\"connection_type\": \"endpoint\", \"endpoint_uri\": "
                         "\"/peers/self/endpoints/" UNKNOWN "\"}, \"destination\": "
                         "{\"connection_type\": \"endpoint\", \"endpoint_uri\": "
                         "\"/peers/" OTHER "/endpoints/" OTHER "\"}}"),
                     201);
    snprintf(uri, URI_SIZE, "%s", f->location);
}

static void test_api_lists_itself_first(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, METHOD_GET, "/peers", NULL), 200);
    assert_int_equal(json_array_size(f->body), 2);
    const json_t *first = json_array_get(f->body, 0);
    assert_string_equal(json_string_value(json_object_get(first, "uri")), "/peers/" SELF);
}

static void test_api_tolerates_one_trailing_slash(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, METHOD_GET, "/peers/", NULL), 200);
    assert_int_equal(ask(f, METHOD_GET, "/peers/self/", NULL), 200);
    assert_int_equal(ask(f, METHOD_GET, "/peers//", NULL), 404);
    assert_int_equal(ask(f, METHOD_GET, "//peers", NULL), 404);
    assert_int_equal(ask(f, METHOD_GET, "/", NULL), 404);
    assert_int_equal(ask(f, METHOD_GET, "", NULL), 404);
}

static void test_api_resolves_self_to_the_real_uid(void **state)
{
    struct fixture *f = *state;
    char uri[URI_SIZE];
    create_tone(f, uri);
    assert_non_null(strstr(uri, "/peers/" SELF "/endpoints/"));
    assert_int_equal(ask(f, METHOD_GET, uri, NULL), 200);
    assert_int_equal(ask(f, METHOD_GET, "/peers/self/endpoints", NULL), 200);
    assert_int_equal(json_array_size(f->body), 1);
}

static void test_api_names_the_uid_that_is_unknown(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"/peers/" UNKNOWN, "/peers/" UNKNOWN "/endpoints",
                                        "/peers/self/endpoints/" UNKNOWN,
                                        "/peers/" UNKNOWN "/endpoints/" SELF, "/streams/" UNKNOWN};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(ask(f, METHOD_GET, paths[i], NULL), 404);
        assert_string_equal(text_of(f, "error_code"), "not_found");
        assert_non_null(strstr(text_of(f, "error_text"), UNKNOWN));
    }
    assert_int_equal(ask(f, METHOD_GET, "/streams/nonsense", NULL), 404);
    assert_non_null(strstr(text_of(f, "error_text"), "nonsense"));
}

static void test_api_answers_404_to_strange_paths(void **state)
{
    struct fixture *f = *state;
    char path[2000];
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    path[0] = '/';
    assert_int_equal(ask(f, METHOD_GET, path, NULL), 404);
    memcpy(path, "/peers/", 7);
    assert_int_equal(ask(f, METHOD_GET, path, NULL), 404);
    assert_int_equal(ask(f, METHOD_GET, "/peers/\xff\xfe", NULL), 404);
    assert_non_null(f->body);
    assert_int_equal(ask(f, METHOD_GET, "/peers/{peer_uid}", NULL), 404);
    assert_int_equal(ask(f, METHOD_GET, "/peers/self/endpoints/" UNKNOWN "/x", NULL), 404);
    assert_int_equal(ask(f, METHOD_GET, "/metrics", NULL), 404);
    assert_int_equal(ask(f, METHOD_GET, "/groups", NULL), 404);
}

static void test_api_says_which_methods_are_possible(void **state)
{
    struct fixture *f = *state;
    char allowed[API_ALLOWED_SIZE];
    assert_int_equal(ask(f, METHOD_DELETE, "/peers", NULL), 405);
    assert_string_equal(text_of(f, "error_code"), "method_not_allowed");
    assert_non_null(strstr(text_of(f, "error_text"), "GET, HEAD, POST"));
    assert_int_equal(api_write_allowed(f->api, "/streams/" UNKNOWN "/", allowed), 0);
    assert_string_equal(allowed, "GET, HEAD, PUT, PATCH, DELETE");
    assert_int_equal(api_write_allowed(f->api, "/nothing", allowed), -ENOENT);
    assert_int_equal(api_write_allowed(f->api, "/peers/self/halves/" SELF, allowed), -ENOENT);
}

static void test_api_creates_reads_changes_and_deletes_an_endpoint(void **state)
{
    struct fixture *f = *state;
    char uri[URI_SIZE], etag[24];
    create_tone(f, uri);
    assert_int_equal(ask(f, METHOD_GET, uri, NULL), 200);
    memcpy(etag, f->etag, sizeof(etag));
    assert_string_not_equal(etag, "");
    assert_int_equal(ask(f, METHOD_PATCH, uri, "{\"volume\": 0.25}"), 200);
    assert_string_not_equal(f->etag, etag);
    assert_true(json_number_value(json_object_get(f->body, "volume")) == 0.25);
    assert_int_equal(ask(f, METHOD_PUT, uri, NULL), 200); // without a body: nothing changes
    assert_true(json_number_value(json_object_get(f->body, "volume")) == 0.25);
    assert_int_equal(ask(f, METHOD_DELETE, uri, NULL), 204);
    assert_null(f->body);
    assert_int_equal(ask(f, METHOD_GET, uri, NULL), 404);
    assert_int_equal(f->sent_count, 0);
}

static void test_api_delete_repeated_is_harmless_but_unknown_is_404(void **state)
{
    struct fixture *f = *state;
    char endpoint[URI_SIZE], stream[URI_SIZE];
    create_tone(f, endpoint);
    create_stream(f, stream);
    assert_int_equal(ask(f, METHOD_DELETE, endpoint, NULL), 204);
    assert_int_equal(ask(f, METHOD_DELETE, endpoint, NULL), 204);
    assert_int_equal(ask(f, METHOD_DELETE, stream, NULL), 204);
    assert_int_equal(ask(f, METHOD_DELETE, stream, NULL), 204);
    assert_int_equal(ask(f, METHOD_DELETE, "/peers/" OTHER, NULL), 204);
    assert_int_equal(ask(f, METHOD_DELETE, "/peers/" OTHER, NULL), 204);
    assert_int_equal(ask(f, METHOD_DELETE, "/peers/self/endpoints/" UNKNOWN, NULL), 404);
    assert_int_equal(ask(f, METHOD_DELETE, "/streams/" UNKNOWN, NULL), 404);
    assert_int_equal(ask(f, METHOD_DELETE, "/peers/" UNKNOWN, NULL), 404);
    assert_int_equal(ask(f, METHOD_DELETE, "/peers/self", NULL), 409);
}

static int patch_if(struct fixture *f, const char *uri, const char *if_match)
{
    json_t *body = json_pack("{s:b}", "muted", 1);
    const struct request request = {.method = METHOD_PATCH,
                                    .path = uri,
                                    .body = body,
                                    .if_match = if_match,
                                    .principal.role = ROLE_ADMIN};
    int status = handle(f, &request);
    json_decref(body);
    return status;
}

static void test_api_refuses_change_of_what_was_changed_meanwhile(void **state)
{
    struct fixture *f = *state;
    char uri[URI_SIZE], list[64];
    create_tone(f, uri);
    unsigned calls = f->control.call_count;
    assert_int_equal(patch_if(f, uri, "\"0000000000000000\""), 412);
    assert_string_equal(text_of(f, "error_code"), "precondition_failed");
    assert_int_equal(patch_if(f, uri, ""), 412);
    assert_int_equal(patch_if(f, uri, "W/\"x\", , \"y"), 412);
    assert_int_equal(f->control.call_count, calls); // nothing was carried out
    assert_int_equal(patch_if(f, uri, "*"), 200);
    snprintf(list, sizeof(list), "\"x\" ,%s , \"y\"", f->etag);
    assert_int_equal(patch_if(f, uri, list), 200);
}

static void test_api_replies_to_a_new_stream_with_location_and_tag(void **state)
{
    struct fixture *f = *state;
    char uri[URI_SIZE];
    create_stream(f, uri);
    assert_string_not_equal(f->etag, "");
    assert_int_equal(ask(f, METHOD_GET, uri, NULL), 200);
    char metrics[URI_SIZE + 16];
    snprintf(metrics, sizeof(metrics), "%s/metrics", uri);
    assert_int_equal(ask(f, METHOD_GET, metrics, NULL), 200);
}

static void test_api_sends_changes_on_to_the_peer_that_has_the_endpoint(void **state)
{
    struct fixture *f = *state;
    unsigned calls = f->control.call_count;
    assert_int_equal(ask(f, METHOD_POST, "/peers/" OTHER "/endpoints/", "{}"), 200);
    assert_string_equal(f->sent_peer, OTHER);
    assert_string_equal(f->sent_path, "/peers/" OTHER "/endpoints");
    assert_int_equal(ask(f, METHOD_DELETE, "/peers/" OTHER "/endpoints/" UNKNOWN, NULL), 200);
    assert_int_equal(f->sent_method, METHOD_DELETE);
    assert_int_equal(patch_if(f, "/peers/" OTHER "/endpoints/" OTHER, "\"tag\""), 200);
    assert_string_equal(f->sent_if_match, "\"tag\"");
    assert_int_equal(f->sent_count, 3);
    assert_int_equal(f->control.call_count, calls);
    // What can be read is read here.
    assert_int_equal(ask(f, METHOD_GET, "/peers/" OTHER "/endpoints/" OTHER, NULL), 200);
    assert_int_equal(f->sent_count, 3);
}

static void test_api_sends_changes_on_to_the_owner_of_the_stream(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, METHOD_PATCH, "/streams/" OTHER, "{\"volume\": 1}"), 200);
    assert_string_equal(f->sent_peer, OTHER);
    assert_int_equal(ask(f, METHOD_GET, "/streams/" OTHER "/metrics", NULL), 200);
    assert_int_equal(ask(f, METHOD_DELETE, "/streams/" OTHER, NULL), 200);
    assert_int_equal(f->sent_count, 3);
    assert_int_equal(ask(f, METHOD_POST, "/streams",
                         "{\"source\": {\"connection_type\": \"endpoint\", \"endpoint_uri\": "
                         "\"/peers/" OTHER "/endpoints/" OTHER "\"}, \"destination\": "
                         "{\"connection_type\": \"endpoint\", \"endpoint_uri\": "
                         "\"/peers/self/endpoints/" UNKNOWN "\"}}"),
                     200);
    assert_int_equal(f->sent_count, 4);
    assert_string_equal(f->sent_path, "/streams");
}

static void test_api_says_which_peer_refused(void **state)
{
    struct fixture *f = *state;
    f->sent_status = 422;
    assert_int_equal(ask(f, METHOD_PATCH, "/streams/" OTHER, "{\"volume\": 1}"), 422);
    assert_string_equal(text_of(f, "peer_uid"), OTHER);
    assert_string_equal(text_of(f, "field"), "volume");
}

static void test_api_never_sends_on_what_was_sent_on(void **state)
{
    struct fixture *f = *state;
    json_t *body = json_object();
    struct request request = {.method = METHOD_POST,
                              .path = "/peers/" OTHER "/endpoints",
                              .body = body,
                              .is_forwarded = true,
                              .principal = {ROLE_ADMIN, OTHER}};
    assert_int_equal(handle(f, &request), 502);
    request.method = METHOD_PATCH;
    request.path = "/streams/" OTHER;
    assert_int_equal(handle(f, &request), 502);
    request.path = "/streams/" UNKNOWN;
    assert_int_equal(handle(f, &request), 404);
    request.path = "/peers/" UNKNOWN "/endpoints/" UNKNOWN;
    assert_int_equal(handle(f, &request), 404);
    assert_int_equal(f->sent_count, 0);
    json_decref(body);
}

static void test_api_without_peers_says_unavailable(void **state)
{
    struct fixture *f = *state;
    api_set_peers(f->api, NULL);
    assert_int_equal(ask(f, METHOD_POST, "/peers/" OTHER "/endpoints", "{}"), 503);
    assert_int_equal(ask(f, METHOD_POST, "/peers", "{\"address\": \"10.0.0.7:4041\"}"), 503);
    assert_int_equal(ask(f, METHOD_PATCH, "/peers/self", "{}"), 503);
    assert_int_equal(ask(f, METHOD_DELETE, "/peers/" OTHER, NULL), 503);
}

static void test_api_adds_and_changes_peers(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, METHOD_POST, "/peers", "{\"address\": \"10.0.0.7:4041\"}"), 201);
    assert_string_equal(f->location, "/peers/" OTHER);
    assert_int_equal(ask(f, METHOD_POST, "/peers", "{\"address\": 7}"), 400);
    assert_string_equal(text_of(f, "field"), "address");
    assert_int_equal(ask(f, METHOD_POST, "/peers", "{\"adress\": \"10.0.0.7:4041\"}"), 400);
    assert_string_equal(text_of(f, "field"), "adress");
    assert_int_equal(ask(f, METHOD_PATCH, "/peers/" OTHER, "{\"trust\": \"admin\"}"), 200);
    assert_string_equal(f->updated_peer, OTHER);
    assert_int_equal(f->sent_count, 0); // it is decided here
}

static int ask_as(struct fixture *f, enum role role, const char *peer_uid,
                  enum request_method method, const char *path)
{
    json_t *body = json_object();
    struct request request = {.method = method, .path = path, .body = body, .principal.role = role};
    snprintf(request.principal.peer_uid, UID_SIZE, "%s", peer_uid);
    int status = handle(f, &request);
    json_decref(body);
    return status;
}

static void test_api_asks_for_the_role_of_the_route(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask_as(f, ROLE_NONE, "", METHOD_GET, "/peers"), 401);
    assert_int_equal(ask_as(f, ROLE_NONE, OTHER, METHOD_GET, "/streams"), 401);
    assert_int_equal(ask_as(f, ROLE_NONE, "", METHOD_GET, "/openapi.json"), 200);
    assert_int_equal(ask_as(f, ROLE_VIEWER, "", METHOD_GET, "/streams"), 200);
    assert_int_equal(ask_as(f, ROLE_VIEWER, "", METHOD_POST, "/streams"), 403);
    assert_string_equal(text_of(f, "error_code"), "forbidden");
    assert_int_equal(ask_as(f, ROLE_OPERATOR, "", METHOD_POST, "/peers/self/endpoints"), 403);
    assert_int_equal(ask_as(f, ROLE_OPERATOR, OTHER, METHOD_PATCH, "/peers/self"), 403);
    assert_int_equal(f->control.call_count, 0);
}

static void test_api_hides_halves_from_users(void **state)
{
    struct fixture *f = *state;
    static const char path[] = "/peers/self/halves/" UNKNOWN;
    assert_int_equal(ask_as(f, ROLE_ADMIN, "", METHOD_PUT, path), 404);
    assert_int_equal(ask_as(f, ROLE_ADMIN, "", METHOD_POST, path), 404);
    assert_int_equal(f->control.call_count, 0);
    assert_int_equal(ask_as(f, ROLE_OPERATOR, OTHER, METHOD_PUT, path), 200);
    assert_string_equal(text_of(f, "half"), UNKNOWN);
    assert_int_equal(ask_as(f, ROLE_VIEWER, OTHER, METHOD_PUT, path), 403);
    assert_int_equal(ask_as(f, ROLE_ADMIN, OTHER, METHOD_PUT, "/peers/" OTHER "/halves/" UNKNOWN),
                     502);
    assert_int_equal(f->control.call_count, 1);
}

static void test_api_refuses_bodies_that_are_no_objects(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, METHOD_POST, "/streams", NULL), 400);
    assert_int_equal(ask(f, METHOD_POST, "/streams", "[]"), 400);
    assert_int_equal(ask(f, METHOD_POST, "/peers/self/endpoints", "[1]"), 400);
    assert_int_equal(ask(f, METHOD_PATCH, "/peers/self", "[{}]"), 400);
    assert_int_equal(f->control.call_count, 0);
}

static void test_api_errors_quote_hostile_names_readably(void **state)
{
    struct fixture *f = *state;
    char body[700] = "{\"";
    size_t size = 2;
    for (unsigned i = 0; i < 100; i++)
        size += (size_t)snprintf(body + size, sizeof(body) - size, "%s",
                                 i % 2 ? "\xc3\xa9" : "\xf0\x9f\x94\x8a");
    snprintf(body + size, sizeof(body) - size, "\": 1}");
    char nested[800];
    for (unsigned shift = 0; shift < 8; shift++) {
        memmove(body + 3, body + 2, strlen(body + 2) + 1);
        body[2] = 'x';
        assert_int_equal(ask(f, METHOD_POST, "/peers/self/endpoints", body), 400);
        assert_non_null(f->body);
        assert_int_equal(ask(f, METHOD_POST, "/peers", body), 400);
        assert_non_null(f->body);
        snprintf(nested, sizeof(nested), "{\"transport\": %s}", body);
        assert_int_equal(ask(f, METHOD_POST, "/streams", nested), 400);
        assert_non_null(f->body);
        snprintf(nested, sizeof(nested), "{\"virtual\": %s}", body);
        assert_int_equal(ask(f, METHOD_POST, "/peers/self/endpoints", nested), 400);
        assert_non_null(f->body);
    }
}

static void test_api_health_needs_the_store(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, METHOD_GET, "/healthz", NULL), 503); // there is none in this test
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_api_lists_itself_first),
        TEST(test_api_tolerates_one_trailing_slash),
        TEST(test_api_resolves_self_to_the_real_uid),
        TEST(test_api_names_the_uid_that_is_unknown),
        TEST(test_api_answers_404_to_strange_paths),
        TEST(test_api_says_which_methods_are_possible),
        TEST(test_api_creates_reads_changes_and_deletes_an_endpoint),
        TEST(test_api_delete_repeated_is_harmless_but_unknown_is_404),
        TEST(test_api_refuses_change_of_what_was_changed_meanwhile),
        TEST(test_api_replies_to_a_new_stream_with_location_and_tag),
        TEST(test_api_sends_changes_on_to_the_peer_that_has_the_endpoint),
        TEST(test_api_sends_changes_on_to_the_owner_of_the_stream),
        TEST(test_api_says_which_peer_refused),
        TEST(test_api_never_sends_on_what_was_sent_on),
        TEST(test_api_without_peers_says_unavailable),
        TEST(test_api_adds_and_changes_peers),
        TEST(test_api_asks_for_the_role_of_the_route),
        TEST(test_api_hides_halves_from_users),
        TEST(test_api_refuses_bodies_that_are_no_objects),
        TEST(test_api_errors_quote_hostile_names_readably),
        TEST(test_api_health_needs_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
