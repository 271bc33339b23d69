// SPDX-License-Identifier: MPL-2.0
//
// The multicast side of a UDP socket: membership of the group that it is bound to, and the network
// interface by which multicast leaves. Interfaces go away and return (a cable, a card, Wi-Fi), and
// may then be others to the kernel: refreshing notices it.
//
// Thread: one at a time.

#ifndef ROC_NET_GROUP_H
#define ROC_NET_GROUP_H

#include "net/network.h"

struct group;

// Needs the config that fd was opened with. Gives NULL when the socket needs neither, for it is
// bound to any address. Returns 0, -ENOMEM, -EADDRNOTAVAIL (no interface has the address) or what
// the kernel refused with.
int group_create(struct group **out, int fd, const struct udp_config *config);
void group_destroy(struct group *group);
// NULL is fine.
void group_refresh(struct group *group);

#endif
