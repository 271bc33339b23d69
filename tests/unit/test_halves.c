// SPDX-License-Identifier: MPL-2.0
//
// Halves that other peers hold here: who may, what is refused, and how they end.
#include "control_fixture.h"

#define TONE      "{\"kind\": \"tone\"}"
#define NULL_SINK "{\"kind\": \"null_sink\"}"

static const char *const stream_uid = "aaaaaa-bbbbbb-cccccc";

static struct principal peer_of(const struct side *side, enum role role)
{
    struct principal principal = {.role = role};
    memcpy(principal.peer_uid, side->uid, UID_SIZE);
    return principal;
}

static struct captured ask(struct side *side, enum request_method method, json_t *body,
                           struct principal principal)
{
    struct captured captured = {0};
    struct request request = {.method = method,
                              .path = "/peers/self/halves/aaaaaa-bbbbbb-cccccc",
                              .body = body,
                              .principal = principal};
    control_handle_half(side->control, stream_uid, &request, capture, &captured);
    json_decref(body);
    assert_int_equal(captured.count, 1);
    return captured;
}

static json_t *half_body(const char *endpoint_uri)
{
    return json_pack("{s:s, s:s, s:i, s:{s:i, s:i}}", "role", "receiver", "endpoint_uri",
                     endpoint_uri, "lease_ms", LEASE_MS, "transport", "sample_rate", 48000,
                     "channels", 2);
}

static void check(struct captured captured, int status)
{
    if (captured.status != status)
        fail_msg("%d, not %d: %s", captured.status, status,
                 json_string_value(json_object_get(captured.body, "error_text")));
    captured_finish(&captured);
}

static void check_put(struct bench *bench, json_t *body, int status)
{
    struct principal principal = peer_of(&bench->studio, ROLE_OPERATOR);
    check(ask(&bench->kitchen, METHOD_PUT, body, principal), status);
}

static void test_only_peers_that_are_trusted_get_a_half(void **state)
{
    struct bench *bench = *state;
    char sink[URI_SIZE];
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    struct principal user = {.role = ROLE_ADMIN};
    check(ask(&bench->kitchen, METHOD_PUT, half_body(sink), user), 403);
    struct principal viewer = peer_of(&bench->studio, ROLE_VIEWER);
    check(ask(&bench->kitchen, METHOD_PUT, half_body(sink), viewer), 403);
    check(ask(&bench->kitchen, METHOD_GET, NULL, viewer), 403);
    assert_true(is_text(&bench->kitchen, sink, "state", "available"));
    check_put(bench, half_body(sink), 201);
    assert_true(is_text(&bench->kitchen, sink, "state", "in_use"));
}

static void test_half_belongs_to_the_peer_that_made_it(void **state)
{
    struct bench *bench = *state;
    char sink[URI_SIZE];
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    check_put(bench, half_body(sink), 201);
    struct principal stranger = {.role = ROLE_ADMIN, .peer_uid = "xxxxxx-yyyyyy-zzzzzz"};
    check(ask(&bench->kitchen, METHOD_PUT, half_body(sink), stranger), 403);
    check(ask(&bench->kitchen, METHOD_DELETE, NULL, stranger), 403);
    check(ask(&bench->kitchen, METHOD_GET, NULL, stranger), 403);
    assert_true(has_half(&bench->kitchen, stream_uid));
}

static void test_repeated_put_keeps_the_addresses(void **state)
{
    struct bench *bench = *state;
    char sink[URI_SIZE];
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    struct principal owner = peer_of(&bench->studio, ROLE_OPERATOR);
    struct captured first = ask(&bench->kitchen, METHOD_PUT, half_body(sink), owner);
    json_t *louder = half_body(sink);
    json_object_set_new(louder, "volume", json_real(0.5));
    struct captured second = ask(&bench->kitchen, METHOD_PUT, louder, owner);
    struct captured third = ask(&bench->kitchen, METHOD_GET, NULL, owner);
    assert_int_equal(second.status, 200);
    assert_int_equal(third.status, 200);
    const json_t *address = json_object_get(first.body, "address");
    assert_true(json_equal(address, json_object_get(second.body, "address")));
    assert_true(json_equal(address, json_object_get(third.body, "address")));
    assert_string_equal(json_string_value(json_object_get(third.body, "state")), "connecting");
    assert_null(strstr(json_string_value(json_object_get(address, "media_uri")), ":0\""));
    captured_finish(&first);
    captured_finish(&second);
    captured_finish(&third);
}

static void test_refused_change_keeps_the_half(void **state)
{
    struct bench *bench = *state;
    char sink[URI_SIZE], second[URI_SIZE];
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    write_wav(&bench->kitchen, "song.wav", 44100, 2, 100);
    make_endpoint(&bench->kitchen, "{\"kind\": \"file_player\", \"path\": \"song.wav\"}", second);
    struct principal owner = peer_of(&bench->studio, ROLE_OPERATOR);
    struct captured before = ask(&bench->kitchen, METHOD_PUT, half_body(sink), owner);
    check_put(bench, half_body(second), 422);
    json_t *odd = half_body(sink);
    json_object_set_new(odd, "transport", json_pack("{s:s}", "encoding", "opus"));
    check_put(bench, odd, 422); // not there yet
    struct captured after = ask(&bench->kitchen, METHOD_GET, NULL, owner);
    assert_true(json_equal(json_object_get(before.body, "address"),
                           json_object_get(after.body, "address")));
    assert_true(has_half(&bench->kitchen, stream_uid));
    captured_finish(&before);
    captured_finish(&after);
}

