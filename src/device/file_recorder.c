// SPDX-License-Identifier: MPL-2.0
//
// Records a WAV file of 16-bit, 24-bit or float samples. The audio thread puts frames into a ring;
// a worker thread converts and writes them. While sound comes in the worker looks 20 times a
// second; when none comes it sleeps until the audio thread wakes it.
//
// About once a second the header is brought up to date, so that the file can be read up to there
// even if the process is killed.

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sndfile.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/ring.h"
#include "base/thread.h"
#include "device/driver.h"

#define CHUNK_FRAMES 2048
#define POLL_NS      50000000
#define HEADER_NS    1000000000
#define RING_SECONDS 2
// Sizes in a WAV header have 32 bits.
#define MAX_DATA_BYTES (UINT32_MAX - 65536u)

struct file_recorder {
    struct device base;
    enum pcm_format format;
    int fd;
    struct ring *ring;
    struct thread *thread;
    sem_t wake;
    bool has_wake;
    atomic_bool stop;
    atomic_bool is_idle; // the worker sleeps without a deadline

    atomic_int error;
    _Atomic uint64_t frames;
    _Atomic uint64_t dropped_frames;

    // The thread's own, once it runs.
    struct {
        SNDFILE *file;
        float *samples;
        uint8_t *wire;
        void *pcm; // int16_t, int32_t or float
        int64_t header_time_ns;
        bool is_header_stale;
    } worker;
};

// Worker.

static void fail_writing(struct file_recorder *recorder, int code)
{
    log_error("device", "recording stopped: %s", device_reason(code));
    atomic_store(&recorder->error, code);
}

// The wire's own conversions, so that what came as so many bits goes to the disk unchanged.

static sf_count_t write_16_bits(struct file_recorder *recorder, size_t frames)
{
    const size_t count = frames * recorder->base.channels;
    int16_t *pcm = recorder->worker.pcm;
    pcm_encode_l16(recorder->worker.wire, recorder->worker.samples, count);
    memcpy(pcm, recorder->worker.wire, count * sizeof(*pcm));
    for (size_t i = 0; i < count; i++)
        pcm[i] = (int16_t)be16toh((uint16_t)pcm[i]);
    return sf_writef_short(recorder->worker.file, pcm, (sf_count_t)frames);
}

static sf_count_t write_24_bits(struct file_recorder *recorder, size_t frames)
{
    const size_t count = frames * recorder->base.channels;
    const uint8_t *wire = recorder->worker.wire;
    int32_t *pcm = recorder->worker.pcm;
    pcm_encode_l24(recorder->worker.wire, recorder->worker.samples, count);
    // The file takes the upper 24 bits of each.
    for (size_t i = 0; i < count; i++, wire += PCM_L24_SAMPLE_SIZE)
        pcm[i] = (int32_t)((uint32_t)wire[0] << 24 | (uint32_t)wire[1] << 16 | wire[2] << 8);
    return sf_writef_int(recorder->worker.file, pcm, (sf_count_t)frames);
}

static sf_count_t write_floats(struct file_recorder *recorder, size_t frames)
{
    const size_t count = frames * recorder->base.channels;
    float *pcm = recorder->worker.pcm;
    // There and back: what is no sound becomes silence.
    pcm_encode_f32(recorder->worker.wire, recorder->worker.samples, count);
    pcm_decode_f32(pcm, recorder->worker.wire, count);
    return sf_writef_float(recorder->worker.file, pcm, (sf_count_t)frames);
}

struct file_format {
    int sndfile_format;
    size_t sample_size; // in the file
    sf_count_t (*write)(struct file_recorder *recorder, size_t frames);
};

static const struct file_format file_formats[] = {
    [PCM_L16] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2, write_16_bits},
    [PCM_L24] = {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 3, write_24_bits},
    [PCM_F32] = {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 4, write_floats},
};

