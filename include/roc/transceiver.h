/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/transceiver.h
 * \brief Streams, devices and links in one object.
 *
 * A transceiver holds *ports* and *links*. A source port gives sound (a file player, a tone, what a
 * network sender sends us), a sink port takes it (a file recorder, the remote
 * receivers that a network sender port is connected to). A link carries sound
 * from a source to a sink. Sinks mix what several links bring; a source may feed several links.
 *
 *     file player ---link---> net sender ~~~ network ~~~> net receiver ---link---> file recorder
 *
 * Life cycle: open on a context, add ports, link them, unlink, remove, close. Everything may change
 * while sound plays.
 *
 * Errors: 0, or a negative errno value; roc_transceiver_error() gives the sentence for it.
 * Thread: any thread may call, except from a callback of the library.
 */
#ifndef ROC_TRANSCEIVER_H_
#define ROC_TRANSCEIVER_H_

#include "roc/config.h"
#include "roc/context.h"
#include "roc/encoding_ext.h"
#include "roc/endpoint.h"
#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct roc_transceiver roc_transceiver;

/** Names a port or a link for as long as it exists; never reused, never 0. */
typedef unsigned long long roc_port;
typedef unsigned long long roc_link;

/** What a bad network does to what this transceiver sends. All zero: nothing. */
typedef struct roc_impairment {
    double loss;               /**< share of datagrams dropped, 0..1 */
    double duplicate;          /**< share sent twice */
    double reorder;            /**< share held back by 20 ms */
    unsigned long long delay;  /**< ns added to each */
    unsigned long long jitter; /**< ns, uniform 0..jitter on top */
    unsigned long long seed;   /**< 0 draws one */
} roc_impairment;

typedef struct roc_transceiver_config {
    roc_impairment impairment;
    /** Length of one step of the graph in ns; zero for 5 ms, else 100 us..100 ms. */
    unsigned long long period;
} roc_transceiver_config;

typedef enum roc_port_kind {
    ROC_PORT_FILE_PLAYER = 1, /**< source: reads `path`, paced by the clock */
    ROC_PORT_FILE_RECORDER =
        2,             /**< sink: writes `path` (WAV), has no clock and follows what arrives */
    ROC_PORT_TONE = 3, /**< source: a sine */
    ROC_PORT_NULL_SOURCE = 4,  /**< source: silence */
    ROC_PORT_NULL_SINK = 5,    /**< sink: takes everything, keeps nothing */
    ROC_PORT_NET_SENDER = 6,   /**< sink: sends to the receivers it is connected to */
    ROC_PORT_NET_RECEIVER = 7, /**< source: what senders send to where it is bound */
} roc_port_kind;

typedef enum roc_port_fec {
    ROC_PORT_FEC_DISABLE = 0,
    ROC_PORT_FEC_RS8M = 1, /**< Reed-Solomon, at most 255 packets in a block */
    ROC_PORT_FEC_LDPC = 2, /**< LDPC-Staircase, at most 4096, with at least 7 repair packets */
} roc_port_fec;

typedef struct roc_port_config {
    roc_port_kind kind;
    const char *path;  /**< files; borrowed for the call */
    int loop;          /**< file player: start over at the end */
    double frequency;  /**< tone, Hz; zero for 440 */
    double level_db;   /**< tone, peak in dBFS */
    unsigned int rate; /**< Hz; zero: the file's own, otherwise 44100 */
    /** Zero: the file's own, otherwise 2. What meets another number of channels is mapped as
        roc_context_register_encoding_ext() tells: 6 are 5.1 and 8 are 7.1. */
    unsigned int channels;
    /** Of packets, or of the file that a recorder writes; zero: as the payload type says, and 16
        bits in a file. A network port with a format needs no registered encoding: its packets have
        its own rate and channels under its payload type, and both sides must say the same. */
    roc_packet_format format;

    /* Network ports. */
    /** RTP payload type, 1..127. Without a format it must be known to the context, and zero means
        10 or 11. With one, zero means 10 or 11 where these fit and otherwise 96. */
    unsigned int payload_type;
    unsigned long long packet_length; /**< ns; zero for 5 ms; as in roc_sender_config */
    roc_port_fec fec;
    unsigned int fec_source_packets;   /**< zero with the next one zero: 18 */
    unsigned int fec_repair_packets;   /**< zero with the last one zero: 10 */
    unsigned long long target_latency; /**< ns; zero for 200 ms, or 60 ms to begin with when it is
                                            adaptive */
    /** Net receiver: zero keeps the latency at target_latency. Else it is adaptive: between these,
       ns, as low as the network allows; see docs/latency.md. */
    unsigned long long max_target_latency;
    unsigned long long min_target_latency;
    roc_latency_tuner_profile latency_tuner_profile; /**< net receiver; intact excludes adaptive */
    /** Literal IP address of the network card to use, borrowed for the call. A sender sends from
     * it; a receiver that is bound to a multicast address joins the group on it. NULL or "": the
     * system's choice. */
    const char *local_address;
} roc_port_config;

