// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "fec/rs8m.h"
#include "stream/send_session.h"
#include "wire/rtp.h"

#define MAX_KEPT 256

// What a session put out, in order, re-read from its bytes as a receiver would.
struct sink {
    enum fec_scheme fec;
    struct packet *kept[MAX_KEPT];
    size_t count;
    bool forget; // look, but do not keep
    uint16_t last_seq;
    uint32_t last_timestamp;
    uint32_t last_sbn;
};

static void take(struct packet *packet, void *arg)
{
    struct sink *sink = arg;
    assert_non_null(packet);
    bool is_repair = packet->is_repair;
    if (sink->fec != FEC_NONE) {
        assert_int_equal(is_repair ? fecframe_parse_repair(packet, sink->fec)
                                   : fecframe_parse_source(packet, sink->fec),
                         0);
        sink->last_sbn = packet->sbn;
    }
    if (!is_repair) {
        size_t size = packet->size_bytes - fecframe_source_size(sink->fec);
        assert_int_equal(rtp_parse(packet, 0, size), 0);
        assert_int_equal(packet->data[0], 0x80);
        sink->last_seq = packet->seq;
        sink->last_timestamp = packet->timestamp;
    }
    if (sink->forget) {
        packet_unref(packet);
        sink->count++;
        return;
    }
    assert_true(sink->count < MAX_KEPT);
    sink->kept[sink->count++] = packet;
}

static void clear(struct sink *sink)
{
    for (size_t i = 0; i < sink->count && !sink->forget; i++)
        packet_unref(sink->kept[i]);
    sink->count = 0;
}

struct fixture {
    struct packet_pool *pool;
    struct sink sink;
    struct send_session_config config;
    struct send_session *session;
};

// 441-hertz-like ramp that differs in every sample of the test.
static float sample_at(size_t index)
{
    return (float)(int16_t)(index * 7919 + 13) / 32768.0f;
}

static void start(struct fixture *fixture, const struct send_session_config *config)
{
    struct packet_pool_config pool_config = {.max_count = 512};
    memset(fixture, 0, sizeof(*fixture));
    assert_int_equal(packet_pool_create(&fixture->pool, &pool_config), 0);
    fixture->config = *config;
    fixture->config.pool = fixture->pool;
    fixture->config.output = take;
    fixture->config.output_arg = &fixture->sink;
    if (fixture->config.encoding.rate_hz == 0)
        fixture->config.encoding = (struct audio_encoding){10, 44100, 2, false, PCM_L16};
    fixture->sink.fec = config->fec;
    assert_int_equal(send_session_create(&fixture->session, &fixture->config), 0);
}

static void stop(struct fixture *fixture)
{
    send_session_destroy(fixture->session);
    clear(&fixture->sink);
    assert_int_equal(packet_pool_used(fixture->pool), 0);
    packet_pool_destroy(fixture->pool);
}

static void write_frames(struct fixture *fixture, size_t first, size_t frames)
{
    unsigned channels = fixture->config.encoding.channels;
    float *samples = malloc((frames * channels + 1) * sizeof(*samples));
    assert_non_null(samples);
    for (size_t i = 0; i < frames * channels; i++)
        samples[i] = sample_at(first * channels + i);
    send_session_write(fixture->session, samples, frames);
    free(samples);
}

static void write_packets(struct fixture *fixture, size_t packets)
{
    write_frames(fixture, 0, packets * 221);
}

