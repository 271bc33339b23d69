// SPDX-License-Identifier: MPL-2.0

#include "roc/sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/common_config.h"
#include "api/endpoint_request.h"
#include "api/pacer.h"
#include "api/slots.h"
#include "audio/channel_map.h"
#include "base/log.h"
#include "net/address.h"
#include "stream/sender.h"

// Longer ones are a mistake in the unit.
#define MAX_PACKET_LENGTH_NS 1000000000
// Packets that a slot can hand to the network at once: more than a second of default ones with
// their repair. A sender with many slots shares what this many have.
#define PACKETS_PER_SLOT     512
#define MAX_SLOTS_OF_PACKETS 8

struct roc_sender {
    roc_context *context;
    struct sender *sender;
    enum fec_scheme scheme;
    struct audio_encoding frames; // of what is written
    struct audio_encoding packets;

    pthread_mutex_t mutex; // guards the slots; the writer never takes it
    struct slots slots;

    struct {
        bool has_pacer;
        struct pacer pacer;
        size_t piece_frames;
        float *mapped; // a piece in the channels of packets; NULL when frames have the same
    } rt;
};

static int refuse(const char *function, const char *reason)
{
    log_error("api", "roc_sender_%s: %s", function, reason);
    return -1;
}

// Opening

static int find_by_format(struct audio_encoding *out, roc_context *context,
                          const struct audio_encoding *frames, struct api_error *error)
{
    struct audio_encoding encodings[CONTEXT_MAX_ENCODINGS];
    const size_t count = context_get_encodings(context, encodings);
    for (size_t i = 0; i < count; i++) {
        if (encodings[i].rate_hz != frames->rate_hz || encodings[i].channels != frames->channels)
            continue;
        *out = encodings[i];
        return 0;
    }
    return api_fail(error, -ENOENT,
                    "no packet encoding has %u Hz and %u channels; name one in packet_encoding, or "
                    "register one with roc_context_register_encoding",
                    frames->rate_hz, frames->channels);
}

static int find_encoding(roc_sender *sender, roc_packet_encoding wanted, struct api_error *error)
{
    struct audio_encoding *packets = &sender->packets;
    if (wanted == 0)
        return find_by_format(packets, sender->context, &sender->frames, error);
    if (context_find_encoding(sender->context, (unsigned)wanted, packets) != 0)
        return api_fail(error, -ENOENT,
                        "packet_encoding %d is not registered on the context; use 10, 11, or "
                        "roc_context_register_encoding",
                        (int)wanted);
    if (packets->rate_hz != sender->frames.rate_hz)
        return api_fail(error, -ENOTSUP,
                        "frames of %u Hz cannot go into packets of %u Hz: conversion of rates is "
                        "not supported; use frames and packets of one rate",
                        sender->frames.rate_hz, packets->rate_hz);
    return 0;
}

static int read_fec(enum fec_scheme *scheme, roc_fec_encoding encoding, struct api_error *error)
{
    switch (encoding) {
    case ROC_FEC_ENCODING_DISABLE:
        *scheme = FEC_NONE;
        return 0;
    case ROC_FEC_ENCODING_DEFAULT:
    case ROC_FEC_ENCODING_RS8M:
        *scheme = FEC_RS8M;
        return 0;
    case ROC_FEC_ENCODING_LDPC_STAIRCASE:
        return api_fail(error, -ENOTSUP,
                        "LDPC-Staircase is not supported; use ROC_FEC_ENCODING_RS8M");
    }
    return api_fail(error, -EINVAL, "fec_encoding is %d, which roc/config.h does not list",
                    (int)encoding);
}

static int check_tuner(roc_latency_tuner_profile profile, struct api_error *error)
{
    if (profile == ROC_LATENCY_TUNER_PROFILE_DEFAULT || profile == ROC_LATENCY_TUNER_PROFILE_INTACT)
        return 0;
    return api_fail(error, -ENOTSUP,
                    "latency tuning on the sender is not supported; leave latency_tuner_profile at "
                    "its default");
}

static int read_config(roc_sender *sender, const roc_sender_config *config, struct api_error *error)
{
    const struct common_config common = {
        .frame_encoding = &config->frame_encoding,
        .clock_source = config->clock_source,
        .latency_tuner_backend = config->latency_tuner_backend,
        .latency_tuner_profile = config->latency_tuner_profile,
        .resampler_backend = config->resampler_backend,
        .resampler_profile = config->resampler_profile,
    };
    int code = common_config_parse(&sender->frames, &common, error);
    if (code == 0)
        code = check_tuner(config->latency_tuner_profile, error);
    if (code == 0)
        code = read_fec(&sender->scheme, config->fec_encoding, error);
    if (code == 0)
        code = find_encoding(sender, config->packet_encoding, error);
    return code;
}

