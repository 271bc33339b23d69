// SPDX-License-Identifier: MPL-2.0

#include "api/context.h"
#include "codec_fixture.h"

static roc_context *context;

static int open_context(void **state)
{
    context = api_context();
    return 0;
}

static int close_context(void **state)
{
    // A test left packets, or something open, where this fails.
    assert_int_equal(packet_pool_used(context_get_pool(context)), 0);
    return roc_context_close(context);
}

// Carries what the encoder made, but for every `loss`th source packet (0 = none is lost).
static void carry(roc_sender_encoder *encoder, roc_receiver_decoder *decoder, roc_interface iface,
                  unsigned loss)
{
    static unsigned number;
    struct codec_bytes bytes;
    while (codec_pop_packet(encoder, iface, &bytes)) {
        if (loss == 0 || iface != api_source || ++number % loss != 0)
            assert_int_equal(codec_push_packet(decoder, iface, &bytes), 0);
    }
}

// Sends `frames` frames of the pattern one packet at a time, and checks that from the first sound
// on what comes out is the pattern. Returns how many frames of it came.
static unsigned pass(roc_sender_encoder *encoder, roc_receiver_decoder *decoder, unsigned packets,
                     unsigned loss)
{
    float in[CODEC_FRAMES * 2], out[CODEC_FRAMES * 2];
    unsigned in_position = 0, out_position = 0;
    for (unsigned i = 0; i < packets; i++) {
        codec_fill(in, CODEC_FRAMES * 2, &in_position);
        assert_int_equal(codec_push(encoder, in, CODEC_FRAMES * 2), 0);
        carry(encoder, decoder, api_source, loss);
        carry(encoder, decoder, api_repair, 0);
        assert_int_equal(codec_pop(decoder, out, CODEC_FRAMES * 2), 0);
        for (size_t j = 0; j < CODEC_FRAMES * 2; j++) {
            if (out_position == 0 && out[j] == 0)
                continue;
            float expected;
            codec_fill(&expected, 1, &out_position);
            assert_true(out[j] == expected);
        }
    }
    return out_position / 2;
}

static void test_decoder_open_refuses_what_a_receiver_refuses(void **state)
{
    roc_receiver_config config = api_receiver_config();
    roc_receiver_decoder *decoder = NULL;
    assert_int_equal(roc_receiver_decoder_open(NULL, &config, &decoder), -1);
    assert_int_equal(roc_receiver_decoder_open(context, NULL, &decoder), -1);
    assert_int_equal(roc_receiver_decoder_open(context, &config, NULL), -1);
    config.target_latency = ~0ull;
    assert_int_equal(roc_receiver_decoder_open(context, &config, &decoder), -1);
    config = (roc_receiver_config){0};
    assert_int_equal(roc_receiver_decoder_open(context, &config, &decoder), -1);
    assert_null(decoder);
    assert_int_equal(roc_receiver_decoder_close(NULL), -1);
}

static void test_decoder_activates_each_interface_once(void **state)
{
    const roc_receiver_config config = api_receiver_config();
    roc_receiver_decoder *decoder = codec_decoder(context, &config);
    assert_int_equal(roc_context_close(context), -1);
    assert_int_equal(roc_receiver_decoder_activate(NULL, api_source, ROC_PROTO_RTP), -1);
    assert_int_equal(
        roc_receiver_decoder_activate(decoder, ROC_INTERFACE_CONSOLIDATED, ROC_PROTO_RTSP), -1);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTCP), -1);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE),
                     0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_repair, ROC_PROTO_LDPC_REPAIR), -1);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP), -1);
    // What failed may be tried again.
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_repair, ROC_PROTO_RS8M_REPAIR), 0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, codec_control, ROC_PROTO_RTCP), 0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, codec_control, ROC_PROTO_RTCP), -1);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
}

