// SPDX-License-Identifier: MPL-2.0

#include "audio/extrapolation.h"

#include "audio/linear_prediction.h"
#include "audio/mix.h"
#include "audio/waveform_match.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// What the filter looks at, and how far back a cycle may be: twice as far.
#define WINDOW_MS       23
#define MAX_WINDOW      1024
#define MIN_WINDOW      128
#define LAGS_PER_WINDOW 2
#define MIN_ORDER       8
// Noise at its full level is heard as a burst where a tone hid it before.
#define NOISE_SHARE 0.7
// A filter of a higher order would learn the noise by heart.
#define WINDOW_PER_ORDER 4
// What all channels together may cost at the beginning, in frames times order.
#define BUDGET (2 * MAX_WINDOW * LINEAR_PREDICTION_MAX_ORDER)

// Cycles are looked for with the last part of a window, first roughly, in means of so many frames.
#define PARTS   2
#define ROUGH   4
#define MIN_LAG 64
// As in pcm.c: a step of known length becomes vector code.
#define STEP 16

// Each sample is that of a cycle before, scaled, and what the filter makes of the rest.
struct voice {
    float *cycle;
    double gain; // of what is repeated
    double *weights;
    double *rest; // `order` samples of the past, EXTRAPOLATION_MAX_FRAMES new ones
    double last;  // sample made
    double noise; // amplitude
    double peak, step;
};

struct extrapolation {
    unsigned channels;
    size_t window, max_lag; // frames
    unsigned order;

    // What was heard: a ring.
    float *history;
    size_t size, head, count; // frames: room, where the next goes, how many there are

    size_t lag, at; // of the cycles; lag 0: none
    uint32_t random;
    struct voice *voices;
    double *numbers; // of the voices
    float *cycles;
    // Scratch
    float *flat, *sum, *rough; // `size` and its part in means
    float *forward, *backward; // `window`
};

// Halves order and window in turn until the budget suffices.
static void fit(struct extrapolation *extrapolation, unsigned rate_hz)
{
    size_t window = (size_t)((uint64_t)rate_hz * WINDOW_MS / 1000);
    unsigned order = LINEAR_PREDICTION_MAX_ORDER;

    window = window > MAX_WINDOW ? MAX_WINDOW : window < MIN_WINDOW ? MIN_WINDOW : window;
    while (extrapolation->channels * window * order > BUDGET &&
           (order > MIN_ORDER || window > MIN_WINDOW)) {
        if (window > MIN_WINDOW && window >= order * (MAX_WINDOW / LINEAR_PREDICTION_MAX_ORDER)) {
            window = window / 2 > MIN_WINDOW ? window / 2 : MIN_WINDOW;
        } else {
            order = order > MIN_ORDER ? order / 2 : order;
            window = order > MIN_ORDER ? window : MIN_WINDOW;
        }
    }
    extrapolation->window = window;
    extrapolation->order = order;
    extrapolation->max_lag = window * LAGS_PER_WINDOW;
    extrapolation->size = window + extrapolation->max_lag;
}

static void place_voices(struct extrapolation *extrapolation)
{
    size_t numbers = 2 * (size_t)extrapolation->order + EXTRAPOLATION_MAX_FRAMES;
    size_t channel;

    for (channel = 0; channel < extrapolation->channels; channel++) {
        struct voice *voice = &extrapolation->voices[channel];
        voice->cycle = extrapolation->cycles + channel * extrapolation->max_lag;
        voice->weights = extrapolation->numbers + channel * numbers;
        voice->rest = voice->weights + extrapolation->order;
    }
}