static void write_chunk(struct file_recorder *recorder, size_t frames)
{
    const struct file_format *format = &file_formats[recorder->format];
    const size_t frame_bytes = recorder->base.channels * format->sample_size;
    const uint64_t so_far = atomic_load_explicit(&recorder->frames, memory_order_relaxed);
    if (atomic_load(&recorder->error) == 0 && (so_far + frames) * frame_bytes > MAX_DATA_BYTES)
        fail_writing(recorder, -EFBIG);

    size_t written = 0;
    if (atomic_load(&recorder->error) == 0) {
        errno = 0;
        const sf_count_t count = format->write(recorder, frames);
        written = count > 0 ? (size_t)count : 0;
        recorder->worker.is_header_stale = true;
        if (written < frames)
            fail_writing(recorder, errno != 0 ? -errno : -EIO);
    }
    atomic_fetch_add_explicit(&recorder->frames, written, memory_order_relaxed);
    atomic_fetch_add_explicit(&recorder->dropped_frames, frames - written, memory_order_relaxed);
}

static bool drain(struct file_recorder *recorder)
{
    bool is_any = false;
    size_t frames;
    while ((frames = ring_pop(recorder->ring, recorder->worker.samples, CHUNK_FRAMES)) > 0) {
        write_chunk(recorder, frames);
        is_any = true;
    }
    return is_any;
}

static void update_header(struct file_recorder *recorder)
{
    recorder->worker.header_time_ns = clock_monotonic_ns();
    if (!recorder->worker.is_header_stale)
        return;
    sf_command(recorder->worker.file, SFC_UPDATE_HEADER_NOW, NULL, 0);
    recorder->worker.is_header_stale = false;
}

static void sleep_for_a_while(struct file_recorder *recorder)
{
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += POLL_NS;
    deadline.tv_sec += deadline.tv_nsec / 1000000000;
    deadline.tv_nsec %= 1000000000;
    sem_timedwait(&recorder->wake, &deadline);
}

static void sleep_until_woken(struct file_recorder *recorder)
{
    // An exchange on both sides orders them: either the writer sees the flag and wakes us, or we
    // see its frames here.
    atomic_exchange(&recorder->is_idle, true);
    if (ring_readable(recorder->ring) == 0 && !atomic_load(&recorder->stop))
        sem_wait(&recorder->wake);
    atomic_store(&recorder->is_idle, false);
}

static void run(void *arg)
{
    struct file_recorder *recorder = arg;
    recorder->worker.header_time_ns = clock_monotonic_ns();
    bool is_stopping = false;
    while (!is_stopping) {
        // Read before draining, so that all that was written before the stop is in the file.
        is_stopping = atomic_load(&recorder->stop);
        const bool is_any = drain(recorder);
        const int64_t age_ns = clock_monotonic_ns() - recorder->worker.header_time_ns;
        if (!is_any || age_ns >= HEADER_NS)
            update_header(recorder);
        if (is_stopping)
            break;
        if (is_any)
            sleep_for_a_while(recorder);
        else
            sleep_until_woken(recorder);
    }
}

// Open and close.

static int create_file(struct file_recorder *recorder, const char *path, char *error)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return device_fail(error, S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL,
                           "cannot record to '%s': it is not a regular file; name another one",
                           path);
    recorder->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (recorder->fd < 0 && errno == ENOENT)
        return device_fail(error, -ENOENT,
                           "cannot record to '%s': its folder does not exist; create it first",
                           path);
    if (recorder->fd < 0)
        return device_fail(error, -errno, "cannot record to '%s': %s", path, device_reason(-errno));

    SF_INFO info = {
        .samplerate = (int)recorder->base.rate_hz,
        .channels = (int)recorder->base.channels,
        .format = file_formats[recorder->format].sndfile_format,
    };
    errno = 0;
    recorder->worker.file = sf_open_fd(recorder->fd, SFM_WRITE, &info, SF_FALSE);
    if (recorder->worker.file == NULL)
        return device_fail(error, errno != 0 ? -errno : -EIO, "cannot record to '%s': %s", path,
                           sf_strerror(NULL));
    // A file without sound in it is readable from the first moment.
    sf_command(recorder->worker.file, SFC_UPDATE_HEADER_NOW, NULL, 0);
    return 0;
}

