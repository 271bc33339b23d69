// SPDX-License-Identifier: MPL-2.0
//
// Opening a half again with another format or place closes the old one first: two cannot share a
// port or a recorder of another format. What both use (a player, a recorder whose format stays) is
// held meanwhile, so that a player does not start over and a recording stays one file. When the new
// one cannot be opened the old one is opened again.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/explain.h"
#include "media/media_internal.h"
#include "media/payload_type.h"

#define SILENCE_DB (-120.0)

// What a half is to become.
struct plan {
    enum half_kind kind;
    const struct half_config *config;
    struct transport transport; // with rate and channels
    struct media_address address;
    struct device_port *source, *sink; // NULL where the network is
};

static struct half *find_half(const struct media *media, const char *stream_uid)
{
    for (struct half *half = media->halves; half; half = half->next) {
        if (strcmp(half->stream_uid, stream_uid) == 0)
            return half;
    }
    return NULL;
}

static roc_link_config compute_gain(const struct half *half)
{
    double gain = half->volume;
    int muted = half->muted;
    const struct device_port *ends[] = {half->source, half->sink};
    for (size_t i = 0; i < 2; i++) {
        if (!ends[i])
            continue;
        gain *= ends[i]->settings.volume;
        muted |= ends[i]->settings.muted;
    }
    return (roc_link_config){.gain = (float)gain, .muted = muted};
}

void half_apply_gain(struct media *media, struct half *half)
{
    roc_link_config config = compute_gain(half);
    (void)roc_transceiver_configure_link(media->transceiver, half->link, &config);
}

static void release_devices(struct media *media, struct half *half)
{
    struct device_room room = media_get_room(media);
    if (half->source)
        device_port_release(half->source, &room);
    if (half->sink)
        device_port_release(half->sink, &room);
    half->source = half->sink = NULL;
}

static void destroy_half(struct media *media, struct half *half)
{
    if (half->link)
        (void)roc_transceiver_unlink(media->transceiver, half->link);
    net_port_close(&half->net, media->transceiver);
    release_devices(media, half);
    free(half);
}

static void remove_half(struct media *media, struct half *half)
{
    struct half **place = &media->halves;
    while (*place != half)
        place = &(*place)->next;
    *place = half->next;
    destroy_half(media, half);
}

static struct device_format get_device_format(const struct transport *transport)
{
    return (struct device_format){
        .rate_hz = transport->sample_rate,
        .channels = transport->channels,
        .samples = payload_format_get(transport->encoding),
    };
}

static int acquire_devices(struct media *media, struct half *half, const struct plan *plan,
                           struct api_error *error)
{
    struct device_room room = media_get_room(media);
    struct device_format format = get_device_format(&plan->transport);
    unsigned rate_hz = format.rate_hz;
    if (plan->source) {
        if (device_port_acquire(plan->source, &room, &format, error) != 0)
            return -1;
        half->source = plan->source;
        // A file may have changed since the stream was planned.
        if (half->source->rate_hz != rate_hz)
            return error_set(
                error, ERROR_UNSATISFIABLE, "transport.sample_rate",
                "\"%s\" has %u Hz and the stream %u Hz; a stream keeps the rate of its "
                "source.",
                half->source->settings.display_name, half->source->rate_hz, rate_hz);
    }
    if (plan->sink) {
        if (device_port_acquire(plan->sink, &room, &format, error) != 0)
            return -1;
        half->sink = plan->sink;
    }
    return 0;
}

static int open_network(struct media *media, struct half *half, const struct plan *plan,
                        struct api_error *error)
{
    if (half->kind == HALF_RECEIVER)
        return net_port_open_receiver(&half->net, media->transceiver, &half->transport,
                                      media->bind_host, &media->ports, &plan->address, error);
    if (half->kind == HALF_SENDER)
        return net_port_open_sender(&half->net, media->transceiver, &half->transport,
                                    &plan->address, error);
    return 0;
}

// The link comes last: a player starts with it, and then everything is there to take its sound.
static int link_half(struct media *media, struct half *half, struct api_error *error)
{
    roc_link_config config = compute_gain(half);
    roc_port source = half->source ? half->source->port : half->net.port;
    roc_port sink = half->sink ? half->sink->port : half->net.port;
    int result = roc_transceiver_link(media->transceiver, source, sink, &config, &half->link);
    if (result == 0)
        return 0;
    half->link = 0;
    if (result == -EEXIST)
        return error_set(error, ERROR_CONFLICT, NULL,
                         "Another stream goes from \"%s\" to \"%s\" already; change that one.",
                         half->source->settings.display_name, half->sink->settings.display_name);
    return media_explain(error, NULL, roc_transceiver_error());
}

