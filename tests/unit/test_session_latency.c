// SPDX-License-Identifier: MPL-2.0
//
// Receiving sessions between virtual clocks, on networks of all kinds.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sine_fit.h"
#include "stream/session_latency.h"
#include "virtual_session.h"

#define MS_NS 1000000ll
#define S_NS  (1000 * MS_NS)

static const struct virtual_link_config ethernet = {
    .rate_hz = 44100,
    .packet_frames = 221,
    .read_frames = 441,
    .delay_ns = 300000,
    .jitter_p95_ns = 100000,
    .read_jitter_ns = 200000,
    .seed = 1,
};

struct latency_stats {
    double n, sum, squares, worst;
};

static void run(struct virtual_session *v, double from_s, double to_s, struct latency_stats *stats)
{
    *stats = (struct latency_stats){0};
    while (virtual_session_time_s(v) < to_s) {
        virtual_session_read(v);
        const double ms = virtual_session_latency_s(v) * 1000;
        if (virtual_session_time_s(v) < from_s || ms < 0)
            continue;
        stats->n++;
        stats->sum += ms;
        stats->squares += ms * ms;
        stats->worst = fmax(stats->worst, ms);
    }
}

static double mean_of(const struct latency_stats *stats)
{
    return stats->sum / stats->n;
}

static double deviation_of(const struct latency_stats *stats)
{
    return sqrt(fmax(0, stats->squares / stats->n - mean_of(stats) * mean_of(stats)));
}

static void check_drift(const struct virtual_link_config *config, int64_t target_ms,
                        enum latency_profile profile)
{
    struct virtual_session v;
    struct latency_stats stats;
    assert_int_equal(virtual_session_open(
                         &v, config,
                         &(struct receive_session_config){.target_latency_ns = target_ms * MS_NS,
                                                          .latency_profile = profile}),
                     0);
    run(&v, 60, 120, &stats);
    print_message("drift %+.0f ppm, target %d ms: heard after %.3f ms, sd %.4f\n",
                  config->drift_ppm, (int)target_ms, mean_of(&stats), deviation_of(&stats));
    const struct receive_session_metrics metrics = receive_session_metrics(v.session);
    assert_true(fabs(mean_of(&stats) - (double)target_ms) < 0.3);
    assert_true(deviation_of(&stats) < 0.1);
    assert_true(fabs(metrics.latency_ms - (double)target_ms) < 1);
    assert_int_equal(metrics.frames_concealed, 0);
    assert_int_equal(metrics.latency_jumps, 0);
    virtual_session_close(&v);
}

static void test_session_latency_is_the_target_under_any_drift(void **state)
{
    (void)state;
    static const double drifts[] = {-500, -200, 0, 20, 200, 500};
    for (size_t i = 0; i < sizeof(drifts) / sizeof(*drifts); i++) {
        struct virtual_link_config config = ethernet;
        config.drift_ppm = drifts[i];
        check_drift(&config, 100, LATENCY_PROFILE_DEFAULT);
        check_drift(&config, 20, LATENCY_PROFILE_DEFAULT);
    }
}

static void test_session_latency_is_the_target_across_rates(void **state)
{
    (void)state;
    struct virtual_link_config config = ethernet;
    config.drift_ppm = 200;
    config.read_rate_hz = 48000;
    config.read_frames = 480;
    check_drift(&config, 100, LATENCY_PROFILE_DEFAULT);
    config.rate_hz = 48000;
    config.packet_frames = 240;
    config.read_rate_hz = 44100;
    config.read_frames = 1024;
    check_drift(&config, 100, LATENCY_PROFILE_RESPONSIVE);
}

static void test_session_latency_path_is_bit_exact_when_clocks_agree(void **state)
{
    (void)state;
    struct virtual_session v;
    assert_int_equal(
        virtual_session_open(&v, &ethernet,
                             &(struct receive_session_config){.target_latency_ns = 100 * MS_NS}),
        0);
    bool has_begun = false;
    uint16_t position = 0;
    while (virtual_session_time_s(&v) < 600) {
        virtual_session_read(&v);
        for (size_t i = 0; i < ethernet.read_frames; i++) {
            const int16_t count = (int16_t)lrintf(v.samples[2 * i] * 32768);
            if (!has_begun && v.samples[2 * i] != 0) {
                has_begun = true;
                position = (uint16_t)count;
            }
            if (!has_begun)
                continue;
            if (v.samples[2 * i] != (float)(int16_t)position / 32768.f)
                fail_msg("frame %zu of second %.2f differs", i, virtual_session_time_s(&v));
            position++;
        }
    }
    assert_true(has_begun);
    assert_true(receive_session_metrics(v.session).speed == 1);
    virtual_session_close(&v);
}

