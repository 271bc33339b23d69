// SPDX-License-Identifier: MPL-2.0
//
// The session comes into being once and stays: so it crosses to the pushing thread in one atomic
// pointer, and activation can run beside push_frame.

#include "roc/sender_encoder.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/activation.h"
#include "api/connection_metrics.h"
#include "api/frame_writer.h"
#include "api/packet_queue.h"
#include "base/clock.h"
#include "base/log.h"
#include "stream/send_reporter.h"

struct roc_sender_encoder {
    roc_context *context;
    struct send_session_config config;

    pthread_mutex_t mutex; // guards activation and reports; pushing frames never takes it
    struct activation activation;
    struct send_reporter *reporter;         // with a session and an active control interface
    _Atomic(struct send_session *) session; // there once source (and repair with FEC) are active
    struct packet_queue *queues[ACTIVATION_COUNT];

    struct {
        struct frame_writer writer;
    } rt;
};

static int refuse(const char *function, const char *reason)
{
    log_error("api", "roc_sender_encoder_%s: %s", function, reason);
    return -1;
}

// Runs inside push_frame, which made sure that there is room for source packets. Repair packets
// that nobody pops are lost, as on a network.
static void queue_packet(struct packet *packet, void *arg)
{
    roc_sender_encoder *encoder = arg;
    const enum stream_interface iface = packet->is_repair ? STREAM_REPAIR : STREAM_SOURCE;
    (void)packet_queue_push(encoder->queues[iface], packet);
}

// Runs with the mutex held.
static void queue_report(const uint8_t *data, size_t size_bytes, const struct net_address *to,
                         void *arg)
{
    roc_sender_encoder *encoder = arg;
    struct packet *packet = rtcp_datagram_pack(encoder->config.pool, data, size_bytes);
    // One that does not fit any more is left out: the next one says as much.
    if (packet != NULL)
        (void)packet_queue_push(encoder->queues[STREAM_CONTROL], packet);
}

// Life

static int create_parts(roc_sender_encoder *encoder, const struct sender_setup *setup)
{
    encoder->config = setup->session;
    encoder->config.output = queue_packet;
    encoder->config.output_arg = encoder;
    int code = frame_writer_init(&encoder->rt.writer, setup);
    for (size_t i = 0; i < ACTIVATION_COUNT && code == 0; i++)
        code = packet_queue_create(&encoder->queues[i]);
    return code;
}

static void destroy(roc_sender_encoder *encoder)
{
    send_reporter_destroy(encoder->reporter);
    send_session_destroy(atomic_load(&encoder->session));
    for (size_t i = 0; i < ACTIVATION_COUNT; i++)
        packet_queue_destroy(encoder->queues[i]);
    frame_writer_finish(&encoder->rt.writer);
    pthread_mutex_destroy(&encoder->mutex);
    context_unref(encoder->context);
    free(encoder);
}

int roc_sender_encoder_open(roc_context *context, const roc_sender_config *config,
                            roc_sender_encoder **result)
{
    if (context == NULL || config == NULL || result == NULL)
        return refuse("open", "context, config or result is NULL");
    struct api_error error;
    struct sender_setup setup;
    roc_sender_encoder *encoder = calloc(1, sizeof(*encoder));
    if (encoder == NULL)
        return refuse("open", "out of memory");
    encoder->context = context;
    context_ref(context);
    pthread_mutex_init(&encoder->mutex, NULL);
    if (sender_setup_parse(&setup, context, config, &error) != 0)
        goto fail;
    const int code = create_parts(encoder, &setup);
    if (code != 0) {
        api_fail(&error, code, "%s", strerrordesc_np(-code));
        goto fail;
    }
    *result = encoder;
    return 0;

fail:
    destroy(encoder);
    return refuse("open", error.text);
}

int roc_sender_encoder_close(roc_sender_encoder *encoder)
{
    if (encoder == NULL)
        return refuse("close", "encoder is NULL");
    destroy(encoder);
    return 0;
}

