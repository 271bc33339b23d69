// SPDX-License-Identifier: MPL-2.0
//
// The writer walks a list that never changes while it is published. Whoever changes the slots
// publishes another one and then waits, if a write is going on, until that write is over: so the
// writer never waits, and what it may still see is never freed.

#include "stream/sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/address.h"
#include "stream/packet_size.h"
#include "stream/send_reporter.h"

#define INTERFACE_COUNT 3
// More than a second of default packets with their repair.
#define SEND_RING_SIZE 512
// How long whoever unlinks sleeps before it looks again whether a write is over.
#define WRITER_POLL_NS 100000

struct interface {
    bool is_configured, is_connected;
    struct udp_config config;
    struct net_address to;
};

struct slot {
    struct slot *next;
    unsigned long long number;
    struct interface interfaces[INTERFACE_COUNT];
    struct udp_config socket_config; // what the socket was opened with
    struct udp_socket *socket;
    struct send_session *session; // there when the slot is complete
    struct sender *sender;
    // There when the slot is complete and has a control interface; the network thread's.
    struct send_reporter *reporter;
    bool has_ticker;
};

struct slot_list {
    size_t count, capacity;
    struct slot *slots[];
};

struct sender {
    struct sender_config config;
    pthread_mutex_t mutex; // guards everything but the two atomics
    struct slot *slots;
    struct ldpc_cache *ldpc_cache; // NULL without LDPC
    // The list that is not published, kept so that unlinking needs no memory. It has always room
    // for at least one slot less than the published one.
    struct slot_list *spare;

    _Atomic(struct slot_list *) published;
    atomic_uint write_count; // odd while a write is going on
};

// Slots

static struct slot **find(struct sender *sender, unsigned long long number)
{
    struct slot **place = &sender->slots;
    while (*place != NULL && (*place)->number != number)
        place = &(*place)->next;
    return place;
}

static struct slot *find_or_add(struct sender *sender, unsigned long long number)
{
    struct slot **place = find(sender, number);
    if (*place == NULL) {
        *place = calloc(1, sizeof(**place));
        if (*place != NULL)
            **place = (struct slot){.number = number, .sender = sender};
    }
    return *place;
}

// Reports; all but start and stop run on the network thread.

static void send_report(const uint8_t *data, size_t size_bytes, const struct net_address *to,
                        void *arg)
{
    struct slot *slot = arg;
    struct packet *packet = rtcp_datagram_pack(slot->sender->config.session.pool, data, size_bytes);
    if (packet != NULL)
        (void)udp_socket_send_now(slot->socket, packet, to);
}

static void receive_reports(struct packet **packets, size_t count, void *arg)
{
    const struct slot *slot = arg;
    for (size_t i = 0; i < count; i++) {
        const struct rtcp_now now = rtcp_now_get();
        const struct rtcp_datagram datagram = rtcp_datagram_of(packets[i], now);
        if (slot->reporter != NULL)
            send_reporter_push(slot->reporter, &datagram, now.monotonic_ns);
        packet_unref(packets[i]);
    }
}

static void tick_reports(void *arg)
{
    const struct slot *slot = arg;
    send_reporter_tick(slot->reporter, rtcp_now_get());
}

// Hands a reporter to the network thread, or takes it back.
struct reporter_call {
    struct slot *slot;
    struct send_reporter *reporter;
};

static void set_reporter(void *arg)
{
    const struct reporter_call *call = arg;
    call->slot->reporter = call->reporter;
}

static void assign_reporter(struct slot *slot, struct send_reporter *reporter)
{
    struct reporter_call call = {.slot = slot, .reporter = reporter};
    network_run(slot->sender->config.network, set_reporter, &call);
}

static int start_reports(struct slot *slot)
{
    struct sender *sender = slot->sender;
    const struct send_reporter_config config = {
        .session = slot->session,
        .rate_hz = sender->config.session.encoding.rate_hz,
        .to = slot->interfaces[STREAM_CONTROL].to,
        .output = send_report,
        .output_arg = slot,
    };
    struct send_reporter *reporter = NULL;
    int error = send_reporter_create(&reporter, &config);
    if (error != 0)
        return error;
    assign_reporter(slot, reporter);
    error = network_add_ticker(sender->config.network, tick_reports, slot);
    slot->has_ticker = error == 0;
    if (error != 0) {
        assign_reporter(slot, NULL);
        send_reporter_destroy(reporter);
    }
    return error;
}