typedef struct roc_link_config {
    float gain; /**< linear; used as it is, so 1.0 for unchanged */
    int muted;
} roc_link_config;

typedef enum roc_port_state {
    ROC_PORT_READY = 0, /**< not linked yet */
    ROC_PORT_RUNNING = 1,
    ROC_PORT_FINISHED = 2, /**< a player that does not loop came to its end and gives silence */
    ROC_PORT_FAILED = 3,   /**< e.g. the disk is full */
} roc_port_state;

/** One snapshot of everything that a port counts; zero where a field does not apply. */
typedef struct roc_port_metrics {
    roc_port_state state;
    int error; /**< negative errno of ROC_PORT_FAILED */
    unsigned int rate, channels;
    unsigned long long frames;        /**< played, recorded, sent or received, per channel */
    unsigned long long length_frames; /**< of a player's file */
    unsigned long long dropped_frames;
    float peak; /**< since the last query, linear */

    unsigned long long packets_sent, repair_packets_sent, bytes_sent;
    unsigned long long packets_received, repair_packets_received, bytes_received;
    unsigned long long packets_expected, packets_lost, packets_recovered, packets_late;
    unsigned long long packets_duplicate, packets_rejected;
    unsigned long long frames_concealed;
    unsigned int sessions; /**< senders heard now */
    unsigned long long sessions_total;
    double queue_latency_ms, target_latency_ms, jitter_ms;
    double latency_ms; /**< from the earliest moment at which a frame could be here to when it
                          plays; 0 when unknown */
    double speed;      /**< of playing, 1 while both clocks agree */
    unsigned long long latency_jumps; /**< skips, because the latency was too far off */

    /** From reports over a control interface, of the connection that is newest; see
     * roc_connection_metrics_ext. NET_SENDER: how many receivers report; loss and jitter are what
     * these say. */
    unsigned int connections;
    int has_clock;
    double rtt_ms, clock_offset_ms, e2e_latency_ms; /**< e2e_latency_ms 0: unknown */
    unsigned long long remote_packets_lost;         /**< NET_SENDER: lost on the way */
    double remote_loss;                             /**< NET_SENDER: lately, 0..1 */
} roc_port_metrics;

ROC_API int roc_transceiver_open(roc_context *context, const roc_transceiver_config *config,
                                 roc_transceiver **result);
/** Removes all links and ports. A recorder's file is complete when this returns. */
ROC_API int roc_transceiver_close(roc_transceiver *transceiver);

ROC_API int roc_transceiver_add_port(roc_transceiver *transceiver, const roc_port_config *config,
                                     roc_port *result);
/** Removes its links, too. */
ROC_API int roc_transceiver_remove_port(roc_transceiver *transceiver, roc_port port);

/** NET_RECEIVER: binds an interface (source, repair or control); port 0 in the endpoint is replaced
 * by the real one. */
ROC_API int roc_transceiver_bind(roc_transceiver *transceiver, roc_port port, roc_interface iface,
                                 roc_endpoint *endpoint);
/** NET_SENDER: connects an interface of destination number `slot`. */
ROC_API int roc_transceiver_connect(roc_transceiver *transceiver, roc_port port, roc_slot slot,
                                    roc_interface iface, const roc_endpoint *endpoint);
/** NET_SENDER: drops destination number `slot`. */
ROC_API int roc_transceiver_disconnect(roc_transceiver *transceiver, roc_port port, roc_slot slot);

/** Rates must be equal (-ENOTSUP otherwise); channels are mapped. config may be NULL: gain 1. */
ROC_API int roc_transceiver_link(roc_transceiver *transceiver, roc_port source, roc_port sink,
                                 const roc_link_config *config, roc_link *result);
ROC_API int roc_transceiver_configure_link(roc_transceiver *transceiver, roc_link link,
                                           const roc_link_config *config);
ROC_API int roc_transceiver_unlink(roc_transceiver *transceiver, roc_link link);

ROC_API int roc_transceiver_query_port(roc_transceiver *transceiver, roc_port port,
                                       roc_port_metrics *metrics);

/** The sentence for the last failed call of this thread: what was wrong, and what to do. Never
 * NULL. */
ROC_API const char *roc_transceiver_error(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
