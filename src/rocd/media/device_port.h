// SPDX-License-Identifier: MPL-2.0
//
// The port of an endpoint: opened by its first user, closed with the last, so that a device or file
// is held only while a stream needs it. Every user holds it in the same format. Thread: loop.

#ifndef ROCD_MEDIA_DEVICE_PORT_H
#define ROCD_MEDIA_DEVICE_PORT_H

#include <roc/transceiver.h>

#include "model/endpoint.h"

struct device_port {
    struct device_port *next;
    struct endpoint settings;
    roc_port port; // 0 = closed
    unsigned users;
    unsigned rate_hz, channels;       // of the open port, or of a player's file when it was probed
    unsigned long long length_frames; // of a player's file
    // What is shown after a recorder has closed: its last file and length.
    char file[256];
    unsigned long long position_frames;
    struct state_reason failure; // why it could not be opened, "" when it could
};

// What a stream has for a sink.
struct device_format {
    unsigned rate_hz, channels;
    roc_packet_format samples; // a recorder's file has as many bits
};

struct device_room {
    roc_transceiver *transceiver;
    int dir_fd; // the media folder
};

bool device_port_is_source(const struct device_port *device);

// Checks that it can work: kind known, file there and readable, folder writable. Opens and closes
// a player to learn its format. Returns 0 or -1 with *error set.
int device_port_probe(struct device_port *device, const struct device_room *room,
                      struct api_error *error);

// A sink takes the given format; a source has its own. -1 with *error set when it cannot be opened
// or is in use with another rate or other channels; a recorder keeps the bits of its first user.
// Pairs with device_port_release.
int device_port_acquire(struct device_port *device, const struct device_room *room,
                        const struct device_format *format, struct api_error *error);
void device_port_release(struct device_port *device, const struct device_room *room);

// State, reason and the read-only part of `virtual`.
void device_port_query(struct device_port *device, const struct device_room *room,
                       struct endpoint *endpoint);

#endif
