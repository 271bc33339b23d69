// SPDX-License-Identifier: MPL-2.0
//
// A ZeroMQ socket on a libuv loop. ZMQ_FD is edge-triggered: an event may have come in during any
// call on the socket, and then the descriptor stays silent. So whoever used a socket marks it, and
// marked sockets are looked at before the loop sleeps. One socket gets a bounded turn, so that a
// flood on one delays nobody else. Thread: loop.

#ifndef ROCD_P2P_SOCKET_H
#define ROCD_P2P_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>
#include <zmq.h>

struct socket_pump; // the marked sockets of one loop
struct socket;

#define SOCKET_MAX_PARTS 8

// The parts stay with the caller. More parts than SOCKET_MAX_PARTS are thrown away; count then is
// one more than there are. The socket may be destroyed inside.
typedef void (*socket_message_fn)(zmq_msg_t *parts, size_t count, void *arg);
// After every look at the socket; tells e.g. that a connection may be there now.
typedef void (*socket_turn_fn)(void *arg);

int socket_pump_create(struct socket_pump **out, uv_loop_t *loop);
// All its sockets must be gone. The handle closes in the loop's next turn.
void socket_pump_destroy(struct socket_pump *pump);

// zmq is taken, also on failure. on_turn may be NULL. Returns 0 or a negative errno.
int socket_create(struct socket **out, struct socket_pump *pump, void *zmq,
                  socket_message_fn on_message, socket_turn_fn on_turn, void *arg);
// Closes the ZeroMQ socket at once; the handle in the loop's next turn.
void socket_destroy(struct socket *socket);

// Brings in what is there now, instead of when the loop comes to it.
void socket_take_turn(struct socket *socket);

// Never blocks. Sends one part, or several with `more` on all but the last. Returns 0 or a negative
// errno: -EAGAIN (queue full, or nobody connected), -EHOSTUNREACH (route is gone).
int socket_send(struct socket *socket, const void *data, size_t size_bytes, bool more);
// Whether somebody is connected and there is room to send.
bool socket_is_writable(struct socket *socket);

// "tcp://127.0.0.1:4041" of the last bind. Returns 0 or a negative errno.
int socket_get_url(struct socket *socket, char *url, size_t size);

#endif
