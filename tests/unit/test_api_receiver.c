// SPDX-License-Identifier: MPL-2.0

#include "api_fixture.h"

#define CHANNELS 2

struct fixture {
    roc_context *context;
    roc_receiver *receiver;
};

static void start(struct fixture *f)
{
    const roc_receiver_config config = api_receiver_config();
    f->context = api_context();
    assert_int_equal(roc_receiver_open(f->context, &config, &f->receiver), 0);
}

static void stop(struct fixture *f)
{
    assert_int_equal(roc_receiver_close(f->receiver), 0);
    assert_int_equal(roc_context_close(f->context), 0);
}

static int query(struct fixture *f, roc_slot slot)
{
    return roc_receiver_query(f->receiver, slot, NULL, NULL, NULL);
}

// Opening

static int try_open(roc_context *context, const roc_receiver_config *config)
{
    roc_receiver *const untouched = (roc_receiver *)(uintptr_t)1;
    roc_receiver *receiver = untouched;
    const int code = roc_receiver_open(context, config, &receiver);
    if (code == 0)
        assert_int_equal(roc_receiver_close(receiver), 0);
    else
        assert_ptr_equal(receiver, untouched);
    return code;
}

static void test_receiver_open_refuses_null(void **state)
{
    roc_context *context = api_context();
    const roc_receiver_config config = api_receiver_config();
    roc_receiver *receiver = NULL;
    assert_int_equal(roc_receiver_open(NULL, &config, &receiver), -1);
    assert_int_equal(roc_receiver_open(context, NULL, &receiver), -1);
    assert_int_equal(roc_receiver_open(context, &config, NULL), -1);
    assert_int_equal(roc_receiver_close(NULL), -1);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_receiver_open_refuses_bad_frame_encoding(void **state)
{
    roc_context *context = api_context();
    const roc_media_encoding bad[] = {
        {0},
        {.rate = 44100, .format = 0, .channels = ROC_CHANNEL_LAYOUT_STEREO},
        {.rate = 44100, .format = ROC_FORMAT_PCM_FLOAT32, .channels = 0},
        {44100, ROC_FORMAT_PCM_FLOAT32, ROC_CHANNEL_LAYOUT_MONO, 1},
        {44100, ROC_FORMAT_PCM_FLOAT32, ROC_CHANNEL_LAYOUT_MULTITRACK, 0},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const roc_receiver_config config = {.frame_encoding = bad[i]};
        assert_int_equal(try_open(context, &config), -1);
    }
    assert_int_equal(roc_context_close(context), 0);
}

static void test_receiver_open_refuses_unknown_enum_values(void **state)
{
    roc_context *context = api_context();
    const roc_receiver_config good = api_receiver_config();
    const int bad[] = {-1, 4, 1000};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const int value = bad[i];
        roc_receiver_config config = good;
        config.clock_source = (roc_clock_source)value;
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
    assert_int_equal(roc_context_close(context), 0);
}

static void test_receiver_open_takes_every_latency_profile(void **state)
{
    roc_context *context = api_context();
    for (int profile = ROC_LATENCY_TUNER_PROFILE_DEFAULT;
         profile <= ROC_LATENCY_TUNER_PROFILE_GRADUAL; profile++) {
        roc_receiver_config config = api_receiver_config();
        config.latency_tuner_profile = (roc_latency_tuner_profile)profile;
        assert_int_equal(try_open(context, &config), 0);
    }
    assert_int_equal(roc_context_close(context), 0);
}

static void test_receiver_open_refuses_absurd_latency(void **state)
{
    roc_context *context = api_context();
    roc_receiver_config config = api_receiver_config();
    config.target_latency = ~0ull;
    assert_int_equal(try_open(context, &config), -1);
    config.target_latency = 61000000000;
    assert_int_equal(try_open(context, &config), -1);
    config.target_latency = 1;
    assert_int_equal(try_open(context, &config), 0);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_receiver_open_takes_rates_that_can_be_converted(void **state)
{
    roc_context *context = api_context();
    roc_receiver_config config = api_receiver_config();
    config.frame_encoding.rate = 48000;
    assert_int_equal(try_open(context, &config), 0);
    config.frame_encoding.rate = 384000;
    assert_int_equal(try_open(context, &config), -1);
    assert_int_equal(roc_context_register_encoding(context, 77, &config.frame_encoding), 0);
    assert_int_equal(try_open(context, &config), 0);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_receiver_keeps_its_context_open(void **state)
{
    struct fixture f;
    start(&f);
    assert_int_equal(roc_context_close(f.context), -1);
    stop(&f);
}

// Binding

static void test_receiver_bind_finds_free_ports(void **state)
{
    struct fixture f;
    start(&f);
    const int source = api_bind(f.receiver, 0, api_source, "rtp+rs8m");
    const int repair = api_bind(f.receiver, 0, api_repair, "rs8m");
    assert_int_not_equal(source, repair);
    assert_int_equal(query(&f, 0), 0);
    stop(&f);
}

static void test_receiver_repair_may_be_bound_first(void **state)
{
    struct fixture f;
    start(&f);
    api_bind(f.receiver, 0, api_repair, "rs8m");
    api_bind(f.receiver, 0, api_source, "rtp+rs8m");
    stop(&f);
}

static void test_receiver_bind_with_bad_arguments_makes_no_slot(void **state)
{
    struct fixture f;
    start(&f);
    roc_endpoint *endpoint = api_local_endpoint("rtp", 0);
    assert_int_equal(roc_receiver_bind(NULL, 0, api_source, endpoint), -1);
    assert_int_equal(roc_receiver_bind(f.receiver, 0, api_source, NULL), -1);
    assert_int_equal(roc_receiver_bind(f.receiver, 0, (roc_interface)0, endpoint), -1);
    assert_int_equal(roc_receiver_bind(f.receiver, 0, (roc_interface)10, endpoint), -1);
    assert_int_equal(query(&f, 0), -1);
    assert_int_equal(roc_receiver_bind(f.receiver, 0, api_source, endpoint), 0);
    assert_int_equal(roc_receiver_bind(f.receiver, 0, api_source, NULL), -1);
    assert_int_equal(query(&f, 0), 0);
    roc_endpoint_deallocate(endpoint);
    stop(&f);
}

// The slot refuses everything until it is unlinked, and its number can be used again then.
static void check_broken(struct fixture *f, roc_slot slot)
{
    const roc_interface_config config = {0};
    assert_int_equal(query(f, slot), -1);
    assert_int_equal(api_bind_uri(f->receiver, slot, api_source, "rtp://127.0.0.1:0"), -1);
    assert_int_equal(roc_receiver_configure(f->receiver, slot, api_source, &config), -1);
    assert_int_equal(query(f, slot), -1);
    assert_int_equal(roc_receiver_unlink(f->receiver, slot), 0);

    assert_int_equal(roc_receiver_unlink(f->receiver, slot), -1);
    api_bind(f->receiver, slot, api_source, "rtp");
    assert_int_equal(query(f, slot), 0);
    assert_int_equal(roc_receiver_unlink(f->receiver, slot), 0);
}

static void test_receiver_failed_bind_breaks_the_slot(void **state)
{
    struct fixture f;
    const struct {
        roc_interface iface;
        const char *uri; // NULL: nothing is set
    } bad[] = {
        {ROC_INTERFACE_AUDIO_SOURCE, NULL},
        {ROC_INTERFACE_AUDIO_SOURCE, "rtp://" API_BAD_HOST ":0"},
        {ROC_INTERFACE_AUDIO_SOURCE, "rtp://192.0.2.1:0"}, // nobody's
        {ROC_INTERFACE_AUDIO_SOURCE, "rs8m://127.0.0.1:0"},
        {ROC_INTERFACE_AUDIO_SOURCE, "ldpc://127.0.0.1:0"},
        {ROC_INTERFACE_AUDIO_REPAIR, "rtp://127.0.0.1:0"},
        {ROC_INTERFACE_AUDIO_REPAIR, "rtp+ldpc://127.0.0.1:0"},
        {ROC_INTERFACE_CONSOLIDATED, "rtsp://127.0.0.1:0"},
        {ROC_INTERFACE_CONSOLIDATED, "rtp://127.0.0.1:0"},
    };
    start(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(api_bind_uri(f.receiver, 3, bad[i].iface, bad[i].uri), -1);
        check_broken(&f, 3);
    }
    stop(&f);
}

static void test_receiver_taken_port_breaks_the_slot(void **state)
{
    struct fixture f;
    struct api_socket other;
    start(&f);
    api_socket_open(&other);
    roc_endpoint *endpoint = api_local_endpoint("rtp", other.port);
    assert_int_equal(roc_receiver_bind(f.receiver, 0, api_source, endpoint), -1);
    check_broken(&f, 0);
    api_socket_close(&other);
    roc_endpoint_deallocate(endpoint);
    stop(&f);
}

static void test_receiver_second_bind_breaks_the_slot(void **state)
{
    struct fixture f;
    start(&f);
    const int port = api_bind(f.receiver, 0, api_source, "rtp");
    assert_int_equal(api_bind_uri(f.receiver, 0, api_source, "rtp://127.0.0.1:0"), -1);
    // Its socket is closed: the port is free.
    roc_endpoint *endpoint = api_local_endpoint("rtp", port);
    assert_int_equal(roc_receiver_bind(f.receiver, 1, api_source, endpoint), 0);
    roc_endpoint_deallocate(endpoint);
    check_broken(&f, 0);
    stop(&f);
}

static void test_receiver_mismatch_of_fec_breaks_the_slot(void **state)
{
    struct fixture f;
    start(&f);
    api_bind(f.receiver, 0, api_source, "rtp");
    assert_int_equal(api_bind_uri(f.receiver, 0, api_repair, "rs8m://127.0.0.1:0"), -1);
    check_broken(&f, 0);
    api_bind(f.receiver, 0, api_repair, "rs8m");
    assert_int_equal(api_bind_uri(f.receiver, 0, api_source, "rtp://127.0.0.1:0"), -1);
    check_broken(&f, 0);
    stop(&f);
}

static void test_receiver_broken_slot_leaves_others_alone(void **state)
{
    struct fixture f;
    start(&f);
    api_bind(f.receiver, 0, api_source, "rtp");
    assert_int_equal(api_bind_uri(f.receiver, 1, api_source, "rs8m://127.0.0.1:0"), -1);
    assert_int_equal(query(&f, 0), 0);
    assert_int_equal(query(&f, 1), -1);
    stop(&f);
}

// Configuring

static void test_receiver_configure_refuses_bad_addresses_without_harm(void **state)
{
    struct fixture f;
    const roc_interface_config bad[] = {
        {.multicast_group = "localhost"},
        {.multicast_group = "1.2.3"},
        {.outgoing_address = "nonsense"},
    };
    start(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(roc_receiver_configure(f.receiver, 0, api_source, &bad[i]), -1);
    assert_int_equal(query(&f, 0), -1);
    api_bind(f.receiver, 0, api_source, "rtp");
    assert_int_equal(roc_receiver_configure(f.receiver, 0, api_source, &bad[0]), -1);
    assert_int_equal(query(&f, 0), 0);
    stop(&f);
}

static void test_receiver_configure_refuses_null(void **state)
{
    struct fixture f;
    const roc_interface_config config = {0};
    start(&f);
    assert_int_equal(roc_receiver_configure(NULL, 0, api_source, &config), -1);
    assert_int_equal(roc_receiver_configure(f.receiver, 0, api_source, NULL), -1);
    assert_int_equal(roc_receiver_configure(f.receiver, 0, (roc_interface)-1, &config), -1);
    assert_int_equal(query(&f, 0), -1);
    stop(&f);
}

static void test_receiver_configure_after_bind_breaks_the_slot(void **state)
{
    struct fixture f;
    const roc_interface_config config = {0};
    start(&f);
    assert_int_equal(roc_receiver_configure(f.receiver, 0, api_source, &config), 0);
    api_bind(f.receiver, 0, api_source, "rtp");
    assert_int_equal(roc_receiver_configure(f.receiver, 0, api_repair, &config), 0);
    assert_int_equal(roc_receiver_configure(f.receiver, 0, api_source, &config), -1);
    check_broken(&f, 0);
    stop(&f);
}

static void test_receiver_ignores_outgoing_address(void **state)
{
    struct fixture f;
    const roc_interface_config config = {.outgoing_address = "192.0.2.1"};
    start(&f);
    assert_int_equal(roc_receiver_configure(f.receiver, 0, api_source, &config), 0);
    api_bind(f.receiver, 0, api_source, "rtp");
    stop(&f);
}

static void test_receiver_group_needs_a_multicast_endpoint(void **state)
{
    struct fixture f;
    const roc_interface_config config = {.multicast_group = "127.0.0.1"};
    start(&f);
    assert_int_equal(roc_receiver_configure(f.receiver, 0, api_source, &config), 0);
    assert_int_equal(api_bind_uri(f.receiver, 0, api_source, "rtp://127.0.0.1:0"), -1);
    check_broken(&f, 0);
    stop(&f);
}

static void test_receiver_reuse_address_shares_a_port(void **state)
{
    struct fixture f;
    const roc_interface_config config = {.reuse_address = 1};
    struct api_socket other;
    start(&f);
    // A port that was free a moment ago; both binds say that they share.
    api_socket_open(&other);
    api_socket_close(&other);
    roc_endpoint *endpoint = api_local_endpoint("rtp", other.port);
    for (roc_slot slot = 0; slot < 2; slot++) {
        assert_int_equal(roc_receiver_configure(f.receiver, slot, api_source, &config), 0);
        assert_int_equal(roc_receiver_bind(f.receiver, slot, api_source, endpoint), 0);
    }
    roc_endpoint_deallocate(endpoint);
    stop(&f);
}

// Querying and unlinking

static void test_receiver_query_obeys_its_rules(void **state)
{
    struct fixture f;
    roc_receiver_metrics slot = {.connection_count = 7};
    roc_connection_metrics connections[2];
    size_t count = 2;
    start(&f);
    assert_int_equal(roc_receiver_query(f.receiver, 0, &slot, connections, &count), -1);
    assert_int_equal(slot.connection_count, 7);
    api_bind(f.receiver, 0, api_source, "rtp");
    assert_int_equal(roc_receiver_query(NULL, 0, &slot, connections, &count), -1);
    assert_int_equal(roc_receiver_query(f.receiver, 0, &slot, connections, NULL), -1);
    assert_int_equal(roc_receiver_query(f.receiver, 0, &slot, NULL, NULL), 0);
    assert_int_equal(slot.connection_count, 0);
    assert_int_equal(roc_receiver_query(f.receiver, 0, NULL, connections, &count), 0);
    assert_int_equal(count, 0);
    stop(&f);
}

static void test_receiver_unlink_refuses_unknown(void **state)
{
    struct fixture f;
    start(&f);
    assert_int_equal(roc_receiver_unlink(NULL, 0), -1);
    assert_int_equal(roc_receiver_unlink(f.receiver, 0), -1);
    stop(&f);
}

// Reading

static void check_zeros(struct fixture *f, size_t count)
{
    float *samples = malloc(count * sizeof(*samples));
    assert_non_null(samples);
    for (size_t i = 0; i < count; i++)
        samples[i] = 1;
    assert_int_equal(api_read(f->receiver, samples, count), 0);
    for (size_t i = 0; i < count; i++)
        assert_true(samples[i] == 0);
    free(samples);
}

static void test_receiver_read_gives_zeros_without_senders(void **state)
{
    struct fixture f;
    start(&f);
    check_zeros(&f, CHANNELS);
    check_zeros(&f, 44100 * CHANNELS);
    api_bind(f.receiver, 0, api_source, "rtp");
    check_zeros(&f, 1234 * CHANNELS);
    stop(&f);
}

static void test_receiver_read_refuses_bad_frames(void **state)
{
    struct fixture f;
    float samples[8] = {0};
    roc_frame frame = {.samples = samples, .samples_size = sizeof(samples)};
    start(&f);
    assert_int_equal(roc_receiver_read(NULL, &frame), -1);
    assert_int_equal(roc_receiver_read(f.receiver, NULL), -1);
    frame.samples_size = 4;
    assert_int_equal(roc_receiver_read(f.receiver, &frame), -1);
    frame = (roc_frame){.samples = NULL, .samples_size = 8};
    assert_int_equal(roc_receiver_read(f.receiver, &frame), -1);
    frame.samples_size = 0;
    assert_int_equal(roc_receiver_read(f.receiver, &frame), 0);
    stop(&f);
}

static void test_receiver_with_internal_clock_fills_the_whole_frame(void **state)
{
    struct fixture f;
    roc_receiver_config config = api_receiver_config();
    config.clock_source = ROC_CLOCK_SOURCE_INTERNAL;
    f.context = api_context();
    assert_int_equal(roc_receiver_open(f.context, &config, &f.receiver), 0);
    check_zeros(&f, 1000 * CHANNELS);
    stop(&f);
}

int main(void)
{
    log_set_level(LOG_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receiver_open_refuses_null),
        cmocka_unit_test(test_receiver_open_refuses_bad_frame_encoding),
        cmocka_unit_test(test_receiver_open_refuses_unknown_enum_values),
        cmocka_unit_test(test_receiver_open_takes_every_latency_profile),
        cmocka_unit_test(test_receiver_open_refuses_absurd_latency),
        cmocka_unit_test(test_receiver_open_takes_rates_that_can_be_converted),
        cmocka_unit_test(test_receiver_keeps_its_context_open),
        cmocka_unit_test(test_receiver_bind_finds_free_ports),
        cmocka_unit_test(test_receiver_repair_may_be_bound_first),
        cmocka_unit_test(test_receiver_bind_with_bad_arguments_makes_no_slot),
        cmocka_unit_test(test_receiver_failed_bind_breaks_the_slot),
        cmocka_unit_test(test_receiver_taken_port_breaks_the_slot),
        cmocka_unit_test(test_receiver_second_bind_breaks_the_slot),
        cmocka_unit_test(test_receiver_mismatch_of_fec_breaks_the_slot),
        cmocka_unit_test(test_receiver_broken_slot_leaves_others_alone),
        cmocka_unit_test(test_receiver_configure_refuses_bad_addresses_without_harm),
        cmocka_unit_test(test_receiver_configure_refuses_null),
        cmocka_unit_test(test_receiver_configure_after_bind_breaks_the_slot),
        cmocka_unit_test(test_receiver_ignores_outgoing_address),
        cmocka_unit_test(test_receiver_group_needs_a_multicast_endpoint),
        cmocka_unit_test(test_receiver_reuse_address_shares_a_port),
        cmocka_unit_test(test_receiver_query_obeys_its_rules),
        cmocka_unit_test(test_receiver_unlink_refuses_unknown),
        cmocka_unit_test(test_receiver_read_gives_zeros_without_senders),
        cmocka_unit_test(test_receiver_read_refuses_bad_frames),
        cmocka_unit_test(test_receiver_with_internal_clock_fills_the_whole_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
