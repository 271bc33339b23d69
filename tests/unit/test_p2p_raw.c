// SPDX-License-Identifier: MPL-2.0
//
// One daemon's side against a client that is made by hand, and can say what no daemon would say.
#include <errno.h>
#include <zmq.h>

#include "p2p/frame.h"
#include "p2p/network_key.h"
#include "p2p_node.h"

struct raw {
    uv_loop_t loop;
    struct node node;
    void *context, *dealer;
    struct identity identity;
    char epoch[FRAME_TOKEN_SIZE];
    struct frame frame; // received last
};

static void connect_raw(struct raw *raw)
{
    struct network_key network;
    char url[80];
    int linger = 0;
    assert_int_equal(network_key_derive(&network, NODE_SECRET), 0);
    raw->dealer = zmq_socket(raw->context, ZMQ_DEALER);
    zmq_setsockopt(raw->dealer, ZMQ_CURVE_SERVERKEY, network.public_key, 41);
    zmq_setsockopt(raw->dealer, ZMQ_CURVE_PUBLICKEY, raw->identity.public_key, 41);
    zmq_setsockopt(raw->dealer, ZMQ_CURVE_SECRETKEY, raw->identity.secret_key, 41);
    zmq_setsockopt(raw->dealer, ZMQ_LINGER, &linger, sizeof(linger));
    snprintf(url, sizeof(url), "tcp://%s", node_address(&raw->node));
    assert_int_equal(zmq_connect(raw->dealer, url), 0);
}

static int setup(void **state)
{
    struct raw *raw = calloc(1, sizeof(*raw));
    assert_non_null(raw);
    uv_loop_init(&raw->loop);
    node_init(&raw->node, &raw->loop, NODE_SECRET);
    node_start(&raw->node, "");
    raw->context = zmq_ctx_new();
    zmq_curve_keypair(raw->identity.public_key, raw->identity.secret_key);
    identity_uid(raw->identity.uid, raw->identity.public_key);
    snprintf(raw->epoch, sizeof(raw->epoch), "00000000000000e1");
    connect_raw(raw);
    *state = raw;
    return 0;
}

static int teardown(void **state)
{
    struct raw *raw = *state;
    frame_finish(&raw->frame);
    zmq_close(raw->dealer);
    zmq_ctx_term(raw->context);
    node_finish(&raw->node);
    uv_run(&raw->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&raw->loop), 0);
    free(raw);
    return 0;
}

// Takes the body.
static void say(struct raw *raw, unsigned type, json_t *body)
{
    unsigned char *data;
    size_t size;
    assert_non_null(body);
    assert_int_equal(frame_encode(&data, &size, (enum frame_type)type, body), 0);
    assert_true(zmq_send(raw->dealer, data, size, 0) >= 0);
    free(data);
    json_decref(body);
}

static bool receive(struct raw *raw)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    bool is_there = zmq_msg_recv(&message, raw->dealer, ZMQ_DONTWAIT) >= 0;
    if (is_there) {
        frame_finish(&raw->frame);
        assert_int_equal(frame_parse(&raw->frame, zmq_msg_data(&message), zmq_msg_size(&message)),
                         0);
    }
    zmq_msg_close(&message);
    return is_there;
}

// Frames of other types are passed over.
static bool receive_type(struct raw *raw, unsigned type)
{
    while (receive(raw)) {
        if (raw->frame.type == type)
            return true;
    }
    return false;
}

static const char *get_text(const struct raw *raw, const char *key)
{
    const char *text = json_string_value(json_object_get(raw->frame.body, key));
    return text != NULL ? text : "";
}

static json_t *make_hello(const struct raw *raw)
{
    char challenge[IDENTITY_CHALLENGE_SIZE];
    identity_make_challenge(challenge);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "uid", raw->identity.uid, "epoch",
                     raw->epoch, "session", "00000000000000aa", "display_name", "raw", "challenge",
                     challenge, "heartbeat_ms", 60000, "a field of the future", "x");
}

