// SPDX-License-Identifier: MPL-2.0
//
// The whole way through the public API: file player, network sender, loopback with loss, network
// receiver, file recorder.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "roc/transceiver.h"
#include "sound_files.h"

#define FRAMES 60000

struct path {
    struct temp_dir dir;
    roc_context *context;
    roc_transceiver *sending, *receiving;
    roc_port player, sender, receiver, recorder;
    roc_link playing, recording;
};

static roc_endpoint *new_endpoint(const char *uri)
{
    roc_endpoint *endpoint = NULL;
    assert_int_equal(roc_endpoint_allocate(&endpoint), 0);
    assert_int_equal(roc_endpoint_set_uri(endpoint, uri), 0);
    return endpoint;
}

static void ok(int code)
{
    if (code != 0)
        fail_msg("%s", roc_transceiver_error());
}

static void connect_interface(struct path *path, roc_interface iface, const char *uri)
{
    roc_endpoint *endpoint = new_endpoint(uri);
    ok(roc_transceiver_bind(path->receiving, path->receiver, iface, endpoint));
    int port = 0;
    assert_int_equal(roc_endpoint_get_port(endpoint, &port), 0);
    assert_int_not_equal(port, 0);
    ok(roc_transceiver_connect(path->sending, path->sender, ROC_SLOT_DEFAULT, iface, endpoint));
    roc_endpoint_deallocate(endpoint);
}

