// SPDX-License-Identifier: MPL-2.0
#include "media/device_port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "media/explain.h"
#include "media/media_path.h"

#define DEFAULT_RATE_HZ  44100
#define DEFAULT_CHANNELS 2

// The file behind a port while the port is being opened.
struct opened_file {
    int fd; // -1 = none
    char path[MEDIA_PATH_SIZE];
    char name[256]; // of a file that was made for a recorder
};

bool device_port_is_source(const struct device_port *device)
{
    switch (device->settings.virtual.kind) {
    case VIRTUAL_FILE_PLAYER:
    case VIRTUAL_TONE:
    case VIRTUAL_NULL_SOURCE:
        return true;
    default:
        return false;
    }
}

static int check_kind(const struct device_port *device, roc_port_kind *kind,
                      struct api_error *error)
{
    switch (device->settings.virtual.kind) {
    case VIRTUAL_FILE_PLAYER:
        *kind = ROC_PORT_FILE_PLAYER;
        return 0;
    case VIRTUAL_FILE_RECORDER:
        *kind = ROC_PORT_FILE_RECORDER;
        return 0;
    case VIRTUAL_TONE:
        *kind = ROC_PORT_TONE;
        return 0;
    case VIRTUAL_NULL_SOURCE:
        *kind = ROC_PORT_NULL_SOURCE;
        return 0;
    case VIRTUAL_NULL_SINK:
        *kind = ROC_PORT_NULL_SINK;
        return 0;
    case VIRTUAL_NONE:
        return error_set(error, ERROR_UNSATISFIABLE, "virtual",
                         "No driver of this daemon offers such a device; create a virtual one.");
    case VIRTUAL_SPEAKER:
    case VIRTUAL_MICROPHONE:
    case VIRTUAL_BUS:
        break;
    }
    return error_set(error, ERROR_UNSATISFIABLE, "virtual.kind",
                     "This daemon cannot make a %s: none of its drivers offers one; use a file, "
                     "tone or null device.",
                     virtual_kind_name(device->settings.virtual.kind));
}

static int open_file(struct opened_file *file, const struct device_port *device,
                     const struct device_room *room, struct api_error *error)
{
    const char *path = device->settings.virtual.path;
    *file = (struct opened_file){.fd = -1};
    if (device->settings.virtual.kind == VIRTUAL_FILE_PLAYER)
        file->fd = media_path_open_read(room->dir_fd, path, error);
    else if (device->settings.virtual.kind == VIRTUAL_FILE_RECORDER)
        file->fd = media_path_create(room->dir_fd, path, file->name, error);
    else
        return 0;
    if (file->fd < 0)
        return -1;
    media_path_of_fd(file->path, file->fd);
    return 0;
}

// libroc knows the file by its descriptor only; the user knows it by its name.
static void explain(const struct opened_file *file, const struct device_port *device,
                    struct api_error *error)
{
    char named[1024];
    const char *sentence = roc_transceiver_error();
    const char *place = file->fd >= 0 ? strstr(sentence, file->path) : NULL;
    if (place)
        snprintf(named, sizeof(named), "%.*s%s%s", (int)(place - sentence), sentence,
                 device->settings.virtual.path, place + strlen(file->path));
    media_explain(error, place ? "virtual.path" : NULL, place ? named : sentence);
}

static int open_port(struct device_port *device, const struct device_room *room,
                     const struct device_format *format, struct api_error *error)
{
    roc_port_config config = {0};
    if (check_kind(device, &config.kind, error) != 0)
        return -1;
    struct opened_file file;
    if (open_file(&file, device, room, error) != 0)
        return -1;
    config.path = file.fd >= 0 ? file.path : NULL;
    config.loop = device->settings.virtual.loop;
    config.frequency = device->settings.virtual.frequency_hz;
    config.level_db = device->settings.virtual.level_db;
    config.rate = format->rate_hz;
    config.channels = format->channels;
    config.format = format->samples;
    int result = roc_transceiver_add_port(room->transceiver, &config, &device->port);
    if (result != 0) {
        device->port = 0;
        explain(&file, device, error);
        if (file.name[0] != '\0')
            media_path_remove(room->dir_fd, file.name);
    } else if (file.name[0] != '\0') {
        snprintf(device->file, sizeof(device->file), "%s", file.name);
    }
    if (file.fd >= 0)
        close(file.fd);
    return result == 0 ? 0 : -1;
}

static void close_port(struct device_port *device, const struct device_room *room)
{
    (void)roc_transceiver_remove_port(room->transceiver, device->port);
    device->port = 0;
}

// What the open port really is: a player's file may have changed since it was probed.
static void learn_format(struct device_port *device, const struct device_room *room)
{
    roc_port_metrics metrics;
    if (roc_transceiver_query_port(room->transceiver, device->port, &metrics) != 0)
        return;
    device->rate_hz = metrics.rate;
    device->channels = metrics.channels;
    device->length_frames = metrics.length_frames;
}

static unsigned get_default(unsigned value, unsigned otherwise)
{
    return value ? value : otherwise;
}

