// SPDX-License-Identifier: MPL-2.0
//
// The input is kept in one plane for each channel. `first` is the frame under the first tap of the
// next output frame, and `fraction` says how far that output frame is beyond the one under the
// middle of the taps, in 2^-64 of a frame: counted in integers, so that hours add up without error.

#include "audio/resampler.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audio/denormals.h"
#include "audio/resampler_filter.h"
#include "audio/resampler_kernel.h"

// Input frames that have room behind those that the taps need.
#define CHUNK_FRAMES 512
// Output frames whose positions are known before their channels are computed.
#define MAX_POINTS 64
#define STEP       16

struct position {
    uint64_t whole;
    uint64_t fraction;
};

struct resampler {
    const struct resampler_filter *filter; // shared
    const struct resampler_kernel *kernel;
    unsigned channels;
    size_t plane_size;
    float *planes; // channels * plane_size
    bool rates_are_equal;
    struct position nominal_step;
    double nominal_ratio;
    struct {
        struct position step;
        bool is_nominal; // scale 1
        uint64_t fraction;
        size_t first;
        size_t fill; // frames in each plane
        struct resampler_point points[MAX_POINTS];
    } rt;
};

static const uint64_t glide = (uint64_t)(RESAMPLER_SETTLE_PPM * 18446744073709.551616);

// count < 2^32
static struct position multiply(struct position step, uint64_t count)
{
    uint64_t low = (step.fraction & UINT32_MAX) * count;
    uint64_t high = (step.fraction >> 32) * count + (low >> 32);
    return (struct position){step.whole * count + (high >> 32), high << 32 | (low & UINT32_MAX)};
}

static struct position add(struct position a, struct position b)
{
    uint64_t fraction = a.fraction + b.fraction;
    return (struct position){a.whole + b.whole + (fraction < b.fraction), fraction};
}

// Towards infinity, so that a block of whole periods of both rates takes and gives the same
// numbers of frames each time: the error adds up in the direction that crosses no frame early.
static struct position divide(unsigned in_rate_hz, unsigned out_rate_hz)
{
    uint64_t rest = in_rate_hz % out_rate_hz;
    uint64_t high = (rest << 32) / out_rate_hz;
    uint64_t low = (((rest << 32) % out_rate_hz << 32) + out_rate_hz - 1) / out_rate_hz;
    return (struct position){in_rate_hz / out_rate_hz, (high << 32) + low};
}

static bool is_exact_at(const struct resampler *resampler, uint64_t fraction)
{
    return resampler->rates_are_equal && resampler->rt.is_nominal && fraction == 0;
}

// How far the next output frame is beyond the one at this fraction, and in *count for how many
// output frames that holds at most.
static struct position get_step(const struct resampler *resampler, uint64_t fraction, size_t *count)
{
    if (!resampler->rates_are_equal || !resampler->rt.is_nominal || fraction == 0)
        return resampler->rt.step;
    // Back to the frame before or on to the next, what is nearer, and not beyond it.
    bool is_back = fraction <= UINT64_MAX / 2;
    uint64_t rest = is_back ? fraction : 0 - fraction;
    uint64_t change = rest < glide ? rest : glide;
    uint64_t steps = rest / change;
    if (steps < *count)
        *count = (size_t)steps;
    return is_back ? (struct position){0, 0 - change} : (struct position){1, change};
}

static struct position get_position_after(const struct resampler *resampler, size_t frames)
{
    struct position position = {resampler->rt.first, resampler->rt.fraction};
    while (frames > 0) {
        size_t count = frames;
        struct position step = get_step(resampler, position.fraction, &count);
        position = add(position, multiply(step, count));
        frames -= count;
    }
    return position;
}

static int check(const struct resampler_config *config)
{
    bool is_good = config->in_rate_hz >= RESAMPLER_MIN_RATE_HZ &&
                   config->in_rate_hz <= RESAMPLER_MAX_RATE_HZ &&
                   config->out_rate_hz >= RESAMPLER_MIN_RATE_HZ &&
                   config->out_rate_hz <= RESAMPLER_MAX_RATE_HZ && config->channels >= 1 &&
                   config->channels <= RESAMPLER_MAX_CHANNELS &&
                   (unsigned)config->profile <= RESAMPLER_PROFILE_BEST &&
                   resampler_kernel_at(config->kernel) != NULL;
    return is_good ? 0 : -EINVAL;
}

