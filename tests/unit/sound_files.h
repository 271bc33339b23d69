// SPDX-License-Identifier: MPL-2.0
//
// Temporary folders and sound files for tests.

#ifndef TESTS_UNIT_SOUND_FILES_H
#define TESTS_UNIT_SOUND_FILES_H

#include <assert.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct temp_dir {
    char path[64];
    char file[160]; // of the last temp_path
};

static inline void temp_dir_init(struct temp_dir *dir)
{
    strcpy(dir->path, "/tmp/roc-test-XXXXXX");
    if (mkdtemp(dir->path) == NULL)
        abort();
}

static inline const char *temp_path(struct temp_dir *dir, const char *name)
{
    snprintf(dir->file, sizeof(dir->file), "%s/%s", dir->path, name);
    return dir->file;
}

static inline void temp_dir_finish(struct temp_dir *dir, const char *const *names)
{
    for (; *names != NULL; names++)
        unlink(temp_path(dir, *names));
    rmdir(dir->path);
}

// Noise that every sample value can occur in, the same for the same position.
static inline int16_t noise_sample(uint64_t position)
{
    uint64_t x = (position + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return (int16_t)(x >> 40);
}

// Writes `frames` frames of noise in a libsndfile format.
static inline void write_noise(const char *path, int format, int rate_hz, int channels,
                               sf_count_t frames)
{
    SF_INFO info = {.samplerate = rate_hz, .channels = channels, .format = format};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    if (file == NULL)
        abort();
    for (sf_count_t i = 0; i < frames; i++) {
        int16_t frame[32];
        for (int c = 0; c < channels; c++)
            frame[c] = noise_sample((uint64_t)i * (uint64_t)channels + (uint64_t)c);
        if (sf_writef_short(file, frame, 1) != 1)
            abort();
    }
    sf_close(file);
}

// Reads a whole 16-bit file; the caller frees the samples.
static inline int16_t *read_samples(const char *path, SF_INFO *info)
{
    memset(info, 0, sizeof(*info));
    SNDFILE *file = sf_open(path, SFM_READ, info);
    if (file == NULL)
        return NULL;
    int16_t *samples = calloc((size_t)info->frames * (size_t)info->channels + 1, sizeof(*samples));
    if (samples == NULL || sf_readf_short(file, samples, info->frames) != info->frames)
        abort();
    sf_close(file);
    return samples;
}

static inline void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

// Waits until `condition` holds, at most 30 s; then the test goes on and its assertion fails.
#define WAIT_UNTIL(condition)                                                 \
    for (int wait_turns = 0; wait_turns < 6000 && !(condition); wait_turns++) \
    sleep_ms(5)

#endif
