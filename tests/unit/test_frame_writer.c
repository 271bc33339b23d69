// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api/frame_writer.h"
#include "sine_fit.h"

#define PI       3.14159265358979323846
#define SINE_HZ  1000.0
#define MAX_GOT  100000
#define SETTLING 200 // frames that the filter needs to fill

struct sound {
    float samples[MAX_GOT * 2];
    size_t frames;
};

static void collect(const float *samples, size_t frames, void *arg)
{
    struct sound *sound = arg;
    assert_true(sound->frames + frames <= MAX_GOT);
    for (size_t i = 0; i < frames * 2; i++)
        sound->samples[sound->frames * 2 + i] = samples[i];
    sound->frames += frames;
}

// A second of a sine in frames of uneven length.
static void convert(struct sound *sound, unsigned from_hz, unsigned to_hz)
{
    static float in[2 * 96000];
    const struct sender_setup setup = {
        .frames = {.rate_hz = from_hz, .channels = 2},
        .session.encoding = {.payload_type = 10, .rate_hz = to_hz, .channels = 2},
    };
    struct frame_writer writer;
    assert_int_equal(frame_writer_init(&writer, &setup), 0);
    for (size_t i = 0; i < 2 * from_hz; i++)
        in[i] = (float)sin(2 * PI * SINE_HZ * (double)(i / 2) / from_hz);
    size_t at = 0;
    for (size_t length = 1; at < from_hz; length = length * 3 % 1000 + 1) {
        const size_t n = length < from_hz - at ? length : from_hz - at;
        const roc_frame frame = {.samples = in + 2 * at, .samples_size = n * 2 * sizeof(float)};
        assert_int_equal(frame_writer_check(&writer, &frame), n);
        frame_writer_write(&writer, &frame, collect, sound);
        at += n;
    }
    frame_writer_finish(&writer);
}

static void test_frame_writer_converts_rates(void **state)
{
    (void)state;
    static const unsigned rates[][2] = {
        {48000, 44100}, {44100, 48000}, {8000, 96000}, {96000, 44100}};
    static double phases[MAX_GOT];
    struct sound *sound = calloc(1, sizeof(*sound));
    assert_non_null(sound);
    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
        sound->frames = 0;
        convert(sound, rates[i][0], rates[i][1]);
        // All but what the filter holds back.
        assert_true(sound->frames <= rates[i][1]);
        assert_true(sound->frames + 12 * SETTLING > rates[i][1]);
        const size_t begin = 4 * SETTLING;
        for (size_t k = 0; k < sound->frames; k++)
            phases[k] = 2 * PI * SINE_HZ * (double)k / rates[i][1];
        assert_true(
            sine_fit_sinad_db(phases, sound->samples + 2 * begin, 2, sound->frames - begin) > 100);
    }
    free(sound);
}

static void test_frame_writer_leaves_equal_rates_alone(void **state)
{
    (void)state;
    struct sound *sound = calloc(1, sizeof(*sound));
    assert_non_null(sound);
    convert(sound, 44100, 44100);
    assert_int_equal(sound->frames, 44100);
    for (size_t i = 0; i < 44100; i++)
        assert_true(sound->samples[2 * i] == (float)sin(2 * PI * SINE_HZ * (double)i / 44100));
    free(sound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_writer_converts_rates),
        cmocka_unit_test(test_frame_writer_leaves_equal_rates_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
