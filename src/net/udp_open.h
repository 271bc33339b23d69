// SPDX-License-Identifier: MPL-2.0
//
// Opens and binds the kernel's side of a UDP socket.

#ifndef ROC_NET_UDP_OPEN_H
#define ROC_NET_UDP_OPEN_H

#include "net/network.h"

// Gives a non-blocking descriptor and the address that it is really bound to. Returns 0, -EINVAL
// (no bind address; a multicast interface for a unicast address or of the other family) or what the
// kernel refused with. Thread: any but rt.
bool udp_traffic_is_valid(const struct udp_traffic *traffic);
int udp_open(int *out_fd, struct net_address *out_bound, const struct udp_config *config);

#endif
