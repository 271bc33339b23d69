// SPDX-License-Identifier: MPL-2.0

#include "stream/packetizer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/random.h"
#include "wire/rtp.h"

struct packetizer {
    struct packetizer_config config;
    const struct pcm_codec *codec;
    atomic_uint ssrc;
    size_t payload_size;
    struct {
        uint16_t seq;
        uint32_t timestamp;
        struct packet *packet; // being filled; NULL between packets and while one is skipped
        unsigned filled;       // samples per channel of the packet that is being filled or skipped
    } rt;
};

static uint32_t random_ssrc(void)
{
    uint32_t ssrc;
    do
        ssrc = random_u32();
    while (ssrc == 0);
    return ssrc;
}

int packetizer_create(struct packetizer **out, const struct packetizer_config *config)
{
    const struct audio_encoding *encoding = &config->encoding;
    uint64_t frame_size = audio_encoding_frame_size(encoding);
    if (!config->pool || !config->output || config->samples == 0 || frame_size == 0)
        return -EINVAL;
    if (config->samples > (UINT16_MAX - RTP_HEADER_SIZE) / frame_size)
        return -EINVAL;

    struct packetizer *packetizer = calloc(1, sizeof(*packetizer));
    if (!packetizer)
        return -ENOMEM;
    packetizer->config = *config;
    packetizer->codec = pcm_codec_get(encoding->format);
    packetizer->payload_size = config->samples * frame_size;
    atomic_init(&packetizer->ssrc, random_ssrc());
    packetizer->rt.seq = (uint16_t)random_u32();
    packetizer->rt.timestamp = random_u32();
    *out = packetizer;
    return 0;
}

void packetizer_destroy(struct packetizer *packetizer)
{
    if (!packetizer)
        return;
    packet_unref(packetizer->rt.packet);
    free(packetizer);
}

// Leaves rt.packet NULL when the pool has nothing to give.
static void start_packet(struct packetizer *packetizer)
{
    struct packet *packet = packet_pool_pop(packetizer->config.pool);
    if (!packet)
        return;
    packet->ssrc = packetizer_ssrc(packetizer);
    packet->seq = packetizer->rt.seq;
    packet->timestamp = packetizer->rt.timestamp;
    packet->payload_type = packetizer->config.encoding.payload_type;
    if (rtp_write(packet, 0) < 0 || packet->capacity < RTP_HEADER_SIZE + packetizer->payload_size) {
        packet_unref(packet);
        return;
    }
    packetizer->rt.packet = packet;
}

static void finish_packet(struct packetizer *packetizer)
{
    struct packet *packet = packetizer->rt.packet;
    if (packet) {
        packet->duration = packetizer->config.samples;
        packet->payload_size = (uint16_t)packetizer->payload_size;
        packet->size_bytes = (uint16_t)(RTP_HEADER_SIZE + packetizer->payload_size);
    }
    packetizer->rt.packet = NULL;
    packetizer->rt.filled = 0;
    packetizer->rt.seq++;
    packetizer->rt.timestamp += packetizer->config.samples;
    packetizer->config.output(packet, packetizer->config.output_arg);
}

void packetizer_push(struct packetizer *packetizer, const float *samples, size_t frames)
{
    const struct pcm_codec *codec = packetizer->codec;
    unsigned channels = packetizer->config.encoding.channels;
    while (frames > 0) {
        if (packetizer->rt.filled == 0)
            start_packet(packetizer);

        unsigned room = packetizer->config.samples - packetizer->rt.filled;
        unsigned count = frames < room ? (unsigned)frames : room;
        struct packet *packet = packetizer->rt.packet;
        if (packet) {
            size_t written = (size_t)packetizer->rt.filled * channels * codec->sample_size;
            codec->encode(packet->data + packet->payload_offset + written, samples,
                          (size_t)count * channels);
        }
        packetizer->rt.filled += count;
        samples += (size_t)count * channels;
        frames -= count;
        if (packetizer->rt.filled == packetizer->config.samples)
            finish_packet(packetizer);
    }
}

uint32_t packetizer_ssrc(const struct packetizer *packetizer)
{
    return atomic_load_explicit(&packetizer->ssrc, memory_order_relaxed);
}

void packetizer_set_ssrc(struct packetizer *packetizer, uint32_t ssrc)
{
    atomic_store_explicit(&packetizer->ssrc, ssrc, memory_order_relaxed);
}

uint32_t packetizer_next_timestamp(const struct packetizer *packetizer)
{
    return packetizer->rt.timestamp + packetizer->rt.filled;
}
