// SPDX-License-Identifier: MPL-2.0

#include "roc/sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/connection_metrics.h"
#include "api/endpoint_request.h"
#include "api/frame_writer.h"
#include "api/slots.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/address.h"
#include "stream/sender.h"

// Packets that a slot can hand to the network at once: more than a second of default ones with
// their repair. A sender with many slots shares what this many have.
#define PACKETS_PER_SLOT     512
#define MAX_SLOTS_OF_PACKETS 8

#define NS_PER_S 1000000000ll

struct roc_sender {
    roc_context *context;
    struct sender *sender;
    enum fec_scheme scheme;

    pthread_mutex_t mutex; // guards the slots; the writer never takes it
    struct slots slots;

    struct {
        struct frame_writer writer;
        int64_t capture_time_ns; // of the next sample of the frame that is written
    } rt;
};

static int refuse(const char *function, const char *reason)
{
    log_error("api", "roc_sender_%s: %s", function, reason);
    return -1;
}

// Opening

static int create_sender(roc_sender *sender, const struct sender_setup *setup)
{
    const struct sender_config config = {
        .network = context_get_network(sender->context),
        .session = setup->session,
    };
    sender->scheme = setup->session.fec;
    const int code = frame_writer_init(&sender->rt.writer, setup);
    return code == 0 ? sender_create(&sender->sender, &config) : code;
}

static void destroy(roc_sender *sender)
{
    sender_destroy(sender->sender);
    slots_finish(&sender->slots);
    pthread_mutex_destroy(&sender->mutex);
    frame_writer_finish(&sender->rt.writer);
    context_unref(sender->context);
    free(sender);
}

int roc_sender_open(roc_context *context, const roc_sender_config *config, roc_sender **result)
{
    if (context == NULL || config == NULL || result == NULL)
        return refuse("open", "context, config or result is NULL");
    struct api_error error = {""};
    struct sender_setup setup;
    roc_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return refuse("open", "out of memory");
    sender->context = context;
    context_ref(context);
    pthread_mutex_init(&sender->mutex, NULL);
    if (sender_setup_parse(&setup, context, config, &error) != 0)
        goto fail;
    const int code = create_sender(sender, &setup);
    if (code != 0) {
        api_fail(&error, code, "%s", strerrordesc_np(-code));
        goto fail;
    }
    *result = sender;
    return 0;

fail:
    destroy(sender);
    return refuse("open", error.text);
}

int roc_sender_close(roc_sender *sender)
{
    if (sender == NULL)
        return refuse("close", "sender is NULL");
    destroy(sender);
    return 0;
}

// Slots

static void break_slot(roc_sender *sender, struct slot_entry *entry)
{
    entry->is_broken = true;
    // There is none below when the failure came before anything was set up.
    (void)sender_unlink(sender->sender, entry->number);
}

// The rooms below have no consolidated interface.
static int pass_config(roc_sender *sender, roc_slot slot, roc_interface iface,
                       const struct udp_config *config, struct api_error *error)
{
    int code = 0;
    if (iface == ROC_INTERFACE_AUDIO_SOURCE)
        code = sender_configure(sender->sender, slot, STREAM_SOURCE, config);
    else if (iface == ROC_INTERFACE_AUDIO_REPAIR)
        code = sender_configure(sender->sender, slot, STREAM_REPAIR, config);
    else if (iface == ROC_INTERFACE_AUDIO_CONTROL)
        code = sender_configure(sender->sender, slot, STREAM_CONTROL, config);
    return code == 0 ? 0 : api_fail(error, code, "%s", strerrordesc_np(-code));
}

static int configure(roc_sender *sender, roc_slot slot, roc_interface iface,
                     const struct udp_config *config, struct api_error *error)
{
    struct slot_entry *entry;
    int code = slots_open(&sender->slots, slot, &entry, error);
    if (code == 0)
        code = slot_entry_check(entry, error);
    if (code != 0)
        return code;
    code = slot_entry_configure(entry, iface, config, error);
    if (code == 0)
        code = pass_config(sender, slot, iface, config, error);
    if (code != 0)
        break_slot(sender, entry);
    return code;
}

int roc_sender_configure(roc_sender *sender, roc_slot slot, roc_interface iface,
                         const roc_interface_config *config)
{
    if (sender == NULL || config == NULL || !interface_is_known(iface))
        return refuse("configure", "sender or config is NULL, or the interface is unknown");
    struct api_error error;
    struct udp_config parsed;
    if (interface_config_parse(&parsed, config, &error) != 0)
        return refuse("configure", error.text);
    // A group is joined by who receives.
    parsed.multicast_interface = (struct net_address){0};
    pthread_mutex_lock(&sender->mutex);
    const int code = configure(sender, slot, iface, &parsed, &error);
    pthread_mutex_unlock(&sender->mutex);
    return code == 0 ? 0 : refuse("configure", error.text);
}

// The writer cannot make packets, so they are made now, for all slots at once.
static int reserve_packets(const roc_sender *sender, struct api_error *error)
{
    unsigned slots = 0;
    for (const struct slot_entry *i = sender->slots.first; i != NULL; i = i->next)
        slots += !i->is_broken;
    if (slots > MAX_SLOTS_OF_PACKETS)
        slots = MAX_SLOTS_OF_PACKETS;
    const int code =
        packet_pool_reserve(context_get_pool(sender->context), slots * PACKETS_PER_SLOT);
    return code == 0 ? 0 : api_fail(error, code, "no memory for packets");
}

