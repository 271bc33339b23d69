// SPDX-License-Identifier: MPL-2.0
//
// The way of received sound into a caller's frame: checked, and paced by the internal clock where
// that is asked for. roc_receiver and roc_receiver_decoder share it.
//
// Thread: init any; read rt with an external clock, one thread at a time.

#ifndef ROC_API_FRAME_READER_H
#define ROC_API_FRAME_READER_H

#include "api/pacer.h"
#include "api/receiver_setup.h"
#include "roc/frame.h"

struct frame_reader {
    unsigned channels;
    bool has_pacer;
    struct pacer pacer;
    size_t piece_frames; // in which an internal clock reads
};

void frame_reader_init(struct frame_reader *reader, const struct receiver_setup *setup);
// Fills the frame. Returns 0, or -EINVAL when it is NULL, its size is not a multiple of one sample
// of all channels, or it has a size but no samples.
int frame_reader_read(struct frame_reader *reader, struct receiver *receiver, roc_frame *frame);

#endif
