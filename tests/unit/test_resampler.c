// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/resampler.h"
#include "audio/resampler_filter.h"
#include "audio/resampler_kernel.h"
#include "base/random.h"
#include "realtime_trap.h"
#include "sine_fit.h"

#define SEED       20240607
#define MAX_BLOCK  512
#define MAX_NEED   (MAX_BLOCK * 27)
#define AMPLITUDE  0.9
#define FIT_FRAMES 4000

static const double least_sinad_db[] = {
    [RESAMPLER_PROFILE_DEFAULT] = 104, [RESAMPLER_PROFILE_LOW] = 84,
    [RESAMPLER_PROFILE_MEDIUM] = 104,  [RESAMPLER_PROFILE_HIGH] = 130,
    [RESAMPLER_PROFILE_BEST] = 138,
};

// Of what is done many times, every which one is enough where all is slow, as under valgrind.
static unsigned stride(void)
{
    return getenv("TEST_SLOW") != NULL ? 7 : 1;
}

static struct resampler *create(struct resampler_config config)
{
    struct resampler *resampler = NULL;
    assert_int_equal(resampler_create(&resampler, &config), 0);
    assert_non_null(resampler);
    return resampler;
}

// A sine that a resampler pulls, with the phase of every output frame.
struct pull {
    struct resampler *resampler;
    double ratio;     // input frames for an output frame at scale 1
    double frequency; // radians for an input frame
    double position;  // of the next output frame
    uint64_t taken;
};

static void pull_block(struct pull *pull, double scale, float *out, double *phases, size_t frames)
{
    static float in[MAX_NEED];
    assert_int_equal(resampler_set_ratio(pull->resampler, scale), 0);
    size_t needed = resampler_need(pull->resampler, frames);
    assert_true(needed <= MAX_NEED);
    for (size_t i = 0; i < needed; i++)
        in[i] = (float)(AMPLITUDE * sin(pull->frequency * (double)(pull->taken + i)));
    size_t taken = needed, given = frames;
    resampler_process(pull->resampler, in, &taken, out, &given);
    assert_int_equal(taken, needed);
    assert_int_equal(given, frames);
    pull->taken += taken;
    for (size_t i = 0; i < frames; i++) {
        phases[i] = pull->frequency * pull->position;
        pull->position += pull->ratio * scale;
    }
}

struct tone {
    unsigned in_rate_hz;
    unsigned out_rate_hz;
    double scale;
    double scale_swing;
};

// The frequency is given as for 44.1 kHz and goes down with the lower rate.
static double measure_sinad_db(const struct tone *tone, double frequency_hz,
                               enum resampler_profile profile, unsigned kernel)
{
    static float out[FIT_FRAMES];
    static double phases[FIT_FRAMES];
    const unsigned lower =
        tone->in_rate_hz < tone->out_rate_hz ? tone->in_rate_hz : tone->out_rate_hz;
    const double factor = lower < 44100 ? lower / 44100.0 : 1;
    struct pull pull = {
        .resampler = create(
            (struct resampler_config){tone->in_rate_hz, tone->out_rate_hz, 1, profile, kernel}),
        .ratio = (double)tone->in_rate_hz / tone->out_rate_hz,
        .frequency = 2 * M_PI * frequency_hz * factor / tone->in_rate_hz,
    };
    // Until the silence at the start has left the filter.
    size_t early = 64 + (size_t)(150 * (pull.ratio < 1 ? 1 / pull.ratio : 1));
    for (size_t frames; early > 0; early -= frames) {
        frames = early < 100 ? early : 100;
        pull_block(&pull, tone->scale, out, phases, frames);
    }
    for (size_t done = 0; done < FIT_FRAMES; done += 100) {
        double scale = tone->scale + tone->scale_swing * sin((double)done * 1e-3);
        pull_block(&pull, scale, out + done, phases + done, 100);
    }
    resampler_destroy(pull.resampler);
    return sine_fit_sinad_db(phases, out, 1, FIT_FRAMES);
}