static void test_decoder_gives_what_the_encoder_took(void **state)
{
    const roc_sender_config sender = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    const roc_receiver_config receiver = api_receiver_config();
    roc_sender_encoder *encoder = codec_encoder(context, &sender);
    roc_receiver_decoder *decoder = codec_decoder(context, &receiver);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP), 0);
    // All but the latency, 200 ms in packets of 5 ms.
    assert_true(pass(encoder, decoder, 200, 0) >= (200 - 41) * CODEC_FRAMES);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_decoder_restores_lost_packets(void **state)
{
    const roc_sender_config sender = api_sender_config(ROC_FEC_ENCODING_RS8M);
    const roc_receiver_config receiver = api_receiver_config();
    roc_sender_encoder *encoder = codec_encoder(context, &sender);
    roc_receiver_decoder *decoder = codec_decoder(context, &receiver);
    codec_activate_rs8m(encoder, decoder);
    assert_true(pass(encoder, decoder, 200, 9) >= (200 - 41) * CODEC_FRAMES);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_decoder_counts_its_session(void **state)
{
    static float samples[CODEC_FRAMES * 2];
    const roc_sender_config sender = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    const roc_receiver_config receiver = api_receiver_config();
    roc_sender_encoder *encoder = codec_encoder(context, &sender);
    roc_receiver_decoder *decoder = codec_decoder(context, &receiver);
    roc_receiver_metrics metrics = {.connection_count = 7};
    roc_connection_metrics connection;
    assert_int_equal(roc_receiver_decoder_query(NULL, &metrics, &connection), -1);
    assert_int_equal(roc_receiver_decoder_query(decoder, NULL, &connection), -1);
    assert_int_equal(roc_receiver_decoder_query(decoder, &metrics, NULL), -1);
    assert_int_equal(roc_receiver_decoder_query(decoder, &metrics, &connection), 0);
    assert_int_equal(metrics.connection_count, 0);

    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2), 0);
    carry(encoder, decoder, api_source, 0);
    assert_int_equal(roc_receiver_decoder_query(decoder, &metrics, &connection), 0);
    assert_int_equal(metrics.connection_count, 1);
    assert_int_equal(connection.e2e_latency, 0);
    // Nothing more comes: the session ends.
    for (int i = 0; i < 200; i++)
        assert_int_equal(codec_pop(decoder, samples, CODEC_FRAMES * 2), 0);
    assert_int_equal(roc_receiver_decoder_query(decoder, &metrics, &connection), 0);
    assert_int_equal(metrics.connection_count, 0);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_decoder_has_one_session_at_a_time(void **state)
{
    static float samples[CODEC_FRAMES * 2];
    const roc_sender_config sender = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    const roc_receiver_config receiver = api_receiver_config();
    roc_receiver_decoder *decoder = codec_decoder(context, &receiver);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP), 0);
    for (int i = 0; i < 2; i++) {
        roc_sender_encoder *encoder = codec_encoder(context, &sender);
        assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);
        assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2), 0);
        carry(encoder, decoder, api_source, 0);
        assert_int_equal(roc_sender_encoder_close(encoder), 0);
    }
    roc_receiver_metrics metrics;
    roc_connection_metrics connection;
    assert_int_equal(roc_receiver_decoder_query(decoder, &metrics, &connection), 0);
    assert_int_equal(metrics.connection_count, 1);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
}

static void carry_back(roc_receiver_decoder *decoder, roc_sender_encoder *encoder)
{
    uint8_t data[CODEC_PACKET_SIZE];
    roc_packet packet = {.bytes = data, .bytes_size = sizeof(data)};
    while (roc_receiver_decoder_pop_feedback_packet(decoder, codec_control, &packet) == 0) {
        assert_int_equal(data[1], 201); // RTCP receiver report
        assert_int_equal(roc_sender_encoder_push_feedback_packet(encoder, codec_control, &packet),
                         0);
        packet.bytes_size = sizeof(data);
    }
}

// A turn of sound and reports in both directions; true when both sides know the latency.
static bool exchange(roc_sender_encoder *encoder, roc_receiver_decoder *decoder)
{
    static float samples[CODEC_FRAMES * 2];
    roc_sender_metrics sent;
    roc_receiver_metrics received;
    roc_connection_metrics from = {0}, to = {0};
    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2), 0);
    carry(encoder, decoder, api_source, 0);
    carry(encoder, decoder, codec_control, 0);
    assert_int_equal(codec_pop(decoder, samples, CODEC_FRAMES * 2), 0);
    carry_back(decoder, encoder);
    assert_int_equal(roc_sender_encoder_query(encoder, &sent, &to), 0);
    assert_int_equal(roc_receiver_decoder_query(decoder, &received, &from), 0);
    return sent.connection_count == 1 && to.e2e_latency > 0 && received.connection_count == 1 &&
           from.e2e_latency > 0;
}

static void test_decoder_and_encoder_report_to_each_other(void **state)
{
    const roc_sender_config sender = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_receiver_config receiver = api_receiver_config();
    receiver.target_latency = 20000000;
    roc_sender_encoder *encoder = codec_encoder(context, &sender);
    roc_receiver_decoder *decoder = codec_decoder(context, &receiver);
    assert_int_equal(roc_sender_encoder_activate(encoder, codec_control, ROC_PROTO_RTCP), 0);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, codec_control, ROC_PROTO_RTCP), 0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP), 0);
    bool is_known = false;
    for (int i = 0; i < 4000 && !is_known; i++) {
        is_known = exchange(encoder, decoder);
        usleep(5000);
    }
    assert_true(is_known);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_decoder_takes_any_bytes(void **state)
{
    const roc_receiver_config config = api_receiver_config();
    roc_receiver_decoder *decoder = codec_decoder(context, &config);
    float samples[CODEC_FRAMES * 2];
    struct codec_bytes bytes;
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE),
                     0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_repair, ROC_PROTO_RS8M_REPAIR), 0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, codec_control, ROC_PROTO_RTCP), 0);
    const roc_interface ifaces[] = {api_source, api_repair, codec_control};
    unsigned value = 1;
    for (size_t i = 0; i < 300; i++) {
        bytes.size = 1 + i * 7 % CODEC_PACKET_SIZE;
        for (size_t j = 0; j < bytes.size; j++) {
            value = value * 1103515245u + 12345u;
            bytes.data[j] = (uint8_t)(value >> 16);
        }
        if (i % 2 == 0)
            bytes.data[0] = 0x80;
        assert_int_equal(codec_push_packet(decoder, ifaces[i % 3], &bytes), 0);
        assert_int_equal(codec_pop(decoder, samples, CODEC_FRAMES * 2), 0);
    }
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
}