// Activation

static int check_scheme(const roc_sender_encoder *encoder, const struct activation_request *request,
                        struct api_error *error)
{
    if (request->iface == STREAM_CONTROL || request->scheme == encoder->config.fec)
        return 0;
    return api_fail(error, -EPROTO,
                    "the protocol does not go with the fec_encoding of the config; use rtp without "
                    "FEC, and the source and repair protocols of one scheme with it");
}

static bool is_complete_with(const roc_sender_encoder *encoder, enum stream_interface iface)
{
    const atomic_bool *active = encoder->activation.is_active;
    const bool has_source = iface == STREAM_SOURCE || atomic_load(&active[STREAM_SOURCE]);
    const bool has_repair = iface == STREAM_REPAIR || atomic_load(&active[STREAM_REPAIR]);
    return has_source && (has_repair || encoder->config.fec == FEC_NONE);
}

static bool has_control_with(const roc_sender_encoder *encoder, enum stream_interface iface)
{
    return iface == STREAM_CONTROL || atomic_load(&encoder->activation.is_active[STREAM_CONTROL]);
}

static int create_session(roc_sender_encoder *encoder, struct send_session **out,
                          struct api_error *error)
{
    const int code = send_session_create(out, &encoder->config);
    if (code == 0)
        return 0;
    return api_fail(error, code,
                    "cannot make packets (%s): packet_length, fec_block_source_packets and "
                    "fec_block_repair_packets must fit the encoding and max_packet_size",
                    strerrordesc_np(-code));
}

static int create_reporter(roc_sender_encoder *encoder, struct send_session *session,
                           struct api_error *error)
{
    const struct send_reporter_config config = {
        .session = session,
        .rate_hz = encoder->config.encoding.rate_hz,
        .output = queue_report,
        .output_arg = encoder,
    };
    const int code = send_reporter_create(&encoder->reporter, &config);
    return code == 0 ? 0 : api_fail(error, code, "out of memory");
}

// Makes what this interface completes: the session, the reports about it, or both.
static int start(roc_sender_encoder *encoder, enum stream_interface iface, struct api_error *error)
{
    struct send_session *session = atomic_load(&encoder->session);
    struct send_session *made = NULL;
    int code = 0;
    if (session == NULL && is_complete_with(encoder, iface)) {
        code = create_session(encoder, &made, error);
        session = made;
    }
    if (code == 0 && session != NULL && has_control_with(encoder, iface))
        code = create_reporter(encoder, session, error);
    if (code != 0) {
        send_session_destroy(made);
        return code;
    }
    atomic_store(&encoder->session, session);
    return 0;
}

static int activate(roc_sender_encoder *encoder, roc_interface iface, roc_protocol proto,
                    struct api_error *error)
{
    struct activation_request request;
    int code = activation_parse(&encoder->activation, &request, iface, proto, error);
    if (code == 0)
        code = check_scheme(encoder, &request, error);
    if (code == 0)
        code = start(encoder, request.iface, error);
    if (code == 0)
        activation_add(&encoder->activation, request.iface);
    return code;
}

int roc_sender_encoder_activate(roc_sender_encoder *encoder, roc_interface iface,
                                roc_protocol proto)
{
    if (encoder == NULL)
        return refuse("activate", "encoder is NULL");
    struct api_error error;
    pthread_mutex_lock(&encoder->mutex);
    const int code = activate(encoder, iface, proto, &error);
    pthread_mutex_unlock(&encoder->mutex);
    return code == 0 ? 0 : refuse("activate", error.text);
}

