// SPDX-License-Identifier: MPL-2.0
//
// The transceiver as its own files share it: a context's settings, a network, a graph, and what is
// remembered of each port. One mutex lets one caller in at a time; the audio runs beside it.

#ifndef ROC_API_TRANSCEIVER_H
#define ROC_API_TRANSCEIVER_H

#include <pthread.h>

#include "device/device.h"
#include "graph/graph.h"
#include "net/network.h"
#include "roc/transceiver.h"
#include "stream/receiver.h"
#include "stream/sender.h"

struct transceiver_port {
    struct transceiver_port *next;
    roc_port id;
    roc_port_kind kind;
    unsigned rate_hz;
    unsigned channels;
    // One of them, by kind. The graph owns it.
    struct device *device;
    struct sender *sender;
    struct receiver *receiver;

    enum fec_scheme scheme; // of a sender; of a receiver once it is bound
    bool is_bound;
    unsigned long long target_latency_ns; // of a receiver
    struct net_address local;             // of the network card to use; none: the system's choice
};

struct roc_transceiver {
    roc_context *context;
    struct packet_pool *pool;
    struct network *network;
    struct graph *graph;
    pthread_mutex_t mutex; // guards what follows and the graph's control side
    struct transceiver_port *ports;
};

// NULL when there is no such port. The mutex is held.
struct transceiver_port *transceiver_find_port(roc_transceiver *transceiver, roc_port id);

// Sets the sentence of roc_transceiver_error for this thread and returns `code`.
int transceiver_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The same for a port that is not there.
int transceiver_fail_port(roc_port id);

#endif
