// SPDX-License-Identifier: MPL-2.0
//
// UDP addresses as values: text to address and back, comparison, name resolution.

#ifndef ROC_NET_ADDRESS_H
#define ROC_NET_ADDRESS_H

#include "base/packet.h"

#define NET_ADDRESS_TEXT_SIZE 80

// "0.0.0.0", "127.0.0.1", "::1" (no brackets). Returns 0 or -EINVAL. Thread: any.
int net_address_parse(struct net_address *out, const char *ip, uint16_t port);
// Literal or DNS name; blocks while the resolver works. Returns 0 or -EHOSTUNREACH. Thread: any but
// rt and loop.
int net_address_resolve(struct net_address *out, const char *host, uint16_t port);
// "127.0.0.1:4100", "[::1]:4100". Thread: rt.
void net_address_write(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE]);
bool net_address_is_equal(const struct net_address *a, const struct net_address *b);
bool net_address_is_multicast(const struct net_address *address);
uint16_t net_address_get_port(const struct net_address *address);
void net_address_set_port(struct net_address *address, uint16_t port);
socklen_t net_address_size(const struct net_address *address);

#endif