static void test_delete_is_repeatable(void **state)
{
    struct bench *bench = *state;
    char sink[URI_SIZE];
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    check_put(bench, half_body(sink), 201);
    struct principal owner = peer_of(&bench->studio, ROLE_OPERATOR);
    check(ask(&bench->kitchen, METHOD_DELETE, NULL, owner), 204);
    check(ask(&bench->kitchen, METHOD_DELETE, NULL, owner), 204);
    check(ask(&bench->kitchen, METHOD_GET, NULL, owner), 404);
    check(ask(&bench->kitchen, METHOD_PATCH, half_body(sink), owner), 405);
    assert_true(is_text(&bench->kitchen, sink, "state", "available"));
}

static void set_and_check(struct bench *bench, const char *sink, const char *field,
                          const char *text)
{
    json_t *body = half_body(sink);
    json_object_set_new(body, field, json_loads(text, JSON_DECODE_ANY, NULL));
    struct captured captured =
        ask(&bench->kitchen, METHOD_PUT, body, peer_of(&bench->studio, ROLE_OPERATOR));
    assert_in_range(captured.status, 400, 422);
    assert_non_null(json_object_get(captured.body, "error_text"));
    captured_finish(&captured);
    assert_false(has_half(&bench->kitchen, stream_uid));
}

static void test_malformed_bodies_are_refused(void **state)
{
    struct bench *bench = *state;
    char sink[URI_SIZE], foreign[URI_SIZE];
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    make_endpoint(&bench->studio, NULL_SINK, foreign);
    check_put(bench, NULL, 400);
    check_put(bench, json_array(), 400);
    check_put(bench, half_body(foreign), 422);
    check_put(bench, half_body("/peers/self/endpoints/aaaaaa-bbbbbb-cccccc"), 404);
    static const char *const cases[][2] = {
        {"role", "\"listener\""},
        {"role", "7"},
        {"endpoint_uri", "\"/x\""},
        {"endpoint_uri", "null"},
        {"volume", "2"},
        {"volume", "\"loud\""},
        {"volume", "-0.1"},
        {"muted", "1"},
        {"lease_ms", "1"},
        {"lease_ms", "99999999999999"},
        {"lease_ms", "\"long\""},
        {"transport", "[]"},
        {"transport", "{\"fec\": 3}"},
        {"role", "\"sender\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        set_and_check(bench, sink, cases[i][0], cases[i][1]);
    check_put(bench, half_body(sink), 201);
}

static void test_sending_half_goes_where_it_is_told(void **state)
{
    struct bench *bench = *state;
    char sink[URI_SIZE], tone[URI_SIZE];
    make_endpoint(&bench->studio, NULL_SINK, sink);
    make_endpoint(&bench->kitchen, TONE, tone);
    struct half_config config = {.stream_uid = stream_uid,
                                 .endpoint_uid = strrchr(sink, '/') + 1,
                                 .transport = {.sample_rate = 44100, .channels = 2},
                                 .volume = 1};
    config.transport.packet_ms = 5;
    config.transport.target_latency_ms = 100;
    struct media_address address = {.media_uri = "rtp://127.0.0.1:0"};
    struct api_error error = {0};
    assert_int_equal(media_open_receiver(bench->studio.media, &config, &address, &error), 0);

    json_t *body =
        json_pack("{s:s, s:s, s:{s:{s:s}}, s:o}", "role", "sender", "endpoint_uri", tone,
                  "transport", "fec", "scheme", "none", "address", media_address_write(&address));
    check_put(bench, body, 201);
    struct half_metrics metrics = {0};
    run_until(bench, media_query_half(bench->studio.media, stream_uid, &metrics) == 0 &&
                         metrics.packets_received > 10);
    media_close_half(bench->studio.media, stream_uid);
}

static void test_lease_ends_a_half(void **state)
{
    struct bench *bench = *state;
    char sink[URI_SIZE];
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    check_put(bench, half_body(sink), 201);
    for (int i = 0; i < 4; i++) {
        run_for_ms(bench, LEASE_MS / 2);
        check_put(bench, half_body(sink), 200); // renewed: it is still there
    }
    run_until(bench, !has_half(&bench->kitchen, stream_uid));
    assert_true(is_text(&bench->kitchen, sink, "state", "available"));
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_only_peers_that_are_trusted_get_a_half),
        BENCH_TEST(test_half_belongs_to_the_peer_that_made_it),
        BENCH_TEST(test_repeated_put_keeps_the_addresses),
        BENCH_TEST(test_refused_change_keeps_the_half),
        BENCH_TEST(test_delete_is_repeatable),
        BENCH_TEST(test_malformed_bodies_are_refused),
        BENCH_TEST(test_sending_half_goes_where_it_is_told),
        BENCH_TEST(test_lease_ends_a_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
