// SPDX-License-Identifier: MPL-2.0
//
// The reader's half of a receiver: takes sessions from the router, reads and mixes them, gives back
// those that are over. Memory is fixed at creation.
//
// Thread: create/destroy any; the rest rt, one thread at a time.

#ifndef ROC_STREAM_SESSION_MIXER_H
#define ROC_STREAM_SESSION_MIXER_H

#include "stream/session_router.h"

struct session_mixer;

struct session_mixer_config {
    unsigned rate_hz;
    unsigned channels;         // of what is read
    bool is_multitrack;        // these are independent tracks
    unsigned session_channels; // most that a session has
    bool clockless;            // how sessions are read at first
    struct session_router *router;
};

// Returns 0, -EINVAL or -ENOMEM.
int session_mixer_create(struct session_mixer **out, const struct session_mixer_config *config);
void session_mixer_destroy(struct session_mixer *mixer);

// As receiver_read and receiver_ready.
void session_mixer_read(struct session_mixer *mixer, float *samples, size_t frames);
size_t session_mixer_ready(struct session_mixer *mixer, int64_t now_ns);
// As receiver_set_clockless.
void session_mixer_set_clockless(struct session_mixer *mixer, bool clockless);

#endif
