// SPDX-License-Identifier: MPL-2.0
//
// Silence without end, and a sink that keeps nothing.

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "device/driver.h"

struct null_device {
    struct device base;
    _Atomic uint64_t frames;
};

static int create(struct device **out, const struct device_config *config, char *error,
                  const struct device_driver *driver)
{
    struct null_device *null = calloc(1, sizeof(*null));
    if (null == NULL)
        return device_fail(error, -ENOMEM, "cannot open a null device: out of memory");
    null->base.driver = driver;
    null->base.rate_hz = config->rate_hz ? config->rate_hz : 44100;
    null->base.channels = config->channels ? config->channels : 2;
    *out = &null->base;
    return 0;
}

static int create_source(struct device **out, const struct device_config *config, char *error)
{
    return create(out, config, error, &device_null_source);
}

static int create_sink(struct device **out, const struct device_config *config, char *error)
{
    return create(out, config, error, &device_null_sink);
}

static void destroy(struct device *device)
{
    free(device);
}

static void count(struct device *device, size_t frames)
{
    struct null_device *null = (struct null_device *)device;
    atomic_fetch_add_explicit(&null->frames, frames, memory_order_relaxed);
}

static size_t read_silence(struct device *device, float *samples, size_t frames)
{
    memset(samples, 0, frames * device->channels * sizeof(*samples));
    count(device, frames);
    return frames;
}

static size_t take(struct device *device, const float *samples, size_t frames)
{
    count(device, frames);
    return frames;
}

static struct device_state get_state(const struct device *device)
{
    const struct null_device *null = (const struct null_device *)device;
    const uint64_t frames = atomic_load_explicit(&null->frames, memory_order_relaxed);
    return (struct device_state){.run = frames > 0 ? DEVICE_RUNNING : DEVICE_READY,
                                 .frames = frames};
}

const struct device_driver device_null_source = {
    .create = create_source,
    .destroy = destroy,
    .read = read_silence,
    .get_state = get_state,
};

const struct device_driver device_null_sink = {
    .create = create_sink,
    .destroy = destroy,
    .write = take,
    .get_state = get_state,
};
