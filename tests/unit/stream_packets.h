// SPDX-License-Identifier: MPL-2.0
//
// Packets for the tests of the receiving side: made from numbers, or copied and parsed as the
// network and the router would.

#ifndef ROC_TESTS_STREAM_PACKETS_H
#define ROC_TESTS_STREAM_PACKETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/pcm.h"
#include "base/packet.h"
#include "wire/fecframe.h"
#include "wire/rtp.h"

#define TEST_SSRC     0x1234abcdu
#define TEST_RATE_HZ  44100
#define TEST_CHANNELS 2
#define TEST_FRAMES   100 // per packet

#define UNUSED __attribute__((unused))

static const struct audio_encoding test_encoding UNUSED = {10, TEST_RATE_HZ, TEST_CHANNELS, false,
                                                           PCM_L16};

static UNUSED struct packet_pool *test_pool(void)
{
    struct packet_pool *pool;
    assert_int_equal(packet_pool_create(&pool, &(struct packet_pool_config){.initial_count = 4096}),
                     0);
    return pool;
}

// Fails when a packet is still out.
static UNUSED void test_pool_destroy(struct packet_pool *pool)
{
    assert_int_equal(packet_pool_used(pool), 0);
    packet_pool_destroy(pool);
}

// The 16-bit sample at a position of the test signal; every one differs from its neighbours.
static UNUSED int16_t test_sample(uint32_t timestamp, unsigned channel)
{
    return (int16_t)(uint16_t)((timestamp * TEST_CHANNELS + channel) * 40503u + 1u);
}

static UNUSED float test_level(uint32_t timestamp, unsigned channel)
{
    return (float)test_sample(timestamp, channel) / 32768.0f;
}

static UNUSED void fill_payload(uint8_t *payload, uint32_t timestamp, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        for (unsigned c = 0; c < TEST_CHANNELS; c++) {
            uint16_t sample = (uint16_t)test_sample(timestamp + i, c);
            *payload++ = (uint8_t)(sample >> 8);
            *payload++ = (uint8_t)sample;
        }
    }
}

// A parsed RTP packet with the test signal.
static UNUSED struct packet *make_source(struct packet_pool *pool, uint16_t seq, uint32_t timestamp,
                                         unsigned frames)
{
    struct packet *packet = packet_pool_pop(pool);
    assert_non_null(packet);
    packet->ssrc = TEST_SSRC;
    packet->seq = seq;
    packet->timestamp = timestamp;
    packet->payload_type = 10;
    assert_int_equal(rtp_write(packet, 0), RTP_HEADER_SIZE);
    fill_payload(packet->data + RTP_HEADER_SIZE, timestamp, frames);
    packet->size_bytes = (uint16_t)(RTP_HEADER_SIZE + frames * TEST_CHANNELS * 2);
    assert_int_equal(rtp_parse(packet, 0, packet->size_bytes), 0);
    packet->duration = frames;
    return packet;
}

// The datagram again in a fresh packet, parsed as the router parses; NULL when it is malformed.
static UNUSED struct packet *copy_datagram(struct packet_pool *pool, const uint8_t *data,
                                           size_t size, enum fec_scheme fec, bool is_repair)
{
    struct packet *packet = packet_pool_pop(pool);
    size_t rtp_size = size;
    int err = 0;

    assert_non_null(packet);
    assert_true(size <= packet->capacity);
    memcpy(packet->data, data, size);
    packet->size_bytes = (uint16_t)size;
    if (fec != FEC_NONE) {
        err = is_repair ? fecframe_parse_repair(packet, fec) : fecframe_parse_source(packet, fec);
        rtp_size = packet->symbol_size;
    }
    if (err == 0 && !is_repair) {
        err = rtp_parse(packet, 0, rtp_size);
    }
    if (err < 0) {
        packet_unref(packet);
        return NULL;
    }
    return packet;
}

#endif
