// SPDX-License-Identifier: MPL-2.0

#include "stream/receiver.h"

#include "net/address.h"
#include "stream/receive_reporter.h"
#include "stream/session_mixer.h"
#include "stream/session_router.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define INTERFACE_COUNT 3
// Nothing but reports is sent, and these go past the ring.
#define SEND_RING_SIZE 1

struct interface {
    struct receiver *receiver;
    unsigned long long slot;
    enum stream_interface kind;
    enum fec_scheme scheme;
    bool is_active;
    struct udp_socket *socket; // NULL without one
    // Of a control interface; the network thread's.
    struct receive_reporter *reporter;
    bool has_ticker;
};

struct slot {
    struct slot *next;
    unsigned long long number;
    struct interface interfaces[INTERFACE_COUNT];
};

struct receiver {
    struct receiver_config config;
    unsigned output_channels;
    struct session_router *router; // the network thread's
    struct session_mixer *mixer;   // the reader's
    bool has_ticker;
    // Serializes the callers of everything but read and ready; neither they nor the network thread
    // ever take it, so it may be held while waiting for the network thread.
    pthread_mutex_t lock;
    struct slot *slots;
    // How destroy waits for a read that is running.
    atomic_bool is_closing;
    atomic_bool is_reading;
};

static unsigned most_channels(const struct receiver_config *config)
{
    unsigned most = 0;
    size_t i;

    for (i = 0; i < config->encoding_count; i++) {
        if (config->encodings[i].channels > most) {
            most = config->encodings[i].channels;
        }
    }
    return most;
}

static int check_config(const struct receiver_config *config)
{
    size_t i;

    if (!config->pool || config->encoding_count == 0 ||
        config->encoding_count > RECEIVER_MAX_ENCODINGS) {
        return -EINVAL;
    }
    for (i = 0; i < config->encoding_count; i++) {
        if (audio_encoding_frame_size(&config->encodings[i]) == 0 ||
            config->encodings[i].rate_hz == 0) {
            return -EINVAL;
        }
    }
    return 0;
}

// A session with this configuration can be made at all: better said now than with the first packet.
static int try_session(const struct receiver_config *config)
{
    struct receive_session_config session_config = config->session;
    struct receive_session *session;
    int err;

    session_config.pool = config->pool;
    session_config.encoding = config->encodings[0];
    session_config.fec = FEC_NONE;
    session_config.output_rate_hz = config->output_rate_hz;
    // A plugin is for those that are heard.
    session_config.plugin = NULL;
    err = receive_session_create(&session, &session_config);
    if (err == 0) {
        receive_session_destroy(session);
    }
    return err;
}

static void collect(void *arg)
{
    struct receiver *receiver = arg;

    session_router_collect(receiver->router);
}

static int create_mixer(struct receiver *receiver)
{
    const struct receiver_config *config = &receiver->config;
    struct session_mixer_config mixer = {
        .rate_hz = config->output_rate_hz,
        .channels = receiver->output_channels,
        .is_multitrack = config->output_is_multitrack,
        .session_channels = most_channels(config),
        .clockless = config->session.clockless,
        .router = receiver->router,
    };

    if (config->output_channels == 0) {
        mixer.is_multitrack = config->encodings[0].is_multitrack;
    }
    return session_mixer_create(&receiver->mixer, &mixer);
}

static int init_parts(struct receiver *receiver)
{
    const struct receiver_config *config = &receiver->config;
    int err;

    err = try_session(config);
    if (err < 0) {
        return err;
    }
    err = session_router_create(&receiver->router, config);
    if (err < 0) {
        return err;
    }
    err = create_mixer(receiver);
    if (err < 0 || !config->network) {
        return err;
    }
    err = network_add_ticker(config->network, collect, receiver);
    receiver->has_ticker = err == 0;
    return err;
}

int receiver_create(struct receiver **out, const struct receiver_config *config)
{
    struct receiver *receiver;
    int err = check_config(config);

    if (err < 0) {
        return err;
    }
    receiver = calloc(1, sizeof(*receiver));
    if (!receiver) {
        return -ENOMEM;
    }
    receiver->config = *config;
    if (config->output_rate_hz == 0) {
        receiver->config.output_rate_hz = config->encodings[0].rate_hz;
    }
    receiver->output_channels =
        config->output_channels > 0 ? config->output_channels : config->encodings[0].channels;
    pthread_mutex_init(&receiver->lock, NULL);
    atomic_init(&receiver->is_closing, false);
    atomic_init(&receiver->is_reading, false);
    err = init_parts(receiver);
    if (err < 0) {
        goto fail;
    }
    *out = receiver;
    return 0;

fail:
    receiver_destroy(receiver);
    return err;
}

