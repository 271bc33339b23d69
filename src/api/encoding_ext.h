// SPDX-License-Identifier: MPL-2.0
//
// The extended packet encodings in the terms of the rooms below. Thread: any.

#ifndef ROC_API_ENCODING_EXT_H
#define ROC_API_ENCODING_EXT_H

#include "audio/pcm.h"
#include "roc/encoding_ext.h"

// Returns 0, or -EINVAL for a format that the header does not list.
int packet_format_parse(enum pcm_format *out, roc_packet_format format);
// All but the payload type. Returns 0, or -EINVAL for one that breaks a rule of roc_encoding_ext.
int encoding_ext_parse(struct audio_encoding *out, const roc_encoding_ext *encoding);

#endif
