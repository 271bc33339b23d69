// SPDX-License-Identifier: MPL-2.0
//
// A real server and raw clients in one thread: the loop runs while a client waits.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "fake_control.h"
#include "http/http.h"

#define SELF  "aaaaaa-aaaaaa-aaaaaa"
#define OTHER "bbbbbb-bbbbbb-bbbbbb"
#define HOST  "Host: localhost\r\n"
// Turns of the loop of at least a millisecond before a wait counts as failed.
#define PATIENCE 20000

struct fixture {
    uv_loop_t loop;
    struct registry *registry;
    struct event_hub *hub;
    struct control control;
    struct api *api;
    struct http *http;
    unsigned port;
    // A request that went to another peer and waits there.
    reply_fn fn;
    void *arg;
    struct peer_port peers;
};

struct client {
    int fd;
    char text[256 * 1024];
    size_t size;
    bool is_closed;
};

static struct fixture fixture;
static struct client client, second;

static void keep_request(void *impl, const char *peer_uid, const struct request *request,
                         reply_fn fn, void *arg)
{
    struct fixture *f = impl;
    f->fn = fn;
    f->arg = arg;
}

static void answer(struct fixture *f, int status)
{
    json_t *body = json_pack("{s:s}", "answered", "late");
    const struct reply reply = {.status = status, .body = body};
    reply_fn fn = f->fn;
    f->fn = NULL;
    fn(&reply, f->arg);
    json_decref(body);
}

static void put(struct fixture *f, const char *uri, const char *text)
{
    json_t *body = json_pack("{s:s, s:s}", "uri", uri, "text", text);
    assert_int_equal(registry_put(f->registry, uri, OTHER, body), 0);
    json_decref(body);
}

static int set_up(void **state)
{
    struct fixture *f = &fixture;
    struct api_error error = {0};
    memset(f, 0, sizeof(*f));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(registry_create(&f->registry), 0);
    assert_int_equal(event_hub_create(&f->hub, f->registry), 0);
    fake_control_init(&f->control, f->registry, SELF);
    const struct api_config api_config = {
        .self_uid = SELF, .registry = f->registry, .control = &f->control};
    assert_int_equal(api_create(&f->api, &api_config), 0);
    f->peers = (struct peer_port){.impl = f, .request = keep_request};
    api_set_peers(f->api, &f->peers);
    put(f, "/peers/" SELF, "me");
    put(f, "/peers/" OTHER, "other");
    const struct http_config config = {
        .loop = &f->loop, .host = "127.0.0.1", .api = f->api, .events = f->hub};
    assert_int_equal(http_start(&f->http, &config, &error), 0);
    const char *port = strrchr(http_get_url(f->http), ':');
    assert_non_null(port);
    f->port = (unsigned)strtoul(port + 1, NULL, 10);
    client.fd = second.fd = -1;
    *state = f;
    return 0;
}

static void close_client(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void stop_http(struct fixture *f)
{
    http_stop(f->http);
    f->http = NULL;
    while (uv_run(&f->loop, UV_RUN_DEFAULT) != 0) {
    }
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->http != NULL)
        stop_http(f);
    close_client(&client);
    close_client(&second);
    api_destroy(f->api);
    event_hub_destroy(f->hub);
    registry_destroy(f->registry);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    return 0;
}

static void turn(struct fixture *f)
{
    uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void open_client(struct fixture *f, struct client *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)f->port)};
    close_client(c);
    c->size = 0;
    c->text[0] = '\0';
    c->is_closed = false;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
}

static void send_bytes(struct fixture *f, struct client *c, const char *bytes, size_t size)
{
    for (unsigned i = 0; size > 0 && i < PATIENCE; i++) {
        ssize_t n = send(c->fd, bytes, size, MSG_NOSIGNAL);
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        } else if (errno != EAGAIN) {
            return; // the server closed it
        }
        turn(f);
    }
    assert_int_equal(size, 0);
}

static void send_text(struct fixture *f, struct client *c, const char *text)
{
    send_bytes(f, c, text, strlen(text));
}