static int connect_entry(roc_sender *sender, struct slot_entry *entry,
                         const struct endpoint_request *request, struct api_error *error)
{
    int code = endpoint_request_check_connect(request, sender->scheme, error);
    if (code == 0)
        code = reserve_packets(sender, error);
    if (code != 0)
        return code;
    code = sender_connect(sender->sender, entry->number, request->iface, &request->address);
    if (code != 0)
        return endpoint_request_explain_connect(request, code, error);
    slot_entry_interface(entry, request->protocol->iface)->is_active = true;
    return 0;
}

// `code` and `error` are those of the request: a bad one breaks the slot that it was meant for.
static int connect_slot(roc_sender *sender, roc_slot slot, int code,
                        const struct endpoint_request *request, struct api_error *error)
{
    struct slot_entry *entry;
    int slot_code = slots_open(&sender->slots, slot, &entry, error);
    if (slot_code == 0)
        slot_code = slot_entry_check(entry, error);
    if (slot_code != 0)
        return slot_code;
    if (code == 0)
        code = connect_entry(sender, entry, request, error);
    if (code != 0)
        break_slot(sender, entry);
    return code;
}

int roc_sender_connect(roc_sender *sender, roc_slot slot, roc_interface iface,
                       const roc_endpoint *endpoint)
{
    if (sender == NULL || endpoint == NULL || !interface_is_known(iface))
        return refuse("connect", "sender or endpoint is NULL, or the interface is unknown");
    struct api_error error;
    struct endpoint_request request;
    // Resolves the host, which may take long: the mutex is not held.
    int code = endpoint_request_init(&request, iface, endpoint, &error);
    pthread_mutex_lock(&sender->mutex);
    code = connect_slot(sender, slot, code, &request, &error);
    pthread_mutex_unlock(&sender->mutex);
    if (code != 0)
        return refuse("connect", error.text);
    char address[NET_ADDRESS_TEXT_SIZE];
    net_address_write(&request.address, address);
    log_info("api", "slot %llu sends its %s packets to %s", slot, interface_name(iface), address);
    return 0;
}

// The receivers that report now: none where nothing is connected yet.
static int query(roc_sender *sender, roc_slot slot, struct sender_metrics *metrics,
                 struct api_error *error)
{
    *metrics = (struct sender_metrics){0};
    pthread_mutex_lock(&sender->mutex);
    const int code = slots_check(&sender->slots, slot, error);
    if (code == 0)
        (void)sender_query(sender->sender, slot, metrics);
    pthread_mutex_unlock(&sender->mutex);
    return code;
}

int roc_sender_query(roc_sender *sender, roc_slot slot, roc_sender_metrics *slot_metrics,
                     roc_connection_metrics *conn_metrics, size_t *conn_metrics_count)
{
    if (sender == NULL)
        return refuse("query", "sender is NULL");
    if (conn_metrics != NULL && conn_metrics_count == NULL)
        return refuse("query", "conn_metrics comes without conn_metrics_count");
    struct api_error error;
    struct sender_metrics metrics;
    if (query(sender, slot, &metrics, &error) != 0)
        return refuse("query", error.text);
    const size_t count = metrics.connection_count;
    if (slot_metrics != NULL)
        *slot_metrics = (roc_sender_metrics){.connection_count = (unsigned)count};
    if (conn_metrics_count != NULL && *conn_metrics_count > count)
        *conn_metrics_count = count;
    for (size_t i = 0; conn_metrics != NULL && i < *conn_metrics_count; i++)
        conn_metrics[i].e2e_latency = (unsigned long long)metrics.connections[i].e2e_latency_ns;
    return 0;
}

int roc_sender_query_ext(roc_sender *sender, roc_slot slot, roc_connection_metrics_ext *ext,
                         size_t *count)
{
    if (sender == NULL || count == NULL)
        return refuse("query_ext", "sender or count is NULL");
    struct api_error error;
    struct sender_metrics metrics;
    if (query(sender, slot, &metrics, &error) != 0)
        return refuse("query_ext", error.text);
    if (*count > metrics.connection_count)
        *count = metrics.connection_count;
    for (size_t i = 0; ext != NULL && i < *count; i++)
        ext[i] = connection_metrics_of_receiver(&metrics.connections[i]);
    return 0;
}

int roc_sender_unlink(roc_sender *sender, roc_slot slot)
{
    if (sender == NULL)
        return refuse("unlink", "sender is NULL");
    struct api_error error;
    pthread_mutex_lock(&sender->mutex);
    const int code = slots_remove(&sender->slots, slot, &error);
    // A broken slot, or one with nothing in it, is gone from there already.
    if (code == 0)
        (void)sender_unlink(sender->sender, slot);
    pthread_mutex_unlock(&sender->mutex);
    return code == 0 ? 0 : refuse("unlink", error.text);
}

// Writing

static void write_piece(const float *samples, size_t frames, void *arg)
{
    roc_sender *sender = arg;
    // With a clock of its own each piece has waited for its time.
    if (sender->rt.writer.has_pacer) {
        sender->rt.capture_time_ns = clock_realtime_ns();
        sender_begin(sender->sender, frames);
    }
    sender_append(sender->sender, samples, frames, sender->rt.capture_time_ns);
    sender->rt.capture_time_ns += (int64_t)frames * NS_PER_S / sender->rt.writer.frames.rate_hz;
}

int roc_sender_write(roc_sender *sender, const roc_frame *frame)
{
    if (sender == NULL)
        return -1;
    const ptrdiff_t frames = frame_writer_check(&sender->rt.writer, frame);
    if (frames < 0)
        return -1;
    sender->rt.capture_time_ns = clock_realtime_ns();
    sender_begin(sender->sender, (size_t)frames);
    frame_writer_write(&sender->rt.writer, frame, write_piece, sender);
    return 0;
}
