// SPDX-License-Identifier: MPL-2.0

#include "api/context.h"
#include "api/packet_queue.h"
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

static void test_encoder_open_refuses_what_a_sender_refuses(void **state)
{
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    roc_sender_encoder *encoder = NULL;
    assert_int_equal(roc_sender_encoder_open(NULL, &config, &encoder), -1);
    assert_int_equal(roc_sender_encoder_open(context, NULL, &encoder), -1);
    assert_int_equal(roc_sender_encoder_open(context, &config, NULL), -1);
    config.packet_encoding = (roc_packet_encoding)99;
    assert_int_equal(roc_sender_encoder_open(context, &config, &encoder), -1);
    config = (roc_sender_config){0};
    assert_int_equal(roc_sender_encoder_open(context, &config, &encoder), -1);
    assert_null(encoder);
    assert_int_equal(roc_sender_encoder_close(NULL), -1);
}

static void test_encoder_holds_its_context_open(void **state)
{
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    assert_int_equal(roc_context_close(context), -1);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_encoder_activates_each_interface_once(void **state)
{
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    codec_activate_rs8m(encoder, NULL);
    assert_int_equal(roc_sender_encoder_activate(encoder, codec_control, ROC_PROTO_RTCP), 0);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE),
                     -1);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_repair, ROC_PROTO_RS8M_REPAIR), -1);
    assert_int_equal(roc_sender_encoder_activate(encoder, codec_control, ROC_PROTO_RTCP), -1);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_encoder_refuses_protocols_that_do_not_fit(void **state)
{
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    const struct {
        roc_interface iface;
        roc_protocol protocol;
    } bad[] = {
        {api_source, ROC_PROTO_RTP},
        {api_source, ROC_PROTO_RTP_LDPC_SOURCE},
        {api_source, ROC_PROTO_RS8M_REPAIR},
        {api_source, ROC_PROTO_RTCP},
        {api_source, (roc_protocol)999},
        {api_repair, ROC_PROTO_RTP_RS8M_SOURCE},
        {api_repair, ROC_PROTO_LDPC_REPAIR},
        {codec_control, ROC_PROTO_RTP},
        {(roc_interface)0, ROC_PROTO_RTP},
        {(roc_interface)99, ROC_PROTO_RTP_RS8M_SOURCE},
        {ROC_INTERFACE_CONSOLIDATED, ROC_PROTO_RTSP},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(roc_sender_encoder_activate(encoder, bad[i].iface, bad[i].protocol), -1);
    assert_int_equal(roc_sender_encoder_activate(NULL, api_source, ROC_PROTO_RTP), -1);
    // None of that did any harm.
    codec_activate_rs8m(encoder, NULL);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_encoder_activation_may_fail_again_and_again(void **state)
{
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    config.fec_block_source_packets = 250;
    config.fec_block_repair_packets = 10;
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE),
                     0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(roc_sender_encoder_activate(encoder, api_repair, ROC_PROTO_RS8M_REPAIR),
                         -1);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);

    config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    config.packet_length = 1; // less than a sample
    encoder = codec_encoder(context, &config);
    for (int i = 0; i < 3; i++)
        assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), -1);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_encoder_makes_no_packets_until_complete(void **state)
{
    static float samples[CODEC_FRAMES * 2 * 18];
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    struct codec_bytes bytes;
    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2 * 18), 0);
    assert_false(codec_pop_packet(encoder, api_source, &bytes));
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE),
                     0);
    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2 * 18), 0);
    assert_int_equal(codec_count(encoder, api_source), 0);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_repair, ROC_PROTO_RS8M_REPAIR), 0);
    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2 * 18), 0);
    assert_int_equal(codec_count(encoder, api_source), 18);
    assert_int_equal(codec_count(encoder, api_repair), 10);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_encoder_packets_are_rtp(void **state)
{
    static float samples[CODEC_FRAMES * 2];
    unsigned position = 0;
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);
    codec_fill(samples, CODEC_FRAMES * 2, &position);
    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2), 0);
    struct codec_bytes bytes;
    assert_true(codec_pop_packet(encoder, api_source, &bytes));
    assert_int_equal(bytes.size, 12 + CODEC_FRAMES * 2 * 2);
    assert_int_equal(bytes.data[0], 0x80);
    assert_int_equal(bytes.data[1], ROC_PACKET_ENCODING_AVP_L16_STEREO);
    for (unsigned i = 0; i < CODEC_FRAMES * 2; i++)
        assert_int_equal(bytes.data[12 + 2 * i] << 8 | bytes.data[13 + 2 * i], i + 1);
    assert_false(codec_pop_packet(encoder, api_source, &bytes));
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_encoder_pop_with_small_buffer_loses_nothing(void **state)
{
    static float samples[CODEC_FRAMES * 2];
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    uint8_t data[896];
    roc_packet packet = {.bytes = data, .bytes_size = 895};
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2), 0);
    assert_int_equal(roc_sender_encoder_pop_packet(encoder, api_source, &packet), -1);
    assert_int_equal(packet.bytes_size, 895);
    packet.bytes_size = 896;
    assert_int_equal(roc_sender_encoder_pop_packet(encoder, api_source, &packet), 0);
    assert_int_equal(packet.bytes_size, 896);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_encoder_calls_refuse_bad_arguments(void **state)
{
    static float samples[CODEC_FRAMES * 2];
    uint8_t data[CODEC_PACKET_SIZE + 1] = {0};
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    roc_packet packet = {.bytes = data, .bytes_size = sizeof(data)};
    roc_packet no_bytes = {.bytes = NULL, .bytes_size = 10};
    roc_packet empty = {.bytes = data, .bytes_size = 0};
    roc_frame no_samples = {.samples = NULL, .samples_size = 8};
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);

    assert_int_equal(codec_push(NULL, samples, 2), -1);
    assert_int_equal(roc_sender_encoder_push_frame(encoder, NULL), -1);
    assert_int_equal(roc_sender_encoder_push_frame(encoder, &no_samples), -1);
    assert_int_equal(codec_push(encoder, samples, 1), -1);
    assert_int_equal(codec_push(encoder, samples, 0), 0);
    assert_int_equal(codec_push(encoder, NULL, 0), 0);

    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2), 0);
    assert_int_equal(roc_sender_encoder_pop_packet(NULL, api_source, &packet), -1);
    assert_int_equal(roc_sender_encoder_pop_packet(encoder, api_source, NULL), -1);
    assert_int_equal(roc_sender_encoder_pop_packet(encoder, api_source, &no_bytes), -1);
    assert_int_equal(roc_sender_encoder_pop_packet(encoder, api_repair, &packet), -1);
    assert_int_equal(roc_sender_encoder_pop_packet(encoder, codec_control, &packet), -1);
    assert_int_equal(roc_sender_encoder_pop_packet(encoder, (roc_interface)5, &packet), -1);
    assert_int_equal(codec_count(encoder, api_source), 1);

    packet.bytes_size = 100;
    assert_int_equal(roc_sender_encoder_push_feedback_packet(encoder, codec_control, &packet), -1);
    assert_int_equal(roc_sender_encoder_activate(encoder, codec_control, ROC_PROTO_RTCP), 0);
    assert_int_equal(roc_sender_encoder_push_feedback_packet(NULL, codec_control, &packet), -1);
    assert_int_equal(roc_sender_encoder_push_feedback_packet(encoder, api_source, &packet), -1);
    assert_int_equal(roc_sender_encoder_push_feedback_packet(encoder, codec_control, NULL), -1);
    assert_int_equal(roc_sender_encoder_push_feedback_packet(encoder, codec_control, &no_bytes),
                     -1);
    assert_int_equal(roc_sender_encoder_push_feedback_packet(encoder, codec_control, &empty), -1);
    packet.bytes_size = CODEC_PACKET_SIZE + 1;
    assert_int_equal(roc_sender_encoder_push_feedback_packet(encoder, codec_control, &packet), -1);
    packet.bytes_size = CODEC_PACKET_SIZE;
    assert_int_equal(roc_sender_encoder_push_feedback_packet(encoder, codec_control, &packet), 0);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

