// SPDX-License-Identifier: MPL-2.0

#include "api_fixture.h"

#define PACKET   221 // samples per channel in a default packet
#define BLOCK    18  // packets of sound in a default block
#define CHANNELS 2

static const float silence[PACKET * BLOCK * CHANNELS];

struct fixture {
    roc_context *context;
    roc_sender *sender;
    struct api_socket source, repair;
};

static void start_with(struct fixture *f, const roc_sender_config *config)
{
    f->context = api_context();
    assert_int_equal(roc_sender_open(f->context, config, &f->sender), 0);
    api_socket_open(&f->source);
    api_socket_open(&f->repair);
}

static void start(struct fixture *f, roc_fec_encoding fec)
{
    const roc_sender_config config = api_sender_config(fec);
    start_with(f, &config);
}

static void stop(struct fixture *f)
{
    assert_int_equal(roc_sender_close(f->sender), 0);
    assert_int_equal(roc_context_close(f->context), 0);
    api_socket_close(&f->source);
    api_socket_close(&f->repair);
}

static int write_packets(struct fixture *f, unsigned count)
{
    int code = 0;
    for (unsigned i = 0; i < count && code == 0; i++)
        code = api_write(f->sender, silence, PACKET * CHANNELS);
    return code;
}

static int connect_source(struct fixture *f, roc_slot slot, const char *scheme)
{
    return api_connect(f->sender, slot, api_source, scheme, f->source.port);
}

static int connect_repair(struct fixture *f, roc_slot slot)
{
    return api_connect(f->sender, slot, api_repair, "rs8m", f->repair.port);
}

static int query(struct fixture *f, roc_slot slot)
{
    return roc_sender_query(f->sender, slot, NULL, NULL, NULL);
}

// Opening

static int try_open(roc_context *context, const roc_sender_config *config)
{
    roc_sender *const untouched = (roc_sender *)(uintptr_t)1;
    roc_sender *sender = untouched;
    const int code = roc_sender_open(context, config, &sender);
    if (code == 0)
        assert_int_equal(roc_sender_close(sender), 0);
    else
        assert_ptr_equal(sender, untouched);
    return code;
}