static void expect_sinad(const struct tone *tone, enum resampler_profile profile, unsigned kernel)
{
    static const double frequencies_hz[] = {100, 997, 5003, 10007, 15013, 18011, 19001, 19997};
    // Held, or each pitch would have to make it again.
    const struct resampler_filter *filter;
    assert_int_equal(resampler_filter_create(&filter, profile, tone->in_rate_hz, tone->out_rate_hz),
                     0);
    for (size_t i = 0; i < sizeof(frequencies_hz) / sizeof(*frequencies_hz); i += stride()) {
        double sinad_db = measure_sinad_db(tone, frequencies_hz[i], profile, kernel);
        if (!(sinad_db >= least_sinad_db[profile]))
            fail_msg("profile %d, kernel %s, %u -> %u Hz * %g, %g Hz: %.1f dB", profile,
                     resampler_kernel_at(kernel)->name, tone->in_rate_hz, tone->out_rate_hz,
                     tone->scale, frequencies_hz[i], sinad_db);
    }
    resampler_filter_unref(filter);
}

static void test_resampler_profiles_keep_sinad_with_every_kernel(void **state)
{
    static const struct tone tones[] = {
        {44100, 48000, 1, 0},
        {48000, 44100, 1, 0},
        {44100, 44100, 1.0005, 0},
        {44100, 44100, 0.9995, 0},
    };
    for (unsigned profile = 0; profile <= RESAMPLER_PROFILE_BEST; profile++) {
        for (unsigned i = 0; i < 4; i++)
            expect_sinad(&tones[i], profile, 0);
        for (unsigned kernel = 1; resampler_kernel_at(kernel) != NULL; kernel++)
            expect_sinad(&tones[profile % 4], profile, kernel);
    }
}

static void test_resampler_moving_ratio_keeps_sinad(void **state)
{
    static const struct tone tones[] = {
        {44100, 44100, 1, 500e-6},
        {44100, 48000, 1, 500e-6},
        {48000, 44100, 1.0001, 100e-6},
    };
    for (unsigned profile = 1; profile <= RESAMPLER_PROFILE_BEST; profile++)
        expect_sinad(&tones[profile % 3], profile, 0);
}

static void test_resampler_any_pair_of_rates_keeps_sinad(void **state)
{
    static const struct tone tones[] = {
        {8000, 192000, 1, 0},    {192000, 8000, 1, 0}, {96000, 44100, 1, 0},
        {44100, 88200, 1, 0},    {48000, 16000, 1, 0}, {44100, 44101, 1, 0},
        {191999, 8001, 1, 0},    {8001, 191999, 1, 0}, {11025, 48000, 0.999, 0},
        {48000, 32000, 1, 1e-4},
    };
    for (unsigned i = 0; i < sizeof(tones) / sizeof(*tones); i += stride())
        expect_sinad(&tones[i], RESAMPLER_PROFILE_HIGH, 0);
}

static void test_resampler_holds_position_for_hours(void **state)
{
    static const struct {
        unsigned in_rate_hz, out_rate_hz;
        uint64_t in_period, out_period;
    } pairs[] = {{44100, 48000, 147, 160}, {48000, 44100, 160, 147}, {48000, 48000, 1, 1}};
    for (unsigned i = 0; i < 3; i++) {
        struct resampler *resampler = create((struct resampler_config){
            .in_rate_hz = pairs[i].in_rate_hz, .out_rate_hz = pairs[i].out_rate_hz, .channels = 1});
        for (uint64_t periods = 1; periods * pairs[i].out_period < 4000000000; periods *= 3) {
            // The first frame of a period is the first that its first input frame allows.
            size_t frames = (size_t)(periods * pairs[i].out_period);
            size_t needed = (size_t)(periods * pairs[i].in_period);
            assert_int_equal(resampler_need(resampler, frames + 1), needed + 1);
            assert_true(resampler_need(resampler, frames) <= needed);
        }
        resampler_destroy(resampler);
    }
}

