// SPDX-License-Identifier: MPL-2.0
//
// Making a stream real: first the receiving half, where the sound goes, then the sending one. Every
// step may be repeated; what is there already stays as it is.
#include <stdio.h>
#include <string.h>

#include "control/control_internal.h"

static bool is_local(const struct control *control, const struct connection *connection)
{
    return connection->type == CONNECTION_ENDPOINT &&
           strcmp(connection->endpoint.peer_uid, control->self_uid) == 0;
}

const char *setup_get_peer(const struct control *control, const struct stream *stream)
{
    bool is_remote =
        stream->destination.type == CONNECTION_ENDPOINT && !is_local(control, &stream->destination);
    return is_remote ? stream->destination.endpoint.peer_uid : "";
}

static void finish(struct owned_stream *owned, int result, const struct api_error *error)
{
    owned->setup_done(owned, result == 0 ? NULL : error);
}

// Rate and channels of the source, where the stream does not say.
static int plan_transport(struct owned_stream *owned, struct transport *transport,
                          struct api_error *error)
{
    const struct stream *target = &owned->target;
    *transport = target->transport;
    if (target->source.type == CONNECTION_EXTERNAL)
        return 0;
    unsigned rate_hz = 0, channels = 0;
    if (media_get_format(owned->control->media, target->source.endpoint.uid, &rate_hz, &channels,
                         error) != 0)
        return -1;
    if (transport->sample_rate != 0 && transport->sample_rate != rate_hz)
        return error_set(error, ERROR_UNSATISFIABLE, "transport.sample_rate",
                         "The source has %u Hz, and this version does not convert rates; leave "
                         "transport.sample_rate at 0.",
                         rate_hz);
    transport->sample_rate = rate_hz;
    if (transport->channels == 0)
        transport->channels = channels;
    return 0;
}

// The stream's own volume is applied once: by the receiving half where that is ours, because there
// it costs no resolution on the wire, otherwise by the sender.
static struct half_config plan_half(const struct owned_stream *owned,
                                    const struct transport *transport, bool has_gain)
{
    const struct stream *target = &owned->target;
    bool has_source = target->source.type == CONNECTION_ENDPOINT;
    return (struct half_config){
        .stream_uid = target->uid,
        .endpoint_uid = has_source ? target->source.endpoint.uid : target->destination.endpoint.uid,
        .transport = *transport,
        .volume = has_gain ? target->volume : 1,
        .muted = has_gain && target->muted,
    };
}

static int open_receiver(struct owned_stream *owned, const struct half_config *config,
                         struct api_error *error)
{
    // A port that the system picked is shown and kept from then on.
    struct media_address *address = &owned->target.source.external;
    if (media_open_receiver(owned->control->media, config, address, error) != 0)
        return -1;
    owned->report = (struct half_report){.address = *address};
    (void)media_query_half(owned->control->media, config->stream_uid, &owned->report.metrics);
    return 0;
}

static int open_here(struct owned_stream *owned, const struct transport *transport,
                     struct api_error *error)
{
    struct media *media = owned->control->media;
    const struct stream *target = &owned->target;
    struct half_config config = plan_half(owned, transport, true);
    if (target->source.type == CONNECTION_EXTERNAL)
        return open_receiver(owned, &config, error);
    owned->report = (struct half_report){0};
    if (target->destination.type == CONNECTION_EXTERNAL)
        return media_open_sender(media, &config, &target->destination.external, error);
    return media_open_local(media, &config, target->destination.endpoint.uid, error);
}

static bool is_wildcard(const char *host, size_t length)
{
    static const char *const wildcards[] = {"0.0.0.0", "[::]"};
    for (size_t i = 0; i < sizeof(wildcards) / sizeof(wildcards[0]); i++) {
        if (strlen(wildcards[i]) == length && strncmp(wildcards[i], host, length) == 0)
            return true;
    }
    return false;
}

// A peer that listens on all its addresses is reached where its session is.
static void replace_wildcard(char uri[MEDIA_URI_SIZE], const char *peer_host)
{
    char *start = strstr(uri, "://");
    char *colon = strrchr(uri, ':');
    if (!start || colon == start || !is_wildcard(start + 3, (size_t)(colon - start - 3)))
        return;
    char replaced[MEDIA_URI_SIZE];
    bool is_bare_ipv6 = strchr(peer_host, ':') && peer_host[0] != '[';
    int length = snprintf(replaced, sizeof(replaced), "%.*s%s%s%s%s", (int)(start + 3 - uri), uri,
                          is_bare_ipv6 ? "[" : "", peer_host, is_bare_ipv6 ? "]" : "", colon);
    if (length > 0 && (size_t)length < sizeof(replaced))
        memcpy(uri, replaced, (size_t)length + 1);
}

