// SPDX-License-Identifier: MPL-2.0

#include "stream/session_mixer.h"

#include "audio/channel_map.h"
#include "audio/limiter.h"
#include "audio/mix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000ll

// Mixing goes in pieces of so many samples of all channels.
#define PIECE_SAMPLES 4096
// A reader that was away for longer does not catch up by the clock.
#define MAX_CLOCK_STEP_NS NS_PER_S

struct session_mixer {
    struct session_mixer_config config;
    struct ring *from_router;
    struct ring *to_router;
    struct session_entry *entries[RECEIVER_MAX_SESSIONS];
    size_t entry_count;
    bool clockless;
    int64_t last_ns;  // of the last ready
    int64_t fraction; // of a frame, in 1 / NS_PER_S, that the clock is ahead
    size_t piece_frames;
    struct limiter limiter;
    float *session_piece; // in the channels of a session
    float *mapped_piece;  // in the channels of the output
};

int session_mixer_create(struct session_mixer **out, const struct session_mixer_config *config)
{
    unsigned channels =
        config->channels > config->session_channels ? config->channels : config->session_channels;
    struct session_mixer *mixer;

    if (config->channels == 0 || config->session_channels == 0 || config->rate_hz == 0 ||
        channels > PIECE_SAMPLES) {
        return -EINVAL;
    }
    mixer = calloc(1, sizeof(*mixer));
    if (!mixer) {
        return -ENOMEM;
    }
    mixer->config = *config;
    mixer->clockless = config->clockless;
    mixer->from_router = session_router_to_mixer(config->router);
    mixer->to_router = session_router_from_mixer(config->router);
    limiter_init(&mixer->limiter, config->channels, config->rate_hz);
    mixer->piece_frames = PIECE_SAMPLES / channels;
    mixer->session_piece = calloc(PIECE_SAMPLES, sizeof(float));
    mixer->mapped_piece = calloc(PIECE_SAMPLES, sizeof(float));
    if (!mixer->session_piece || !mixer->mapped_piece) {
        goto fail;
    }
    *out = mixer;
    return 0;

fail:
    session_mixer_destroy(mixer);
    return -ENOMEM;
}

void session_mixer_destroy(struct session_mixer *mixer)
{
    if (!mixer) {
        return;
    }
    free(mixer->session_piece);
    free(mixer->mapped_piece);
    free(mixer);
}

static void take_new(struct session_mixer *mixer)
{
    size_t room = RECEIVER_MAX_SESSIONS - mixer->entry_count;
    size_t end = mixer->entry_count +
                 ring_pop(mixer->from_router, mixer->entries + mixer->entry_count, room);

    for (; mixer->entry_count < end; mixer->entry_count++) {
        receive_session_set_clockless(mixer->entries[mixer->entry_count]->session,
                                      mixer->clockless);
    }
}

static bool is_over(struct session_entry *entry)
{
    if (atomic_load_explicit(&entry->is_cancelled, memory_order_relaxed)) {
        receive_session_stop(entry->session);
    }
    return receive_session_is_over(entry->session);
}

static void give_back(struct session_mixer *mixer)
{
    size_t kept = 0;
    size_t i;

    for (i = 0; i < mixer->entry_count; i++) {
        struct session_entry *entry = mixer->entries[i];
        if (is_over(entry)) {
            ring_push(mixer->to_router, &entry, 1);
        } else {
            mixer->entries[kept++] = entry;
        }
    }
    mixer->entry_count = kept;
}

static void read_mapped(struct session_mixer *mixer, struct session_entry *entry, float *samples,
                        size_t frames)
{
    unsigned channels = entry->encoding.channels;

    if (channels == mixer->config.channels) {
        receive_session_read(entry->session, samples, frames);
        return;
    }
    receive_session_read(entry->session, mixer->session_piece, frames);
    if (mixer->config.is_multitrack || entry->encoding.is_multitrack) {
        channel_copy(samples, mixer->config.channels, mixer->session_piece, channels, frames);
    } else {
        channel_map(samples, mixer->config.channels, mixer->session_piece, channels, frames);
    }
}

static void read_piece(struct session_mixer *mixer, float *samples, size_t frames)
{
    size_t count = frames * mixer->config.channels;
    size_t i;

    if (mixer->entry_count == 0) {
        memset(samples, 0, count * sizeof(*samples));
        limiter_init(&mixer->limiter, mixer->config.channels, mixer->config.rate_hz);
        return;
    }
    read_mapped(mixer, mixer->entries[0], samples, frames);
    for (i = 1; i < mixer->entry_count; i++) {
        read_mapped(mixer, mixer->entries[i], mixer->mapped_piece, frames);
        mix_add(samples, mixer->mapped_piece, 1.0f, count);
    }
    // A single session does not leave the range, and passes as it is: but for the third of a second
    // after others have left, in which it comes back to its full level.
    limiter_push(&mixer->limiter, samples, frames);
}

void session_mixer_read(struct session_mixer *mixer, float *samples, size_t frames)
{
    take_new(mixer);
    give_back(mixer);
    while (frames > 0) {
        size_t n = frames < mixer->piece_frames ? frames : mixer->piece_frames;
        read_piece(mixer, samples, n);
        give_back(mixer);
        samples += n * mixer->config.channels;
        frames -= n;
    }
}

static size_t ready_by_clock(struct session_mixer *mixer, int64_t step_ns)
{
    int64_t scaled;

    if (step_ns < 0) {
        step_ns = 0;
    }
    if (step_ns > MAX_CLOCK_STEP_NS) {
        step_ns = MAX_CLOCK_STEP_NS;
    }
    scaled = step_ns * mixer->config.rate_hz + mixer->fraction;
    mixer->fraction = scaled % NS_PER_S;
    return (size_t)(scaled / NS_PER_S);
}

size_t session_mixer_ready(struct session_mixer *mixer, int64_t now_ns)
{
    int64_t step_ns = now_ns - mixer->last_ns;
    size_t playing = 0;
    size_t ready = 0;
    size_t i;

    mixer->last_ns = now_ns;
    take_new(mixer);
    for (i = 0; i < mixer->entry_count; i++) {
        ready += receive_session_ready(mixer->entries[i]->session, now_ns);
        playing += receive_session_is_playing(mixer->entries[i]->session);
    }
    give_back(mixer);
    if (playing > 1) {
        return ready_by_clock(mixer, step_ns);
    }
    mixer->fraction = 0;
    return ready;
}

void session_mixer_set_clockless(struct session_mixer *mixer, bool clockless)
{
    size_t i;

    if (mixer->clockless == clockless) {
        return;
    }
    mixer->clockless = clockless;
    mixer->fraction = 0;
    for (i = 0; i < mixer->entry_count; i++) {
        receive_session_set_clockless(mixer->entries[i]->session, clockless);
    }
}