static void receive(struct client *c)
{
    ssize_t n = recv(c->fd, c->text + c->size, sizeof(c->text) - 1 - c->size, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        c->is_closed = true;
    if (n <= 0)
        return;
    c->size += (size_t)n;
    c->text[c->size] = '\0';
}

// Runs the loop until the client got this text.
static void wait_for(struct fixture *f, struct client *c, const char *text)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        turn(f);
        receive(c);
        if (strstr(c->text, text) != NULL)
            return;
        if (c->is_closed)
            break;
        usleep(500);
    }
    fail_msg("`%s` did not come; closed: %d; what came: %.2000s", text, c->is_closed, c->text);
}

static void wait_closed(struct fixture *f, struct client *c)
{
    for (unsigned i = 0; i < PATIENCE && !c->is_closed; i++) {
        turn(f);
        receive(c);
        usleep(500);
    }
    assert_true(c->is_closed);
}

static bool is_reply_complete(const struct client *c)
{
    const char *body = strstr(c->text, "\r\n\r\n");
    const char *length = strcasestr(c->text, "Content-Length: ");
    if (body == NULL)
        return false;
    size_t size = length != NULL && length < body ? strtoul(length + 16, NULL, 10) : 0;
    return (size_t)(c->text + c->size - body - 4) >= size;
}

// A request on a connection of its own. Returns the status.
static int ask(struct fixture *f, const char *request)
{
    static const char version[] = "HTTP/1.1 ";
    open_client(f, &client);
    send_text(f, &client, request);
    for (unsigned i = 0; i < PATIENCE && !client.is_closed; i++) {
        turn(f);
        receive(&client);
        if (is_reply_complete(&client))
            break;
        usleep(500);
    }
    if (strncmp(client.text, version, strlen(version)) != 0)
        return 0;
    return (int)strtol(client.text + strlen(version), NULL, 10);
}

static int ask_with_body(struct fixture *f, const char *line, const char *type, const char *body)
{
    char request[8192];
    snprintf(request, sizeof(request), "%s HTTP/1.1\r\n" HOST "%s%s%sContent-Length: %zu\r\n\r\n%s",
             line, type != NULL ? "Content-Type: " : "", type != NULL ? type : "",
             type != NULL ? "\r\n" : "", strlen(body), body);
    return ask(f, request);
}

static bool got(const char *text)
{
    return strstr(client.text, text) != NULL;
}

static void test_http_answers_json(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET /peers HTTP/1.1\r\n" HOST "\r\n"), 200);
    assert_true(got("Content-Type: application/json; charset=utf-8\r\n"));
    assert_true(got("Cache-Control: no-store\r\n"));
    assert_true(got("\"text\":\"other\""));
    assert_int_equal(ask(f, "GET /peers/self/?x=%00 HTTP/1.1\r\n" HOST "\r\n"), 200);
    assert_true(got("ETag: \""));
    assert_int_equal(ask(f, "GET /peers%00/self HTTP/1.1\r\n" HOST "\r\n"), 404);
    assert_int_equal(ask(f, "GET /%ff%fe HTTP/1.1\r\n" HOST "\r\n"), 404);
    assert_true(got("\"error_code\":\"not_found\""));
}

static void test_http_head_is_get_without_body(void **state)
{
    struct fixture *f = *state;
    open_client(f, &client);
    send_text(f, &client, "HEAD /peers HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    wait_closed(f, &client);
    assert_true(got("HTTP/1.1 200"));
    assert_string_equal(strstr(client.text, "\r\n\r\n"), "\r\n\r\n");
    open_client(f, &client);
    send_text(f, &client, "HEAD /events HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    wait_closed(f, &client);
    assert_true(got("text/event-stream"));
    assert_string_equal(strstr(client.text, "\r\n\r\n"), "\r\n\r\n");
}

static void test_http_says_which_methods_are_allowed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "OPTIONS /peers HTTP/1.1\r\n" HOST "\r\n"), 405);
    assert_true(got("Allow: GET, HEAD, POST\r\n"));
    assert_int_equal(ask(f, "DELETE /streams HTTP/1.1\r\n" HOST "\r\n"), 405);
    assert_true(got("Allow: GET, HEAD, POST\r\n"));
    assert_int_equal(ask(f, "POST /events HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), 405);
    assert_true(got("Allow: GET, HEAD\r\n"));
    assert_int_equal(ask(f, "FROBNICATE /nothing HTTP/1.1\r\n" HOST "\r\n"), 404);
    assert_false(got("Allow:"));
}

static void test_http_creates_with_location(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask_with_body(f, "POST /peers/self/endpoints", "application/json",
                                   "{\"display_name\": \"T\", \"virtual\": {\"kind\": \"tone\"}}"),
                     201);
    assert_true(got("Location: /peers/" SELF "/endpoints/"));
    assert_true(got("ETag: \""));
}

