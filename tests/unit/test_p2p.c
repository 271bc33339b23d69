// SPDX-License-Identifier: MPL-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "p2p_node.h"

struct pair {
    uv_loop_t loop;
    struct node a, b;
};

static int setup_with(void **state, const char *secret)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    assert_non_null(pair);
    uv_loop_init(&pair->loop);
    node_init(&pair->a, &pair->loop, secret);
    node_init(&pair->b, &pair->loop, secret);
    *state = pair;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, NODE_SECRET);
}

static int setup_open(void **state)
{
    return setup_with(state, NULL);
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    node_finish(&pair->a);
    node_finish(&pair->b);
    uv_run(&pair->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&pair->loop), 0);
    free(pair);
    return 0;
}

// b connects to a.
static void start_both(struct pair *pair)
{
    node_start(&pair->a, "");
    node_start(&pair->b, node_address(&pair->a));
}

static void wait_online(struct pair *pair)
{
    node_run_until(&pair->loop,
                   node_sees_online(&pair->a, &pair->b) && node_sees_online(&pair->b, &pair->a));
}

static void test_peers_with_one_secret_see_each_other_online(void **state)
{
    struct pair *pair = *state;
    start_both(pair);
    wait_online(pair);
    assert_string_equal(node_peer_text(&pair->a, pair->b.identity.uid, "trust"), "admin");
    assert_string_equal(node_peer_text(&pair->a, pair->b.identity.uid, "fingerprint"),
                        pair->b.identity.fingerprint);
    assert_string_equal(node_peer_text(&pair->b, pair->b.identity.uid, "state"), "self");
    const struct peer_port *port = p2p_get_port(pair->a.p2p);
    assert_string_equal(port->get_host(port->impl, pair->b.identity.uid), "127.0.0.1");
    assert_null(port->get_host(port->impl, pair->a.identity.uid));
}

// The kernel takes the connection, the process behind it does nothing: stopped, or hanging.
static void test_silent_process_is_not_taken_for_another_secret(void **state)
{
    struct pair *pair = *state;
    char uid[UID_SIZE], address[64];
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, size), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)ntohs(name.sin_port));
    node_start(&pair->a, "");
    node_start(&pair->b, address);
    uid_from_seed(uid, "peer_address", address, strlen(address));
    node_run_until(&pair->loop, strcmp(node_peer_reason(&pair->b, uid), "connecting") != 0);
    assert_string_equal(node_peer_reason(&pair->b, uid), "no_answer");
    close(fd);
}

static void test_restart_keeps_the_identity(void **state)
{
    struct pair *pair = *state;
    struct identity again;
    struct api_error error;
    assert_int_equal(identity_load(&again, pair->a.store, &error), 0);
    assert_string_equal(again.uid, pair->a.identity.uid);
    assert_string_equal(again.secret_key, pair->a.identity.secret_key);
}

static void test_other_secret_is_refused_and_said(void **state)
{
    struct pair *pair = *state;
    char uid[UID_SIZE];
    pair->b.secret = "another secret than that of the network";
    start_both(pair);
    const char *address = node_address(&pair->a);
    uid_from_seed(uid, "peer_address", address, strlen(address));
    node_run_until(&pair->loop, strcmp(node_peer_reason(&pair->b, uid), "secret_differs") == 0);
    assert_string_equal(node_peer_text(&pair->b, uid, "state"), "connecting");
    assert_string_equal(node_peer_text(&pair->a, pair->b.identity.uid, "state"), "");
}

static void test_nobody_listening_is_said(void **state)
{
    struct pair *pair = *state;
    char uid[UID_SIZE];
    node_start(&pair->a, "");
    const char *address = node_address(&pair->a);
    node_stop(&pair->a);
    node_start(&pair->b, address);
    uid_from_seed(uid, "peer_address", address, strlen(address));
    node_run_until(&pair->loop, strcmp(node_peer_reason(&pair->b, uid), "refused") == 0);
    // The placeholder gives way to the peer once it is there.
    node_start(&pair->a, "");
    wait_online(pair);
    assert_string_equal(node_peer_text(&pair->b, uid, "state"), "");
}

static void test_connecting_to_oneself_is_dropped(void **state)
{
    struct pair *pair = *state;
    char uid[UID_SIZE];
    node_start(&pair->a, "");
    node_stop(&pair->a);
    const char *address = node_address(&pair->a);
    node_start(&pair->a, address);
    uid_from_seed(uid, "peer_address", address, strlen(address));
    assert_string_equal(node_peer_text(&pair->a, uid, "state"), "connecting");
    node_run_until(&pair->loop, node_peer_text(&pair->a, uid, "state")[0] == '\0');
    assert_string_equal(node_peer_text(&pair->a, pair->a.identity.uid, "state"), "self");
    assert_int_equal(pair->a.online, 0);
}

