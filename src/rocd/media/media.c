// SPDX-License-Identifier: MPL-2.0
#include "media/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/media_internal.h"
#include "media/media_path.h"
#include "media/payload_type.h"

// Two halves of a stream agree on a number; each context has to know what it stands for.
static int register_encodings(roc_context *context)
{
    size_t count = 0;
    const struct payload_format *table = payload_type_table(&count);
    for (size_t i = 0; i < count; i++) {
        unsigned channels = table[i].channels;
        roc_media_encoding encoding = {
            .rate = table[i].rate_hz,
            .format = ROC_FORMAT_PCM_FLOAT32,
            .channels = channels == 1   ? ROC_CHANNEL_LAYOUT_MONO
                        : channels == 2 ? ROC_CHANNEL_LAYOUT_STEREO
                                        : ROC_CHANNEL_LAYOUT_MULTITRACK,
            .tracks = channels > 2 ? channels : 0,
        };
        int payload_type = payload_type_get(TRANSPORT_L16, table[i].rate_hz, channels);
        if (roc_context_register_encoding(context, payload_type, &encoding) != 0)
            return -1;
    }
    return 0;
}

static int open_transceiver(struct media *media, const struct media_config *config,
                            struct api_error *error)
{
    roc_context_config context_config = {0};
    if (roc_context_open(&context_config, &media->context) != 0)
        return error_set(error, ERROR_INTERNAL, NULL,
                         "Cannot start the audio context; is there enough memory?");
    if (register_encodings(media->context) != 0)
        return error_set(error, ERROR_INTERNAL, NULL, "Cannot register the formats of packets.");
    roc_transceiver_config transceiver_config = {.impairment = config->impairment};
    if (roc_transceiver_open(media->context, &transceiver_config, &media->transceiver) != 0)
        return error_set(error, ERROR_INTERNAL, NULL, "Cannot start the transceiver: %s.",
                         roc_transceiver_error());
    return 0;
}

int media_create(struct media **out, const struct media_config *config, struct api_error *error)
{
    struct media *media = calloc(1, sizeof(*media));
    if (!media)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    media->dir_fd = -1;
    // In a URI an IPv6 address goes in brackets.
    bool is_bare_ipv6 = strchr(config->bind_host, ':') && config->bind_host[0] != '[';
    snprintf(media->bind_host, sizeof(media->bind_host), "%s%s%s", is_bare_ipv6 ? "[" : "",
             config->bind_host, is_bare_ipv6 ? "]" : "");
    media->ports = (struct port_range){.low = config->port_low, .high = config->port_high};
    media->dir_fd = media_path_open_dir(config->media_dir, error);
    if (media->dir_fd < 0 || open_transceiver(media, config, error) != 0)
        goto fail;
    *out = media;
    return 0;

fail:
    media_destroy(media);
    return -1;
}

void media_destroy(struct media *media)
{
    if (!media)
        return;
    half_close_all(media);
    while (media->devices) {
        struct device_port *next = media->devices->next;
        free(media->devices);
        media->devices = next;
    }
    if (media->transceiver)
        (void)roc_transceiver_close(media->transceiver);
    if (media->context)
        (void)roc_context_close(media->context);
    if (media->dir_fd >= 0)
        close(media->dir_fd);
    free(media);
}

int media_check(struct media *media)
{
    const roc_port_config config = {.kind = ROC_PORT_NULL_SOURCE};
    roc_port port;
    if (roc_transceiver_add_port(media->transceiver, &config, &port) != 0)
        return -1;
    return roc_transceiver_remove_port(media->transceiver, port) == 0 ? 0 : -1;
}

struct device_port *media_find_device(struct media *media, const char *endpoint_uid)
{
    for (struct device_port *device = media->devices; device; device = device->next) {
        if (strcmp(device->settings.uid, endpoint_uid) == 0)
            return device;
    }
    return NULL;
}

