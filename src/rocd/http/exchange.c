// SPDX-License-Identifier: MPL-2.0
#include "http/exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/event_stream.h"
#include "http/guard.h"
#include "http/response.h"

#define MAX_BODY_SIZE (1024 * 1024)
// A body that is too large is read to its end, so that the client gets to see the 413; one that is
// absurdly large is not worth that.
#define MAX_DISCARDED_SIZE (16 * 1024 * 1024)

struct exchange {
    struct http *http; // NULL when the connection is gone
    struct exchange *next, *previous;
    struct MHD_Connection *connection;
    char *body;
    size_t size, capacity;
    size_t discarded_size;
    bool is_started;               // the body is complete and the request was handed on
    bool is_waiting;               // for the reply of the API
    bool is_suspended;             // the connection
    struct MHD_Response *response; // ready to be queued
    unsigned status;
    struct event_stream *events;
    char allowed[API_ALLOWED_SIZE]; // for 405; "" = none
};

static struct exchange *create_exchange(struct http *http, struct MHD_Connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL)
        return NULL;
    exchange->http = http;
    exchange->connection = connection;
    exchange->next = http->exchanges;
    if (exchange->next != NULL)
        exchange->next->previous = exchange;
    http->exchanges = exchange;
    return exchange;
}

static void destroy_exchange(struct exchange *exchange)
{
    if (exchange->response != NULL)
        MHD_destroy_response(exchange->response);
    free(exchange->body);
    free(exchange);
}

void exchange_finish(void *arg, struct MHD_Connection *connection, void **context,
                     enum MHD_RequestTerminationCode code)
{
    struct http *http = arg;
    struct exchange *exchange = *context;
    if (exchange == NULL)
        return;
    *context = NULL;
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        http->exchanges = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
    event_stream_end(exchange->events);
    exchange->http = NULL;
    exchange->connection = NULL;
    if (!exchange->is_waiting) // otherwise the reply destroys it
        destroy_exchange(exchange);
}

static void set_response(struct exchange *exchange, struct MHD_Response *response, unsigned status)
{
    exchange->response = response;
    exchange->status = status;
}

static void set_error(struct exchange *exchange, const struct api_error *error)
{
    const char *allowed = error->code == ERROR_METHOD_NOT_ALLOWED ? exchange->allowed : NULL;
    set_response(exchange, response_create_error(error, allowed),
                 (unsigned)error_http_status(error->code));
}

// The API answers: at once, later, or after the client has left.
static void take_reply(const struct reply *reply, void *arg)
{
    struct exchange *exchange = arg;
    exchange->is_waiting = false;
    if (exchange->http == NULL) {
        destroy_exchange(exchange);
        return;
    }
    const char *allowed = reply->status == 405 ? exchange->allowed : NULL;
    set_response(exchange, response_create(reply, allowed), (unsigned)reply->status);
    if (exchange->is_suspended) {
        exchange->is_suspended = false;
        server_resume(exchange->http, exchange->connection);
    }
}

static const char *get_header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool is_client_local(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL)
        return false;
    if (info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *address = (const void *)info->client_addr;
        return (ntohl(address->sin_addr.s_addr) >> 24) == 127;
    }
    if (info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *address = (const void *)info->client_addr;
        return IN6_IS_ADDR_LOOPBACK(&address->sin6_addr);
    }
    return false;
}

// What can be refused before the body came.
static int check_site(struct MHD_Connection *connection, struct api_error *error)
{
    const char *host = get_header(connection, MHD_HTTP_HEADER_HOST);
    const char *origin = get_header(connection, MHD_HTTP_HEADER_ORIGIN);
    if (!guard_is_host_local(host))
        return error_set(error, ERROR_FORBIDDEN, NULL,
                         "The Host header must name this machine (127.0.0.1 or localhost), "
                         "because a website could have led your browser here.");
    if (!guard_is_origin_same(origin, host))
        return error_set(error, ERROR_FORBIDDEN, NULL,
                         "The page that asks is from another site than this daemon.");
    return 0;
}

static int parse_body(const struct exchange *exchange, json_t **out, struct api_error *error)
{
    json_error_t problem;
    if (exchange->discarded_size > 0)
        return error_set(error, ERROR_TOO_LARGE, NULL, "The body is larger than %d bytes.",
                         MAX_BODY_SIZE);
    if (exchange->size == 0)
        return 0;
    if (!guard_is_json(get_header(exchange->connection, MHD_HTTP_HEADER_CONTENT_TYPE)))
        return error_set(error, ERROR_UNSUPPORTED_MEDIA_TYPE, NULL,
                         "The body must be JSON, with the header Content-Type: application/json.");
    json_t *body = json_loadb(exchange->body, exchange->size, JSON_REJECT_DUPLICATES, &problem);
    if (body == NULL)
        return error_set(error, ERROR_INVALID_ARGS, NULL,
                         "The body is not valid JSON: %s (line %d, column %d).", problem.text,
                         problem.line, problem.column);
    if (!json_is_object(body)) {
        json_decref(body);
        return error_set(error, ERROR_INVALID_ARGS, NULL,
                         "The body must be a JSON object, { ... }.");
    }
    *out = body;
    return 0;
}

