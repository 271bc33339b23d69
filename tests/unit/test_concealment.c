// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/concealment.h"
#include "base/random.h"

#define RATE_HZ  44100
#define CHANNELS 2
#define LENGTH   (2 * RATE_HZ) // frames of a signal
#define PACKET   221
#define PI       3.14159265358979323846

struct signal {
    const char *name;
    void (*make)(struct random *random, float *samples);
};

static float original[LENGTH * CHANNELS], played[LENGTH * CHANNELS];

static double uniform(struct random *random)
{
    return (double)random_below(random, 1u << 24) / (1 << 23) - 1.0;
}

static void set(float *samples, size_t i, double left, double right)
{
    // As it comes from 16 bits.
    samples[i * CHANNELS] = (float)(round(left * 32767) / 32768);
    samples[i * CHANNELS + 1] = (float)(round(right * 32767) / 32768);
}

static double tone(double hz, size_t i)
{
    return sin(2 * PI * hz * (double)i / RATE_HZ);
}

static void make_sine(struct random *random, float *samples)
{
    for (size_t i = 0; i < LENGTH; i++)
        set(samples, i, 0.5 * tone(440, i), 0.3 * tone(1000, i));
}

static void make_chord(struct random *random, float *samples)
{
    for (size_t i = 0; i < LENGTH; i++) {
        double chord = tone(261.6, i) + tone(329.6, i) + tone(392, i);
        set(samples, i, 0.25 * chord, 0.15 * chord);
    }
}

// Overtones and all: 32 of them.
static void make_strings(struct random *random, float *samples)
{
    const double notes[] = {110, 138.6, 164.8, 220};
    for (size_t i = 0; i < LENGTH; i++) {
        double sum = 0;
        for (size_t n = 0; n < 4; n++)
            for (int h = 1; h <= 8; h++)
                sum += tone(notes[n] * h, i + 100 * n) / h;
        set(samples, i, 0.1 * sum, 0.08 * sum);
    }
}

static void make_noise(struct random *random, float *samples)
{
    for (size_t i = 0; i < LENGTH; i++)
        set(samples, i, 0.5 * uniform(random), 0.2 * uniform(random));
}

// A hiss that is loud at 2 kHz and weak elsewhere.
static void make_hiss(struct random *random, float *samples)
{
    double a = 0, b = 0;
    for (size_t i = 0; i < LENGTH; i++) {
        double c = 1.94 * cos(2 * PI * 2000 / RATE_HZ) * a - 0.97 * 0.97 * b + uniform(random);
        b = a;
        a = c;
        set(samples, i, 0.02 * c, 0.02 * c);
    }
}

static void make_square(struct random *random, float *samples)
{
    for (size_t i = 0; i < LENGTH; i++)
        set(samples, i, i / 50 % 2 ? 1.0 : -1.0, i / 73 % 2 ? 0.5 : -0.5);
}

static struct concealment *create(enum concealment_mode mode, unsigned rate_hz, unsigned channels)
{
    struct concealment *concealment = NULL;
    const struct concealment_config config = {
        .encoding = {.rate_hz = rate_hz, .channels = channels}, .mode = mode};
    assert_int_equal(concealment_create(&concealment, &config), 0);
    return concealment;
}

// Plays the original with a gap every 300 ms, as packets come.
static bool is_missing(size_t frame, size_t gap)
{
    return frame % (RATE_HZ * 3 / 10) >= RATE_HZ * 3 / 10 - gap;
}

static void play(struct concealment *concealment, size_t gap)
{
    size_t i = 0;
    memcpy(played, original, sizeof(played));
    while (i < LENGTH) {
        size_t n = 1;
        while (n < PACKET && i + n < LENGTH && is_missing(i + n, gap) == is_missing(i, gap))
            n++;
        if (is_missing(i, gap))
            concealment_fill(concealment, played + i * CHANNELS, n, NULL, 0);
        else
            concealment_push(concealment, played + i * CHANNELS, n);
        i += n;
    }
}

// Error against the original within the gaps, in dB below what zeros make.
static double measure_error(size_t gap, double *level)
{
    double error = 0, power = 0, made = 0;
    for (size_t i = 0; i < LENGTH * CHANNELS; i++) {
        if (!is_missing(i / CHANNELS, gap))
            continue;
        error += pow((double)played[i] - (double)original[i], 2);
        power += pow((double)original[i], 2);
        made += pow((double)played[i], 2);
    }
    *level = 10 * log10(made / power);
    return 10 * log10(error / power + 1e-12);
}