static void test_send_session_numbers_packets(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){0});
    write_frames(&f, 0, 3 * 221 + 220);
    assert_int_equal(f.sink.count, 3);
    for (size_t i = 0; i < 3; i++) {
        struct packet *packet = f.sink.kept[i];
        assert_int_equal(packet->size_bytes, 12 + 884);
        assert_int_equal(packet->payload_type, 10);
        assert_int_equal(packet->duration, 221);
        assert_int_equal(packet->ssrc, f.sink.kept[0]->ssrc);
        assert_int_equal(packet->seq, (uint16_t)(f.sink.kept[0]->seq + i));
        assert_int_equal(packet->timestamp, (uint32_t)(f.sink.kept[0]->timestamp + 221 * i));
        assert_false(packet->is_repair);
    }
    struct send_session_metrics metrics = send_session_metrics(f.session);
    assert_int_not_equal(metrics.ssrc, 0);
    assert_int_equal(metrics.ssrc, f.sink.kept[0]->ssrc);
    assert_int_equal(metrics.source_packets, 3);
    assert_int_equal(metrics.repair_packets, 0);
    assert_int_equal(metrics.payload_bytes, 3 * 884);
    assert_int_equal(metrics.dropped_packets, 0);
    // The rest was kept, and one frame more completes a packet.
    write_frames(&f, 3 * 221 + 220, 1);
    assert_int_equal(f.sink.count, 4);
    stop(&f);
}

static void test_send_session_numbers_start_at_random(void **state)
{
    struct fixture a, b;
    start(&a, &(struct send_session_config){.fec = FEC_RS8M});
    start(&b, &(struct send_session_config){.fec = FEC_RS8M});
    write_packets(&a, 1);
    write_packets(&b, 1);
    // All four alike has a chance of 2^-96.
    struct packet *x = a.sink.kept[0], *y = b.sink.kept[0];
    assert_true(x->ssrc != y->ssrc || x->seq != y->seq || x->timestamp != y->timestamp ||
                x->sbn != y->sbn);
    stop(&a);
    stop(&b);
}

static void test_send_session_payload_does_not_depend_on_how_it_is_written(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random;
    random_init(&random, seed);
    struct fixture f;
    start(&f, &(struct send_session_config){.fec = FEC_RS8M});
    size_t written = 0;
    while (written < 18 * 221) {
        size_t frames = random_below(&random, 700);
        write_frames(&f, written, frames);
        written += frames;
    }
    size_t index = 0;
    for (size_t i = 0; i < f.sink.count; i++) {
        struct packet *packet = f.sink.kept[i];
        if (packet->is_repair)
            continue;
        float decoded[442];
        assert_int_equal(packet->payload_size, 884);
        pcm_decode_l16(decoded, packet->data + packet->payload_offset, 442);
        for (size_t s = 0; s < 442; s++)
            assert_true(decoded[s] == sample_at(index++));
    }
    assert_int_equal(index, written / 221 * 442);
    stop(&f);
}

static void test_send_session_seq_and_timestamp_wrap(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){.encoding = {99, 48000, 1, false, PCM_L16},
                                            .packet_length_ns = 1000000000 / 48000});
    f.sink.forget = true;
    write_frames(&f, 0, 1);
    uint16_t seq = f.sink.last_seq;
    uint32_t timestamp = f.sink.last_timestamp;
    write_frames(&f, 1, 70000);
    assert_int_equal(f.sink.count, 70001);
    assert_int_equal(f.sink.last_seq, (uint16_t)(seq + 70000));
    assert_int_equal(f.sink.last_timestamp, (uint32_t)(timestamp + 70000));
    stop(&f);
}

static void test_send_session_sbn_wraps_at_16_bits(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){.encoding = {99, 48000, 1, false, PCM_L16},
                                            .packet_length_ns = 1000000000 / 48000,
                                            .fec = FEC_RS8M,
                                            .source_packets = 1,
                                            .repair_packets = 1});
    write_frames(&f, 0, 1);
    uint32_t sbn = f.sink.kept[0]->sbn;
    clear(&f.sink);
    for (uint32_t i = 1; i <= 65536; i++) {
        write_frames(&f, i, 1);
        assert_int_equal(f.sink.count, 2);
        // The whole 24-bit field, of which peers keep the top byte 0.
        const uint8_t *footer = f.sink.kept[0]->data + f.sink.kept[0]->symbol_size;
        assert_int_equal(footer[0] << 16 | footer[1] << 8 | footer[2], (sbn + i) & 0xffff);
        assert_memory_equal(f.sink.kept[1]->data, footer, 3);
        clear(&f.sink);
    }
    assert_int_equal(f.sink.last_sbn, sbn);
    stop(&f);
}

