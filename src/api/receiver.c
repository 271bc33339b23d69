// SPDX-License-Identifier: MPL-2.0

#include "roc/receiver.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/connection_metrics.h"
#include "api/endpoint_request.h"
#include "api/frame_reader.h"
#include "api/slots.h"
#include "base/log.h"
#include "net/address.h"
#include "stream/receiver.h"

struct roc_receiver {
    roc_context *context;
    struct receiver *receiver;

    pthread_mutex_t mutex; // guards the slots; the reader never takes it
    struct slots slots;

    struct {
        struct frame_reader reader;
    } rt;
};

static int refuse(const char *function, const char *reason)
{
    log_error("api", "roc_receiver_%s: %s", function, reason);
    return -1;
}

// Opening

static int create_receiver(roc_receiver *receiver, const roc_receiver_config *config,
                           struct api_error *error)
{
    struct receiver_setup setup;
    int code = receiver_setup_parse(&setup, receiver->context, config, error);
    if (code != 0)
        return code;
    setup.receiver.network = context_get_network(receiver->context);
    frame_reader_init(&receiver->rt.reader, &setup);
    code = receiver_create(&receiver->receiver, &setup.receiver);
    return code == 0 ? 0 : receiver_setup_explain(&setup, code, error);
}

static void destroy(roc_receiver *receiver)
{
    receiver_destroy(receiver->receiver);
    slots_finish(&receiver->slots);
    pthread_mutex_destroy(&receiver->mutex);
    context_unref(receiver->context);
    free(receiver);
}

int roc_receiver_open(roc_context *context, const roc_receiver_config *config,
                      roc_receiver **result)
{
    if (context == NULL || config == NULL || result == NULL)
        return refuse("open", "context, config or result is NULL");
    struct api_error error;
    roc_receiver *receiver = calloc(1, sizeof(*receiver));
    if (receiver == NULL)
        return refuse("open", "out of memory");
    receiver->context = context;
    context_ref(context);
    pthread_mutex_init(&receiver->mutex, NULL);
    if (create_receiver(receiver, config, &error) != 0)
        goto fail;
    *result = receiver;
    return 0;

fail:
    destroy(receiver);
    return refuse("open", error.text);
}

int roc_receiver_close(roc_receiver *receiver)
{
    if (receiver == NULL)
        return refuse("close", "receiver is NULL");
    destroy(receiver);
    return 0;
}

// Slots

static void break_slot(roc_receiver *receiver, struct slot_entry *entry)
{
    entry->is_broken = true;
    // There is none below when nothing was bound yet.
    (void)receiver_unlink(receiver->receiver, entry->number);
}

static int configure(roc_receiver *receiver, roc_slot slot, roc_interface iface,
                     const struct udp_config *config, struct api_error *error)
{
    struct slot_entry *entry;
    int code = slots_open(&receiver->slots, slot, &entry, error);
    if (code == 0)
        code = slot_entry_check(entry, error);
    if (code != 0)
        return code;
    code = slot_entry_configure(entry, iface, config, error);
    if (code != 0)
        break_slot(receiver, entry);
    return code;
}

int roc_receiver_configure(roc_receiver *receiver, roc_slot slot, roc_interface iface,
                           const roc_interface_config *config)
{
    if (receiver == NULL || config == NULL || !interface_is_known(iface))
        return refuse("configure", "receiver or config is NULL, or the interface is unknown");
    struct api_error error;
    struct udp_config parsed;
    if (interface_config_parse(&parsed, config, &error) != 0)
        return refuse("configure", error.text);
    pthread_mutex_lock(&receiver->mutex);
    const int code = configure(receiver, slot, iface, &parsed, &error);
    pthread_mutex_unlock(&receiver->mutex);
    return code == 0 ? 0 : refuse("configure", error.text);
}

static int bind_entry(roc_receiver *receiver, struct slot_entry *entry,
                      struct endpoint_request *request, struct api_error *error)
{
    struct slot_interface *interface = slot_entry_interface(entry, request->protocol->iface);
    // Its address for sending is not used: the endpoint says where to bind.
    const int code = receiver_bind(receiver->receiver, entry->number, request->iface,
                                   request->scheme, &interface->config, &request->address);
    if (code != 0)
        return endpoint_request_explain_bind(request, code, error);
    interface->is_active = true;
    return 0;
}

// `code` and `error` are those of the request: a bad one breaks the slot that it was meant for.
static int bind_slot(roc_receiver *receiver, roc_slot slot, int code,
                     struct endpoint_request *request, struct api_error *error)
{
    struct slot_entry *entry;
    int slot_code = slots_open(&receiver->slots, slot, &entry, error);
    if (slot_code == 0)
        slot_code = slot_entry_check(entry, error);
    if (slot_code != 0)
        return slot_code;
    if (code == 0)
        code = bind_entry(receiver, entry, request, error);
    if (code != 0)
        break_slot(receiver, entry);
    return code;
}

