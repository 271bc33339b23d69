// SPDX-License-Identifier: MPL-2.0
//
// A plugin that knows how the pattern of codec_fill goes on, in a receiver that loses packets.

#include <math.h>

#include "codec_fixture.h"
#include "roc/plugin.h"

#define ID        (ROC_PLUGIN_ID_MIN + 10)
#define LOOKAHEAD 10
#define PACKETS   200
#define STEP      (1.0f / 32768.0f)

struct plugin {
    roc_plugin_plc table; // first, so that the callbacks find the rest
    bool refuses, is_mad;
    unsigned made, freed;
    unsigned history_frames, lost_frames, shown_frames, wrong_frames;
    float last; // sample
};

static void *plugin_new(roc_plugin_plc *table, const roc_media_encoding *encoding)
{
    struct plugin *plugin = (struct plugin *)table;
    assert_int_equal(encoding->rate, 44100);
    assert_int_equal(encoding->format, ROC_FORMAT_PCM_FLOAT32);
    assert_int_equal(encoding->channels, ROC_CHANNEL_LAYOUT_STEREO);
    assert_int_equal(encoding->tracks, 0);
    if (plugin->refuses)
        return NULL;
    plugin->made++;
    return plugin;
}

static void plugin_delete(void *instance)
{
    ((struct plugin *)instance)->freed++;
}

static unsigned plugin_lookahead(void *instance)
{
    return LOOKAHEAD;
}

static void plugin_history(void *instance, const roc_frame *frame)
{
    struct plugin *plugin = instance;
    const float *samples = frame->samples;
    const size_t count = frame->samples_size / sizeof(float);
    plugin->history_frames += (unsigned)count / 2;
    plugin->last = samples[count - 1];
}

static float step(float sample)
{
    return sample >= 30000 * STEP ? STEP : sample + STEP;
}

static void plugin_loss(void *instance, roc_frame *lost, const roc_frame *next)
{
    struct plugin *plugin = instance;
    float *samples = lost->samples;
    const size_t count = lost->samples_size / sizeof(float);
    plugin->lost_frames += (unsigned)count / 2;
    for (size_t i = 0; i < count; i++) {
        plugin->last = step(plugin->last);
        samples[i] = plugin->is_mad ? (i % 2 ? NAN : -1e9f) : plugin->last;
    }
    if (next->samples_size == 0) {
        assert_null(next->samples);
        return;
    }
    plugin->shown_frames += (unsigned)(next->samples_size / sizeof(float) / 2);
    plugin->wrong_frames += *(const float *)next->samples != step(plugin->last);
}

static struct plugin make_plugin(void)
{
    return (struct plugin){.table = {
                               .new_cb = plugin_new,
                               .delete_cb = plugin_delete,
                               .lookahead_len_cb = plugin_lookahead,
                               .process_history_cb = plugin_history,
                               .process_loss_cb = plugin_loss,
                           }};
}

struct path {
    roc_context *context;
    roc_sender_encoder *encoder;
    roc_receiver_decoder *decoder;
    unsigned sent, wrong, out_of_range, missed;
};

static void path_open(struct path *p, roc_fec_encoding fec, int plc_backend, struct plugin *plugin)
{
    const roc_sender_config sender = api_sender_config(fec);
    const roc_receiver_config receiver = api_receiver_config();
    *p = (struct path){.context = api_context()};
    if (plugin != NULL)
        assert_int_equal(roc_context_register_plc(p->context, ID, &plugin->table), 0);
    assert_int_equal(roc_context_select_plc(p->context, plc_backend), 0);
    p->encoder = codec_encoder(p->context, &sender);
    p->decoder = codec_decoder(p->context, &receiver);
    if (fec == ROC_FEC_ENCODING_RS8M) {
        codec_activate_rs8m(p->encoder, p->decoder);
        return;
    }
    assert_int_equal(roc_sender_encoder_activate(p->encoder, api_source, ROC_PROTO_RTP), 0);
    assert_int_equal(roc_receiver_decoder_activate(p->decoder, api_source, ROC_PROTO_RTP), 0);
}

static void path_close(struct path *p)
{
    assert_int_equal(roc_sender_encoder_close(p->encoder), 0);
    assert_int_equal(roc_receiver_decoder_close(p->decoder), 0);
    assert_int_equal(roc_context_close(p->context), 0);
}

static void carry(struct path *p, roc_interface iface)
{
    struct codec_bytes bytes;
    while (codec_pop_packet(p->encoder, iface, &bytes))
        if (iface != api_source || ++p->sent % 9 != 0)
            assert_int_equal(codec_push_packet(p->decoder, iface, &bytes), 0);
}

// Every ninth packet is lost.
static void path_run(struct path *p)
{
    float in[CODEC_FRAMES * 2], out[CODEC_FRAMES * 2], expected = 0;
    unsigned position = 0;
    for (unsigned i = 0; i < PACKETS; i++) {
        codec_fill(in, CODEC_FRAMES * 2, &position);
        assert_int_equal(codec_push(p->encoder, in, CODEC_FRAMES * 2), 0);
        carry(p, api_source);
        carry(p, api_repair);
        assert_int_equal(codec_pop(p->decoder, out, CODEC_FRAMES * 2), 0);
        for (size_t j = 0; j < CODEC_FRAMES * 2; j++) {
            p->out_of_range += !(out[j] >= -1 && out[j] <= 1);
            if (expected == 0 && out[j] == 0)
                continue;
            expected = step(expected);
            p->wrong += out[j] != expected;
            p->missed += out[j] == 0;
        }
    }
}

