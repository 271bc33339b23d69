/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/packet.h
 * \brief A datagram.
 */
#ifndef ROC_PACKET_H_
#define ROC_PACKET_H_

#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of one datagram, in a buffer of the caller. */
typedef struct roc_packet {
    void *bytes;
    /** In bytes. For a packet that is filled: in the size of the buffer, out the size of the
        datagram. */
    size_t bytes_size;
} roc_packet;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