static void test_send_session_default_block_is_18_and_10(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){.fec = FEC_RS8M});
    write_packets(&f, 17);
    assert_int_equal(f.sink.count, 17);
    write_packets(&f, 1);
    assert_int_equal(f.sink.count, 28);
    write_packets(&f, 18);
    assert_int_equal(f.sink.count, 56);
    for (size_t i = 0; i < 56; i++) {
        struct packet *packet = f.sink.kept[i];
        assert_int_equal(packet->esi, i % 28);
        assert_int_equal(packet->sbn, (uint16_t)(f.sink.kept[0]->sbn + i / 28));
        assert_int_equal(packet->source_block_length, 18);
        assert_int_equal(packet->is_repair, i % 28 >= 18);
        assert_int_equal(packet->has_rtp, i % 28 < 18);
        assert_int_equal(packet->size_bytes, 12 + 884 + 6);
        assert_int_equal(packet->symbol_size, 12 + 884);
    }
    struct send_session_metrics metrics = send_session_metrics(f.session);
    assert_int_equal(metrics.source_packets, 36);
    assert_int_equal(metrics.repair_packets, 20);
    assert_int_equal(metrics.payload_bytes, 36 * 884);
    stop(&f);
}

// Loses sources first..first+losses-1 of the first block and restores them.
static void check_repair(struct packet *const *packets, size_t count, unsigned first,
                         unsigned losses)
{
    static uint8_t buffers[18][896];
    const uint8_t *symbols[28] = {0};
    uint8_t *restored[18] = {0};
    for (size_t i = 0; i < count; i++)
        symbols[packets[i]->esi] = packets[i]->data + packets[i]->symbol_offset;
    for (unsigned i = first; i < first + losses; i++) {
        symbols[i] = NULL;
        restored[i] = buffers[i];
    }
    struct rs8m_decoder *decoder;
    assert_int_equal(rs8m_decoder_create(&decoder), 0);
    assert_int_equal(rs8m_decode(decoder, 18, 28, symbols, restored, 896), losses);
    for (unsigned i = first; i < first + losses; i++)
        assert_memory_equal(buffers[i], packets[i]->data, 896);
    rs8m_decoder_destroy(decoder);
}

static void test_send_session_repair_packets_restore_their_block(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){.fec = FEC_RS8M});
    write_packets(&f, 18);
    // Sources 4..13 are lost, and all repair packets are needed.
    check_repair(f.sink.kept, 28, 4, 10);
    stop(&f);
}

static void test_send_session_sends_no_repair_when_r_is_0(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){
                  .fec = FEC_RS8M, .source_packets = 10, .repair_packets = 0});
    write_packets(&f, 25);
    assert_int_equal(f.sink.count, 25);
    for (size_t i = 0; i < 25; i++) {
        assert_int_equal(f.sink.kept[i]->esi, i % 10);
        assert_int_equal(f.sink.kept[i]->sbn, (uint16_t)(f.sink.kept[0]->sbn + i / 10));
    }
    // Nothing keeps a packet that no repair packet needs.
    assert_int_equal(packet_pool_used(f.pool), 25);
    stop(&f);
}

// Takes packets from the pool until `left` remain; they come back with give_back.
static size_t drain(struct packet_pool *pool, struct packet **taken, size_t left)
{
    size_t count = 0;
    while ((taken[count] = packet_pool_pop(pool)))
        count++;
    while (left-- > 0)
        packet_unref(taken[--count]);
    return count;
}

static void give_back(struct packet **taken, size_t count)
{
    while (count > 0)
        packet_unref(taken[--count]);
}

