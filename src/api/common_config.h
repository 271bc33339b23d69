// SPDX-License-Identifier: MPL-2.0
//
// What the settings of a sender and of a receiver have in common. Thread: any.

#ifndef ROC_API_COMMON_CONFIG_H
#define ROC_API_COMMON_CONFIG_H

#include "api/api_error.h"
#include "api/context.h"
#include "audio/resampler.h"

struct common_config {
    const roc_media_encoding *frame_encoding;
    roc_clock_source clock_source;
    roc_latency_tuner_backend latency_tuner_backend;
    roc_latency_tuner_profile latency_tuner_profile;
    roc_resampler_backend resampler_backend;
    roc_resampler_profile resampler_profile;
};

// Checks every value and gives rate and channels of the frames. Returns 0 or -EINVAL.
int common_config_parse(struct audio_encoding *frames, const struct common_config *config,
                        struct api_error *error);

// The backend makes no difference: there is one resampler, better than each of these.
enum resampler_profile resampler_profile_parse(roc_resampler_profile profile);

// How many samples (per channel) of the given channels are handled in one go: at most 5 ms, so that
// an internal clock paces them evenly, and little enough for a buffer of PIECE_SAMPLES.
#define PIECE_SAMPLES 4096
size_t piece_frames(unsigned rate_hz, unsigned channels);

#endif
