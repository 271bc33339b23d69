/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/receiver.h
 * \brief Gives what senders send.
 */
#ifndef ROC_RECEIVER_H_
#define ROC_RECEIVER_H_

#include "roc/config.h"
#include "roc/context.h"
#include "roc/endpoint.h"
#include "roc/frame.h"
#include "roc/metrics.h"
#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Listens on any number of slots, restores lost packets, and mixes all senders that it hears.
 *
 * A *slot* is a set of addresses to listen on: a source endpoint, and a repair endpoint where FEC
 * is wanted. Each sender that is heard becomes a session of its own, which starts to play once the
 * target latency is in its queue and ends when nothing playable came for a while.
 *
 * Life cycle: roc_receiver_open(), roc_receiver_bind() for each interface, roc_receiver_read() for
 * as long as sound is wanted, roc_receiver_close(). Slots may come and go while another thread
 * reads.
 *
 * A call that fails after it named a slot with good arguments *breaks* the slot, as with a sender
 * (see roc/sender.h).
 *
 * A control endpoint is optional. With one, the receiver reports to senders how their streams
 * arrive, learns the end-to-end latency (see roc_receiver_query() and roc/metrics_ext.h), and a
 * sender that says goodbye is played to its end and no longer waited for.
 *
 * Where packets are lost that FEC cannot restore, sound is made up (see roc_context_select_plc()
 * and roc/plugin.h), and what ends unexpectedly fades out. A sender that plays alone
 * and without loss is passed on bit by bit; several are turned down together while their sum
 * exceeds -1..1.
 *
 * A receiver holds the target latency of each session, whatever the clocks of both sides do, as the
 * profile of the config says (see docs/latency.md).
 *
 * All functions return 0, or -1 with a message in the log; only roc_receiver_read() logs nothing.
 * Thread: any, but one at a time for roc_receiver_read(); roc_receiver_close() excludes all others.
 */
typedef struct roc_receiver roc_receiver;

/**
 * Makes a receiver. It understands the encodings that the context knows now and that have the rate
 * of the frames or one that can be converted to it.
 *
 * \param context borrowed until roc_receiver_close()
 * \param config borrowed for the call
 * \param result written on success only
 * \returns 0, or -1 when an argument is NULL, frame_encoding or an enum value is not legal, the
 *  target latency is longer than a minute, or no encoding of the context can be played at the rate
 *  of the frames
 */
ROC_API int roc_receiver_open(roc_context *context, const roc_receiver_config *config,
                              roc_receiver **result);

/**
 * Sets the local side of an interface, before it is bound. outgoing_address has no effect: the
 * endpoint says where to bind. A multicast_group that does not suit the endpoint makes binding
 * fail.
 *
 * \returns 0, or -1 when an argument is NULL or an address in the config is no literal IP address
 *  (the slot is unharmed), or the interface is bound already (the slot is broken)
 */
ROC_API int roc_receiver_configure(roc_receiver *receiver, roc_slot slot, roc_interface iface,
                                   const roc_interface_config *config);

/**
 * Binds an interface of a slot. Makes the slot if it is new. Resolves the host of the endpoint,
 * which may block.
 *
 * \param endpoint borrowed for the call; port 0 is replaced by the port that was found
 * \returns 0, or -1: the slot is broken then, unless an argument was NULL or the interface unknown
 */
ROC_API int roc_receiver_bind(roc_receiver *receiver, roc_slot slot, roc_interface iface,
                              roc_endpoint *endpoint);

/**
 * Reads the metrics of a slot.
 *
 * \param slot_metrics may be NULL
 * \param conn_metrics array that is filled; may be NULL
 * \param conn_metrics_count in: size of the array, out: how many were written, or would be with
 *  a NULL array; may be NULL without an array
 * \returns 0, or -1 when the slot is unknown or broken, or an array comes without its size
 */
ROC_API int roc_receiver_query(roc_receiver *receiver, roc_slot slot,
                               roc_receiver_metrics *slot_metrics,
                               roc_connection_metrics *conn_metrics, size_t *conn_metrics_count);

/**
 * Stops listening on a slot, ends its sessions and forgets it.
 *
 * \returns 0, or -1 when the slot is unknown
 */
ROC_API int roc_receiver_unlink(roc_receiver *receiver, roc_slot slot);

/**
 * Fills a frame of any length with the mix of all sessions, with zeros where there is nothing. With
 * ROC_CLOCK_SOURCE_INTERNAL the call blocks so that sound comes at the pace of its rate; otherwise
 * it never blocks.
 *
 * \returns 0, or -1 when an argument is NULL or the size is not a multiple of the size of one
 *  sample of all channels
 *
 * Thread: rt with an external clock: no lock, no allocation.
 */
ROC_API int roc_receiver_read(roc_receiver *receiver, roc_frame *frame);

/**
 * Removes all slots and frees the receiver.
 *
 * \returns 0, or -1 when `receiver` is NULL
 */
ROC_API int roc_receiver_close(roc_receiver *receiver);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
