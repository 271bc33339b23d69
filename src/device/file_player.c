// SPDX-License-Identifier: MPL-2.0
//
// Plays a sound file. A worker thread reads ahead into a ring of blocks; the audio thread takes
// blocks out and wakes the worker through a semaphore, whose post never blocks.
//
// Rewinding cannot empty the ring, because only the reader may take from it. Blocks carry the
// number of the rewind that they were read after instead, and the reader throws older ones away.

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sndfile.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/ring.h"
#include "base/thread.h"
#include "device/driver.h"

#define BLOCK_FRAMES 1024

struct block {
    uint32_t generation;
    uint32_t frames;
    bool is_last; // nothing comes after it: end of file, or an error
    float samples[];
};

struct file_player {
    struct device base;
    bool loop;
    uint64_t length_frames;

    int fd;
    SNDFILE *file; // the worker's, once it runs
    struct block *worker_block;
    struct ring *ring;
    struct thread *worker;
    sem_t wake;
    bool has_wake;
    atomic_bool stop;

    // Counts rewinds.
    _Atomic uint32_t generation;
    atomic_int error;
    atomic_bool is_started;
    _Atomic uint64_t frames;
    // Generation + 1 that was played to its end, 0 for none.
    _Atomic uint64_t finished;

    struct {
        struct block *block;
        size_t offset;
        uint32_t generation;
    } rt;
};

static size_t block_size(const struct file_player *player)
{
    return sizeof(struct block) + sizeof(float) * BLOCK_FRAMES * player->base.channels;
}

// Worker.

static void fail_reading(struct file_player *player, struct block *block)
{
    log_error("device", "reading a sound file failed: %s", sf_strerror(player->file));
    atomic_store(&player->error, -EIO);
    block->is_last = true;
}

// After a read that gave nothing.
static bool is_at_end(const struct file_player *player)
{
    return sf_error(player->file) == SF_ERR_NO_ERROR;
}

static void fill_block(struct file_player *player, struct block *block)
{
    bool has_progress = true;
    block->frames = 0;
    block->is_last = false;
    while (block->frames < BLOCK_FRAMES && !block->is_last) {
        const sf_count_t got =
            sf_readf_float(player->file, block->samples + block->frames * player->base.channels,
                           BLOCK_FRAMES - block->frames);
        if (got > 0) {
            block->frames += (uint32_t)got;
            has_progress = true;
        } else if (is_at_end(player) && !player->loop) {
            block->is_last = true;
        } else if (!is_at_end(player) || !has_progress || sf_seek(player->file, 0, SEEK_SET) != 0) {
            // Without progress: a file that was cut to nothing while it loops must not keep us busy
            // for ever.
            fail_reading(player, block);
        } else {
            has_progress = false;
        }
    }
}

static void run(void *arg)
{
    struct file_player *player = arg;
    struct block *block = player->worker_block;
    bool is_ended = false;
    block->generation = 0;
    while (!atomic_load(&player->stop)) {
        while (sem_trywait(&player->wake) == 0)
            ;
        const uint32_t generation = atomic_load(&player->generation);
        if (generation != block->generation) {
            block->generation = generation;
            atomic_store(&player->error, 0);
            is_ended = false;
            if (sf_seek(player->file, 0, SEEK_SET) != 0) {
                block->frames = 0;
                fail_reading(player, block);
                is_ended = ring_push(player->ring, block, 1) == 1;
            }
        } else if (!is_ended && ring_writable(player->ring) > 0) {
            fill_block(player, block);
            ring_push(player->ring, block, 1);
            is_ended = block->is_last;
        } else if (!atomic_load(&player->stop)) {
            sem_wait(&player->wake);
        }
    }
}

// Open and close.