static void test_sender_open_refuses_null(void **state)
{
    roc_context *context = api_context();
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_sender *sender = NULL;
    assert_int_equal(roc_sender_open(NULL, &config, &sender), -1);
    assert_int_equal(roc_sender_open(context, NULL, &sender), -1);
    assert_int_equal(roc_sender_open(context, &config, NULL), -1);
    assert_int_equal(roc_sender_close(NULL), -1);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_sender_open_refuses_bad_frame_encoding(void **state)
{
    roc_context *context = api_context();
    const roc_media_encoding bad[] = {
        {0},
        {.rate = 0, .format = ROC_FORMAT_PCM_FLOAT32, .channels = ROC_CHANNEL_LAYOUT_STEREO},
        {.rate = 44100, .format = 0, .channels = ROC_CHANNEL_LAYOUT_STEREO},
        {.rate = 44100, .format = 2, .channels = ROC_CHANNEL_LAYOUT_STEREO},
        {.rate = 44100, .format = ROC_FORMAT_PCM_FLOAT32, .channels = 0},
        {.rate = 44100, .format = ROC_FORMAT_PCM_FLOAT32, .channels = 99},
        {44100, ROC_FORMAT_PCM_FLOAT32, ROC_CHANNEL_LAYOUT_STEREO, 2},
        {44100, ROC_FORMAT_PCM_FLOAT32, ROC_CHANNEL_LAYOUT_MULTITRACK, 0},
        {44100, ROC_FORMAT_PCM_FLOAT32, ROC_CHANNEL_LAYOUT_MULTITRACK, 1025},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
        config.frame_encoding = bad[i];
        assert_int_equal(try_open(context, &config), -1);
    }
    const roc_sender_config zeros = {0};
    assert_int_equal(try_open(context, &zeros), -1);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_sender_open_refuses_unknown_enum_values(void **state)
{
    roc_context *context = api_context();
    const roc_sender_config good = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(try_open(context, &good), 0);
    const int bad[] = {-2, 4, 1000};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const int value = bad[i];
        roc_sender_config config = good;
        config.clock_source = (roc_clock_source)value;
        assert_int_equal(try_open(context, &config), -1);
        config = good;
        config.fec_encoding = (roc_fec_encoding)value;
        assert_int_equal(try_open(context, &config), -1);
        config = good;
        config.latency_tuner_backend = (roc_latency_tuner_backend)value;
        assert_int_equal(try_open(context, &config), -1);
        config = good;
        config.latency_tuner_profile = (roc_latency_tuner_profile)value;
        assert_int_equal(try_open(context, &config), -1);
        config = good;
        config.resampler_backend = (roc_resampler_backend)value;
        assert_int_equal(try_open(context, &config), -1);
        config = good;
        config.resampler_profile = (roc_resampler_profile)value;
        assert_int_equal(try_open(context, &config), -1);
    }
    roc_sender_config config = good;
    config.latency_tuner_backend = (roc_latency_tuner_backend)1;
    assert_int_equal(try_open(context, &config), -1);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_sender_open_refuses_what_is_not_there_yet(void **state)
{
    roc_context *context = api_context();
    const roc_sender_config good = api_sender_config(ROC_FEC_ENCODING_DISABLE);

    roc_sender_config tuned = good;
    tuned.latency_tuner_profile = ROC_LATENCY_TUNER_PROFILE_GRADUAL;
    tuned.target_latency = 200000000;
    assert_int_equal(try_open(context, &tuned), -1);
    tuned.latency_tuner_profile = ROC_LATENCY_TUNER_PROFILE_INTACT;
    assert_int_equal(try_open(context, &tuned), 0);

    roc_sender_config other_rate = good;
    other_rate.frame_encoding.rate = 48000;
    assert_int_equal(try_open(context, &other_rate), 0);
    other_rate.frame_encoding.rate = 384000;
    assert_int_equal(try_open(context, &other_rate), -1);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_sender_open_refuses_unregistered_packet_encoding(void **state)
{
    roc_context *context = api_context();
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    const int bad[] = {-1, 1, 99, 128, 266};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        config.packet_encoding = (roc_packet_encoding)bad[i];
        assert_int_equal(try_open(context, &config), -1);
    }
    assert_int_equal(roc_context_register_encoding(context, 99, &config.frame_encoding), 0);
    config.packet_encoding = (roc_packet_encoding)99;
    assert_int_equal(try_open(context, &config), 0);
    assert_int_equal(roc_context_close(context), 0);
}

static void check_automatic_encoding(unsigned rate, roc_channel_layout layout, int expected)
{
    roc_context *context = api_context();
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    config.frame_encoding = api_encoding(rate, layout);
    config.packet_encoding = 0;
    const roc_media_encoding own = api_encoding(48000, ROC_CHANNEL_LAYOUT_STEREO);
    assert_int_equal(roc_context_register_encoding(context, 77, &own), 0);
    if (expected == 0) {
        assert_int_equal(try_open(context, &config), -1);
    } else {
        struct api_socket target;
        struct api_datagram d;
        roc_sender *sender = NULL;
        api_socket_open(&target);
        assert_int_equal(roc_sender_open(context, &config, &sender), 0);
        assert_int_equal(api_connect(sender, 0, api_source, "rtp", target.port), 0);
        assert_int_equal(api_write(sender, silence, PACKET * CHANNELS * 2), 0);
        api_socket_expect(&target, &d);
        assert_int_equal(api_payload_type(&d), expected);
        assert_int_equal(roc_sender_close(sender), 0);
        api_socket_close(&target);
    }
    assert_int_equal(roc_context_close(context), 0);
}

static void test_sender_finds_packet_encoding_by_rate_and_channels(void **state)
{
    check_automatic_encoding(44100, ROC_CHANNEL_LAYOUT_STEREO, 10);
    check_automatic_encoding(44100, ROC_CHANNEL_LAYOUT_MONO, 11);
    check_automatic_encoding(48000, ROC_CHANNEL_LAYOUT_STEREO, 77);
    check_automatic_encoding(48000, ROC_CHANNEL_LAYOUT_MONO, 0);
}

static void test_sender_keeps_its_context_open(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(roc_context_close(f.context), -1);
    stop(&f);
}

// Connecting

static void test_sender_slot_sends_when_it_is_complete(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_DEFAULT);
    assert_int_equal(connect_source(&f, 5, "rtp+rs8m"), 0);
    assert_int_equal(write_packets(&f, BLOCK), 0); // dropped
    assert_int_equal(connect_repair(&f, 5), 0);
    assert_int_equal(write_packets(&f, BLOCK), 0);
    for (int i = 0; i < BLOCK - 1; i++) {
        struct api_datagram d;
        api_socket_expect(&f.source, &d);
    }
    struct api_datagram source, repair;
    api_socket_expect(&f.source, &source);
    api_socket_expect(&f.repair, &repair);
    assert_int_equal(source.size, 12 + PACKET * 4 + 6);
    assert_int_equal(repair.size, 12 + PACKET * 4 + 6);
    // Receivers tell by the address that repair belongs to source.
    assert_int_equal(source.from.sin_port, repair.from.sin_port);
    stop(&f);
}

static void test_sender_slots_are_independent(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(api_connect(f.sender, 1, api_source, "rtp", f.source.port), 0);
    assert_int_equal(api_connect(f.sender, 1ull << 63, api_source, "rtp", f.repair.port), 0);
    assert_int_equal(write_packets(&f, 3), 0);
    struct api_datagram one, other;
    api_socket_expect(&f.source, &one);
    api_socket_expect(&f.repair, &other);
    assert_memory_not_equal(one.data + 8, other.data + 8, 4); // SSRC
    assert_int_equal(roc_sender_unlink(f.sender, 1), 0);
    api_socket_expect_count(&f.source, 2);
    assert_int_equal(write_packets(&f, 3), 0);
    for (int i = 0; i < 5; i++)
        api_socket_expect(&f.repair, &other);
    assert_false(api_socket_receive(&f.source, &one, 0));
    stop(&f);
}

static void test_sender_connect_with_bad_arguments_makes_no_slot(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_DISABLE);
    roc_endpoint *endpoint = api_local_endpoint("rtp", f.source.port);
    assert_int_equal(roc_sender_connect(NULL, 0, api_source, endpoint), -1);
    assert_int_equal(roc_sender_connect(f.sender, 0, api_source, NULL), -1);
    assert_int_equal(roc_sender_connect(f.sender, 0, (roc_interface)0, endpoint), -1);
    assert_int_equal(roc_sender_connect(f.sender, 0, (roc_interface)14, endpoint), -1);
    assert_int_equal(query(&f, 0), -1);
    assert_int_equal(roc_sender_unlink(f.sender, 0), -1);
    assert_int_equal(roc_sender_connect(f.sender, 0, api_source, endpoint), 0);
    // A slot that works is not harmed either.
    assert_int_equal(roc_sender_connect(f.sender, 0, api_source, NULL), -1);
    assert_int_equal(query(&f, 0), 0);
    roc_endpoint_deallocate(endpoint);
    stop(&f);
}

