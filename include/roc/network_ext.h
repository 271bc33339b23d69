/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/network_ext.h
 * \brief How the network treats what a context sends.
 *
 * An addition to the API of Roc Toolkit: programs that need it must include it by name.
 */
#ifndef ROC_NETWORK_EXT_H_
#define ROC_NETWORK_EXT_H_

#include "roc/context.h"
#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/** All zero: the defaults. */
typedef struct roc_network_config {
    /** Differentiated services code point (RFC 2474) of every packet that is sent, in the TOS byte
     * of IPv4 and the traffic class of IPv6: switches and Wi-Fi sort packets by it. Zero for 46,
     * expedited forwarding (RFC 3246), what voice and sound use; -1 for none, best effort; else
     * 1..63. */
    int dscp;
    /** Routers that multicast packets may pass (TTL, hop limit); zero for 16, else 1..255. With 1
     * they stay on the local network. */
    unsigned int multicast_hops;
} roc_network_config;

/**
 * Sets how sockets send that are opened from now on, by connecting and binding on this context.
 * Sockets that are open keep theirs, and so does a transceiver that is open.
 *
 * Returns 0, or -1 when context or config is NULL or a value is out of range. Thread: any.
 */
ROC_API int roc_context_configure_network(roc_context *context, const roc_network_config *config);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
