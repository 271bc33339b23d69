// SPDX-License-Identifier: MPL-2.0
//
// The network thread and its UDP sockets. Datagrams are read in batches (recvmmsg) with the
// kernel's receive time and handed over in batches; what is to be sent crosses in a ring and
// leaves in batches (sendmmsg). One thread serves every socket of a context.
//
// Life cycle: network_create, open and close sockets, network_destroy (all sockets closed).

#ifndef ROC_NET_NETWORK_H
#define ROC_NET_NETWORK_H

#include "base/packet.h"
#include "net/impairment.h"

struct network;
struct udp_socket;

// How the network treats what a socket sends.
struct udp_traffic {
    // Differentiated services code point (RFC 2474), in IPv4's TOS and IPv6's traffic class.
    // 0 = 46, expedited forwarding (RFC 3246); -1 = none, best effort; else 1..63.
    int dscp;
    // Routers that a multicast datagram may pass. 0 = 16; else 1..255. The sending machine itself
    // gets a copy, too.
    unsigned multicast_hops;
};

struct network_config {
    struct packet_pool *pool; // borrowed; where received packets come from
    struct udp_traffic traffic;
    // All zero: none. Every socket has a link of its own; its seed is this one plus the number of
    // the socket in the order of opening.
    struct impairment_config impairment;
};

// Called on the network thread with 1..64 datagrams in the order of arrival. The array is borrowed,
// each packet is taken. Closing this socket inside the callback is not legal.
typedef void (*udp_receive_fn)(struct packet **packets, size_t count, void *arg);

struct udp_config {
    struct net_address bind;                // port 0 picks a free one
    struct net_address multicast_interface; // set: join bind's group on this interface
    bool reuse_address;
    struct udp_traffic traffic; // what is zero there is as the network's
    udp_receive_fn receive;     // NULL: what arrives is dropped
    void *receive_arg;
    size_t send_ring_size; // packets, 0 = 1024
};

struct udp_metrics {
    uint64_t packets_received, bytes_received, packets_sent, bytes_sent;
    // Pool empty, ring full, kernel refused, or cut (too large). What an impaired link loses counts
    // as sent, as on a real one.
    uint64_t packets_dropped;
};

// Thread: any but rt. Returns 0 or a negative errno.
int network_create(struct network **out, const struct network_config *config);
void network_destroy(struct network *network);

// Thread: any but rt and not the network thread. Waits until the socket is in (out of) service;
// after close returns, its receive callback does not run any more. What was pushed before close
// leaves, at once where an impaired link would still delay it; nobody may push during close.
// open: -EINVAL without a bind address, for a multicast_interface with a unicast bind address, or
// for a traffic that is out of range. What is sent to a group leaves by the interface that has the
// bind address, where that is one. A group is joined again when its interface went away and
// returned.
// Returns 0, -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -ENOMEM, ...
int network_open_socket(struct network *network, const struct udp_config *config,
                        struct udp_socket **out);
void network_close_socket(struct network *network, struct udp_socket *socket);

// Runs fn(arg) on the network thread and waits for it. Thread: any but rt; legal on the network
// thread itself (runs at once).
void network_run(struct network *network, void (*fn)(void *arg), void *arg);
// Calls fn(arg) on the network thread about every 20 ms until removed: house-keeping of sessions.
// Thread: any but rt and not the network thread; remove waits for a running call.
int network_add_ticker(struct network *network, void (*fn)(void *arg), void *arg);
void network_remove_ticker(struct network *network, void (*fn)(void *arg), void *arg);

// For sockets that are opened from now on. Returns 0 or -EINVAL. Thread: any but rt.
int network_set_traffic(struct network *network, const struct udp_traffic *traffic);
struct udp_traffic network_get_traffic(const struct network *network);

// The address that the socket is bound to, with the real port. Thread: any.
struct net_address udp_socket_address(const struct udp_socket *socket);
struct udp_metrics udp_socket_metrics(const struct udp_socket *socket);

// Queues packet->data[0..size_bytes) for `to`; the packet is taken, also on failure. A socket has
// one sending thread. Nothing leaves before udp_socket_flush. Packets leave in the order of
// pushing: each at its send_time_ns (on a grid of a quarter millisecond), but no later than one
// behind it that has none, so that what is spread out never holds up what is new. Returns 0 or
// -ENOSPC. Thread: rt.
int udp_socket_push(struct udp_socket *socket, struct packet *packet, const struct net_address *to);
// Sends one datagram now, past what was pushed; the packet is taken, also on failure. Returns 0,
// -EAGAIN (the kernel is full), -ENOSPC (an impaired link is) or what the kernel refused with.
// Thread: the network thread.
int udp_socket_send_now(struct udp_socket *socket, struct packet *packet,
                        const struct net_address *to);
// Wakes the network thread if anything is queued. Thread: rt.
void udp_socket_flush(struct udp_socket *socket);

#endif
