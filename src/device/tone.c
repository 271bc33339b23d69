// SPDX-License-Identifier: MPL-2.0
//
// A sine. The phase is an integer that wraps once a period, so that the frequency is held to 2^-64
// of the rate and nothing accumulates, however long it plays.

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "device/driver.h"

struct tone {
    struct device base;
    double amplitude;
    uint64_t step; // 2^64 is one period
    _Atomic uint64_t frames;
    struct {
        uint64_t phase;
    } rt;
};

static int create(struct device **out, const struct device_config *config, char *error)
{
    const unsigned rate_hz = config->rate_hz ? config->rate_hz : 44100;
    const double frequency_hz = config->frequency_hz != 0 ? config->frequency_hz : 440;
    // Negated, so that a NaN is refused as well.
    if (!(frequency_hz > 0 && frequency_hz < rate_hz / 2.0))
        return device_fail(error, -EINVAL,
                           "a tone of %g Hz cannot be played at %u Hz; use more than 0 and less "
                           "than half the rate",
                           frequency_hz, rate_hz);
    if (!(config->level_db <= 0))
        return device_fail(error, -EINVAL, "a tone of %g dBFS would clip; use 0 or less",
                           config->level_db);

    struct tone *tone = calloc(1, sizeof(*tone));
    if (tone == NULL)
        return device_fail(error, -ENOMEM, "cannot open a tone: out of memory");
    tone->base.driver = &device_tone;
    tone->base.rate_hz = rate_hz;
    tone->base.channels = config->channels ? config->channels : 2;
    tone->amplitude = pow(10, config->level_db / 20);
    tone->step = (uint64_t)(frequency_hz / rate_hz * 0x1p64);
    *out = &tone->base;
    return 0;
}

static void destroy(struct device *device)
{
    free(device);
}

static size_t read_tone(struct device *device, float *samples, size_t frames)
{
    struct tone *tone = (struct tone *)device;
    for (size_t i = 0; i < frames; i++) {
        const double angle = (double)tone->rt.phase * (2 * M_PI / 0x1p64);
        const float sample = (float)(tone->amplitude * sin(angle));
        for (unsigned c = 0; c < device->channels; c++)
            *samples++ = sample;
        tone->rt.phase += tone->step;
    }
    atomic_fetch_add_explicit(&tone->frames, frames, memory_order_relaxed);
    return frames;
}

static struct device_state get_state(const struct device *device)
{
    const struct tone *tone = (const struct tone *)device;
    const uint64_t frames = atomic_load_explicit(&tone->frames, memory_order_relaxed);
    return (struct device_state){.run = frames > 0 ? DEVICE_RUNNING : DEVICE_READY,
                                 .frames = frames};
}

const struct device_driver device_tone = {
    .create = create,
    .destroy = destroy,
    .read = read_tone,
    .get_state = get_state,
};
