// SPDX-License-Identifier: MPL-2.0
//
// Every misuse of a transceiver is an error with a sentence, and changes nothing.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>

#include "roc/transceiver.h"
#include "sound_files.h"

static roc_context *context;
static roc_transceiver *transceiver;
static struct temp_dir dir;

static int setup(void **state)
{
    const roc_context_config config = {0};
    temp_dir_init(&dir);
    write_noise(temp_path(&dir, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 2000);
    if (roc_context_open(&config, &context) != 0)
        return -1;
    return roc_transceiver_open(context, NULL, &transceiver);
}

static int teardown(void **state)
{
    static const char *const names[] = {"in.wav", "out.wav", NULL};
    const int code = roc_transceiver_close(transceiver);
    temp_dir_finish(&dir, names);
    return code != 0 ? code : roc_context_close(context);
}

static void refused(int code, int want, const char *word)
{
    assert_int_equal(code, want);
    if (strstr(roc_transceiver_error(), word) == NULL)
        fail_msg("'%s' does not say '%s'", roc_transceiver_error(), word);
}

static void ok(int code)
{
    if (code != 0)
        fail_msg("%s", roc_transceiver_error());
}

static roc_port add(roc_port_kind kind)
{
    const roc_port_config config = {.kind = kind};
    roc_port port = 0;
    ok(roc_transceiver_add_port(transceiver, &config, &port));
    assert_int_not_equal(port, 0);
    return port;
}

static roc_port_metrics query(roc_port port)
{
    roc_port_metrics metrics;
    ok(roc_transceiver_query_port(transceiver, port, &metrics));
    return metrics;
}

static void test_transceiver_open_refuses_bad_arguments(void **state)
{
    roc_transceiver *other = NULL;
    roc_transceiver_config config = {0};
    refused(roc_transceiver_open(NULL, &config, &other), -EINVAL, "context");
    refused(roc_transceiver_open(context, &config, NULL), -EINVAL, "result");
    refused(roc_transceiver_close(NULL), -EINVAL, "NULL");
    const roc_impairment bad[] = {
        {.loss = 1.1},
        {.loss = -0.1},
        {.duplicate = NAN},
        {.reorder = INFINITY},
        {.delay = 70000000000ull},
        {.jitter = 18446744073709551615ull},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        config.impairment = bad[i];
        refused(roc_transceiver_open(context, &config, &other), -EINVAL, "impairment");
    }
    config.impairment = (roc_impairment){0};
    static const unsigned long long periods[] = {1, 99999, 100000001, 18446744073709551615ull};
    for (size_t i = 0; i < 4; i++) {
        config.period = periods[i];
        refused(roc_transceiver_open(context, &config, &other), -EINVAL, "period");
    }
    assert_null(other);
}

static void test_transceiver_add_port_refuses_bad_configs(void **state)
{
    const struct {
        roc_port_config config;
        int code;
        const char *word;
    } cases[] = {
        {{.kind = (roc_port_kind)0}, -EINVAL, "kind"},
        {{.kind = (roc_port_kind)99}, -EINVAL, "kind"},
        {{.kind = ROC_PORT_FILE_PLAYER}, -EINVAL, "path"},
        {{.kind = ROC_PORT_FILE_PLAYER, .path = "/nowhere/x.wav"}, -ENOENT, "/nowhere/x.wav"},
        {{.kind = ROC_PORT_FILE_RECORDER, .path = "/nowhere/x.wav"}, -ENOENT, "folder"},
        {{.kind = ROC_PORT_TONE, .frequency = 30000}, -EINVAL, "30000"},
        {{.kind = ROC_PORT_TONE, .level_db = 3}, -EINVAL, "clip"},
        {{.kind = ROC_PORT_NULL_SINK, .channels = 1000}, -EINVAL, "1000 channels"},
        {{.kind = ROC_PORT_NULL_SOURCE, .rate = 1}, -EINVAL, "rate"},
        {{.kind = ROC_PORT_NET_SENDER, .rate = 48000}, -ENOTSUP, "48000"},
        {{.kind = ROC_PORT_NET_SENDER, .channels = 3}, -ENOTSUP, "3 channels"},
        {{.kind = ROC_PORT_NET_SENDER, .payload_type = 96}, -EINVAL, "96"},
        {{.kind = ROC_PORT_NET_SENDER, .payload_type = 1000000}, -EINVAL, "1000000"},
        {{.kind = ROC_PORT_NET_SENDER, .payload_type = 10, .channels = 1}, -ENOTSUP, "1 channels"},
        {{.kind = ROC_PORT_NET_SENDER, .fec = (roc_port_fec)7}, -EINVAL, "FEC"},
        {{.kind = ROC_PORT_NET_SENDER, .packet_length = 1}, -EINVAL, "sample"},
        {{.kind = ROC_PORT_NET_SENDER, .packet_length = 1000000001}, -EINVAL, "long"},
        {{.kind = ROC_PORT_NET_SENDER, .packet_length = 18446744073709551615ull}, -EINVAL, "long"},
        {{.kind = ROC_PORT_NET_SENDER, .fec = ROC_PORT_FEC_RS8M, .fec_repair_packets = 5},
         -EINVAL,
         "block"},
        {{.kind = ROC_PORT_NET_SENDER,
          .fec = ROC_PORT_FEC_RS8M,
          .fec_source_packets = 250,
          .fec_repair_packets = 6},
         -EINVAL,
         "255"},
        {{.kind = ROC_PORT_NET_SENDER,
          .fec = ROC_PORT_FEC_RS8M,
          .fec_source_packets = 4294967295u,
          .fec_repair_packets = 2},
         -EINVAL,
         "255"},
        {{.kind = ROC_PORT_NET_RECEIVER, .rate = 48000}, -ENOTSUP, "48000"},
        {{.kind = ROC_PORT_NET_RECEIVER, .min_target_latency = 2, .max_target_latency = 1},
         -EINVAL,
         "between 2 and 1"},
        {{.kind = ROC_PORT_NET_RECEIVER, .min_target_latency = 2}, -EINVAL, "between 2 and 0"},
        {{.kind = ROC_PORT_NET_RECEIVER,
          .max_target_latency = 1,
          .latency_tuner_profile = ROC_LATENCY_TUNER_PROFILE_INTACT},
         -EINVAL,
         "intact"},
        {{.kind = ROC_PORT_NET_RECEIVER, .payload_type = 96}, -EINVAL, "96"},
        {{.kind = ROC_PORT_NET_RECEIVER, .target_latency = 18446744073709551615ull},
         -EINVAL,
         "minute"},
    };
    roc_port port = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        refused(roc_transceiver_add_port(transceiver, &cases[i].config, &port), cases[i].code,
                cases[i].word);
    assert_int_equal(port, 0);
    const roc_port_config good = {.kind = ROC_PORT_TONE};
    refused(roc_transceiver_add_port(NULL, &good, &port), -EINVAL, "transceiver");
    refused(roc_transceiver_add_port(transceiver, NULL, &port), -EINVAL, "config");
    refused(roc_transceiver_add_port(transceiver, &good, NULL), -EINVAL, "result");
}

static void test_transceiver_link_refuses_misuse(void **state)
{
    const roc_port tone = add(ROC_PORT_TONE);
    const roc_port sink = add(ROC_PORT_NULL_SINK);
    const roc_port_config fast_config = {.kind = ROC_PORT_NULL_SINK, .rate = 48000};
    roc_port fast;
    ok(roc_transceiver_add_port(transceiver, &fast_config, &fast));
    roc_link link = 0;
    const roc_link_config bad = {.gain = NAN};
    refused(roc_transceiver_link(transceiver, 12345, sink, NULL, &link), -ENOENT, "12345");
    refused(roc_transceiver_link(transceiver, tone, 12345, NULL, &link), -ENOENT, "12345");
    refused(roc_transceiver_link(transceiver, sink, tone, NULL, &link), -EINVAL, "source");
    refused(roc_transceiver_link(transceiver, tone, tone, NULL, &link), -EINVAL, "sink");
    refused(roc_transceiver_link(transceiver, tone, fast, NULL, &link), -ENOTSUP, "48000");
    refused(roc_transceiver_link(transceiver, tone, sink, &bad, &link), -EINVAL, "gain");
    refused(roc_transceiver_link(transceiver, tone, sink, NULL, NULL), -EINVAL, "result");
    refused(roc_transceiver_link(NULL, tone, sink, NULL, &link), -EINVAL, "transceiver");
    assert_int_equal(link, 0);
    ok(roc_transceiver_link(transceiver, tone, sink, NULL, &link));
    roc_link again;
    refused(roc_transceiver_link(transceiver, tone, sink, NULL, &again), -EEXIST, "already");
    refused(roc_transceiver_configure_link(transceiver, link, &bad), -EINVAL, "gain");
    refused(roc_transceiver_configure_link(transceiver, link, NULL), -EINVAL, "config");
    refused(roc_transceiver_configure_link(transceiver, tone, &bad), -ENOENT, "no link");
    ok(roc_transceiver_unlink(transceiver, link));
    refused(roc_transceiver_unlink(transceiver, link), -ENOENT, "no link");
    refused(roc_transceiver_unlink(NULL, link), -EINVAL, "NULL");
}

static void test_transceiver_handles_that_are_gone_are_unknown(void **state)
{
    const roc_port tone = add(ROC_PORT_TONE);
    const roc_port sink = add(ROC_PORT_NULL_SINK);
    roc_link link;
    ok(roc_transceiver_link(transceiver, tone, sink, NULL, &link));
    ok(roc_transceiver_remove_port(transceiver, tone));
    const roc_link_config config = {.gain = 1};
    roc_port_metrics metrics;
    refused(roc_transceiver_remove_port(transceiver, tone), -ENOENT, "no port");
    refused(roc_transceiver_query_port(transceiver, tone, &metrics), -ENOENT, "no port");
    refused(roc_transceiver_link(transceiver, tone, sink, NULL, &link), -ENOENT, "no port");
    refused(roc_transceiver_configure_link(transceiver, link, &config), -ENOENT, "no link");
    refused(roc_transceiver_unlink(transceiver, link), -ENOENT, "no link");
    refused(roc_transceiver_disconnect(transceiver, tone, 0), -ENOENT, "no port");
    assert_int_equal(query(sink).state, ROC_PORT_READY);
    assert_int_not_equal(add(ROC_PORT_TONE), tone);
    refused(roc_transceiver_query_port(transceiver, sink, NULL), -EINVAL, "place");
    refused(roc_transceiver_query_port(NULL, sink, &metrics), -EINVAL, "transceiver");
    refused(roc_transceiver_remove_port(NULL, sink), -EINVAL, "NULL");
}

static roc_endpoint *new_endpoint(const char *uri)
{
    roc_endpoint *endpoint = NULL;
    assert_int_equal(roc_endpoint_allocate(&endpoint), 0);
    if (uri != NULL)
        assert_int_equal(roc_endpoint_set_uri(endpoint, uri), 0);
    return endpoint;
}

static int bind_to(roc_port port, roc_interface iface, const char *uri)
{
    roc_endpoint *endpoint = new_endpoint(uri);
    const int code = roc_transceiver_bind(transceiver, port, iface, endpoint);
    roc_endpoint_deallocate(endpoint);
    return code;
}

static int connect_to(roc_port port, roc_slot slot, roc_interface iface, const char *uri)
{
    roc_endpoint *endpoint = new_endpoint(uri);
    const int code = roc_transceiver_connect(transceiver, port, slot, iface, endpoint);
    roc_endpoint_deallocate(endpoint);
    return code;
}

#define SOURCE ROC_INTERFACE_AUDIO_SOURCE
#define REPAIR ROC_INTERFACE_AUDIO_REPAIR

static void test_transceiver_bind_refuses_misuse(void **state)
{
    const roc_port receiver = add(ROC_PORT_NET_RECEIVER);
    const roc_port sender = add(ROC_PORT_NET_SENDER);
    refused(bind_to(receiver, SOURCE, NULL), -EINVAL, "complete");
    refused(roc_transceiver_bind(transceiver, receiver, SOURCE, NULL), -EINVAL, "NULL");
    refused(bind_to(999, SOURCE, "rtp://127.0.0.1:0"), -ENOENT, "999");
    refused(bind_to(sender, SOURCE, "rtp://127.0.0.1:0"), -EINVAL, "no network receiver");
    refused(bind_to(receiver, REPAIR, "rtp://127.0.0.1:0"), -EPROTO, "repair");
    refused(bind_to(receiver, SOURCE, "rs8m://127.0.0.1:0"), -EPROTO, "source");
    refused(bind_to(receiver, (roc_interface)5, "rtp://127.0.0.1:0"), -EPROTO, "unknown");
    refused(bind_to(receiver, ROC_INTERFACE_CONSOLIDATED, "rtsp://127.0.0.1"), -ENOTSUP, "rtsp");
    refused(bind_to(receiver, SOURCE, "rtp://no-such-host.invalid:0"), -EHOSTUNREACH,
            "no-such-host.invalid");
    refused(bind_to(receiver, SOURCE, "rtp://192.0.2.1:0"), -EADDRNOTAVAIL, "192.0.2.1");

    roc_endpoint *endpoint = new_endpoint("rtp+rs8m://127.0.0.1:0");
    ok(roc_transceiver_bind(transceiver, receiver, SOURCE, endpoint));
    int port = 0;
    assert_int_equal(roc_endpoint_get_port(endpoint, &port), 0);
    assert_int_not_equal(port, 0);
    refused(bind_to(receiver, SOURCE, "rtp+rs8m://127.0.0.1:0"), -EBUSY, "already");
    refused(bind_to(receiver, SOURCE, "rtp://127.0.0.1:0"), -EPROTO, "rtp");
    refused(bind_to(receiver, REPAIR, "ldpc://127.0.0.1:0"), -EPROTO, "rtp+ldpc:// with ldpc");
    const roc_port other = add(ROC_PORT_NET_RECEIVER);
    refused(roc_transceiver_bind(transceiver, other, SOURCE, endpoint), -EADDRINUSE, "another");
    roc_endpoint_deallocate(endpoint);
    ok(bind_to(receiver, REPAIR, "rs8m://127.0.0.1:0"));
    // Without FEC there is nothing to repair with.
    ok(bind_to(other, SOURCE, "rtp://127.0.0.1:0"));
    refused(bind_to(other, REPAIR, "rs8m://127.0.0.1:0"), -EPROTO, "rs8m");
}

static void test_transceiver_connect_refuses_misuse(void **state)
{
    const roc_port receiver = add(ROC_PORT_NET_RECEIVER);
    const roc_port plain = add(ROC_PORT_NET_SENDER);
    const roc_port_config config = {.kind = ROC_PORT_NET_SENDER, .fec = ROC_PORT_FEC_RS8M};
    roc_port safe;
    ok(roc_transceiver_add_port(transceiver, &config, &safe));
    refused(connect_to(plain, 0, SOURCE, NULL), -EINVAL, "complete");
    refused(connect_to(999, 0, SOURCE, "rtp://127.0.0.1:9"), -ENOENT, "999");
    refused(connect_to(receiver, 0, SOURCE, "rtp://127.0.0.1:9"), -EINVAL, "no network sender");
    refused(connect_to(plain, 0, SOURCE, "rtp://127.0.0.1:0"), -EINVAL, "port 0");
    refused(connect_to(plain, 0, SOURCE, "rtp+rs8m://127.0.0.1:9"), -EPROTO, "without FEC");
    refused(connect_to(plain, 0, REPAIR, "rs8m://127.0.0.1:9"), -EPROTO, "without FEC");
    refused(connect_to(safe, 0, SOURCE, "rtp://127.0.0.1:9"), -EPROTO, "with FEC");
    refused(connect_to(safe, 0, REPAIR, "rtp+rs8m://127.0.0.1:9"), -EPROTO, "repair");
    refused(connect_to(safe, 0, SOURCE, "rtp+ldpc://127.0.0.1:9"), -EPROTO,
            "use rtp+rs8m:// with rs8m://");
    refused(connect_to(safe, 0, SOURCE, "rtp+rs8m://no-such-host.invalid:9"), -EHOSTUNREACH,
            "no-such-host.invalid");
    ok(connect_to(safe, 7, SOURCE, "rtp+rs8m://127.0.0.1:9"));
    refused(connect_to(safe, 7, SOURCE, "rtp+rs8m://127.0.0.1:9"), -EBUSY, "already");
    refused(connect_to(safe, 7, REPAIR, "rs8m://[::1]:9"), -EINVAL, "family");
    ok(connect_to(safe, 7, REPAIR, "rs8m://127.0.0.1:10"));
    ok(connect_to(safe, 8, SOURCE, "rtp+rs8m://127.0.0.1:9"));
    refused(roc_transceiver_disconnect(transceiver, safe, 9), -ENOENT, "slot 9");
    refused(roc_transceiver_disconnect(transceiver, receiver, 7), -EINVAL, "no network sender");
    ok(roc_transceiver_disconnect(transceiver, safe, 7));
    refused(roc_transceiver_disconnect(transceiver, safe, 7), -ENOENT, "slot 7");
    ok(connect_to(safe, 7, SOURCE, "rtp+rs8m://127.0.0.1:9"));
}

static void test_transceiver_uses_registered_encodings(void **state)
{
    const roc_media_encoding encoding = {.rate = 48000,
                                         .format = ROC_FORMAT_PCM_FLOAT32,
                                         .channels = ROC_CHANNEL_LAYOUT_MULTITRACK,
                                         .tracks = 3};
    ok(roc_context_register_encoding(context, 96, &encoding));
    const roc_port_config config = {.kind = ROC_PORT_NET_SENDER, .payload_type = 96};
    roc_port port;
    ok(roc_transceiver_add_port(transceiver, &config, &port));
    assert_int_equal(query(port).rate, 48000);
    assert_int_equal(query(port).channels, 3);
    const roc_port_config mono = {.kind = ROC_PORT_NET_RECEIVER, .channels = 1};
    ok(roc_transceiver_add_port(transceiver, &mono, &port));
    assert_int_equal(query(port).rate, 44100);
    assert_int_equal(query(port).channels, 1);
    assert_true(query(port).target_latency_ms == 200);
}

static void test_transceiver_player_begins_again_when_it_is_linked_again(void **state)
{
    const roc_port_config config = {.kind = ROC_PORT_FILE_PLAYER,
                                    .path = temp_path(&dir, "in.wav")};
    const roc_port_config sink_config = {.kind = ROC_PORT_NULL_SINK, .rate = 48000};
    roc_port player, sink;
    roc_link link;
    ok(roc_transceiver_add_port(transceiver, &config, &player));
    ok(roc_transceiver_add_port(transceiver, &sink_config, &sink));
    assert_int_equal(query(player).state, ROC_PORT_READY);
    assert_int_equal(query(player).rate, 48000);
    assert_int_equal(query(player).channels, 1);
    assert_int_equal(query(player).length_frames, 2000);
    for (int turn = 0; turn < 3; turn++) {
        ok(roc_transceiver_link(transceiver, player, sink, NULL, &link));
        assert_int_equal(query(sink).state, ROC_PORT_RUNNING);
        WAIT_UNTIL(query(player).state == ROC_PORT_FINISHED);
        assert_int_equal(query(player).state, ROC_PORT_FINISHED);
        assert_int_equal(query(player).frames, 2000);
        ok(roc_transceiver_unlink(transceiver, link));
    }
}

static void test_transceiver_closes_with_everything_still_there(void **state)
{
    roc_transceiver *other = NULL;
    ok(roc_transceiver_open(context, NULL, &other));
    const roc_port_config recorder_config = {.kind = ROC_PORT_FILE_RECORDER,
                                             .path = temp_path(&dir, "out.wav")};
    const roc_port_config tone_config = {.kind = ROC_PORT_TONE};
    const roc_port_config receiver_config = {.kind = ROC_PORT_NET_RECEIVER};
    roc_port tone, recorder, receiver;
    roc_link link;
    ok(roc_transceiver_add_port(other, &recorder_config, &recorder));
    ok(roc_transceiver_add_port(other, &tone_config, &tone));
    ok(roc_transceiver_add_port(other, &receiver_config, &receiver));
    ok(roc_transceiver_link(other, tone, recorder, NULL, &link));
    ok(roc_transceiver_link(other, receiver, recorder, NULL, &link));
    roc_port_metrics metrics = {0};
    WAIT_UNTIL(roc_transceiver_query_port(other, recorder, &metrics) == 0 && metrics.frames > 2000);
    assert_true(metrics.peak > 0.9f);
    ok(roc_transceiver_close(other));
    SF_INFO info;
    free(read_samples(temp_path(&dir, "out.wav"), &info));
    assert_true(info.frames > 2000);
}

#define transceiver_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        transceiver_test(test_transceiver_open_refuses_bad_arguments),
        transceiver_test(test_transceiver_add_port_refuses_bad_configs),
        transceiver_test(test_transceiver_link_refuses_misuse),
        transceiver_test(test_transceiver_handles_that_are_gone_are_unknown),
        transceiver_test(test_transceiver_bind_refuses_misuse),
        transceiver_test(test_transceiver_connect_refuses_misuse),
        transceiver_test(test_transceiver_uses_registered_encodings),
        transceiver_test(test_transceiver_player_begins_again_when_it_is_linked_again),
        transceiver_test(test_transceiver_closes_with_everything_still_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
