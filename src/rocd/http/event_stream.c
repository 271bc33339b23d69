// SPDX-License-Identifier: MPL-2.0
#include "http/event_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/response.h"

#define BLOCK_SIZE 4096
// Seconds of silence on a stream.
#define KEEP_ALIVE_S 15
#define EPOCH_DIGITS 8

struct event_stream {
    struct http *http; // NULL when it has ended
    struct event_stream *next, *previous;
    struct MHD_Connection *connection;
    struct event_subscriber *subscriber;
    char *text; // of the event that is being sent; NULL = none
    size_t size, sent;
    bool is_suspended;
    bool is_keep_alive_due;
};

// Ids are `epoch-revision`; one of an earlier life of the daemon means nothing now.
static uint64_t parse_since(const struct http *http, const char *text)
{
    char *end;
    if (text == NULL || strspn(text, "0123456789abcdef") != EPOCH_DIGITS ||
        text[EPOCH_DIGITS] != '-' || strtoul(text, NULL, 16) != http->epoch)
        return 0;
    text += EPOCH_DIGITS + 1;
    // Too large a number becomes the largest, which is of the future and so means nothing either.
    uint64_t revision = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' ? revision : 0;
}

static void resume(struct event_stream *stream)
{
    if (!stream->is_suspended)
        return;
    stream->is_suspended = false;
    server_resume(stream->http, stream->connection);
}

static void wake(void *arg)
{
    resume(arg);
}

// One event in the form of the stream. Returns 1, 0 when there is none, or -ENOMEM.
static int take_event(struct event_stream *stream)
{
    struct event event;
    if (event_pop(stream->subscriber, &event) == 0)
        return 0;
    char *data = json_dumps(event.data, RESPONSE_JSON_FLAGS);
    int size = asprintf(&stream->text, "id: %08x-%" PRIu64 "\nevent: %s\ndata: %s\n\n",
                        stream->http->epoch, event.id, event.name, data != NULL ? data : "{}");
    free(data);
    json_decref(event.data);
    if (size < 0) {
        stream->text = NULL;
        return -ENOMEM;
    }
    stream->size = (size_t)size;
    stream->sent = 0;
    return 1;
}

static int take_comment(struct event_stream *stream)
{
    stream->is_keep_alive_due = false;
    stream->text = strdup(": keep-alive\n\n");
    if (stream->text == NULL)
        return -ENOMEM;
    stream->size = strlen(stream->text);
    stream->sent = 0;
    return 1;
}

static ssize_t read_stream(void *arg, uint64_t position, char *buffer, size_t size)
{
    struct event_stream *stream = arg;
    if (stream->http == NULL)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (stream->text == NULL) {
        int taken = take_event(stream);
        if (taken == 0 && stream->is_keep_alive_due)
            taken = take_comment(stream);
        if (taken < 0)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (taken == 0) {
            stream->is_suspended = true;
            MHD_suspend_connection(stream->connection);
            return 0;
        }
        stream->is_keep_alive_due = false;
    }
    size_t part = stream->size - stream->sent;
    if (part > size)
        part = size;
    memcpy(buffer, stream->text + stream->sent, part);
    stream->sent += part;
    if (stream->sent == stream->size) {
        free(stream->text);
        stream->text = NULL;
    }
    return (ssize_t)part;
}

static void free_stream(void *arg)
{
    struct event_stream *stream = arg;
    event_stream_end(stream);
    free(stream->text);
    free(stream);
}

static void run_keep_alive(uv_timer_t *timer)
{
    event_streams_keep_alive(timer->data);
}

static void add_stream(struct http *http, struct event_stream *stream)
{
    stream->http = http;
    stream->next = http->event_streams;
    if (stream->next != NULL)
        stream->next->previous = stream;
    http->event_streams = stream;
    if (!uv_is_active((uv_handle_t *)&http->keep_alive))
        uv_timer_start(&http->keep_alive, run_keep_alive, KEEP_ALIVE_S * 1000, KEEP_ALIVE_S * 1000);
}

static void remove_stream(struct event_stream *stream)
{
    struct http *http = stream->http;
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        http->event_streams = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    if (http->event_streams == NULL)
        uv_timer_stop(&http->keep_alive);
    stream->http = NULL;
}

void event_stream_end(struct event_stream *stream)
{
    if (stream == NULL || stream->http == NULL)
        return;
    event_unsubscribe(stream->subscriber);
    stream->subscriber = NULL;
    remove_stream(stream);
    stream->connection = NULL;
}

static int set_subscribe_error(struct api_error *error, int err)
{
    if (err == -EINVAL)
        return error_set(error, ERROR_INVALID_ARGS, "types",
                         "`types` is a list, separated by commas, of peer_, endpoint_ or stream_ "
                         "with added, updated, removed or * behind it, for example "
                         "stream_*,peer_added.");
    if (err == -ENOTSUP)
        return error_set(error, ERROR_UNSATISFIABLE, "types",
                         "This version has no events of levels and metrics; read "
                         "/streams/{stream_uid}/metrics.");
    return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
}

int event_stream_open(struct event_stream **out, struct MHD_Response **response, struct http *http,
                      struct MHD_Connection *connection, const char *types, const char *since,
                      struct api_error *error)
{
    struct MHD_Response *created = NULL;
    struct event_stream *stream = calloc(1, sizeof(*stream));
    int err = -ENOMEM;
    if (stream == NULL)
        goto fail;
    stream->connection = connection;
    err = event_subscribe(http->events, types, parse_since(http, since), wake, stream,
                          &stream->subscriber);
    if (err != 0)
        goto fail;
    add_stream(http, stream);
    err = -ENOMEM;
    created = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, stream,
                                                free_stream);
    if (created == NULL)
        goto fail;
    if (response_set_headers(created, "text/event-stream") != 0) {
        stream = NULL; // the response destroys it
        goto fail;
    }
    *out = stream;
    *response = created;
    return 0;

fail:
    if (created != NULL)
        MHD_destroy_response(created);
    if (stream != NULL)
        free_stream(stream);
    return set_subscribe_error(error, err);
}

void event_streams_keep_alive(struct http *http)
{
    for (struct event_stream *stream = http->event_streams; stream != NULL; stream = stream->next) {
        stream->is_keep_alive_due = true;
        resume(stream);
    }
}

void event_streams_resume(struct http *http)
{
    for (struct event_stream *stream = http->event_streams; stream != NULL; stream = stream->next)
        resume(stream);
}