static void test_resampler_takes_and_gives_whole_periods(void **state)
{
    static float in[441], out[481];
    struct resampler *resampler =
        create((struct resampler_config){.in_rate_hz = 44100, .out_rate_hz = 48000, .channels = 1});
    for (unsigned i = 0; i < 600 / stride(); i++) {
        size_t taken = 441, given = 481;
        resampler_process(resampler, in, &taken, out, &given);
        assert_int_equal(taken, 441);
        assert_int_equal(given, 480);
    }
    resampler_destroy(resampler);
}

static void test_resampler_takes_scale_to_a_billionth(void **state)
{
    const double tiny = 1e-9;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct resampler *resampler = create(
            (struct resampler_config){.in_rate_hz = 48000, .out_rate_hz = 48000, .channels = 1});
        assert_int_equal(resampler_set_ratio(resampler, 1 + sign * tiny), 0);
        // The first whole frame of difference comes after 1 / tiny frames.
        size_t billion = 1000000000;
        assert_true(resampler_need(resampler, 3 * billion) == 3 * billion + (size_t)(sign * 3) ||
                    resampler_need(resampler, 3 * billion) == 3 * billion + (size_t)(sign * 2));
        resampler_destroy(resampler);
    }
}

static void fill_with_noise(float *samples, size_t count, struct random *random)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = (float)((double)random_below(random, 65536) / 32768 - 1);
}

static void test_resampler_is_bit_exact_between_equal_rates(void **state)
{
    enum { FRAMES = 3000 };
    for (unsigned channels = 1; channels <= 3; channels++) {
        struct random random;
        static float in[FRAMES * 3], out[FRAMES * 3];
        struct resampler *resampler = create((struct resampler_config){
            .in_rate_hz = 44100, .out_rate_hz = 44100, .channels = channels});
        size_t delay = (size_t)resampler_get_delay(resampler);
        random_init(&random, SEED);
        fill_with_noise(in, FRAMES * channels, &random);
        // What a multiplication would change.
        const float special[] = {-0.0f, NAN, INFINITY, 1e-42f, 3e38f, -1e-45f};
        memcpy(in + 600, special, sizeof(special));
        for (size_t done = 0; done < FRAMES;) {
            size_t frames = random_below(&random, 700);
            frames = frames < FRAMES - done ? frames : FRAMES - done;
            size_t taken = frames, given = frames;
            resampler_process(resampler, in + done * channels, &taken, out + done * channels,
                              &given);
            assert_int_equal(taken, frames);
            assert_int_equal(given, frames);
            done += frames;
        }
        assert_true(resampler_is_exact(resampler));
        for (size_t i = 0; i < delay * channels; i++)
            assert_true(out[i] == 0);
        assert_memory_equal(out + delay * channels, in, (FRAMES - delay) * channels * sizeof(*in));
        resampler_destroy(resampler);
    }
}