static int init_writer(roc_sender *sender, roc_clock_source clock)
{
    const unsigned from = sender->frames.channels;
    const unsigned to = sender->packets.channels;
    sender->rt.has_pacer = clock == ROC_CLOCK_SOURCE_INTERNAL;
    pacer_init(&sender->rt.pacer, sender->frames.rate_hz);
    sender->rt.piece_frames = piece_frames(sender->frames.rate_hz, from > to ? from : to);
    if (from == to)
        return 0;
    sender->rt.mapped = calloc(sender->rt.piece_frames * to, sizeof(float));
    return sender->rt.mapped != NULL ? 0 : -ENOMEM;
}

static int create_sender(roc_sender *sender, const roc_sender_config *config)
{
    // A length that no packet can have is refused when the slot is connected.
    const unsigned long long length_ns = config->packet_length;
    const struct sender_config internal = {
        .network = context_get_network(sender->context),
        .session =
            {
                .pool = context_get_pool(sender->context),
                .encoding = sender->packets,
                .packet_length_ns =
                    length_ns <= MAX_PACKET_LENGTH_NS ? (int64_t)length_ns : INT64_MAX,
                .fec = sender->scheme,
                .source_packets = config->fec_block_source_packets,
                .repair_packets = config->fec_block_repair_packets,
                .interleaving = config->packet_interleaving != 0,
                .max_packet_size = context_get_max_packet_size(sender->context),
            },
    };
    return sender_create(&sender->sender, &internal);
}

static void destroy(roc_sender *sender)
{
    sender_destroy(sender->sender);
    slots_finish(&sender->slots);
    pthread_mutex_destroy(&sender->mutex);
    free(sender->rt.mapped);
    context_unref(sender->context);
    free(sender);
}

int roc_sender_open(roc_context *context, const roc_sender_config *config, roc_sender **result)
{
    if (context == NULL || config == NULL || result == NULL)
        return refuse("open", "context, config or result is NULL");
    struct api_error error = {""};
    roc_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return refuse("open", "out of memory");
    sender->context = context;
    context_ref(context);
    pthread_mutex_init(&sender->mutex, NULL);
    if (read_config(sender, config, &error) != 0)
        goto fail;
    int code = init_writer(sender, config->clock_source);
    if (code == 0)
        code = create_sender(sender, config);
    if (code != 0) {
        api_fail(&error, code, "%s", strerrordesc_np(-code));
        goto fail;
    }
    *result = sender;
    return 0;

fail:
    destroy(sender);
    return refuse("open", error.text);
}

int roc_sender_close(roc_sender *sender)
{
    if (sender == NULL)
        return refuse("close", "sender is NULL");
    destroy(sender);
    return 0;
}

// Slots

static void break_slot(roc_sender *sender, struct slot_entry *entry)
{
    entry->is_broken = true;
    // There is none below when the failure came before anything was set up.
    (void)sender_unlink(sender->sender, entry->number);
}

// The rooms below have no consolidated interface, and refuse a control one when it is connected.
static int pass_config(roc_sender *sender, roc_slot slot, roc_interface iface,
                       const struct udp_config *config, struct api_error *error)
{
    int code = 0;
    if (iface == ROC_INTERFACE_AUDIO_SOURCE)
        code = sender_configure(sender->sender, slot, STREAM_SOURCE, config);
    else if (iface == ROC_INTERFACE_AUDIO_REPAIR)
        code = sender_configure(sender->sender, slot, STREAM_REPAIR, config);
    return code == 0 ? 0 : api_fail(error, code, "%s", strerrordesc_np(-code));
}

static int configure(roc_sender *sender, roc_slot slot, roc_interface iface,
                     const struct udp_config *config, struct api_error *error)
{
    struct slot_entry *entry;
    int code = slots_open(&sender->slots, slot, &entry, error);
    if (code == 0)
        code = slot_entry_check(entry, error);
    if (code != 0)
        return code;
    code = slot_entry_configure(entry, iface, config, error);
    if (code == 0)
        code = pass_config(sender, slot, iface, config, error);
    if (code != 0)
        break_slot(sender, entry);
    return code;
}

int roc_sender_configure(roc_sender *sender, roc_slot slot, roc_interface iface,
                         const roc_interface_config *config)
{
    if (sender == NULL || config == NULL || !interface_is_known(iface))
        return refuse("configure", "sender or config is NULL, or the interface is unknown");
    struct api_error error;
    struct udp_config parsed;
    if (interface_config_parse(&parsed, config, &error) != 0)
        return refuse("configure", error.text);
    // A group is joined by who receives.
    parsed.multicast_interface = (struct net_address){0};
    pthread_mutex_lock(&sender->mutex);
    const int code = configure(sender, slot, iface, &parsed, &error);
    pthread_mutex_unlock(&sender->mutex);
    return code == 0 ? 0 : refuse("configure", error.text);
}

// The writer cannot make packets, so they are made now, for all slots at once.
static int reserve_packets(const roc_sender *sender, struct api_error *error)
{
    unsigned slots = 0;
    for (const struct slot_entry *i = sender->slots.first; i != NULL; i = i->next)
        slots += !i->is_broken;
    if (slots > MAX_SLOTS_OF_PACKETS)
        slots = MAX_SLOTS_OF_PACKETS;
    const int code =
        packet_pool_reserve(context_get_pool(sender->context), slots * PACKETS_PER_SLOT);
    return code == 0 ? 0 : api_fail(error, code, "no memory for packets");
}