static void check_quality(const struct signal *signal, unsigned gap_ms, double bound_db,
                          double level_db)
{
    struct random random;
    struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, RATE_HZ, CHANNELS);
    double level, error;
    random_init(&random, 1);
    signal->make(&random, original);
    play(concealment, RATE_HZ * gap_ms / 1000);
    error = measure_error(RATE_HZ * gap_ms / 1000, &level);
    print_message("%s, %u ms: error %.1f dB, level %.1f dB\n", signal->name, gap_ms, error, level);
    assert_true(error < bound_db);
    assert_true(fabs(level) < level_db);
    concealment_destroy(concealment);
}

static void test_concealment_foretells_tones(void **state)
{
    const struct signal sine = {"sine", make_sine}, chord = {"chord", make_chord},
                        strings = {"strings", make_strings}, square = {"square", make_square};
    check_quality(&sine, 5, -50, 0.5);
    check_quality(&sine, 10, -50, 0.5);
    check_quality(&sine, 20, -45, 0.5);
    check_quality(&chord, 5, -18, 1);
    check_quality(&chord, 10, -14, 1);
    check_quality(&chord, 20, -12, 1);
    check_quality(&strings, 5, -6, 2);
    check_quality(&strings, 10, -6, 2);
    check_quality(&strings, 20, -6, 2);
    check_quality(&square, 10, -6, 2);
}

// Nobody can foretell noise; but its level must stay, and nothing may be made worse by much.
static void test_concealment_keeps_the_level_of_noise(void **state)
{
    const struct signal noise = {"noise", make_noise}, hiss = {"hiss", make_hiss};
    check_quality(&noise, 5, 3, 4);
    check_quality(&noise, 20, 3, 4);
    check_quality(&hiss, 5, 3, 4);
    check_quality(&hiss, 20, 3, 4);
}

static void test_concealment_fades_to_silence_in_60_ms(void **state)
{
    struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, RATE_HZ, CHANNELS);
    static float gap[RATE_HZ / 10 * CHANNELS];
    float loudest[10] = {0};
    make_chord(NULL, original);
    concealment_push(concealment, original, RATE_HZ);
    assert_false(concealment_is_silent(concealment));
    concealment_fill(concealment, gap, RATE_HZ / 10, NULL, 0);
    for (size_t i = 0; i < RATE_HZ / 10 * CHANNELS; i++) {
        size_t part = i / (RATE_HZ / 100 * CHANNELS);
        loudest[part] = fmaxf(loudest[part], fabsf(gap[i]));
    }
    assert_true(loudest[1] > 0.3f);
    assert_true(loudest[3] < loudest[1]);
    assert_true(loudest[5] < 0.3f * loudest[1]);
    assert_true(loudest[6] < 1e-3f);
    for (size_t part = 7; part < 10; part++)
        assert_true(loudest[part] == 0);
    assert_true(concealment_is_silent(concealment));
    concealment_destroy(concealment);
}

static float find_step(const float *samples, size_t frames, size_t from, size_t channel)
{
    float step = 0;
    for (size_t i = from > 0 ? from : 1; i < frames; i++)
        step = fmaxf(
            step, fabsf(samples[i * CHANNELS + channel] - samples[(i - 1) * CHANNELS + channel]));
    return step;
}

static float find_peak(const float *samples, size_t channel)
{
    float peak = 0;
    for (size_t i = 0; i < LENGTH; i++)
        peak = fmaxf(peak, fabsf(samples[i * CHANNELS + channel]));
    return peak;
}

// No step is larger than the signal's own, but for what the blending adds (at most the difference
// of two samples, spread over a millisecond, 1.5 times as steep in its middle), and none louder.
static void check_edges(const struct signal *signal, size_t gap)
{
    struct random random;
    struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, RATE_HZ, CHANNELS);
    random_init(&random, 2);
    signal->make(&random, original);
    play(concealment, gap);
    for (size_t channel = 0; channel < CHANNELS; channel++) {
        float peak = find_peak(original, channel);
        float bound = find_step(original, LENGTH, 1, channel) + 2 * peak * 1.5f / 44;
        assert_true(find_step(played, LENGTH, 1, channel) <= bound + 1e-6f);
        assert_true(find_peak(played, channel) <= peak + 1e-6f);
    }
    concealment_destroy(concealment);
}

