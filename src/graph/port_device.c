// SPDX-License-Identifier: MPL-2.0

#include "device/device.h"
#include "graph/port.h"

static size_t read_device(void *self, float *samples, size_t frames)
{
    return device_read(self, samples, frames);
}

static size_t write_device(void *self, const float *samples, size_t frames)
{
    return device_write(self, samples, frames);
}

static size_t get_writable(void *self)
{
    return device_writable(self);
}

// A player that nobody heard stood still, and one that is finished stands at its end: either way
// the new listener gets the file from its beginning.
static void start(void *self, bool is_first)
{
    if (is_first || device_get_state(self).run == DEVICE_FINISHED)
        device_rewind(self);
}

static void destroy(void *self)
{
    device_close(self);
}

static const struct port_ops source_ops = {.read = read_device, .start = start, .destroy = destroy};
static const struct port_ops sink_ops = {.write = write_device, .destroy = destroy};
static const struct port_ops clockless_sink_ops = {
    .write = write_device, .writable = get_writable, .destroy = destroy};

struct port_config port_of_device(struct device *device)
{
    struct port_config config = {
        .ops = &sink_ops,
        .self = device,
        .is_source = device_is_source(device),
        .rate_hz = device_get_rate_hz(device),
        .channels = device_get_channels(device),
    };
    if (config.is_source)
        config.ops = &source_ops;
    else if (device_is_clockless(device))
        config.ops = &clockless_sink_ops;
    return config;
}
