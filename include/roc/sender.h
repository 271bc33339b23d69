/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/sender.h
 * \brief Sends what is written to it.
 */
#ifndef ROC_SENDER_H_
#define ROC_SENDER_H_

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
 * Cuts samples into packets, protects them with FEC, and sends them to any number of receivers.
 *
 * A *slot* is one receiver: a source endpoint, and a repair endpoint where FEC is on. Source and
 * repair packets of a slot leave from the same UDP port, because receivers tell by it that they
 * belong together. A slot starts sending when all that its FEC needs is connected; what was written
 * before is not sent to it.
 *
 * Life cycle: roc_sender_open(), roc_sender_connect() for each interface, roc_sender_write() for as
 * long as there is sound, roc_sender_close(). Slots may come and go while another thread writes.
 *
 * A call that fails after it named a slot with good arguments (a host that does not resolve, a
 * protocol that does not fit the FEC of the config, an interface connected twice) *breaks* the
 * slot: it stops sending and refuses everything but roc_sender_unlink(), after which its number can
 * be used again.
 *
 * A control endpoint is optional. With one, the sender tells receivers when its samples were
 * captured and hears from them how the stream arrives (see roc_sender_query() and
 * roc/metrics_ext.h), and says goodbye when the slot is removed or the sender is closed.
 *
 * Not there yet: latency tuning on the sender. Asking for it fails with a message in the log when
 * the sender is opened.
 *
 * All functions return 0, or -1 with a message in the log; only roc_sender_write() logs nothing.
 * Thread: any, but one at a time for roc_sender_write(); roc_sender_close() excludes all others.
 */
typedef struct roc_sender roc_sender;

/**
 * Makes a sender.
 *
 * \param context borrowed until roc_sender_close()
 * \param config borrowed for the call
 * \param result written on success only
 * \returns 0, or -1 when an argument is NULL, frame_encoding or an enum value is not legal, the
 *  packet encoding is not registered (zero looks for one with the rate and channels of the frames),
 *  or something is asked for that is not there yet. Packet lengths and FEC blocks that no packets
 *  can have are found out when a slot is connected.
 */
ROC_API int roc_sender_open(roc_context *context, const roc_sender_config *config,
                            roc_sender **result);

/**
 * Sets the local side of an interface, before it is connected. A slot has one socket: what is set
 * for one interface holds for the others too, and two that differ make the second connect fail.
 * multicast_group is for receivers and has no effect here: the card that has outgoing_address is
 * the one by which packets to a multicast address leave.
 *
 * \returns 0, or -1 when an argument is NULL or an address in the config is no literal IP address
 *  (the slot is unharmed), or the interface is connected already (the slot is broken)
 */
ROC_API int roc_sender_configure(roc_sender *sender, roc_slot slot, roc_interface iface,
                                 const roc_interface_config *config);

/**
 * Connects an interface of a slot to where a receiver is bound. Makes the slot if it is new.
 * Resolves the host of the endpoint, which may block.
 *
 * \param endpoint borrowed for the call
 * \returns 0, or -1: the slot is broken then, unless an argument was NULL or the interface unknown
 */
ROC_API int roc_sender_connect(roc_sender *sender, roc_slot slot, roc_interface iface,
                               const roc_endpoint *endpoint);

/**
 * Reads the metrics of a slot.
 *
 * \param slot_metrics may be NULL
 * \param conn_metrics array that is filled; may be NULL
 * \param conn_metrics_count in: size of the array, out: how many were written, or would be with
 *  a NULL array; may be NULL without an array
 * \returns 0, or -1 when the slot is unknown or broken, or an array comes without its size
 */
ROC_API int roc_sender_query(roc_sender *sender, roc_slot slot, roc_sender_metrics *slot_metrics,
                             roc_connection_metrics *conn_metrics, size_t *conn_metrics_count);

/**
 * Stops sending to a slot and forgets it.
 *
 * \returns 0, or -1 when the slot is unknown
 */
ROC_API int roc_sender_unlink(roc_sender *sender, roc_slot slot);

/**
 * Sends samples to every slot that is complete. A frame may have any length, but more than a second
 * at once may be more than memory was set aside for, and packets are lost; samples that do not
 * fill a packet wait for the next call. With ROC_CLOCK_SOURCE_INTERNAL the call blocks so that
 * sound leaves at the pace of its rate; otherwise it never blocks.
 *
 * \returns 0 (also when nothing is connected; then the samples are dropped), or -1 when an argument
 *  is NULL or the size is not a multiple of the size of one sample of all channels
 *
 * Thread: rt with an external clock: no lock, no allocation.
 */
ROC_API int roc_sender_write(roc_sender *sender, const roc_frame *frame);

/**
 * Removes all slots and frees the sender. What was written has left when this returns, except
 * samples that did not fill a packet.
 *
 * \returns 0, or -1 when `sender` is NULL
 */
ROC_API int roc_sender_close(roc_sender *sender);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
