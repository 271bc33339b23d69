// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "device/device.h"
#include "sound_files.h"

#define FRAMES 5000

static struct temp_dir dir;

static int setup(void **state)
{
    temp_dir_init(&dir);
    write_noise(temp_path(&dir, "noise.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, FRAMES);
    write_noise(temp_path(&dir, "noise.flac"), SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 48000, 1, FRAMES);
    write_noise(temp_path(&dir, "noise.ogg"), SF_FORMAT_OGG | SF_FORMAT_VORBIS, 48000, 2, FRAMES);
    write_noise(temp_path(&dir, "empty.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, 0);
    FILE *text = fopen(temp_path(&dir, "text.wav"), "w");
    fputs("this is no sound, and not short either: libsndfile wants some bytes to look at", text);
    fclose(text);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"noise.wav", "noise.flac", "noise.ogg", "empty.wav",
                                        "text.wav",  "pipe",       NULL};
    temp_dir_finish(&dir, names);
    return 0;
}

static struct device *open_player(const char *name, bool loop)
{
    const struct device_config config = {
        .kind = DEVICE_FILE_PLAYER, .path = temp_path(&dir, name), .loop = loop};
    struct device *device = NULL;
    char error[DEVICE_ERROR_SIZE];
    assert_int_equal(device_open(&device, &config, error), 0);
    return device;
}

// Reads exactly `frames`, waiting for the disk.
static void read_all(struct device *device, float *samples, size_t frames)
{
    size_t done = 0;
    for (int turns = 0; done < frames && turns < 20000; turns++) {
        const size_t got = device_read(device, samples + done * device_get_channels(device),
                                       frames - done < 333 ? frames - done : 333);
        done += got;
        if (got == 0)
            sleep_ms(1);
    }
    assert_int_equal(done, frames);
}

static void assert_noise(const float *samples, size_t count, uint64_t position)
{
    for (size_t i = 0; i < count; i++)
        if (samples[i] != (float)noise_sample(position + i) / 32768)
            fail_msg("sample %zu differs", i);
}

static void assert_silence(const float *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(samples[i] == 0);
}

static void test_player_gives_16_bit_samples_exactly_and_then_silence(void **state)
{
    static const char *const names[] = {"noise.wav", "noise.flac"};
    for (int i = 0; i < 2; i++) {
        struct device *device = open_player(names[i], false);
        const unsigned channels = device_get_channels(device);
        assert_true(device_is_source(device));
        assert_int_equal(device_get_state(device).run, DEVICE_READY);
        assert_int_equal(device_get_state(device).length_frames, FRAMES);
        float *samples = calloc((FRAMES + 500) * channels, sizeof(float));
        read_all(device, samples, FRAMES);
        assert_noise(samples, FRAMES * channels, 0);
        assert_int_equal(device_get_state(device).run, DEVICE_RUNNING);
        read_all(device, samples + FRAMES * channels, 500);
        assert_silence(samples + FRAMES * channels, 500 * channels);
        const struct device_state end = device_get_state(device);
        assert_int_equal(end.run, DEVICE_FINISHED);
        assert_int_equal(end.frames, FRAMES);
        free(samples);
        device_close(device);
    }
}

static void test_player_reads_format_of_file(void **state)
{
    struct device *device = open_player("noise.flac", false);
    assert_int_equal(device_get_rate_hz(device), 48000);
    assert_int_equal(device_get_channels(device), 1);
    device_close(device);
    device = open_player("noise.ogg", false);
    assert_int_equal(device_get_rate_hz(device), 48000);
    assert_int_equal(device_get_channels(device), 2);
    float samples[2000];
    read_all(device, samples, 1000);
    device_close(device);
}

static void test_player_loops_without_a_seam(void **state)
{
    struct device *device = open_player("noise.wav", true);
    const size_t frames = 3 * FRAMES + 123;
    float *samples = calloc(frames * 2, sizeof(float));
    read_all(device, samples, frames);
    for (size_t turn = 0; turn < 3; turn++)
        assert_noise(samples + turn * FRAMES * 2, FRAMES * 2, 0);
    assert_noise(samples + 3 * FRAMES * 2, 123 * 2, 0);
    assert_int_equal(device_get_state(device).run, DEVICE_RUNNING);
    free(samples);
    device_close(device);
}

static void test_player_starts_over_after_rewind(void **state)
{
    struct device *device = open_player("noise.wav", false);
    float *samples = calloc(FRAMES * 2, sizeof(float));
    // Before the first read, in the middle, at the end, and behind it.
    static const size_t lengths[] = {0, 1, 700, 1024, FRAMES, FRAMES + 10};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        float *skipped = calloc(lengths[i] * 2 + 1, sizeof(float));
        read_all(device, skipped, lengths[i]);
        free(skipped);
        assert_int_equal(device_rewind(device), 0);
        assert_int_not_equal(device_get_state(device).run, DEVICE_FINISHED);
        read_all(device, samples, 2000);
        assert_noise(samples, 4000, 0);
        assert_int_equal(device_get_state(device).frames, 2000);
        assert_int_equal(device_rewind(device), 0);
    }
    free(samples);
    device_close(device);
}

struct rewinder {
    struct device *device;
    atomic_bool stop;
};

static void *rewind_often(void *arg)
{
    struct rewinder *rewinder = arg;
    for (int i = 0; i < 300; i++) {
        device_rewind(rewinder->device);
        sched_yield();
    }
    atomic_store(&rewinder->stop, true);
    return NULL;
}

static void test_player_survives_rewinds_while_it_is_read(void **state)
{
    struct rewinder rewinder = {.device = open_player("noise.wav", false)};
    float samples[333 * 2];
    device_read(rewinder.device, samples, 10);
    pthread_t thread;
    pthread_create(&thread, NULL, rewind_often, &rewinder);
    while (!atomic_load(&rewinder.stop))
        device_read(rewinder.device, samples, 333);
    pthread_join(thread, NULL);
    device_rewind(rewinder.device);
    float *all = calloc(FRAMES * 2, sizeof(float));
    read_all(rewinder.device, all, FRAMES);
    assert_noise(all, FRAMES * 2, 0);
    free(all);
    device_close(rewinder.device);
}

static void test_player_refuses_what_it_cannot_play(void **state)
{
    mkfifo(temp_path(&dir, "pipe"), 0600);
    const struct {
        const char *name;
        unsigned rate_hz, channels;
        int code;
        const char *word;
    } cases[] = {
        {"missing.wav", 0, 0, -ENOENT, "no such file"},
        {"nofolder/x.wav", 0, 0, -ENOENT, "no such file"},
        {"text.wav", 0, 0, -EBADMSG, "not a sound file"},
        {"empty.wav", 0, 0, -EBADMSG, "no sound"},
        {"", 0, 0, -EISDIR, "folder"},
        {"pipe", 0, 0, -EINVAL, "regular file"},
        {"noise.wav", 48000, 0, -ENOTSUP, "44100"},
        {"noise.wav", 0, 1, -ENOTSUP, "channels"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct device_config config = {.kind = DEVICE_FILE_PLAYER,
                                             .path = temp_path(&dir, cases[i].name),
                                             .rate_hz = cases[i].rate_hz,
                                             .channels = cases[i].channels};
        struct device *device = NULL;
        char error[DEVICE_ERROR_SIZE];
        assert_int_equal(device_open(&device, &config, error), cases[i].code);
        assert_null(device);
        assert_non_null(strstr(error, cases[i].word));
        assert_int_equal(device_open(&device, &config, NULL), cases[i].code);
    }
}

static void test_player_takes_no_sound(void **state)
{
    struct device *device = open_player("noise.wav", false);
    const float samples[2] = {0};
    assert_int_equal(device_write(device, samples, 1), 0);
    assert_int_equal(device_writable(device), 0);
    device_close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_player_gives_16_bit_samples_exactly_and_then_silence),
        cmocka_unit_test(test_player_reads_format_of_file),
        cmocka_unit_test(test_player_loops_without_a_seam),
        cmocka_unit_test(test_player_starts_over_after_rewind),
        cmocka_unit_test(test_player_survives_rewinds_while_it_is_read),
        cmocka_unit_test(test_player_refuses_what_it_cannot_play),
        cmocka_unit_test(test_player_takes_no_sound),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