static void test_concealment_never_clicks(void **state)
{
    const struct signal signals[] = {{"sine", make_sine},       {"chord", make_chord},
                                     {"strings", make_strings}, {"noise", make_noise},
                                     {"hiss", make_hiss},       {"square", make_square}};
    const size_t gaps[] = {1, 7, 44, 221, 442, 1000, 3000, 8000};
    for (size_t s = 0; s < 6; s++)
        for (size_t g = 0; g < 8; g++)
            check_edges(&signals[s], gaps[g]);
}

// Bit by bit, and moved by nothing.
static void test_concealment_changes_only_what_follows_a_gap(void **state)
{
    const size_t gaps[] = {10, 100, 442, 8000};
    struct random random;
    random_init(&random, 3);
    make_noise(&random, original);
    for (size_t g = 0; g < 4; g++) {
        struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, RATE_HZ, CHANNELS);
        size_t blend = gaps[g] < 45 ? 45 : gaps[g] < 177 ? gaps[g] : 177;
        size_t since = 0;
        play(concealment, gaps[g]);
        for (size_t i = 0; i < LENGTH; i++) {
            if (is_missing(i, gaps[g])) {
                since = 0;
            } else if (++since > blend || i < RATE_HZ / 10) {
                assert_memory_equal(&played[i * CHANNELS], &original[i * CHANNELS],
                                    CHANNELS * sizeof(float));
            }
        }
        concealment_destroy(concealment);
    }
}

static void test_concealment_is_silent_before_the_first_sound(void **state)
{
    struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, RATE_HZ, CHANNELS);
    float samples[100 * CHANNELS];
    memset(samples, 0x7f, sizeof(samples));
    assert_true(concealment_is_silent(concealment));
    concealment_fill(concealment, samples, 100, NULL, 0);
    for (size_t i = 0; i < 100 * CHANNELS; i++)
        assert_true(samples[i] == 0);
    // And the first sound is not blended with that.
    make_sine(NULL, original);
    memcpy(played, original, sizeof(played));
    concealment_push(concealment, played, 1000);
    assert_memory_equal(played, original, 1000 * CHANNELS * sizeof(float));
    concealment_destroy(concealment);
}

// What came over the wire as floats may be anything.
static void test_concealment_survives_what_is_not_a_number(void **state)
{
    const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f, 1e-40f, 0};
    struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, RATE_HZ, CHANNELS);
    struct random random;
    float samples[500 * CHANNELS];
    random_init(&random, 4);
    for (int round = 0; round < 200; round++) {
        size_t n = 1 + random_below(&random, 500);
        for (size_t i = 0; i < n * CHANNELS; i++)
            samples[i] = bad[random_below(&random, 6)];
        concealment_push(concealment, samples, n);
        n = 1 + random_below(&random, 500);
        concealment_fill(concealment, samples, n, NULL, 0);
        for (size_t i = 0; i < n * CHANNELS; i++)
            assert_true(samples[i] >= -1.0f && samples[i] <= 1.0f);
    }
    concealment_destroy(concealment);
}

// Every other packet lost for a long time: what is made up feeds on itself.
static void test_concealment_never_grows(void **state)
{
    struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, RATE_HZ, CHANNELS);
    uint64_t seed = random_u32();
    struct random random;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_init(&random, seed);
    make_strings(&random, original);
    memcpy(played, original, sizeof(played));
    for (size_t i = 0; i + 300 < LENGTH;) {
        size_t n = 1 + random_below(&random, 300);
        if (random_below(&random, 2) > 0)
            concealment_fill(concealment, played + i * CHANNELS, n, NULL, 0);
        else
            concealment_push(concealment, played + i * CHANNELS, n);
        i += n;
    }
    for (size_t channel = 0; channel < CHANNELS; channel++)
        assert_true(find_peak(played, channel) <= find_peak(original, channel) + 1e-6f);
    concealment_destroy(concealment);
}