static void test_http_refuses_bodies_it_cannot_read(void **state)
{
    struct fixture *f = *state;
    static const char line[] = "POST /peers/self/endpoints";
    static const char type[] = "application/json";
    assert_int_equal(ask_with_body(f, line, type, "{\"a\": "), 400);
    assert_true(got("not valid JSON"));
    assert_int_equal(ask_with_body(f, line, type, "{\"a\": 1, \"a\": 2}"), 400);
    assert_int_equal(ask_with_body(f, line, type, "[1, 2]"), 400);
    assert_int_equal(ask_with_body(f, line, type, "{\"a\": \"\xff\xfe\"}"), 400);
    assert_int_equal(ask_with_body(f, line, type, "{\"a\": 1e999}"), 400);
    assert_int_equal(ask_with_body(f, line, type, "{} {}"), 400);
    assert_int_equal(ask_with_body(f, line, type, ""), 400);
    assert_int_equal(ask_with_body(f, line, "text/plain", "{}"), 415);
    assert_int_equal(ask_with_body(f, line, NULL, "{}"), 415);
    assert_true(got("\"error_code\":\"unsupported_media_type\""));
    assert_int_equal(f->control.call_count, 0);
    // A body that means nothing is not looked at.
    assert_int_equal(ask_with_body(f, "GET /peers", "text/plain", "what?"), 200);
}

