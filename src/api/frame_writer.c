// SPDX-License-Identifier: MPL-2.0

#include "api/frame_writer.h"

#include <errno.h>
#include <stdlib.h>

#include "api/common_config.h"
#include "audio/channel_map.h"

#define RESAMPLED_FRAMES 256

// With pieces that end where packets end, a clock lets packets leave evenly, whatever the length of
// the frames.
static size_t choose_piece(const struct sender_setup *setup, unsigned channels)
{
    const unsigned packet = send_session_samples(&setup->session);
    if (packet > 0 && packet <= PIECE_SAMPLES / channels)
        return packet;
    return piece_frames(setup->frames.rate_hz, channels);
}

static int init_resampler(struct frame_writer *writer, enum resampler_profile profile)
{
    const struct resampler_config config = {
        .in_rate_hz = writer->frames.rate_hz,
        .out_rate_hz = writer->packets.rate_hz,
        .channels = writer->packets.channels,
        .profile = profile,
    };
    if (config.in_rate_hz == config.out_rate_hz)
        return 0;
    writer->resampled = calloc(RESAMPLED_FRAMES * (size_t)config.channels, sizeof(float));
    return writer->resampled != NULL ? resampler_create(&writer->resampler, &config) : -ENOMEM;
}

int frame_writer_init(struct frame_writer *writer, const struct sender_setup *setup)
{
    const unsigned from = setup->frames.channels;
    const unsigned to = setup->session.encoding.channels;
    *writer = (struct frame_writer){
        .frames = setup->frames,
        .packets = setup->session.encoding,
        .has_pacer = setup->clock_source == ROC_CLOCK_SOURCE_INTERNAL,
        .piece_frames = choose_piece(setup, from > to ? from : to),
    };
    pacer_init(&writer->pacer, setup->frames.rate_hz);
    if (from != to) {
        writer->mapped = calloc(writer->piece_frames * to, sizeof(float));
        if (writer->mapped == NULL)
            return -ENOMEM;
    }
    return init_resampler(writer, setup->resampler);
}

void frame_writer_finish(struct frame_writer *writer)
{
    if (writer == NULL)
        return;
    free(writer->mapped);
    free(writer->resampled);
    resampler_destroy(writer->resampler);
}

ptrdiff_t frame_writer_check(const struct frame_writer *writer, const roc_frame *frame)
{
    const size_t frame_size = writer->frames.channels * sizeof(float);
    if (frame == NULL || frame->samples_size % frame_size != 0 ||
        (frame->samples == NULL && frame->samples_size != 0))
        return -EINVAL;
    return (ptrdiff_t)(frame->samples_size / frame_size);
}

uint64_t frame_writer_most(const struct frame_writer *writer, size_t frames)
{
    if (writer->resampler == NULL)
        return frames;
    // In whole seconds and a rest, so that nothing overflows.
    const uint64_t seconds = frames / writer->frames.rate_hz;
    const uint64_t rest = frames % writer->frames.rate_hz;
    return seconds * writer->packets.rate_hz +
           rest * writer->packets.rate_hz / writer->frames.rate_hz + RESAMPLED_FRAMES;
}

static void map_channels(struct frame_writer *writer, const float *samples, size_t frames)
{
    const struct audio_encoding *from = &writer->frames;
    const struct audio_encoding *to = &writer->packets;
    if (from->is_multitrack || to->is_multitrack)
        channel_copy(writer->mapped, to->channels, samples, from->channels, frames);
    else
        channel_map(writer->mapped, to->channels, samples, from->channels, frames);
}

// Goes on until the piece is used up and nothing more comes of it.
static void resample(struct frame_writer *writer, const float *samples, size_t frames,
                     frame_writer_fn output, void *arg)
{
    size_t out = RESAMPLED_FRAMES;
    while (frames > 0 || out == RESAMPLED_FRAMES) {
        size_t in = frames;
        out = RESAMPLED_FRAMES;
        resampler_process(writer->resampler, samples, &in, writer->resampled, &out);
        if (out > 0)
            output(writer->resampled, out, arg);
        samples += in * writer->packets.channels;
        frames -= in;
    }
}

static void write_piece(struct frame_writer *writer, const float *samples, size_t frames,
                        frame_writer_fn output, void *arg)
{
    if (writer->has_pacer)
        pacer_wait(&writer->pacer, frames);
    if (writer->mapped != NULL) {
        map_channels(writer, samples, frames);
        samples = writer->mapped;
    }
    if (writer->resampler != NULL)
        resample(writer, samples, frames, output, arg);
    else
        output(samples, frames, arg);
}

void frame_writer_write(struct frame_writer *writer, const roc_frame *frame, frame_writer_fn output,
                        void *arg)
{
    const float *samples = frame->samples;
    size_t left = frame->samples_size / (writer->frames.channels * sizeof(float));
    while (left > 0) {
        const size_t room = writer->piece_frames - writer->piece_filled;
        const size_t n = left < room ? left : room;
        write_piece(writer, samples, n, output, arg);
        writer->piece_filled = n < room ? writer->piece_filled + n : 0;
        samples += n * writer->frames.channels;
        left -= n;
    }
}