static void test_encoder_query_needs_both_structs(void **state)
{
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    roc_sender_metrics metrics = {.connection_count = 7};
    roc_connection_metrics connection;
    assert_int_equal(roc_sender_encoder_query(NULL, &metrics, &connection), -1);
    assert_int_equal(roc_sender_encoder_query(encoder, NULL, &connection), -1);
    assert_int_equal(roc_sender_encoder_query(encoder, &metrics, NULL), -1);
    assert_int_equal(roc_sender_encoder_query(encoder, &metrics, &connection), 0);
    assert_int_equal(metrics.connection_count, 0);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

// A frame that does not fit is refused as a whole, and fits once the packets are popped.
static void test_encoder_refuses_frame_without_room_for_its_packets(void **state)
{
    enum { PACKETS = PACKET_QUEUE_CAPACITY / 2 };
    const size_t count = (size_t)PACKETS * CODEC_FRAMES * 2;
    float *samples = calloc(count, sizeof(*samples));
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    assert_non_null(samples);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(codec_push(encoder, samples, count), 0);
    assert_int_equal(codec_push(encoder, samples, count), -1);
    assert_int_equal(codec_count(encoder, api_source), PACKETS);
    assert_int_equal(codec_push(encoder, samples, count), 0);
    assert_int_equal(codec_count(encoder, api_source), PACKETS);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
    free(samples);
}

// What becomes more by conversion of its rate is refused by what it becomes.
static void test_encoder_counts_packets_at_their_rate(void **state)
{
    const size_t count = 8000 * 2 * 15;
    float *samples = calloc(count, sizeof(*samples));
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    config.frame_encoding.rate = 8000;
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    assert_non_null(samples);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(codec_push(encoder, samples, count), 0);
    // 15 s at 44.1 kHz in packets of 221 samples, but for what the resampler still holds.
    const unsigned packets = codec_count(encoder, api_source);
    assert_in_range(packets, 44100 * 15 / 221 - 10, 44100 * 15 / 221);
    assert_int_equal(codec_push(encoder, samples, count), 0);
    assert_int_equal(codec_push(encoder, samples, count), -1);
    assert_in_range(codec_count(encoder, api_source), packets, packets + 10);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
    free(samples);
}

static void test_encoder_close_frees_packets_that_wait(void **state)
{
    static float samples[CODEC_FRAMES * 2 * 40];
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    roc_sender_encoder *encoder = codec_encoder(context, &config);
    codec_activate_rs8m(encoder, NULL);
    assert_int_equal(codec_push(encoder, samples, CODEC_FRAMES * 2 * 40), 0);
    // close_context counts the packets.
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
}

int main(void)
{
    log_set_level(LOG_NONE);
#define ENCODER_TEST(name) cmocka_unit_test_setup_teardown(name, open_context, close_context)
    const struct CMUnitTest tests[] = {
        ENCODER_TEST(test_encoder_open_refuses_what_a_sender_refuses),
        ENCODER_TEST(test_encoder_holds_its_context_open),
        ENCODER_TEST(test_encoder_activates_each_interface_once),
        ENCODER_TEST(test_encoder_refuses_protocols_that_do_not_fit),
        ENCODER_TEST(test_encoder_activation_may_fail_again_and_again),
        ENCODER_TEST(test_encoder_makes_no_packets_until_complete),
        ENCODER_TEST(test_encoder_packets_are_rtp),
        ENCODER_TEST(test_encoder_pop_with_small_buffer_loses_nothing),
        ENCODER_TEST(test_encoder_calls_refuse_bad_arguments),
        ENCODER_TEST(test_encoder_query_needs_both_structs),
        ENCODER_TEST(test_encoder_refuses_frame_without_room_for_its_packets),
        ENCODER_TEST(test_encoder_counts_packets_at_their_rate),
        ENCODER_TEST(test_encoder_close_frees_packets_that_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
