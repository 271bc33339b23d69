// SPDX-License-Identifier: MPL-2.0

#include "api/context.h"
#include "codec_fixture.h"
#include "roc/encoding_ext.h"
#include "roc/transceiver.h"

#include <errno.h>
#include <math.h>

#define MAX_CHANNELS 48
#define ENCODING_ID  100
#define ROUND        480 // frames in a push

static roc_context *context;

static int open_context(void **state)
{
    context = api_context();
    return 0;
}

static int close_context(void **state)
{
    return roc_context_close(context);
}

static void test_encoding_ext_registers_formats_and_layouts(void **state)
{
    const struct {
        roc_encoding_ext encoding;
        struct audio_encoding expected;
    } table[] = {
        {{ROC_PACKET_FORMAT_L16, 8000, ROC_CHANNEL_LAYOUT_EXT_MONO, 0},
         {1, 8000, 1, false, PCM_L16}},
        {{ROC_PACKET_FORMAT_L24, 48000, ROC_CHANNEL_LAYOUT_EXT_STEREO, 0},
         {2, 48000, 2, false, PCM_L24}},
        {{ROC_PACKET_FORMAT_F32, 192000, ROC_CHANNEL_LAYOUT_EXT_SURROUND_5_1, 0},
         {3, 192000, 6, false, PCM_F32}},
        {{ROC_PACKET_FORMAT_L24, 96000, ROC_CHANNEL_LAYOUT_EXT_SURROUND_7_1, 0},
         {4, 96000, 8, false, PCM_L24}},
        {{ROC_PACKET_FORMAT_F32, 44100, ROC_CHANNEL_LAYOUT_EXT_MULTITRACK, 1024},
         {5, 44100, 1024, true, PCM_F32}},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const struct audio_encoding *expected = &table[i].expected;
        struct audio_encoding found;
        assert_int_equal(
            roc_context_register_encoding_ext(context, expected->payload_type, &table[i].encoding),
            0);
        assert_int_equal(context_find_encoding(context, expected->payload_type, &found), 0);
        assert_int_equal(found.rate_hz, expected->rate_hz);
        assert_int_equal(found.channels, expected->channels);
        assert_int_equal(found.is_multitrack, expected->is_multitrack);
        assert_int_equal(found.format, expected->format);
    }
}