static void test_both_connected_to_each_other_work_as_one(void **state)
{
    struct pair *pair = *state;
    struct api_error error;
    json_t *body;
    start_both(pair);
    const struct peer_port *port = p2p_get_port(pair->a.p2p);
    assert_int_equal(port->add_address(port->impl, node_address(&pair->b), &body, &error), 0);
    assert_string_equal(json_string_value(json_object_get(body, "state")), "connecting");
    json_decref(body);
    wait_online(pair);
    node_put_endpoint(&pair->a, 1, "one");
    node_run_until(&pair->loop, node_is_equal(&pair->b, &pair->a));
    node_run_for(&pair->loop, NODE_BEAT_MS * 6);
    assert_int_equal(pair->a.online, 1);
    assert_int_equal(pair->b.online, 1);
}

static void test_replica_follows_its_authority(void **state)
{
    struct pair *pair = *state;
    start_both(pair);
    for (int i = 0; i < 100; i++) // more than one frame of a snapshot holds
        node_put_endpoint(&pair->a, i, "before");
    wait_online(pair);
    node_run_until(&pair->loop, node_is_equal(&pair->b, &pair->a));
    node_put_endpoint(&pair->a, 7, "after");
    node_put_endpoint(&pair->a, 200, "new");
    node_remove_endpoint(&pair->a, 8);
    assert_false(node_is_equal(&pair->b, &pair->a));
    node_run_until(&pair->loop, node_is_equal(&pair->b, &pair->a));
}

static void test_replica_is_equal_after_restart_and_offline_is_shown(void **state)
{
    struct pair *pair = *state;
    char uid[UID_SIZE], uri[URI_SIZE];
    int number = 1;
    start_both(pair);
    node_put_endpoint(&pair->a, 1, "one");
    node_put_endpoint(&pair->a, 2, "two");
    wait_online(pair);
    node_run_until(&pair->loop, node_is_equal(&pair->b, &pair->a));
    node_stop(&pair->a);
    node_run_until(&pair->loop, !node_sees_online(&pair->b, &pair->a));
    assert_string_equal(node_peer_text(&pair->b, pair->a.identity.uid, "state"), "offline");
    // The goodbye and the end of the connection race each other in libzmq.
    const char *reason = node_peer_reason(&pair->b, pair->a.identity.uid);
    assert_true(strcmp(reason, "stopped") == 0 || strcmp(reason, "refused") == 0);

    uid_from_seed(uid, "endpoint", &number, sizeof(number));
    uri_endpoint(uri, pair->a.identity.uid, uid);
    const struct registry_entry *entry = registry_get(pair->b.registry, uri);
    assert_non_null(entry);
    assert_string_equal(json_string_value(json_object_get(entry->body, "state")), "unavailable");

    node_start(&pair->a, ""); // with nothing but one of the two
    node_put_endpoint(&pair->a, 1, "one");
    node_run_until(&pair->loop, node_sees_online(&pair->b, &pair->a));
    assert_true(node_is_equal(&pair->b, &pair->a));
    assert_int_equal(pair->b.online, 2);
}

struct answer {
    int count, status;
    char text[384], path[64];
    char peer_uid[UID_SIZE];
};

static void on_answer(const struct reply *reply, void *arg)
{
    struct answer *answer = arg;
    const char *text = json_string_value(json_object_get(reply->body, "error_text"));
    const char *path = json_string_value(json_object_get(reply->body, "path"));
    const char *uid = json_string_value(json_object_get(reply->body, "peer_uid"));
    answer->count++;
    answer->status = reply->status;
    snprintf(answer->text, sizeof(answer->text), "%s", text != NULL ? text : "");
    snprintf(answer->path, sizeof(answer->path), "%s", path != NULL ? path : "");
    snprintf(answer->peer_uid, sizeof(answer->peer_uid), "%s", uid != NULL ? uid : "");
}

static void ask(struct node *from, struct node *to, struct answer *answer)
{
    const struct peer_port *port = p2p_get_port(from->p2p);
    struct request request = {.method = METHOD_POST, .path = "/streams"};
    port->request(port->impl, to->identity.uid, &request, on_answer, answer);
}