static int take_report(struct owned_stream *owned, const struct reply *reply,
                       struct api_error *error)
{
    struct half_report report;
    if (reply->status / 100 != 2) {
        error_parse(error, reply->status, reply->body);
        // What the half calls its endpoint is the stream's destination.
        if (strcmp(error->field, "endpoint_uri") == 0)
            snprintf(error->field, sizeof(error->field), "destination.endpoint_uri");
        return -1;
    }
    if (half_report_parse(&report, reply->body, error) != 0)
        return -1;
    const struct peer_port *peers = owned->control->peers;
    const char *host = peers->get_host(peers->impl, setup_get_peer(owned->control, &owned->target));
    if (!host)
        return error_set(error, ERROR_UNAVAILABLE, NULL, "The other peer has just gone offline.");
    replace_wildcard(report.address.media_uri, host);
    replace_wildcard(report.address.repair_uri, host);
    replace_wildcard(report.address.control_uri, host);
    if (strcmp(report.address.media_uri, owned->report.address.media_uri) != 0)
        owned->reception = (struct reception){0};
    owned->report = report;
    return 0;
}

static enum remote_outcome classify(int status)
{
    if (status / 100 == 2)
        return REMOTE_DONE;
    return status / 100 == 4 ? REMOTE_REFUSED : REMOTE_UNKNOWN;
}

static void on_half_reply(const struct reply *reply, void *arg)
{
    struct owned_stream *owned = arg;
    struct api_error error = {0};
    struct transport transport;
    owned->remote = classify(reply->status);
    if (take_report(owned, reply, &error) != 0) {
        if (error.peer_uid[0] == '\0')
            snprintf(error.peer_uid, sizeof(error.peer_uid), "%s",
                     setup_get_peer(owned->control, &owned->target));
        finish(owned, -1, &error);
        return;
    }
    int result = plan_transport(owned, &transport, &error);
    if (result == 0) {
        struct half_config config = plan_half(owned, &transport, false);
        result = media_open_sender(owned->control->media, &config, &owned->report.address, &error);
    }
    finish(owned, result, &error);
}

static void ask_peer(struct owned_stream *owned, const struct transport *transport)
{
    struct control *control = owned->control;
    const struct stream *target = &owned->target;
    struct half_request request = {.is_receiver = true,
                                   .transport = *transport,
                                   .volume = target->volume,
                                   .muted = target->muted,
                                   .lease_ms = control->lease_ms};
    memcpy(request.endpoint_uid, target->destination.endpoint.uid, sizeof(request.endpoint_uid));
    const char *peer_uid = setup_get_peer(control, target);
    struct peer_call_config config = control_plan_call(control, peer_uid, target->uid, METHOD_PUT);
    config.body = half_request_write(&request, peer_uid);
    config.fn = on_half_reply;
    config.arg = owned;
    if (config.body) {
        peer_call_start(&owned->call, &config);
        return;
    }
    struct api_error error = {0};
    finish(owned, error_set(&error, ERROR_INTERNAL, NULL, "Out of memory."), &error);
}

static int check_open(struct control *control, const struct connection *connection,
                      const char *field, struct api_error *error)
{
    if (!is_local(control, connection) ||
        endpoints_check_open(control, connection->endpoint.uid, error) == 0)
        return 0;
    snprintf(error->field, sizeof(error->field), "%s", field);
    return -1;
}

void setup_start(struct owned_stream *owned, const struct stream *target, setup_fn done)
{
    struct api_error error = {0};
    struct transport transport;
    owned->target = *target;
    owned->setup_done = done;
    owned->remote = REMOTE_NONE;
    int result = check_open(owned->control, &target->source, "source.endpoint_uri", &error);
    if (result == 0)
        result =
            check_open(owned->control, &target->destination, "destination.endpoint_uri", &error);
    if (result == 0)
        result = plan_transport(owned, &transport, &error);
    if (result == 0 && setup_get_peer(owned->control, &owned->target)[0] != '\0') {
        ask_peer(owned, &transport);
        return;
    }
    if (result == 0)
        result = open_here(owned, &transport, &error);
    finish(owned, result, &error);
}
