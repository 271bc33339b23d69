// SPDX-License-Identifier: MPL-2.0
//
// An audio device as the graph sees it: something that gives or takes interleaved float frames.
// Files do their disk work on a thread of their own behind a ring; read and write never block.
//
// Life cycle: device_open, read or write by one rt thread at a time, device_close.
// Thread: open, close and rewind any but rt; read, write and writable rt; state any.

#ifndef ROC_DEVICE_DEVICE_H
#define ROC_DEVICE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/pcm.h"

#define DEVICE_ERROR_SIZE   256 // bytes of a sentence
#define DEVICE_MAX_CHANNELS 32
#define DEVICE_MIN_RATE_HZ  1000
#define DEVICE_MAX_RATE_HZ  768000

enum device_kind {
    DEVICE_FILE_PLAYER,
    DEVICE_FILE_RECORDER,
    DEVICE_TONE,
    DEVICE_NULL_SOURCE,
    DEVICE_NULL_SINK
};

struct device_config {
    enum device_kind kind;
    const char *path;    // files; borrowed for the call
    bool loop;           // file player
    double frequency_hz; // tone, 0 = 440
    double level_db;     // tone, dBFS of the peak, 0 = 0 dBFS
    unsigned rate_hz;    // 0 = the file's own, else 44100
    unsigned channels;   // 0 = the file's own, else 2
    // Of a recorder's file: 16-bit, 24-bit or float samples.
    enum pcm_format format;
};

// A player is FINISHED when it gave the last frame of its file and does not loop. A device that
// FAILED gives silence, or takes frames and drops them.
enum device_run { DEVICE_READY, DEVICE_RUNNING, DEVICE_FINISHED, DEVICE_FAILED };

struct device_state {
    enum device_run run;
    uint64_t frames;        // played since the last rewind, or in the file of a recorder
    uint64_t length_frames; // of a player's file, 0 = unknown
    uint64_t dropped_frames;
    int error; // negative errno of DEVICE_FAILED
};

struct device;

// On failure `error` (DEVICE_ERROR_SIZE bytes, may be NULL) gets a sentence: what was wrong and
// what to do. A player's rate and channels are those of its file; asking for others is an error.
// Returns 0, -EINVAL, -ENOENT, -EACCES, -EISDIR, -EBADMSG (not an audio file), -ENOTSUP (other rate
// or channels than the file's), -ENOMEM, ...
int device_open(struct device **out, const struct device_config *config, char *error);
// A recorder's file is complete when this returns. NULL is fine.
void device_close(struct device *device);

bool device_is_source(const struct device *device);
// A sink that has no pace of its own and follows what arrives: a recorder. Thread: any.
bool device_is_clockless(const struct device *device);
unsigned device_get_rate_hz(const struct device *device);
unsigned device_get_channels(const struct device *device);

// Sources: up to `frames` frames now; fewer when the disk is behind (the caller may come back),
// silence after the end. Sinks take up to `frames`. Return the number of frames. Thread: rt.
size_t device_read(struct device *device, float *samples, size_t frames);
size_t device_write(struct device *device, const float *samples, size_t frames);
// Frames that a sink takes now without loss. Thread: rt.
size_t device_writable(const struct device *device);
// A player starts over from the beginning of its file. Nothing happens to one that was never read.
// Returns 0, or -ENOTSUP for other devices. Thread: any but rt; reading may go on meanwhile.
int device_rewind(struct device *device);

struct device_state device_get_state(const struct device *device);

#endif