// Scale 1 after drift in either direction: no jump, and soon the input comes out unchanged.
static void test_resampler_returns_to_bit_exact(void **state)
{
    enum { DRIFT = 1300, FRAMES = 40000 };
    static float in[FRAMES * 2], out[FRAMES * 2];
    for (int ppm = -700; ppm <= 700; ppm += 200 * (int)stride()) {
        struct resampler *resampler = create(
            (struct resampler_config){.in_rate_hz = 48000, .out_rate_hz = 48000, .channels = 1});
        for (size_t i = 0; i < FRAMES * 2; i++)
            in[i] = (float)sin((double)i * 0.1);
        assert_int_equal(resampler_set_ratio(resampler, 1 + ppm * 1e-6), 0);
        size_t taken = FRAMES * 2, given = DRIFT;
        resampler_process(resampler, in, &taken, out, &given);
        assert_int_equal(resampler_is_exact(resampler), false);
        double delay = resampler_get_delay(resampler);
        assert_int_equal(resampler_set_ratio(resampler, 1), 0);
        size_t half_a_frame = 1000000 / RESAMPLER_SETTLE_PPM / 2 + 1;
        size_t more = FRAMES * 2 - taken, settled = half_a_frame;
        resampler_process(resampler, in + taken, &more, out + given, &settled);
        assert_true(resampler_is_exact(resampler));
        assert_true(fabs(resampler_get_delay(resampler) - delay) < 2);
        for (size_t i = 200; i < given + settled; i++) {
            double bend = out[i] - 2.0 * out[i - 1] + out[i - 2];
            assert_true(fabs(bend) < 0.1 * 0.1 * 1.002 + 0.1 * 1e-3);
        }
        taken += more;
        size_t rest = 5000, copied = 5000;
        resampler_process(resampler, in + taken, &rest, out, &copied);
        assert_int_equal(rest, copied);
        assert_memory_equal(out, in + taken - (size_t)resampler_get_delay(resampler),
                            copied * sizeof(*out));
        resampler_destroy(resampler);
    }
}

static void test_resampler_bends_nowhere_when_scale_moves(void **state)
{
    static float out[MAX_BLOCK];
    static double phases[MAX_BLOCK];
    static const double scales[] = {1, 1.0005, 1, 0.9995, 1.0000001, 1.0003};
    for (unsigned profile = 1; profile <= RESAMPLER_PROFILE_BEST; profile++) {
        struct pull pull = {
            .resampler = create((struct resampler_config){44100, 44100, 1, profile, 0}),
            .ratio = 1,
            .frequency = 0.05,
        };
        double before[2] = {0};
        for (unsigned block = 0; block < 600 / stride(); block++) {
            size_t frames = block % 7 * 13 + 1;
            pull_block(&pull, scales[block % 6], out, phases, frames);
            for (size_t i = 0; i < frames; i++) {
                double bend = out[i] - 2 * before[1] + before[0];
                before[0] = before[1];
                before[1] = out[i];
                // The bend of the sine itself, and of its slope when the scale goes by 1000 ppm.
                if (block > 20)
                    assert_true(fabs(bend) <
                                AMPLITUDE * (0.05 * 0.05 * 1.002 + 0.05 * 1e-3) + 1e-4);
            }
        }
        resampler_destroy(pull.resampler);
    }
}

// Everything that the input gives, at scales that change every 1000 output frames, in blocks that
// the generator cuts, or, without one, in one block for each scale.
static size_t convert(struct resampler *resampler, const float *in, size_t in_frames, float *out,
                      unsigned channels, struct random *random)
{
    size_t taken = 0, given = 0;
    for (unsigned section = 0;; section++) {
        const size_t end = (section + 1) * 1000;
        assert_int_equal(resampler_set_ratio(resampler, 1 + (section % 3) * 1e-4), 0);
        while (given < end) {
            size_t in_limit = random ? random_below(random, 300) : in_frames;
            size_t out_limit = random ? 1 + random_below(random, 300) : end;
            size_t more_in = in_frames - taken < in_limit ? in_frames - taken : in_limit;
            size_t more_out = end - given < out_limit ? end - given : out_limit;
            resampler_process(resampler, in + taken * channels, &more_in, out + given * channels,
                              &more_out);
            taken += more_in;
            given += more_out;
            if (taken == in_frames && more_out == 0)
                return given;
        }
    }
}