int extrapolation_create(struct extrapolation **out, unsigned channels, unsigned rate_hz)
{
    struct extrapolation *extrapolation = calloc(1, sizeof(*extrapolation));

    if (!extrapolation) {
        return -ENOMEM;
    }
    extrapolation->channels = channels;
    extrapolation->random = 1;
    fit(extrapolation, rate_hz);
    extrapolation->history = calloc(extrapolation->size * channels, sizeof(float));
    extrapolation->voices = calloc(channels, sizeof(*extrapolation->voices));
    extrapolation->numbers = calloc(
        channels * (2 * (size_t)extrapolation->order + EXTRAPOLATION_MAX_FRAMES), sizeof(double));
    extrapolation->cycles = calloc(extrapolation->max_lag * channels, sizeof(float));
    extrapolation->flat = calloc(extrapolation->size, sizeof(float));
    extrapolation->sum = calloc(extrapolation->size, sizeof(float));
    extrapolation->rough = calloc(extrapolation->size / ROUGH + 1, sizeof(float));
    extrapolation->forward = calloc(extrapolation->window, sizeof(float));
    extrapolation->backward = calloc(extrapolation->window, sizeof(float));
    if (!extrapolation->history || !extrapolation->voices || !extrapolation->numbers ||
        !extrapolation->cycles || !extrapolation->flat || !extrapolation->sum ||
        !extrapolation->rough || !extrapolation->forward || !extrapolation->backward) {
        goto fail;
    }
    place_voices(extrapolation);
    *out = extrapolation;
    return 0;

fail:
    extrapolation_destroy(extrapolation);
    return -ENOMEM;
}

void extrapolation_destroy(struct extrapolation *extrapolation)
{
    if (!extrapolation) {
        return;
    }
    free(extrapolation->history);
    free(extrapolation->voices);
    free(extrapolation->numbers);
    free(extrapolation->cycles);
    free(extrapolation->flat);
    free(extrapolation->sum);
    free(extrapolation->rough);
    free(extrapolation->forward);
    free(extrapolation->backward);
    free(extrapolation);
}

void extrapolation_push(struct extrapolation *extrapolation, const float *samples, size_t frames)
{
    size_t channels = extrapolation->channels;

    if (frames > extrapolation->size) {
        samples += (frames - extrapolation->size) * channels;
        frames = extrapolation->size;
    }
    extrapolation->count += frames;
    if (extrapolation->count > extrapolation->size) {
        extrapolation->count = extrapolation->size;
    }
    while (frames > 0) {
        size_t n = extrapolation->size - extrapolation->head;
        n = n < frames ? n : frames;
        memcpy(extrapolation->history + extrapolation->head * channels, samples,
               n * channels * sizeof(float));
        extrapolation->head = (extrapolation->head + n) % extrapolation->size;
        samples += n * channels;
        frames -= n;
    }
}

void extrapolation_reset(struct extrapolation *extrapolation)
{
    extrapolation->count = 0;
}

bool extrapolation_is_empty(const struct extrapolation *extrapolation)
{
    return extrapolation->count == 0;
}

static inline float tame(float sample)
{
    sample = sample == sample ? sample : 0.0f;
    sample = sample < -1.0f ? -1.0f : sample;
    return sample > 1.0f ? 1.0f : sample;
}

static void tame_all(float *samples, size_t count)
{
    size_t i = 0;

    for (; count - i >= STEP; i += STEP) {
        for (size_t s = 0; s < STEP; s++) {
            samples[i + s] = tame(samples[i + s]);
        }
    }
    for (; i < count; i++) {
        samples[i] = tame(samples[i]);
    }
}

static void copy_channel(const struct extrapolation *extrapolation, size_t channel, size_t from,
                         size_t frames, float *out)
{
    const size_t channels = extrapolation->channels;
    const float *in = extrapolation->history + from * channels + channel;
    size_t i;

    for (i = 0; i < frames; i++) {
        out[i] = in[i * channels];
    }
}

// One channel of the history in order of time.
static void flatten(struct extrapolation *extrapolation, size_t channel)
{
    size_t count = extrapolation->count;
    size_t from = (extrapolation->head + extrapolation->size - count) % extrapolation->size;
    size_t first = extrapolation->size - from < count ? extrapolation->size - from : count;

    copy_channel(extrapolation, channel, from, first, extrapolation->flat);
    copy_channel(extrapolation, channel, 0, count - first, extrapolation->flat + first);
    tame_all(extrapolation->flat, count);
}

