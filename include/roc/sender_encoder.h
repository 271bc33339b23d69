/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/sender_encoder.h
 * \brief A sender without a network: frames in, datagrams out.
 */
#ifndef ROC_SENDER_ENCODER_H_
#define ROC_SENDER_ENCODER_H_

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
 * Does what a roc_sender does for one slot, and leaves it to you how the datagrams travel.
 *
 * Life cycle: roc_sender_encoder_open(); roc_sender_encoder_activate() for the source interface,
 * for the repair interface where the config asks for FEC, and for the control interface where
 * reports are wanted; then, for as long as there is sound, roc_sender_encoder_push_frame() and
 * after it roc_sender_encoder_pop_packet() on each interface until that has no more;
 * roc_sender_encoder_close(). Packets of an interface go to the same interface of a
 * roc_receiver_decoder, or to a roc_receiver.
 *
 * Packets are made once all that FEC needs is active; frames pushed before that are dropped. What
 * is not popped waits: up to 4096 packets on each interface.
 *
 * With the control interface, reports go both ways (RTCP, five times a second): pop those of the
 * encoder as other packets, and push those that the decoder gives with
 * roc_sender_encoder_push_feedback_packet().
 *
 * All functions return 0, or -1. They log why, except those that are called for every frame or
 * packet.
 * Thread: any, but one at a time for roc_sender_encoder_push_frame(), and for
 * roc_sender_encoder_pop_packet() on one interface; roc_sender_encoder_close() excludes all others.
 */
typedef struct roc_sender_encoder roc_sender_encoder;

/**
 * Makes an encoder.
 *
 * \param context borrowed until roc_sender_encoder_close()
 * \param config borrowed for the call; as for roc_sender_open()
 * \param result written on success only
 * \returns 0, or -1 for what roc_sender_open() refuses
 */
ROC_API int roc_sender_encoder_open(roc_context *context, const roc_sender_config *config,
                                    roc_sender_encoder **result);

/**
 * Says that packets of an interface are wanted, and in which protocol.
 *
 * \returns 0, or -1 when the encoder is NULL, the interface is unknown or active already, the
 *  protocol is none of this interface or does not go with the FEC of the config, or the config has
 * a packet length or an FEC block that no packets can have. After a failure the interface is not
 *  active, and may be tried again.
 */
ROC_API int roc_sender_encoder_activate(roc_sender_encoder *encoder, roc_interface iface,
                                        roc_protocol proto);

/**
 * Reads metrics.
 *
 * \param encoder_metrics its connection_count is 1 while a decoder reports, otherwise 0
 * \param conn_metrics written when there is a connection
 * \returns 0, or -1 when an argument is NULL
 */
ROC_API int roc_sender_encoder_query(roc_sender_encoder *encoder,
                                     roc_sender_metrics *encoder_metrics,
                                     roc_connection_metrics *conn_metrics);

/**
 * Cuts samples into packets, which wait to be popped. A frame may have any length; samples that do
 * not fill a packet wait for the next call. With ROC_CLOCK_SOURCE_INTERNAL the call blocks so that
 * sound goes at the pace of its rate; otherwise it never blocks.
 *
 * \returns 0, or -1 and nothing was taken: an argument is NULL, the size is not a multiple of the
 *  size of one sample of all channels, there is no room for the packets until earlier ones are
 *  popped, or no memory for them
 *
 * Thread: rt with an external clock, as long as packets are popped after each frame and a frame
 * makes no more than 32 of them besides repair packets: no lock, no allocation. Memory for more is
 * made inside the call.
 */
ROC_API int roc_sender_encoder_push_frame(roc_sender_encoder *encoder, const roc_frame *frame);

/**
 * Takes a report of the decoder.
 *
 * \param iface ROC_INTERFACE_AUDIO_CONTROL
 * \param packet copied
 * \returns 0, or -1 when an argument is NULL, the packet is empty or larger than max_packet_size of
 *  the context, or the interface is not active or takes no packets. What the bytes say is not
 * looked at here.
 */
ROC_API int roc_sender_encoder_push_feedback_packet(roc_sender_encoder *encoder,
                                                    roc_interface iface, const roc_packet *packet);

/**
 * Gives the oldest packet that waits on an interface.
 *
 * \param packet a buffer and its size, which becomes the size of the datagram; unchanged on failure
 * \returns 0, or -1 when nothing waits, an argument is NULL, the interface is not active, or the
 *  buffer is too small. Then the packet still waits: call again with a larger one. max_packet_size
 *  of the context (2048 by default) is always enough.
 *
 * Thread: rt for source and repair packets: no lock, no allocation. Reports are made here, under a
 * lock.
 */
ROC_API int roc_sender_encoder_pop_packet(roc_sender_encoder *encoder, roc_interface iface,
                                          roc_packet *packet);

/**
 * Frees the encoder and the packets that wait.
 *
 * \returns 0, or -1 when `encoder` is NULL
 */
ROC_API int roc_sender_encoder_close(roc_sender_encoder *encoder);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
