// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <string.h>

#include "api/transceiver.h"

#define NS_PER_MS 1e6

static void add_device(roc_port_metrics *metrics, const struct device *device)
{
    const struct device_state state = device_get_state(device);
    metrics->frames = state.frames;
    metrics->length_frames = state.length_frames;
    metrics->dropped_frames += state.dropped_frames;
    if (state.run == DEVICE_FINISHED)
        metrics->state = ROC_PORT_FINISHED;
    if (state.run == DEVICE_FAILED) {
        metrics->state = ROC_PORT_FAILED;
        metrics->error = state.error;
    }
}

static void add_connection(roc_port_metrics *metrics, const struct send_connection *connection)
{
    metrics->has_clock = connection->has_clock;
    metrics->rtt_ms = (double)connection->rtt_ns / NS_PER_MS;
    metrics->clock_offset_ms = (double)connection->clock_offset_ns / NS_PER_MS;
    metrics->e2e_latency_ms = (double)connection->e2e_latency_ns / NS_PER_MS;
    metrics->queue_latency_ms = (double)connection->queue_latency_ns / NS_PER_MS;
    metrics->jitter_ms = (double)connection->jitter_ns / NS_PER_MS;
    if (connection->packets_lost > 0)
        metrics->remote_packets_lost = (unsigned long long)connection->packets_lost;
    metrics->remote_loss = connection->loss;
}

static void add_sender(roc_port_metrics *metrics, struct sender *sender)
{
    const struct sender_metrics total = sender_total(sender);
    metrics->packets_sent = total.session.source_packets;
    metrics->repair_packets_sent = total.session.repair_packets;
    metrics->bytes_sent = total.udp.bytes_sent;
    metrics->connections = (unsigned)total.connection_count;
    if (total.connection_count > 0)
        add_connection(metrics, &total.connections[total.connection_count - 1]);
}

static void add_receiver(roc_port_metrics *metrics, const struct transceiver_port *port)
{
    const struct receiver_metrics total = receiver_total(port->receiver);
    const struct receive_session_metrics *sum = &total.sum;
    metrics->frames = sum->frames_played;
    metrics->dropped_frames += sum->frames_skipped;
    metrics->packets_received = sum->packets_received;
    metrics->repair_packets_received = sum->repair_received;
    metrics->bytes_received = sum->bytes_received;
    metrics->packets_expected = sum->packets_expected;
    metrics->packets_lost = sum->packets_lost;
    metrics->packets_recovered = sum->packets_recovered;
    metrics->packets_late = sum->packets_late;
    metrics->packets_duplicate = sum->packets_duplicate;
    metrics->packets_rejected = sum->packets_rejected + total.packets_foreign;
    metrics->frames_concealed = sum->frames_concealed;
    metrics->sessions = total.sessions;
    metrics->sessions_total = total.sessions_total;
    metrics->queue_latency_ms = sum->queue_latency_ms;
    metrics->target_latency_ms =
        sum->target_latency_ms > 0 ? sum->target_latency_ms : (double)port->target_latency_ns / 1e6;
    metrics->latency_ms = sum->latency_ms;
    metrics->speed = sum->speed > 0 ? sum->speed : 1;
    metrics->latency_jumps = sum->latency_jumps;
    metrics->jitter_ms = sum->jitter_ms;
    metrics->has_clock = sum->has_clock;
    metrics->rtt_ms = sum->rtt_ms;
    metrics->clock_offset_ms = sum->clock_offset_ms;
    metrics->e2e_latency_ms = sum->e2e_latency_ms;
}

static int query_port(roc_transceiver *transceiver, roc_port id, roc_port_metrics *metrics)
{
    const struct transceiver_port *port = transceiver_find_port(transceiver, id);
    struct graph_port_metrics moved;
    if (port == NULL || graph_get_metrics(transceiver->graph, id, &moved) != 0)
        return transceiver_fail_port(id);
    *metrics = (roc_port_metrics){
        .state = moved.links > 0 ? ROC_PORT_RUNNING : ROC_PORT_READY,
        .rate = port->rate_hz,
        .channels = port->channels,
        .frames = moved.frames,
        .dropped_frames = moved.dropped_frames,
        .peak = moved.peak,
    };
    if (port->device != NULL)
        add_device(metrics, port->device);
    if (port->sender != NULL)
        add_sender(metrics, port->sender);
    if (port->receiver != NULL)
        add_receiver(metrics, port);
    return 0;
}

int roc_transceiver_query_port(roc_transceiver *transceiver, roc_port port,
                               roc_port_metrics *metrics)
{
    if (transceiver == NULL || metrics == NULL)
        return transceiver_fail(-EINVAL, "querying a port needs a transceiver and a place for it");
    pthread_mutex_lock(&transceiver->mutex);
    const int code = query_port(transceiver, port, metrics);
    pthread_mutex_unlock(&transceiver->mutex);
    return code;
}
