// SPDX-License-Identifier: MPL-2.0
#include "http/http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/event_stream.h"
#include "http/exchange.h"
#include "http/server.h"
#include "model/log.h"

#define CONNECTION_LIMIT 128
// Seconds without a byte. Does not count while a request waits for its reply.
#define CONNECTION_TIMEOUT_S 30
#define BACKLOG              64

static void on_timer(uv_timer_t *timer);

// Does what can be done now and asks when to come back.
static void run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    http->has_resumed = false;
    MHD_run(http->daemon);
    // The daemon's timeout says nothing of connections that were resumed while it ran.
    if (http->has_resumed)
        uv_timer_start(&http->timer, on_timer, 0, 0);
    else if (MHD_get_timeout(http->daemon, &timeout_ms) == MHD_YES)
        uv_timer_start(&http->timer, on_timer, timeout_ms, 0);
    else
        uv_timer_stop(&http->timer);
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    run(poll->data);
}

// Not at once: this may be called from inside of MHD_run.
void server_resume(struct http *http, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    http->has_resumed = true;
    uv_timer_start(&http->timer, on_timer, 0, 0);
}

// A decoded zero would cut the text short, and what remains could mean something else.
static size_t unescape(void *arg, struct MHD_Connection *connection, char *text)
{
    return strstr(text, "%00") != NULL ? strlen(text) : MHD_http_unescape(text);
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    const struct sockaddr_in6 *v6 = (const void *)address;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

// NULL with *error set when the configuration names no address; the caller frees it.
static struct addrinfo *find_address(const struct http_config *config, struct api_error *error)
{
    struct addrinfo *info = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    const char *host = strcmp(config->host, "localhost") == 0 ? "127.0.0.1" : config->host;
    char port[8];
    snprintf(port, sizeof(port), "%u", config->port & 0xffff);
    if (config->port > 0xffff || getaddrinfo(host, port, &hints, &info) != 0)
        error_set(error, ERROR_INVALID_ARGS, "http",
                  "%.64s:%u is no address to listen on for HTTP; give an IP address and a port.",
                  config->host, config->port);
    return info;
}

// Returns a listening socket, or -1 with *error set.
static int open_socket(const struct http_config *config, struct api_error *error)
{
    const int one = 1;
    struct addrinfo *info = find_address(config, error);
    if (info == NULL)
        return -1;
    int fd = -1;
    if (!is_loopback(info->ai_addr)) {
        error_set(error, ERROR_FORBIDDEN, "http",
                  "HTTP would listen on %.64s, where others can reach it, and nothing asks them "
                  "who they are; use 127.0.0.1.",
                  config->host);
        goto fail;
    }
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        error_set(error, ERROR_UNAVAILABLE, "http", "HTTP cannot listen on %.64s:%u: %s.",
                  config->host, config->port, strerror(errno));
        goto fail;
    }
    freeaddrinfo(info);
    return fd;

fail:
    if (fd >= 0)
        close(fd);
    freeaddrinfo(info);
    return -1;
}

static int write_url(struct http *http, int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    char host[INET6_ADDRSTRLEN], port[8];
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return -EINVAL;
    bool is_v6 = address.ss_family == AF_INET6;
    snprintf(http->url, sizeof(http->url), "http://%s%s%s:%s", is_v6 ? "[" : "", host,
             is_v6 ? "]" : "", port);
    return 0;
}

// The socket is taken on success.
static struct MHD_Daemon *start_daemon(struct http *http, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, exchange_handle, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, exchange_finish, http,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, http, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTION_LIMIT, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
        MHD_OPTION_END);
}

static void on_close(uv_handle_t *handle)
{
    struct http *http = handle->data;
    if (--http->open_handle_count == 0)
        free(http);
}

static void init_timers(struct http *http)
{
    uv_timer_init(http->loop, &http->timer);
    uv_timer_init(http->loop, &http->keep_alive);
    http->timer.data = http;
    http->keep_alive.data = http;
    http->open_handle_count = 2;
}

// The rest is freed by the loop.
static void close_handles(struct http *http)
{
    if (http->poll.data != NULL)
        uv_close((uv_handle_t *)&http->poll, on_close);
    uv_close((uv_handle_t *)&http->timer, on_close);
    uv_close((uv_handle_t *)&http->keep_alive, on_close);
}

static int start_poll(struct http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || uv_poll_init(http->loop, &http->poll, info->epoll_fd) != 0)
        return -1;
    http->poll.data = http;
    http->open_handle_count++;
    return uv_poll_start(&http->poll, UV_READABLE, on_poll);
}

int http_start(struct http **out, const struct http_config *config, struct api_error *error)
{
    int fd = open_socket(config, error);
    if (fd < 0)
        return -1;
    struct http *http = calloc(1, sizeof(*http));
    if (http == NULL) {
        close(fd);
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    }
    http->loop = config->loop;
    http->api = config->api;
    http->events = config->events;
    init_timers(http);
    if (uv_random(NULL, NULL, &http->epoch, sizeof(http->epoch), 0, NULL) != 0 ||
        write_url(http, fd) != 0)
        goto fail;
    http->daemon = start_daemon(http, fd);
    if (http->daemon == NULL)
        goto fail;
    fd = -1;
    if (start_poll(http) != 0)
        goto fail;
    run(http);
    rocd_log(ROCD_LOG_INFO, "http", "listening on %s", http->url);
    *out = http;
    return 0;

fail:
    if (fd >= 0)
        close(fd);
    http_stop(http);
    return error_set(error, ERROR_INTERNAL, NULL, "The HTTP server could not be started.");
}

const char *http_get_url(const struct http *http)
{
    return http->url;
}

void http_stop(struct http *http)
{
    if (http == NULL)
        return;
    if (http->poll.data != NULL)
        uv_poll_stop(&http->poll);
    if (http->daemon != NULL) {
        // The daemon cannot close what is suspended.
        exchanges_resume(http);
        event_streams_resume(http);
        MHD_stop_daemon(http->daemon);
        http->daemon = NULL;
    }
    close_handles(http);
}