// All channels of it, added up.
static void flatten_all(struct extrapolation *extrapolation)
{
    size_t channel;

    memset(extrapolation->sum, 0, extrapolation->count * sizeof(float));
    for (channel = 0; channel < extrapolation->channels; channel++) {
        flatten(extrapolation, channel);
        mix_add(extrapolation->sum, extrapolation->flat, 1.0f, extrapolation->count);
    }
}

// The last frames end a mean, so that the newest one is in.
static size_t roughen(struct extrapolation *extrapolation)
{
    size_t count = extrapolation->count / ROUGH;
    const float *in = extrapolation->sum + extrapolation->count % ROUGH;
    size_t i;

    for (i = 0; i < count; i++, in += ROUGH) {
        extrapolation->rough[i] = in[0] + in[1] + in[2] + in[3];
    }
    return count;
}

// One lag for all channels, so that what is between the ears stays there.
static void find_lag(struct extrapolation *extrapolation)
{
    size_t count = extrapolation->count;
    size_t length = extrapolation->window / PARTS;
    size_t max, rough, low, high;

    extrapolation->lag = 0;
    extrapolation->at = 0;
    flatten_all(extrapolation);
    // As much again: the least that the filter should see of the rest.
    if (count < 2 * length + 2 * MIN_LAG) {
        return;
    }
    max = count - 2 * length < extrapolation->max_lag ? count - 2 * length : extrapolation->max_lag;
    rough = ROUGH * waveform_match_find(extrapolation->rough, roughen(extrapolation),
                                        length / ROUGH, MIN_LAG / ROUGH, max / ROUGH);
    if (rough == 0) {
        return;
    }
    low = rough - ROUGH > MIN_LAG ? rough - ROUGH : MIN_LAG;
    high = rough + ROUGH < max ? rough + ROUGH : max;
    extrapolation->lag = waveform_match_find(extrapolation->sum, count, length, low, high);
}

static inline float largest(float a, float b)
{
    return a > b ? a : b;
}

static void measure(struct voice *voice, const float *samples, size_t count)
{
    float peaks[STEP] = {0}, steps[STEP] = {0};
    size_t i = 1;
    size_t s;

    peaks[0] = fabsf(samples[0]);
    for (; count - i >= STEP; i += STEP) {
        for (s = 0; s < STEP; s++) {
            peaks[s] = largest(peaks[s], fabsf(samples[i + s]));
            steps[s] = largest(steps[s], fabsf(samples[i + s] - samples[i + s - 1]));
        }
    }
    for (; i < count; i++) {
        peaks[0] = largest(peaks[0], fabsf(samples[i]));
        steps[0] = largest(steps[0], fabsf(samples[i] - samples[i - 1]));
    }
    for (s = 1; s < STEP; s++) {
        peaks[0] = largest(peaks[0], peaks[s]);
        steps[0] = largest(steps[0], steps[s]);
    }
    voice->peak = (double)peaks[0];
    voice->step = (double)steps[0];
    voice->last = (double)samples[count - 1];
}

// How much of now is in the cycle before. Never more than all of it: it would grow.
static void take_cycle(struct extrapolation *extrapolation, struct voice *voice)
{
    size_t length = extrapolation->window / PARTS;
    const float *now = extrapolation->flat + (extrapolation->count - length);
    const float *then = now - extrapolation->lag;
    float power = waveform_match_product(then, then, length);
    float gain = power > 0 ? waveform_match_product(now, then, length) / power : 0;

    voice->gain = (double)(gain > 1 ? 1.0f : gain > 0 ? gain : 0.0f);
    memcpy(voice->cycle, extrapolation->flat + (extrapolation->count - extrapolation->lag),
           extrapolation->lag * sizeof(float));
}

