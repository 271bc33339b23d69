// SPDX-License-Identifier: MPL-2.0
//
// Stages in a row, each the output of the one before: packetizer, FEC writer, interleaver.

#include "stream/send_session.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "stream/fec_writer.h"
#include "stream/interleaver.h"
#include "stream/packetizer.h"
#include "wire/rtp.h"

#define DEFAULT_PACKET_LENGTH_NS 5000000
#define DEFAULT_SOURCE_PACKETS   18
#define DEFAULT_REPAIR_PACKETS   10
#define DEFAULT_MAX_PACKET_SIZE  2048
#define MAX_PAYLOAD_TYPE         127
// Packets that are with the network, beyond those of the block that is being made.
#define PACKETS_IN_FLIGHT 32

struct send_session {
    struct send_session_config config;
    struct packetizer *packetizer;
    struct fec_writer *fec_writer;   // NULL without FEC
    struct interleaver *interleaver; // NULL without interleaving
    struct rtp_moment_cell capture;
    // Written by the writer only, read by anybody.
    struct {
        _Atomic uint64_t source_packets;
        _Atomic uint64_t repair_packets;
        _Atomic uint64_t payload_bytes;
        _Atomic uint64_t dropped_packets;
    } counters;
};

// Peers compute this in 32-bit float and round halves away from zero; another order of operations
// gives another packet size for some lengths.
unsigned packet_samples(int64_t packet_length_ns, unsigned rate_hz)
{
    if (packet_length_ns <= 0)
        return 0;
    float samples = roundf((float)packet_length_ns / 1e9f * (float)rate_hz);
    return samples < (float)UINT_MAX ? (unsigned)samples : UINT_MAX;
}

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
    session->config.output(packet, session->config.output_arg);
}

static void interleave(struct packet *packet, void *arg)
{
    struct send_session *session = arg;
    if (session->interleaver)
        interleaver_push(session->interleaver, packet);
    else if (packet)
        output(packet, session);
}

static void protect(struct packet *packet, void *arg)
{
    struct send_session *session = arg;
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
        config->max_packet_size = DEFAULT_MAX_PACKET_SIZE;
    if (config->fec == FEC_NONE) {
        config->interleaving = false;
        config->source_packets = 0;
        config->repair_packets = 0;
    } else if (config->source_packets == 0 && config->repair_packets == 0) {
        config->source_packets = DEFAULT_SOURCE_PACKETS;
        config->repair_packets = DEFAULT_REPAIR_PACKETS;
    }
}

// Bytes of the RTP packet that a full payload makes; 0 when there is no legal one.
static size_t rtp_packet_size(const struct send_session_config *config)
{
    uint64_t samples = packet_samples(config->packet_length_ns, config->encoding.rate_hz);
    uint64_t channels = config->encoding.channels;
    if (samples == 0 || samples > UINT16_MAX || channels == 0 || channels > UINT16_MAX)
        return 0;
    uint64_t size = RTP_HEADER_SIZE + samples * channels * PCM_L16_SAMPLE_SIZE;
    return size <= UINT16_MAX ? (size_t)size : 0;
}

// The larger of the two kinds of datagrams.
static size_t datagram_size(const struct send_session_config *config)
{
    size_t source = fecframe_source_size(config->fec);
    size_t repair = fecframe_repair_size(config->fec);
    return rtp_packet_size(config) + (source > repair ? source : repair);
}

static int check(const struct send_session_config *config)
{
    if (!config->pool || !config->output || config->encoding.payload_type > MAX_PAYLOAD_TYPE)
        return -EINVAL;
    if (rtp_packet_size(config) == 0 || datagram_size(config) > config->max_packet_size)
        return -EINVAL;
    return 0;
}

// Grows the pool now, because writing may not, and proves that its packets are large enough.
static int reserve_packets(const struct send_session_config *config)
{
    int error = packet_pool_reserve(config->pool, config->source_packets + config->repair_packets +
                                                      PACKETS_IN_FLIGHT);
    if (error)
        return error;
    struct packet *packet = packet_pool_pop(config->pool);
    if (!packet)
        return -ENOMEM;
    bool fits = packet->capacity >= datagram_size(config);
    packet_unref(packet);
    return fits ? 0 : -EINVAL;
}

static int create_stages(struct send_session *session)
{
    const struct send_session_config *config = &session->config;
    int error = packetizer_create(
        &session->packetizer,
        &(struct packetizer_config){
            .pool = config->pool,
            .encoding = config->encoding,
            .samples = packet_samples(config->packet_length_ns, config->encoding.rate_hz),
            .output = protect,
            .output_arg = session,
        });
    if (error || config->fec == FEC_NONE)
        return error;
    error = fec_writer_create(&session->fec_writer, &(struct fec_writer_config){
                                                        .pool = config->pool,
                                                        .scheme = config->fec,
                                                        .source_packets = config->source_packets,
                                                        .repair_packets = config->repair_packets,
                                                        .symbol_size = rtp_packet_size(config),
                                                        .output = interleave,
                                                        .output_arg = session,
                                                    });
    if (error || !config->interleaving)
        return error;
    return interleaver_create(&session->interleaver,
                              config->source_packets + config->repair_packets, output, session);
}

int send_session_create(struct send_session **out, const struct send_session_config *config)
{
    struct send_session *session = calloc(1, sizeof(*session));
    if (!session)
        return -ENOMEM;
    session->config = *config;
    fill_defaults(&session->config);
    int error = check(&session->config);
    if (error)
        goto fail;
    error = create_stages(session);
    if (error)
        goto fail;
    error = reserve_packets(&session->config);
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
    interleaver_destroy(session->interleaver);
    free(session);
}

void send_session_write(struct send_session *session, const float *samples, size_t frames)
{
    packetizer_push(session->packetizer, samples, frames);
}

void send_session_mark(struct send_session *session, int64_t capture_time_ns)
{
    rtp_moment_set(&session->capture,
                   (struct rtp_moment){
                       .time_ns = capture_time_ns,
                       .timestamp = packetizer_next_timestamp(session->packetizer),
                   });
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
    uint64_t source =
        frames / packet_samples(config->packet_length_ns, config->encoding.rate_hz) + 1;
    if (config->fec == FEC_NONE)
        return source;
    return source + (source / config->source_packets + 1) * config->repair_packets;
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
