// SPDX-License-Identifier: MPL-2.0
//
// What the files of media/ share. Not for other rooms.

#ifndef ROCD_MEDIA_MEDIA_INTERNAL_H
#define ROCD_MEDIA_MEDIA_INTERNAL_H

#include "media/device_port.h"
#include "media/media.h"
#include "media/net_port.h"

enum half_kind { HALF_RECEIVER, HALF_SENDER, HALF_LOCAL };

// A running half: a link from a source to a sink, one of which may be a network port.
struct half {
    struct half *next;
    char stream_uid[UID_SIZE];
    enum half_kind kind;
    struct device_port *source, *sink; // in use by this half; NULL where the network is
    struct net_port net;
    roc_link link;
    struct transport transport; // rate and channels filled in
    double volume;
    bool muted;
};

struct media {
    int dir_fd;
    char bind_host[64];
    roc_context *context;
    roc_transceiver *transceiver;
    struct port_range ports;
    struct device_port *devices;
    struct half *halves;
};

static inline struct device_room media_get_room(const struct media *media)
{
    return (struct device_room){.transceiver = media->transceiver, .dir_fd = media->dir_fd};
}

struct device_port *media_find_device(struct media *media, const char *endpoint_uid);

// Volumes and mutes of both endpoints and of the stream, applied to a running half.
void half_apply_gain(struct media *media, struct half *half);
void half_close_all(struct media *media);

#endif
