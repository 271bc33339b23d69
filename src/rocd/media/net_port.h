// SPDX-License-Identifier: MPL-2.0
//
// The network port of a half: a receiver bound to addresses of ours, or a sender connected to the
// addresses of one receiver. Nothing here waits for the network: hosts are addresses, not names.
// Thread: loop.

#ifndef ROCD_MEDIA_NET_PORT_H
#define ROCD_MEDIA_NET_PORT_H

#include <roc/transceiver.h>

#include "model/stream.h"

// Where receivers take their ports from; the cursor moves on, so that a port is not reused while
// packets for its last user may still be on the way.
struct port_range {
    unsigned low, high; // both 0 = the system picks
    unsigned cursor;
};

struct net_port {
    roc_port port; // 0 = closed
    roc_slot slot; // sender: the destination in use
    struct media_address address;
};

// address: URIs to bind, or "" for free ports on bind_host (as in a URI: IPv6 in brackets).
// Returns 0 or -1 with *error set; on failure *net is closed.
int net_port_open_receiver(struct net_port *net, roc_transceiver *transceiver,
                           const struct transport *transport, const char *bind_host,
                           struct port_range *range, const struct media_address *address,
                           struct api_error *error);
int net_port_open_sender(struct net_port *net, roc_transceiver *transceiver,
                         const struct transport *transport, const struct media_address *address,
                         struct api_error *error);
// Sends to another receiver from now on; on failure it goes on as before.
int net_port_move_sender(struct net_port *net, roc_transceiver *transceiver,
                         const struct media_address *address, struct api_error *error);
void net_port_close(struct net_port *net, roc_transceiver *transceiver);

// Sets fec_scheme to what the address carries: "rtp+rs8m://" or "rtp+ldpc://" with a repair address
// of that scheme, or bare "rtp://". Returns 0 or -1 with *error set.
int net_port_match_fec(struct transport *transport, const struct media_address *address,
                       struct api_error *error);

#endif