static void test_resampler_output_does_not_depend_on_blocks(void **state)
{
    enum { FRAMES = 6000, CHANNELS = 2 };
    static const unsigned rates[][2] = {
        {44100, 48000}, {48000, 44100}, {48000, 48000}, {192000, 8000}, {8000, 192000}};
    static float in[FRAMES * CHANNELS];
    static float whole[FRAMES * CHANNELS * 3], cut[FRAMES * CHANNELS * 3];
    struct random random;
    random_init(&random, SEED);
    fill_with_noise(in, FRAMES * CHANNELS, &random);
    for (unsigned i = 0; i < 5; i++) {
        struct resampler *resampler = create((struct resampler_config){
            .in_rate_hz = rates[i][0], .out_rate_hz = rates[i][1], .channels = CHANNELS});
        const size_t frames = rates[i][0] > 8000 ? FRAMES : FRAMES / 10;
        size_t given = convert(resampler, in, frames, whole, CHANNELS, NULL);
        for (unsigned round = 0; round < 5; round += stride()) {
            resampler_reset(resampler);
            assert_int_equal(convert(resampler, in, frames, cut, CHANNELS, &random), given);
            assert_memory_equal(cut, whole, given * CHANNELS * sizeof(*cut));
        }
        resampler_destroy(resampler);
    }
}

static void expect_channels_equal_mono(unsigned channels, unsigned kernel)
{
    enum { FRAMES = 1100 };
    struct resampler_config config = {44100, 48000, channels, RESAMPLER_PROFILE_LOW, kernel};
    float *in = test_malloc(FRAMES * channels * sizeof(*in));
    float *out = test_malloc(FRAMES * 2 * channels * sizeof(*out));
    float mono_in[FRAMES], mono_out[FRAMES * 2];
    struct random random;
    random_init(&random, SEED);
    fill_with_noise(in, FRAMES * channels, &random);
    struct resampler *resampler = create(config);
    size_t given = convert(resampler, in, FRAMES, out, channels, NULL);
    resampler_destroy(resampler);
    config.channels = 1;
    resampler = create(config);
    for (unsigned channel = 0; channel < channels; channel++) {
        for (size_t i = 0; i < FRAMES; i++)
            mono_in[i] = in[i * channels + channel];
        resampler_reset(resampler);
        assert_int_equal(convert(resampler, mono_in, FRAMES, mono_out, 1, NULL), given);
        for (size_t i = 0; i < given; i++)
            assert_true(mono_out[i] == out[i * channels + channel]);
    }
    resampler_destroy(resampler);
    test_free(in);
    test_free(out);
}

static void test_resampler_channels_equal_mono_with_every_kernel(void **state)
{
    for (unsigned kernel = 0; resampler_kernel_at(kernel) != NULL; kernel++) {
        for (unsigned channels = 1; channels <= 17; channels += stride())
            expect_channels_equal_mono(channels, kernel);
    }
    expect_channels_equal_mono(RESAMPLER_MAX_CHANNELS / stride(), 0);
}

static void test_resampler_takes_no_more_than_it_needs(void **state)
{
    static const unsigned rates[][2] = {
        {44100, 48000}, {48000, 44100}, {48000, 48000}, {192000, 8000}, {8000, 192000}};
    static float in[30000], out[2000];
    for (unsigned i = 0; i < 5; i++) {
        struct resampler *resampler = create((struct resampler_config){
            .in_rate_hz = rates[i][0], .out_rate_hz = rates[i][1], .channels = 1});
        assert_int_equal(resampler_set_ratio(resampler, 1.0003), 0);
        assert_int_equal(resampler_need(resampler, 0), 0);
        for (size_t wanted = 1; wanted < 1000; wanted = wanted * 5 / 3 + 1) {
            size_t frames = wanted;
            size_t needed = resampler_need(resampler, frames);
            size_t taken = 30000, given = 0;
            resampler_process(resampler, in, &taken, out, &given);
            assert_int_equal(taken, 0);
            if (needed > 0) {
                // One frame less is not enough.
                taken = needed - 1;
                given = frames;
                resampler_process(resampler, in, &taken, out, &given);
                assert_int_equal(taken, needed - 1);
                assert_true(given < frames);
                frames -= given;
                needed = 1;
                assert_int_equal(resampler_need(resampler, frames), 1);
            }
            taken = 30000;
            given = frames;
            resampler_process(resampler, in, &taken, out, &given);
            assert_int_equal(taken, needed);
            assert_int_equal(given, frames);
        }
        resampler_destroy(resampler);
    }
}

