// SPDX-License-Identifier: MPL-2.0
//
// Stages in a row, each the output of the one before: packetizer, FEC writer.

#include "stream/send_session.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "stream/burst_pacing.h"
#include "stream/fec_writer.h"
#include "stream/packet_size.h"
#include "stream/packetizer.h"

#define DEFAULT_PACKET_LENGTH_NS 5000000
#define DEFAULT_SOURCE_PACKETS   18
#define DEFAULT_REPAIR_PACKETS   10
#define MAX_PAYLOAD_TYPE         127
// Packets that are with the network, beyond those of the block that is being made.
#define PACKETS_IN_FLIGHT 32

struct send_session {
    struct send_session_config config;
    struct packet_size size;
    struct packetizer *packetizer;
    struct fec_writer *fec_writer; // NULL without FEC
    struct rtp_moment_cell capture;
    struct {
        struct burst_pacing pacing;
    } rt;
    // Written by the writer only, read by anybody.
    struct {
        _Atomic uint64_t source_packets;
        _Atomic uint64_t repair_packets;
        _Atomic uint64_t payload_bytes;
        _Atomic uint64_t dropped_packets;
    } counters;
};

// One thread writes, so no read-modify-write is needed.
static void count(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

static void output(struct packet *packet, void *arg)
{
    struct send_session *session = arg;
    if (packet->is_repair) {
        count(&session->counters.repair_packets, 1);
    } else {
        count(&session->counters.source_packets, 1);
        count(&session->counters.payload_bytes, packet->payload_size);
    }
    packet->send_time_ns = burst_pacing_next(&session->rt.pacing);
    session->config.output(packet, session->config.output_arg);
}

static void protect(struct packet *packet, void *arg)
{
    struct send_session *session = arg;
    burst_pacing_step(&session->rt.pacing);
    if (session->fec_writer)
        count(&session->counters.dropped_packets, fec_writer_push(session->fec_writer, packet));
    else if (packet)
        output(packet, session);
    else
        count(&session->counters.dropped_packets, 1);
}

static void fill_defaults(struct send_session_config *config)
{
    if (config->packet_length_ns == 0)
        config->packet_length_ns = DEFAULT_PACKET_LENGTH_NS;
    if (config->max_packet_size == 0)
        config->max_packet_size = PACKET_SIZE_IPV4;
    if (config->fec == FEC_NONE) {
        config->interleaving = false;
        config->source_packets = 0;
        config->repair_packets = 0;
    } else if (config->source_packets == 0 && config->repair_packets == 0) {
        config->source_packets = DEFAULT_SOURCE_PACKETS;
        config->repair_packets = DEFAULT_REPAIR_PACKETS;
    }
}

// Needs the defaults filled in.
static int compute_size(struct packet_size *size, const struct send_session_config *config)
{
    return packet_size_compute(size, &(struct packet_size_config){
                                         .encoding = config->encoding,
                                         .packet_length_ns = config->packet_length_ns,
                                         .fec = config->fec,
                                         .max_datagram_size = config->max_packet_size,
                                     });
}

unsigned send_session_samples(const struct send_session_config *config)
{
    struct send_session_config filled = *config;
    struct packet_size size;
    fill_defaults(&filled);
    return compute_size(&size, &filled) == 0 ? size.samples : 0;
}

static int check(struct send_session *session)
{
    const struct send_session_config *config = &session->config;
    if (!config->pool || !config->output || config->encoding.payload_type > MAX_PAYLOAD_TYPE)
        return -EINVAL;
    return compute_size(&session->size, config);
}

// Grows the pool now, because writing may not, and proves that its packets are large enough.
static int reserve_packets(const struct send_session *session)
{
    const struct send_session_config *config = &session->config;
    int error = packet_pool_reserve(
        config->pool, config->source_packets + 2 * config->repair_packets + PACKETS_IN_FLIGHT);
    if (error)
        return error;
    struct packet *packet = packet_pool_pop(config->pool);
    if (!packet)
        return -ENOMEM;
    bool fits = packet->capacity >= session->size.datagram_size;
    packet_unref(packet);
    return fits ? 0 : -EINVAL;
}

static int create_stages(struct send_session *session)
{
    const struct send_session_config *config = &session->config;
    int error = packetizer_create(&session->packetizer, &(struct packetizer_config){
                                                            .pool = config->pool,
                                                            .encoding = config->encoding,
                                                            .samples = session->size.samples,
                                                            .output = protect,
                                                            .output_arg = session,
                                                        });
    if (error || config->fec == FEC_NONE)
        return error;
    return fec_writer_create(&session->fec_writer, &(struct fec_writer_config){
                                                       .pool = config->pool,
                                                       .scheme = config->fec,
                                                       .source_packets = config->source_packets,
                                                       .repair_packets = config->repair_packets,
                                                       .symbol_size = session->size.rtp_size,
                                                       .interleaving = config->interleaving,
                                                       .ldpc_cache = config->ldpc_cache,
                                                       .output = output,
                                                       .output_arg = session,
                                                   });
}

int send_session_create(struct send_session **out, const struct send_session_config *config)
{
    struct send_session *session = calloc(1, sizeof(*session));
    if (!session)
        return -ENOMEM;
    session->config = *config;
    fill_defaults(&session->config);
    int error = check(session);
    if (error)
        goto fail;
    burst_pacing_init(&session->rt.pacing,
                      (int64_t)session->size.samples * 1000000000 / config->encoding.rate_hz,
                      session->config.repair_packets);
    error = create_stages(session);
    if (error)
        goto fail;
    error = reserve_packets(session);
    if (error)
        goto fail;
    *out = session;
    return 0;

fail:
    send_session_destroy(session);
    return error;
}

void send_session_destroy(struct send_session *session)
{
    if (!session)
        return;
    packetizer_destroy(session->packetizer);
    fec_writer_destroy(session->fec_writer);
    free(session);
}

void send_session_write(struct send_session *session, const float *samples, size_t frames)
{
    packetizer_push(session->packetizer, samples, frames);
}

int send_session_set_block(struct send_session *session, unsigned source_packets,
                           unsigned repair_packets)
{
    if (!session->fec_writer)
        return -EINVAL;
    return fec_writer_set_block(session->fec_writer, source_packets, repair_packets);
}

void send_session_mark(struct send_session *session, int64_t capture_time_ns)
{
    rtp_moment_set(&session->capture,
                   (struct rtp_moment){
                       .time_ns = capture_time_ns,
                       .timestamp = packetizer_next_timestamp(session->packetizer),
                   });
}

void send_session_pace(struct send_session *session, int64_t now_ns, size_t frames)
{
    // An hour, and nothing overflows.
    const uint64_t most = (uint64_t)3600 * session->config.encoding.rate_hz;
    const uint64_t bounded = frames < most ? frames : most;
    burst_pacing_begin(&session->rt.pacing, now_ns,
                       (int64_t)(bounded * 1000000000 / session->config.encoding.rate_hz));
}

struct rtp_moment send_session_moment(const struct send_session *session)
{
    return rtp_moment_get(&session->capture);
}

void send_session_set_ssrc(struct send_session *session, uint32_t ssrc)
{
    packetizer_set_ssrc(session->packetizer, ssrc);
}

uint64_t send_session_packets(const struct send_session *session, size_t frames)
{
    const struct send_session_config *config = &session->config;
    // Another packet, and another block, may end with what was written before.
    uint64_t source = frames / session->size.samples + 1;
    if (config->fec == FEC_NONE)
        return source;
    return source + (source / fec_writer_sources(session->fec_writer) + 1) *
                        fec_writer_repairs(session->fec_writer);
}

struct send_session_metrics send_session_metrics(const struct send_session *session)
{
    return (struct send_session_metrics){
        .source_packets =
            atomic_load_explicit(&session->counters.source_packets, memory_order_relaxed),
        .repair_packets =
            atomic_load_explicit(&session->counters.repair_packets, memory_order_relaxed),
        .payload_bytes =
            atomic_load_explicit(&session->counters.payload_bytes, memory_order_relaxed),
        .dropped_packets =
            atomic_load_explicit(&session->counters.dropped_packets, memory_order_relaxed),
        .ssrc = packetizer_ssrc(session->packetizer),
    };
}