// HELLO, and the trust that makes a whole peer.
static void greet(struct raw *raw)
{
    say(raw, FRAME_HELLO, make_hello(raw));
    node_run_until(&raw->loop, receive_type(raw, FRAME_HELLO_OK));
    say(raw, FRAME_PING, json_pack("{s:i, s:s}", "n", 1, "trust", "operator"));
}

static json_t *make_endpoint(const char *peer_uid, const char *uid, const char *name)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, peer_uid, uid);
    return json_pack("{s:s, s:{s:s, s:s, s:s}}", "uri", uri, "body", "endpoint_uri", uri,
                     "endpoint_uid", uid, "display_name", name);
}

#define ENDPOINT "aaaaaa-bbbbbb-cccccc"

static void send_snapshot(struct raw *raw, int seq)
{
    say(raw, FRAME_SNAPSHOT,
        json_pack("{s:s, s:i, s:b, s:b, s:[o]}", "epoch", raw->epoch, "seq", seq, "first", 1,
                  "last", 1, "resources", make_endpoint(raw->identity.uid, ENDPOINT, "old")));
}

static const char *name_of(const struct raw *raw, const char *uid)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, raw->identity.uid, uid);
    const struct registry_entry *entry = registry_get(raw->node.registry, uri);
    const char *name =
        entry != NULL ? json_string_value(json_object_get(entry->body, "display_name")) : NULL;
    return name != NULL ? name : "";
}

static void become_online(struct raw *raw)
{
    greet(raw);
    node_run_until(&raw->loop, receive_type(raw, FRAME_SYNC));
    send_snapshot(raw, 5);
    node_run_until(&raw->loop,
                   strcmp(node_peer_text(&raw->node, raw->identity.uid, "state"), "online") == 0);
}

static void send_change(struct raw *raw, int seq, const char *peer_uid, const char *name)
{
    json_t *body = make_endpoint(peer_uid, ENDPOINT, name);
    json_object_set_new(body, "epoch", json_string(raw->epoch));
    json_object_set_new(body, "seq", json_integer(seq));
    json_object_set_new(body, "op", json_string("put"));
    say(raw, FRAME_CHANGE, body);
}

static void expect_violation(struct raw *raw)
{
    node_run_until(&raw->loop, receive_type(raw, FRAME_ERROR));
    assert_string_equal(get_text(raw, "code"), "protocol");
    assert_string_equal(node_peer_text(&raw->node, raw->identity.uid, "state"), "offline");
    assert_string_equal(node_peer_reason(&raw->node, raw->identity.uid), "protocol");
    // And it may not come back at once.
    say(raw, FRAME_HELLO, make_hello(raw));
    node_run_until(&raw->loop, receive_type(raw, FRAME_ERROR));
    assert_string_equal(get_text(raw, "code"), "try_later");
}

static void test_hello_is_answered_with_a_proof(void **state)
{
    struct raw *raw = *state;
    json_t *hello = make_hello(raw);
    char challenge[IDENTITY_CHALLENGE_SIZE];
    frame_get_text(challenge, sizeof(challenge), hello, "challenge");
    say(raw, FRAME_HELLO, hello);
    node_run_until(&raw->loop, receive_type(raw, FRAME_HELLO_OK));
    assert_string_equal(get_text(raw, "session"), "00000000000000aa");
    assert_string_equal(get_text(raw, "key"), raw->node.identity.public_key);
    assert_string_equal(get_text(raw, "uid"), raw->node.identity.uid);
    assert_int_equal(identity_check_proof(&raw->identity, get_text(raw, "key"), challenge,
                                          get_text(raw, "proof")),
                     0);
}

static void test_uid_of_another_is_refused(void **state)
{
    struct raw *raw = *state;
    json_t *hello = make_hello(raw);
    json_object_set_new(hello, "uid", json_string(ENDPOINT));
    say(raw, FRAME_HELLO, hello);
    node_run_until(&raw->loop, receive_type(raw, FRAME_ERROR));
    assert_string_equal(get_text(raw, "code"), "bad_hello");
    assert_string_equal(node_peer_text(&raw->node, ENDPOINT, "state"), "");
}

