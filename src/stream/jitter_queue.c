// SPDX-License-Identifier: MPL-2.0

#include "stream/jitter_queue.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_CAPACITY 32768

struct slot {
    // seq is -1 in a slot that was never used; packet is NULL once the packet is gone.
    struct jitter_entry entry;
    bool has_arrived; // as itself, not restored
};

struct jitter_queue {
    struct slot *slots;
    size_t capacity; // power of two
    size_t count;
    int64_t head; // lowest number still wanted
    int64_t end;  // newest number + 1
    bool has_numbers;
    bool is_running; // something was popped, head does not go back any more
};

static struct slot *slot_of(const struct jitter_queue *queue, int64_t seq)
{
    return &queue->slots[(size_t)seq & (queue->capacity - 1)];
}

int jitter_queue_create(struct jitter_queue **out, size_t capacity)
{
    struct jitter_queue *queue;
    size_t i;

    if (capacity == 0 || capacity > MAX_CAPACITY) {
        return -EINVAL;
    }
    queue = calloc(1, sizeof(*queue));
    if (!queue) {
        return -ENOMEM;
    }
    queue->capacity = 1;
    while (queue->capacity < capacity) {
        queue->capacity *= 2;
    }
    queue->slots = calloc(queue->capacity, sizeof(*queue->slots));
    if (!queue->slots) {
        goto fail;
    }
    for (i = 0; i < queue->capacity; i++) {
        queue->slots[i].entry.place.seq = -1;
    }
    *out = queue;
    return 0;

fail:
    jitter_queue_destroy(queue);
    return -ENOMEM;
}

void jitter_queue_destroy(struct jitter_queue *queue)
{
    size_t i;

    if (!queue) {
        return;
    }
    for (i = 0; queue->slots && i < queue->capacity; i++) {
        packet_unref(queue->slots[i].entry.packet);
    }
    free(queue->slots);
    free(queue);
}

// The slot knows this number already.
static int push_again(struct slot *slot, struct packet *packet)
{
    if (packet->is_restored || slot->has_arrived) {
        packet_unref(packet);
        return -EEXIST;
    }
    slot->has_arrived = true;
    if (!slot->entry.packet) {
        packet_unref(packet);
        return -ETIMEDOUT;
    }
    packet_unref(slot->entry.packet);
    slot->entry.packet = packet;
    slot->entry.is_recovered = false;
    return 0;
}

static int push_late(struct slot *slot, struct packet_place place, struct packet *packet)
{
    // Leaves its number behind, so that a second copy is seen as one; never over a newer number.
    if (place.seq > slot->entry.place.seq) {
        slot->entry.place = place;
        slot->has_arrived = !packet->is_restored;
    }
    packet_unref(packet);
    return -ETIMEDOUT;
}

// Makes the range of wanted numbers include seq, or says why it cannot.
static int stretch(struct jitter_queue *queue, int64_t seq)
{
    if (!queue->has_numbers) {
        queue->has_numbers = true;
        queue->head = seq;
        queue->end = seq + 1;
        return 0;
    }
    if (seq < queue->head) {
        if (queue->is_running) {
            return -ETIMEDOUT;
        }
        if (queue->end - seq > (int64_t)queue->capacity) {
            return -ENOSPC;
        }
        queue->head = seq;
        return 0;
    }
    if (seq - queue->head >= (int64_t)queue->capacity) {
        return -ENOSPC;
    }
    if (seq >= queue->end) {
        queue->end = seq + 1;
    }
    return 0;
}

int jitter_queue_push(struct jitter_queue *queue, struct packet_place place, struct packet *packet)
{
    struct slot *slot = slot_of(queue, place.seq);
    int err;

    if (slot->entry.place.seq == place.seq) {
        return push_again(slot, packet);
    }
    err = stretch(queue, place.seq);
    if (err == -ETIMEDOUT) {
        return push_late(slot, place, packet);
    }
    if (err < 0) {
        packet_unref(packet);
        return err;
    }
    slot->entry = (struct jitter_entry){
        .place = place,
        .packet = packet,
        .is_recovered = packet->is_restored,
    };
    slot->has_arrived = !packet->is_restored;
    queue->count++;
    return 0;
}

static struct slot *find_oldest(const struct jitter_queue *queue)
{
    int64_t seq;

    if (queue->count == 0) {
        return NULL;
    }
    // The filter lets no stream jump by more than about a thousand, which bounds this walk.
    for (seq = queue->head; seq < queue->end; seq++) {
        struct slot *slot = slot_of(queue, seq);
        if (slot->entry.packet && slot->entry.place.seq == seq) {
            return slot;
        }
    }
    return NULL;
}

bool jitter_queue_peek(const struct jitter_queue *queue, struct jitter_entry *entry)
{
    const struct slot *slot = find_oldest(queue);

    if (!slot) {
        return false;
    }
    *entry = slot->entry;
    return true;
}

bool jitter_queue_pop(struct jitter_queue *queue, struct jitter_entry *entry)
{
    struct slot *slot = find_oldest(queue);

    if (!slot) {
        return false;
    }
    *entry = slot->entry;
    slot->entry.packet = NULL;
    queue->count--;
    queue->head = entry->place.seq + 1;
    queue->is_running = true;
    return true;
}

int64_t jitter_queue_head(const struct jitter_queue *queue)
{
    return queue->head;
}

size_t jitter_queue_count(const struct jitter_queue *queue)
{
    return queue->count;
}
