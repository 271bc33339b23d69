// SPDX-License-Identifier: MPL-2.0

#include "roc/receiver_decoder.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/activation.h"
#include "api/connection_metrics.h"
#include "api/frame_reader.h"
#include "api/packet_queue.h"
#include "base/log.h"

// The only slot of the receiver below.
#define SLOT 0

struct roc_receiver_decoder {
    roc_context *context;
    struct receiver *receiver;

    pthread_mutex_t mutex; // serializes activation
    struct activation activation;
    struct packet_queue *reports; // one thread pops them, and has them made

    struct {
        struct frame_reader reader;
    } rt;
};

static int refuse(const char *function, const char *reason)
{
    log_error("api", "roc_receiver_decoder_%s: %s", function, reason);
    return -1;
}

// Runs inside receiver_tick.
static void queue_report(const uint8_t *data, size_t size_bytes, const struct net_address *to,
                         void *arg)
{
    roc_receiver_decoder *decoder = arg;
    struct packet *packet =
        rtcp_datagram_pack(context_get_pool(decoder->context), data, size_bytes);
    // One that does not fit any more is left out: the next one says as much.
    if (packet != NULL)
        (void)packet_queue_push(decoder->reports, packet);
}

// Life

static int create_parts(roc_receiver_decoder *decoder, const roc_receiver_config *config,
                        struct api_error *error)
{
    struct receiver_setup setup;
    int code = receiver_setup_parse(&setup, decoder->context, config, error);
    if (code != 0)
        return code;
    setup.receiver.output_report = queue_report;
    setup.receiver.output_report_arg = decoder;
    frame_reader_init(&decoder->rt.reader, &setup);
    code = packet_queue_create(&decoder->reports);
    if (code == 0)
        code = receiver_create(&decoder->receiver, &setup.receiver);
    return code == 0 ? 0 : receiver_setup_explain(&setup, code, error);
}

static void destroy(roc_receiver_decoder *decoder)
{
    receiver_destroy(decoder->receiver);
    packet_queue_destroy(decoder->reports);
    pthread_mutex_destroy(&decoder->mutex);
    context_unref(decoder->context);
    free(decoder);
}

int roc_receiver_decoder_open(roc_context *context, const roc_receiver_config *config,
                              roc_receiver_decoder **result)
{
    if (context == NULL || config == NULL || result == NULL)
        return refuse("open", "context, config or result is NULL");
    struct api_error error;
    roc_receiver_decoder *decoder = calloc(1, sizeof(*decoder));
    if (decoder == NULL)
        return refuse("open", "out of memory");
    decoder->context = context;
    context_ref(context);
    pthread_mutex_init(&decoder->mutex, NULL);
    if (create_parts(decoder, config, &error) != 0)
        goto fail;
    *result = decoder;
    return 0;

fail:
    destroy(decoder);
    return refuse("open", error.text);
}

int roc_receiver_decoder_close(roc_receiver_decoder *decoder)
{
    if (decoder == NULL)
        return refuse("close", "decoder is NULL");
    destroy(decoder);
    return 0;
}

// Activation

static int activate(roc_receiver_decoder *decoder, roc_interface iface, roc_protocol proto,
                    struct api_error *error)
{
    struct activation_request request;
    int code = activation_parse(&decoder->activation, &request, iface, proto, error);
    if (code != 0)
        return code;
    code = receiver_activate(decoder->receiver, SLOT, request.iface, request.scheme);
    if (code == -EPROTO)
        return api_fail(error, code,
                        "the protocol does not go with that of the interface that is active "
                        "already; use rtp alone, or the source and repair protocols of one scheme");
    if (code != 0)
        return api_fail(error, code, "%s", strerrordesc_np(-code));
    activation_add(&decoder->activation, request.iface);
    return 0;
}

int roc_receiver_decoder_activate(roc_receiver_decoder *decoder, roc_interface iface,
                                  roc_protocol proto)
{
    if (decoder == NULL)
        return refuse("activate", "decoder is NULL");
    struct api_error error;
    pthread_mutex_lock(&decoder->mutex);
    const int code = activate(decoder, iface, proto, &error);
    pthread_mutex_unlock(&decoder->mutex);
    return code == 0 ? 0 : refuse("activate", error.text);
}

int roc_receiver_decoder_query(roc_receiver_decoder *decoder, roc_receiver_metrics *decoder_metrics,
                               roc_connection_metrics *conn_metrics)
{
    if (decoder == NULL || decoder_metrics == NULL || conn_metrics == NULL)
        return refuse("query", "decoder, decoder_metrics or conn_metrics is NULL");
    struct receive_session_metrics session;
    // Nothing is active yet where it fails.
    const int count = receiver_query(decoder->receiver, SLOT, &session, 1);
    *decoder_metrics = (roc_receiver_metrics){.connection_count = count > 0};
    if (count > 0)
        *conn_metrics = (roc_connection_metrics){
            .e2e_latency = connection_metrics_of_sender(&session).e2e_latency,
        };
    return 0;
}

// Packets and frames

int roc_receiver_decoder_push_packet(roc_receiver_decoder *decoder, roc_interface iface,
                                     const roc_packet *packet)
{
    enum stream_interface found;
    struct packet *copy;
    if (decoder == NULL || activation_find(&decoder->activation, iface, &found) != 0 ||
        activation_copy_packet(&copy, decoder->context, packet) != 0)
        return -1;
    receiver_push(decoder->receiver, SLOT, found, &copy, 1);
    return 0;
}

int roc_receiver_decoder_pop_feedback_packet(roc_receiver_decoder *decoder, roc_interface iface,
                                             roc_packet *packet)
{
    enum stream_interface found;
    if (decoder == NULL || packet == NULL || packet->bytes == NULL ||
        activation_find(&decoder->activation, iface, &found) != 0 || found != STREAM_CONTROL)
        return -1;
    receiver_tick(decoder->receiver);
    return packet_queue_pop(decoder->reports, packet) == 0 ? 0 : -1;
}

int roc_receiver_decoder_pop_frame(roc_receiver_decoder *decoder, roc_frame *frame)
{
    if (decoder == NULL)
        return -1;
    return frame_reader_read(&decoder->rt.reader, decoder->receiver, frame) == 0 ? 0 : -1;
}