static void test_send_session_goes_on_after_empty_pool(void **state)
{
    struct fixture f;
    struct packet *taken[600];
    start(&f, &(struct send_session_config){.fec = FEC_RS8M});
    write_packets(&f, 3);
    size_t count = drain(f.pool, taken, 0);
    write_packets(&f, 2);
    give_back(taken, count);
    assert_int_equal(f.sink.count, 3);
    write_packets(&f, 13);
    assert_int_equal(f.sink.count, 16);
    struct packet *before = f.sink.kept[2], *after = f.sink.kept[3];
    assert_int_equal(after->seq, (uint16_t)(before->seq + 3));
    assert_int_equal(after->timestamp, (uint32_t)(before->timestamp + 3 * 221));
    assert_int_equal(after->esi, before->esi + 3);
    assert_int_equal(after->sbn, before->sbn);

    struct send_session_metrics metrics = send_session_metrics(f.session);
    assert_int_equal(metrics.dropped_packets, 2);
    assert_int_equal(metrics.source_packets, 16);
    assert_int_equal(metrics.repair_packets, 0);
    // Of the abandoned block nothing is held but what the sink keeps.
    assert_int_equal(packet_pool_used(f.pool), 16);

    write_packets(&f, 18);
    assert_int_equal(f.sink.count, 16 + 28);
    assert_int_equal(f.sink.kept[16]->esi, 0);
    assert_int_equal(f.sink.kept[16]->sbn, (uint16_t)(before->sbn + 1));
    stop(&f);
}

static void test_send_session_counts_packets_lost_without_fec(void **state)
{
    struct fixture f;
    struct packet *taken[600];
    start(&f, &(struct send_session_config){0});
    write_packets(&f, 1);
    size_t count = drain(f.pool, taken, 0);
    write_packets(&f, 5);
    give_back(taken, count);
    write_packets(&f, 1);
    assert_int_equal(f.sink.count, 2);
    assert_int_equal(f.sink.kept[1]->seq, (uint16_t)(f.sink.kept[0]->seq + 6));
    assert_int_equal(send_session_metrics(f.session).dropped_packets, 5);
    stop(&f);
}

static void test_send_session_sends_the_repair_packets_it_has_room_for(void **state)
{
    struct fixture f;
    struct packet *taken[600];
    start(&f, &(struct send_session_config){.fec = FEC_RS8M});
    write_packets(&f, 17);
    size_t count = drain(f.pool, taken, 1 + 4);
    write_packets(&f, 1);
    give_back(taken, count);
    assert_int_equal(f.sink.count, 18 + 4);
    for (size_t i = 18; i < 22; i++)
        assert_int_equal(f.sink.kept[i]->esi, i);
    assert_int_equal(send_session_metrics(f.session).dropped_packets, 6);
    check_repair(f.sink.kept, 22, 0, 4);
    write_packets(&f, 18);
    assert_int_equal(f.sink.count, 18 + 4 + 28);
    stop(&f);
}

static void test_send_session_interleaves_each_packet_once(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){
                  .fec = FEC_RS8M, .source_packets = 8, .repair_packets = 4, .interleaving = true});
    for (unsigned block = 0; block < 4; block++) {
        write_packets(&f, 8);
        assert_int_equal(f.sink.count, 12 * (block + 1));
    }
    bool seen[12] = {false};
    for (size_t i = 0; i < 48; i++) {
        struct packet *packet = f.sink.kept[i];
        assert_int_equal(packet->sbn, (uint16_t)(f.sink.kept[0]->sbn + i / 12));
        if (i < 12) {
            assert_false(seen[packet->esi]);
            seen[packet->esi] = true;
        } else {
            assert_int_equal(packet->esi, f.sink.kept[i - 12]->esi);
        }
    }
    stop(&f);
}

static void test_send_session_interleaving_survives_empty_pool(void **state)
{
    struct fixture f;
    struct packet *taken[600];
    start(&f, &(struct send_session_config){
                  .fec = FEC_RS8M, .source_packets = 8, .repair_packets = 4, .interleaving = true});
    write_packets(&f, 2);
    size_t count = drain(f.pool, taken, 0);
    write_packets(&f, 1);
    give_back(taken, count);
    write_packets(&f, 5);
    assert_int_equal(f.sink.count, 7);
    write_packets(&f, 8);
    assert_int_equal(f.sink.count, 7 + 12);
    stop(&f);
}

