/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/encoding_ext.h
 * \brief More packet encodings than Roc Toolkit 0.4 has.
 *
 * An extension of ours: 24-bit and float packets, 5.1 and 7.1. A peer that does not know an
 * encoding ignores its packets; a Roc Toolkit 0.4 peer knows L16 only.
 */
#ifndef ROC_ENCODING_EXT_H_
#define ROC_ENCODING_EXT_H_

#include "roc/context.h"
#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a sample is stored in packets. */
typedef enum roc_packet_format {
    ROC_PACKET_FORMAT_L16 = 1, /**< 16-bit big-endian integer (RFC 3551) */
    ROC_PACKET_FORMAT_L24 = 2, /**< 24-bit big-endian integer (RFC 3190) */
    ROC_PACKET_FORMAT_F32 = 3  /**< 32-bit big-endian IEEE 754 float; full scale is 1.0 */
} roc_packet_format;

/** As roc_channel_layout, with the same numbers, and more. Channels are interleaved. */
typedef enum roc_channel_layout_ext {
    ROC_CHANNEL_LAYOUT_EXT_MULTITRACK = 1,
    ROC_CHANNEL_LAYOUT_EXT_MONO = 2,
    ROC_CHANNEL_LAYOUT_EXT_STEREO = 3,
    /** Front left, front right, front centre, low frequencies, back left, back right. */
    ROC_CHANNEL_LAYOUT_EXT_SURROUND_5_1 = 4,
    /** As 5.1, then side left, side right. */
    ROC_CHANNEL_LAYOUT_EXT_SURROUND_7_1 = 5
} roc_channel_layout_ext;

/** Format of the sound in packets. All fields must be set. */
typedef struct roc_encoding_ext {
    roc_packet_format format;
    unsigned int rate; /**< Hz; 8000..192000 is what is tested */
    roc_channel_layout_ext layout;
    unsigned int tracks; /**< 1..1024 with the multitrack layout, 0 with any other */
} roc_encoding_ext;

/**
 * Gives a number to a packet encoding, as roc_context_register_encoding() does, but with a choice
 * of format and layout. Senders name it in `packet_encoding`; receivers play what arrives under it.
 *
 * Frames have the layouts of roc_media_encoding. Between those and packets, channels are mapped so:
 * multitrack on either side copies the first channels and leaves the rest silent, so frames of six
 * tracks go unchanged into packets of 5.1; mono and stereo are mixed from and to 5.1 and 7.1 with
 * the weights of ITU-R BS.775, divided by their sum so that nothing clips. Upwards, mono becomes
 * the centre and stereo the two front channels.
 *
 * L24 passes 24-bit sound bit-exact, as L16 does 16-bit sound; F32 passes floats from -1 to 1
 * bit-exact. All formats saturate at full scale. A float that arrives and is no sound (not a
 * number, infinite, more than 24 dB over full scale) is played as silence.
 *
 * A packet has to hold a sample of every channel: see max_packet_size of roc_context_config. By
 * default that is 1454 bytes with Reed-Solomon FEC, e.g. 363 channels of F32 or 727 of L16.
 *
 * \param encoding_id 1..127 and not in use; 10 and 11 are built in
 * \param encoding borrowed for the call
 * \returns 0, or -1 when an argument is NULL, the number is out of range or in use, the rate is
 *  zero or above 1 MHz, format or layout is unknown, or `tracks` does not fit the layout
 *
 * Thread: any.
 */
ROC_API int roc_context_register_encoding_ext(roc_context *context, int encoding_id,
                                              const roc_encoding_ext *encoding);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
