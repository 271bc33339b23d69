/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/plugin.h
 * \brief Parts of a receiver that a program may bring along.
 *
 * Release 0.4.0 of Roc Toolkit has no plugins. Names and meaning are those of its development
 * branch.
 */
#ifndef ROC_PLUGIN_H_
#define ROC_PLUGIN_H_

#include "roc/config.h"
#include "roc/frame.h"
#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Numbers of plugins. */
enum {
    ROC_PLUGIN_ID_MIN = 1000, /**< the smallest that may be given */
    ROC_PLUGIN_ID_MAX = 9999  /**< the largest */
};

/**
 * Packet loss concealment: fills the gaps that lost packets leave where FEC cannot repair them.
 *
 * Register the table with roc_context_register_plc() and choose its number with
 * roc_context_select_plc() before a receiver is opened. All callbacks must be set. For each sender
 * that is heard one instance is made, which sees the sound of this sender in the order in which it
 * is played: process_history_cb what was received, process_loss_cb what is missing. Before the
 * first sound neither is called.
 *
 * Frames hold interleaved 32-bit floats with the rate and channels of the packets (not those of the
 * receiver's frames), in pieces of any size.
 *
 * Thread: new_cb, delete_cb and lookahead_len_cb are called on the network thread or the one that
 * opens or closes the receiver; the other two in roc_receiver_read() and
 * roc_receiver_decoder_pop_frame(), so they must neither block, lock nor allocate. Calls for one
 * instance never overlap; those for several may. No callback may call into the library.
 */
typedef struct roc_plugin_plc {
    /**
     * Makes an instance for a sender.
     *
     * \param plugin the table itself, which may be the first member of something larger
     * \param encoding of all frames to come; borrowed for the call
     * \returns what the other callbacks are given; NULL when it cannot, then the default of the
     *  library fills the gaps of this sender
     */
    void *(*new_cb)(struct roc_plugin_plc *plugin, const roc_media_encoding *encoding);

    /** Frees an instance; no callback is called for it any more. */
    void (*delete_cb)(void *plugin_instance);

    /**
     * How many samples per channel of what follows a gap process_loss_cb wants to see; zero for
     * none. Asked once, after new_cb. At most 100 ms are given.
     */
    unsigned int (*lookahead_len_cb)(void *plugin_instance);

    /** Sound that was received. \param history_frame read-only, borrowed for the call */
    void (*process_history_cb)(void *plugin_instance, const roc_frame *history_frame);

    /**
     * Makes up what is missing, or a part of it: a gap may come in several pieces. The library
     * limits what it gets to -1..1 and takes 0 for what is not a number.
     *
     * \param lost_frame zeros, to be overwritten; its buffer and size must stay as they are
     * \param lookahead_frame what follows: never NULL, but of size 0 where that has not arrived,
     *  where the gap does not end with lost_frame, or where lookahead_len_cb returned 0. It may be
     *  shorter than wished. Read-only. The same samples come as history later.
     *
     * Both are borrowed for the call.
     */
    void (*process_loss_cb)(void *plugin_instance, roc_frame *lost_frame,
                            const roc_frame *lookahead_frame);
} roc_plugin_plc;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
