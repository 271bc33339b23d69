// SPDX-License-Identifier: MPL-2.0
//
// Turns the packets of a jitter queue into one gapless run of samples: each sample at the position
// that its timestamp names, gaps of exact length concealed, late packets cut or dropped.
//
// Plain value that holds at most one packet; belongs to the reader. Thread: rt.

#ifndef ROC_STREAM_DEPACKETIZER_H
#define ROC_STREAM_DEPACKETIZER_H

#include "audio/concealment.h"
#include "audio/pcm.h"
#include "stream/jitter_queue.h"

struct depacketizer {
    const struct pcm_codec *codec;
    unsigned channels;
    int64_t position;                // of the next sample that is read
    struct jitter_entry current;     // packet NULL: none
    struct concealment *concealment; // borrowed, to be set after init; NULL: gaps are zeros
};

// What one read met.
struct depacketizer_report {
    size_t audio_frames; // the rest was missing
    unsigned packets_recovered;
    unsigned packets_late;
};

// Needs a format that there is and at least one channel.
void depacketizer_init(struct depacketizer *depacketizer, const struct audio_encoding *encoding);
void depacketizer_finish(struct depacketizer *depacketizer);
// Drops what it holds and goes on at position.
void depacketizer_seek(struct depacketizer *depacketizer, int64_t position);
// Writes exactly `frames` frames and advances by as many. Adds to *report.
void depacketizer_read(struct depacketizer *depacketizer, struct jitter_queue *queue,
                       float *samples, size_t frames, struct depacketizer_report *report);

#endif
