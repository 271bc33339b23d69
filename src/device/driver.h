// SPDX-License-Identifier: MPL-2.0
//
// What a kind of device gives to device.c: a const struct of functions and the head of its own
// struct. Only the files of this room include it.

#ifndef ROC_DEVICE_DRIVER_H
#define ROC_DEVICE_DRIVER_H

#include "device/device.h"

// A function that a kind has no use for is NULL; device.c then does what device.h says for it.
struct device_driver {
    // config has passed the checks of device_open; `error` is never NULL.
    int (*create)(struct device **out, const struct device_config *config, char *error);
    void (*destroy)(struct device *device);
    size_t (*read)(struct device *device, float *samples, size_t frames);
    size_t (*write)(struct device *device, const float *samples, size_t frames);
    size_t (*writable)(const struct device *device);
    int (*rewind)(struct device *device);
    struct device_state (*get_state)(const struct device *device);
};

// First member of the struct of every kind.
struct device {
    const struct device_driver *driver;
    unsigned rate_hz;
    unsigned channels;
};

extern const struct device_driver device_file_player;
extern const struct device_driver device_file_recorder;
extern const struct device_driver device_tone;
extern const struct device_driver device_null_source;
extern const struct device_driver device_null_sink;

// Writes the sentence and returns `code`.
int device_fail(char *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// What went wrong with a file, in plain words, for a negative errno.
const char *device_reason(int code);

#endif