// Needs: nobody writes any more. The goodbye takes its place behind the last packets.
static void stop_reports(struct slot *slot)
{
    struct send_reporter *reporter = slot->reporter;
    uint8_t data[RTCP_MAX_REPORT_SIZE];
    if (!slot->has_ticker)
        return;
    network_remove_ticker(slot->sender->config.network, tick_reports, slot);
    assign_reporter(slot, NULL);
    const size_t size_bytes = send_reporter_write_bye(reporter, data, rtcp_now_get());
    struct packet *packet =
        size_bytes > 0 ? rtcp_datagram_pack(slot->sender->config.session.pool, data, size_bytes)
                       : NULL;
    if (packet != NULL)
        (void)udp_socket_push(slot->socket, packet, &slot->interfaces[STREAM_CONTROL].to);
    send_reporter_destroy(reporter);
}

static void slot_destroy(struct sender *sender, struct slot *slot)
{
    stop_reports(slot);
    if (slot->socket != NULL)
        network_close_socket(sender->config.network, slot->socket);
    send_session_destroy(slot->session);
    free(slot);
}

static bool is_interface(enum stream_interface iface)
{
    return iface == STREAM_SOURCE || iface == STREAM_REPAIR || iface == STREAM_CONTROL;
}

// Publishing

static void wait_for_writer(struct sender *sender)
{
    const struct timespec pause = {.tv_nsec = WRITER_POLL_NS};
    // Sequentially consistent, as are the writer's entry and its load of the list: either this sees
    // the writer inside, or the writer sees the new list.
    const unsigned seen = atomic_load(&sender->write_count);
    while (seen % 2 == 1 && atomic_load(&sender->write_count) == seen)
        nanosleep(&pause, NULL);
}

static int reserve_spare(struct sender *sender, size_t capacity)
{
    if (sender->spare != NULL && sender->spare->capacity >= capacity)
        return 0;
    struct slot_list *grown = realloc(sender->spare, sizeof(*grown) + capacity * sizeof(void *));
    if (grown == NULL)
        return -ENOMEM;
    grown->capacity = capacity;
    sender->spare = grown;
    return 0;
}

static size_t count_complete(const struct sender *sender)
{
    size_t count = 0;
    for (const struct slot *slot = sender->slots; slot != NULL; slot = slot->next)
        count += slot->session != NULL;
    return count;
}

// Shows the writer the slots that are complete now. Needs room for them in the spare list.
static void publish(struct sender *sender)
{
    struct slot_list *list = sender->spare;
    list->count = 0;
    for (struct slot *slot = sender->slots; slot != NULL; slot = slot->next) {
        if (slot->session != NULL)
            list->slots[list->count++] = slot;
    }
    sender->spare = atomic_exchange(&sender->published, list);
    wait_for_writer(sender);
}

// Life

int sender_create(struct sender **out, const struct sender_config *config)
{
    if (config == NULL || config->network == NULL || config->session.pool == NULL)
        return -EINVAL;
    struct sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return -ENOMEM;
    sender->config = *config;
    pthread_mutex_init(&sender->mutex, NULL);
    struct slot_list *empty = calloc(1, sizeof(*empty));
    atomic_init(&sender->published, empty);
    if (empty == NULL)
        goto fail;
    if (config->session.fec == FEC_LDPC && ldpc_cache_create(&sender->ldpc_cache) != 0)
        goto fail;
    *out = sender;
    return 0;

fail:
    sender_destroy(sender);
    return -ENOMEM;
}

void sender_destroy(struct sender *sender)
{
    if (sender == NULL)
        return;
    while (sender->slots != NULL) {
        struct slot *slot = sender->slots;
        sender->slots = slot->next;
        slot_destroy(sender, slot);
    }
    free(atomic_load(&sender->published));
    free(sender->spare);
    ldpc_cache_destroy(sender->ldpc_cache);
    pthread_mutex_destroy(&sender->mutex);
    free(sender);
}

int sender_configure(struct sender *sender, unsigned long long slot, enum stream_interface iface,
                     const struct udp_config *config)
{
    if (config == NULL || !is_interface(iface))
        return -EINVAL;
    int error = 0;
    pthread_mutex_lock(&sender->mutex);
    struct slot *found = find_or_add(sender, slot);
    if (found == NULL) {
        error = -ENOMEM;
    } else if (found->interfaces[iface].is_connected) {
        error = -EBUSY;
    } else {
        found->interfaces[iface].config = *config;
        found->interfaces[iface].is_configured = true;
    }
    pthread_mutex_unlock(&sender->mutex);
    return error;
}

// Connecting

static bool is_same_local_side(const struct udp_config *a, const struct udp_config *b)
{
    return net_address_is_equal(&a->bind, &b->bind) &&
           net_address_is_equal(&a->multicast_interface, &b->multicast_interface) &&
           a->traffic.dscp == b->traffic.dscp &&
           a->traffic.multicast_hops == b->traffic.multicast_hops &&
           a->reuse_address == b->reuse_address;
}