static void test_resampler_delay_is_where_an_impulse_comes_out(void **state)
{
    static float in[4000], out[4000];
    for (unsigned profile = 1; profile <= RESAMPLER_PROFILE_BEST; profile++) {
        struct resampler *resampler =
            create((struct resampler_config){48000, 44100, 1, profile, 0});
        double delay = resampler_get_delay(resampler);
        size_t taken = 4000, given = 4000, peak = 0;
        in[1000] = 1;
        resampler_process(resampler, in, &taken, out, &given);
        for (size_t i = 0; i < given; i++)
            peak = fabsf(out[i]) > fabsf(out[peak]) ? i : peak;
        assert_true(fabs((double)peak * 48000 / 44100 - (1000 + delay)) <= 0.6);
        resampler_destroy(resampler);
    }
}

static void test_resampler_keeps_level_of_a_constant(void **state)
{
    static const unsigned rates[][2] = {{44100, 48000}, {48000, 44100}, {192000, 8000}};
    static float in[200000], out[20000];
    for (size_t i = 0; i < 200000; i++)
        in[i] = 0.75f;
    for (unsigned i = 0; i < 3; i++) {
        struct resampler *resampler = create(
            (struct resampler_config){rates[i][0], rates[i][1], 1, RESAMPLER_PROFILE_HIGH, 0});
        size_t taken = 200000, given = 8000;
        resampler_process(resampler, in, &taken, out, &given);
        assert_int_equal(given, 8000);
        for (size_t frame = 200; frame < given; frame++)
            assert_true(fabsf(out[frame] - 0.75f) < 1e-6f);
        resampler_destroy(resampler);
    }
}

static void test_resampler_forgets_what_is_not_a_number(void **state)
{
    static float in[2000], out[2000];
    struct resampler *resampler =
        create((struct resampler_config){.in_rate_hz = 44100, .out_rate_hz = 44100, .channels = 1});
    assert_int_equal(resampler_set_ratio(resampler, 1.0001), 0);
    in[500] = NAN;
    in[501] = INFINITY;
    size_t taken = 1990, given = 2000;
    resampler_process(resampler, in, &taken, out, &given);
    assert_true(isnan(out[540]));
    for (size_t i = 0; i < given; i++)
        assert_true(out[i] == 0 || (i >= 500 && i < 502 + 2 * 40));
    resampler_destroy(resampler);
}

static void test_resampler_reset_is_silence(void **state)
{
    static float in[3000], out[3000], fresh[3000];
    struct random random;
    random_init(&random, SEED);
    fill_with_noise(in, 3000, &random);
    struct resampler *resampler =
        create((struct resampler_config){.in_rate_hz = 48000, .out_rate_hz = 44100, .channels = 1});
    size_t taken = 3000, given = 2000;
    resampler_process(resampler, in, &taken, fresh, &given);
    resampler_reset(resampler);
    size_t taken_again = 3000, given_again = 2000;
    resampler_process(resampler, in, &taken_again, out, &given_again);
    assert_int_equal(taken, taken_again);
    assert_int_equal(given, given_again);
    assert_memory_equal(out, fresh, given * sizeof(*out));
    resampler_destroy(resampler);
}

