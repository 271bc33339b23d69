/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/metrics_ext.h
 * \brief All that is known of each connection of a slot.
 *
 * An addition to the API of Roc Toolkit, which knows only the end-to-end latency
 * (roc_sender_query(), roc_receiver_query()).
 *
 * What the other side measures comes in reports (RTCP with extended reports) over control
 * endpoints, five times a second; both the sender and the receiver need one (rtcp://). Without
 * them a receiver knows only what it counts itself, and a sender has no connections.
 */
#ifndef ROC_METRICS_EXT_H_
#define ROC_METRICS_EXT_H_

#include "roc/config.h"
#include "roc/platform.h"
#include "roc/receiver.h"
#include "roc/sender.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A remote sender seen by a receiver, or a remote receiver seen by a sender. Times are in
    nanoseconds. A field is zero where it is unknown or does not apply. */
typedef struct roc_connection_metrics_ext {
    /** Of the remote side, as in RTP and RTCP (RFC 3550). */
    unsigned int ssrc;

    /** Source packets that the sender numbered while the receiver listened, and how many of these
        never came. Peers that run Roc Toolkit 0.4 always report a loss of zero. */
    unsigned long long packets_expected, packets_lost;
    /** Sender: share of the packets that were lost lately, 0..1. */
    double loss;

    /** Receiver: source and repair packets that came. */
    unsigned long long packets_received, repair_packets_received;
    /** Receiver: of the lost packets, those that FEC restored in time. */
    unsigned long long packets_recovered;
    /** Receiver: packets that came when their time was over, came twice, or did not belong. */
    unsigned long long packets_late, packets_duplicate, packets_rejected;

    /** Mean deviation of the packets' travel times, RFC 3550 section 6.4.1. */
    unsigned long long jitter;
    /** Received sound that is not played yet, and how long ago the newest packet came (sender). */
    unsigned long long niq_latency, niq_stalling;

    /** Nonzero when rtt and clock_offset are known. */
    int has_clock;
    /** Round-trip time of the latest report. */
    unsigned long long rtt;
    /** What the other system clock shows minus what ours shows at the same moment. */
    long long clock_offset;
    /** From the call that wrote a sample to the return of the call that read it. A receiver applies
        the clock offset; a sender passes on what the receiver reports, and those that run Roc
        Toolkit 0.4 report as if both clocks were equal. */
    unsigned long long e2e_latency;
} roc_connection_metrics_ext;

/**
 * Numbers of each receiver that reports to a slot now. For a multicast slot at most 16 are known.
 *
 * \param metrics written on success only; may be NULL
 * \param count in: room in metrics; out, on success: how many connections there are, at most the
 *  room that there was
 * \returns 0, or -1 when sender or count is NULL, or the slot is unknown or broken
 */
ROC_API int roc_sender_query_ext(roc_sender *sender, roc_slot slot,
                                 roc_connection_metrics_ext *metrics, size_t *count);

/** Numbers of each sender that a slot of a receiver hears now; as roc_sender_query_ext(). */
ROC_API int roc_receiver_query_ext(roc_receiver *receiver, roc_slot slot,
                                   roc_connection_metrics_ext *metrics, size_t *count);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