// The slot refuses everything until it is unlinked, and its number can be used again then.
static void check_broken(struct fixture *f, roc_slot slot)
{
    const roc_interface_config config = {.outgoing_address = "127.0.0.1"};
    struct api_datagram d;
    assert_int_equal(query(f, slot), -1);
    assert_int_equal(connect_source(f, slot, "rtp+rs8m"), -1);
    assert_int_equal(connect_repair(f, slot), -1);
    assert_int_equal(roc_sender_configure(f->sender, slot, api_source, &config), -1);
    assert_int_equal(query(f, slot), -1);
    assert_int_equal(write_packets(f, 2), 0);
    assert_int_equal(roc_sender_unlink(f->sender, slot), 0);
    assert_false(api_socket_receive(&f->source, &d, 0));

    assert_int_equal(roc_sender_unlink(f->sender, slot), -1);
    assert_int_equal(connect_source(f, slot, "rtp+rs8m"), 0);
    assert_int_equal(connect_repair(f, slot), 0);
    assert_int_equal(query(f, slot), 0);
    assert_int_equal(write_packets(f, 2), 0);
    assert_int_equal(roc_sender_unlink(f->sender, slot), 0);
    api_socket_expect_count(&f->source, 2);
}

static void test_sender_failed_connect_breaks_the_slot(void **state)
{
    struct fixture f;
    const struct {
        roc_interface iface;
        const char *uri; // NULL: nothing is set
    } bad[] = {
        {ROC_INTERFACE_AUDIO_SOURCE, NULL},
        {ROC_INTERFACE_AUDIO_SOURCE, "rtp+rs8m://" API_BAD_HOST ":4100"},
        {ROC_INTERFACE_AUDIO_SOURCE, "rtp+rs8m://127.0.0.1:0"},
        {ROC_INTERFACE_AUDIO_SOURCE, "rtp://127.0.0.1:4100"},      // the sender has FEC
        {ROC_INTERFACE_AUDIO_SOURCE, "rtp+ldpc://127.0.0.1:4100"}, // of another scheme
        {ROC_INTERFACE_AUDIO_SOURCE, "rs8m://127.0.0.1:4100"},     // for the other interface
        {ROC_INTERFACE_AUDIO_REPAIR, "rtp+rs8m://127.0.0.1:4100"},
        {ROC_INTERFACE_AUDIO_REPAIR, "ldpc://127.0.0.1:4100"},
        {ROC_INTERFACE_AUDIO_CONTROL, "rtp://127.0.0.1:4100"},
        {ROC_INTERFACE_CONSOLIDATED, "rtsp://127.0.0.1:4100"},
        {ROC_INTERFACE_AUDIO_SOURCE, "rtsp://127.0.0.1:4100"},
    };
    start(&f, ROC_FEC_ENCODING_RS8M);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(api_connect_uri(f.sender, 3, bad[i].iface, bad[i].uri), -1);
        check_broken(&f, 3);
    }
    stop(&f);
}

