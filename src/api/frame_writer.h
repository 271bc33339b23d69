// SPDX-License-Identifier: MPL-2.0
//
// The way of a caller's frame into packets: checked, cut into pieces, paced by the internal clock
// where that is asked for, and brought into the channels and the rate of the packets. roc_sender
// and roc_sender_encoder share it.
//
// Thread: init and finish any but rt; write rt with an external clock, one thread at a time.

#ifndef ROC_API_FRAME_WRITER_H
#define ROC_API_FRAME_WRITER_H

#include "api/pacer.h"
#include "api/sender_setup.h"
#include "roc/frame.h"

struct frame_writer {
    struct audio_encoding frames;
    struct audio_encoding packets;
    bool has_pacer;
    struct pacer pacer;
    size_t piece_frames; // as long as a packet where that is possible
    size_t piece_filled; // of the piece that goes on
    float *mapped;       // a piece in the channels of packets; NULL when frames have the same
    struct resampler *resampler; // NULL when frames and packets have the same rate
    float *resampled;            // a piece at the rate of packets
};

// Takes a piece in the channels and at the rate of the packets.
typedef void (*frame_writer_fn)(const float *samples, size_t frames, void *arg);

// Returns 0, -EINVAL (too many channels for a resampler) or -ENOMEM. An object of all zeros may be
// finished.
int frame_writer_init(struct frame_writer *writer, const struct sender_setup *setup);
void frame_writer_finish(struct frame_writer *writer);

// How many samples (per channel) the frame holds, or -EINVAL when it is NULL, its size is not a
// multiple of one sample of all channels, or it has a size but no samples.
ptrdiff_t frame_writer_check(const struct frame_writer *writer, const roc_frame *frame);
// The most frames of packets that so many frames of the caller become.
uint64_t frame_writer_most(const struct frame_writer *writer, size_t frames);
// Needs a frame that was checked.
void frame_writer_write(struct frame_writer *writer, const roc_frame *frame, frame_writer_fn output,
                        void *arg);

#endif
