// SPDX-License-Identifier: MPL-2.0
//
// The network thread's side of a UDP socket (its users' side is in network.h).
//
// Thread: create and destroy any but rt; all else the network thread.

#ifndef ROC_NET_UDP_SOCKET_H
#define ROC_NET_UDP_SOCKET_H

#include "net/impairment.h"
#include "net/network.h"
#include "net/receive_batch.h"
#include "net/wake.h"

// wake is borrowed. impairment NULL: a perfect link. Returns 0 or what the kernel refused with.
int udp_socket_create(struct udp_socket **out, const struct udp_config *config, struct wake *wake,
                      const struct impairment_config *impairment);
// Drops what was not sent.
void udp_socket_destroy(struct udp_socket *socket);

// Joins the group again where it lost its interface. To be called every second or so.
void udp_socket_refresh(struct udp_socket *socket);

int udp_socket_fd(const struct udp_socket *socket);
// Hands what waits to the receive callback.
void udp_socket_receive(struct udp_socket *socket, struct receive_batch *batch);
// Reads and counts an error that an earlier datagram caused.
void udp_socket_clear_error(struct udp_socket *socket);

// Sends what was flushed and is due. The kernel may be full: then is_blocked until
// udp_socket_unblock, which epoll's EPOLLOUT should cause.
void udp_socket_send(struct udp_socket *socket);
bool udp_socket_is_blocked(const struct udp_socket *socket);
void udp_socket_unblock(struct udp_socket *socket);
// There is something that udp_socket_send could send now.
bool udp_socket_is_sendable(const struct udp_socket *socket);
// When the next datagram is due that has to wait for its send time or on the impaired link
// (CLOCK_MONOTONIC); INT64_MAX: none.
int64_t udp_socket_next_send_ns(const struct udp_socket *socket);
// From now on everything that was pushed counts as flushed and leaves without delay.
// Needs: nobody pushes any more.
void udp_socket_hurry(struct udp_socket *socket);
// Nothing is left to send.
bool udp_socket_is_drained(const struct udp_socket *socket);

#endif