static void test_sender_second_connect_breaks_the_slot(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_RS8M);
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), 0);
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), -1);
    check_broken(&f, 0);
    // Also one that is sending.
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), 0);
    assert_int_equal(connect_repair(&f, 0), 0);
    assert_int_equal(connect_repair(&f, 0), -1);
    check_broken(&f, 0);
    stop(&f);
}

static void test_sender_without_fec_refuses_repair(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(connect_source(&f, 0, "rtp"), 0);
    assert_int_equal(connect_repair(&f, 0), -1);
    assert_int_equal(query(&f, 0), -1);
    assert_int_equal(connect_source(&f, 1, "rtp+rs8m"), -1);
    assert_int_equal(query(&f, 1), -1);
    stop(&f);
}

static void test_sender_broken_slot_leaves_others_alone(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(connect_source(&f, 0, "rtp"), 0);
    assert_int_equal(connect_source(&f, 1, "rs8m"), -1);
    assert_int_equal(write_packets(&f, 2), 0);
    struct api_datagram d;
    api_socket_expect(&f.source, &d);
    api_socket_expect(&f.source, &d);
    assert_int_equal(query(&f, 0), 0);
    stop(&f);
}

static void test_sender_mixed_families_break_the_slot(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_RS8M);
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), 0);
    assert_int_equal(api_connect_uri(f.sender, 0, api_repair, "rs8m://[::1]:4101"), -1);
    check_broken(&f, 0);
    stop(&f);
}

// Packets and blocks

