// SPDX-License-Identifier: MPL-2.0
//
// The last stage of a receiving session: asks the stages before it for frames at the rate of the
// packets and gives them out at the rate and the speed of the reader. As long as the rates are
// equal and the speed is 1 it passes the frames through and no resampler is in the way; where the
// speed changes for the first time the resampler takes over between two frames without a click,
// and from then on it stays (its output is bit-exact, too, once the speed is 1 again).
//
// Thread: create and destroy any; the rest rt, one thread at a time.

#ifndef ROC_STREAM_RATE_STAGE_H
#define ROC_STREAM_RATE_STAGE_H

#include "audio/resampler.h"

struct rate_stage;

struct rate_stage_config {
    unsigned in_rate_hz;
    unsigned out_rate_hz;
    unsigned channels;
    enum resampler_profile profile;
};

// Writes exactly `frames` frames.
typedef void (*rate_stage_pull_fn)(float *samples, size_t frames, void *arg);

// Whether frames of one rate can come out at another. Thread: any.
bool rate_stage_can(unsigned in_rate_hz, unsigned out_rate_hz);

// Returns 0, -EINVAL (no such rate, channels or profile, where a resampler is needed) or -ENOMEM.
// Where the resampler cannot have the rate or channels but none is needed, the speed is always 1.
int rate_stage_create(struct rate_stage **out, const struct rate_stage_config *config);
void rate_stage_destroy(struct rate_stage *stage);

// The speed from the next frame on, 1 +- 0.1.
void rate_stage_set_scale(struct rate_stage *stage, double scale);
// Takes the resampler out of the way, if the rates are equal; frames that it holds come next.
void rate_stage_pass(struct rate_stage *stage);
void rate_stage_read(struct rate_stage *stage, float *samples, size_t frames,
                     rate_stage_pull_fn pull, void *arg);

// Frames that were pulled and not given out yet.
double rate_stage_delay(const struct rate_stage *stage);
// The most frames that can be read before more than in_frames are pulled.
size_t rate_stage_available(const struct rate_stage *stage, size_t in_frames);
// False once the resampler is in the way.
bool rate_stage_is_passing(const struct rate_stage *stage);

#endif
