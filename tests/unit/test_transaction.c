// SPDX-License-Identifier: MPL-2.0
//
// What users ask of streams: whole or not at all, whatever fails on the way.
#include "control_fixture.h"

#define TONE      "{\"kind\": \"tone\"}"
#define NULL_SINK "{\"kind\": \"null_sink\"}"

static bool is_free(const struct side *side, const char *uri)
{
    return is_text(side, uri, "state", "available");
}

// Nothing of a stream is left anywhere.
static void check_nothing(struct bench *bench, const char *source, const char *sink)
{
    assert_int_equal(count_streams(&bench->studio), 0);
    assert_int_equal(store_count(&bench->studio.store, "stream"), 0);
    assert_int_equal(store_count(&bench->kitchen.store, "stream"), 0);
    assert_true(is_free(&bench->studio, source));
    assert_true(is_free(&bench->kitchen, sink));
}

static void make_pair(struct bench *bench, char source[URI_SIZE], char sink[URI_SIZE])
{
    make_endpoint(&bench->studio, TONE, source);
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
}

static void test_stream_across_peers_becomes_active(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    make_pair(bench, source, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    run_until(bench, is_stream(&bench->studio, uid, "active"));
    assert_true(has_half(&bench->studio, uid));
    assert_true(has_half(&bench->kitchen, uid));
    assert_true(is_text(&bench->studio, source, "state", "in_use"));
    assert_true(is_text(&bench->kitchen, sink, "state", "in_use"));
    assert_int_equal(store_count(&bench->studio.store, "stream"), 1);

    struct captured numbers = {0};
    control_query_stream(bench->studio.control, uid, capture, &numbers);
    assert_int_equal(numbers.status, 200);
    json_t *sender = json_object_get(numbers.body, "sender");
    json_t *receiver = json_object_get(numbers.body, "receiver");
    assert_true(json_integer_value(json_object_get(sender, "packets_sent")) > 0);
    assert_true(json_integer_value(json_object_get(receiver, "packets_received")) > 0);
    captured_finish(&numbers);

    struct captured deleted = {0};
    control_delete_stream(bench->studio.control, uid, capture, &deleted);
    assert_int_equal(deleted.status, 204);
    assert_false(has_half(&bench->studio, uid));
    assert_false(has_half(&bench->kitchen, uid));
    check_nothing(bench, source, sink);
    control_delete_stream(bench->studio.control, uid, capture, &deleted);
    assert_int_equal(deleted.status, 204);
    assert_int_equal(deleted.count, 2);
}

static void test_creation_that_fails_at_the_peer_leaves_nothing(void **state)
{
    struct bench *bench = *state;
    static const struct {
        enum fault fault;
        int status;
    } cases[] = {{FAULT_LOSE_REQUEST, 504},
                 {FAULT_LOSE_REPLY, 504},
                 {FAULT_REFUSE, 422},
                 {FAULT_NONSENSE, 502}};
    char source[URI_SIZE], sink[URI_SIZE];
    make_pair(bench, source, sink);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bench->fault = cases[i].fault;
        bench->fault_at = bench->request_count + 1;
        struct captured captured = create_stream(&bench->studio, stream_body(source, sink));
        assert_int_equal(captured.count, 1);
        assert_int_equal(captured.status, cases[i].status);
        assert_string_equal(json_string_value(json_object_get(captured.body, "peer_uid")),
                            bench->kitchen.uid);
        captured_finish(&captured);
        check_nothing(bench, source, sink);
    }
}

static void test_creation_that_cannot_be_stored_leaves_nothing(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE];
    make_pair(bench, source, sink);
    bench->studio.store.is_broken = true;
    struct captured captured = create_stream(&bench->studio, stream_body(source, sink));
    assert_int_equal(captured.status, 503);
    captured_finish(&captured);
    bench->studio.store.is_broken = false;
    check_nothing(bench, source, sink);
}

static void remove_song(struct bench *bench)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/song.wav", bench->studio.dir);
    (void)unlink(path);
}

