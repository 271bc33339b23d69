// SPDX-License-Identifier: MPL-2.0
//
// Packets in the order of their sequence numbers until their time comes. A packet lies in the slot
// that its (unwrapped) sequence number names, so that insertion and duplicate detection take one
// step; the numbers of packets that are gone stay there for a while, which tells a late packet from
// a duplicate.
//
// Belongs to the reader; memory is fixed at creation. Thread: create/destroy any, the rest rt.

#ifndef ROC_STREAM_JITTER_QUEUE_H
#define ROC_STREAM_JITTER_QUEUE_H

#include "stream/packet_filter.h"

struct jitter_queue;

struct jitter_entry {
    struct packet_place place;
    struct packet *packet;
    // FEC made it and the original never came.
    bool is_recovered;
};

// capacity (packets) is rounded up to a power of two, at most 32768. Returns 0, -EINVAL, -ENOMEM.
int jitter_queue_create(struct jitter_queue **out, size_t capacity);
void jitter_queue_destroy(struct jitter_queue *queue);

// The packet is taken, also on failure. Returns 0, -EEXIST (duplicate; also a restored packet whose
// original is there), -ETIMEDOUT (late: a packet behind it was popped), -ENOSPC (too far ahead).
// The original of a restored packet replaces it.
int jitter_queue_push(struct jitter_queue *queue, struct packet_place place, struct packet *packet);
// The oldest packet, which stays in the queue; false when there is none.
bool jitter_queue_peek(const struct jitter_queue *queue, struct jitter_entry *entry);
// The oldest packet, given to the caller. From the first pop on, packets before it are late.
bool jitter_queue_pop(struct jitter_queue *queue, struct jitter_entry *entry);
// The first sequence number that is not late.
int64_t jitter_queue_head(const struct jitter_queue *queue);
size_t jitter_queue_count(const struct jitter_queue *queue);

#endif
