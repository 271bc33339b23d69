// SPDX-License-Identifier: MPL-2.0
//
// What encoder and decoder have in common: which of their interfaces the caller activated, and the
// packets that the caller brings. Thread: any but rt, but for activation_find (rt).

#ifndef ROC_API_ACTIVATION_H
#define ROC_API_ACTIVATION_H

#include "api/api_error.h"
#include "api/context.h"
#include "roc/packet.h"
#include "stream/sender.h"

#define ACTIVATION_COUNT 3 // source, repair, control

// All zero: none is active. Written under the lock of its owner, read by anybody.
struct activation {
    atomic_bool is_active[ACTIVATION_COUNT];
};

// What activating an interface with a protocol asks for.
struct activation_request {
    enum stream_interface iface;
    enum fec_scheme scheme; // FEC_NONE for control
};

// Returns 0, -EINVAL (unknown interface or protocol), -EPROTO, -ENOTSUP, or -EBUSY when the
// interface is active already.
int activation_parse(const struct activation *activation, struct activation_request *out,
                     roc_interface iface, roc_protocol protocol, struct api_error *error);
void activation_add(struct activation *activation, enum stream_interface iface);
// Which interface this is. Returns 0, or -ENOENT when it is not active.
int activation_find(const struct activation *activation, roc_interface iface,
                    enum stream_interface *out);

// A packet of the pool with the caller's bytes, as if the network had brought it now. Returns 0,
// -EINVAL (NULL, empty, or too large), -ENOMEM or -ENOSPC.
int activation_copy_packet(struct packet **out, roc_context *context, const roc_packet *packet);

#endif