static int connect_with(const roc_sender_config *config)
{
    struct fixture f;
    start_with(&f, config);
    const bool has_fec = config->fec_encoding != ROC_FEC_ENCODING_DISABLE;
    int code = connect_source(&f, 0, has_fec ? "rtp+rs8m" : "rtp");
    if (code == 0 && has_fec)
        code = connect_repair(&f, 0);
    assert_int_equal(query(&f, 0), code);
    stop(&f);
    return code;
}

static void test_sender_bad_packet_length_fails_at_connect(void **state)
{
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    const unsigned long long bad[] = {1, 10000, 2000000000, ~0ull};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        config.packet_length = bad[i];
        assert_int_equal(connect_with(&config), -1);
    }
    config.packet_length = 2500000;
    assert_int_equal(connect_with(&config), 0);
}

static void test_sender_bad_block_fails_at_connect(void **state)
{
    const struct {
        unsigned source, repair;
        int code;
    } blocks[] = {{0, 5, -1},  {10, 0, 0},   {245, 10, 0},   {246, 10, -1},
                  {1, 1, 0},   {256, 0, -1}, {~0u, ~0u, -1}, {~0u, 2, -1},
                  {20, 10, 0}, {1, 254, 0},  {1, 255, -1}};
    for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
        roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
        config.fec_block_source_packets = blocks[i].source;
        config.fec_block_repair_packets = blocks[i].repair;
        assert_int_equal(connect_with(&config), blocks[i].code);
    }
}

static void test_sender_obeys_block_and_packet_length(void **state)
{
    struct fixture f;
    struct api_datagram d;
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    config.packet_length = 2500000; // 110 samples
    config.fec_block_source_packets = 4;
    config.fec_block_repair_packets = 3;
    start_with(&f, &config);
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), 0);
    assert_int_equal(connect_repair(&f, 0), 0);
    assert_int_equal(api_write(f.sender, silence, 110 * 8 * CHANNELS), 0);
    for (int i = 0; i < 8; i++) {
        api_socket_expect(&f.source, &d);
        assert_int_equal(d.size, 12 + 110 * 4 + 6);
        assert_int_equal(d.data[d.size - 3], i % 4); // ESI
        assert_int_equal(d.data[d.size - 1], 4);     // k
    }
    for (int i = 0; i < 6; i++) {
        api_socket_expect(&f.repair, &d);
        assert_int_equal(d.data[3], 4 + i % 3);
    }
    stop(&f);
}

static void test_sender_without_repair_packets_sends_none(void **state)
{
    struct fixture f;
    struct api_datagram d;
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    config.fec_block_source_packets = 10;
    start_with(&f, &config);
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), 0);
    assert_int_equal(connect_repair(&f, 0), 0);
    assert_int_equal(write_packets(&f, 20), 0);
    assert_int_equal(roc_sender_unlink(f.sender, 0), 0); // everything has left
    api_socket_expect_count(&f.source, 20);
    assert_false(api_socket_receive(&f.repair, &d, 0));
    stop(&f);
}

static void test_sender_shuffles_packets_only_with_fec(void **state)
{
    for (int fec = 0; fec <= 1; fec++) {
        struct fixture f;
        struct api_datagram d;
        bool is_in_order = true;
        roc_sender_config config =
            api_sender_config(fec ? ROC_FEC_ENCODING_RS8M : ROC_FEC_ENCODING_DISABLE);
        config.packet_interleaving = 1;
        config.fec_block_source_packets = 50; // one order of many is the plain one
        config.fec_block_repair_packets = 1;
        start_with(&f, &config);
        assert_int_equal(connect_source(&f, 0, fec ? "rtp+rs8m" : "rtp"), 0);
        if (fec)
            assert_int_equal(connect_repair(&f, 0), 0);
        assert_int_equal(write_packets(&f, 50), 0);
        uint16_t last = 0;
        for (int i = 0; i < 50; i++) {
            api_socket_expect(&f.source, &d);
            const uint16_t seq = (uint16_t)(d.data[2] << 8 | d.data[3]);
            if (i > 0)
                is_in_order &= seq == (uint16_t)(last + 1);
            last = seq;
        }
        assert_int_equal(is_in_order, !fec);
        stop(&f);
    }
}