static void test_requests_go_both_ways(void **state)
{
    struct pair *pair = *state;
    struct answer first = {0}, second = {0};
    start_both(pair);
    wait_online(pair);
    ask(&pair->a, &pair->b, &first);
    ask(&pair->b, &pair->a, &second);
    node_run_until(&pair->loop, first.count == 1 && second.count == 1);
    assert_int_equal(first.status, 201);
    assert_string_equal(first.path, "/streams");
    assert_int_equal(pair->b.handled, 1);
    assert_int_equal(pair->b.asker.role, ROLE_ADMIN);
    assert_string_equal(pair->b.asker.peer_uid, pair->a.identity.uid);
}

static void test_request_to_offline_peer_is_answered_503(void **state)
{
    struct pair *pair = *state;
    struct answer answer = {0};
    node_start(&pair->a, "");
    ask(&pair->a, &pair->b, &answer);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.peer_uid, pair->b.identity.uid);
}

static void test_request_is_answered_502_when_the_peer_goes(void **state)
{
    struct pair *pair = *state;
    struct answer answer = {0};
    start_both(pair);
    wait_online(pair);
    pair->b.is_slow = true;
    ask(&pair->a, &pair->b, &answer);
    node_run_until(&pair->loop, pair->b.handled == 1);
    node_stop(&pair->b);
    node_run_until(&pair->loop, answer.count == 1);
    assert_int_equal(answer.status, 502);
    node_answer(&pair->b); // into the void: p2p is gone
    assert_int_equal(answer.count, 1);
}

static void test_request_is_answered_504_when_the_peer_takes_too_long(void **state)
{
    struct pair *pair = *state;
    struct answer answer = {0};
    start_both(pair);
    wait_online(pair);
    pair->b.is_slow = true;
    ask(&pair->a, &pair->b, &answer);
    node_run_until(&pair->loop, answer.count == 1);
    assert_int_equal(answer.status, 504);
    node_answer(&pair->b);
    node_run_for(&pair->loop, NODE_BEAT_MS);
    assert_int_equal(answer.count, 1);
}

static void test_stop_answers_what_waits(void **state)
{
    struct pair *pair = *state;
    struct answer answer = {0};
    start_both(pair);
    wait_online(pair);
    pair->b.is_slow = true;
    ask(&pair->a, &pair->b, &answer);
    node_run_until(&pair->loop, pair->b.handled == 1);
    node_stop(&pair->a);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.status, 503);
    node_answer(&pair->b);
}

static int patch(struct node *node, const char *uid, const char *key, const char *value,
                 struct api_error *error)
{
    const struct peer_port *port = p2p_get_port(node->p2p);
    json_t *body = json_pack("{s:s}", key, value), *shown = NULL;
    int rc = port->update(port->impl, uid, body, PARSE_MERGE, &shown, error);
    json_decref(body);
    json_decref(shown);
    return rc;
}

static void test_stranger_can_only_introduce_itself(void **state)
{
    struct pair *pair = *state;
    struct answer answer = {0};
    start_both(pair);
    node_put_endpoint(&pair->a, 1, "one");
    node_run_until(&pair->loop,
                   strcmp(node_peer_reason(&pair->a, pair->b.identity.uid), "not_trusted") == 0 &&
                       strcmp(node_peer_reason(&pair->b, pair->a.identity.uid), "not_trusted") ==
                           0);
    node_run_for(&pair->loop, NODE_BEAT_MS * 3);
    assert_false(node_is_equal(&pair->b, &pair->a));
    ask(&pair->b, &pair->a, &answer);
    node_run_until(&pair->loop, answer.count == 1);
    assert_int_equal(answer.status, 403);
    assert_int_equal(pair->a.handled, 0);
}

static void test_accepted_keys_on_both_sides_make_peers(void **state)
{
    struct pair *pair = *state;
    struct api_error error;
    struct answer answer = {0};
    start_both(pair);
    node_put_endpoint(&pair->a, 1, "one");
    node_run_until(&pair->loop,
                   node_peer_text(&pair->a, pair->b.identity.uid, "state")[0] == 'c' &&
                       node_peer_text(&pair->b, pair->a.identity.uid, "state")[0] == 'c');
    assert_int_equal(patch(&pair->a, pair->b.identity.uid, "trust", "operator", &error), 0);
    node_run_until(&pair->loop, strcmp(node_peer_reason(&pair->a, pair->b.identity.uid),
                                       "not_trusted_there") == 0);
    assert_int_equal(patch(&pair->b, pair->a.identity.uid, "trust", "viewer", &error), 0);
    wait_online(pair);
    node_run_until(&pair->loop, node_is_equal(&pair->b, &pair->a));
    ask(&pair->b, &pair->a, &answer);
    node_run_until(&pair->loop, answer.count == 1);
    assert_int_equal(pair->a.asker.role, ROLE_OPERATOR);

    // The decision outlives a restart, and can be taken back.
    node_stop(&pair->a);
    node_start(&pair->a, "");
    wait_online(pair);
    assert_int_equal(patch(&pair->b, pair->a.identity.uid, "trust", "none", &error), 0);
    node_run_until(&pair->loop, !node_sees_online(&pair->a, &pair->b));
    bool differs = false;
    assert_int_equal(node_compare(&pair->b, &pair->a, pair->a.identity.uid, &differs), 0);
}