int media_add_endpoint(struct media *media, const struct endpoint *endpoint,
                       struct api_error *error)
{
    if (media_find_device(media, endpoint->uid))
        return media_update_endpoint(media, endpoint, error);
    struct device_port *device = calloc(1, sizeof(*device));
    if (!device)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    device->settings = *endpoint;
    struct device_room room = media_get_room(media);
    if (device_port_probe(device, &room, error) != 0) {
        free(device);
        return -1;
    }
    device->next = media->devices;
    media->devices = device;
    return 0;
}

// Whether the device itself is another one, not only its name or volume. Files have their own
// format.
static bool is_same_device(const struct endpoint *a, const struct endpoint *b)
{
    bool is_file = a->virtual.kind == VIRTUAL_FILE_PLAYER ||
                   a->virtual.kind == VIRTUAL_FILE_RECORDER;
    bool has_same_format =
        is_file || (a->sample_rate == b->sample_rate && a->channels == b->channels);
    return has_same_format && a->virtual.kind == b->virtual.kind &&
           strcmp(a->virtual.path, b->virtual.path) == 0 && a->virtual.loop == b->virtual.loop &&
           a->virtual.frequency_hz == b->virtual.frequency_hz &&
           a->virtual.level_db == b->virtual.level_db;
}

static int change_device(struct media *media, struct device_port *device,
                         const struct endpoint *endpoint, struct api_error *error)
{
    if (device->users > 0)
        return error_set(
            error, ERROR_CONFLICT, "virtual",
            "\"%s\" is in use by a stream; its file, tone and format can be changed when "
            "no stream uses it.",
            device->settings.display_name);
    struct device_port changed = {.next = device->next, .settings = *endpoint};
    struct device_room room = media_get_room(media);
    if (device_port_probe(&changed, &room, error) != 0)
        return -1;
    *device = changed;
    return 0;
}

static void apply_gain(struct media *media, const struct device_port *device)
{
    for (struct half *half = media->halves; half; half = half->next) {
        if (half->source == device || half->sink == device)
            half_apply_gain(media, half);
    }
}

int media_update_endpoint(struct media *media, const struct endpoint *endpoint,
                          struct api_error *error)
{
    struct device_port *device = media_find_device(media, endpoint->uid);
    if (!device)
        return media_add_endpoint(media, endpoint, error);
    if (!is_same_device(&device->settings, endpoint))
        return change_device(media, device, endpoint, error);
    device->settings = *endpoint;
    // One that failed gets another chance; its name and volume change either way.
    if (device->failure.code[0] != '\0') {
        struct device_room room = media_get_room(media);
        struct api_error ignored;
        (void)device_port_probe(device, &room, &ignored);
    }
    apply_gain(media, device);
    return 0;
}

void media_remove_endpoint(struct media *media, const char *endpoint_uid)
{
    struct device_port *device = media_find_device(media, endpoint_uid);
    if (!device)
        return;
    for (struct half *half = media->halves, *next; half; half = next) {
        next = half->next;
        if (half->source == device || half->sink == device)
            media_close_half(media, half->stream_uid);
    }
    struct device_port **place = &media->devices;
    while (*place != device)
        place = &(*place)->next;
    *place = device->next;
    free(device);
}

void media_query_endpoint(struct media *media, struct endpoint *endpoint)
{
    struct device_port *device = media_find_device(media, endpoint->uid);
    struct device_room room = media_get_room(media);
    if (!device) {
        endpoint->state = ENDPOINT_UNAVAILABLE;
        return;
    }
    device_port_query(device, &room, endpoint);
}

int media_get_format(struct media *media, const char *endpoint_uid, unsigned *sample_rate,
                     unsigned *channels, struct api_error *error)
{
    struct device_port *device = media_find_device(media, endpoint_uid);
    if (!device)
        return error_set(error, ERROR_NOT_FOUND, NULL, "There is no endpoint %s here.",
                         endpoint_uid);
    if (!device_port_is_source(device))
        return error_set(error, ERROR_UNSATISFIABLE, NULL,
                         "\"%s\" is no source and has the format of what it gets.",
                         device->settings.display_name);
    struct device_room room = media_get_room(media);
    // The file may have been replaced since it was last looked at.
    if (device_port_probe(device, &room, error) != 0)
        return -1;
    *sample_rate = device->rate_hz;
    *channels = device->channels;
    return 0;
}