int roc_receiver_bind(roc_receiver *receiver, roc_slot slot, roc_interface iface,
                      roc_endpoint *endpoint)
{
    if (receiver == NULL || endpoint == NULL || !interface_is_known(iface))
        return refuse("bind", "receiver or endpoint is NULL, or the interface is unknown");
    struct api_error error;
    struct endpoint_request request;
    // Resolves the host, which may take long: the mutex is not held.
    int code = endpoint_request_init(&request, iface, endpoint, &error);
    pthread_mutex_lock(&receiver->mutex);
    code = bind_slot(receiver, slot, code, &request, &error);
    pthread_mutex_unlock(&receiver->mutex);
    if (code != 0)
        return refuse("bind", error.text);
    char address[NET_ADDRESS_TEXT_SIZE];
    net_address_write(&request.address, address);
    log_info("api", "slot %llu receives %s packets on %s", slot, interface_name(iface), address);
    return roc_endpoint_set_port(endpoint, net_address_get_port(&request.address));
}

// Returns how many sessions the slot has, 0 where nothing is bound yet; or a negative errno.
static int query(roc_receiver *receiver, roc_slot slot,
                 struct receive_session_metrics sessions[RECEIVER_MAX_SESSIONS],
                 struct api_error *error)
{
    pthread_mutex_lock(&receiver->mutex);
    const int code = slots_check(&receiver->slots, slot, error);
    const int count =
        code == 0 ? receiver_query(receiver->receiver, slot, sessions, RECEIVER_MAX_SESSIONS) : 0;
    pthread_mutex_unlock(&receiver->mutex);
    if (code != 0)
        return code;
    return count > 0 ? count : 0;
}

int roc_receiver_query(roc_receiver *receiver, roc_slot slot, roc_receiver_metrics *slot_metrics,
                       roc_connection_metrics *conn_metrics, size_t *conn_metrics_count)
{
    if (receiver == NULL)
        return refuse("query", "receiver is NULL");
    if (conn_metrics != NULL && conn_metrics_count == NULL)
        return refuse("query", "conn_metrics comes without conn_metrics_count");
    struct api_error error;
    struct receive_session_metrics sessions[RECEIVER_MAX_SESSIONS];
    const int count = query(receiver, slot, sessions, &error);
    if (count < 0)
        return refuse("query", error.text);
    if (slot_metrics != NULL)
        *slot_metrics = (roc_receiver_metrics){.connection_count = (unsigned)count};
    if (conn_metrics_count != NULL && *conn_metrics_count > (size_t)count)
        *conn_metrics_count = (size_t)count;
    for (size_t i = 0; conn_metrics != NULL && i < *conn_metrics_count; i++)
        conn_metrics[i].e2e_latency = connection_metrics_of_sender(&sessions[i]).e2e_latency;
    return 0;
}

int roc_receiver_query_ext(roc_receiver *receiver, roc_slot slot, roc_connection_metrics_ext *ext,
                           size_t *count)
{
    if (receiver == NULL || count == NULL)
        return refuse("query_ext", "receiver or count is NULL");
    struct api_error error;
    struct receive_session_metrics sessions[RECEIVER_MAX_SESSIONS];
    const int found = query(receiver, slot, sessions, &error);
    if (found < 0)
        return refuse("query_ext", error.text);
    if (*count > (size_t)found)
        *count = (size_t)found;
    for (size_t i = 0; ext != NULL && i < *count; i++)
        ext[i] = connection_metrics_of_sender(&sessions[i]);
    return 0;
}

int roc_receiver_unlink(roc_receiver *receiver, roc_slot slot)
{
    if (receiver == NULL)
        return refuse("unlink", "receiver is NULL");
    struct api_error error;
    pthread_mutex_lock(&receiver->mutex);
    const int code = slots_remove(&receiver->slots, slot, &error);
    // A broken slot, or one with nothing in it, is gone from there already.
    if (code == 0)
        (void)receiver_unlink(receiver->receiver, slot);
    pthread_mutex_unlock(&receiver->mutex);
    return code == 0 ? 0 : refuse("unlink", error.text);
}

// Reading

int roc_receiver_read(roc_receiver *receiver, roc_frame *frame)
{
    if (receiver == NULL)
        return -1;
    return frame_reader_read(&receiver->rt.reader, receiver->receiver, frame) == 0 ? 0 : -1;
}
