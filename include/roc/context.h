/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/context.h
 * \brief What senders, receivers and transceivers share.
 */
#ifndef ROC_CONTEXT_H_
#define ROC_CONTEXT_H_

#include "roc/config.h"
#include "roc/platform.h"
#include "roc/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Owns the network thread, the packets, and the table of packet encodings. One context may serve
 * any number of objects, or each object may have its own.
 *
 * Life cycle: roc_context_open(), open and close objects on it, roc_context_close().
 *
 * Thread: any.
 */
typedef struct roc_context roc_context;

/**
 * Makes a context and starts its network thread. A config of all zeros is the default one.
 *
 * \param config borrowed for the call
 * \param result written on success only; the caller owns it until roc_context_close()
 * \returns 0, or -1 when an argument is NULL, a size in the config is larger than 65507 bytes (one
 *  UDP datagram) or too small for any audio, or memory or threads are short
 *
 * Thread: any. Allocates and may block.
 */
ROC_API int roc_context_open(const roc_context_config *config, roc_context **result);

/**
 * Gives a number to a packet encoding that is not built in. RTP carries that number as payload
 * type and tells nothing else about the format, so both sides register the same encoding under the
 * same number, and do so before they open the objects that use it.
 *
 * On the wire, samples of a registered encoding are 16-bit big-endian integers, as the deployed
 * peers have it, although its `format` has to say float.
 *
 * \param encoding_id 1..127 and not in use; 10 and 11 are built in
 * \param encoding borrowed for the call
 * \returns 0, or -1 when an argument is NULL or the number is out of range or in use, when the rate
 *  is zero or above 1 MHz, when format or channel layout is unknown, or when `tracks` does not fit
 *  the layout (1..1024 for multitrack, 0 for the others)
 *
 * Thread: any.
 */
ROC_API int roc_context_register_encoding(roc_context *context, int encoding_id,
                                          const roc_media_encoding *encoding);

/**
 * Gives a number to a plugin for packet loss concealment, for roc_context_select_plc().
 *
 * \param plugin_id ROC_PLUGIN_ID_MIN..ROC_PLUGIN_ID_MAX and not in use
 * \param plugin all callbacks set; stays the caller's and must stay as it is until the context is
 *  closed
 * \returns 0, or -1 when an argument is NULL, a callback is missing, the number is out of range or
 *  in use, or 64 plugins are registered already
 *
 * Thread: any.
 */
ROC_API int roc_context_register_plc(roc_context *context, int plugin_id, roc_plugin_plc *plugin);

/**
 * Chooses what conceals lost packets in the receivers and decoders that are opened on this context
 * from now on. Not a field of their config, because that has the layout of Roc Toolkit 0.4.
 *
 * \param backend a constant of roc_plc_backend, or the number of a registered plugin
 * \returns 0, or -1 when the context is NULL or nothing has this number; then nothing changes
 *
 * Thread: any.
 */
ROC_API int roc_context_select_plc(roc_context *context, int backend);

/**
 * Stops the network thread and frees the context.
 *
 * \returns 0, or -1 when the context is NULL or an object is still open on it; then it stays open
 *
 * Thread: any but a callback of the library. Nobody may use the context any more.
 */
ROC_API int roc_context_close(roc_context *context);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