static void test_creation_whose_sender_fails_leaves_nothing(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE];
    write_wav(&bench->studio, "song.wav", 44100, 2, 1000);
    make_endpoint(&bench->studio, "{\"kind\": \"file_player\", \"path\": \"song.wav\"}", source);
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    // The file vanishes between the two halves.
    bench->on_request = remove_song;
    struct captured captured = create_stream(&bench->studio, stream_body(source, sink));
    assert_int_equal(captured.status, 422);
    assert_non_null(
        strstr(json_string_value(json_object_get(captured.body, "error_text")), "song.wav"));
    captured_finish(&captured);
    assert_int_equal(count_streams(&bench->studio), 0);
    assert_int_equal(store_count(&bench->studio.store, "stream"), 0);
    assert_true(is_free(&bench->kitchen, sink));
    assert_true(is_text(&bench->studio, source, "state", "failed"));
}

static void test_peer_that_listens_everywhere_is_reached_where_its_session_is(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE];
    make_pair(bench, source, sink);
    bench->host = "kitchen.invalid"; // is refused as no address, so that it shows in the sentence
    struct captured captured = create_stream(&bench->studio, stream_body(source, sink));
    assert_int_equal(captured.status, 422);
    const char *text = json_string_value(json_object_get(captured.body, "error_text"));
    assert_non_null(strstr(text, "kitchen.invalid"));
    captured_finish(&captured);
    check_nothing(bench, source, sink);
}

static void test_lost_undo_is_ended_by_the_lease(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE];
    make_pair(bench, source, sink);
    bench->studio.store.is_broken = true;
    bench->fault = FAULT_LOSE_REQUEST;
    bench->fault_at = bench->request_count + 2; // the DELETE
    struct captured captured = create_stream(&bench->studio, stream_body(source, sink));
    assert_int_equal(captured.status, 503);
    captured_finish(&captured);
    bench->studio.store.is_broken = false;
    assert_true(is_text(&bench->kitchen, sink, "state", "in_use"));
    run_until(bench, is_free(&bench->kitchen, sink));
    check_nothing(bench, source, sink);
}

static void test_creation_to_an_offline_peer_is_refused(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE];
    make_pair(bench, source, sink);
    bench_cut(bench, true);
    struct captured captured = create_stream(&bench->studio, stream_body(source, sink));
    assert_int_equal(captured.status, 503);
    captured_finish(&captured);
    check_nothing(bench, source, sink);
    assert_int_equal(bench->request_count, 0);
}

static void check_refused(struct bench *bench, json_t *body, int status, const char *field)
{
    struct captured captured = create_stream(&bench->studio, body);
    assert_int_equal(captured.status, status);
    const char *named = json_string_value(json_object_get(captured.body, "field"));
    if (field)
        assert_string_equal(named ? named : "", field);
    captured_finish(&captured);
    assert_int_equal(count_streams(&bench->studio), 0);
}

static void test_impossible_connections_are_refused(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], local_sink[URI_SIZE], unknown[URI_SIZE];
    make_pair(bench, source, sink);
    make_endpoint(&bench->studio, NULL_SINK, local_sink);
    uri_endpoint(unknown, bench->kitchen.uid, "aaaaaa-bbbbbb-cccccc");
    check_refused(bench, stream_body(local_sink, sink), 422, "source.endpoint_uri");
    check_refused(bench, stream_body(sink, local_sink), 422, "source.endpoint_uri");
    check_refused(bench, stream_body(source, unknown), 404, "destination.endpoint_uri");
    uri_endpoint(unknown, bench->studio.uid, "aaaaaa-bbbbbb-cccccc");
    check_refused(bench, stream_body(unknown, sink), 404, "source.endpoint_uri");
    uri_endpoint(unknown, "aaaaaa-bbbbbb-cccccc", "aaaaaa-bbbbbb-cccccc");
    check_refused(bench, stream_body(source, unknown), 404, "destination.endpoint_uri");

    // The other peer knows that its tone is no sink, whatever the replica says.
    char remote_tone[URI_SIZE];
    make_endpoint(&bench->kitchen, TONE, remote_tone);
    check_refused(bench, stream_body(source, remote_tone), 422, "destination.endpoint_uri");

    json_t *body = stream_body(source, sink);
    json_object_set_new(body, "transport", json_pack("{s:i}", "sample_rate", 48000));
    check_refused(bench, body, 422, "transport.sample_rate");
    check_nothing(bench, source, sink);
}