static int create_half(struct media *media, const struct plan *plan, struct api_error *error)
{
    struct half *half = calloc(1, sizeof(*half));
    if (!half)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    snprintf(half->stream_uid, sizeof(half->stream_uid), "%s", plan->config->stream_uid);
    half->kind = plan->kind;
    half->transport = plan->transport;
    half->volume = plan->config->volume;
    half->muted = plan->config->muted;
    if (acquire_devices(media, half, plan, error) != 0 ||
        open_network(media, half, plan, error) != 0 || link_half(media, half, error) != 0)
        goto fail;
    half->next = media->halves;
    media->halves = half;
    return 0;

fail:
    destroy_half(media, half);
    return -1;
}

// Whether the running half can become the planned one without a break.
static bool is_same_half(const struct half *half, const struct plan *plan)
{
    if (half->kind != plan->kind || half->source != plan->source || half->sink != plan->sink ||
        !transport_is_equal(&half->transport, &plan->transport))
        return false;
    return plan->kind != HALF_RECEIVER || plan->address.media_uri[0] == '\0' ||
           media_address_is_equal(&half->net.address, &plan->address);
}

// A device of the old half that the new one uses in the same format. It is acquired once more and
// released when the new half has it.
static struct device_port *hold_device(struct media *media, const struct half *old,
                                       const struct plan *plan)
{
    struct device_room room = media_get_room(media);
    struct api_error ignored;
    const struct transport *transport = &old->transport;
    struct device_format format = get_device_format(transport);
    struct device_port *device = NULL;
    if (old->source && old->source == plan->source)
        device = old->source;
    else if (old->sink && old->sink == plan->sink &&
             transport->sample_rate == plan->transport.sample_rate &&
             transport->channels == plan->transport.channels &&
             transport->encoding == plan->transport.encoding)
        device = old->sink;
    if (device && device_port_acquire(device, &room, &format, &ignored) != 0)
        return NULL;
    return device;
}

static int replace_half(struct media *media, struct half *old, const struct plan *plan,
                        struct api_error *error)
{
    struct half_config config = {.stream_uid = plan->config->stream_uid,
                                 .transport = old->transport,
                                 .volume = old->volume,
                                 .muted = old->muted};
    struct plan back = {.kind = old->kind,
                        .config = &config,
                        .transport = old->transport,
                        .address = old->net.address,
                        .source = old->source,
                        .sink = old->sink};
    struct device_port *held = hold_device(media, old, plan);
    remove_half(media, old);
    int result = create_half(media, plan, error);
    if (result != 0) {
        struct api_error ignored;
        (void)create_half(media, &back, &ignored);
    }
    struct device_room room = media_get_room(media);
    if (held)
        device_port_release(held, &room);
    return result;
}

static int open_half(struct media *media, const struct plan *plan, struct api_error *error)
{
    struct half *half = find_half(media, plan->config->stream_uid);
    if (!half)
        return create_half(media, plan, error);
    if (!is_same_half(half, plan))
        return replace_half(media, half, plan, error);
    if (plan->kind == HALF_SENDER && !media_address_is_equal(&half->net.address, &plan->address) &&
        net_port_move_sender(&half->net, media->transceiver, &plan->address, error) != 0)
        return -1;
    media_update_half(media, plan->config);
    return 0;
}

static int find_end(struct media *media, const char *endpoint_uid, bool is_source,
                    struct device_port **out, struct api_error *error)
{
    struct device_port *device = media_find_device(media, endpoint_uid);
    if (!device)
        return error_set(error, ERROR_NOT_FOUND, "endpoint_uri", "There is no endpoint %s here.",
                         endpoint_uid);
    if (device_port_is_source(device) != is_source)
        return error_set(error, ERROR_UNSATISFIABLE, "endpoint_uri",
                         "\"%s\" cannot be a %s of sound.", device->settings.display_name,
                         is_source ? "source" : "destination");
    *out = device;
    return 0;
}

static int plan_format(struct media *media, struct plan *plan, const char *source_uid,
                       struct api_error *error)
{
    unsigned rate_hz = 0, channels = 0;
    plan->transport = plan->config->transport;
    if (source_uid && media_get_format(media, source_uid, &rate_hz, &channels, error) != 0)
        return -1;
    // An external sender tells nothing about its format: the common one, unless told otherwise.
    if (plan->transport.sample_rate == 0)
        plan->transport.sample_rate = rate_hz ? rate_hz : 44100;
    if (plan->transport.channels == 0)
        plan->transport.channels = channels ? channels : 2;
    return 0;
}

