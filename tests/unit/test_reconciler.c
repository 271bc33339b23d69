// SPDX-License-Identifier: MPL-2.0
//
// Streams find their way back by themselves.
#include "control_fixture.h"

#define TONE      "{\"kind\": \"tone\"}"
#define NULL_SINK "{\"kind\": \"null_sink\"}"

struct pair {
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
};

static struct pair make_active(struct bench *bench)
{
    struct pair pair;
    make_endpoint(&bench->studio, TONE, pair.source);
    make_endpoint(&bench->kitchen, NULL_SINK, pair.sink);
    make_stream(&bench->studio, stream_body(pair.source, pair.sink), pair.uid);
    run_until(bench, is_stream(&bench->studio, pair.uid, "active"));
    return pair;
}

static unsigned long long count_received(const struct side *side, const char *uid)
{
    struct half_metrics metrics = {0};
    return media_query_half(side->media, uid, &metrics) == 0 ? metrics.packets_received : 0;
}

static void test_receiver_that_restarted_gets_packets_again(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    side_kill(&bench->kitchen);
    run_until(bench, is_stream(&bench->studio, pair.uid, "connecting"));
    assert_string_equal(get_reason(&bench->studio, pair.uid), "peer_offline");
    side_return(&bench->kitchen);
    // The half is asked for as soon as the loop comes around; its ports are others than before.
    run_until(bench, count_received(&bench->kitchen, pair.uid) > 0);
    run_until(bench, is_stream(&bench->studio, pair.uid, "active"));
}

static void test_restart_that_nobody_saw_is_found_by_the_renewal(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    // The registry goes on saying "online".
    bench->is_cut = true;
    side_stop(&bench->kitchen);
    side_start(&bench->kitchen);
    bench->is_cut = false;
    run_until(bench, count_received(&bench->kitchen, pair.uid) > 0);
    run_until(bench, is_stream(&bench->studio, pair.uid, "active"));
}

static void test_owner_that_restarted_restores_its_streams(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    side_kill(&bench->studio);
    side_return(&bench->studio);
    assert_true(is_stream(&bench->studio, pair.uid, "connecting"));
    assert_true(is_text(&bench->studio, pair.source, "endpoint_uri", pair.source));
    run_until(bench, is_stream(&bench->studio, pair.uid, "active"));
    char uri[URI_SIZE];
    uri_stream(uri, pair.uid);
    assert_true(strlen(get_text(&bench->studio, uri, "created_at")) > 0);
}

static void test_owner_that_stays_away_releases_the_device(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    side_kill(&bench->studio);
    assert_true(is_text(&bench->kitchen, pair.sink, "state", "in_use"));
    run_until(bench, is_text(&bench->kitchen, pair.sink, "state", "available"));
    assert_false(has_half(&bench->kitchen, pair.uid));
}

static void test_partition_heals(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    bench_cut(bench, true);
    run_until(bench, is_stream(&bench->studio, pair.uid, "connecting"));
    run_until(bench, !has_half(&bench->kitchen, pair.uid)); // longer than the lease
    bench_cut(bench, false);
    run_until(bench, is_stream(&bench->studio, pair.uid, "active"));
    assert_true(has_half(&bench->kitchen, pair.uid));
}

static void test_lease_is_renewed_while_it_plays(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    unsigned before = bench->put_count;
    run_until(bench, bench->put_count >= before + 8); // two leases
    assert_true(has_half(&bench->kitchen, pair.uid));
    assert_true(is_stream(&bench->studio, pair.uid, "active"));
    struct half_metrics metrics;
    assert_int_equal(media_query_half(bench->kitchen.media, pair.uid, &metrics), 0);
    assert_int_equal(metrics.restarts, 0);
}

static void test_refusal_is_shown_and_tried_again(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    // The kitchen comes back without its endpoint.
    side_kill(&bench->kitchen);
    struct store kept = bench->kitchen.store;
    bench->kitchen.store.count = 0;
    side_return(&bench->kitchen);
    run_until(bench, is_stream(&bench->studio, pair.uid, "failed"));
    assert_string_equal(get_reason(&bench->studio, pair.uid), "not_found");
    unsigned before = bench->put_count;
    run_until(bench, bench->put_count > before + 1);

    side_kill(&bench->kitchen);
    bench->kitchen.store = kept;
    side_return(&bench->kitchen);
    run_until(bench, is_stream(&bench->studio, pair.uid, "active"));
}

static void test_silent_peer_is_no_reason_to_stop(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    bench->fault = FAULT_LOSE_REPLY;
    bench->fault_at = bench->request_count + 1;
    run_until(bench, is_stream(&bench->studio, pair.uid, "connecting"));
    assert_string_equal(get_reason(&bench->studio, pair.uid), "peer_timeout");
    assert_true(has_half(&bench->studio, pair.uid));
    run_until(bench, is_stream(&bench->studio, pair.uid, "active"));
}