static void test_resampler_refuses_hostile_config(void **state)
{
    const struct resampler_config good = {44100, 48000, 2, RESAMPLER_PROFILE_LOW, 0};
    struct resampler_config bad[12];
    for (unsigned i = 0; i < 12; i++)
        bad[i] = good;
    bad[0].in_rate_hz = 0;
    bad[1].out_rate_hz = 0;
    bad[2].in_rate_hz = RESAMPLER_MIN_RATE_HZ - 1;
    bad[3].out_rate_hz = RESAMPLER_MAX_RATE_HZ + 1;
    bad[4].in_rate_hz = UINT32_MAX;
    bad[5].channels = 0;
    bad[6].channels = RESAMPLER_MAX_CHANNELS + 1;
    bad[7].channels = UINT32_MAX;
    bad[8].profile = (enum resampler_profile)(RESAMPLER_PROFILE_BEST + 1);
    bad[9].profile = (enum resampler_profile) - 1;
    bad[10].kernel = 3;
    bad[11].kernel = UINT32_MAX;
    for (unsigned i = 0; i < 12; i++) {
        struct resampler *resampler = (struct resampler *)&bad;
        assert_int_equal(resampler_create(&resampler, &bad[i]), -EINVAL);
        assert_ptr_equal(resampler, &bad);
    }
    resampler_destroy(NULL);
}

static void test_resampler_refuses_hostile_scale(void **state)
{
    static const double scales[] = {0,   -1,   0.8999,   1.1001,    1e300,
                                    NAN, -NAN, INFINITY, -INFINITY, 1e-300};
    struct resampler *resampler =
        create((struct resampler_config){.in_rate_hz = 48000, .out_rate_hz = 48000, .channels = 1});
    for (unsigned i = 0; i < sizeof(scales) / sizeof(*scales); i++) {
        assert_int_equal(resampler_set_ratio(resampler, scales[i]), -EINVAL);
        assert_true(resampler_is_exact(resampler));
    }
    assert_int_equal(resampler_set_ratio(resampler, RESAMPLER_MIN_SCALE), 0);
    assert_int_equal(resampler_set_ratio(resampler, RESAMPLER_MAX_SCALE), 0);
    resampler_destroy(resampler);
}

static void test_resampler_process_takes_no_lock_and_no_memory(void **state)
{
    static float in[2000], out[2000];
    static const unsigned rates[][2] = {{44100, 48000}, {48000, 44100}, {48000, 48000}};
    for (unsigned i = 0; i < 3; i++) {
        struct resampler *resampler = create((struct resampler_config){
            .in_rate_hz = rates[i][0], .out_rate_hz = rates[i][1], .channels = 2});
        realtime_trap_start();
        for (unsigned round = 0; round < 30; round++) {
            resampler_set_ratio(resampler, round % 4 == 0 ? 1 : 1 + round * 1e-6);
            size_t given = 100 + round, taken = resampler_need(resampler, given);
            resampler_process(resampler, in, &taken, out, &given);
            (void)resampler_get_delay(resampler);
            (void)resampler_is_exact(resampler);
        }
        resampler_reset(resampler);
        assert_int_equal(realtime_trap_stop(), 0);
        resampler_destroy(resampler);
    }
}

// Numbers that are too small to be normal are flushed while it computes, and only then.
static void test_resampler_leaves_the_floating_point_mode_alone(void **state)
{
    static float in[500], out[500];
    for (size_t i = 0; i < 500; i++)
        in[i] = 1e-40f;
    struct resampler *resampler =
        create((struct resampler_config){.in_rate_hz = 44100, .out_rate_hz = 48000, .channels = 1});
    volatile float tiny = 1e-40f;
    size_t taken = 500, given = 500;
    resampler_process(resampler, in, &taken, out, &given);
    assert_true(tiny / 2 > 0);
    resampler_destroy(resampler);
}

static void test_resampler_filters_are_shared(void **state)
{
    const struct resampler_filter *filters[6];
    static const unsigned rates[6][2] = {{44100, 48000}, {8000, 192000}, {48000, 48000},
                                         {48000, 44100}, {96000, 88200}, {96000, 48000}};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(resampler_filter_create(&filters[i], RESAMPLER_PROFILE_MEDIUM, rates[i][0],
                                                 rates[i][1]),
                         0);
    assert_ptr_equal(filters[0], filters[1]);
    assert_ptr_equal(filters[0], filters[2]);
    assert_ptr_equal(filters[3], filters[4]);
    assert_ptr_not_equal(filters[0], filters[3]);
    assert_ptr_not_equal(filters[3], filters[5]);
    const struct resampler_filter *other;
    assert_int_equal(resampler_filter_create(&other, RESAMPLER_PROFILE_HIGH, 48000, 48000), 0);
    assert_ptr_not_equal(filters[0], other);
    resampler_filter_unref(other);
    for (unsigned i = 0; i < 6; i++)
        resampler_filter_unref(filters[i]);
    resampler_filter_unref(NULL);
}

