// SPDX-License-Identifier: MPL-2.0

#include "device/device.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "device/driver.h"

static const struct device_driver *const drivers[] = {
    [DEVICE_FILE_PLAYER] = &device_file_player,
    [DEVICE_FILE_RECORDER] = &device_file_recorder,
    [DEVICE_TONE] = &device_tone,
    [DEVICE_NULL_SOURCE] = &device_null_source,
    [DEVICE_NULL_SINK] = &device_null_sink,
};

#define DRIVER_COUNT (sizeof(drivers) / sizeof(drivers[0]))

int device_fail(char *error, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, DEVICE_ERROR_SIZE, format, args);
    va_end(args);
    return code;
}

const char *device_reason(int code)
{
    switch (code) {
    case -ENOENT:
        return "no such file; check the path";
    case -ENOTDIR:
        return "a part of the path is not a folder; check the path";
    case -EACCES:
    case -EPERM:
        return "permission denied; let this user read and write there";
    case -EISDIR:
        return "it is a folder; name a file";
    case -EROFS:
        return "the disk is mounted read-only; choose another place";
    case -ENOSPC:
    case -EDQUOT:
        return "the disk is full; make room or choose another place";
    case -EMFILE:
    case -ENFILE:
        return "too many files are open; close some or raise the limit";
    case -ENAMETOOLONG:
        return "the name is too long; choose a shorter one";
    case -ENOMEM:
        return "out of memory";
    default:
        return strerrordesc_np(-code) != NULL ? strerrordesc_np(-code) : "unknown error";
    }
}

static int check_config(const struct device_config *config, char *error)
{
    if ((unsigned)config->kind >= DRIVER_COUNT)
        return device_fail(error, -EINVAL, "there is no device of kind %d", (int)config->kind);
    const bool is_file = config->kind == DEVICE_FILE_PLAYER || config->kind == DEVICE_FILE_RECORDER;
    if (is_file && (config->path == NULL || config->path[0] == '\0'))
        return device_fail(error, -EINVAL, "a file device needs a path, and none was given");
    if (config->rate_hz != 0 &&
        (config->rate_hz < DEVICE_MIN_RATE_HZ || config->rate_hz > DEVICE_MAX_RATE_HZ))
        return device_fail(error, -EINVAL, "a rate of %u Hz is out of range; use %u..%u",
                           config->rate_hz, DEVICE_MIN_RATE_HZ, DEVICE_MAX_RATE_HZ);
    if (config->channels > DEVICE_MAX_CHANNELS)
        return device_fail(error, -EINVAL, "%u channels are too many; use at most %u",
                           config->channels, DEVICE_MAX_CHANNELS);
    return 0;
}

int device_open(struct device **out, const struct device_config *config, char *error)
{
    char unused[DEVICE_ERROR_SIZE];
    if (error == NULL)
        error = unused;
    error[0] = '\0';
    const int code = check_config(config, error);
    if (code != 0)
        return code;
    return drivers[config->kind]->create(out, config, error);
}

void device_close(struct device *device)
{
    if (device != NULL)
        device->driver->destroy(device);
}

bool device_is_source(const struct device *device)
{
    return device->driver->read != NULL;
}

bool device_is_clockless(const struct device *device)
{
    return device->driver->writable != NULL;
}

unsigned device_get_rate_hz(const struct device *device)
{
    return device->rate_hz;
}

unsigned device_get_channels(const struct device *device)
{
    return device->channels;
}

size_t device_read(struct device *device, float *samples, size_t frames)
{
    return device->driver->read != NULL ? device->driver->read(device, samples, frames) : 0;
}

size_t device_write(struct device *device, const float *samples, size_t frames)
{
    return device->driver->write != NULL ? device->driver->write(device, samples, frames) : 0;
}

size_t device_writable(const struct device *device)
{
    if (device->driver->write == NULL)
        return 0;
    return device->driver->writable != NULL ? device->driver->writable(device) : SIZE_MAX;
}

int device_rewind(struct device *device)
{
    return device->driver->rewind != NULL ? device->driver->rewind(device) : -ENOTSUP;
}

struct device_state device_get_state(const struct device *device)
{
    return device->driver->get_state(device);
}