int resampler_create(struct resampler **out, const struct resampler_config *config)
{
    int error = check(config);
    if (error != 0)
        return error;
    struct resampler *resampler = calloc(1, sizeof(*resampler));
    if (resampler == NULL)
        return -ENOMEM;
    error = resampler_filter_create(&resampler->filter, config->profile, config->in_rate_hz,
                                    config->out_rate_hz);
    if (error != 0)
        goto fail;
    resampler->kernel = resampler_kernel_at(config->kernel);
    resampler->channels = config->channels;
    // Planes a multiple of 4096 bytes apart would fight for the same places in the cache.
    resampler->plane_size = (resampler->filter->taps + CHUNK_FRAMES) | 16;
    error = -ENOMEM;
    resampler->planes = calloc(resampler->plane_size * config->channels, sizeof(float));
    if (resampler->planes == NULL)
        goto fail;
    resampler->rates_are_equal = config->in_rate_hz == config->out_rate_hz;
    resampler->nominal_step = divide(config->in_rate_hz, config->out_rate_hz);
    resampler->nominal_ratio = (double)config->in_rate_hz / config->out_rate_hz;
    resampler_set_ratio(resampler, 1);
    resampler_reset(resampler);
    *out = resampler;
    return 0;
fail:
    resampler_destroy(resampler);
    return error;
}

void resampler_destroy(struct resampler *resampler)
{
    if (resampler == NULL)
        return;
    resampler_filter_unref(resampler->filter);
    free(resampler->planes);
    free(resampler);
}

void resampler_reset(struct resampler *resampler)
{
    memset(resampler->planes, 0, resampler->plane_size * resampler->channels * sizeof(float));
    resampler->rt.first = 0;
    resampler->rt.fraction = 0;
    // The first input frame is under the last tap of the first output frame.
    resampler->rt.fill = resampler->filter->taps - 1;
}

int resampler_set_ratio(struct resampler *resampler, double scale)
{
    // Not a number fails this, too.
    if (!(scale >= RESAMPLER_MIN_SCALE && scale <= RESAMPLER_MAX_SCALE))
        return -EINVAL;
    double step = resampler->nominal_ratio * scale;
    uint64_t whole = (uint64_t)step;
    resampler->rt.is_nominal = scale == 1;
    resampler->rt.step = (struct position){whole, (uint64_t)ldexp(step - (double)whole, 64)};
    if (resampler->rt.is_nominal)
        resampler->rt.step = resampler->nominal_step;
    return 0;
}

bool resampler_is_exact(const struct resampler *resampler)
{
    return is_exact_at(resampler, resampler->rt.fraction);
}

double resampler_get_delay(const struct resampler *resampler)
{
    size_t middle = resampler->rt.first + resampler->filter->taps / 2 - 1;
    double frames = (double)(resampler->rt.fill - middle);
    return frames - ldexp((double)resampler->rt.fraction, -64);
}

size_t resampler_need(const struct resampler *resampler, size_t out_frames)
{
    if (out_frames == 0)
        return 0;
    size_t steps = out_frames - 1 < UINT32_MAX ? out_frames - 1 : UINT32_MAX;
    uint64_t end = get_position_after(resampler, steps).whole + resampler->filter->taps;
    return end > resampler->rt.fill ? (size_t)(end - resampler->rt.fill) : 0;
}

// Makes room for more where there is less; there is always room for CHUNK_FRAMES.
static size_t make_room(struct resampler *resampler, size_t frames)
{
    size_t first = resampler->rt.first;
    if (resampler->plane_size - resampler->rt.fill < frames && first > 0) {
        resampler->rt.fill -= first;
        resampler->rt.first = 0;
        for (unsigned channel = 0; channel < resampler->channels; channel++) {
            float *plane = resampler->planes + channel * resampler->plane_size;
            memmove(plane, plane + first, resampler->rt.fill * sizeof(*plane));
        }
    }
    size_t room = resampler->plane_size - resampler->rt.fill;
    return frames < room ? frames : room;
}

// From interleaved frames to planes and back. Steps of a known length become vector code.
static void split(float *planes, size_t plane_size, const float *in, unsigned channels,
                  size_t frames)
{
    size_t i = 0;
    if (channels == 1) {
        memcpy(planes, in, frames * sizeof(*in));
    } else if (channels == 2) {
        float *restrict left = planes, *restrict right = planes + plane_size;
        for (; frames - i >= STEP; i += STEP) {
            for (size_t s = i; s < i + STEP; s++) {
                left[s] = in[2 * s];
                right[s] = in[2 * s + 1];
            }
        }
        for (; i < frames; i++) {
            left[i] = in[2 * i];
            right[i] = in[2 * i + 1];
        }
    } else {
        for (unsigned channel = 0; channel < channels; channel++) {
            for (i = 0; i < frames; i++)
                planes[channel * plane_size + i] = in[i * channels + channel];
        }
    }
}

