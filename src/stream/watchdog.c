// SPDX-License-Identifier: MPL-2.0

#include "stream/watchdog.h"

void watchdog_init(struct watchdog *watchdog, const struct watchdog_config *config)
{
    *watchdog = (struct watchdog){.config = *config, .warm_up_left = config->warm_up};
}

static void watch_silence(struct watchdog *watchdog, int64_t frames)
{
    int64_t counted = frames - watchdog->warm_up_left;

    watchdog->warm_up_left -= frames;
    if (watchdog->warm_up_left < 0) {
        watchdog->warm_up_left = 0;
    }
    if (counted > 0) {
        watchdog->silent_frames += counted;
    }
    if (watchdog->config.no_playback >= 0 &&
        watchdog->silent_frames >= watchdog->config.no_playback) {
        watchdog->is_over = true;
    }
}

static void close_window(struct watchdog *watchdog)
{
    if (watchdog->window_has_gap && watchdog->window_has_late) {
        watchdog->choppy_frames += watchdog->window_frames;
    } else {
        watchdog->choppy_frames = 0;
    }
    watchdog->window_frames = 0;
    watchdog->window_has_gap = false;
    watchdog->window_has_late = false;
    if (watchdog->config.choppy >= 0 && watchdog->choppy_frames >= watchdog->config.choppy) {
        watchdog->is_over = true;
    }
}

bool watchdog_push(struct watchdog *watchdog, size_t frames, size_t audio_frames, bool has_late)
{
    if (frames == 0 || watchdog->is_over) {
        return !watchdog->is_over;
    }
    if (audio_frames > 0) {
        watchdog->warm_up_left = 0;
        watchdog->silent_frames = 0;
    } else {
        watch_silence(watchdog, (int64_t)frames);
    }
    if (watchdog->warm_up_left == 0) {
        watchdog->window_frames += (int64_t)frames;
        watchdog->window_has_gap |= audio_frames < frames;
        watchdog->window_has_late |= has_late;
        if (watchdog->window_frames >= watchdog->config.choppy_window) {
            close_window(watchdog);
        }
    }
    return !watchdog->is_over;
}