static void test_encoding_ext_refuses_what_breaks_its_rules(void **state)
{
    const roc_encoding_ext good = {ROC_PACKET_FORMAT_L24, 48000, ROC_CHANNEL_LAYOUT_EXT_STEREO, 0};
    const roc_encoding_ext bad[] = {
        {0},
        {(roc_packet_format)0, 48000, ROC_CHANNEL_LAYOUT_EXT_STEREO, 0},
        {(roc_packet_format)4, 48000, ROC_CHANNEL_LAYOUT_EXT_STEREO, 0},
        {ROC_PACKET_FORMAT_L24, 0, ROC_CHANNEL_LAYOUT_EXT_STEREO, 0},
        {ROC_PACKET_FORMAT_L24, 1000001, ROC_CHANNEL_LAYOUT_EXT_STEREO, 0},
        {ROC_PACKET_FORMAT_L24, 48000, (roc_channel_layout_ext)0, 0},
        {ROC_PACKET_FORMAT_L24, 48000, (roc_channel_layout_ext)6, 0},
        {ROC_PACKET_FORMAT_L24, 48000, ROC_CHANNEL_LAYOUT_EXT_STEREO, 2},
        {ROC_PACKET_FORMAT_L24, 48000, ROC_CHANNEL_LAYOUT_EXT_SURROUND_5_1, 6},
        {ROC_PACKET_FORMAT_L24, 48000, ROC_CHANNEL_LAYOUT_EXT_MULTITRACK, 0},
        {ROC_PACKET_FORMAT_L24, 48000, ROC_CHANNEL_LAYOUT_EXT_MULTITRACK, 1025},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(roc_context_register_encoding_ext(context, 100, &bad[i]), -1);
    const int ids[] = {-1, 0, 10, 11, 128, 1000000};
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        assert_int_equal(roc_context_register_encoding_ext(context, ids[i], &good), -1);
    assert_int_equal(roc_context_register_encoding_ext(NULL, 100, &good), -1);
    assert_int_equal(roc_context_register_encoding_ext(context, 100, NULL), -1);
    assert_int_equal(roc_context_register_encoding_ext(context, 100, &good), 0);
    assert_int_equal(roc_context_register_encoding_ext(context, 100, &good), -1);
}

// Sound through an encoder and a decoder

struct route {
    roc_encoding_ext packets;
    unsigned in_tracks, out_tracks; // of the frames; zero: stereo
    roc_fec_encoding fec;
    unsigned packet_frames;
    unsigned latency_ms;
};

static roc_media_encoding frames_of(const struct route *route, unsigned tracks)
{
    roc_media_encoding encoding =
        api_encoding(route->packets.rate,
                     tracks > 0 ? ROC_CHANNEL_LAYOUT_MULTITRACK : ROC_CHANNEL_LAYOUT_STEREO);
    encoding.tracks = tracks;
    return encoding;
}

static void open_route(const struct route *route, roc_sender_encoder **encoder,
                       roc_receiver_decoder **decoder)
{
    const bool has_fec = route->fec == ROC_FEC_ENCODING_RS8M;
    const roc_sender_config sender = {.frame_encoding = frames_of(route, route->in_tracks),
                                      .packet_encoding = (roc_packet_encoding)ENCODING_ID,
                                      .fec_encoding = route->fec};
    const roc_receiver_config receiver = {.frame_encoding = frames_of(route, route->out_tracks),
                                          .latency_tuner_profile = ROC_LATENCY_TUNER_PROFILE_INTACT,
                                          .target_latency = route->latency_ms * 1000000ull};
    assert_int_equal(roc_context_register_encoding_ext(context, ENCODING_ID, &route->packets), 0);
    *encoder = codec_encoder(context, &sender);
    *decoder = codec_decoder(context, &receiver);
    if (has_fec) {
        codec_activate_rs8m(*encoder, *decoder);
        return;
    }
    assert_int_equal(roc_sender_encoder_activate(*encoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(roc_receiver_decoder_activate(*decoder, api_source, ROC_PROTO_RTP), 0);
}

// One in so many source packets is lost where FEC can bring it back.
static void carry(const struct route *route, roc_sender_encoder *encoder,
                  roc_receiver_decoder *decoder)
{
    const unsigned sizes[] = {0, 2, 3, 4};
    const unsigned channels = route->in_tracks > 0 ? route->in_tracks : 2;
    const size_t payload =
        (size_t)route->packet_frames * channels * sizes[(unsigned)route->packets.format];
    const bool has_fec = route->fec == ROC_FEC_ENCODING_RS8M;
    struct codec_bytes bytes;
    for (unsigned i = 0; codec_pop_packet(encoder, api_source, &bytes); i++) {
        assert_true(bytes.size <= 1472);
        assert_int_equal(bytes.size, 12 + payload + (has_fec ? 6 : 0));
        if (!has_fec || i % 7 != 3)
            assert_int_equal(codec_push_packet(decoder, api_source, &bytes), 0);
    }
    while (has_fec && codec_pop_packet(encoder, api_repair, &bytes)) {
        assert_true(bytes.size <= 1472);
        assert_int_equal(codec_push_packet(decoder, api_repair, &bytes), 0);
    }
}

// Noise with the bits of the format, never zero.
static float noise(roc_packet_format format, size_t index)
{
    const uint32_t bits = (uint32_t)((index + 1) * 0x9e3779b97f4a7c15u >> 32);
    if (format == ROC_PACKET_FORMAT_L16)
        return (float)((int32_t)bits >> 16 | 1) / 32768;
    if (format == ROC_PACKET_FORMAT_L24)
        return (float)((int32_t)bits >> 8 | 1) / 8388608;
    return ldexpf((float)((int32_t)bits >> 8 | 1), -23 - (int)(index % 20));
}

static bool is_noise(const struct route *route, const float *frame, unsigned channels, size_t from)
{
    for (unsigned channel = 0; channel < channels; channel++)
        if (frame[channel] != noise(route->packets.format, from + channel))
            return false;
    return true;
}

// Playing may begin behind the first packets, and inside of one: a session starts to the sample.
static size_t find_start(const struct route *route, const float *frame, size_t sent)
{
    const unsigned channels = route->in_tracks > 0 ? route->in_tracks : 2;
    size_t start = 0;
    while (start < sent && !is_noise(route, frame, channels, start))
        start += channels;
    assert_true(start < sent);
    return start;
}

static void check_bit_exact(const struct route *route)
{
    static float in[ROUND * MAX_CHANNELS], out[ROUND * MAX_CHANNELS];
    roc_sender_encoder *encoder;
    roc_receiver_decoder *decoder;
    const unsigned channels = route->in_tracks > 0 ? route->in_tracks : 2;
    size_t sent = 0, got = 0;
    open_route(route, &encoder, &decoder);
    // Playing begins after the latency.
    const unsigned rounds = route->packets.rate / 1000 * 3 * route->latency_ms / ROUND;
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < ROUND * channels; i++)
            in[i] = noise(route->packets.format, sent++);
        assert_int_equal(codec_push(encoder, in, ROUND * channels), 0);
        carry(route, encoder, decoder);
        assert_int_equal(codec_pop(decoder, out, ROUND * channels), 0);
        for (size_t i = 0; i < ROUND * channels; i++) {
            if (got == 0 && out[i] == 0)
                continue;
            if (got == 0)
                got = find_start(route, out + i, sent);
            assert_true(out[i] == noise(route->packets.format, got++));
        }
    }
    assert_true(got > sent / 3);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
}

static void test_encoding_ext_is_bit_exact(void **state)
{
    const roc_channel_layout_ext stereo = ROC_CHANNEL_LAYOUT_EXT_STEREO;
    const roc_channel_layout_ext tracks = ROC_CHANNEL_LAYOUT_EXT_MULTITRACK;
    const struct route table[] = {
        {{ROC_PACKET_FORMAT_L16, 48000, stereo, 0}, 0, 0, ROC_FEC_ENCODING_RS8M, 240, 200},
        {{ROC_PACKET_FORMAT_L24, 48000, stereo, 0}, 0, 0, ROC_FEC_ENCODING_DISABLE, 240, 200},
        {{ROC_PACKET_FORMAT_L24, 48000, stereo, 0}, 0, 0, ROC_FEC_ENCODING_RS8M, 240, 200},
        {{ROC_PACKET_FORMAT_F32, 48000, stereo, 0}, 0, 0, ROC_FEC_ENCODING_RS8M, 120, 200},
        {{ROC_PACKET_FORMAT_L24, 8000, stereo, 0}, 0, 0, ROC_FEC_ENCODING_RS8M, 40, 200},
        {{ROC_PACKET_FORMAT_F32, 192000, stereo, 0}, 0, 0, ROC_FEC_ENCODING_RS8M, 160, 200},
        {{ROC_PACKET_FORMAT_L24, 96000, tracks, 8}, 8, 8, ROC_FEC_ENCODING_RS8M, 60, 200},
        {{ROC_PACKET_FORMAT_F32, 48000, tracks, 48}, 48, 48, ROC_FEC_ENCODING_DISABLE, 7, 200},
        // Packets of 0.15 ms: thousands of them are on their way.
        {{ROC_PACKET_FORMAT_F32, 48000, tracks, 48}, 48, 48, ROC_FEC_ENCODING_DISABLE, 7, 1000},
        // Tracks and surround are the same channels.
        {{ROC_PACKET_FORMAT_L24, 48000, ROC_CHANNEL_LAYOUT_EXT_SURROUND_5_1, 0},
         6,
         6,
         ROC_FEC_ENCODING_RS8M,
         80,
         200},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        print_message("route %zu\n", i);
        check_bit_exact(&table[i]);
        assert_int_equal(roc_context_close(context), 0);
        context = api_context();
    }
}

// Six channels of packets are read as stereo.
static void test_encoding_ext_surround_is_mixed_down(void **state)
{
    static float in[ROUND * 6], out[ROUND * 2];
    const struct route route = {
        .packets = {ROC_PACKET_FORMAT_F32, 48000, ROC_CHANNEL_LAYOUT_EXT_SURROUND_5_1, 0},
        .in_tracks = 6,
        .packet_frames = 60,
        .latency_ms = 200,
        .fec = ROC_FEC_ENCODING_DISABLE,
    };
    roc_sender_encoder *encoder;
    roc_receiver_decoder *decoder;
    open_route(&route, &encoder, &decoder);
    for (size_t i = 0; i < ROUND; i++)
        in[6 * i + 2] = 0.5f; // the centre
    for (int round = 0; round < 40; round++) {
        assert_int_equal(codec_push(encoder, in, ROUND * 6), 0);
        carry(&route, encoder, decoder);
        assert_int_equal(codec_pop(decoder, out, ROUND * 2), 0);
    }
    const double c = sqrt(0.5);
    for (size_t i = 0; i < ROUND * 2; i++)
        assert_true(fabs((double)out[i] - 0.5 * c / (1 + 2 * c)) < 1e-6);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
    assert_int_equal(roc_receiver_decoder_close(decoder), 0);
}

static void test_encoding_ext_frame_must_fit_a_packet(void **state)
{
    const roc_encoding_ext huge = {ROC_PACKET_FORMAT_F32, 192000, ROC_CHANNEL_LAYOUT_EXT_MULTITRACK,
                                   1024};
    assert_int_equal(roc_context_register_encoding_ext(context, ENCODING_ID, &huge), 0);
    const roc_sender_config config = {
        .frame_encoding = {192000, ROC_FORMAT_PCM_FLOAT32, ROC_CHANNEL_LAYOUT_MULTITRACK, 1024},
        .packet_encoding = (roc_packet_encoding)ENCODING_ID,
    };
    roc_sender_encoder *encoder = NULL;
    assert_int_equal(roc_sender_encoder_open(context, &config, &encoder), -1);

    const roc_context_config jumbo = {.max_packet_size = 8192};
    roc_context *large;
    assert_int_equal(roc_context_open(&jumbo, &large), 0);
    assert_int_equal(roc_context_register_encoding_ext(large, ENCODING_ID, &huge), 0);
    assert_int_equal(roc_sender_encoder_open(large, &config, &encoder), 0);
    assert_int_equal(roc_sender_encoder_close(encoder), 0);
    assert_int_equal(roc_context_close(large), 0);
}

// Ports

static int add_port(roc_transceiver *transceiver, const roc_port_config *config,
                    roc_port_metrics *metrics)
{
    roc_port port;
    const int code = roc_transceiver_add_port(transceiver, config, &port);
    if (code == 0)
        assert_int_equal(roc_transceiver_query_port(transceiver, port, metrics), 0);
    return code;
}

static void test_port_with_a_format_needs_no_registration(void **state)
{
    roc_transceiver *transceiver;
    roc_port_metrics metrics;
    assert_int_equal(roc_transceiver_open(context, NULL, &transceiver), 0);
    const roc_port_config good[] = {
        {.kind = ROC_PORT_NET_SENDER,
         .format = ROC_PACKET_FORMAT_L24,
         .rate = 48000,
         .channels = 8},
        {.kind = ROC_PORT_NET_RECEIVER,
         .format = ROC_PACKET_FORMAT_F32,
         .rate = 192000,
         .channels = 3,
         .payload_type = 127},
        {.kind = ROC_PORT_NET_SENDER,
         .format = ROC_PACKET_FORMAT_L16,
         .rate = 44100,
         .channels = 2},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(add_port(transceiver, &good[i], &metrics), 0);
        assert_int_equal(metrics.rate, good[i].rate);
        assert_int_equal(metrics.channels, good[i].channels);
    }
    const struct {
        roc_port_config config;
        const char *word;
    } bad[] = {
        {{.kind = ROC_PORT_NET_SENDER, .format = (roc_packet_format)4}, "format 4"},
        {{.kind = ROC_PORT_NET_RECEIVER, .format = (roc_packet_format)-1}, "format -1"},
        {{.kind = ROC_PORT_FILE_RECORDER, .format = (roc_packet_format)9}, "format 9"},
        {{.kind = ROC_PORT_NET_SENDER, .format = ROC_PACKET_FORMAT_L24, .channels = 1025}, "1025"},
        {{.kind = ROC_PORT_NET_SENDER, .format = ROC_PACKET_FORMAT_L24, .rate = 1000001},
         "1000001"},
        {{.kind = ROC_PORT_NET_SENDER, .format = ROC_PACKET_FORMAT_L24, .payload_type = 128},
         "128"},
        {{.kind = ROC_PORT_NET_SENDER,
          .format = ROC_PACKET_FORMAT_F32,
          .rate = 192000,
          .channels = 1024},
         "4096 bytes"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(add_port(transceiver, &bad[i].config, &metrics), -EINVAL);
        if (strstr(roc_transceiver_error(), bad[i].word) == NULL)
            fail_msg("'%s' lacks '%s'", roc_transceiver_error(), bad[i].word);
    }
    assert_int_equal(roc_transceiver_close(transceiver), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_context, close_context)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_encoding_ext_registers_formats_and_layouts),
        T(test_encoding_ext_refuses_what_breaks_its_rules),
        T(test_encoding_ext_is_bit_exact),
        T(test_encoding_ext_surround_is_mixed_down),
        T(test_encoding_ext_frame_must_fit_a_packet),
        T(test_port_with_a_format_needs_no_registration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