static void test_owner_is_the_peer_of_the_source(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], owner[UID_SIZE];
    struct api_error error = {0};
    make_pair(bench, source, sink);
    json_t *body = stream_body(source, sink);
    assert_int_equal(control_find_owner(bench->kitchen.control, body, owner, &error), 0);
    assert_string_equal(owner, bench->studio.uid);
    json_object_set_new(
        body, "source",
        json_pack("{s:s, s:s}", "connection_type", "external", "media_uri", "rtp://0.0.0.0:0"));
    assert_int_equal(control_find_owner(bench->studio.control, body, owner, &error), 0);
    assert_string_equal(owner, bench->kitchen.uid);
    json_decref(body);
}

static json_t *patch(const char *text)
{
    json_t *body = json_loads(text, 0, NULL);
    assert_non_null(body);
    return body;
}

static struct captured update_stream(struct bench *bench, const char *uid, json_t *body)
{
    struct captured captured = {0};
    control_update_stream(bench->studio.control, uid, body, PARSE_MERGE, capture, &captured);
    json_decref(body);
    return captured;
}

static void check_update(struct bench *bench, const char *uid, json_t *body, int status)
{
    struct captured captured = update_stream(bench, uid, body);
    assert_int_equal(captured.count, 1);
    assert_int_equal(captured.status, status);
    captured_finish(&captured);
}

static json_t *destination(const char *uri)
{
    return json_pack("{s:{s:s, s:s}}", "destination", "connection_type", "endpoint", "endpoint_uri",
                     uri);
}

static void test_volume_changes_while_it_plays(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    struct half_metrics metrics = {0};
    make_pair(bench, source, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    run_until(bench, media_query_half(bench->kitchen.media, uid, &metrics) == 0 &&
                         metrics.packets_received > 20);
    check_update(bench, uid, patch("{\"volume\": 0.25, \"display_name\": \"Radio\"}"), 200);
    check_update(bench, uid, patch("{\"muted\": true}"), 200);
    unsigned long long before = metrics.packets_received;
    assert_int_equal(media_query_half(bench->kitchen.media, uid, &metrics), 0);
    assert_true(metrics.packets_received >= before); // it is still the same half
    assert_int_equal(metrics.restarts, 0);
    check_update(bench, uid, patch("{\"volume\": 2}"), 400);
    check_update(bench, uid, patch("{\"nonsense\": 2}"), 400);
}

static void test_change_of_destination_moves_the_stream(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], second[URI_SIZE], local[URI_SIZE], uid[UID_SIZE];
    make_pair(bench, source, sink);
    make_endpoint(&bench->kitchen, NULL_SINK, second);
    make_endpoint(&bench->studio, NULL_SINK, local);
    make_stream(&bench->studio, stream_body(source, sink), uid);

    check_update(bench, uid, destination(second), 200);
    assert_true(is_free(&bench->kitchen, sink));
    assert_true(is_text(&bench->kitchen, second, "state", "in_use"));
    run_until(bench, is_stream(&bench->studio, uid, "active"));

    check_update(bench, uid, destination(local), 200);
    assert_true(is_free(&bench->kitchen, second));
    assert_true(is_text(&bench->studio, local, "state", "in_use"));
    assert_false(has_half(&bench->kitchen, uid));

    check_update(bench, uid, destination(sink), 200);
    assert_true(is_free(&bench->studio, local));
    run_until(bench, is_stream(&bench->studio, uid, "active"));
}