static void test_plugin_plc_fills_gaps(void **state)
{
    struct plugin plugin = make_plugin();
    struct path p;
    path_open(&p, ROC_FEC_ENCODING_DISABLE, ID, &plugin);
    path_run(&p);
    // It knew what was lost, and nothing else was changed.
    assert_int_equal(p.wrong, 0);
    assert_int_equal(plugin.made, 1);
    assert_true(plugin.lost_frames >= 15 * CODEC_FRAMES);
    assert_true(plugin.history_frames >= 130 * CODEC_FRAMES);
    assert_true(plugin.shown_frames >= 15 * LOOKAHEAD);
    assert_int_equal(plugin.wrong_frames, 0);
    path_close(&p);
    assert_int_equal(plugin.freed, 1);
}

static void test_plugin_plc_is_not_asked_for_what_fec_restores(void **state)
{
    struct plugin plugin = make_plugin();
    struct path p;
    path_open(&p, ROC_FEC_ENCODING_RS8M, ID, &plugin);
    path_run(&p);
    assert_int_equal(p.wrong, 0);
    assert_int_equal(plugin.lost_frames, 0);
    assert_true(plugin.history_frames > 0);
    path_close(&p);
}

static void test_plugin_plc_that_makes_no_sound_is_tamed(void **state)
{
    struct plugin plugin = make_plugin();
    struct path p;
    plugin.is_mad = true;
    path_open(&p, ROC_FEC_ENCODING_DISABLE, ID, &plugin);
    path_run(&p);
    assert_true(plugin.lost_frames > 0);
    assert_int_equal(p.out_of_range, 0);
    path_close(&p);
}

static void test_plugin_plc_that_refuses_is_replaced(void **state)
{
    struct plugin plugin = make_plugin();
    struct path p;
    plugin.refuses = true;
    path_open(&p, ROC_FEC_ENCODING_DISABLE, ID, &plugin);
    path_run(&p);
    assert_int_equal(plugin.made + plugin.freed + plugin.history_frames, 0);
    assert_true(p.wrong > 0);
    assert_true(p.missed < 10);
    path_close(&p);
}

static void test_plugin_plc_built_in_backends(void **state)
{
    const int backends[] = {ROC_PLC_BACKEND_DISABLE, ROC_PLC_BACKEND_DEFAULT, ROC_PLC_BACKEND_BEEP};
    for (size_t i = 0; i < 3; i++) {
        struct path p;
        path_open(&p, ROC_FEC_ENCODING_DISABLE, backends[i], NULL);
        path_run(&p);
        // A beep has a zero now and then.
        if (backends[i] == ROC_PLC_BACKEND_DISABLE)
            assert_true(p.missed >= 15 * CODEC_FRAMES * 2);
        else
            assert_true(p.missed < 100);
        assert_int_equal(p.out_of_range, 0);
        path_close(&p);
    }
}

static void test_plugin_plc_register_refuses_bad_arguments(void **state)
{
    struct plugin plugin = make_plugin();
    roc_context *context = api_context();
    assert_int_equal(roc_context_register_plc(NULL, ID, &plugin.table), -1);
    assert_int_equal(roc_context_register_plc(context, ID, NULL), -1);
    assert_int_equal(roc_context_register_plc(context, ROC_PLUGIN_ID_MIN - 1, &plugin.table), -1);
    assert_int_equal(roc_context_register_plc(context, ROC_PLUGIN_ID_MAX + 1, &plugin.table), -1);
    for (int missing = 0; missing < 5; missing++) {
        struct plugin bad = make_plugin();
        if (missing == 0)
            bad.table.new_cb = NULL;
        if (missing == 1)
            bad.table.delete_cb = NULL;
        if (missing == 2)
            bad.table.lookahead_len_cb = NULL;
        if (missing == 3)
            bad.table.process_history_cb = NULL;
        if (missing == 4)
            bad.table.process_loss_cb = NULL;
        assert_int_equal(roc_context_register_plc(context, ID, &bad.table), -1);
    }
    assert_int_equal(roc_context_register_plc(context, ID, &plugin.table), 0);
    assert_int_equal(roc_context_register_plc(context, ID, &plugin.table), -1);
    assert_int_equal(roc_context_register_plc(context, ROC_PLUGIN_ID_MIN, &plugin.table), 0);
    assert_int_equal(roc_context_register_plc(context, ROC_PLUGIN_ID_MAX, &plugin.table), 0);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_plugin_plc_number_must_be_registered(void **state)
{
    const int unknown[] = {-2, 2, ROC_PLUGIN_ID_MIN, ROC_PLUGIN_ID_MAX};
    roc_context *context = api_context();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(roc_context_select_plc(context, unknown[i]), -1);
    assert_int_equal(roc_context_select_plc(NULL, ROC_PLC_BACKEND_DEFAULT), -1);
    assert_int_equal(roc_context_close(context), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugin_plc_fills_gaps),
        cmocka_unit_test(test_plugin_plc_is_not_asked_for_what_fec_restores),
        cmocka_unit_test(test_plugin_plc_that_makes_no_sound_is_tamed),
        cmocka_unit_test(test_plugin_plc_that_refuses_is_replaced),
        cmocka_unit_test(test_plugin_plc_built_in_backends),
        cmocka_unit_test(test_plugin_plc_register_refuses_bad_arguments),
        cmocka_unit_test(test_plugin_plc_number_must_be_registered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
