/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/frame.h
 * \brief A piece of sound.
 */
#ifndef ROC_FRAME_H_
#define ROC_FRAME_H_

#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Interleaved samples in a buffer of the caller's. Rate, channels and format are those of the
 * frame_encoding that the sender or receiver was opened with.
 *
 * Thread: one at a time.
 */
typedef struct roc_frame {
    void *samples; /**< native-endian 32-bit floats, -1..1; borrowed for the call */
    size_t
        samples_size; /**< in bytes: a multiple of channels * 4; zero is legal and does nothing */
} roc_frame;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
