// SPDX-License-Identifier: MPL-2.0
//
// The tuner alone, between virtual clocks: a reader that plays at the speed that it says.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stream/latency_tuner.h"
#include "virtual_link.h"

#define MS_NS 1000000ll
#define S_NS  (1000 * MS_NS)

struct run {
    struct virtual_link_config link;
    enum latency_profile profile;
    double target_ms;
    double start_error_ms;
    double settle_s;
    double duration_s;
};

// The real latency after settling, as the clocks of the test know it, against the target.
struct result {
    double mean_ms;
    double sd_ms;
    double worst_ms;
    double min_scale, max_scale;
    unsigned changes; // of the scale
};

static const struct virtual_link_config ethernet = {
    .rate_hz = 44100,
    .packet_frames = 221,
    .read_frames = 441,
    .delay_ns = 300000,
    .jitter_p95_ns = 100000,
    .read_jitter_ns = 200000,
    .seed = 1,
};

static struct result run(const struct run *run)
{
    struct result result = {.min_scale = 2};
    struct virtual_link_config config = run->link;
    if (config.read_rate_hz == 0)
        config.read_rate_hz = config.rate_hz;
    struct virtual_link link;
    virtual_link_init(&link, &config);
    struct latency_tuner tuner;
    latency_tuner_init(&tuner, run->profile, config.rate_hz, config.read_rate_hz);
    const double ratio = (double)config.rate_hz / config.read_rate_hz;
    double position = -(double)config.rate_hz * ((double)config.delay_ns * 1e-9 +
                                                 (run->target_ms + run->start_error_ms) * 1e-3);
    double scale = 1, sum = 0, squares = 0, n = 0;
    for (;;) {
        const struct virtual_event event = virtual_link_next(&link);
        if (event.is_packet) {
            if (!event.is_lost)
                latency_tuner_push_packet(&tuner, event.time_ns,
                                          (int64_t)(event.index + 1) * config.packet_frames);
            continue;
        }
        const double ideal_s = (double)(event.index * config.read_frames) / config.read_rate_hz;
        const struct latency_tuner_read read = {
            .time_ns = event.time_ns,
            .read_frames = (int64_t)(event.index * config.read_frames),
            .position = position,
            .target = run->target_ms * 1e-3 * config.rate_hz,
        };
        const double next = latency_tuner_push_read(&tuner, &read);
        if (ideal_s > run->settle_s) {
            const double ms =
                (ideal_s - virtual_link_earliest_s(&link, position)) * 1e3 - run->target_ms;
            sum += ms;
            squares += ms * ms;
            n++;
            result.changes += next != scale;
            result.min_scale = fmin(result.min_scale, next);
            result.max_scale = fmax(result.max_scale, next);
            result.worst_ms = fmax(result.worst_ms, fabs(ms));
        }
        scale = next;
        position += scale * ratio * config.read_frames;
        if (ideal_s > run->duration_s)
            break;
    }
    result.mean_ms = sum / n;
    result.sd_ms = sqrt(fmax(0, squares / n - result.mean_ms * result.mean_ms));
    print_message("seed %llu, drift %+.0f ppm: latency off by %+.4f ms, sd %.4f, worst %.4f; scale "
                  "1%+.3e..%+.3e, %u changes\n",
                  (unsigned long long)config.seed, config.drift_ppm, result.mean_ms, result.sd_ms,
                  result.worst_ms, result.min_scale - 1, result.max_scale - 1, result.changes);
    return result;
}

static void test_latency_tuner_holds_the_target_under_any_drift(void **state)
{
    (void)state;
    static const double drifts[] = {-500, -200, -20, -3, 3, 20, 200, 500};
    for (size_t i = 0; i < sizeof(drifts) / sizeof(*drifts); i++) {
        for (int profile = LATENCY_PROFILE_RESPONSIVE; profile <= LATENCY_PROFILE_GRADUAL;
             profile++) {
            struct run r = {.link = ethernet,
                            .profile = (enum latency_profile)profile,
                            .target_ms = 100,
                            .settle_s = 120,
                            .duration_s = 3600};
            r.link.drift_ppm = drifts[i];
            const struct result result = run(&r);
            assert_true(fabs(result.mean_ms) < 0.3);
            assert_true(result.sd_ms < 0.1);
        }
    }
}

static void test_latency_tuner_plays_at_exactly_1_when_clocks_agree(void **state)
{
    (void)state;
    for (int profile = LATENCY_PROFILE_RESPONSIVE; profile <= LATENCY_PROFILE_GRADUAL; profile++) {
        struct run r = {.link = ethernet,
                        .profile = (enum latency_profile)profile,
                        .target_ms = 100,
                        .duration_s = 7200};
        const struct result result = run(&r);
        assert_true(result.min_scale == 1 && result.max_scale == 1);
    }
}
// Whatever else happens on the way, with a drift of 200 ppm.
static void assert_holds(struct virtual_link_config link, enum latency_profile profile)
{
    struct run r = {
        .link = link, .profile = profile, .target_ms = 100, .settle_s = 120, .duration_s = 3600};
    r.link.drift_ppm = 200;
    const struct result result = run(&r);
    assert_true(fabs(result.mean_ms) < 0.3);
    assert_true(result.sd_ms < 0.1);
}