static bool is_events_path(const char *url)
{
    return strcmp(url, "/events") == 0 || strcmp(url, "/events/") == 0;
}

static void open_events(struct exchange *exchange, const struct request *request, bool is_head)
{
    struct MHD_Connection *connection = exchange->connection;
    struct api_error error = {0};
    struct MHD_Response *response = NULL;
    if (api_check(exchange->http->api, request, &error) != 0) {
        set_error(exchange, &error);
        return;
    }
    if (is_head) {
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        if (response != NULL)
            response_set_headers(response, "text/event-stream");
        set_response(exchange, response, MHD_HTTP_OK);
        return;
    }
    const char *since = get_header(connection, "Last-Event-ID");
    if (since == NULL)
        since = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "since");
    const char *types = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "types");
    if (event_stream_open(&exchange->events, &response, exchange->http, connection, types, since,
                          &error) != 0)
        set_error(exchange, &error);
    else
        set_response(exchange, response, MHD_HTTP_OK);
}

// HEAD is a GET whose body the daemon leaves out.
static int parse_method(struct request *request, const char *method, const char *url,
                        const char *allowed, struct api_error *error)
{
    if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        method = MHD_HTTP_METHOD_GET;
    if (request_method_parse(&request->method, method) == 0)
        return 0;
    if (*allowed == '\0')
        return error_set(error, ERROR_NOT_FOUND, NULL,
                         "There is nothing at this path; GET /openapi.json lists what there is.");
    return error_set(error, ERROR_METHOD_NOT_ALLOWED, NULL,
                     "%.16s is not possible at %s; possible: %s.", method, url, allowed);
}

// Everything of the request is here.
static void start(struct exchange *exchange, const char *method, const char *url)
{
    struct http *http = exchange->http;
    struct MHD_Connection *connection = exchange->connection;
    struct api_error error = {0};
    json_t *body = NULL;
    struct request request = {
        .path = url,
        .if_match = get_header(connection, MHD_HTTP_HEADER_IF_MATCH),
        .principal.role = is_client_local(connection) ? ROLE_ADMIN : ROLE_NONE,
    };
    exchange->is_started = true;
    api_write_allowed(http->api, url, exchange->allowed);
    if (parse_method(&request, method, url, exchange->allowed, &error) != 0)
        goto fail;
    if (request.method == METHOD_GET && is_events_path(url)) {
        open_events(exchange, &request, strcmp(method, MHD_HTTP_METHOD_HEAD) == 0);
        return;
    }
    // GET and DELETE give a body no meaning (RFC 9110, 9.3.1 and 9.3.5).
    bool has_body = request.method != METHOD_GET && request.method != METHOD_DELETE;
    if (has_body && parse_body(exchange, &body, &error) != 0)
        goto fail;
    free(exchange->body);
    exchange->body = NULL;

    request.body = body;
    exchange->is_waiting = true;
    api_handle(http->api, &request, take_reply, exchange);
    json_decref(body);
    return;

fail:
    set_error(exchange, &error);
}

static int collect(struct exchange *exchange, const char *data, size_t size)
{
    if (exchange->discarded_size > 0 || size > MAX_BODY_SIZE - exchange->size) {
        exchange->discarded_size += size;
        return exchange->discarded_size <= MAX_DISCARDED_SIZE ? 0 : -ENOSPC;
    }
    if (exchange->size + size > exchange->capacity) {
        size_t capacity = exchange->capacity > 0 ? exchange->capacity : 1024;
        while (capacity < exchange->size + size)
            capacity *= 2;
        char *body = realloc(exchange->body, capacity);
        if (body == NULL)
            return -ENOMEM;
        exchange->body = body;
        exchange->capacity = capacity;
    }
    memcpy(exchange->body + exchange->size, data, size);
    exchange->size += size;
    return 0;
}

static enum MHD_Result queue(struct exchange *exchange)
{
    // Nothing can be said without memory: the connection is closed.
    if (exchange->response == NULL)
        return MHD_NO;
    enum MHD_Result result =
        MHD_queue_response(exchange->connection, exchange->status, exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    return result;
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *connection, void **context)
{
    struct api_error error = {0};
    struct exchange *exchange = create_exchange(http, connection);
    if (exchange == NULL)
        return MHD_NO;
    *context = exchange;
    if (check_site(connection, &error) == 0)
        return MHD_YES;
    exchange->is_started = true;
    set_error(exchange, &error);
    return queue(exchange);
}

enum MHD_Result exchange_handle(void *arg, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **context)
{
    struct exchange *exchange = *context;
    if (exchange == NULL)
        return begin(arg, connection, context);
    if (*upload_data_size > 0) {
        int err = collect(exchange, upload_data, *upload_data_size);
        *upload_data_size = 0;
        return err == 0 ? MHD_YES : MHD_NO;
    }
    if (!exchange->is_started)
        start(exchange, method, url);
    if (!exchange->is_waiting)
        return queue(exchange);
    exchange->is_suspended = true;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

void exchanges_resume(struct http *http)
{
    for (struct exchange *exchange = http->exchanges; exchange != NULL; exchange = exchange->next) {
        if (!exchange->is_suspended)
            continue;
        exchange->is_suspended = false;
        server_resume(exchange->http, exchange->connection);
    }
}