// What the cycle leaves, into both arrays. Returns how many samples.
static size_t take_rest(struct extrapolation *extrapolation, const struct voice *voice)
{
    size_t heard = extrapolation->count - extrapolation->lag;
    size_t count = heard < extrapolation->window ? heard : extrapolation->window;
    const float *now = extrapolation->flat + (extrapolation->count - count);
    const float *then = now - extrapolation->lag;
    float gain = (float)voice->gain;
    size_t i;

    for (i = 0; i < count; i++) {
        extrapolation->forward[i] = now[i] - gain * then[i];
        extrapolation->backward[i] = extrapolation->forward[i];
    }
    return count;
}

static void learn(struct extrapolation *extrapolation, struct voice *voice)
{
    unsigned order = extrapolation->order;
    unsigned used = order;
    size_t count;
    unsigned i;

    voice->gain = 0;
    if (extrapolation->lag > 0) {
        take_cycle(extrapolation, voice);
    }
    count = take_rest(extrapolation, voice);
    memset(voice->weights, 0, order * sizeof(*voice->weights));
    memset(voice->rest, 0, order * sizeof(*voice->rest));
    for (i = 0; i < order && i < count; i++) {
        voice->rest[order - 1 - i] = (double)extrapolation->forward[count - 1 - i];
    }
    if (used > count / WINDOW_PER_ORDER) {
        used = (unsigned)(count / WINDOW_PER_ORDER);
    }
    voice->noise = 0;
    if (used > 0) {
        // Even noise of amplitude a has the power a * a / 3.
        voice->noise = NOISE_SHARE * sqrt(3.0) *
                       linear_prediction_burg(extrapolation->forward, extrapolation->backward,
                                              count, used, voice->weights + (order - used));
    }
}

void extrapolation_start(struct extrapolation *extrapolation)
{
    size_t channel;

    find_lag(extrapolation);
    for (channel = extrapolation->channels; channel-- > 0;) {
        struct voice *voice = &extrapolation->voices[channel];
        // The last one is still there from the search.
        if (channel + 1 < extrapolation->channels) {
            flatten(extrapolation, channel);
        }
        measure(voice, extrapolation->flat, extrapolation->count);
        learn(extrapolation, voice);
    }
}

static double draw(struct extrapolation *extrapolation)
{
    extrapolation->random = extrapolation->random * 1664525u + 1013904223u;
    return (double)(int32_t)extrapolation->random / 2147483648.0;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static double repeat(struct extrapolation *extrapolation, struct voice *voice, double rest,
                     size_t at)
{
    double sample = rest;

    if (extrapolation->lag > 0) {
        sample += voice->gain * (double)voice->cycle[at];
    }
    sample = clamp(sample, voice->last - voice->step, voice->last + voice->step);
    sample = clamp(sample, -voice->peak, voice->peak);
    if (extrapolation->lag > 0) {
        voice->cycle[at] = (float)sample;
    }
    voice->last = sample;
    return sample;
}

static void add_voice(struct extrapolation *extrapolation, struct voice *voice, float *samples,
                      size_t frames, const float *levels)
{
    unsigned order = extrapolation->order;
    size_t at = extrapolation->at;
    size_t i;

    for (i = 0; i < frames; i++) {
        double rest = linear_prediction_apply(voice->weights, voice->rest + i, order) +
                      voice->noise * draw(extrapolation);
        rest = clamp(rest, -2.0 * voice->peak, 2.0 * voice->peak);
        voice->rest[order + i] = rest;
        samples[i * extrapolation->channels] +=
            (float)repeat(extrapolation, voice, rest, at) * levels[i];
        at = at + 1 >= extrapolation->lag ? 0 : at + 1;
    }
    memmove(voice->rest, voice->rest + frames, order * sizeof(*voice->rest));
}

void extrapolation_add(struct extrapolation *extrapolation, float *samples, size_t frames,
                       const float *levels)
{
    size_t channel;

    for (channel = 0; channel < extrapolation->channels; channel++) {
        add_voice(extrapolation, &extrapolation->voices[channel], samples + channel, frames,
                  levels);
    }
    if (extrapolation->lag > 0) {
        extrapolation->at = (extrapolation->at + frames) % extrapolation->lag;
    }
}
