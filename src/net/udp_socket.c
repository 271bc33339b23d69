// SPDX-License-Identifier: MPL-2.0

#include "net/udp_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ring.h"
#include "net/address.h"
#include "net/group.h"
#include "net/udp_open.h"

#define DEFAULT_RING_SIZE 1024
#define SEND_BATCH        64
// Moments at which packets with a send time leave. The thread serves many sockets at each, and
// wakes no more often than this however many there are.
#define PACING_GRID_NS 250000
// Full receive batches in a row before other sockets have their turn.
#define RECEIVE_TURNS 4
// System calls in a row before other sockets have theirs.
#define SEND_TURNS 4

struct send_item {
    struct packet *packet;
    struct net_address to;
};

struct counters {
    _Atomic uint64_t packets_received, bytes_received, packets_sent, bytes_sent, packets_dropped;
};

struct udp_socket {
    // What the network thread looks at in every round, of every socket: together, for the cache.
    struct impairment *impairment;
    uint64_t popped; // with the head
    size_t pending_count;
    // Packets ever pushed, as of the last flush: what the network thread may send.
    _Atomic uint64_t flushed;
    // Of these, up to the last one without a send time: they need not wait for theirs.
    _Atomic uint64_t urgent;
    bool has_head;
    bool is_hurried;
    bool is_blocked;

    int fd;
    struct net_address bound;
    struct wake *wake;
    udp_receive_fn receive;
    void *receive_arg;
    struct counters counters;
    struct ring *ring;

    struct {
        uint64_t pushed;
        uint64_t urgent;
    } rt;

    // The network thread's.
    struct group *group;                          // NULL without one
    struct send_item head;                        // out of the ring, may have to wait for its time
    struct impaired_datagram pending[SEND_BATCH]; // out of the ring, not yet in the kernel
};

static void count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

int udp_socket_create(struct udp_socket **out, const struct udp_config *config, struct wake *wake,
                      const struct impairment_config *impairment)
{
    struct udp_socket *socket = calloc(1, sizeof(*socket));
    if (socket == NULL)
        return -ENOMEM;
    socket->fd = -1;
    socket->wake = wake;
    socket->receive = config->receive;
    socket->receive_arg = config->receive_arg;
    int error =
        ring_create(&socket->ring, sizeof(struct send_item),
                    config->send_ring_size != 0 ? config->send_ring_size : DEFAULT_RING_SIZE);
    if (error == 0 && impairment != NULL)
        error = impairment_create(&socket->impairment, impairment, 0);
    if (error == 0)
        error = udp_open(&socket->fd, &socket->bound, config);
    if (error == 0)
        error = group_create(&socket->group, socket->fd, config);
    if (error != 0)
        goto fail;
    *out = socket;
    return 0;

fail:
    udp_socket_destroy(socket);
    return error;
}

void udp_socket_destroy(struct udp_socket *socket)
{
    if (socket == NULL)
        return;
    struct send_item item;
    while (socket->ring != NULL && ring_pop(socket->ring, &item, 1) == 1)
        packet_unref(item.packet);
    if (socket->has_head)
        packet_unref(socket->head.packet);
    for (size_t i = 0; i < socket->pending_count; i++)
        packet_unref(socket->pending[i].packet);
    group_destroy(socket->group);
    impairment_destroy(socket->impairment);
    ring_destroy(socket->ring);
    if (socket->fd >= 0)
        close(socket->fd);
    free(socket);
}

void udp_socket_refresh(struct udp_socket *socket)
{
    group_refresh(socket->group);
}

int udp_socket_fd(const struct udp_socket *socket)
{
    return socket->fd;
}

struct net_address udp_socket_address(const struct udp_socket *socket)
{
    return socket->bound;
}

struct udp_metrics udp_socket_metrics(const struct udp_socket *socket)
{
    const struct counters *counters = &socket->counters;
    return (struct udp_metrics){
        .packets_received = atomic_load_explicit(&counters->packets_received, memory_order_relaxed),
        .bytes_received = atomic_load_explicit(&counters->bytes_received, memory_order_relaxed),
        .packets_sent = atomic_load_explicit(&counters->packets_sent, memory_order_relaxed),
        .bytes_sent = atomic_load_explicit(&counters->bytes_sent, memory_order_relaxed),
        .packets_dropped = atomic_load_explicit(&counters->packets_dropped, memory_order_relaxed),
    };
}

// Receiving