static int open_file(struct file_player *player, const char *path, SF_INFO *info, char *error)
{
    // Not blocking: a path may name a pipe that nobody writes to.
    player->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (player->fd < 0)
        return device_fail(error, -errno, "cannot open '%s': %s", path, device_reason(-errno));
    struct stat status;
    if (fstat(player->fd, &status) != 0)
        return device_fail(error, -errno, "cannot open '%s': %s", path, device_reason(-errno));
    if (S_ISDIR(status.st_mode))
        return device_fail(error, -EISDIR, "cannot open '%s': %s", path, device_reason(-EISDIR));
    if (!S_ISREG(status.st_mode))
        return device_fail(error, -EINVAL, "cannot open '%s': it is not a regular file", path);

    player->file = sf_open_fd(player->fd, SFM_READ, info, SF_FALSE);
    if (player->file == NULL)
        return device_fail(error, -EBADMSG,
                           "cannot open '%s': it is not a sound file that can be read (%s); use "
                           "WAV, FLAC or OGG",
                           path, sf_strerror(NULL));
    return 0;
}

static int check_format(const struct device_config *config, const SF_INFO *info, char *error)
{
    if (info->frames <= 0)
        return device_fail(error, -EBADMSG, "cannot play '%s': there is no sound in it",
                           config->path);
    if (!info->seekable || info->samplerate < DEVICE_MIN_RATE_HZ ||
        info->samplerate > DEVICE_MAX_RATE_HZ || info->channels < 1 ||
        info->channels > DEVICE_MAX_CHANNELS)
        return device_fail(error, -ENOTSUP,
                           "cannot play '%s': %d Hz with %d channels is out of range", config->path,
                           info->samplerate, info->channels);
    if (config->rate_hz != 0 && config->rate_hz != (unsigned)info->samplerate)
        return device_fail(
            error, -ENOTSUP,
            "cannot play '%s' at %u Hz: the file has %d Hz; convert it, or leave the "
            "rate out",
            config->path, config->rate_hz, info->samplerate);
    if (config->channels != 0 && config->channels != (unsigned)info->channels)
        return device_fail(error, -ENOTSUP,
                           "cannot play '%s' with %u channels: the file has %d; leave the channels "
                           "out",
                           config->path, config->channels, info->channels);
    return 0;
}

static void destroy(struct device *device)
{
    struct file_player *player = (struct file_player *)device;
    atomic_store(&player->stop, true);
    if (player->has_wake)
        sem_post(&player->wake);
    thread_destroy(player->worker);
    if (player->file != NULL)
        sf_close(player->file);
    if (player->fd >= 0)
        close(player->fd);
    if (player->has_wake)
        sem_destroy(&player->wake);
    ring_destroy(player->ring);
    free(player->worker_block);
    free(player->rt.block);
    free(player);
}

// Prepares the buffers for a second of sound and starts the worker.
static int start(struct file_player *player)
{
    player->worker_block = calloc(1, block_size(player));
    player->rt.block = calloc(1, block_size(player));
    if (player->worker_block == NULL || player->rt.block == NULL ||
        sem_init(&player->wake, 0, 0) != 0)
        return -ENOMEM;
    player->has_wake = true;
    const int code =
        ring_create(&player->ring, block_size(player), player->base.rate_hz / BLOCK_FRAMES + 1);
    if (code != 0)
        return code;
    const struct thread_config config = {.name = "roc-player"};
    return thread_create(&player->worker, &config, run, player);
}

static int create(struct device **out, const struct device_config *config, char *error)
{
    struct file_player *player = calloc(1, sizeof(*player));
    if (player == NULL)
        return device_fail(error, -ENOMEM, "cannot open '%s': out of memory", config->path);
    player->fd = -1;
    player->loop = config->loop;
    player->base.driver = &device_file_player;

    SF_INFO info = {0};
    int code = open_file(player, config->path, &info, error);
    if (code != 0)
        goto fail;
    code = check_format(config, &info, error);
    if (code != 0)
        goto fail;
    player->base.rate_hz = (unsigned)info.samplerate;
    player->base.channels = (unsigned)info.channels;
    player->length_frames = info.frames == SF_COUNT_MAX ? 0 : (uint64_t)info.frames;
    code = start(player);
    if (code != 0) {
        device_fail(error, code, "cannot play '%s': %s", config->path, device_reason(code));
        goto fail;
    }
    *out = &player->base;
    return 0;

fail:
    destroy(&player->base);
    return code;
}

