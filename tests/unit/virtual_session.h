// SPDX-License-Identifier: MPL-2.0
//
// A receiving session at the end of a virtual link. The left channel counts frames (16 bits of the
// position), so that what is heard tells how old it is; the right one is a sine.

#ifndef ROC_TESTS_VIRTUAL_SESSION_H
#define ROC_TESTS_VIRTUAL_SESSION_H

#include "stream/receive_session.h"
#include "stream_packets.h"
#include "virtual_link.h"

#define VIRTUAL_MAX_READ 4096
#define VIRTUAL_LEVEL    0.9
#define VIRTUAL_PI       3.14159265358979323846

struct virtual_session {
    struct virtual_link link;
    struct packet_pool *pool;
    struct receive_session *session;
    double sine_hz;
    int64_t now_ns;
    uint64_t read; // of the last read
    float samples[VIRTUAL_MAX_READ * 2];
    size_t audio_frames;
};

static UNUSED int64_t virtual_session_time(void *arg)
{
    return ((struct virtual_session *)arg)->now_ns;
}

static UNUSED int virtual_session_open(struct virtual_session *v,
                                       const struct virtual_link_config *link,
                                       const struct receive_session_config *config)
{
    struct receive_session_config session = *config;
    *v = (struct virtual_session){.sine_hz = 997};
    virtual_link_init(&v->link, link);
    v->pool = test_pool();
    session.pool = v->pool;
    session.encoding =
        (struct audio_encoding){.payload_type = 10, .rate_hz = link->rate_hz, .channels = 2};
    session.output_rate_hz = v->link.config.read_rate_hz;
    session.get_time_ns = virtual_session_time;
    session.get_time_arg = v;
    return receive_session_create(&v->session, &session);
}

static UNUSED void virtual_session_close(struct virtual_session *v)
{
    receive_session_destroy(v->session);
    test_pool_destroy(v->pool);
}

static UNUSED int16_t virtual_sample(const struct virtual_session *v, uint64_t position,
                                     unsigned channel)
{
    if (channel == 0)
        return (int16_t)(uint16_t)position;
    const double turns = fmod((double)position * v->sine_hz / v->link.config.rate_hz, 1);
    return (int16_t)lround(VIRTUAL_LEVEL * 32767 * sin(2 * VIRTUAL_PI * turns));
}

static UNUSED void virtual_session_send(struct virtual_session *v, uint64_t index, int64_t time_ns)
{
    const unsigned frames = v->link.config.packet_frames;
    struct packet *packet =
        make_source(v->pool, (uint16_t)index, (uint32_t)(index * frames), frames);
    uint8_t *payload = packet->data + packet->payload_offset;
    for (unsigned i = 0; i < frames; i++) {
        for (unsigned c = 0; c < 2; c++) {
            const uint16_t sample = (uint16_t)virtual_sample(v, index * frames + i, c);
            *payload++ = (uint8_t)(sample >> 8);
            *payload++ = (uint8_t)sample;
        }
    }
    packet->receive_time_ns = time_ns;
    receive_session_push(v->session, packet);
}

// Goes on to the end of the next read.
static UNUSED void virtual_session_read(struct virtual_session *v)
{
    struct virtual_event event = virtual_link_next(&v->link);
    while (event.is_packet) {
        if (!event.is_lost)
            virtual_session_send(v, event.index, event.time_ns);
        event = virtual_link_next(&v->link);
    }
    v->now_ns = event.time_ns;
    v->read = event.index;
    v->audio_frames = receive_session_read(v->session, v->samples, v->link.config.read_frames);
}

// When the last read came by the reader's clock.
static UNUSED double virtual_session_time_s(const struct virtual_session *v)
{
    return (double)(v->read * v->link.config.read_frames) / v->link.config.read_rate_hz;
}

// How long before the last read its first frame could have been here; negative where nothing was
// heard, or the count is not told apart from its wrap.
static UNUSED double virtual_session_latency_s(const struct virtual_session *v)
{
    const double rate = v->link.config.rate_hz * (1 + v->link.config.drift_ppm * 1e-6);
    const double step = (double)v->link.config.rate_hz / v->link.config.read_rate_hz;
    const double count = (double)v->samples[0] * 32768;
    for (int i = 1; i < 3; i++) {
        const double next = (double)v->samples[2 * i] * 32768;
        if (fabs(next - count - step * i) > 0.1)
            return -1;
    }
    if (fabs(count) > 32568)
        return -1;
    // What has this count and came last.
    const double now_s = virtual_session_time_s(v) + (double)v->link.pause_ns * 1e-9;
    const double newest = (now_s - (double)v->link.config.delay_ns * 1e-9) * rate;
    const double age = newest - count - 65536 * floor((newest - count) / 65536);
    return age / rate;
}

#endif