static void test_frame_before_hello_is_refused(void **state)
{
    struct raw *raw = *state;
    say(raw, FRAME_REQUEST, json_pack("{s:i, s:s, s:s}", "id", 1, "method", "GET", "path", "/x"));
    node_run_until(&raw->loop, receive_type(raw, FRAME_ERROR));
    assert_string_equal(get_text(raw, "code"), "no_session");
    assert_int_equal(raw->node.handled, 0);
}

static void test_other_version_is_told_ours(void **state)
{
    struct raw *raw = *state;
    zmq_send(raw->dealer, "ROCD\x07\x01\x00\x00{}", 10, 0);
    node_run_until(&raw->loop, receive_type(raw, FRAME_ERROR));
    assert_string_equal(get_text(raw, "code"), "version");
}

static void test_unknown_type_is_answered_and_costs_nothing(void **state)
{
    struct raw *raw = *state;
    greet(raw);
    say(raw, 99, json_object());
    node_run_until(&raw->loop, receive_type(raw, FRAME_ERROR));
    assert_string_equal(get_text(raw, "code"), "unknown_type");
    say(raw, FRAME_PING, json_pack("{s:i}", "n", 77));
    node_run_until(&raw->loop, receive_type(raw, FRAME_PONG) &&
                                   json_integer_value(json_object_get(raw->frame.body, "n")) == 77);
}

static void test_gap_asks_for_a_snapshot(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    send_change(raw, 6, raw->identity.uid, "six");
    node_run_until(&raw->loop, strcmp(name_of(raw, ENDPOINT), "six") == 0);
    send_change(raw, 6, raw->identity.uid, "again"); // seen already
    send_change(raw, 8, raw->identity.uid, "eight");
    node_run_until(&raw->loop, receive_type(raw, FRAME_SYNC));
    assert_string_equal(name_of(raw, ENDPOINT), "six");
    send_change(raw, 9, raw->identity.uid, "nine"); // before the snapshot: in it
    send_snapshot(raw, 9);
    node_run_until(&raw->loop, strcmp(name_of(raw, ENDPOINT), "old") == 0);
    send_change(raw, 10, raw->identity.uid, "ten");
    node_run_until(&raw->loop, strcmp(name_of(raw, ENDPOINT), "ten") == 0);
}

static void test_lost_last_change_is_noticed_by_ping(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    say(raw, FRAME_PING, json_pack("{s:i, s:s, s:i}", "n", 2, "epoch", raw->epoch, "seq", 5));
    say(raw, FRAME_PING, json_pack("{s:i, s:s, s:i}", "n", 3, "epoch", raw->epoch, "seq", 6));
    node_run_until(&raw->loop, receive_type(raw, FRAME_SYNC));
    send_snapshot(raw, 6);
    node_run_for(&raw->loop, NODE_BEAT_MS);
    assert_false(receive_type(raw, FRAME_SYNC));
}

static void test_new_epoch_counts_as_restart(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    int offline = raw->node.offline;
    snprintf(raw->epoch, sizeof(raw->epoch), "00000000000000e2");
    become_online(raw);
    assert_int_equal(raw->node.online, 2);
    assert_int_equal(raw->node.offline, offline + 1);
}

static void test_same_epoch_on_a_new_connection_is_no_restart(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    int offline = raw->node.offline;
    zmq_close(raw->dealer);
    connect_raw(raw);
    greet(raw);
    node_run_until(&raw->loop, receive_type(raw, FRAME_SYNC));
    assert_int_equal(raw->node.offline, offline);
}

static void test_endpoint_of_another_authority_costs_the_session(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    send_change(raw, 6, raw->node.identity.uid, "forged");
    expect_violation(raw);
    char uri[URI_SIZE];
    uri_endpoint(uri, raw->node.identity.uid, ENDPOINT);
    assert_null(registry_get(raw->node.registry, uri));
}

