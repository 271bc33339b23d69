// SPDX-License-Identifier: MPL-2.0
#include "p2p/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Messages that one socket may bring in before the others have their turn.
#define TURN_MESSAGES 64

struct socket_pump {
    uv_idle_t idle; // active while sockets are marked: the loop then does not sleep
    struct socket *marked;
};

struct socket {
    uv_poll_t poll;
    struct socket_pump *pump;
    void *zmq; // NULL = destroyed
    socket_message_fn on_message;
    socket_turn_fn on_turn;
    void *arg;
    bool is_marked;
    struct socket *next_marked;
};

static void mark(struct socket *socket)
{
    struct socket_pump *pump = socket->pump;
    if (socket->is_marked || socket->zmq == NULL)
        return;
    socket->is_marked = true;
    socket->next_marked = pump->marked;
    pump->marked = socket;
}

// Receives one message whole. Returns the number of parts, 0 when there is none.
static size_t receive(struct socket *socket, zmq_msg_t parts[SOCKET_MAX_PARTS])
{
    size_t count = 0;
    for (bool more = true; more;) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket->zmq, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&part);
            return count;
        }
        more = zmq_msg_more(&part);
        if (count < SOCKET_MAX_PARTS) {
            zmq_msg_init(&parts[count]);
            zmq_msg_move(&parts[count++], &part);
        } else {
            count = SOCKET_MAX_PARTS + 1;
        }
        zmq_msg_close(&part);
    }
    return count;
}

static bool has_event(struct socket *socket, int event)
{
    int events = 0;
    size_t size = sizeof(events);
    return socket->zmq != NULL && zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & event) != 0;
}

bool socket_is_writable(struct socket *socket)
{
    return has_event(socket, ZMQ_POLLOUT);
}

void socket_take_turn(struct socket *socket)
{
    zmq_msg_t parts[SOCKET_MAX_PARTS];
    int left = TURN_MESSAGES;
    while (has_event(socket, ZMQ_POLLIN) && left-- > 0) {
        size_t count = receive(socket, parts);
        if (count == 0)
            break;
        socket->on_message(parts, count, socket->arg);
        for (size_t i = 0; i < count && i < SOCKET_MAX_PARTS; i++)
            zmq_msg_close(&parts[i]);
    }
    if (socket->zmq != NULL && socket->on_turn != NULL)
        socket->on_turn(socket->arg);
    if (has_event(socket, ZMQ_POLLIN))
        mark(socket);
}

static void on_idle(uv_idle_t *idle)
{
    struct socket_pump *pump = idle->data;
    // What is marked from here on has its turn in the next round: timers and other descriptors of
    // the loop come in between. A socket that is destroyed meanwhile stays in memory until the loop
    // closes its handle, which is after this function.
    struct socket *round = pump->marked;
    pump->marked = NULL;
    while (round != NULL) {
        struct socket *socket = round;
        round = socket->next_marked;
        socket->is_marked = false;
        socket_take_turn(socket);
    }
    if (pump->marked == NULL)
        uv_idle_stop(idle);
}

static void schedule(struct socket *socket)
{
    mark(socket);
    if (socket->pump->marked != NULL)
        uv_idle_start(&socket->pump->idle, on_idle);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    // A broken descriptor shows as an error of the next ZeroMQ call; there is nothing to do here.
    schedule(poll->data);
}

static void on_idle_close(uv_handle_t *handle)
{
    free(handle->data);
}

int socket_pump_create(struct socket_pump **out, uv_loop_t *loop)
{
    struct socket_pump *pump = calloc(1, sizeof(*pump));
    if (pump == NULL)
        return -ENOMEM;
    int rc = uv_idle_init(loop, &pump->idle);
    if (rc != 0) {
        free(pump);
        return rc;
    }
    pump->idle.data = pump;
    *out = pump;
    return 0;
}

void socket_pump_destroy(struct socket_pump *pump)
{
    if (pump != NULL)
        uv_close((uv_handle_t *)&pump->idle, on_idle_close);
}

int socket_create(struct socket **out, struct socket_pump *pump, void *zmq,
                  socket_message_fn on_message, socket_turn_fn on_turn, void *arg)
{
    int fd = -1;
    size_t size = sizeof(fd);
    struct socket *socket = calloc(1, sizeof(*socket));
    int rc = socket == NULL ? -ENOMEM : 0;
    if (rc == 0 && zmq_getsockopt(zmq, ZMQ_FD, &fd, &size) != 0)
        rc = -zmq_errno();
    if (rc == 0)
        rc = uv_poll_init(pump->idle.loop, &socket->poll, fd);
    if (rc != 0) {
        free(socket);
        zmq_close(zmq);
        return rc;
    }
    socket->poll.data = socket;
    socket->pump = pump;
    socket->zmq = zmq;
    socket->on_message = on_message;
    socket->on_turn = on_turn;
    socket->arg = arg;
    uv_poll_start(&socket->poll, UV_READABLE, on_poll);
    schedule(socket);
    *out = socket;
    return 0;
}

static void on_poll_close(uv_handle_t *handle)
{
    free(handle->data);
}

void socket_destroy(struct socket *socket)
{
    if (socket == NULL)
        return;
    for (struct socket **at = &socket->pump->marked; *at != NULL; at = &(*at)->next_marked) {
        if (*at == socket) {
            *at = socket->next_marked;
            break;
        }
    }
    // The descriptor belongs to the ZeroMQ socket: libuv must let go of it first.
    uv_close((uv_handle_t *)&socket->poll, on_poll_close);
    zmq_close(socket->zmq);
    socket->zmq = NULL;
}

int socket_send(struct socket *socket, const void *data, size_t size_bytes, bool more)
{
    int rc = zmq_send(socket->zmq, data, size_bytes, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
    int code = rc < 0 ? -zmq_errno() : 0;
    schedule(socket);
    return code;
}

int socket_get_url(struct socket *socket, char *url, size_t size)
{
    return zmq_getsockopt(socket->zmq, ZMQ_LAST_ENDPOINT, url, &size) == 0 ? 0 : -zmq_errno();
}