static void join(float *restrict out, const float *planes, size_t plane_size, unsigned channels,
                 size_t frames)
{
    size_t i = 0;
    if (channels == 1) {
        memcpy(out, planes, frames * sizeof(*out));
    } else if (channels == 2) {
        const float *left = planes, *right = planes + plane_size;
        for (; frames - i >= STEP; i += STEP) {
            for (size_t s = i; s < i + STEP; s++) {
                out[2 * s] = left[s];
                out[2 * s + 1] = right[s];
            }
        }
        for (; i < frames; i++) {
            out[2 * i] = left[i];
            out[2 * i + 1] = right[i];
        }
    } else {
        for (unsigned channel = 0; channel < channels; channel++) {
            for (i = 0; i < frames; i++)
                out[i * channels + channel] = planes[channel * plane_size + i];
        }
    }
}

// The frames under the middle tap, which is exactly 1 while all others are exactly 0.
static size_t produce_exact(struct resampler *resampler, float *out, size_t max_frames)
{
    const size_t taps = resampler->filter->taps;
    size_t ready = resampler->rt.fill - resampler->rt.first;
    if (ready < taps)
        return 0;
    ready -= taps - 1;
    size_t frames = ready < max_frames ? ready : max_frames;
    const float *middle = resampler->planes + resampler->rt.first + taps / 2 - 1;
    join(out, middle, resampler->plane_size, resampler->channels, frames);
    resampler->rt.first += frames;
    return frames;
}

// Lays down as many points as there is input for, and moves on behind them.
static size_t place_points(struct resampler *resampler, size_t max_points)
{
    const struct resampler_filter *filter = resampler->filter;
    struct position at = {resampler->rt.first, resampler->rt.fraction};
    const size_t last = resampler->rt.fill - filter->taps;
    size_t placed = 0;
    while (placed < max_points && at.whole + filter->taps <= resampler->rt.fill) {
        size_t count = max_points - placed;
        const struct position step = get_step(resampler, at.fraction, &count);
        for (; count > 0 && at.whole <= last; count--) {
            uint64_t place = (at.fraction >> 32) * filter->segments;
            resampler->rt.points[placed++] = (struct resampler_point){
                .segment = filter->coefficients + (place >> 32) * filter->segment_size,
                .offset = (uint32_t)at.whole,
                .t = (float)(uint32_t)place * 0x1p-32f,
            };
            at = add(at, step);
        }
        // From here on it is a copy.
        if (is_exact_at(resampler, at.fraction))
            break;
    }
    resampler->rt.first = (size_t)at.whole;
    resampler->rt.fraction = at.fraction;
    return placed;
}

static size_t produce_between(struct resampler *resampler, float *out, size_t max_frames)
{
    struct resampler_job job = {
        .points = resampler->rt.points,
        .count = place_points(resampler, max_frames < MAX_POINTS ? max_frames : MAX_POINTS),
        .taps = resampler->filter->taps,
        .plane_size = resampler->plane_size,
        .out_channels = resampler->channels,
    };
    const uint64_t mode = denormals_flush();
    unsigned channel = 0;
    for (unsigned i = RESAMPLER_KERNEL_WIDTHS; i-- > 0;) {
        for (; resampler->channels - channel >= 1u << i; channel += 1u << i) {
            job.planes = resampler->planes + channel * resampler->plane_size;
            job.out = out + channel;
            resampler->kernel->run[i](&job);
        }
    }
    denormals_restore(mode);
    return job.count;
}

static size_t produce(struct resampler *resampler, float *out, size_t max_frames)
{
    size_t given = 0, more = 1;
    while (given < max_frames && more > 0) {
        float *to = out + given * resampler->channels;
        more = resampler_is_exact(resampler) ? produce_exact(resampler, to, max_frames - given)
                                             : produce_between(resampler, to, max_frames - given);
        given += more;
    }
    return given;
}

void resampler_process(struct resampler *resampler, const float *in, size_t *in_frames, float *out,
                       size_t *out_frames)
{
    size_t taken = 0, given = 0;
    while (given < *out_frames) {
        size_t needed = resampler_need(resampler, *out_frames - given);
        size_t frames = needed < *in_frames - taken ? needed : *in_frames - taken;
        frames = make_room(resampler, frames);
        split(resampler->planes + resampler->rt.fill, resampler->plane_size,
              in + taken * resampler->channels, resampler->channels, frames);
        resampler->rt.fill += frames;
        taken += frames;
        size_t made = produce(resampler, out + given * resampler->channels, *out_frames - given);
        given += made;
        if (made == 0 && frames == 0)
            break;
    }
    *in_frames = taken;
    *out_frames = given;
}