static void test_send_session_ignores_interleaving_without_fec(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){.interleaving = true});
    write_packets(&f, 40);
    assert_int_equal(f.sink.count, 40);
    for (size_t i = 1; i < 40; i++)
        assert_int_equal(f.sink.kept[i]->seq, (uint16_t)(f.sink.kept[i - 1]->seq + 1));
    stop(&f);
}

static void test_send_session_destroy_returns_unsent_packets(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){.fec = FEC_RS8M, .interleaving = true});
    write_frames(&f, 0, 5 * 221 + 100);
    stop(&f);
    send_session_destroy(NULL);
}

static void check_refused(const struct fixture *f, struct send_session_config change, int error)
{
    struct send_session *session = NULL;
    change.pool = f->pool;
    change.output = take;
    if (change.encoding.rate_hz == 0)
        change.encoding = (struct audio_encoding){10, 44100, 2, false, PCM_L16};
    assert_int_equal(send_session_create(&session, &change), error);
    assert_null(session);
    assert_int_equal(packet_pool_used(f->pool), 0);
}

static void test_send_session_refuses_what_cannot_be_sent(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){0});
    check_refused(&f, (struct send_session_config){.packet_length_ns = -1}, -EINVAL);
    check_refused(&f, (struct send_session_config){.packet_length_ns = 1000}, -EINVAL);
    check_refused(&f, (struct send_session_config){.packet_length_ns = INT64_MAX}, -EINVAL);
    check_refused(&f, (struct send_session_config){.packet_length_ns = 1000000001}, -EINVAL);
    check_refused(&f, (struct send_session_config){.max_packet_size = 15}, -EINVAL);
    check_refused(&f, (struct send_session_config){.max_packet_size = 21, .fec = FEC_RS8M},
                  -EINVAL);
    // Larger than the packets of the pool.
    check_refused(
        &f, (struct send_session_config){.packet_length_ns = 20000000, .max_packet_size = 9000},
        -EINVAL);
    check_refused(&f, (struct send_session_config){.encoding = {128, 44100, 2, false, PCM_L16}},
                  -EINVAL);
    check_refused(&f, (struct send_session_config){.encoding = {96, 44100, 0, false, PCM_L16}},
                  -EINVAL);
    check_refused(
        &f, (struct send_session_config){.encoding = {96, UINT32_MAX, UINT32_MAX, false, PCM_L16}},
        -EINVAL);
    check_refused(&f, (struct send_session_config){.fec = FEC_RS8M, .repair_packets = 5}, -EINVAL);
    check_refused(
        &f,
        (struct send_session_config){.fec = FEC_RS8M, .source_packets = 246, .repair_packets = 10},
        -EINVAL);
    check_refused(&f,
                  (struct send_session_config){
                      .fec = FEC_RS8M, .source_packets = 2, .repair_packets = UINT32_MAX},
                  -EINVAL);
    // Deployed peers abort when a block has fewer than 7 repair packets.
    check_refused(
        &f,
        (struct send_session_config){.fec = FEC_LDPC, .source_packets = 18, .repair_packets = 6},
        -EINVAL);
    check_refused(&f, (struct send_session_config){.fec = FEC_LDPC, .source_packets = 18}, -EINVAL);
    check_refused(
        &f,
        (struct send_session_config){.fec = FEC_LDPC, .source_packets = 4000, .repair_packets = 97},
        -ENOTSUP);
    check_refused(&f,
                  (struct send_session_config){
                      .fec = FEC_LDPC, .source_packets = 49000, .repair_packets = 1001},
                  -EINVAL);
    stop(&f);
}