// Format in which a source opens: a player's is its file's.
static struct device_format choose_source_format(const struct device_port *device)
{
    if (device->settings.virtual.kind == VIRTUAL_FILE_PLAYER)
        return (struct device_format){0};
    return (struct device_format){
        .rate_hz = get_default(device->settings.sample_rate, DEFAULT_RATE_HZ),
        .channels = get_default(device->settings.channels, DEFAULT_CHANNELS),
    };
}

static int probe(struct device_port *device, const struct device_room *room,
                 struct api_error *error)
{
    roc_port_kind kind = 0;
    if (check_kind(device, &kind, error) != 0)
        return -1;
    if (kind == ROC_PORT_FILE_RECORDER)
        return media_path_check_write(room->dir_fd, device->settings.virtual.path, error);
    if (kind == ROC_PORT_NULL_SINK)
        return 0;
    struct device_format format = choose_source_format(device);
    if (open_port(device, room, &format, error) != 0)
        return -1;
    learn_format(device, room);
    close_port(device, room);
    return 0;
}

static void keep_failure(struct device_port *device, int result, const struct api_error *error)
{
    if (result == 0)
        device->failure = (struct state_reason){0};
    else
        state_reason_set(&device->failure, "device_failed", error->text);
}

int device_port_probe(struct device_port *device, const struct device_room *room,
                      struct api_error *error)
{
    if (device->port)
        return 0;
    int result = probe(device, room, error);
    keep_failure(device, result, error);
    return result;
}

static int check_format(const struct device_port *device, const struct device_format *format,
                        struct api_error *error)
{
    if (device_port_is_source(device))
        return 0;
    if (device->rate_hz == format->rate_hz && device->channels == format->channels)
        return 0;
    return error_set(error, ERROR_UNSATISFIABLE, NULL,
                     "\"%s\" is in use with %u Hz and %u channels, this stream has %u Hz and %u "
                     "channels; use another endpoint or stop the other stream.",
                     device->settings.display_name, device->rate_hz, device->channels,
                     format->rate_hz, format->channels);
}

static int open_first(struct device_port *device, const struct device_room *room,
                      const struct device_format *format, struct api_error *error)
{
    struct device_format chosen =
        device_port_is_source(device) ? choose_source_format(device) : *format;
    int result = open_port(device, room, &chosen, error);
    keep_failure(device, result, error);
    if (result != 0)
        return -1;
    device->position_frames = 0;
    learn_format(device, room);
    return 0;
}

int device_port_acquire(struct device_port *device, const struct device_room *room,
                        const struct device_format *format, struct api_error *error)
{
    if (device->users > 0) {
        if (check_format(device, format, error) != 0)
            return -1;
    } else if (open_first(device, room, format, error) != 0) {
        return -1;
    }
    device->users++;
    return 0;
}

void device_port_release(struct device_port *device, const struct device_room *room)
{
    if (--device->users > 0)
        return;
    roc_port_metrics metrics;
    if (roc_transceiver_query_port(room->transceiver, device->port, &metrics) == 0)
        device->position_frames = device->settings.virtual.kind == VIRTUAL_FILE_RECORDER
                                      ? metrics.frames
                                      : 0;
    close_port(device, room);
}

static void explain_running_failure(struct endpoint *endpoint, int cause)
{
    struct api_error error;
    (void)error_set(&error, ERROR_UNSATISFIABLE, NULL,
                    "\"%s\" has stopped: %s. Remove the cause, then disable and enable its stream.",
                    endpoint->display_name, strerror(cause < 0 ? -cause : EIO));
    endpoint->state = ENDPOINT_FAILED;
    state_reason_set(&endpoint->reason, "device_failed", error.text);
}

static void query_open(struct device_port *device, const struct device_room *room,
                       struct endpoint *endpoint)
{
    endpoint->state = ENDPOINT_IN_USE;
    roc_port_metrics metrics;
    if (roc_transceiver_query_port(room->transceiver, device->port, &metrics) != 0)
        return;
    endpoint->virtual.position_frames = metrics.frames;
    endpoint->virtual.finished = metrics.state == ROC_PORT_FINISHED;
    if (metrics.state == ROC_PORT_FAILED)
        explain_running_failure(endpoint, metrics.error);
}

void device_port_query(struct device_port *device, const struct device_room *room,
                       struct endpoint *endpoint)
{
    endpoint->state = ENDPOINT_AVAILABLE;
    endpoint->reason = (struct state_reason){0};
    endpoint->virtual.position_frames = device->position_frames;
    endpoint->virtual.length_frames = device->length_frames;
    endpoint->virtual.finished = false;
    if (device->settings.virtual.kind == VIRTUAL_FILE_PLAYER) {
        endpoint->sample_rate = device->rate_hz;
        endpoint->channels = device->channels;
    }
    snprintf(endpoint->virtual.file, sizeof(endpoint->virtual.file), "%s", device->file);
    if (device->port) {
        query_open(device, room, endpoint);
    } else if (device->failure.code[0] != '\0') {
        endpoint->state = ENDPOINT_FAILED;
        endpoint->reason = device->failure;
    }
}