static void test_decoder_calls_refuse_bad_arguments(void **state)
{
    const roc_receiver_config config = api_receiver_config();
    roc_receiver_decoder *decoder = codec_decoder(context, &config);
    float samples[4];
    uint8_t data[CODEC_PACKET_SIZE + 1] = {0};
    roc_packet packet = {.bytes = data, .bytes_size = 20};
    roc_packet no_bytes = {.bytes = NULL, .bytes_size = 10};
    roc_packet empty = {.bytes = data, .bytes_size = 0};
    roc_frame no_samples = {.samples = NULL, .samples_size = 8};

    assert_int_equal(roc_receiver_decoder_push_packet(decoder, api_source, &packet), -1);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(roc_receiver_decoder_push_packet(decoder, api_source, &packet), 0);
    assert_int_equal(roc_receiver_decoder_push_packet(NULL, api_source, &packet), -1);
    assert_int_equal(roc_receiver_decoder_push_packet(decoder, api_source, NULL), -1);
    assert_int_equal(roc_receiver_decoder_push_packet(decoder, api_source, &no_bytes), -1);
    assert_int_equal(roc_receiver_decoder_push_packet(decoder, api_source, &empty), -1);
    assert_int_equal(roc_receiver_decoder_push_packet(decoder, (roc_interface)77, &packet), -1);
    packet.bytes_size = CODEC_PACKET_SIZE + 1;
    assert_int_equal(roc_receiver_decoder_push_packet(decoder, api_source, &packet), -1);
    packet.bytes_size = CODEC_PACKET_SIZE;
    assert_int_equal(roc_receiver_decoder_push_packet(decoder, api_source, &packet), 0);

    assert_int_equal(roc_receiver_decoder_pop_feedback_packet(decoder, codec_control, &packet), -1);
    assert_int_equal(roc_receiver_decoder_activate(decoder, codec_control, ROC_PROTO_RTCP), 0);
    assert_int_equal(roc_receiver_decoder_pop_feedback_packet(NULL, codec_control, &packet), -1);
    assert_int_equal(roc_receiver_decoder_pop_feedback_packet(decoder, codec_control, NULL), -1);
    assert_int_equal(roc_receiver_decoder_pop_feedback_packet(decoder, api_source, &packet), -1);
    assert_int_equal(roc_receiver_decoder_pop_feedback_packet(decoder, codec_control, &packet), -1);

    assert_int_equal(codec_pop(NULL, samples, 2), -1);
    assert_int_equal(roc_receiver_decoder_pop_frame(decoder, NULL), -1);
    assert_int_equal(roc_receiver_decoder_pop_frame(decoder, &no_samples), -1);
    assert_int_equal(codec_pop(decoder, samples, 3), -1);
    assert_int_equal(codec_pop(decoder, NULL, 0), 0);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
}

static void test_decoder_gives_silence_without_packets(void **state)
{
    const roc_receiver_config config = api_receiver_config();
    roc_receiver_decoder *decoder = codec_decoder(context, &config);
    float samples[64];
    for (size_t i = 0; i < 64; i++)
        samples[i] = 1;
    assert_int_equal(codec_pop(decoder, samples, 64), 0);
    for (size_t i = 0; i < 64; i++)
        assert_true(samples[i] == 0);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
}

int main(void)
{
    log_set_level(LOG_NONE);
#define DECODER_TEST(name) cmocka_unit_test_setup_teardown(name, open_context, close_context)
    const struct CMUnitTest tests[] = {
        DECODER_TEST(test_decoder_open_refuses_what_a_receiver_refuses),
        DECODER_TEST(test_decoder_activates_each_interface_once),
        DECODER_TEST(test_decoder_gives_what_the_encoder_took),
        DECODER_TEST(test_decoder_restores_lost_packets),
        DECODER_TEST(test_decoder_counts_its_session),
        DECODER_TEST(test_decoder_has_one_session_at_a_time),
        DECODER_TEST(test_decoder_and_encoder_report_to_each_other),
        DECODER_TEST(test_decoder_takes_any_bytes),
        DECODER_TEST(test_decoder_calls_refuse_bad_arguments),
        DECODER_TEST(test_decoder_gives_silence_without_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
