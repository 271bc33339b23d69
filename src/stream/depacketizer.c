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

void depacketizer_read(struct depacketizer *depacketizer, struct jitter_queue *queue,
                       float *samples, size_t frames, struct depacketizer_report *report)
{
    while (frames > 0) {
        size_t count = load(depacketizer, queue, report);

        if (count == 0) {
            count = decode(depacketizer, samples, frames);
            report->audio_frames += count;
        } else {
            count = count < frames ? count : frames;
            memset(samples, 0, count * depacketizer->channels * sizeof(*samples));
        }
        depacketizer->position += (int64_t)count;
        samples += count * depacketizer->channels;
        frames -= count;
    }
}