static void path_open(struct path *path, const roc_impairment *impairment, roc_port_fec fec,
                      int frames)
{
    temp_dir_init(&path->dir);
    write_noise(temp_path(&path->dir, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2,
                frames);
    const roc_context_config context = {0};
    assert_int_equal(roc_context_open(&context, &path->context), 0);
    const roc_transceiver_config config = {.impairment = *impairment};
    ok(roc_transceiver_open(path->context, &config, &path->sending));
    ok(roc_transceiver_open(path->context, NULL, &path->receiving));

    const roc_port_config player = {.kind = ROC_PORT_FILE_PLAYER,
                                    .path = temp_path(&path->dir, "in.wav")};
    ok(roc_transceiver_add_port(path->sending, &player, &path->player));
    const roc_port_config sender = {.kind = ROC_PORT_NET_SENDER, .fec = fec};
    ok(roc_transceiver_add_port(path->sending, &sender, &path->sender));
    const roc_port_config receiver = {.kind = ROC_PORT_NET_RECEIVER};
    ok(roc_transceiver_add_port(path->receiving, &receiver, &path->receiver));
    const roc_port_config recorder = {.kind = ROC_PORT_FILE_RECORDER,
                                      .path = temp_path(&path->dir, "out.wav")};
    ok(roc_transceiver_add_port(path->receiving, &recorder, &path->recorder));

    ok(roc_transceiver_link(path->receiving, path->receiver, path->recorder, NULL,
                            &path->recording));
    if (fec == ROC_PORT_FEC_LDPC) {
        connect_interface(path, ROC_INTERFACE_AUDIO_SOURCE, "rtp+ldpc://127.0.0.1:0");
        connect_interface(path, ROC_INTERFACE_AUDIO_REPAIR, "ldpc://127.0.0.1:0");
    } else if (fec == ROC_PORT_FEC_RS8M) {
        connect_interface(path, ROC_INTERFACE_AUDIO_SOURCE, "rtp+rs8m://127.0.0.1:0");
        connect_interface(path, ROC_INTERFACE_AUDIO_REPAIR, "rs8m://127.0.0.1:0");
    } else {
        connect_interface(path, ROC_INTERFACE_AUDIO_SOURCE, "rtp://127.0.0.1:0");
    }
    ok(roc_transceiver_link(path->sending, path->player, path->sender, NULL, &path->playing));
}

static roc_port_metrics query(roc_transceiver *transceiver, roc_port port)
{
    roc_port_metrics metrics;
    ok(roc_transceiver_query_port(transceiver, port, &metrics));
    return metrics;
}

static void path_close(struct path *path)
{
    ok(roc_transceiver_close(path->sending));
    ok(roc_transceiver_close(path->receiving));
    assert_int_equal(roc_context_close(path->context), 0);
}

static void path_finish(struct path *path)
{
    static const char *const names[] = {"in.wav", "out.wav", NULL};
    temp_dir_finish(&path->dir, names);
}

// The recording must begin with the file, frame by frame, and go on with nothing but silence.
static void assert_recording_is_the_file(struct path *path, int frames)
{
    SF_INFO info;
    int16_t *samples = read_samples(temp_path(&path->dir, "out.wav"), &info);
    assert_non_null(samples);
    assert_true(info.frames >= frames);
    for (sf_count_t i = 0; i < info.frames * 2; i++) {
        const int16_t want = i < frames * 2 ? noise_sample((uint64_t)i) : 0;
        if (samples[i] != want)
            fail_msg("sample %d of %d differs", (int)i, frames * 2);
    }
    free(samples);
}

static void play_and_compare(const roc_impairment *impairment, roc_port_fec fec)
{
    struct path path;
    path_open(&path, impairment, fec, FRAMES);
    WAIT_UNTIL(query(path.receiving, path.recorder).frames >= FRAMES);
    const roc_port_metrics sent = query(path.sending, path.sender);
    const roc_port_metrics received = query(path.receiving, path.receiver);
    assert_int_equal(query(path.sending, path.player).state, ROC_PORT_FINISHED);
    assert_int_equal(query(path.sending, path.player).frames, FRAMES);
    assert_int_equal(sent.state, ROC_PORT_RUNNING);
    assert_true(sent.packets_sent >= FRAMES / 221);
    assert_int_equal(sent.repair_packets_sent > 0, fec != ROC_PORT_FEC_DISABLE);
    assert_int_equal(received.sessions, 1);
    assert_int_equal(received.sessions_total, 1);
    assert_true(received.peak > 0.9f);
    assert_true(received.packets_received > 0);
    assert_int_equal(received.frames_concealed, 0);
    if (impairment->loss > 0) {
        assert_true(received.packets_lost > 0);
        assert_true(received.packets_recovered > 0);
    }
    path_close(&path);
    assert_recording_is_the_file(&path, FRAMES);
    path_finish(&path);
}

static void test_path_is_bit_exact_without_fec(void **state)
{
    const roc_impairment none = {0};
    play_and_compare(&none, ROC_PORT_FEC_DISABLE);
}

static void test_path_is_bit_exact_with_fec_and_5_percent_loss(void **state)
{
    const roc_impairment impairment = {.loss = 0.05, .seed = 7};
    play_and_compare(&impairment, ROC_PORT_FEC_RS8M);
}

static void test_path_is_bit_exact_with_ldpc_and_3_percent_loss(void **state)
{
    const roc_impairment impairment = {.loss = 0.03, .seed = 7};
    play_and_compare(&impairment, ROC_PORT_FEC_LDPC);
}

static void test_path_is_bit_exact_with_fec_loss_jitter_and_reordering(void **state)
{
    const roc_impairment impairment = {.loss = 0.05,
                                       .duplicate = 0.05,
                                       .reorder = 0.05,
                                       .delay = 3000000,
                                       .jitter = 8000000,
                                       .seed = 11};
    play_and_compare(&impairment, ROC_PORT_FEC_RS8M);
}

// Links, ports, destinations and gains come and go while sound plays.
static void test_path_survives_changes_while_sound_plays(void **state)
{
    struct path path;
    const roc_impairment none = {0};
    path_open(&path, &none, ROC_PORT_FEC_RS8M, 44100);
    roc_link extra = 0;
    const roc_port_config tone = {.kind = ROC_PORT_TONE, .level_db = -20};
    const roc_port_config null_sink = {.kind = ROC_PORT_NULL_SINK, .channels = 1};
    for (int i = 0; i < 30; i++) {
        roc_port source, sink;
        roc_link link;
        ok(roc_transceiver_add_port(path.sending, &tone, &source));
        ok(roc_transceiver_link(path.sending, source, path.sender, NULL, &extra));
        const roc_link_config config = {.gain = (float)i / 30, .muted = i % 7 == 0};
        ok(roc_transceiver_configure_link(path.sending, extra, &config));
        if (i % 3 == 0)
            ok(roc_transceiver_unlink(path.sending, extra));
        if (i % 5 == 0) {
            ok(roc_transceiver_unlink(path.sending, path.playing));
            ok(roc_transceiver_link(path.sending, path.player, path.sender, NULL, &path.playing));
        }
        ok(roc_transceiver_add_port(path.receiving, &null_sink, &sink));
        ok(roc_transceiver_link(path.receiving, path.receiver, sink, &config, &link));
        query(path.sending, path.sender);
        query(path.receiving, path.receiver);
        ok(roc_transceiver_remove_port(path.sending, source));
        ok(roc_transceiver_remove_port(path.receiving, sink));
        assert_int_equal(roc_transceiver_unlink(path.receiving, link), -ENOENT);
    }
    assert_true(query(path.sending, path.sender).packets_sent > 0);
    ok(roc_transceiver_disconnect(path.sending, path.sender, ROC_SLOT_DEFAULT));
    ok(roc_transceiver_remove_port(path.receiving, path.recorder));
    path_close(&path);
    path_finish(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_is_bit_exact_without_fec),
        cmocka_unit_test(test_path_is_bit_exact_with_fec_and_5_percent_loss),
        cmocka_unit_test(test_path_is_bit_exact_with_ldpc_and_3_percent_loss),
        cmocka_unit_test(test_path_is_bit_exact_with_fec_loss_jitter_and_reordering),
        cmocka_unit_test(test_path_survives_changes_while_sound_plays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
