// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream/burst_pacing.h"
#include "stream/send_session.h"

#define MS        1000000
#define START     7000000000
#define MAX_TIMES 4096

struct times {
    int64_t piece_ns; // when the piece is written, after START
    size_t count;
    int64_t pieces[MAX_TIMES];
    int64_t times[MAX_TIMES]; // after its piece; 0 is at once
    bool is_repair[MAX_TIMES];
};

static void keep(struct packet *packet, void *arg)
{
    struct times *times = arg;
    assert_true(times->count < MAX_TIMES);
    times->is_repair[times->count] = packet->is_repair;
    times->pieces[times->count] = times->piece_ns;
    times->times[times->count++] =
        packet->send_time_ns == 0 ? 0 : packet->send_time_ns - START - times->piece_ns;
    packet_unref(packet);
}

// Writes so many pieces of so many samples, each when the one before is over.
static void run(struct times *times, struct send_session_config config, size_t pieces,
                size_t frames)
{
    static const float silence[2 * 48000];
    struct send_session *session;
    *times = (struct times){0};
    assert_int_equal(packet_pool_create(&config.pool, &(struct packet_pool_config){0}), 0);
    config.encoding = (struct audio_encoding){
        .payload_type = 10, .format = PCM_L16, .rate_hz = 44100, .channels = 2};
    config.output = keep;
    config.output_arg = times;
    assert_int_equal(send_session_create(&session, &config), 0);
    for (size_t i = 0; i < pieces; i++) {
        times->piece_ns = (int64_t)(i * frames) * 1000000000 / 44100;
        send_session_pace(session, START + times->piece_ns, frames);
        send_session_write(session, silence, frames);
    }
    send_session_destroy(session);
    packet_pool_destroy(config.pool);
}

static struct times times;

static void test_burst_pacing_first_packet_of_a_piece_leaves_at_once(void **state)
{
    run(&times, (struct send_session_config){.fec = FEC_NONE}, 5, 221);
    assert_int_equal(times.count, 5);
    for (size_t i = 0; i < times.count; i++)
        assert_int_equal(times.times[i], 0);
}

static void test_burst_pacing_packets_of_a_long_piece_leave_one_interval_apart(void **state)
{
    run(&times, (struct send_session_config){.fec = FEC_NONE}, 1, 4 * 221);
    assert_int_equal(times.count, 4);
    const int64_t interval = (int64_t)221 * 1000000000 / 44100;
    for (size_t i = 0; i < times.count; i++)
        assert_int_equal(times.times[i], (int64_t)i * interval);
}

static void test_burst_pacing_repair_packets_are_spread_over_the_interval(void **state)
{
    run(&times, (struct send_session_config){.fec = FEC_RS8M}, 18, 221);
    assert_int_equal(times.count, 28);
    const int64_t interval = (int64_t)221 * 1000000000 / 44100;
    for (size_t i = 0; i < 18; i++)
        assert_int_equal(times.times[i], 0);
    for (size_t i = 18; i < 28; i++) {
        assert_true(times.is_repair[i]);
        assert_int_equal(times.times[i] / 1000, (int64_t)(i - 17) * interval / 11 / 1000);
        assert_true(times.times[i] < interval);
    }
}

static void check_order(int64_t most)
{
    for (size_t i = 0; i < times.count; i++) {
        assert_true(times.times[i] >= 0 && times.times[i] <= most);
        // What leaves at once takes with it what is before.
        if (i > 0 && times.times[i] != 0)
            assert_true(times.pieces[i] + times.times[i] >=
                        times.pieces[i - 1] + times.times[i - 1]);
    }
}

static void test_burst_pacing_keeps_the_order_and_never_waits_longer_than_piece_and_interval(
    void **state)
{
    static const size_t lengths[] = {1, 100, 221, 300, 441, 1000, 2205};
    const int64_t interval = (int64_t)221 * 1000000000 / 44100;
    for (int interleaving = 0; interleaving < 2; interleaving++) {
        for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
            const struct send_session_config config = {.fec = FEC_RS8M,
                                                       .interleaving = interleaving != 0};
            run(&times, config, 18 * 221 * 3 / lengths[i], lengths[i]);
            assert_true(times.count >= 28);
            check_order((int64_t)lengths[i] * 1000000000 / 44100 + interval);
        }
    }
}

static void test_burst_pacing_leaves_out_who_writes_ahead(void **state)
{
    run(&times, (struct send_session_config){.fec = FEC_RS8M}, 1, 44100);
    assert_true(times.count > 200);
    check_order(0);
}

static void test_burst_pacing_is_bounded_for_any_numbers(void **state)
{
    struct burst_pacing pacing;
    burst_pacing_init(&pacing, INT64_MAX, 0);
    burst_pacing_begin(&pacing, START, 0);
    pacing.source_packets = UINT64_MAX;
    pacing.step_packets = UINT64_MAX - 1;
    assert_int_equal(burst_pacing_next(&pacing), START + BURST_PACING_MAX_NS);
}

static void test_burst_pacing_without_a_clock_sets_no_time(void **state)
{
    struct burst_pacing pacing;
    burst_pacing_init(&pacing, 5 * MS, 10);
    for (int i = 0; i < 20; i++) {
        burst_pacing_step(&pacing);
        assert_int_equal(burst_pacing_next(&pacing), 0);
        assert_int_equal(burst_pacing_next(&pacing), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_pacing_first_packet_of_a_piece_leaves_at_once),
        cmocka_unit_test(test_burst_pacing_packets_of_a_long_piece_leave_one_interval_apart),
        cmocka_unit_test(test_burst_pacing_repair_packets_are_spread_over_the_interval),
        cmocka_unit_test(
            test_burst_pacing_keeps_the_order_and_never_waits_longer_than_piece_and_interval),
        cmocka_unit_test(test_burst_pacing_leaves_out_who_writes_ahead),
        cmocka_unit_test(test_burst_pacing_is_bounded_for_any_numbers),
        cmocka_unit_test(test_burst_pacing_without_a_clock_sets_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