static int connect_entry(roc_sender *sender, struct slot_entry *entry,
                         const struct endpoint_request *request, struct api_error *error)
{
    int code = endpoint_request_check_connect(request, sender->scheme, error);
    if (code == 0)
        code = reserve_packets(sender, error);
    if (code != 0)
        return code;
    code = sender_connect(sender->sender, entry->number, request->iface, &request->address);
    if (code != 0)
        return endpoint_request_explain_connect(request, code, error);
    slot_entry_interface(entry, request->protocol->iface)->is_active = true;
    return 0;
}

// `code` and `error` are those of the request: a bad one breaks the slot that it was meant for.
static int connect_slot(roc_sender *sender, roc_slot slot, int code,
                        const struct endpoint_request *request, struct api_error *error)
{
    struct slot_entry *entry;
    int slot_code = slots_open(&sender->slots, slot, &entry, error);
    if (slot_code == 0)
        slot_code = slot_entry_check(entry, error);
    if (slot_code != 0)
        return slot_code;
    if (code == 0)
        code = connect_entry(sender, entry, request, error);
    if (code != 0)
        break_slot(sender, entry);
    return code;
}

int roc_sender_connect(roc_sender *sender, roc_slot slot, roc_interface iface,
                       const roc_endpoint *endpoint)
{
    if (sender == NULL || endpoint == NULL || !interface_is_known(iface))
        return refuse("connect", "sender or endpoint is NULL, or the interface is unknown");
    struct api_error error;
    struct endpoint_request request;
    // Resolves the host, which may take long: the mutex is not held.
    int code = endpoint_request_init(&request, iface, endpoint, &error);
    pthread_mutex_lock(&sender->mutex);
    code = connect_slot(sender, slot, code, &request, &error);
    pthread_mutex_unlock(&sender->mutex);
    if (code != 0)
        return refuse("connect", error.text);
    char address[NET_ADDRESS_TEXT_SIZE];
    net_address_write(&request.address, address);
    log_info("api", "slot %llu sends its %s packets to %s", slot, interface_name(iface), address);
    return 0;
}

int roc_sender_query(roc_sender *sender, roc_slot slot, roc_sender_metrics *slot_metrics,
                     roc_connection_metrics *conn_metrics, size_t *conn_metrics_count)
{
    if (sender == NULL)
        return refuse("query", "sender is NULL");
    if (conn_metrics != NULL && conn_metrics_count == NULL)
        return refuse("query", "conn_metrics comes without conn_metrics_count");
    struct api_error error;
    pthread_mutex_lock(&sender->mutex);
    const int code = slots_check(&sender->slots, slot, &error);
    pthread_mutex_unlock(&sender->mutex);
    if (code != 0)
        return refuse("query", error.text);
    // Receivers make themselves known by their reports, and a sender without a control interface
    // gets none.
    if (slot_metrics != NULL)
        *slot_metrics = (roc_sender_metrics){.connection_count = 0};
    if (conn_metrics_count != NULL)
        *conn_metrics_count = 0;
    return 0;
}

int roc_sender_unlink(roc_sender *sender, roc_slot slot)
{
    if (sender == NULL)
        return refuse("unlink", "sender is NULL");
    struct api_error error;
    pthread_mutex_lock(&sender->mutex);
    const int code = slots_remove(&sender->slots, slot, &error);
    // A broken slot, or one with nothing in it, is gone from there already.
    if (code == 0)
        (void)sender_unlink(sender->sender, slot);
    pthread_mutex_unlock(&sender->mutex);
    return code == 0 ? 0 : refuse("unlink", error.text);
}

// Writing

static void map_channels(roc_sender *sender, const float *samples, size_t frames)
{
    const struct audio_encoding *from = &sender->frames;
    const struct audio_encoding *to = &sender->packets;
    if (from->is_multitrack || to->is_multitrack)
        channel_copy(sender->rt.mapped, to->channels, samples, from->channels, frames);
    else
        channel_map(sender->rt.mapped, to->channels, samples, from->channels, frames);
}

static void write_piece(roc_sender *sender, const float *samples, size_t frames)
{
    if (sender->rt.has_pacer)
        pacer_wait(&sender->rt.pacer, frames);
    if (sender->rt.mapped != NULL) {
        map_channels(sender, samples, frames);
        samples = sender->rt.mapped;
    }
    sender_write(sender->sender, samples, frames);
}

int roc_sender_write(roc_sender *sender, const roc_frame *frame)
{
    if (sender == NULL || frame == NULL)
        return -1;
    const size_t frame_size = sender->frames.channels * sizeof(float);
    if (frame->samples_size % frame_size != 0 ||
        (frame->samples == NULL && frame->samples_size != 0))
        return -1;
    const float *samples = frame->samples;
    size_t left = frame->samples_size / frame_size;
    while (left > 0) {
        const size_t n = left < sender->rt.piece_frames ? left : sender->rt.piece_frames;
        write_piece(sender, samples, n);
        samples += n * sender->frames.channels;
        left -= n;
    }
    return 0;
}