static void test_latency_tuner_is_blind_to_jitter(void **state)
{
    (void)state;
    struct virtual_link_config link = ethernet;
    link.jitter_p95_ns = 6 * MS_NS;
    assert_holds(link, LATENCY_PROFILE_GRADUAL);
    assert_holds(link, LATENCY_PROFILE_RESPONSIVE);
}

static void test_latency_tuner_is_blind_to_spikes(void **state)
{
    (void)state;
    struct virtual_link_config link = ethernet;
    link.jitter_p95_ns = 6 * MS_NS;
    link.spike_ns = 200 * MS_NS;
    link.spike_interval_ns = 10 * S_NS;
    assert_holds(link, LATENCY_PROFILE_GRADUAL);
}

static void test_latency_tuner_is_blind_to_bursts_of_packets(void **state)
{
    (void)state;
    struct virtual_link_config link = ethernet;
    link.write_frames = 441;
    assert_holds(link, LATENCY_PROFILE_GRADUAL);
}

static void test_latency_tuner_is_blind_to_lost_packets(void **state)
{
    (void)state;
    struct virtual_link_config link = ethernet;
    link.loss = 0.2;
    assert_holds(link, LATENCY_PROFILE_GRADUAL);
}

static void test_latency_tuner_is_blind_to_long_and_uneven_reads(void **state)
{
    (void)state;
    struct virtual_link_config link = ethernet;
    link.read_frames = 1024;
    link.read_jitter_ns = 3 * MS_NS;
    assert_holds(link, LATENCY_PROFILE_GRADUAL);
}

static void test_latency_tuner_takes_back_what_is_off_at_the_start(void **state)
{
    (void)state;
    struct run r = {.link = ethernet,
                    .profile = LATENCY_PROFILE_GRADUAL,
                    .target_ms = 100,
                    .start_error_ms = -40,
                    .settle_s = 60,
                    .duration_s = 600};
    r.link.read_rate_hz = 48000;
    const struct result result = run(&r);
    assert_true(result.worst_ms < 0.3);
}

static void test_latency_tuner_never_leaves_its_limits(void **state)
{
    (void)state;
    struct run r = {.link = ethernet,
                    .profile = LATENCY_PROFILE_RESPONSIVE,
                    .target_ms = 1000,
                    .start_error_ms = 900,
                    .duration_s = 60};
    const struct result result = run(&r);
    assert_true(result.max_scale > 1.004 && result.max_scale <= 1 + LATENCY_TUNER_MAX_SCALING);
}

static void test_latency_tuner_intact_leaves_the_speed_alone(void **state)
{
    (void)state;
    struct run r = {.link = ethernet,
                    .profile = LATENCY_PROFILE_INTACT,
                    .target_ms = 100,
                    .start_error_ms = 20,
                    .duration_s = 60};
    r.link.drift_ppm = 500;
    const struct result result = run(&r);
    assert_true(result.min_scale == 1 && result.max_scale == 1);
}

// A reader and a sender that do not run in real time have no clocks to follow.
static void test_latency_tuner_leaves_the_speed_alone_without_real_time(void **state)
{
    (void)state;
    struct latency_tuner tuner;
    latency_tuner_init(&tuner, LATENCY_PROFILE_RESPONSIVE, 44100, 44100);
    for (int64_t i = 0; i < 100000; i++) {
        const int64_t now_ns = VIRTUAL_START_NS + i * 10000;
        latency_tuner_push_packet(&tuner, now_ns, (i + 1) * 441);
        assert_true(latency_tuner_push_read(&tuner, &(struct latency_tuner_read){
                                                        .time_ns = now_ns,
                                                        .read_frames = i * 441,
                                                        .position = (double)(i * 441 - 8820),
                                                        .target = 4410,
                                                    }) == 1);
    }
}

static void test_latency_tuner_default_profile_depends_on_the_target(void **state)
{
    (void)state;
    assert_int_equal(latency_profile_of(LATENCY_PROFILE_DEFAULT, 30 * MS_NS - 1),
                     LATENCY_PROFILE_RESPONSIVE);
    assert_int_equal(latency_profile_of(LATENCY_PROFILE_DEFAULT, 30 * MS_NS),
                     LATENCY_PROFILE_GRADUAL);
    assert_int_equal(latency_profile_of(LATENCY_PROFILE_INTACT, 1), LATENCY_PROFILE_INTACT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latency_tuner_holds_the_target_under_any_drift),
        cmocka_unit_test(test_latency_tuner_plays_at_exactly_1_when_clocks_agree),
        cmocka_unit_test(test_latency_tuner_is_blind_to_jitter),
        cmocka_unit_test(test_latency_tuner_is_blind_to_spikes),
        cmocka_unit_test(test_latency_tuner_is_blind_to_bursts_of_packets),
        cmocka_unit_test(test_latency_tuner_is_blind_to_lost_packets),
        cmocka_unit_test(test_latency_tuner_is_blind_to_long_and_uneven_reads),
        cmocka_unit_test(test_latency_tuner_takes_back_what_is_off_at_the_start),
        cmocka_unit_test(test_latency_tuner_never_leaves_its_limits),
        cmocka_unit_test(test_latency_tuner_intact_leaves_the_speed_alone),
        cmocka_unit_test(test_latency_tuner_leaves_the_speed_alone_without_real_time),
        cmocka_unit_test(test_latency_tuner_default_profile_depends_on_the_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