static void deliver(struct udp_socket *socket, struct received *received)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < received->count; i++)
        bytes += received->packets[i]->size_bytes;
    count(&socket->counters.packets_received, received->count);
    count(&socket->counters.bytes_received, bytes);
    count(&socket->counters.packets_dropped, received->dropped);
    if (received->count == 0)
        return;
    if (socket->receive != NULL) {
        socket->receive(received->packets, received->count, socket->receive_arg);
        return;
    }
    for (size_t i = 0; i < received->count; i++)
        packet_unref(received->packets[i]);
}

void udp_socket_receive(struct udp_socket *socket, struct receive_batch *batch)
{
    struct received received;
    for (int turn = 0; turn < RECEIVE_TURNS; turn++) {
        const int error = receive_batch_read(batch, socket->fd, &received);
        if (error != 0 && error != -EAGAIN && error != -EINTR)
            count(&socket->counters.packets_dropped, 1);
        if (error != 0)
            return;
        deliver(socket, &received);
        if (!received.is_full)
            return;
    }
}

void udp_socket_clear_error(struct udp_socket *socket)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0)
        count(&socket->counters.packets_dropped, 1);
}

// Sending: the user's thread

int udp_socket_push(struct udp_socket *socket, struct packet *packet, const struct net_address *to)
{
    const struct send_item item = {.packet = packet, .to = *to};
    // Read before the packet is given away.
    const bool is_urgent = packet->send_time_ns == 0;
    if (ring_push(socket->ring, &item, 1) == 0) {
        count(&socket->counters.packets_dropped, 1);
        packet_unref(packet);
        return -ENOSPC;
    }
    socket->rt.pushed++;
    if (is_urgent)
        socket->rt.urgent = socket->rt.pushed;
    return 0;
}

void udp_socket_flush(struct udp_socket *socket)
{
    if (atomic_load_explicit(&socket->flushed, memory_order_relaxed) == socket->rt.pushed)
        return;
    atomic_store_explicit(&socket->urgent, socket->rt.urgent, memory_order_relaxed);
    atomic_store_explicit(&socket->flushed, socket->rt.pushed, memory_order_release);
    wake_signal(socket->wake);
}

// Sending: the network thread

static uint64_t flushed_count(const struct udp_socket *socket)
{
    return atomic_load_explicit(&socket->flushed, memory_order_acquire) - socket->popped;
}

static int64_t round_up(int64_t time_ns)
{
    return (time_ns + PACING_GRID_NS - 1) / PACING_GRID_NS * PACING_GRID_NS;
}

// Needs a head.
static bool is_head_urgent(const struct udp_socket *socket)
{
    return socket->head.packet->send_time_ns == 0 || socket->is_hurried ||
           socket->popped <= atomic_load_explicit(&socket->urgent, memory_order_relaxed);
}

static bool pop_due(struct udp_socket *socket, struct impaired_datagram *datagram)
{
    if (!socket->has_head) {
        if (flushed_count(socket) == 0 || ring_pop(socket->ring, &socket->head, 1) == 0)
            return false;
        socket->has_head = true;
        socket->popped++;
    }
    if (!is_head_urgent(socket) &&
        round_up(socket->head.packet->send_time_ns) > clock_monotonic_ns())
        return false;
    socket->has_head = false;
    *datagram = (struct impaired_datagram){.packet = socket->head.packet, .to = socket->head.to};
    return true;
}

// A datagram that the impaired link loses was sent, as far as its sender can tell.
static void count_as_sent(struct udp_socket *socket, const struct impaired_datagram *datagram)
{
    if (datagram->is_copy)
        return;
    count(&socket->counters.packets_sent, 1);
    count(&socket->counters.bytes_sent, datagram->packet->size_bytes);
}

static int push_link(struct udp_socket *socket, const struct impaired_datagram *datagram,
                     int64_t now_ns)
{
    struct packet *packet = packet_ref(datagram->packet);
    const int copies = impairment_push(socket->impairment, datagram, now_ns);
    if (copies == 0)
        count_as_sent(socket, datagram);
    else if (copies < 0)
        count(&socket->counters.packets_dropped, 1);
    packet_unref(packet);
    return copies < 0 ? copies : 0;
}

static void fill_link(struct udp_socket *socket, int64_t now_ns)
{
    struct impaired_datagram datagram;
    while (pop_due(socket, &datagram))
        (void)push_link(socket, &datagram, now_ns);
}

