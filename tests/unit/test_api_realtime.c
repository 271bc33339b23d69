// SPDX-License-Identifier: MPL-2.0
//
// Writing and reading with an external clock take no lock and no memory, whatever the sessions do.

#include "api_fixture.h"
#include "realtime_trap.h"

#define FRAMES    441
#define MAX_TURNS 2000

static void test_realtime_write_and_read_take_no_lock_and_no_memory(void **state)
{
    static float mono[FRAMES], stereo[FRAMES * 2];
    roc_context *context = api_context();
    roc_sender_config sender_config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    sender_config.frame_encoding = api_encoding(44100, ROC_CHANNEL_LAYOUT_MONO);
    roc_receiver_config receiver_config = api_receiver_config();
    receiver_config.target_latency = 20000000;
    roc_sender *sender = NULL;
    roc_receiver *receiver = NULL;
    assert_int_equal(roc_sender_open(context, &sender_config, &sender), 0);
    assert_int_equal(roc_receiver_open(context, &receiver_config, &receiver), 0);
    const int source = api_bind(receiver, 0, api_source, "rtp+rs8m");
    const int repair = api_bind(receiver, 0, api_repair, "rs8m");
    assert_int_equal(api_connect(sender, 0, api_source, "rtp+rs8m", source), 0);
    assert_int_equal(api_connect(sender, 0, api_repair, "rs8m", repair), 0);

    for (size_t i = 0; i < FRAMES; i++)
        mono[i] = 0.5f;
    unsigned hits = 0;
    int loud = 0;
    for (int turn = 0; turn < MAX_TURNS && loud < 50; turn++) {
        realtime_trap_start();
        api_write(sender, mono, FRAMES);
        api_read(receiver, stereo, FRAMES * 2);
        hits += realtime_trap_stop();
        loud += stereo[0] > 0;
        usleep(1000);
    }
    assert_int_equal(loud, 50);
    assert_int_equal(hits, 0);
    assert_int_equal(roc_sender_close(sender), 0);
    assert_int_equal(roc_receiver_close(receiver), 0);
    assert_int_equal(roc_context_close(context), 0);
}

int main(void)
{
    log_set_level(LOG_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_realtime_write_and_read_take_no_lock_and_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
