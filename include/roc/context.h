/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/context.h
 * \brief What senders, receivers and transceivers share.
 */
#ifndef ROC_CONTEXT_H_
#define ROC_CONTEXT_H_

#include "roc/config.h"
#include "roc/platform.h"

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