static void test_failed_change_keeps_the_old_stream(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], second[URI_SIZE], local[URI_SIZE], uid[UID_SIZE];
    char uri[URI_SIZE];
    make_pair(bench, source, sink);
    make_endpoint(&bench->kitchen, NULL_SINK, second);
    make_endpoint(&bench->studio, NULL_SINK, local);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    run_until(bench, is_stream(&bench->studio, uid, "active"));
    uri_stream(uri, uid);
    json_t *before = json_deep_copy(json_object_get(get_body(&bench->studio, uri), "destination"));

    static const struct {
        enum fault fault;
        int status;
    } cases[] = {{FAULT_LOSE_REQUEST, 504}, {FAULT_LOSE_REPLY, 504}, {FAULT_REFUSE, 422}};
    for (size_t i = 0; i < 3; i++) {
        bench->fault = cases[i].fault;
        bench->fault_at = bench->request_count + 1;
        check_update(bench, uid, destination(second), cases[i].status);
        run_until(bench, is_free(&bench->kitchen, second) &&
                             is_text(&bench->kitchen, sink, "state", "in_use"));
    }
    bench->studio.store.is_broken = true;
    check_update(bench, uid, destination(second), 503);
    check_update(bench, uid, destination(local), 503);
    bench->studio.store.is_broken = false;
    run_until(bench, is_free(&bench->studio, local) && is_free(&bench->kitchen, second));
    run_until(bench, is_stream(&bench->studio, uid, "active"));
    assert_true(is_text(&bench->kitchen, sink, "state", "in_use"));
    assert_true(json_equal(before, json_object_get(get_body(&bench->studio, uri), "destination")));
    json_decref(before);
}

static void test_disabled_stream_holds_nothing(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    make_pair(bench, source, sink);
    json_t *body = stream_body(source, sink);
    json_object_set_new(body, "enabled", json_false());
    make_stream(&bench->studio, body, uid);
    assert_true(is_stream(&bench->studio, uid, "idle"));
    assert_true(is_free(&bench->kitchen, sink));
    check_update(bench, uid, patch("{\"enabled\": true}"), 200);
    run_until(bench, is_stream(&bench->studio, uid, "active"));
    check_update(bench, uid, patch("{\"enabled\": false}"), 200);
    assert_true(is_stream(&bench->studio, uid, "idle"));
    assert_true(is_free(&bench->kitchen, sink));
    assert_true(is_free(&bench->studio, source));

    // One that cannot be enabled stays as it was, and leaves nothing at the other peer.
    bench->fault = FAULT_LOSE_REPLY;
    bench->fault_at = bench->request_count + 1;
    check_update(bench, uid, patch("{\"enabled\": true}"), 504);
    assert_true(is_stream(&bench->studio, uid, "idle"));
    assert_true(is_free(&bench->kitchen, sink));
    assert_true(is_free(&bench->studio, source));
}

