// SPDX-License-Identifier: MPL-2.0
//
// What the settings of a sender mean: checked, completed from the encodings of the context, and in
// the terms of the stream room. roc_sender and roc_sender_encoder share it. Thread: any but rt.

#ifndef ROC_API_SENDER_SETUP_H
#define ROC_API_SENDER_SETUP_H

#include "api/api_error.h"
#include "api/context.h"
#include "audio/resampler.h"
#include "stream/send_session.h"

struct sender_setup {
    struct audio_encoding frames;     // of what is written
    enum resampler_profile resampler; // where frames and packets have different rates
    roc_clock_source clock_source;
    // With the encoding and the FEC scheme of packets; its output is not set. Lengths and blocks
    // that no packet can have are found out when a session is made of it.
    struct send_session_config session;
};

// Returns 0, -EINVAL, -ENOENT (no such packet encoding) or -ENOTSUP.
int sender_setup_parse(struct sender_setup *out, roc_context *context,
                       const roc_sender_config *config, struct api_error *error);

// A packet has room for one sample of every channel at least. Returns 0, or -EINVAL with the
// sentence.
int sender_setup_check_frame(const struct send_session_config *session, struct api_error *error);

#endif