// Configuring

static void test_sender_configure_refuses_bad_addresses_without_harm(void **state)
{
    struct fixture f;
    roc_interface_config bad[] = {
        {.outgoing_address = "localhost"}, {.outgoing_address = "1.2.3"},
        {.multicast_group = "nonsense"},   {.outgoing_address = "[::1]"},
        {.outgoing_address = ""},
    };
    memset(bad[4].outgoing_address, '1', sizeof(bad[4].outgoing_address)); // no NUL
    start(&f, ROC_FEC_ENCODING_DISABLE);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(roc_sender_configure(f.sender, 0, api_source, &bad[i]), -1);
    assert_int_equal(query(&f, 0), -1); // not even made
    assert_int_equal(connect_source(&f, 0, "rtp"), 0);
    assert_int_equal(roc_sender_configure(f.sender, 0, api_source, &bad[0]), -1);
    assert_int_equal(query(&f, 0), 0);
    stop(&f);
}

static void test_sender_configure_refuses_null(void **state)
{
    struct fixture f;
    const roc_interface_config config = {0};
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(roc_sender_configure(NULL, 0, api_source, &config), -1);
    assert_int_equal(roc_sender_configure(f.sender, 0, api_source, NULL), -1);
    assert_int_equal(roc_sender_configure(f.sender, 0, (roc_interface)2, &config), -1);
    assert_int_equal(query(&f, 0), -1);
    stop(&f);
}

static void test_sender_configure_makes_a_slot(void **state)
{
    struct fixture f;
    const roc_interface_config config = {0};
    const roc_interface all[] = {ROC_INTERFACE_CONSOLIDATED, ROC_INTERFACE_AUDIO_SOURCE,
                                 ROC_INTERFACE_AUDIO_REPAIR, ROC_INTERFACE_AUDIO_CONTROL};
    start(&f, ROC_FEC_ENCODING_DISABLE);
    for (roc_slot i = 0; i < 4; i++) {
        assert_int_equal(roc_sender_configure(f.sender, i, all[i], &config), 0);
        assert_int_equal(roc_sender_configure(f.sender, i, all[i], &config), 0);
        assert_int_equal(query(&f, i), 0);
        assert_int_equal(roc_sender_unlink(f.sender, i), 0);
        assert_int_equal(query(&f, i), -1);
    }
    stop(&f);
}

static void test_sender_configure_after_connect_breaks_the_slot(void **state)
{
    struct fixture f;
    const roc_interface_config config = {0};
    start(&f, ROC_FEC_ENCODING_RS8M);
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), 0);
    assert_int_equal(roc_sender_configure(f.sender, 0, api_repair, &config), 0);
    assert_int_equal(roc_sender_configure(f.sender, 0, api_source, &config), -1);
    check_broken(&f, 0);
    stop(&f);
}

static void test_sender_uses_outgoing_address(void **state)
{
    struct fixture f;
    struct api_datagram d;
    const roc_interface_config config = {.outgoing_address = "127.0.0.9"};
    start(&f, ROC_FEC_ENCODING_RS8M);
    // Set for one interface, it holds for the slot, which has one socket.
    assert_int_equal(roc_sender_configure(f.sender, 0, api_repair, &config), 0);
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), 0);
    assert_int_equal(connect_repair(&f, 0), 0);
    assert_int_equal(write_packets(&f, 1), 0);
    api_socket_expect(&f.source, &d);
    assert_int_equal(ntohl(d.from.sin_addr.s_addr), 0x7f000009);
    stop(&f);
}

static void test_sender_foreign_outgoing_address_fails_at_connect(void **state)
{
    struct fixture f;
    const roc_interface_config config = {.outgoing_address = "192.0.2.1"};
    start(&f, ROC_FEC_ENCODING_RS8M);
    assert_int_equal(roc_sender_configure(f.sender, 0, api_source, &config), 0);
    assert_int_equal(connect_source(&f, 0, "rtp+rs8m"), -1);
    check_broken(&f, 0);
    stop(&f);
}