static void test_resampler_filters_are_small(void **state)
{
    for (unsigned profile = 1; profile <= RESAMPLER_PROFILE_BEST; profile++) {
        for (unsigned in_rate_hz = 8000; in_rate_hz <= 192000; in_rate_hz += 46000) {
            const struct resampler_filter *filter;
            assert_int_equal(resampler_filter_create(&filter, profile, in_rate_hz, 8000), 0);
            assert_true(filter->segments * filter->segment_size * sizeof(float) <= 256 * 1024);
            assert_int_equal(filter->taps % RESAMPLER_FILTER_BLOCK, 0);
            resampler_filter_unref(filter);
        }
    }
}

static void *create_and_destroy(void *arg)
{
    static float in[64 * 2];
    const unsigned *rate_hz = arg;
    for (unsigned i = 0; i < 40; i++) {
        float out[64 * 2];
        struct resampler *resampler = NULL;
        struct resampler_config config = {48000, i % 3 ? 48000 : *rate_hz, 1, RESAMPLER_PROFILE_LOW,
                                          0};
        if (resampler_create(&resampler, &config) != 0)
            return NULL;
        size_t taken = 64, given = 64;
        resampler_process(resampler, in, &taken, out, &given);
        resampler_destroy(resampler);
    }
    return arg;
}

static void test_resampler_may_be_created_by_many_threads(void **state)
{
    pthread_t threads[4];
    unsigned rates_hz[4] = {44100, 32000, 44100, 47999};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create_and_destroy, &rates_hz[i]), 0);
    for (unsigned i = 0; i < 4; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &rates_hz[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resampler_profiles_keep_sinad_with_every_kernel),
        cmocka_unit_test(test_resampler_moving_ratio_keeps_sinad),
        cmocka_unit_test(test_resampler_any_pair_of_rates_keeps_sinad),
        cmocka_unit_test(test_resampler_holds_position_for_hours),
        cmocka_unit_test(test_resampler_takes_and_gives_whole_periods),
        cmocka_unit_test(test_resampler_takes_scale_to_a_billionth),
        cmocka_unit_test(test_resampler_is_bit_exact_between_equal_rates),
        cmocka_unit_test(test_resampler_returns_to_bit_exact),
        cmocka_unit_test(test_resampler_bends_nowhere_when_scale_moves),
        cmocka_unit_test(test_resampler_output_does_not_depend_on_blocks),
        cmocka_unit_test(test_resampler_channels_equal_mono_with_every_kernel),
        cmocka_unit_test(test_resampler_takes_no_more_than_it_needs),
        cmocka_unit_test(test_resampler_delay_is_where_an_impulse_comes_out),
        cmocka_unit_test(test_resampler_keeps_level_of_a_constant),
        cmocka_unit_test(test_resampler_forgets_what_is_not_a_number),
        cmocka_unit_test(test_resampler_reset_is_silence),
        cmocka_unit_test(test_resampler_refuses_hostile_config),
        cmocka_unit_test(test_resampler_refuses_hostile_scale),
        cmocka_unit_test(test_resampler_process_takes_no_lock_and_no_memory),
        cmocka_unit_test(test_resampler_leaves_the_floating_point_mode_alone),
        cmocka_unit_test(test_resampler_filters_are_shared),
        cmocka_unit_test(test_resampler_filters_are_small),
        cmocka_unit_test(test_resampler_may_be_created_by_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