static void test_foreign_resource_in_a_snapshot_costs_the_session(void **state)
{
    struct raw *raw = *state;
    greet(raw);
    node_run_until(&raw->loop, receive_type(raw, FRAME_SYNC));
    say(raw, FRAME_SNAPSHOT,
        json_pack("{s:s, s:i, s:b, s:b, s:[o, o]}", "epoch", raw->epoch, "seq", 1, "first", 1,
                  "last", 1, "resources", make_endpoint(raw->identity.uid, ENDPOINT, "mine"),
                  make_endpoint(raw->node.identity.uid, ENDPOINT, "not mine")));
    expect_violation(raw);
    assert_string_equal(name_of(raw, ENDPOINT), "");
}

static json_t *make_stream(const char *owner, const char *name)
{
    char uri[URI_SIZE];
    uri_peer(uri, owner);
    return json_pack("{s:s, s:s, s:s, s:s}", "stream_uri", "/streams/" ENDPOINT, "stream_uid",
                     ENDPOINT, "owner_uri", uri, "display_name", name);
}

static void say_stream(struct raw *raw, int seq, const char *owner)
{
    say(raw, FRAME_CHANGE,
        json_pack("{s:s, s:i, s:s, s:s, s:o}", "epoch", raw->epoch, "seq", seq, "op", "put", "uri",
                  "/streams/" ENDPOINT, "body", make_stream(owner, "theirs")));
}

static const char *stream_name(const struct raw *raw)
{
    const struct registry_entry *entry = registry_get(raw->node.registry, "/streams/" ENDPOINT);
    return entry != NULL ? json_string_value(json_object_get(entry->body, "display_name")) : "";
}

static void test_stream_that_names_another_owner_costs_the_session(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    say_stream(raw, 6, raw->node.identity.uid);
    expect_violation(raw);
    assert_string_equal(stream_name(raw), "");
}

static void test_stream_of_another_owner_cannot_be_taken_over(void **state)
{
    struct raw *raw = *state;
    const char *self = raw->node.identity.uid;
    become_online(raw);
    json_t *stream = make_stream(self, "ours");
    assert_int_equal(registry_put(raw->node.registry, "/streams/" ENDPOINT, self, stream), 0);
    json_decref(stream);
    say_stream(raw, 6, raw->identity.uid);
    // It might be a stream that changes its owner: asked again until the two agree.
    node_run_until(&raw->loop, receive_type(raw, FRAME_SYNC));
    assert_string_equal(stream_name(raw), "ours");
    say(raw, FRAME_CHANGE,
        json_pack("{s:s, s:i, s:s, s:s}", "epoch", raw->epoch, "seq", 7, "op", "remove", "uri",
                  "/streams/" ENDPOINT));
    send_snapshot(raw, 7);
    node_run_until(&raw->loop, strcmp(name_of(raw, ENDPOINT), "old") == 0);
    assert_string_equal(stream_name(raw), "ours");
    registry_remove(raw->node.registry, "/streams/" ENDPOINT);
}

static void test_repeated_request_is_answered_from_memory(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    for (int i = 0; i < 3; i++) {
        say(raw, FRAME_REQUEST,
            json_pack("{s:i, s:s, s:s, s:{s:i}}", "id", 9, "method", "POST", "path", "/streams",
                      "body", "x", 1));
        node_run_until(&raw->loop, receive_type(raw, FRAME_REPLY));
        assert_int_equal(json_integer_value(json_object_get(raw->frame.body, "id")), 9);
        assert_int_equal(json_integer_value(json_object_get(raw->frame.body, "status")), 201);
        assert_string_equal(get_text(raw, "location"), "/streams/x");
        assert_string_equal(get_text(raw, "etag"), "\"e\"");
        assert_int_equal(
            json_integer_value(json_object_get(json_object_get(raw->frame.body, "body"), "count")),
            1);
    }
    assert_int_equal(raw->node.handled, 1);
}

