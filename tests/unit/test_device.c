// SPDX-License-Identifier: MPL-2.0
//
// Tone, null, and what all devices have in common.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "device/device.h"

static void test_tone_is_an_exact_sine(void **state)
{
    const struct device_config config = {
        .kind = DEVICE_TONE, .frequency_hz = 997, .level_db = -6, .rate_hz = 48000, .channels = 3};
    struct device *device = NULL;
    assert_int_equal(device_open(&device, &config, NULL), 0);
    assert_true(device_is_source(device));
    assert_int_equal(device_get_state(device).run, DEVICE_READY);
    float samples[3 * 7];
    for (size_t n = 0; n < 70000; n += 7) {
        assert_int_equal(device_read(device, samples, 7), 7);
        for (size_t i = 0; i < 7; i++) {
            const double periods = (double)(n + i) * 997 / 48000;
            const double want = pow(10, -6 / 20.0) * sin(2 * M_PI * (periods - floor(periods)));
            for (size_t c = 0; c < 3; c++)
                if (fabs(samples[i * 3 + c] - want) > 1e-6)
                    fail_msg("frame %zu differs", n + i);
        }
    }
    assert_int_equal(device_get_state(device).frames, 70000);
    assert_int_equal(device_get_state(device).run, DEVICE_RUNNING);
    assert_int_equal(device_rewind(device), -ENOTSUP);
    device_close(device);
}

static void test_null_source_gives_silence(void **state)
{
    const struct device_config config = {.kind = DEVICE_NULL_SOURCE};
    struct device *device = NULL;
    assert_int_equal(device_open(&device, &config, NULL), 0);
    assert_int_equal(device_get_rate_hz(device), 44100);
    assert_int_equal(device_get_channels(device), 2);
    float samples[20];
    memset(samples, 1, sizeof(samples));
    assert_int_equal(device_read(device, samples, 10), 10);
    for (int i = 0; i < 20; i++)
        assert_true(samples[i] == 0);
    assert_int_equal(device_get_state(device).frames, 10);
    device_close(device);
}

static void test_null_sink_takes_everything(void **state)
{
    const struct device_config config = {.kind = DEVICE_NULL_SINK, .rate_hz = 96000, .channels = 1};
    struct device *device = NULL;
    assert_int_equal(device_open(&device, &config, NULL), 0);
    assert_false(device_is_source(device));
    assert_false(device_is_clockless(device));
    const float samples[10] = {0};
    assert_int_equal(device_write(device, samples, 10), 10);
    assert_true(device_writable(device) > 1000000);
    assert_int_equal(device_get_state(device).frames, 10);
    assert_int_equal(device_get_state(device).run, DEVICE_RUNNING);
    device_close(device);
}

static void test_device_open_refuses_nonsense(void **state)
{
    const struct device_config configs[] = {
        {.kind = (enum device_kind)99},
        {.kind = (enum device_kind) - 1},
        {.kind = DEVICE_FILE_PLAYER},
        {.kind = DEVICE_FILE_RECORDER, .path = ""},
        {.kind = DEVICE_TONE, .frequency_hz = -1},
        {.kind = DEVICE_TONE, .frequency_hz = 22050},
        {.kind = DEVICE_TONE, .frequency_hz = NAN},
        {.kind = DEVICE_TONE, .level_db = 0.1},
        {.kind = DEVICE_TONE, .level_db = NAN},
        {.kind = DEVICE_TONE, .channels = 33},
        {.kind = DEVICE_NULL_SINK, .rate_hz = 1},
    };
    for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
        struct device *device = NULL;
        char error[DEVICE_ERROR_SIZE] = "";
        assert_int_equal(device_open(&device, &configs[i], error), -EINVAL);
        assert_null(device);
        assert_true(strlen(error) > 10);
    }
    device_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tone_is_an_exact_sine),
        cmocka_unit_test(test_null_source_gives_silence),
        cmocka_unit_test(test_null_sink_takes_everything),
        cmocka_unit_test(test_device_open_refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