// Querying and unlinking

static void test_sender_query_obeys_its_rules(void **state)
{
    struct fixture f;
    roc_sender_metrics slot = {.connection_count = 7};
    roc_connection_metrics connections[2];
    size_t count = 2;
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(roc_sender_query(f.sender, 0, &slot, connections, &count), -1);
    assert_int_equal(slot.connection_count, 7);
    assert_int_equal(connect_source(&f, 0, "rtp"), 0);
    assert_int_equal(roc_sender_query(NULL, 0, &slot, connections, &count), -1);
    assert_int_equal(roc_sender_query(f.sender, 0, &slot, connections, NULL), -1);
    assert_int_equal(roc_sender_query(f.sender, 0, &slot, NULL, NULL), 0);
    assert_int_equal(slot.connection_count, 0);
    assert_int_equal(roc_sender_query(f.sender, 0, NULL, connections, &count), 0);
    assert_int_equal(count, 0);
    count = 5;
    assert_int_equal(roc_sender_query(f.sender, 0, NULL, NULL, &count), 0);
    assert_int_equal(count, 0);
    stop(&f);
}

static void test_sender_unlink_refuses_unknown(void **state)
{
    struct fixture f;
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(roc_sender_unlink(NULL, 0), -1);
    assert_int_equal(roc_sender_unlink(f.sender, 0), -1);
    stop(&f);
}

// Writing

static void test_sender_write_refuses_bad_frames(void **state)
{
    struct fixture f;
    float samples[8] = {0};
    roc_frame frame = {.samples = samples, .samples_size = sizeof(samples)};
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(roc_sender_write(NULL, &frame), -1);
    assert_int_equal(roc_sender_write(f.sender, NULL), -1);
    frame.samples_size = 4;
    assert_int_equal(roc_sender_write(f.sender, &frame), -1);
    frame.samples_size = 9;
    assert_int_equal(roc_sender_write(f.sender, &frame), -1);
    frame = (roc_frame){.samples = NULL, .samples_size = 8};
    assert_int_equal(roc_sender_write(f.sender, &frame), -1);
    frame.samples_size = 0;
    assert_int_equal(roc_sender_write(f.sender, &frame), 0);
    frame = (roc_frame){.samples = samples, .samples_size = 8};
    assert_int_equal(roc_sender_write(f.sender, &frame), 0);
    stop(&f);
}

static void test_sender_write_takes_frames_of_any_length(void **state)
{
    struct fixture f;
    static const float second[44100 * CHANNELS];
    struct api_datagram d;
    start(&f, ROC_FEC_ENCODING_DISABLE);
    assert_int_equal(connect_source(&f, 0, "rtp"), 0);
    // A packet from single samples, then 199 from a second in one frame.
    for (int i = 0; i < PACKET; i++)
        assert_int_equal(api_write(f.sender, silence, CHANNELS), 0);
    assert_int_equal(api_write(f.sender, second, 44100 * CHANNELS), 0);
    assert_int_equal(roc_sender_unlink(f.sender, 0), 0);
    for (int i = 0; i < 200; i++) {
        api_socket_expect(&f.source, &d);
        assert_int_equal(d.size, 12 + PACKET * 4);
    }
    assert_false(api_socket_receive(&f.source, &d, 0));
    stop(&f);
}