static void test_http_limits_the_depth_of_json(void **state)
{
    struct fixture *f = *state;
    char body[6001];
    memset(body, '[', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    memcpy(body, "{\"a\":", 5);
    assert_int_equal(ask_with_body(f, "POST /streams", "application/json", body), 400);
}

static void send_large(struct fixture *f, const char *head, size_t size, size_t chunk)
{
    static char block[64 * 1024];
    memset(block, ' ', sizeof(block));
    open_client(f, &client);
    send_text(f, &client, head);
    while (size > 0) {
        char line[32];
        size_t part = size < sizeof(block) ? size : sizeof(block);
        if (chunk > 0) {
            snprintf(line, sizeof(line), "%zx\r\n", part);
            send_text(f, &client, line);
        }
        send_bytes(f, &client, block, part);
        if (chunk > 0)
            send_text(f, &client, "\r\n");
        size -= part;
    }
    if (chunk > 0)
        send_text(f, &client, "0\r\n\r\n");
}

static void test_http_refuses_large_bodies(void **state)
{
    struct fixture *f = *state;
    send_large(f,
               "POST /streams HTTP/1.1\r\n" HOST
               "Content-Type: application/json\r\nContent-Length: 3000000\r\n\r\n",
               3000000, 0);
    wait_for(f, &client, "\"error_code\":\"too_large\"");
    send_large(f,
               "POST /streams HTTP/1.1\r\n" HOST
               "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
               2000000, 1);
    wait_for(f, &client, "\"error_code\":\"too_large\"");
    assert_int_equal(ask(f, "GET /peers HTTP/1.1\r\n" HOST "\r\n"), 200);
}

static void test_http_refuses_other_sites(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, "GET /peers HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
    assert_int_equal(ask(f, "GET /peers HTTP/1.0\r\n\r\n"), 403);
    assert_int_equal(ask(f, "GET /peers HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n"),
                     403);
    assert_true(got("\"error_code\":\"forbidden\""));
    assert_int_equal(ask(f, "GET /events HTTP/1.1\r\n" HOST "Origin: null\r\n\r\n"), 403);
    assert_int_equal(ask(f, "GET /peers HTTP/1.1\r\n" HOST "Origin: http://localhost\r\n\r\n"),
                     200);
}

static void test_http_survives_garbage(void **state)
{
    struct fixture *f = *state;
    static const char garbage[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n\0\0\xff";
    open_client(f, &client);
    send_bytes(f, &client, garbage, sizeof(garbage));
    wait_closed(f, &client);
    open_client(f, &client);
    send_text(f, &client, "GET /peers HTTP/1.1\r\nHost: lo");
    close_client(&client);
    for (unsigned i = 0; i < 20; i++)
        turn(f);
    assert_int_equal(ask(f, "GET /peers HTTP/1.1\r\n" HOST "\r\n"), 200);
}

static const char forwarded[] = "POST /peers/" OTHER "/endpoints HTTP/1.1\r\n" HOST
                                "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

static void send_forwarded(struct fixture *f)
{
    open_client(f, &client);
    send_text(f, &client, forwarded);
    for (unsigned i = 0; i < PATIENCE && f->fn == NULL; i++) {
        turn(f);
        usleep(100);
    }
    assert_non_null(f->fn);
}

static void test_http_waits_for_a_reply_that_comes_later(void **state)
{
    struct fixture *f = *state;
    send_forwarded(f);
    // Others are served meanwhile.
    open_client(f, &second);
    send_text(f, &second, "GET /peers HTTP/1.1\r\n" HOST "\r\n");
    wait_for(f, &second, "\"text\":\"other\"");
    receive(&client);
    assert_int_equal(client.size, 0);
    answer(f, 200);
    wait_for(f, &client, "\"answered\":\"late\"");
    // The connection is good for another request.
    client.size = 0;
    send_text(f, &client, "GET /peers/self HTTP/1.1\r\n" HOST "\r\n");
    wait_for(f, &client, "\"text\":\"me\"");
}

static void test_http_survives_a_client_that_left_before_the_reply(void **state)
{
    struct fixture *f = *state;
    send_forwarded(f);
    close_client(&client);
    for (unsigned i = 0; i < 20; i++)
        turn(f);
    answer(f, 200);
    assert_int_equal(ask(f, "GET /peers HTTP/1.1\r\n" HOST "\r\n"), 200);
}

static void test_http_stops_with_open_requests_and_event_streams(void **state)
{
    struct fixture *f = *state;
    open_client(f, &second);
    send_text(f, &second, "GET /events HTTP/1.1\r\n" HOST "\r\n");
    wait_for(f, &second, "event: ready");
    send_forwarded(f);
    stop_http(f);
    answer(f, 200); // goes nowhere
    put(f, "/streams/" OTHER, "nobody listens");
}

static void test_http_stops_right_after_the_reply_came(void **state)
{
    struct fixture *f = *state;
    send_forwarded(f);
    answer(f, 200);
    stop_http(f);
}

static void test_http_streams_events(void **state)
{
    struct fixture *f = *state;
    open_client(f, &client);
    send_text(f, &client, "GET /events HTTP/1.1\r\n" HOST "\r\n");
    wait_for(f, &client, "event: ready\ndata: {\"replay\":\"all\"}\n\n");
    assert_true(got("Content-Type: text/event-stream"));
    assert_true(got("event: peer_added\ndata: {"));
    put(f, "/streams/" OTHER, "first");
    wait_for(f, &client, "event: stream_added\ndata: {\"uri\":\"/streams/" OTHER "\"");
    put(f, "/streams/" OTHER, "second");
    wait_for(f, &client, "event: stream_updated");
    registry_remove(f->registry, "/streams/" OTHER);
    wait_for(f, &client, "event: stream_removed");
}

static void test_http_streams_what_another_request_changed(void **state)
{
    struct fixture *f = *state;
    open_client(f, &second);
    send_text(f, &second, "GET /events HTTP/1.1\r\n" HOST "\r\n");
    wait_for(f, &second, "event: ready");
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(ask_with_body(f, "POST /peers/self/endpoints", "application/json",
                                       "{\"display_name\": \"T\", \"virtual\": {\"kind\": "
                                       "\"tone\"}}"),
                         201);
        wait_for(f, &second, "event: endpoint_added");
        second.size = 0;
        second.text[0] = '\0';
    }
}

static void test_http_resumes_events(void **state)
{
    struct fixture *f = *state;
    char id[64], request[256];
    open_client(f, &client);
    send_text(f, &client, "GET /events HTTP/1.1\r\n" HOST "\r\n");
    wait_for(f, &client, "event: ready");
    const char *last = NULL;
    for (const char *at = client.text; (at = strstr(at, "id: ")) != NULL; at++)
        last = at;
    assert_int_equal(sscanf(last, "id: %63s", id), 1);
    close_client(&client);

    put(f, "/streams/" OTHER, "meanwhile");
    open_client(f, &client);
    snprintf(request, sizeof(request), "GET /events HTTP/1.1\r\n" HOST "Last-Event-ID: %s\r\n\r\n",
             id);
    send_text(f, &client, request);
    wait_for(f, &client, "{\"replay\":\"changes\"}");
    assert_true(got("meanwhile"));
    assert_false(got("peer_added"));

    // An id of an earlier start of the daemon is worth nothing.
    id[0] = id[0] == '0' ? '1' : '0';
    open_client(f, &client);
    snprintf(request, sizeof(request), "GET /events?since=%s HTTP/1.1\r\n" HOST "\r\n", id);
    send_text(f, &client, request);
    wait_for(f, &client, "{\"replay\":\"all\"}");
}

static void test_http_filters_events(void **state)
{
    struct fixture *f = *state;
    open_client(f, &client);
    send_text(f, &client, "GET /events?types=stream_%2a%2Cready HTTP/1.1\r\n" HOST "\r\n");
    wait_for(f, &client, "event: ready");
    assert_false(got("peer_added"));
    assert_int_equal(ask(f, "GET /events?types=nonsense HTTP/1.1\r\n" HOST "\r\n"), 400);
    assert_true(got("\"field\":\"types\""));
    assert_int_equal(ask(f, "GET /events?types=levels HTTP/1.1\r\n" HOST "\r\n"), 422);
}

static void test_http_merges_events_for_a_slow_reader(void **state)
{
    struct fixture *f = *state;
    static char text[2000];
    memset(text, 'x', sizeof(text) - 1);
    open_client(f, &client);
    send_text(f, &client, "GET /events HTTP/1.1\r\n" HOST "\r\n");
    wait_for(f, &client, "event: ready");
    // 20 MB of changes while nothing is read: at most the buffers of the sockets take some.
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(text, 16, "%010u", i);
        text[10] = 'x';
        put(f, "/streams/" OTHER, text);
        turn(f);
    }
    put(f, "/streams/" OTHER, "the last one");
    size_t total = 0;
    for (unsigned i = 0; i < PATIENCE && !got("the last one"); i++) {
        // An event may come in two parts.
        if (client.size > sizeof(client.text) / 2) {
            total += client.size - 100;
            memmove(client.text, client.text + client.size - 100, 101);
            client.size = 100;
        }
        turn(f);
        receive(&client);
        usleep(100);
    }
    total += client.size;
    assert_true(got("the last one"));
    assert_true(total < 15u * 1000 * 1000);
}