// Runs on the network thread where there is one; the lock stands in for it otherwise.
static void run(struct receiver *receiver, void (*fn)(void *arg), void *arg)
{
    if (receiver->config.network) {
        network_run(receiver->config.network, fn, arg);
    } else {
        fn(arg);
    }
}

static struct slot *find_slot(const struct receiver *receiver, unsigned long long number)
{
    struct slot *slot = receiver->slots;

    while (slot && slot->number != number) {
        slot = slot->next;
    }
    return slot;
}

static struct slot *create_slot(struct receiver *receiver, unsigned long long number)
{
    struct slot *slot = calloc(1, sizeof(*slot));
    int i;

    if (!slot) {
        return NULL;
    }
    slot->number = number;
    for (i = 0; i < INTERFACE_COUNT; i++) {
        slot->interfaces[i] = (struct interface){
            .receiver = receiver,
            .slot = number,
            .kind = (enum stream_interface)i,
        };
    }
    slot->next = receiver->slots;
    receiver->slots = slot;
    return slot;
}

struct end_slot_call {
    struct receiver *receiver;
    unsigned long long slot;
};

static void end_slot(void *arg)
{
    struct end_slot_call *call = arg;

    session_router_end_slot(call->receiver->router, call->slot);
}

// Reports; all but start and stop run on the network thread.

static void send_report(const uint8_t *data, size_t size_bytes, const struct net_address *to,
                        void *arg)
{
    struct interface *interface = arg;
    struct packet *packet = rtcp_datagram_pack(interface->receiver->config.pool, data, size_bytes);

    if (packet) {
        (void)udp_socket_send_now(interface->socket, packet, to);
    }
}

static void receive_reports(struct packet **packets, size_t count, void *arg)
{
    struct interface *interface = arg;
    size_t i;

    for (i = 0; i < count; i++) {
        struct rtcp_now now = rtcp_now_get();
        struct rtcp_datagram datagram = rtcp_datagram_of(packets[i], now);

        receive_reporter_push(interface->reporter, &datagram, now.monotonic_ns);
        packet_unref(packets[i]);
    }
}

static void tick_reports(void *arg)
{
    struct interface *interface = arg;

    receive_reporter_tick(interface->reporter, rtcp_now_get());
}

static void say_bye(void *arg)
{
    struct interface *interface = arg;

    receive_reporter_say_bye(interface->reporter, rtcp_now_get());
}

static int create_reporter(struct interface *interface, const struct net_address *bound)
{
    struct receive_reporter_config config = {
        .router = interface->receiver->router,
        .slot = interface->slot,
        .output = send_report,
        .output_arg = interface,
    };

    if (net_address_is_multicast(bound)) {
        config.group = *bound;
    }
    return receive_reporter_create(&interface->reporter, &config);
}

// For one without a socket.
static int create_loose_reporter(struct interface *interface)
{
    const struct receiver_config *config = &interface->receiver->config;
    struct receive_reporter_config reporter = {
        .router = interface->receiver->router,
        .slot = interface->slot,
        .output = config->output_report,
        .output_arg = config->output_report_arg,
    };

    if (interface->kind != STREAM_CONTROL || !config->output_report) {
        return 0;
    }
    return receive_reporter_create(&interface->reporter, &reporter);
}

static void stop_reports(struct interface *interface)
{
    struct network *network = interface->receiver->config.network;

    if (!interface->has_ticker) {
        return;
    }
    network_remove_ticker(network, tick_reports, interface);
    network_run(network, say_bye, interface);
}

static void destroy_slot(struct receiver *receiver, struct slot *slot)
{
    struct slot **link = &receiver->slots;
    struct end_slot_call call = {.receiver = receiver, .slot = slot->number};
    int i;

    while (*link != slot) {
        link = &(*link)->next;
    }
    *link = slot->next;
    stop_reports(&slot->interfaces[STREAM_CONTROL]);
    for (i = 0; i < INTERFACE_COUNT; i++) {
        if (slot->interfaces[i].socket) {
            network_close_socket(receiver->config.network, slot->interfaces[i].socket);
        }
    }
    // After the sockets, so that no packet begins another session in this slot.
    run(receiver, end_slot, &call);
    receive_reporter_destroy(slot->interfaces[STREAM_CONTROL].reporter);
    free(slot);
}

