// SPDX-License-Identifier: MPL-2.0

#include "api/frame_reader.h"

#include <errno.h>

#include "api/common_config.h"

void frame_reader_init(struct frame_reader *reader, const struct receiver_setup *setup)
{
    *reader = (struct frame_reader){
        .channels = setup->frames.channels,
        .has_pacer = setup->clock_source == ROC_CLOCK_SOURCE_INTERNAL,
        .piece_frames = piece_frames(setup->frames.rate_hz, setup->frames.channels),
    };
    pacer_init(&reader->pacer, setup->frames.rate_hz);
}

static void read_paced(struct frame_reader *reader, struct receiver *receiver, float *samples,
                       size_t frames)
{
    while (frames > 0) {
        const size_t n = frames < reader->piece_frames ? frames : reader->piece_frames;
        pacer_wait(&reader->pacer, n);
        receiver_read(receiver, samples, n);
        samples += n * reader->channels;
        frames -= n;
    }
}

int frame_reader_read(struct frame_reader *reader, struct receiver *receiver, roc_frame *frame)
{
    const size_t frame_size = reader->channels * sizeof(float);
    if (frame == NULL || frame->samples_size % frame_size != 0 ||
        (frame->samples == NULL && frame->samples_size != 0))
        return -EINVAL;
    const size_t frames = frame->samples_size / frame_size;
    if (reader->has_pacer)
        read_paced(reader, receiver, frame->samples, frames);
    else if (frames > 0)
        receiver_read(receiver, frame->samples, frames);
    return 0;
}