// The sine of the right channel, once the latency has settled, over a second; the pitch is what the
// speed says.
static double measure_sinad(const struct virtual_link_config *config, double sine_hz, double from_s)
{
    static float sound[2 * 48000];
    static double phases[48000];
    struct virtual_session v;
    struct latency_stats stats;
    assert_int_equal(
        virtual_session_open(&v, config,
                             &(struct receive_session_config){.target_latency_ns = 50 * MS_NS}),
        0);
    v.sine_hz = sine_hz;
    run(&v, from_s, from_s, &stats);
    // The speed stays as it is for minutes: a second without a change is not hard to find.
    double speed = 0;
    size_t frames = 0;
    while (frames + config->read_frames <= 48000) {
        virtual_session_read(&v);
        if (receive_session_metrics(v.session).speed != speed)
            frames = 0;
        speed = receive_session_metrics(v.session).speed;
        memcpy(sound + 2 * frames, v.samples, config->read_frames * 2 * sizeof(float));
        frames += config->read_frames;
    }
    const double step = 2 * VIRTUAL_PI * sine_hz * speed / v.link.config.read_rate_hz;
    for (size_t i = 0; i < frames; i++)
        phases[i] = step * (double)i;
    const double db = sine_fit_sinad_db(phases, sound + 1, 2, frames);
    print_message("%.0f Hz, drift %+.0f ppm, %u -> %u Hz: %.1f dB\n", sine_hz, config->drift_ppm,
                  config->rate_hz, v.link.config.read_rate_hz, db);
    virtual_session_close(&v);
    return db;
}

static void test_session_latency_tuning_is_no_distortion(void **state)
{
    (void)state;
    static const double sines_hz[] = {100, 997, 5000, 10000, 15000, 20000};
    struct virtual_link_config config = ethernet;
    config.read_rate_hz = 48000;
    config.read_frames = 480;
    for (size_t i = 0; i < sizeof(sines_hz) / sizeof(*sines_hz); i++) {
        config.drift_ppm = 0;
        assert_true(measure_sinad(&config, sines_hz[i], 10) >= 92);
        config.drift_ppm = 200;
        assert_true(measure_sinad(&config, sines_hz[i], 60) >= 92);
    }
}

static void test_session_latency_spikes_end_no_session(void **state)
{
    (void)state;
    struct virtual_link_config config = ethernet;
    config.jitter_p95_ns = 6 * MS_NS;
    config.spike_ns = 150 * MS_NS;
    config.spike_interval_ns = 20 * S_NS;
    config.drift_ppm = 100;
    struct virtual_session v;
    struct latency_stats stats;
    assert_int_equal(
        virtual_session_open(&v, &config,
                             &(struct receive_session_config){.target_latency_ns = 100 * MS_NS}),
        0);
    run(&v, 60, 1200, &stats);
    const struct receive_session_metrics metrics = receive_session_metrics(v.session);
    print_message("%llu spikes: heard after %.3f ms, sd %.4f; %.0f ms concealed, %llu jumps\n",
                  (unsigned long long)v.link.spikes, mean_of(&stats), deviation_of(&stats),
                  (double)metrics.frames_concealed / 44.1,
                  (unsigned long long)metrics.latency_jumps);
    assert_true(receive_session_is_alive(v.session));
    assert_true(fabs(mean_of(&stats) - 100) < 0.3);
    assert_int_equal(metrics.latency_jumps, 0);
    // What a spike is longer than the latency, a packet, and jitter.
    assert_true((double)metrics.frames_concealed < (double)v.link.spikes * 44.1 * 65);
    virtual_session_close(&v);
}

// A network that gets slower for good, by more than the latency, costs one gap and no session.
static void test_session_latency_survives_a_slower_network(void **state)
{
    (void)state;
    for (int target_ms = 20; target_ms <= 200; target_ms *= 10) {
        struct virtual_session v;
        struct latency_stats stats;
        assert_int_equal(virtual_session_open(&v, &ethernet,
                                              &(struct receive_session_config){
                                                  .target_latency_ns = target_ms * MS_NS}),
                         0);
        run(&v, 0, 20, &stats);
        v.link.config.delay_ns += target_ms * 5 / 4 * MS_NS;
        run(&v, 60, 90, &stats);
        const struct receive_session_metrics metrics = receive_session_metrics(v.session);
        print_message("slower by %d ms: heard after %.3f ms\n", target_ms * 5 / 4, mean_of(&stats));
        assert_true(receive_session_is_alive(v.session));
        assert_int_equal(metrics.latency_jumps, 1);
        assert_true(fabs(mean_of(&stats) - target_ms) < 0.3);
        virtual_session_close(&v);
    }
}

