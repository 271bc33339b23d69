// SPDX-License-Identifier: MPL-2.0
//
// Turns endpoints and streams into ports and links of one transceiver of libroc. Reaches sound only
// through the public headers. Thread: loop; nothing here waits for the network.

#ifndef ROCD_MEDIA_MEDIA_H
#define ROCD_MEDIA_MEDIA_H

#include <roc/transceiver.h>

#include "model/metrics.h"
#include "model/stream.h"

struct media;

struct media_config {
    const char *media_dir;        // files of players and recorders; nothing outside can be named
    const char *bind_host;        // where receivers listen: "127.0.0.1", "0.0.0.0", ...
    unsigned port_low, port_high; // media ports; both 0 = the system picks
    roc_impairment impairment;
};

int media_create(struct media **out, const struct media_config *config, struct api_error *error);
void media_destroy(struct media *media);
// Whether sound can still be moved: makes a silent port and removes it again. For /healthz. Returns
// 0 or -1.
int media_check(struct media *media);

// Checks that the endpoint can work (file there and readable, path inside the folder). The device
// itself is opened when the first stream uses it and closed with the last.
int media_add_endpoint(struct media *media, const struct endpoint *endpoint,
                       struct api_error *error);
// Volume and mute of an endpoint take effect on what runs.
int media_update_endpoint(struct media *media, const struct endpoint *endpoint,
                          struct api_error *error);
void media_remove_endpoint(struct media *media, const char *endpoint_uid);
// Fills state, reason and the read-only part of `virtual`.
void media_query_endpoint(struct media *media, struct endpoint *endpoint);

// What a half needs to know of its stream. volume and muted are the stream's own.
struct half_config {
    const char *stream_uid;
    const char *endpoint_uid; // of this peer
    struct transport transport;
    double volume;
    bool muted;
};

// The sample rate and channels that a stream from this endpoint would have. Returns 0 or -1.
int media_get_format(struct media *media, const char *endpoint_uid, unsigned *sample_rate,
                     unsigned *channels, struct api_error *error);

// Receiving half: binds and links to the endpoint. *address in: URIs to bind (external source), or
// "" for ports of our own choice; out: the real ones, with bind_host as host.
// Repeating it for a half that exists with the same config gives the same addresses.
int media_open_receiver(struct media *media, const struct half_config *config,
                        struct media_address *address, struct api_error *error);
// Sending half. Repeating it with another address moves it there; a change of transport restarts
// it.
int media_open_sender(struct media *media, const struct half_config *config,
                      const struct media_address *address, struct api_error *error);
// Both endpoints on this peer: a link without a network.
int media_open_local(struct media *media, const struct half_config *source,
                     const char *destination_uid, struct api_error *error);
// Volume and mute of a half that runs.
void media_update_half(struct media *media, const struct half_config *config);
// Closes whichever half of this stream is here. NULL-safe for unknown streams.
void media_close_half(struct media *media, const char *stream_uid);

// Returns 0 or -ENOENT.
int media_query_half(struct media *media, const char *stream_uid, struct half_metrics *metrics);

#endif
