// SPDX-License-Identifier: MPL-2.0

#include "stream/depacketizer.h"

#include <string.h>

void depacketizer_init(struct depacketizer *depacketizer, const struct audio_encoding *encoding)
{
    *depacketizer = (struct depacketizer){
        .codec = pcm_codec_get(encoding->format),
        .channels = encoding->channels,
    };
}

void depacketizer_finish(struct depacketizer *depacketizer)
{
    packet_unref(depacketizer->current.packet);
    depacketizer->current.packet = NULL;
}

void depacketizer_seek(struct depacketizer *depacketizer, int64_t position)
{
    depacketizer_finish(depacketizer);
    depacketizer->position = position;
}

static int64_t end_of(const struct jitter_entry *entry)
{
    return entry->place.position + entry->packet->duration;
}

// Makes the packet current that holds the next sample. Returns 0, or how many frames are missing
// before the next packet begins (SIZE_MAX when there is none).
static size_t load(struct depacketizer *depacketizer, struct jitter_queue *queue,
                   struct depacketizer_report *report)
{
    struct jitter_entry next;

    if (depacketizer->current.packet) {
        return 0;
    }
    while (jitter_queue_peek(queue, &next)) {
        if (next.place.position > depacketizer->position) {
            // Not popped: a packet in front of it may still arrive while the gap is played.
            return (size_t)(next.place.position - depacketizer->position);
        }
        jitter_queue_pop(queue, &next);
        if (end_of(&next) > depacketizer->position) {
            depacketizer->current = next;
            report->packets_recovered += next.is_recovered;
            return 0;
        }
        report->packets_late++;
        packet_unref(next.packet);
    }
    return SIZE_MAX;
}

// Decodes from the current packet, at most `frames`. Returns how many.
static size_t decode(struct depacketizer *depacketizer, float *samples, size_t frames)
{
    struct jitter_entry *current = &depacketizer->current;
    size_t skip = (size_t)(depacketizer->position - current->place.position);
    size_t count = current->packet->duration - skip;
    size_t frame_size = (size_t)depacketizer->channels * depacketizer->codec->sample_size;
    const uint8_t *payload = current->packet->data + current->packet->payload_offset;

    if (count > frames) {
        count = frames;
    }
    depacketizer->codec->decode(samples, payload + skip * frame_size,
                                count * depacketizer->channels);
    if (end_of(current) == depacketizer->position + (int64_t)count) {
        packet_unref(current->packet);
        current->packet = NULL;
    }
    return count;
}

// What follows the gap, for a plugin that wants to know: decoded twice, because it is not due yet.
// Only where the gap ends with these frames. Returns how many frames of it are in *next.
static size_t look_ahead(const struct depacketizer *depacketizer, struct jitter_queue *queue,
                         size_t frames, float **next)
{
    size_t count = concealment_get_lookahead(depacketizer->concealment, next);
    struct jitter_entry entry;

    if (count == 0 || !jitter_queue_peek(queue, &entry) ||
        entry.place.position != depacketizer->position + (int64_t)frames) {
        return 0;
    }
    if (count > entry.packet->duration) {
        count = entry.packet->duration;
    }
    depacketizer->codec->decode(*next, entry.packet->data + entry.packet->payload_offset,
                                count * depacketizer->channels);
    return count;
}

static void fill(struct depacketizer *depacketizer, struct jitter_queue *queue, float *samples,
                 size_t frames)
{
    float *next;
    size_t next_frames;

    if (!depacketizer->concealment) {
        memset(samples, 0, frames * depacketizer->channels * sizeof(*samples));
        return;
    }
    next_frames = look_ahead(depacketizer, queue, frames, &next);
    concealment_fill(depacketizer->concealment, samples, frames, next, next_frames);
}

void depacketizer_read(struct depacketizer *depacketizer, struct jitter_queue *queue,
                       float *samples, size_t frames, struct depacketizer_report *report)
{
    while (frames > 0) {
        size_t count = load(depacketizer, queue, report);

        if (count == 0) {
            count = decode(depacketizer, samples, frames);
            report->audio_frames += count;
            if (depacketizer->concealment) {
                concealment_push(depacketizer->concealment, samples, count);
            }
        } else {
            count = count < frames ? count : frames;
            fill(depacketizer, queue, samples, count);
        }
        depacketizer->position += (int64_t)count;
        samples += count * depacketizer->channels;
        frames -= count;
    }
}