// A reader that was away skips what it missed.
static void test_session_latency_skips_after_a_pause_of_the_reader(void **state)
{
    (void)state;
    struct virtual_session v;
    struct latency_stats stats;
    assert_int_equal(
        virtual_session_open(&v, &ethernet,
                             &(struct receive_session_config){.target_latency_ns = 100 * MS_NS}),
        0);
    run(&v, 0, 20, &stats);
    // The clocks go on, but nobody reads.
    v.link.pause_ns += 300 * MS_NS;
    virtual_plan_read(&v.link);
    run(&v, 0, 40, &stats);
    const struct receive_session_metrics metrics = receive_session_metrics(v.session);
    print_message("latency %.3f ms, %llu jumps, %llu frames skipped\n", metrics.latency_ms,
                  (unsigned long long)metrics.latency_jumps,
                  (unsigned long long)metrics.frames_skipped);
    assert_true(receive_session_is_alive(v.session));
    assert_int_equal(metrics.latency_jumps, 1);
    assert_true(fabs(metrics.latency_ms - 100) < 1);
    assert_true(llabs((long long)metrics.frames_skipped - 13230) < 45);
    virtual_session_close(&v);
}

struct adaptive_case {
    struct virtual_link_config link;
    double most_ms; // mean
    double least_ms;
    double gap_ms; // for each spike
};

static void check_adaptive(const struct adaptive_case *c)
{
    struct virtual_session v;
    struct latency_stats stats;
    assert_int_equal(
        virtual_session_open(&v, &c->link,
                             &(struct receive_session_config){.max_target_latency_ns = S_NS}),
        0);
    run(&v, 60, 60, &stats);
    const uint64_t concealed = receive_session_metrics(v.session).frames_concealed;
    const uint64_t spikes = v.link.spikes;
    run(&v, 60, 1200, &stats);
    const struct receive_session_metrics metrics = receive_session_metrics(v.session);
    const double gaps_ms = (double)(metrics.frames_concealed - concealed) / 44.1;
    print_message(
        "adaptive, p95 of jitter %.1f ms, %llu spikes of %.0f ms: heard after %.1f ms, at "
        "most %.1f; %.1f ms concealed\n",
        (double)c->link.jitter_p95_ns * 1e-6, (unsigned long long)(v.link.spikes - spikes),
        (double)c->link.spike_ns * 1e-6, mean_of(&stats), stats.worst, gaps_ms);
    assert_true(receive_session_is_alive(v.session));
    assert_int_equal(metrics.latency_jumps, 0);
    assert_true(mean_of(&stats) < c->most_ms && mean_of(&stats) > c->least_ms);
    // A network of this kind has no most; a packet in minutes may be late.
    assert_true(gaps_ms <= c->gap_ms * (double)(v.link.spikes - spikes) + 20);
    virtual_session_close(&v);
}

static void test_session_latency_adaptive_takes_what_the_network_needs(void **state)
{
    (void)state;
    struct adaptive_case c = {.link = ethernet, .most_ms = 25, .least_ms = 15};
    check_adaptive(&c);
    c.link.jitter_p95_ns = 6 * MS_NS;
    c.most_ms = 60;
    c.least_ms = 30;
    check_adaptive(&c);
    c.link.jitter_p95_ns = 30 * MS_NS;
    c.most_ms = 250;
    c.least_ms = 100;
    check_adaptive(&c);
}

static void test_session_latency_adaptive_ignores_spikes(void **state)
{
    (void)state;
    struct adaptive_case c = {.link = ethernet, .most_ms = 150, .least_ms = 30, .gap_ms = 200};
    c.link.jitter_p95_ns = 6 * MS_NS;
    c.link.spike_ns = 200 * MS_NS;
    c.link.spike_interval_ns = 20 * S_NS;
    c.link.drift_ppm = 50;
    check_adaptive(&c);
}

static void test_session_latency_default_tolerance_is_that_of_peers(void **state)
{
    (void)state;
    static const struct {
        double target_ms, tolerance_ms;
    } known[] = {{1, 1.365}, {5, 6.144}, {20, 22.63}, {100, 103.6}, {200, 200}, {2000, 1791.7}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        const double ns = (double)session_latency_tolerance_ns((int64_t)(known[i].target_ms * 1e6));
        assert_true(fabs(ns * 1e-6 / known[i].tolerance_ms - 1) < 0.001);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_latency_default_tolerance_is_that_of_peers),
        cmocka_unit_test(test_session_latency_is_the_target_under_any_drift),
        cmocka_unit_test(test_session_latency_is_the_target_across_rates),
        cmocka_unit_test(test_session_latency_path_is_bit_exact_when_clocks_agree),
        cmocka_unit_test(test_session_latency_tuning_is_no_distortion),
        cmocka_unit_test(test_session_latency_spikes_end_no_session),
        cmocka_unit_test(test_session_latency_adaptive_takes_what_the_network_needs),
        cmocka_unit_test(test_session_latency_adaptive_ignores_spikes),
        cmocka_unit_test(test_session_latency_survives_a_slower_network),
        cmocka_unit_test(test_session_latency_skips_after_a_pause_of_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