// Every datagram of a stream whose packet length does not fit: one size, below the limit, and the
// samples are all there in their order.
static void check_split(const struct send_session_config *config, size_t limit, unsigned samples)
{
    struct fixture f;
    start(&f, config);
    const struct audio_encoding *encoding = &f.config.encoding;
    const struct pcm_codec *codec = pcm_codec_get(encoding->format);
    const size_t count = (size_t)samples * encoding->channels;
    float *decoded = malloc(count * sizeof(*decoded));
    assert_non_null(decoded);
    write_frames(&f, 0, (size_t)samples * 30);
    size_t index = 0;
    for (size_t i = 0; i < f.sink.count; i++) {
        struct packet *packet = f.sink.kept[i];
        assert_true(packet->size_bytes <= limit);
        if (packet->is_repair)
            continue;
        assert_int_equal(packet->duration, samples);
        assert_int_equal(packet->payload_size, count * codec->sample_size);
        codec->decode(decoded, packet->data + packet->payload_offset, count);
        for (size_t s = 0; s < count; s++)
            assert_true(decoded[s] == sample_at(index++));
    }
    assert_int_equal(index, count * 30);
    free(decoded);
    stop(&f);
}

static void test_send_session_splits_what_does_not_fit(void **state)
{
    // 20 ms are 882 samples in three packets.
    check_split(&(struct send_session_config){.packet_length_ns = 20000000}, 1472, 294);
    check_split(&(struct send_session_config){.packet_length_ns = 20000000, .fec = FEC_RS8M}, 1472,
                294);
    check_split(&(struct send_session_config){.packet_length_ns = 20000000, .max_packet_size = 895},
                895, 177);
    check_split(
        &(struct send_session_config){.encoding = {96, 48000, 8, false, PCM_L24}, .fec = FEC_RS8M},
        1472, 60);
    check_split(&(struct send_session_config){.encoding = {96, 192000, 300, true, PCM_F32}}, 1472,
                1);
    // All that the pool's packets hold, because the user asked for it.
    check_split(
        &(struct send_session_config){.packet_length_ns = 10000000, .max_packet_size = 2048}, 2048,
        441);
}

static void test_send_session_accepts_largest_block(void **state)
{
    struct fixture f;
    start(&f, &(struct send_session_config){.encoding = {96, 48000, 1, false, PCM_L16},
                                            .packet_length_ns = 1000000,
                                            .fec = FEC_RS8M,
                                            .source_packets = 245,
                                            .repair_packets = 10,
                                            .max_packet_size = 12 + 96 + 6});
    write_frames(&f, 0, 245 * 48);
    assert_int_equal(f.sink.count, 255);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_session_numbers_packets),
        cmocka_unit_test(test_send_session_numbers_start_at_random),
        cmocka_unit_test(test_send_session_payload_does_not_depend_on_how_it_is_written),
        cmocka_unit_test(test_send_session_seq_and_timestamp_wrap),
        cmocka_unit_test(test_send_session_sbn_wraps_at_16_bits),
        cmocka_unit_test(test_send_session_default_block_is_18_and_10),
        cmocka_unit_test(test_send_session_repair_packets_restore_their_block),
        cmocka_unit_test(test_send_session_sends_no_repair_when_r_is_0),
        cmocka_unit_test(test_send_session_goes_on_after_empty_pool),
        cmocka_unit_test(test_send_session_counts_packets_lost_without_fec),
        cmocka_unit_test(test_send_session_sends_the_repair_packets_it_has_room_for),
        cmocka_unit_test(test_send_session_interleaves_each_packet_once),
        cmocka_unit_test(test_send_session_interleaving_survives_empty_pool),
        cmocka_unit_test(test_send_session_ignores_interleaving_without_fec),
        cmocka_unit_test(test_send_session_destroy_returns_unsent_packets),
        cmocka_unit_test(test_send_session_refuses_what_cannot_be_sent),
        cmocka_unit_test(test_send_session_splits_what_does_not_fit),
        cmocka_unit_test(test_send_session_accepts_largest_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
