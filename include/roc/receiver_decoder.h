/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/receiver_decoder.h
 * \brief A receiver without a network: datagrams in, frames out.
 */
#ifndef ROC_RECEIVER_DECODER_H_
#define ROC_RECEIVER_DECODER_H_

#include "roc/config.h"
#include "roc/context.h"
#include "roc/frame.h"
#include "roc/metrics.h"
#include "roc/packet.h"
#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Does what a roc_receiver does for one slot and one sender, and leaves it to you how the datagrams
 * travel.
 *
 * Life cycle: roc_receiver_decoder_open(); roc_receiver_decoder_activate() for each interface that
 * has packets; then, for as long as sound is wanted, roc_receiver_decoder_push_packet() for what
 * has arrived and roc_receiver_decoder_pop_frame(); roc_receiver_decoder_close().
 *
 * The first source packet begins a session, which plays once the target latency is in its queue,
 * and ends when nothing playable came for a while. Until it has ended, packets of another SSRC are
 * ignored.
 *
 * With the control interface, reports go both ways (RTCP, five times a second): push those of the
 * encoder as other packets, and carry back what roc_receiver_decoder_pop_feedback_packet() gives.
 * The limits of roc_receiver hold.
 *
 * All functions return 0, or -1. They log why, except those that are called for every frame or
 * packet.
 * Thread: any, but one at a time for roc_receiver_decoder_pop_frame(), and for
 * roc_receiver_decoder_pop_feedback_packet(); roc_receiver_decoder_close() excludes all others.
 */
typedef struct roc_receiver_decoder roc_receiver_decoder;

/**
 * Makes a decoder. It understands what a roc_receiver with this config understands.
 *
 * \param context borrowed until roc_receiver_decoder_close()
 * \param config borrowed for the call; as for roc_receiver_open()
 * \param result written on success only
 * \returns 0, or -1 for what roc_receiver_open() refuses
 */
ROC_API int roc_receiver_decoder_open(roc_context *context, const roc_receiver_config *config,
                                      roc_receiver_decoder **result);

/**
 * Says which packets will come on an interface.
 *
 * \returns 0, or -1 when the decoder is NULL, the interface is unknown or active already, or the
 *  protocol is none of this interface or does not go with that of another one. After a failure the
 *  interface is not active, and may be tried again.
 */
ROC_API int roc_receiver_decoder_activate(roc_receiver_decoder *decoder, roc_interface iface,
                                          roc_protocol proto);

/**
 * Reads metrics.
 *
 * \param decoder_metrics its connection_count is 1 while there is a session, otherwise 0
 * \param conn_metrics written when there is one
 * \returns 0, or -1 when an argument is NULL
 */
ROC_API int roc_receiver_decoder_query(roc_receiver_decoder *decoder,
                                       roc_receiver_metrics *decoder_metrics,
                                       roc_connection_metrics *conn_metrics);

/**
 * Takes a datagram that arrived now.
 *
 * \param packet copied
 * \returns 0, or -1 when an argument is NULL, the packet is empty or larger than max_packet_size of
 *  the context, the interface is not active, or there is no memory. What the bytes say is not told:
 *  packets that make no sense are ignored.
 *
 * Thread: any, not rt: it makes the session when a sender is new, and memory for packets when more
 * than ever before wait for roc_receiver_decoder_pop_frame().
 */
ROC_API int roc_receiver_decoder_push_packet(roc_receiver_decoder *decoder, roc_interface iface,
                                             const roc_packet *packet);

/**
 * Gives the oldest report that waits to be carried to the encoder.
 *
 * \param iface ROC_INTERFACE_AUDIO_CONTROL
 * \param packet a buffer and its size, which becomes the size of the datagram; unchanged on failure
 * \returns 0, or -1 when nothing waits, an argument is NULL, the interface is not active or gives
 * no packets, or the buffer is too small. Then the packet still waits: call again with a larger
 * one.
 *
 * Thread: any, not rt: reports are made here, under a lock.
 */
ROC_API int roc_receiver_decoder_pop_feedback_packet(roc_receiver_decoder *decoder,
                                                     roc_interface iface, roc_packet *packet);

/**
 * Fills a frame of any length, with zeros where there is nothing to play. With
 * ROC_CLOCK_SOURCE_INTERNAL the call blocks so that sound comes at the pace of its rate; otherwise
 * it never blocks.
 *
 * \returns 0, or -1 when an argument is NULL or the size is not a multiple of the size of one
 *  sample of all channels
 *
 * Thread: rt with an external clock: no lock, no allocation.
 */
ROC_API int roc_receiver_decoder_pop_frame(roc_receiver_decoder *decoder, roc_frame *frame);

/**
 * Frees the decoder with its session.
 *
 * \returns 0, or -1 when `decoder` is NULL
 */
ROC_API int roc_receiver_decoder_close(roc_receiver_decoder *decoder);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