static void test_concealment_blends_where_the_stream_jumps(void **state)
{
    struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, RATE_HZ, CHANNELS);
    make_sine(NULL, original);
    memcpy(played, original, sizeof(played));
    concealment_push(concealment, played, 10000);
    concealment_skip(concealment);
    // Half a turn further on.
    memmove(played + 10000 * CHANNELS, original + 10050 * CHANNELS,
            5000 * CHANNELS * sizeof(float));
    concealment_push(concealment, played + 10000 * CHANNELS, 5000);
    assert_true(find_step(played, 15000, 1, 0) < 1.5f * find_step(original, LENGTH, 1, 0));
    assert_memory_equal(played + 10200 * CHANNELS, original + 10250 * CHANNELS,
                        4800 * CHANNELS * sizeof(float));
    concealment_destroy(concealment);
}

static void check_stop(enum concealment_mode mode)
{
    struct concealment *concealment = create(mode, RATE_HZ, CHANNELS);
    static float end[1000 * CHANNELS];
    make_sine(NULL, original);
    memcpy(played, original, sizeof(played));
    concealment_push(concealment, played, 10000);
    concealment_stop(concealment);
    assert_false(concealment_is_silent(concealment));
    concealment_fill(concealment, end, 1000, NULL, 0);
    assert_true(concealment_is_silent(concealment));
    for (size_t i = RATE_HZ / 200 + 1; i < 1000; i++)
        assert_true(end[i * CHANNELS] == 0);
    assert_true(end[20 * CHANNELS] != 0);
    concealment_destroy(concealment);
}

static void test_concealment_ends_in_5_ms_when_stopped(void **state)
{
    check_stop(CONCEALMENT_EXTRAPOLATE);
    check_stop(CONCEALMENT_BEEP);
}

static void test_concealment_other_modes_leave_real_sound_alone(void **state)
{
    for (int mode = CONCEALMENT_ZERO; mode <= CONCEALMENT_BEEP; mode++) {
        struct concealment *concealment = create((enum concealment_mode)mode, RATE_HZ, CHANNELS);
        double power = 0;
        make_chord(NULL, original);
        play(concealment, 1000);
        for (size_t i = 0; i < LENGTH * CHANNELS; i++) {
            if (is_missing(i / CHANNELS, 1000))
                power += pow((double)played[i], 2);
            else
                assert_true(played[i] == original[i]);
        }
        assert_true(mode == CONCEALMENT_ZERO ? power == 0 : power > 1);
        concealment_destroy(concealment);
    }
}

static void check_shape(unsigned rate_hz, unsigned channels)
{
    struct concealment *concealment = create(CONCEALMENT_EXTRAPOLATE, rate_hz, channels);
    float *samples = calloc(5000 * (size_t)channels, sizeof(float));
    struct random random;
    random_init(&random, 5);
    assert_non_null(samples);
    for (size_t have = 1; have <= 5000; have = have * 3 + 1) {
        for (size_t i = 0; i < have * channels; i++)
            samples[i] = (float)(0.5 * uniform(&random));
        concealment_push(concealment, samples, have);
        concealment_fill(concealment, samples, 500, NULL, 0);
        for (size_t i = 0; i < 500 * (size_t)channels; i++)
            assert_true(fabsf(samples[i]) <= 0.5f);
    }
    free(samples);
    concealment_destroy(concealment);
}

static void test_concealment_serves_any_rate_and_channels(void **state)
{
    const unsigned rates[] = {1, 100, 8000, 48000, 192000};
    const unsigned channels[] = {1, 2, 3, 8, 33};
    for (size_t r = 0; r < 5; r++)
        for (size_t c = 0; c < 5; c++)
            check_shape(rates[r], channels[c]);
    check_shape(48000, 1024);
}

static void test_concealment_refuses_bad_settings(void **state)
{
    struct concealment *concealment = NULL;
    struct concealment_config config = {.encoding = {.rate_hz = 0, .channels = 1}};
    assert_int_equal(concealment_create(&concealment, &config), -EINVAL);
    config.encoding = (struct audio_encoding){.rate_hz = 44100, .channels = 0};
    assert_int_equal(concealment_create(&concealment, &config), -EINVAL);
    config.encoding.channels = 1;
    config.mode = (enum concealment_mode)(CONCEALMENT_BEEP + 1);
    assert_int_equal(concealment_create(&concealment, &config), -EINVAL);
    assert_null(concealment);
    concealment_destroy(NULL);
}

// ---- plugins

