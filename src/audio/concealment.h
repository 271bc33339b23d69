// SPDX-License-Identifier: MPL-2.0
//
// Conceals what was lost for good. A gap is filled with what the last 23 ms foretell (linear
// prediction, and noise of the kind that they could not foretell), in full for 20 ms, then faded
// until 60 ms after its beginning; from there on it is silence.
//
// What comes after a gap is not moved in time, but its first frames are blended with the
// extrapolation, so that there is no click: as many as were missing, at least 1 ms and at most 4
// ms. These samples differ from what was sent. All others pass as they are, bit by bit.
//
// Whatever was heard, what is made up is finite, and in each channel no louder than the loudest
// sample and no steeper than the largest step of those last 23 ms.
//
// Memory is fixed when it is created. The beginning of a gap costs most; where a stream has many
// channels, each gets a shorter look and a simpler filter, so that it does not grow with them.
//
// Thread: create and destroy any; the rest rt, one thread at a time.

#ifndef ROC_AUDIO_CONCEALMENT_H
#define ROC_AUDIO_CONCEALMENT_H

#include "audio/pcm.h"

#include <stdbool.h>
#include <stddef.h>

struct concealment;

enum concealment_mode {
    CONCEALMENT_EXTRAPOLATE = 0,
    CONCEALMENT_ZERO, // silence in the gap and nothing else changed: to count, or to compare
    CONCEALMENT_BEEP, // a tone in the gap and nothing else changed: to hear where it is
};

// Somebody else's way to fill gaps. What it gives is clamped to -1..1, and what is not a number
// becomes 0; what comes after the gap is not blended. It may want to know what follows a gap.
// Frames are interleaved floats in the encoding given to create.
struct concealment_plugin {
    // Returns an instance, or NULL when it cannot: then gaps are extrapolated. Thread: any.
    void *(*create)(void *arg, const struct audio_encoding *encoding);
    void (*destroy)(void *instance); // Thread: any
    // How many frames after a gap it wants to see; asked once. Thread: any.
    size_t (*lookahead)(void *instance);
    void (*push)(void *instance, const float *samples, size_t frames); // Thread: rt
    // next: what follows, next_frames 0 where that is not known. Thread: rt.
    void (*fill)(void *instance, float *samples, size_t frames, const float *next,
                 size_t next_frames);
    void *arg;
};

struct concealment_config {
    struct audio_encoding encoding;
    enum concealment_mode mode;
    const struct concealment_plugin
        *plugin; // borrowed; NULL: none. With one, mode is not looked at
};

// Returns 0, -EINVAL (no channels or no rate, mode) or -ENOMEM.
int concealment_create(struct concealment **out, const struct concealment_config *config);
void concealment_destroy(struct concealment *concealment);

// Sound that was received. Blends its beginning after a gap.
void concealment_push(struct concealment *concealment, float *samples, size_t frames);
// Writes exactly `frames` frames into a gap; zeros before the first sound. next: what follows, for
// a plugin; next_frames is 0 where it is not known or not wanted.
void concealment_fill(struct concealment *concealment, float *samples, size_t frames,
                      const float *next, size_t next_frames);
// How many frames of what follows a gap are wanted, and where to decode them.
size_t concealment_get_lookahead(const struct concealment *concealment, float **buffer);

// The stream goes on at another place without a gap: the next frames are blended as after one.
void concealment_skip(struct concealment *concealment);
// The end: from now on only gaps are filled, and within 5 ms there is silence.
void concealment_stop(struct concealment *concealment);
// True where filling would give zeros only.
bool concealment_is_silent(const struct concealment *concealment);

#endif