static void fill_pending(struct udp_socket *socket)
{
    int64_t due_ns = 0;
    if (socket->impairment != NULL) {
        const int64_t now_ns = clock_monotonic_ns();
        fill_link(socket, now_ns);
        due_ns = socket->is_hurried ? INT64_MAX : now_ns;
    }
    while (socket->pending_count < SEND_BATCH) {
        struct impaired_datagram *next = &socket->pending[socket->pending_count];
        const bool is_there = socket->impairment != NULL
                                  ? impairment_pop(socket->impairment, next, due_ns) == 0
                                  : pop_due(socket, next);
        if (!is_there)
            return;
        socket->pending_count++;
    }
}

// Removes the first n of the pending datagrams.
static void drop_pending(struct udp_socket *socket, size_t n)
{
    for (size_t i = 0; i < n; i++)
        packet_unref(socket->pending[i].packet);
    socket->pending_count -= n;
    for (size_t i = 0; i < socket->pending_count; i++)
        socket->pending[i] = socket->pending[i + n];
}

static int send_batch(struct udp_socket *socket)
{
    struct mmsghdr messages[SEND_BATCH];
    struct iovec vectors[SEND_BATCH];
    for (size_t i = 0; i < socket->pending_count; i++) {
        struct impaired_datagram *datagram = &socket->pending[i];
        vectors[i] = (struct iovec){
            .iov_base = datagram->packet->data,
            .iov_len = datagram->packet->size_bytes,
        };
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &datagram->to,
            .msg_namelen = net_address_size(&datagram->to),
            .msg_iov = &vectors[i],
            .msg_iovlen = 1,
        };
    }
    const int n = sendmmsg(socket->fd, messages, (unsigned)socket->pending_count,
                           MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

void udp_socket_send(struct udp_socket *socket)
{
    if (socket->is_blocked)
        return;
    for (int turn = 0; turn < SEND_TURNS; turn++) {
        fill_pending(socket);
        if (socket->pending_count == 0)
            return;
        const int n = send_batch(socket);
        if (n == -EAGAIN) {
            socket->is_blocked = true;
            return;
        }
        if (n == -EINTR)
            continue;
        if (n > 0) {
            for (int i = 0; i < n; i++)
                count_as_sent(socket, &socket->pending[i]);
            drop_pending(socket, (size_t)n);
            continue;
        }
        // No route, no such family, refused by a filter, an ICMP error of an earlier datagram: this
        // one is lost, the socket lives.
        count(&socket->counters.packets_dropped, 1);
        drop_pending(socket, 1);
    }
}

int udp_socket_send_now(struct udp_socket *socket, struct packet *packet,
                        const struct net_address *to)
{
    const struct impaired_datagram datagram = {.packet = packet, .to = *to};
    if (socket->impairment != NULL)
        return push_link(socket, &datagram, clock_monotonic_ns());
    const ssize_t sent = sendto(socket->fd, packet->data, packet->size_bytes,
                                MSG_DONTWAIT | MSG_NOSIGNAL, &to->sa, net_address_size(to));
    const int error = sent < 0 ? -errno : 0;
    if (error == 0)
        count_as_sent(socket, &datagram);
    else
        count(&socket->counters.packets_dropped, 1);
    packet_unref(packet);
    return error;
}

bool udp_socket_is_blocked(const struct udp_socket *socket)
{
    return socket->is_blocked;
}

void udp_socket_unblock(struct udp_socket *socket)
{
    socket->is_blocked = false;
}

bool udp_socket_is_sendable(const struct udp_socket *socket)
{
    if (socket->is_blocked)
        return false;
    // Behind a head that waits, all wait.
    const bool has_due = socket->has_head ? is_head_urgent(socket) : flushed_count(socket) > 0;
    return has_due || socket->pending_count > 0;
}

int64_t udp_socket_next_send_ns(const struct udp_socket *socket)
{
    if (socket->is_blocked)
        return INT64_MAX;
    const int64_t link_ns =
        socket->impairment != NULL ? impairment_next_ns(socket->impairment) : INT64_MAX;
    const int64_t head_ns =
        socket->has_head ? round_up(socket->head.packet->send_time_ns) : INT64_MAX;
    return head_ns < link_ns ? head_ns : link_ns;
}

void udp_socket_hurry(struct udp_socket *socket)
{
    socket->is_hurried = true;
    atomic_store_explicit(&socket->flushed, socket->popped + ring_readable(socket->ring),
                          memory_order_relaxed);
}

bool udp_socket_is_drained(const struct udp_socket *socket)
{
    return socket->pending_count == 0 && !socket->has_head && ring_readable(socket->ring) == 0 &&
           (socket->impairment == NULL || impairment_next_ns(socket->impairment) == INT64_MAX);
}