struct plugin {
    struct concealment_plugin callbacks;
    bool refuses;
    int instances;
    size_t pushed, filled, followed;
    float next; // first sample that it was shown last
};

static void *plugin_create(void *arg, const struct audio_encoding *encoding)
{
    struct plugin *plugin = arg;
    assert_int_equal(encoding->channels, CHANNELS);
    if (plugin->refuses)
        return NULL;
    plugin->instances++;
    return plugin;
}

static void plugin_destroy(void *instance)
{
    ((struct plugin *)instance)->instances--;
}

static size_t plugin_lookahead(void *instance)
{
    return 10;
}

static void plugin_push(void *instance, const float *samples, size_t frames)
{
    ((struct plugin *)instance)->pushed += frames;
}

static void plugin_fill(void *instance, float *samples, size_t frames, const float *next,
                        size_t next_frames)
{
    const float bad[] = {NAN, INFINITY, -3, 0.25f};
    struct plugin *plugin = instance;
    plugin->filled += frames;
    plugin->followed += next_frames;
    if (next_frames > 0)
        plugin->next = next[0];
    for (size_t i = 0; i < frames * CHANNELS; i++)
        samples[i] = bad[i % 4];
}

static struct plugin make_plugin(bool refuses)
{
    return (struct plugin){
        .callbacks = {plugin_create, plugin_destroy, plugin_lookahead, plugin_push, plugin_fill,
                      NULL},
        .refuses = refuses,
    };
}

static struct concealment *create_with(struct plugin *plugin)
{
    struct concealment *concealment = NULL;
    plugin->callbacks.arg = plugin;
    const struct concealment_config config = {
        .encoding = {.rate_hz = RATE_HZ, .channels = CHANNELS}, .plugin = &plugin->callbacks};
    assert_int_equal(concealment_create(&concealment, &config), 0);
    return concealment;
}

static void test_concealment_clamps_what_a_plugin_makes(void **state)
{
    struct plugin plugin = make_plugin(false);
    struct concealment *concealment = create_with(&plugin);
    float samples[4 * CHANNELS] = {0.5f}, *next;
    assert_int_equal(plugin.instances, 1);
    assert_int_equal(concealment_get_lookahead(concealment, &next), 10);
    concealment_fill(concealment, samples, 4, NULL, 0);
    assert_int_equal(plugin.filled, 0); // before the first sound
    concealment_push(concealment, samples, 4);
    next[0] = 0.125f;
    concealment_fill(concealment, samples, 4, next, 10);
    const float want[] = {0, 1, -1, 0.25f};
    for (size_t i = 0; i < 4 * CHANNELS; i++)
        assert_true(samples[i] == want[i % 4]);
    // Nor is what comes after the gap blended.
    concealment_push(concealment, samples, 4);
    assert_true(samples[3] == 0.25f);
    assert_int_equal(plugin.pushed, 8);
    assert_int_equal(plugin.filled, 4);
    assert_int_equal(plugin.followed, 10);
    assert_true(plugin.next == 0.125f);
    concealment_destroy(concealment);
    assert_int_equal(plugin.instances, 0);
}

static void test_concealment_extrapolates_where_a_plugin_refuses(void **state)
{
    struct plugin plugin = make_plugin(true);
    struct concealment *concealment = create_with(&plugin);
    double level;
    make_sine(NULL, original);
    play(concealment, 441);
    assert_true(measure_error(441, &level) < -40);
    assert_int_equal(plugin.pushed, 0);
    concealment_destroy(concealment);
}

#define T(test) cmocka_unit_test(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_concealment_foretells_tones),
        T(test_concealment_keeps_the_level_of_noise),
        T(test_concealment_fades_to_silence_in_60_ms),
        T(test_concealment_never_clicks),
        T(test_concealment_changes_only_what_follows_a_gap),
        T(test_concealment_is_silent_before_the_first_sound),
        T(test_concealment_survives_what_is_not_a_number),
        T(test_concealment_never_grows),
        T(test_concealment_blends_where_the_stream_jumps),
        T(test_concealment_ends_in_5_ms_when_stopped),
        T(test_concealment_other_modes_leave_real_sound_alone),
        T(test_concealment_serves_any_rate_and_channels),
        T(test_concealment_refuses_bad_settings),
        T(test_concealment_clamps_what_a_plugin_makes),
        T(test_concealment_extrapolates_where_a_plugin_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