// The interface's own wish, or that of another interface of the slot, or none.
static struct udp_config choose_config(const struct slot *slot, enum stream_interface iface)
{
    struct udp_config config = {0};
    if (slot->interfaces[iface].is_configured)
        return slot->interfaces[iface].config;
    for (size_t i = 0; i < INTERFACE_COUNT; i++) {
        if (slot->interfaces[i].is_configured)
            return slot->interfaces[i].config;
    }
    return config;
}

static int open_socket(struct sender *sender, struct slot *slot, enum stream_interface iface,
                       const struct net_address *to)
{
    slot->socket_config = choose_config(slot, iface);
    struct udp_config config = slot->socket_config;
    config.receive = receive_reports;
    config.receive_arg = slot;
    if (config.bind.sa.sa_family == AF_UNSPEC) {
        const char *any = to->sa.sa_family == AF_INET6 ? "::" : "0.0.0.0";
        const int error = net_address_parse(&config.bind, any, net_address_get_port(&config.bind));
        if (error != 0)
            return error;
    }
    if (config.bind.sa.sa_family != to->sa.sa_family)
        return -EINVAL;
    if (config.send_ring_size == 0)
        config.send_ring_size = SEND_RING_SIZE;
    return network_open_socket(sender->config.network, &config, &slot->socket);
}

static int share_socket(const struct slot *slot, enum stream_interface iface,
                        const struct net_address *to)
{
    const struct interface *interface = &slot->interfaces[iface];
    const struct net_address bound = udp_socket_address(slot->socket);
    if (bound.sa.sa_family != to->sa.sa_family)
        return -EINVAL;
    if (interface->is_configured && !is_same_local_side(&interface->config, &slot->socket_config))
        return -EINVAL;
    return 0;
}

// Runs inside sender_write.
static void push_packet(struct packet *packet, void *arg)
{
    struct slot *slot = arg;
    const enum stream_interface iface = packet->is_repair ? STREAM_REPAIR : STREAM_SOURCE;
    // A full ring is counted by the socket; the packet is gone either way.
    (void)udp_socket_push(slot->socket, packet, &slot->interfaces[iface].to);
}

static bool is_complete_with(const struct sender *sender, const struct slot *slot,
                             enum stream_interface iface)
{
    const bool has_source = iface == STREAM_SOURCE || slot->interfaces[STREAM_SOURCE].is_connected;
    const bool has_repair = iface == STREAM_REPAIR || slot->interfaces[STREAM_REPAIR].is_connected;
    return has_source && (has_repair || sender->config.session.fec == FEC_NONE);
}

static int start_session(struct sender *sender, struct slot *slot)
{
    int error = reserve_spare(sender, count_complete(sender) + 1);
    if (error != 0)
        return error;
    struct send_session_config config = sender->config.session;
    if (config.max_packet_size == 0)
        config.max_packet_size = slot->interfaces[STREAM_SOURCE].to.sa.sa_family == AF_INET6
                                     ? PACKET_SIZE_IPV6
                                     : PACKET_SIZE_IPV4;
    config.ldpc_cache = sender->ldpc_cache;
    config.output = push_packet;
    config.output_arg = slot;
    error = send_session_create(&slot->session, &config);
    if (error != 0)
        return error;
    publish(sender);
    return 0;
}

static int connect_interface(struct sender *sender, struct slot *slot, enum stream_interface iface,
                             const struct net_address *to)
{
    struct interface *interface = &slot->interfaces[iface];
    if (interface->is_connected)
        return -EBUSY;
    int error =
        slot->socket == NULL ? open_socket(sender, slot, iface, to) : share_socket(slot, iface, to);
    if (error != 0)
        return error;
    // Before the writer can see the slot. No session reads it until the slot is complete, and a
    // control interface's never.
    interface->to = *to;
    if (slot->session == NULL && is_complete_with(sender, slot, iface))
        error = start_session(sender, slot);
    const bool has_control =
        iface == STREAM_CONTROL || slot->interfaces[STREAM_CONTROL].is_connected;
    if (error == 0 && slot->session != NULL && slot->reporter == NULL && has_control)
        error = start_reports(slot);
    if (error == 0)
        interface->is_connected = true;
    return error;
}

int sender_connect(struct sender *sender, unsigned long long slot, enum stream_interface iface,
                   const struct net_address *to)
{
    if (to == NULL || !is_interface(iface) || net_address_size(to) == 0)
        return -EINVAL;
    if (iface == STREAM_REPAIR && sender->config.session.fec == FEC_NONE)
        return -EINVAL;
    pthread_mutex_lock(&sender->mutex);
    struct slot *found = find_or_add(sender, slot);
    const int error = found != NULL ? connect_interface(sender, found, iface, to) : -ENOMEM;
    pthread_mutex_unlock(&sender->mutex);
    return error;
}