static void test_http_refuses_to_listen_where_others_reach_it(void **state)
{
    struct fixture *f = *state;
    struct api_error error = {0};
    struct http *http = NULL;
    struct http_config config = {
        .loop = &f->loop, .host = "0.0.0.0", .api = f->api, .events = f->hub};
    assert_int_equal(http_start(&http, &config, &error), -1);
    assert_int_equal(error.code, ERROR_FORBIDDEN);
    config.host = "127.0.0.1";
    config.port = f->port;
    assert_int_equal(http_start(&http, &config, &error), -1);
    assert_int_equal(error.code, ERROR_UNAVAILABLE);
    config.host = "nonsense";
    assert_int_equal(http_start(&http, &config, &error), -1);
    assert_int_equal(error.code, ERROR_INVALID_ARGS);
    assert_null(http);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_http_answers_json),
        TEST(test_http_head_is_get_without_body),
        TEST(test_http_says_which_methods_are_allowed),
        TEST(test_http_creates_with_location),
        TEST(test_http_refuses_bodies_it_cannot_read),
        TEST(test_http_limits_the_depth_of_json),
        TEST(test_http_refuses_large_bodies),
        TEST(test_http_refuses_other_sites),
        TEST(test_http_survives_garbage),
        TEST(test_http_waits_for_a_reply_that_comes_later),
        TEST(test_http_survives_a_client_that_left_before_the_reply),
        TEST(test_http_stops_with_open_requests_and_event_streams),
        TEST(test_http_stops_right_after_the_reply_came),
        TEST(test_http_streams_events),
        TEST(test_http_streams_what_another_request_changed),
        TEST(test_http_resumes_events),
        TEST(test_http_filters_events),
        TEST(test_http_merges_events_for_a_slow_reader),
        TEST(test_http_refuses_to_listen_where_others_reach_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
