/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/metrics.h
 * \brief What roc_sender_query() and roc_receiver_query() tell.
 */
#ifndef ROC_METRICS_H_
#define ROC_METRICS_H_

#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One connection: a remote sender seen by a receiver, or a remote receiver seen by a sender. */
typedef struct roc_connection_metrics {
    /** From capture at the sender to playback at the receiver, ns; zero until it is known, which
        takes reports over a control endpoint in both directions. */
    unsigned long long e2e_latency;
} roc_connection_metrics;

/** A slot of a receiver. */
typedef struct roc_receiver_metrics {
    unsigned int connection_count; /**< senders that are heard now */
} roc_receiver_metrics;

/** A slot of a sender. */
typedef struct roc_sender_metrics {
    /** Receivers that report over the control endpoint now; zero without one. */
    unsigned int connection_count;
} roc_sender_metrics;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