static void test_request_that_runs_is_not_run_twice(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    raw->node.is_slow = true;
    for (int i = 0; i < 3; i++)
        say(raw, FRAME_REQUEST,
            json_pack("{s:i, s:s, s:s}", "id", 9, "method", "DELETE", "path", "/streams/x"));
    say(raw, FRAME_PING, json_pack("{s:i}", "n", 78));
    node_run_until(&raw->loop, receive_type(raw, FRAME_PONG) &&
                                   json_integer_value(json_object_get(raw->frame.body, "n")) == 78);
    assert_int_equal(raw->node.handled, 1);
    node_answer(&raw->node);
    node_run_until(&raw->loop, receive_type(raw, FRAME_REPLY));
    assert_int_equal(json_integer_value(json_object_get(raw->frame.body, "status")), 204);
    node_run_for(&raw->loop, NODE_BEAT_MS);
    assert_false(receive_type(raw, FRAME_REPLY));
}

// More requests than replies are remembered: the old ones are refused, never carried out again.
static void test_forgotten_request_is_refused(void **state)
{
    struct raw *raw = *state;
    int count = 300;
    become_online(raw);
    for (int i = 1; i <= count; i++) {
        say(raw, FRAME_REQUEST,
            json_pack("{s:i, s:s, s:s}", "id", i, "method", "POST", "path", "/streams"));
        node_run_until(&raw->loop, receive_type(raw, FRAME_REPLY));
    }
    assert_int_equal(raw->node.handled, count);
    say(raw, FRAME_REQUEST,
        json_pack("{s:i, s:s, s:s}", "id", 1, "method", "POST", "path", "/streams"));
    node_run_until(&raw->loop, receive_type(raw, FRAME_REPLY));
    assert_int_equal(json_integer_value(json_object_get(raw->frame.body, "status")), 409);
    say(raw, FRAME_REQUEST,
        json_pack("{s:i, s:s, s:s}", "id", count, "method", "POST", "path", "/streams"));
    node_run_until(&raw->loop, receive_type(raw, FRAME_REPLY));
    assert_int_equal(json_integer_value(json_object_get(raw->frame.body, "status")), 201);
    assert_int_equal(raw->node.handled, count);
}

static void test_requests_in_flight_are_bounded(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    raw->node.is_slow = true;
    for (int i = 1; i <= 64; i++) {
        say(raw, FRAME_REQUEST,
            json_pack("{s:i, s:s, s:s}", "id", i, "method", "GET", "path", "/x"));
        node_run_until(&raw->loop, raw->node.handled == i);
        raw->node.kept[i - 1] = raw->node.waiting_arg;
    }
    say(raw, FRAME_REQUEST, json_pack("{s:i, s:s, s:s}", "id", 65, "method", "GET", "path", "/x"));
    node_run_until(&raw->loop, receive_type(raw, FRAME_REPLY));
    assert_int_equal(json_integer_value(json_object_get(raw->frame.body, "id")), 65);
    assert_int_equal(json_integer_value(json_object_get(raw->frame.body, "status")), 503);
    for (int i = 0; i < 64; i++) {
        raw->node.waiting_arg = raw->node.kept[i];
        node_answer(&raw->node);
    }
}

static void test_malformed_frames_cost_the_session(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    zmq_send(raw->dealer, "garbage", 7, 0);
    expect_violation(raw);
}

static void test_message_of_several_parts_costs_the_session(void **state)
{
    struct raw *raw = *state;
    become_online(raw);
    for (int i = 0; i < 20; i++)
        zmq_send(raw->dealer, "part", 4, ZMQ_SNDMORE);
    zmq_send(raw->dealer, "end", 3, 0);
    expect_violation(raw);
}