// Reader.

// There is no sound at hand, and it is not the end.
static void clear_block(struct file_player *player)
{
    player->rt.offset = 0;
    player->rt.block->frames = 0;
    player->rt.block->is_last = false;
}

static void start_generation(struct file_player *player, uint32_t generation)
{
    player->rt.generation = generation;
    clear_block(player);
    atomic_store_explicit(&player->frames, 0, memory_order_relaxed);
}

static bool take_block(struct file_player *player)
{
    while (ring_pop(player->ring, player->rt.block, 1) == 1) {
        sem_post(&player->wake);
        player->rt.offset = 0;
        const uint32_t generation = player->rt.block->generation;
        if (generation == player->rt.generation)
            return true;
        // A rewind during this very call: its first block is here before we looked for it.
        if ((int32_t)(generation - player->rt.generation) > 0) {
            player->rt.generation = generation;
            atomic_store_explicit(&player->frames, 0, memory_order_relaxed);
            return true;
        }
    }
    clear_block(player);
    return false;
}

static size_t copy_frames(struct file_player *player, float *samples, size_t frames)
{
    const struct block *block = player->rt.block;
    const size_t there = block->frames - player->rt.offset;
    const size_t count = frames < there ? frames : there;
    const unsigned channels = player->base.channels;
    memcpy(samples, block->samples + player->rt.offset * channels,
           count * channels * sizeof(*samples));
    player->rt.offset += count;
    return count;
}

static size_t read_player(struct device *device, float *samples, size_t frames)
{
    struct file_player *player = (struct file_player *)device;
    const uint32_t generation = atomic_load_explicit(&player->generation, memory_order_acquire);
    if (generation != player->rt.generation)
        start_generation(player, generation);
    atomic_store_explicit(&player->is_started, true, memory_order_relaxed);

    size_t done = 0;
    uint64_t played = 0;
    while (done < frames) {
        float *to = samples + done * device->channels;
        if (player->rt.offset < player->rt.block->frames) {
            const size_t count = copy_frames(player, to, frames - done);
            done += count;
            played += count;
        } else if (player->rt.block->is_last) {
            memset(to, 0, (frames - done) * device->channels * sizeof(*samples));
            atomic_store_explicit(&player->finished, (uint64_t)player->rt.generation + 1,
                                  memory_order_release);
            done = frames;
        } else if (!take_block(player)) {
            break;
        }
    }
    atomic_fetch_add_explicit(&player->frames, played, memory_order_relaxed);
    return done;
}

static int rewind_player(struct device *device)
{
    struct file_player *player = (struct file_player *)device;
    if (!atomic_load_explicit(&player->is_started, memory_order_relaxed))
        return 0;
    atomic_fetch_add(&player->generation, 1);
    sem_post(&player->wake);
    return 0;
}

static struct device_state get_state(const struct device *device)
{
    const struct file_player *player = (const struct file_player *)device;
    struct device_state state = {
        .run = atomic_load(&player->is_started) ? DEVICE_RUNNING : DEVICE_READY,
        .frames = atomic_load_explicit(&player->frames, memory_order_relaxed),
        .length_frames = player->length_frames,
    };
    if (atomic_load(&player->finished) == (uint64_t)atomic_load(&player->generation) + 1) {
        state.error = atomic_load(&player->error);
        state.run = state.error != 0 ? DEVICE_FAILED : DEVICE_FINISHED;
    }
    return state;
}

const struct device_driver device_file_player = {
    .create = create,
    .destroy = destroy,
    .read = read_player,
    .rewind = rewind_player,
    .get_state = get_state,
};