void receiver_destroy(struct receiver *receiver)
{
    if (!receiver) {
        return;
    }
    atomic_store(&receiver->is_closing, true);
    while (atomic_load(&receiver->is_reading)) {
        sched_yield();
    }
    while (receiver->slots) {
        destroy_slot(receiver, receiver->slots);
    }
    if (receiver->has_ticker) {
        network_remove_ticker(receiver->config.network, collect, receiver);
    }
    session_mixer_destroy(receiver->mixer);
    session_router_destroy(receiver->router);
    pthread_mutex_destroy(&receiver->lock);
    free(receiver);
}

static int check_scheme(enum stream_interface iface, enum fec_scheme scheme)
{
    switch (iface) {
    case STREAM_SOURCE:
        return 0;
    case STREAM_REPAIR:
        return scheme == FEC_NONE ? -EPROTO : 0;
    case STREAM_CONTROL:
        return 0;
    }
    return -EINVAL;
}

static int check_pairing(const struct slot *slot, enum stream_interface iface,
                         enum fec_scheme scheme)
{
    const struct interface *other;

    if (slot->interfaces[iface].is_active) {
        return -EBUSY;
    }
    if (iface == STREAM_CONTROL) {
        return 0;
    }
    other = &slot->interfaces[iface == STREAM_SOURCE ? STREAM_REPAIR : STREAM_SOURCE];
    return other->is_active && other->scheme != scheme ? -EPROTO : 0;
}

// Runs on the network thread.
static void receive(struct packet **packets, size_t count, void *arg)
{
    struct interface *interface = arg;

    session_router_push(interface->receiver->router, interface->slot, interface->kind,
                        interface->scheme, packets, count);
}

static int open_socket(struct interface *interface, const struct udp_config *config,
                       struct net_address *address)
{
    struct network *network = interface->receiver->config.network;
    struct udp_config own = config ? *config : (struct udp_config){0};
    int err;

    own.bind = *address;
    own.receive = interface->kind == STREAM_CONTROL ? receive_reports : receive;
    own.receive_arg = interface;
    own.send_ring_size = SEND_RING_SIZE;
    if (interface->kind == STREAM_CONTROL) {
        err = create_reporter(interface, address);
        if (err < 0) {
            return err;
        }
    }
    err = network_open_socket(network, &own, &interface->socket);
    if (err < 0) {
        goto fail;
    }
    if (interface->kind == STREAM_CONTROL) {
        err = network_add_ticker(network, tick_reports, interface);
        if (err < 0) {
            goto fail;
        }
        interface->has_ticker = true;
    }
    *address = udp_socket_address(interface->socket);
    return 0;

fail:
    network_close_socket(network, interface->socket);
    interface->socket = NULL;
    receive_reporter_destroy(interface->reporter);
    interface->reporter = NULL;
    return err;
}

// With address: binds a socket; without: only makes the interface known.
static int activate(struct receiver *receiver, unsigned long long number,
                    enum stream_interface iface, enum fec_scheme scheme,
                    const struct udp_config *config, struct net_address *address)
{
    struct slot *slot = find_slot(receiver, number);
    bool is_new = !slot;
    int err;

    if (is_new) {
        slot = create_slot(receiver, number);
        if (!slot) {
            return -ENOMEM;
        }
    }
    err = check_pairing(slot, iface, scheme);
    if (err < 0) {
        goto fail;
    }
    // Before the socket opens: its first packets may come before that returns.
    slot->interfaces[iface].scheme = scheme;
    err = address ? open_socket(&slot->interfaces[iface], config, address)
                  : create_loose_reporter(&slot->interfaces[iface]);
    if (err < 0) {
        goto fail;
    }
    slot->interfaces[iface].is_active = true;
    return 0;

fail:
    if (is_new) {
        destroy_slot(receiver, slot);
    }
    return err;
}

int receiver_bind(struct receiver *receiver, unsigned long long slot, enum stream_interface iface,
                  enum fec_scheme scheme, const struct udp_config *config,
                  struct net_address *address)
{
    int err = check_scheme(iface, scheme);

    if (err < 0) {
        return err;
    }
    if (!receiver->config.network) {
        return -ENOTSUP;
    }
    pthread_mutex_lock(&receiver->lock);
    err = activate(receiver, slot, iface, scheme, config, address);
    pthread_mutex_unlock(&receiver->lock);
    return err;
}

int receiver_activate(struct receiver *receiver, unsigned long long slot,
                      enum stream_interface iface, enum fec_scheme scheme)
{
    int err = check_scheme(iface, scheme);