static void test_reply_of_a_broken_session_is_not_waited_for(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    bench->is_slow = true;
    run_until(bench, bench->waiting_count == 1); // a renewal that stays unanswered
    bench_cut(bench, true);
    bench_cut(bench, false);
    run_until(bench, bench->waiting_count == 2);
    bench->is_slow = false;
    bench_deliver(bench);
    assert_true(is_stream(&bench->studio, pair.uid, "active"));
}

static void test_missing_file_fails_and_its_return_heals(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE], path[128], away[128];
    write_wav(&bench->studio, "song.wav", 48000, 1, 48000);
    make_endpoint(&bench->studio,
                  "{\"kind\": \"file_player\", \"path\": \"song.wav\", \"loop\": true}", source);
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    run_until(bench, is_stream(&bench->studio, uid, "active"));

    side_kill(&bench->studio);
    snprintf(path, sizeof(path), "%s/song.wav", bench->studio.dir);
    snprintf(away, sizeof(away), "%s/away.wav", bench->studio.dir);
    assert_int_equal(rename(path, away), 0);
    side_return(&bench->studio);
    run_until(bench, is_stream(&bench->studio, uid, "failed"));
    assert_true(is_text(&bench->studio, source, "state", "failed"));
    // The device's own reason, not that it is unknown.
    assert_string_equal(get_reason(&bench->studio, uid), "unsatisfiable");
    assert_int_equal(rename(away, path), 0);
    run_until(bench, is_stream(&bench->studio, uid, "active"));
    assert_true(is_text(&bench->studio, source, "state", "in_use"));
}

static void test_finished_player_keeps_its_stream_active(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    write_wav(&bench->studio, "song.wav", 44100, 2, 4410);
    make_endpoint(&bench->studio, "{\"kind\": \"file_player\", \"path\": \"song.wav\"}", source);
    make_endpoint(&bench->kitchen, NULL_SINK, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    run_until(bench,
              json_is_true(json_object_get(
                  json_object_get(get_body(&bench->studio, source), "virtual"), "finished")));
    run_until(bench, is_stream(&bench->studio, uid, "active"));
}

static void test_local_stream_needs_no_peer(void **state)
{
    struct bench *bench = *state;
    char source[URI_SIZE], sink[URI_SIZE], uid[UID_SIZE];
    make_endpoint(&bench->studio, TONE, source);
    make_endpoint(&bench->studio, NULL_SINK, sink);
    make_stream(&bench->studio, stream_body(source, sink), uid);
    assert_true(is_stream(&bench->studio, uid, "active"));
    side_kill(&bench->studio);
    side_start(&bench->studio);
    run_until(bench, is_stream(&bench->studio, uid, "active"));
    assert_int_equal(bench->request_count, 0);
}

static void count_update(enum registry_op op, const struct registry_entry *entry, void *arg)
{
    (void)op;
    (void)entry;
    ++*(unsigned *)arg;
}

static void test_steady_stream_changes_no_resource_but_positions(void **state)
{
    struct bench *bench = *state;
    struct pair pair = make_active(bench);
    unsigned changes = 0, puts = bench->put_count;
    assert_int_equal(registry_observe(bench->studio.registry, count_update, &changes), 0);
    assert_int_equal(registry_observe(bench->kitchen.registry, count_update, &changes), 0);
    run_until(bench, bench->put_count > puts + 6);
    registry_unobserve(bench->studio.registry, count_update, &changes);
    registry_unobserve(bench->kitchen.registry, count_update, &changes);
    assert_true(is_stream(&bench->studio, pair.uid, "active"));
    assert_int_equal(changes, 0); // a tone and a null sink have no position
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_receiver_that_restarted_gets_packets_again),
        BENCH_TEST(test_restart_that_nobody_saw_is_found_by_the_renewal),
        BENCH_TEST(test_owner_that_restarted_restores_its_streams),
        BENCH_TEST(test_owner_that_stays_away_releases_the_device),
        BENCH_TEST(test_partition_heals),
        BENCH_TEST(test_lease_is_renewed_while_it_plays),
        BENCH_TEST(test_refusal_is_shown_and_tried_again),
        BENCH_TEST(test_silent_peer_is_no_reason_to_stop),
        BENCH_TEST(test_reply_of_a_broken_session_is_not_waited_for),
        BENCH_TEST(test_missing_file_fails_and_its_return_heals),
        BENCH_TEST(test_finished_player_keeps_its_stream_active),
        BENCH_TEST(test_local_stream_needs_no_peer),
        BENCH_TEST(test_steady_stream_changes_no_resource_but_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