int roc_sender_encoder_query(roc_sender_encoder *encoder, roc_sender_metrics *encoder_metrics,
                             roc_connection_metrics *conn_metrics)
{
    if (encoder == NULL || encoder_metrics == NULL || conn_metrics == NULL)
        return refuse("query", "encoder, encoder_metrics or conn_metrics is NULL");
    // Decoders make themselves known by their reports.
    struct send_connection connection;
    size_t count = 0;
    pthread_mutex_lock(&encoder->mutex);
    if (encoder->reporter != NULL)
        count = send_reporter_query(encoder->reporter, &connection, 1);
    pthread_mutex_unlock(&encoder->mutex);
    *encoder_metrics = (roc_sender_metrics){.connection_count = (unsigned)count};
    if (count > 0)
        conn_metrics->e2e_latency = connection_metrics_of_receiver(&connection).e2e_latency;
    return 0;
}

// Frames and packets

// Room and memory for all that a frame becomes, so that it is taken whole or not at all.
static int make_room(const roc_sender_encoder *encoder, const struct send_session *session,
                     size_t frames)
{
    const uint64_t packets =
        send_session_packets(session, frame_writer_most(&encoder->rt.writer, frames));
    if (packets > packet_queue_writable(encoder->queues[STREAM_SOURCE]))
        return -ENOSPC;
    return packet_pool_reserve(encoder->config.pool, (uint32_t)packets);
}

static void write_piece(const float *samples, size_t frames, void *arg)
{
    struct send_session *session = arg;
    if (session == NULL)
        return;
    send_session_mark(session, clock_realtime_ns());
    send_session_write(session, samples, frames);
}

int roc_sender_encoder_push_frame(roc_sender_encoder *encoder, const roc_frame *frame)
{
    if (encoder == NULL)
        return -1;
    const ptrdiff_t frames = frame_writer_check(&encoder->rt.writer, frame);
    if (frames < 0)
        return -1;
    struct send_session *session = atomic_load(&encoder->session);
    if (session != NULL && frames > 0 && make_room(encoder, session, (size_t)frames) != 0)
        return -1;
    frame_writer_write(&encoder->rt.writer, frame, write_piece, session);
    return 0;
}

// Reports are made when they are fetched, not between frames and packets.
static int pop_report(roc_sender_encoder *encoder, roc_packet *packet)
{
    pthread_mutex_lock(&encoder->mutex);
    if (encoder->reporter != NULL)
        send_reporter_tick(encoder->reporter, rtcp_now_get());
    const int code = packet_queue_pop(encoder->queues[STREAM_CONTROL], packet);
    pthread_mutex_unlock(&encoder->mutex);
    return code;
}

int roc_sender_encoder_pop_packet(roc_sender_encoder *encoder, roc_interface iface,
                                  roc_packet *packet)
{
    enum stream_interface found;
    if (encoder == NULL || packet == NULL || packet->bytes == NULL ||
        activation_find(&encoder->activation, iface, &found) != 0)
        return -1;
    const int code = found == STREAM_CONTROL ? pop_report(encoder, packet)
                                             : packet_queue_pop(encoder->queues[found], packet);
    return code == 0 ? 0 : -1;
}

static void push_report(roc_sender_encoder *encoder, const struct packet *packet)
{
    const struct rtcp_now now = rtcp_now_get();
    const struct rtcp_datagram datagram = rtcp_datagram_of(packet, now);
    pthread_mutex_lock(&encoder->mutex);
    if (encoder->reporter != NULL)
        send_reporter_push(encoder->reporter, &datagram, now.monotonic_ns);
    pthread_mutex_unlock(&encoder->mutex);
}

int roc_sender_encoder_push_feedback_packet(roc_sender_encoder *encoder, roc_interface iface,
                                            const roc_packet *packet)
{
    enum stream_interface found;
    struct packet *copy;
    if (encoder == NULL || activation_find(&encoder->activation, iface, &found) != 0 ||
        found != STREAM_CONTROL || activation_copy_packet(&copy, encoder->context, packet) != 0)
        return -1;
    push_report(encoder, copy);
    packet_unref(copy);
    return 0;
}