    if (err < 0) {
        return err;
    }
    pthread_mutex_lock(&receiver->lock);
    err = activate(receiver, slot, iface, scheme, NULL, NULL);
    pthread_mutex_unlock(&receiver->lock);
    return err;
}

int receiver_unlink(struct receiver *receiver, unsigned long long number)
{
    struct slot *slot;

    pthread_mutex_lock(&receiver->lock);
    slot = find_slot(receiver, number);
    if (slot) {
        destroy_slot(receiver, slot);
    }
    pthread_mutex_unlock(&receiver->lock);
    return slot ? 0 : -ENOENT;
}

// Declares that a read runs, so that destroy waits for it; false when it is too late for one.
static bool enter(struct receiver *receiver)
{
    atomic_store(&receiver->is_reading, true);
    if (atomic_load(&receiver->is_closing)) {
        atomic_store(&receiver->is_reading, false);
        return false;
    }
    return true;
}

static void leave(struct receiver *receiver)
{
    atomic_store(&receiver->is_reading, false);
}

void receiver_read(struct receiver *receiver, float *samples, size_t frames)
{
    if (!enter(receiver)) {
        memset(samples, 0, frames * receiver->output_channels * sizeof(*samples));
        return;
    }
    session_mixer_read(receiver->mixer, samples, frames);
    leave(receiver);
}

size_t receiver_ready(struct receiver *receiver, int64_t now_ns)
{
    size_t frames;

    if (!enter(receiver)) {
        return 0;
    }
    frames = session_mixer_ready(receiver->mixer, now_ns);
    leave(receiver);
    return frames;
}

void receiver_set_clockless(struct receiver *receiver, bool clockless)
{
    if (!enter(receiver)) {
        return;
    }
    session_mixer_set_clockless(receiver->mixer, clockless);
    leave(receiver);
}

struct total_call {
    struct receiver *receiver;
    struct receiver_metrics metrics;
};

static void get_total(void *arg)
{
    struct total_call *call = arg;

    session_router_collect(call->receiver->router);
    session_router_total(call->receiver->router, &call->metrics);
}

struct receiver_metrics receiver_total(struct receiver *receiver)
{
    struct total_call call = {.receiver = receiver};

    pthread_mutex_lock(&receiver->lock);
    run(receiver, get_total, &call);
    pthread_mutex_unlock(&receiver->lock);
    return call.metrics;
}

struct query_call {
    struct receiver *receiver;
    unsigned long long slot;
    struct receive_session_metrics *sessions;
    size_t count;
};

static void query(void *arg)
{
    struct query_call *call = arg;

    session_router_collect(call->receiver->router);
    call->count =
        session_router_query(call->receiver->router, call->slot, call->sessions, call->count);
}

int receiver_query(struct receiver *receiver, unsigned long long slot,
                   struct receive_session_metrics *sessions, size_t count)
{
    struct query_call call = {
        .receiver = receiver,
        .slot = slot,
        .sessions = sessions,
        .count = count,
    };
    bool is_known;

    pthread_mutex_lock(&receiver->lock);
    is_known = find_slot(receiver, slot) != NULL;
    if (is_known) {
        run(receiver, query, &call);
    }
    pthread_mutex_unlock(&receiver->lock);
    return is_known ? (int)call.count : -ENOENT;
}

struct push_call {
    struct interface *interface;
    struct packet **packets;
    size_t count;
};

static void push(void *arg)
{
    struct push_call *call = arg;

    if (call->interface->reporter) {
        receive_reports(call->packets, call->count, call->interface);
    } else {
        receive(call->packets, call->count, call->interface);
    }
}

void receiver_push(struct receiver *receiver, unsigned long long number,
                   enum stream_interface iface, struct packet **packets, size_t count)
{
    struct push_call call = {.packets = packets, .count = count};
    struct slot *slot;
    size_t i;

    pthread_mutex_lock(&receiver->lock);
    slot = find_slot(receiver, number);
    if (slot && (unsigned)iface < INTERFACE_COUNT && slot->interfaces[iface].is_active) {
        call.interface = &slot->interfaces[iface];
        run(receiver, push, &call);
    } else {
        for (i = 0; i < count; i++) {
            packet_unref(packets[i]);
        }
    }
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_tick(struct receiver *receiver)
{
    struct slot *slot;

    pthread_mutex_lock(&receiver->lock);
    for (slot = receiver->slots; slot; slot = slot->next) {
        struct interface *control = &slot->interfaces[STREAM_CONTROL];
        if (control->reporter && !control->socket) {
            run(receiver, tick_reports, control);
        }
    }
    pthread_mutex_unlock(&receiver->lock);
}