int media_open_receiver(struct media *media, const struct half_config *config,
                        struct media_address *address, struct api_error *error)
{
    struct plan plan = {.kind = HALF_RECEIVER, .config = config, .address = *address};
    if (find_end(media, config->endpoint_uid, false, &plan.sink, error) != 0 ||
        plan_format(media, &plan, NULL, error) != 0)
        return -1;
    if (address->media_uri[0] != '\0' && net_port_match_fec(&plan.transport, address, error) != 0)
        return -1;
    if (open_half(media, &plan, error) != 0)
        return -1;
    *address = find_half(media, config->stream_uid)->net.address;
    return 0;
}

int media_open_sender(struct media *media, const struct half_config *config,
                      const struct media_address *address, struct api_error *error)
{
    struct plan plan = {.kind = HALF_SENDER, .config = config, .address = *address};
    if (find_end(media, config->endpoint_uid, true, &plan.source, error) != 0 ||
        plan_format(media, &plan, config->endpoint_uid, error) != 0 ||
        net_port_match_fec(&plan.transport, address, error) != 0)
        return -1;
    return open_half(media, &plan, error);
}

int media_open_local(struct media *media, const struct half_config *source,
                     const char *destination_uid, struct api_error *error)
{
    struct plan plan = {.kind = HALF_LOCAL, .config = source};
    if (find_end(media, source->endpoint_uid, true, &plan.source, error) != 0 ||
        find_end(media, destination_uid, false, &plan.sink, error) != 0 ||
        plan_format(media, &plan, source->endpoint_uid, error) != 0)
        return -1;
    return open_half(media, &plan, error);
}

void media_update_half(struct media *media, const struct half_config *config)
{
    struct half *half = find_half(media, config->stream_uid);
    if (!half || (half->volume == config->volume && half->muted == config->muted))
        return;
    half->volume = config->volume;
    half->muted = config->muted;
    half_apply_gain(media, half);
}

void media_close_half(struct media *media, const char *stream_uid)
{
    struct half *half = find_half(media, stream_uid);
    if (half)
        remove_half(media, half);
}

void half_close_all(struct media *media)
{
    while (media->halves)
        remove_half(media, media->halves);
}

static double to_db(float peak)
{
    return peak > 0 ? fmax(20.0 * log10((double)peak), SILENCE_DB) : SILENCE_DB;
}

static void write_metrics(struct half_metrics *out, const roc_port_metrics *in, bool is_receiver)
{
    *out = (struct half_metrics){
        .is_receiver = is_receiver,
        .packets_sent = in->packets_sent,
        .repair_packets_sent = in->repair_packets_sent,
        .bytes_sent = in->bytes_sent,
        .packets_received = in->packets_received,
        .repair_packets_received = in->repair_packets_received,
        .bytes_received = in->bytes_received,
        .packets_expected = in->packets_expected,
        .packets_lost = in->packets_lost,
        .packets_recovered = in->packets_recovered,
        .packets_late = in->packets_late,
        .packets_duplicate = in->packets_duplicate,
        .packets_rejected = in->packets_rejected,
        .frames = in->frames,
        .frames_concealed = in->frames_concealed,
        .frames_dropped = in->dropped_frames,
        .sessions = in->sessions,
        .restarts = in->sessions_total > 0 ? (unsigned)(in->sessions_total - 1) : 0,
        .queue_latency_ms = in->queue_latency_ms,
        .target_latency_ms = in->target_latency_ms,
        .jitter_ms = in->jitter_ms,
        .rtt_ms = in->has_clock ? in->rtt_ms : NAN,
        .e2e_latency_ms = in->e2e_latency_ms > 0 ? in->e2e_latency_ms : NAN,
        .remote_packets_lost = in->remote_packets_lost,
        .remote_loss = in->connections > 0 ? in->remote_loss : NAN,
        .level_db = to_db(in->peak),
    };
}

int media_query_half(struct media *media, const char *stream_uid, struct half_metrics *metrics)
{
    const struct half *half = find_half(media, stream_uid);
    if (!half)
        return -ENOENT;
    // A local stream has no network port: what its sink counts stands for it.
    roc_port port = half->kind == HALF_LOCAL ? half->sink->port : half->net.port;
    roc_port_metrics numbers;
    if (roc_transceiver_query_port(media->transceiver, port, &numbers) != 0)
        return -ENOENT;
    write_metrics(metrics, &numbers, half->kind != HALF_SENDER);
    return 0;
}
