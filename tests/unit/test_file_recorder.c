// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "device/device.h"
#include "sound_files.h"

static struct temp_dir dir;

static int setup(void **state)
{
    temp_dir_init(&dir);
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"out.wav", NULL};
    temp_dir_finish(&dir, names);
    return 0;
}

static struct device *open_recorder(unsigned rate_hz, unsigned channels)
{
    const struct device_config config = {.kind = DEVICE_FILE_RECORDER,
                                         .path = temp_path(&dir, "out.wav"),
                                         .rate_hz = rate_hz,
                                         .channels = channels};
    struct device *device = NULL;
    return device_open(&device, &config, NULL) == 0 ? device : NULL;
}

// Writes noise from `position` on, waiting for the disk.
static void write_frames(struct device *device, uint64_t position, size_t frames)
{
    const unsigned channels = device_get_channels(device);
    float samples[221 * 8];
    while (frames > 0) {
        size_t count = frames < 221 ? frames : 221;
        for (size_t i = 0; i < count * channels; i++)
            samples[i] = (float)noise_sample(position * channels + i) / 32768;
        count = device_write(device, samples, count);
        if (count == 0)
            sleep_ms(1);
        position += count;
        frames -= count;
    }
}

static void assert_file_is_noise(int rate_hz, int channels, sf_count_t frames)
{
    SF_INFO info;
    int16_t *samples = read_samples(temp_path(&dir, "out.wav"), &info);
    assert_non_null(samples);
    assert_int_equal(info.frames, frames);
    assert_int_equal(info.samplerate, rate_hz);
    assert_int_equal(info.channels, channels);
    assert_int_equal(info.format, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    for (sf_count_t i = 0; i < frames * channels; i++)
        if (samples[i] != noise_sample((uint64_t)i))
            fail_msg("sample %d differs", (int)i);
    free(samples);
}

static void test_recorder_keeps_16_bit_samples_exactly(void **state)
{
    struct device *device = open_recorder(0, 0);
    assert_false(device_is_source(device));
    assert_true(device_is_clockless(device));
    assert_int_equal(device_get_rate_hz(device), 44100);
    assert_int_equal(device_get_channels(device), 2);
    assert_int_equal(device_get_state(device).run, DEVICE_READY);
    write_frames(device, 0, 300000);
    WAIT_UNTIL(device_get_state(device).frames == 300000);
    assert_int_equal(device_get_state(device).run, DEVICE_RUNNING);
    assert_int_equal(device_get_state(device).dropped_frames, 0);
    device_close(device);
    assert_file_is_noise(44100, 2, 300000);
}

// Records samples that are all there in the format's bits, and reads them back as floats.
static void check_format(enum pcm_format format, int file_format)
{
    enum { FRAMES = 5000 };
    static float samples[FRAMES * 2], recorded[FRAMES * 2];
    const struct device_config config = {
        .kind = DEVICE_FILE_RECORDER, .path = temp_path(&dir, "out.wav"), .format = format};
    struct device *device;
    assert_int_equal(device_open(&device, &config, NULL), 0);
    for (int i = 0; i < FRAMES * 2; i++)
        samples[i] = (float)(noise_sample((uint64_t)i) * 256 + i % 256) / 8388608;
    samples[7] = -1.0f;
    size_t done = 0;
    while (done < FRAMES) {
        const size_t count = device_write(device, samples + 2 * done, FRAMES - done);
        if (count == 0)
            sleep_ms(1);
        done += count;
    }
    device_close(device);
    SF_INFO info = {0};
    SNDFILE *file = sf_open(temp_path(&dir, "out.wav"), SFM_READ, &info);
    assert_non_null(file);
    assert_int_equal(info.format, file_format);
    assert_int_equal(info.frames, FRAMES);
    assert_int_equal(sf_readf_float(file, recorded, FRAMES), FRAMES);
    sf_close(file);
    assert_memory_equal(recorded, samples, sizeof(samples));
}

static void test_recorder_keeps_24_bit_samples_exactly(void **state)
{
    check_format(PCM_L24, SF_FORMAT_WAV | SF_FORMAT_PCM_24);
}

static void test_recorder_keeps_floats_exactly(void **state)
{
    check_format(PCM_F32, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
}

static void test_recorder_file_is_complete_when_closed_at_once(void **state)
{
    struct device *device = open_recorder(48000, 6);
    write_frames(device, 0, 40000);
    device_close(device);
    assert_file_is_noise(48000, 6, 40000);
}

static void test_recorder_wakes_up_after_a_pause(void **state)
{
    struct device *device = open_recorder(8000, 1);
    for (uint64_t i = 1; i <= 3; i++) {
        write_frames(device, (i - 1) * 100, 100);
        WAIT_UNTIL(device_get_state(device).frames == i * 100);
        assert_int_equal(device_get_state(device).frames, i * 100);
        sleep_ms(120);
    }
    device_close(device);
    assert_file_is_noise(8000, 1, 300);
}

static void test_recorder_without_sound_leaves_a_readable_file(void **state)
{
    struct device *device = open_recorder(44100, 2);
    assert_file_is_noise(44100, 2, 0);
    device_close(device);
    assert_file_is_noise(44100, 2, 0);
}

static void test_recorder_takes_what_its_ring_holds(void **state)
{
    struct device *device = open_recorder(44100, 2);
    assert_true(device_writable(device) >= 2 * 44100);
    float samples[2] = {0};
    assert_int_equal(device_read(device, samples, 1), 0);
    assert_int_equal(device_rewind(device), -ENOTSUP);
    device_close(device);
}

// Runs `child` in a process of its own and returns its exit status.
static int run_child(void (*child)(void))
{
    const pid_t pid = fork();
    if (pid == 0) {
        child();
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
}

static void record_and_be_killed(void)
{
    struct device *device = open_recorder(44100, 2);
    write_frames(device, 0, 44100);
    WAIT_UNTIL(device_get_state(device).frames == 44100);
    // After a pause the worker puts the header right before it sleeps.
    sleep_ms(500);
    raise(SIGKILL);
}

static void test_recorder_file_is_readable_after_kill(void **state)
{
    const int status = run_child(record_and_be_killed);
    assert_true(WIFSIGNALED(status));
    assert_file_is_noise(44100, 2, 44100);
}

static void record_to_a_full_disk(void)
{
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {.rlim_cur = 100000, .rlim_max = 100000};
    setrlimit(RLIMIT_FSIZE, &limit);
    struct device *device = open_recorder(44100, 2);
    write_frames(device, 0, 88200);
    WAIT_UNTIL(device_get_state(device).run == DEVICE_FAILED);
    // It goes on taking frames, so that nobody waits for it.
    write_frames(device, 0, 3 * 88200);
    WAIT_UNTIL(device_get_state(device).frames + device_get_state(device).dropped_frames ==
               4 * 88200);
    const struct device_state end = device_get_state(device);
    device_close(device);
    const bool is_right = end.run == DEVICE_FAILED && end.error == -EFBIG && end.frames > 20000 &&
                          end.frames + end.dropped_frames == 4 * 88200;
    _exit(is_right ? 42 : 1);
}

static void test_recorder_fails_when_disk_is_full(void **state)
{
    const int status = run_child(record_to_a_full_disk);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_recorder_refuses_what_it_cannot_write(void **state)
{
    const struct {
        const char *name;
        unsigned rate_hz, channels;
        int code;
        const char *word;
    } cases[] = {
        {"nofolder/x.wav", 0, 0, -ENOENT, "folder does not exist"},
        {"", 0, 0, -EISDIR, "not a regular file"},
        {"out.wav", 44100, 33, -EINVAL, "too many"},
        {"out.wav", 12, 2, -EINVAL, "out of range"},
        {"out.wav", 10000000, 2, -EINVAL, "out of range"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct device_config config = {.kind = DEVICE_FILE_RECORDER,
                                             .path = temp_path(&dir, cases[i].name),
                                             .rate_hz = cases[i].rate_hz,
                                             .channels = cases[i].channels};
        struct device *device = NULL;
        char error[DEVICE_ERROR_SIZE];
        assert_int_equal(device_open(&device, &config, error), cases[i].code);
        assert_null(device);
        assert_non_null(strstr(error, cases[i].word));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorder_keeps_16_bit_samples_exactly),
        cmocka_unit_test(test_recorder_keeps_24_bit_samples_exactly),
        cmocka_unit_test(test_recorder_keeps_floats_exactly),
        cmocka_unit_test(test_recorder_file_is_complete_when_closed_at_once),
        cmocka_unit_test(test_recorder_wakes_up_after_a_pause),
        cmocka_unit_test(test_recorder_without_sound_leaves_a_readable_file),
        cmocka_unit_test(test_recorder_takes_what_its_ring_holds),
        cmocka_unit_test(test_recorder_file_is_readable_after_kill),
        cmocka_unit_test(test_recorder_fails_when_disk_is_full),
        cmocka_unit_test(test_recorder_refuses_what_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