int sender_unlink(struct sender *sender, unsigned long long slot)
{
    pthread_mutex_lock(&sender->mutex);
    struct slot **place = find(sender, slot);
    struct slot *found = *place;
    if (found != NULL) {
        *place = found->next;
        if (found->session != NULL)
            publish(sender);
        slot_destroy(sender, found);
    }
    pthread_mutex_unlock(&sender->mutex);
    return found != NULL ? 0 : -ENOENT;
}

// Writing

void sender_write(struct sender *sender, const float *samples, size_t frames)
{
    sender_write_captured(sender, samples, frames, clock_realtime_ns());
}

// The list stays as it is until leave.
static const struct slot_list *enter(struct sender *sender)
{
    atomic_fetch_add(&sender->write_count, 1);
    return atomic_load(&sender->published);
}

static void leave(struct sender *sender)
{
    atomic_fetch_add_explicit(&sender->write_count, 1, memory_order_release);
}

void sender_begin(struct sender *sender, size_t frames)
{
    const struct slot_list *list = enter(sender);
    const int64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < list->count; i++)
        send_session_pace(list->slots[i]->session, now_ns, frames);
    leave(sender);
}

void sender_append(struct sender *sender, const float *samples, size_t frames,
                   int64_t capture_time_ns)
{
    const struct slot_list *list = enter(sender);
    for (size_t i = 0; i < list->count; i++) {
        send_session_mark(list->slots[i]->session, capture_time_ns);
        send_session_write(list->slots[i]->session, samples, frames);
        udp_socket_flush(list->slots[i]->socket);
    }
    leave(sender);
}

void sender_write_captured(struct sender *sender, const float *samples, size_t frames,
                           int64_t capture_time_ns)
{
    sender_begin(sender, frames);
    sender_append(sender, samples, frames, capture_time_ns);
}

// Numbers

struct measure_call {
    const struct slot *slot;
    struct sender_metrics *metrics;
};

static void measure_connections(void *arg)
{
    struct measure_call *call = arg;
    call->metrics->connection_count = send_reporter_query(
        call->slot->reporter, call->metrics->connections, SEND_REPORTER_MAX_CONNECTIONS);
}

static struct sender_metrics measure(const struct slot *slot)
{
    struct sender_metrics metrics = {.is_complete = slot->session != NULL};
    struct measure_call call = {.slot = slot, .metrics = &metrics};
    if (slot->reporter != NULL)
        network_run(slot->sender->config.network, measure_connections, &call);
    if (slot->session != NULL)
        metrics.session = send_session_metrics(slot->session);
    if (slot->socket != NULL)
        metrics.udp = udp_socket_metrics(slot->socket);
    return metrics;
}

int sender_query(struct sender *sender, unsigned long long slot, struct sender_metrics *metrics)
{
    pthread_mutex_lock(&sender->mutex);
    const struct slot *found = *find(sender, slot);
    if (found != NULL)
        *metrics = measure(found);
    pthread_mutex_unlock(&sender->mutex);
    return found != NULL ? 0 : -ENOENT;
}

static void add(struct sender_metrics *total, const struct sender_metrics *metrics)
{
    total->session.source_packets += metrics->session.source_packets;
    total->session.repair_packets += metrics->session.repair_packets;
    total->session.payload_bytes += metrics->session.payload_bytes;
    total->session.dropped_packets += metrics->session.dropped_packets;
    total->udp.packets_received += metrics->udp.packets_received;
    total->udp.bytes_received += metrics->udp.bytes_received;
    total->udp.packets_sent += metrics->udp.packets_sent;
    total->udp.bytes_sent += metrics->udp.bytes_sent;
    total->udp.packets_dropped += metrics->udp.packets_dropped;
    total->is_complete |= metrics->is_complete;
    for (size_t i = 0; i < metrics->connection_count; i++) {
        if (total->connection_count < SEND_REPORTER_MAX_CONNECTIONS)
            total->connections[total->connection_count++] = metrics->connections[i];
    }
}

struct sender_metrics sender_total(struct sender *sender)
{
    struct sender_metrics total = {0};
    pthread_mutex_lock(&sender->mutex);
    for (const struct slot *slot = sender->slots; slot != NULL; slot = slot->next) {
        const struct sender_metrics metrics = measure(slot);
        add(&total, &metrics);
    }
    pthread_mutex_unlock(&sender->mutex);
    return total;
}