static void test_one_change_at_a_time(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    make_pair(bench, source, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    bench->is_slow = true;
    struct captured first = {0}, second = {0}, third = {0};
    json_t *body = patch("{\"volume\": 0.5}");
    control_update_stream(bench->studio.control, uid, body, PARSE_MERGE, capture, &first);
    control_update_stream(bench->studio.control, uid, body, PARSE_MERGE, capture, &second);
    control_delete_stream(bench->studio.control, uid, capture, &third);
    json_decref(body);
    assert_int_equal(first.count, 0);
    assert_int_equal(second.status, 409);
    assert_int_equal(third.status, 409);
    bench_deliver(bench);
    assert_int_equal(first.status, 200);
    captured_finish(&first);
    captured_finish(&second);
    captured_finish(&third);
}

static void test_change_waits_for_a_renewal(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    make_pair(bench, source, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    bench->is_slow = true;
    run_until(bench, bench->waiting_count == 1); // the renewal
    struct captured deleted = {0};
    control_delete_stream(bench->studio.control, uid, capture, &deleted);
    assert_int_equal(deleted.count, 0);
    bench_deliver(bench);
    assert_int_equal(deleted.count, 1);
    assert_int_equal(deleted.status, 204);
    check_nothing(bench, source, sink);
}

static void test_stopping_answers_everybody(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    make_pair(bench, source, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    bench->is_slow = true;
    struct captured created = {0}, deleted = {0}, asked = {0};
    json_t *body = stream_body(source, sink);
    control_create_stream(bench->studio.control, body, capture, &created);
    control_query_stream(bench->studio.control, uid, capture, &asked);
    control_delete_stream(bench->studio.control, uid, capture, &deleted);
    json_decref(body);
    side_stop(&bench->studio);
    assert_int_equal(created.count, 1);
    assert_int_equal(created.status, 503);
    assert_int_equal(deleted.count, 1);
    assert_int_equal(asked.count, 1);
    // Late replies find nobody, and the halves go: the DELETEs are on their way.
    bench->is_slow = false;
    bench_deliver(bench);
    assert_true(is_free(&bench->kitchen, sink));
    captured_finish(&created);
    captured_finish(&deleted);
    captured_finish(&asked);
}

static void test_external_sides_need_no_peer(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], in_uid[UID_SIZE], out_uid[UID_SIZE], uri[URI_SIZE];
    make_pair(bench, source, sink);
    json_t *in = stream_body(sink, sink);
    json_object_set_new(in, "source",
                        json_pack("{s:s, s:s, s:s}", "connection_type", "external", "media_uri",
                                  "rtp+rs8m://127.0.0.1:0", "repair_uri", "rs8m://127.0.0.1:0"));
    make_stream(&bench->kitchen, in, in_uid);
    assert_true(is_stream(&bench->kitchen, in_uid, "connecting"));
    uri_stream(uri, in_uid);
    // The ports that the system picked are shown.
    json_t *out = stream_body(source, source);
    json_object_set(out, "destination", json_object_get(get_body(&bench->kitchen, uri), "source"));
    make_stream(&bench->studio, out, out_uid);
    assert_true(is_stream(&bench->studio, out_uid, "active"));
    run_until(bench, is_stream(&bench->kitchen, in_uid, "active"));
    assert_int_equal(bench->request_count, 0);
}

static void test_endpoint_in_use_cannot_be_deleted(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    struct api_error error = {0};
    make_pair(bench, source, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    assert_int_equal(
        control_delete_endpoint(bench->studio.control, strrchr(source, '/') + 1, &error), -1);
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_int_equal(
        control_delete_endpoint(bench->kitchen.control, strrchr(sink, '/') + 1, &error), -1);
    struct captured deleted = {0};
    control_delete_stream(bench->studio.control, uid, capture, &deleted);
    assert_int_equal(
        control_delete_endpoint(bench->studio.control, strrchr(source, '/') + 1, &error), 0);
    assert_null(get_body(&bench->studio, source));
    assert_int_equal(
        control_delete_endpoint(bench->studio.control, strrchr(source, '/') + 1, &error), 0);
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_stream_across_peers_becomes_active),
        BENCH_TEST(test_creation_that_fails_at_the_peer_leaves_nothing),
        BENCH_TEST(test_creation_that_cannot_be_stored_leaves_nothing),
        BENCH_TEST(test_creation_whose_sender_fails_leaves_nothing),
        BENCH_TEST(test_peer_that_listens_everywhere_is_reached_where_its_session_is),
        BENCH_TEST(test_lost_undo_is_ended_by_the_lease),
        BENCH_TEST(test_creation_to_an_offline_peer_is_refused),
        BENCH_TEST(test_impossible_connections_are_refused),
        BENCH_TEST(test_owner_is_the_peer_of_the_source),
        BENCH_TEST(test_volume_changes_while_it_plays),
        BENCH_TEST(test_change_of_destination_moves_the_stream),
        BENCH_TEST(test_failed_change_keeps_the_old_stream),
        BENCH_TEST(test_disabled_stream_holds_nothing),
        BENCH_TEST(test_one_change_at_a_time),
        BENCH_TEST(test_change_waits_for_a_renewal),
        BENCH_TEST(test_stopping_answers_everybody),
        BENCH_TEST(test_external_sides_need_no_peer),
        BENCH_TEST(test_endpoint_in_use_cannot_be_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