static void destroy(struct device *device)
{
    struct file_recorder *recorder = (struct file_recorder *)device;
    atomic_store(&recorder->stop, true);
    if (recorder->has_wake)
        sem_post(&recorder->wake);
    thread_destroy(recorder->thread);
    if (recorder->worker.file != NULL && sf_close(recorder->worker.file) != 0)
        log_error("device", "closing a recording failed; its end may be missing");
    if (recorder->fd >= 0)
        close(recorder->fd);
    if (recorder->has_wake)
        sem_destroy(&recorder->wake);
    ring_destroy(recorder->ring);
    free(recorder->worker.samples);
    free(recorder->worker.wire);
    free(recorder->worker.pcm);
    free(recorder);
}

static int start(struct file_recorder *recorder)
{
    const unsigned channels = recorder->base.channels;
    recorder->worker.samples = calloc((size_t)CHUNK_FRAMES * channels, sizeof(float));
    recorder->worker.wire = calloc((size_t)CHUNK_FRAMES * channels, PCM_F32_SAMPLE_SIZE);
    recorder->worker.pcm = calloc((size_t)CHUNK_FRAMES * channels, sizeof(int32_t));
    if (recorder->worker.samples == NULL || recorder->worker.wire == NULL ||
        recorder->worker.pcm == NULL || sem_init(&recorder->wake, 0, 0) != 0)
        return -ENOMEM;
    recorder->has_wake = true;
    const int code = ring_create(&recorder->ring, channels * sizeof(float),
                                 (size_t)recorder->base.rate_hz * RING_SECONDS);
    if (code != 0)
        return code;
    const struct thread_config config = {.name = "roc-recorder"};
    return thread_create(&recorder->thread, &config, run, recorder);
}

static int create(struct device **out, const struct device_config *config, char *error)
{
    if (pcm_codec_get(config->format) == NULL)
        return device_fail(error, -EINVAL, "cannot record to '%s': there is no format %d",
                           config->path, (int)config->format);
    struct file_recorder *recorder = calloc(1, sizeof(*recorder));
    if (recorder == NULL)
        return device_fail(error, -ENOMEM, "cannot record to '%s': out of memory", config->path);
    recorder->fd = -1;
    recorder->base.driver = &device_file_recorder;
    recorder->base.rate_hz = config->rate_hz ? config->rate_hz : 44100;
    recorder->base.channels = config->channels ? config->channels : 2;
    recorder->format = config->format;

    int code = create_file(recorder, config->path, error);
    if (code != 0)
        goto fail;
    code = start(recorder);
    if (code != 0) {
        device_fail(error, code, "cannot record to '%s': %s", config->path, device_reason(code));
        goto fail;
    }
    *out = &recorder->base;
    return 0;

fail:
    destroy(&recorder->base);
    return code;
}

// Writer.

static size_t write_recorder(struct device *device, const float *samples, size_t frames)
{
    struct file_recorder *recorder = (struct file_recorder *)device;
    const size_t pushed = ring_push(recorder->ring, samples, frames);
    if (atomic_exchange(&recorder->is_idle, false))
        sem_post(&recorder->wake);
    return pushed;
}

static size_t get_writable(const struct device *device)
{
    return ring_writable(((const struct file_recorder *)device)->ring);
}

static struct device_state get_state(const struct device *device)
{
    const struct file_recorder *recorder = (const struct file_recorder *)device;
    struct device_state state = {
        .frames = atomic_load_explicit(&recorder->frames, memory_order_relaxed),
        .dropped_frames = atomic_load_explicit(&recorder->dropped_frames, memory_order_relaxed),
        .error = atomic_load(&recorder->error),
    };
    if (state.error != 0)
        state.run = DEVICE_FAILED;
    else
        state.run = state.frames > 0 ? DEVICE_RUNNING : DEVICE_READY;
    return state;
}

const struct device_driver device_file_recorder = {
    .create = create,
    .destroy = destroy,
    .write = write_recorder,
    .writable = get_writable,
    .get_state = get_state,
};
