// SPDX-License-Identifier: MPL-2.0
//
// What the settings of a receiver mean: checked, with the encodings of the context, and in the
// terms of the stream room. roc_receiver and roc_receiver_decoder share it. Thread: any but rt.

#ifndef ROC_API_RECEIVER_SETUP_H
#define ROC_API_RECEIVER_SETUP_H

#include "api/api_error.h"
#include "api/context.h"
#include "stream/receiver.h"

struct receiver_setup {
    struct audio_encoding frames; // of what is read
    roc_clock_source clock_source;
    struct receiver_config receiver; // without a network
};

// Returns 0, -EINVAL or -ENOTSUP.
int receiver_setup_parse(struct receiver_setup *out, roc_context *context,
                         const roc_receiver_config *config, struct api_error *error);
// Words for what receiver_create returned. Returns `code`.
int receiver_setup_explain(const struct receiver_setup *setup, int code, struct api_error *error);

#endif