static void test_sender_maps_channels_of_frames_to_packets(void **state)
{
    struct fixture f;
    struct api_datagram d;
    float mono[PACKET];
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    config.frame_encoding = api_encoding(44100, ROC_CHANNEL_LAYOUT_MONO);
    start_with(&f, &config);
    assert_int_equal(connect_source(&f, 0, "rtp"), 0);
    for (int i = 0; i < PACKET; i++)
        mono[i] = (float)i / 32768.f;
    assert_int_equal(api_write(f.sender, mono, PACKET), 0);
    api_socket_expect(&f.source, &d);
    assert_int_equal(d.size, 12 + PACKET * 4);
    for (int i = 0; i < PACKET; i++)
        for (int c = 0; c < 2; c++)
            assert_int_equal(d.data[12 + i * 4 + c * 2 + 1], i);
    stop(&f);

    float stereo[PACKET * CHANNELS];
    config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    config.packet_encoding = ROC_PACKET_ENCODING_AVP_L16_MONO;
    start_with(&f, &config);
    assert_int_equal(connect_source(&f, 0, "rtp"), 0);
    for (int i = 0; i < PACKET; i++) {
        stereo[2 * i] = (float)i / 32768.f;
        stereo[2 * i + 1] = 0;
    }
    assert_int_equal(api_write(f.sender, stereo, PACKET * CHANNELS), 0);
    api_socket_expect(&f.source, &d);
    assert_int_equal(d.size, 12 + PACKET * 2);
    for (int i = 0; i < PACKET; i++)
        assert_int_equal(d.data[12 + i * 2 + 1], i / 2);
    stop(&f);
}

static void test_sender_with_internal_clock_sends_everything(void **state)
{
    struct fixture f;
    struct api_datagram d;
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    config.clock_source = ROC_CLOCK_SOURCE_INTERNAL;
    start_with(&f, &config);
    assert_int_equal(connect_source(&f, 0, "rtp"), 0);
    assert_int_equal(api_write(f.sender, silence, PACKET * 4 * CHANNELS), 0);
    for (int i = 0; i < 4; i++)
        api_socket_expect(&f.source, &d);
    stop(&f);
}

int main(void)
{
    log_set_level(LOG_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sender_open_refuses_null),
        cmocka_unit_test(test_sender_open_refuses_bad_frame_encoding),
        cmocka_unit_test(test_sender_open_refuses_unknown_enum_values),
        cmocka_unit_test(test_sender_open_refuses_what_is_not_there_yet),
        cmocka_unit_test(test_sender_open_refuses_unregistered_packet_encoding),
        cmocka_unit_test(test_sender_finds_packet_encoding_by_rate_and_channels),
        cmocka_unit_test(test_sender_keeps_its_context_open),
        cmocka_unit_test(test_sender_slot_sends_when_it_is_complete),
        cmocka_unit_test(test_sender_slots_are_independent),
        cmocka_unit_test(test_sender_connect_with_bad_arguments_makes_no_slot),
        cmocka_unit_test(test_sender_failed_connect_breaks_the_slot),
        cmocka_unit_test(test_sender_second_connect_breaks_the_slot),
        cmocka_unit_test(test_sender_without_fec_refuses_repair),
        cmocka_unit_test(test_sender_broken_slot_leaves_others_alone),
        cmocka_unit_test(test_sender_mixed_families_break_the_slot),
        cmocka_unit_test(test_sender_bad_packet_length_fails_at_connect),
        cmocka_unit_test(test_sender_bad_block_fails_at_connect),
        cmocka_unit_test(test_sender_obeys_block_and_packet_length),
        cmocka_unit_test(test_sender_without_repair_packets_sends_none),
        cmocka_unit_test(test_sender_shuffles_packets_only_with_fec),
        cmocka_unit_test(test_sender_configure_refuses_bad_addresses_without_harm),
        cmocka_unit_test(test_sender_configure_refuses_null),
        cmocka_unit_test(test_sender_configure_makes_a_slot),
        cmocka_unit_test(test_sender_configure_after_connect_breaks_the_slot),
        cmocka_unit_test(test_sender_uses_outgoing_address),
        cmocka_unit_test(test_sender_foreign_outgoing_address_fails_at_connect),
        cmocka_unit_test(test_sender_query_obeys_its_rules),
        cmocka_unit_test(test_sender_unlink_refuses_unknown),
        cmocka_unit_test(test_sender_write_refuses_bad_frames),
        cmocka_unit_test(test_sender_write_takes_frames_of_any_length),
        cmocka_unit_test(test_sender_maps_channels_of_frames_to_packets),
        cmocka_unit_test(test_sender_with_internal_clock_sends_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