static void test_removed_peer_is_forgotten(void **state)
{
    struct pair *pair = *state;
    struct api_error error;
    start_both(pair);
    node_put_endpoint(&pair->a, 1, "one");
    wait_online(pair);
    const struct peer_port *port = p2p_get_port(pair->b.p2p);
    assert_int_equal(port->remove(port->impl, pair->b.identity.uid, &error), -1);
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_int_equal(port->remove(port->impl, pair->a.identity.uid, &error), 0);
    assert_string_equal(node_peer_text(&pair->b, pair->a.identity.uid, "state"), "");
    bool differs = false;
    assert_int_equal(node_compare(&pair->b, &pair->a, pair->a.identity.uid, &differs), 0);
    node_run_until(&pair->loop, !node_sees_online(&pair->a, &pair->b));
    node_run_for(&pair->loop, NODE_BEAT_MS * 3);
    assert_string_equal(node_peer_text(&pair->b, pair->a.identity.uid, "state"), "");
    assert_int_equal(port->remove(port->impl, pair->a.identity.uid, &error), 0);
}

static void test_new_name_reaches_the_others(void **state)
{
    struct pair *pair = *state;
    struct api_error error;
    start_both(pair);
    wait_online(pair);
    assert_int_equal(patch(&pair->a, pair->a.identity.uid, "display_name", "Attic", &error), 0);
    node_run_until(
        &pair->loop,
        strcmp(node_peer_text(&pair->b, pair->a.identity.uid, "display_name"), "Attic") == 0);
    assert_int_equal(patch(&pair->b, pair->a.identity.uid, "display_name", "Mine", &error), -1);
    assert_string_equal(error.field, "display_name");
    node_stop(&pair->a);
    node_start(&pair->a, "");
    assert_string_equal(node_peer_text(&pair->a, pair->a.identity.uid, "display_name"), "Attic");
}

static void test_malformed_address_is_refused(void **state)
{
    struct pair *pair = *state;
    static const char *const bad[] = {
        "",         "host",  ":4041",     "host:", "host:0",  "host:65536",
        "host:12x", "a b:1", "[::1:4041", "a/b:1", "host:-1", "h\nost:4041"};
    struct api_error error;
    json_t *body = NULL;
    node_start(&pair->a, "");
    const struct peer_port *port = p2p_get_port(pair->a.p2p);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(port->add_address(port->impl, bad[i], &body, &error), -1);
        assert_string_equal(error.field, "address");
    }
}

#define SECRET_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define OPEN_TEST(name)   cmocka_unit_test_setup_teardown(name, setup_open, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SECRET_TEST(test_peers_with_one_secret_see_each_other_online),
        SECRET_TEST(test_silent_process_is_not_taken_for_another_secret),
        SECRET_TEST(test_restart_keeps_the_identity),
        SECRET_TEST(test_other_secret_is_refused_and_said),
        SECRET_TEST(test_nobody_listening_is_said),
        SECRET_TEST(test_connecting_to_oneself_is_dropped),
        SECRET_TEST(test_both_connected_to_each_other_work_as_one),
        SECRET_TEST(test_replica_follows_its_authority),
        SECRET_TEST(test_replica_is_equal_after_restart_and_offline_is_shown),
        SECRET_TEST(test_requests_go_both_ways),
        SECRET_TEST(test_request_to_offline_peer_is_answered_503),
        SECRET_TEST(test_request_is_answered_502_when_the_peer_goes),
        SECRET_TEST(test_request_is_answered_504_when_the_peer_takes_too_long),
        SECRET_TEST(test_stop_answers_what_waits),
        OPEN_TEST(test_stranger_can_only_introduce_itself),
        OPEN_TEST(test_accepted_keys_on_both_sides_make_peers),
        SECRET_TEST(test_removed_peer_is_forgotten),
        SECRET_TEST(test_new_name_reaches_the_others),
        SECRET_TEST(test_malformed_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