static void test_malformed_fields_cost_the_session(void **state)
{
    static const struct {
        unsigned type;
        const char *body;
    } bad[] = {
        {FRAME_PING, "{}"},
        {FRAME_PING, "{\"n\":\"x\"}"},
        {FRAME_PING, "{\"n\":-1}"},
        {FRAME_PING, "{\"n\":1,\"epoch\":\"x\"}"},
        {FRAME_PONG, "{}"},
        {FRAME_HELLO_OK, "{}"},
        {FRAME_REQUEST, "{}"},
        {FRAME_REQUEST, "{\"id\":1,\"method\":\"STEAL\",\"path\":\"/x\"}"},
        {FRAME_REQUEST, "{\"id\":1,\"method\":\"GET\",\"path\":\"x\"}"},
        {FRAME_REQUEST, "{\"id\":1,\"method\":\"GET\",\"path\":7}"},
        {FRAME_REPLY, "{\"id\":1}"},
        {FRAME_REPLY, "{\"id\":1,\"status\":1}"},
        {FRAME_SNAPSHOT, "{}"},
        {FRAME_CHANGE, "{}"},
        {FRAME_CHANGE, "{\"epoch\":\"0000000000000001\",\"seq\":1,\"op\":\"put\",\"uri\":\"/x\"}"},
        {FRAME_CHANGE, "{\"epoch\":\"0000000000000001\",\"seq\":1,\"op\":\"eat\",\"uri\":\"/x\"}"},
    };
    struct raw *raw = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        // Another key each time: who broke the protocol may not come back at once.
        zmq_close(raw->dealer);
        zmq_curve_keypair(raw->identity.public_key, raw->identity.secret_key);
        identity_uid(raw->identity.uid, raw->identity.public_key);
        connect_raw(raw);
        greet(raw);
        say(raw, bad[i].type, json_loads(bad[i].body, 0, NULL));
        node_run_until(&raw->loop, receive_type(raw, FRAME_ERROR));
        assert_string_equal(get_text(raw, "code"), "protocol");
    }
    assert_int_equal(raw->node.handled, 0);
}

static void test_silent_peer_goes_offline(void **state)
{
    struct raw *raw = *state;
    json_t *hello = make_hello(raw);
    json_object_set_new(hello, "heartbeat_ms", json_integer(50));
    say(raw, FRAME_HELLO, hello);
    say(raw, FRAME_PING, json_pack("{s:i, s:s}", "n", 1, "trust", "operator"));
    node_run_until(&raw->loop, receive_type(raw, FRAME_SYNC));
    send_snapshot(raw, 5);
    node_run_until(&raw->loop, raw->node.online == 1);
    node_run_until(&raw->loop, receive_type(raw, FRAME_BYE));
    assert_string_equal(get_text(raw, "reason"), "silent");
    node_run_until(&raw->loop,
                   strcmp(node_peer_text(&raw->node, raw->identity.uid, "state"), "offline") == 0);
}

#define RAW_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RAW_TEST(test_hello_is_answered_with_a_proof),
        RAW_TEST(test_uid_of_another_is_refused),
        RAW_TEST(test_frame_before_hello_is_refused),
        RAW_TEST(test_other_version_is_told_ours),
        RAW_TEST(test_unknown_type_is_answered_and_costs_nothing),
        RAW_TEST(test_gap_asks_for_a_snapshot),
        RAW_TEST(test_lost_last_change_is_noticed_by_ping),
        RAW_TEST(test_new_epoch_counts_as_restart),
        RAW_TEST(test_same_epoch_on_a_new_connection_is_no_restart),
        RAW_TEST(test_endpoint_of_another_authority_costs_the_session),
        RAW_TEST(test_foreign_resource_in_a_snapshot_costs_the_session),
        RAW_TEST(test_stream_that_names_another_owner_costs_the_session),
        RAW_TEST(test_stream_of_another_owner_cannot_be_taken_over),
        RAW_TEST(test_repeated_request_is_answered_from_memory),
        RAW_TEST(test_request_that_runs_is_not_run_twice),
        RAW_TEST(test_forgotten_request_is_refused),
        RAW_TEST(test_requests_in_flight_are_bounded),
        RAW_TEST(test_malformed_frames_cost_the_session),
        RAW_TEST(test_message_of_several_parts_costs_the_session),
        RAW_TEST(test_malformed_fields_cost_the_session),
        RAW_TEST(test_silent_peer_goes_offline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
