// SPDX-License-Identifier: MPL-2.0

#include "base/ring.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

// Positions count elements for ever and wrap with size_t; masked they are places in the buffer.
// Each side keeps the other's position as it last saw it, and looks again only when that is not
// enough: the two cache lines then rarely travel between cores.
struct ring {
    size_t element_size;
    size_t mask;
    unsigned char *elements;
    struct {
        alignas(CACHE_LINE) atomic_size_t tail;
        size_t seen_head;
    } producer;
    struct {
        alignas(CACHE_LINE) atomic_size_t head;
        size_t seen_tail;
    } consumer;
};

static size_t round_up_to_power_of_two(size_t n)
{
    size_t power = 1;
    while (power < n)
        power *= 2;
    return power;
}

int ring_create(struct ring **out, size_t element_size, size_t capacity)
{
    if (element_size == 0 || capacity == 0 || capacity > SIZE_MAX / 4 / element_size)
        return -EINVAL;
    struct ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));
    if (ring == NULL)
        return -ENOMEM;
    memset(ring, 0, sizeof(*ring));
    const size_t size = round_up_to_power_of_two(capacity);
    ring->element_size = element_size;
    ring->mask = size - 1;
    ring->elements = calloc(size, element_size);
    if (ring->elements == NULL) {
        ring_destroy(ring);
        return -ENOMEM;
    }
    *out = ring;
    return 0;
}

void ring_destroy(struct ring *ring)
{
    if (ring == NULL)
        return;
    free(ring->elements);
    free(ring);
}

size_t ring_push(struct ring *ring, const void *elements, size_t count)
{
    const size_t size = ring->mask + 1;
    const size_t tail = atomic_load_explicit(&ring->producer.tail, memory_order_relaxed);
    if (size - (tail - ring->producer.seen_head) < count)
        ring->producer.seen_head = atomic_load_explicit(&ring->consumer.head, memory_order_acquire);
    const size_t room = size - (tail - ring->producer.seen_head);
    if (count > room)
        count = room;
    if (count == 0)
        return 0;

    const size_t place = tail & ring->mask;
    const size_t first = count < size - place ? count : size - place;
    const unsigned char *from = elements;
    memcpy(ring->elements + place * ring->element_size, from, first * ring->element_size);
    memcpy(ring->elements, from + first * ring->element_size, (count - first) * ring->element_size);
    atomic_store_explicit(&ring->producer.tail, tail + count, memory_order_release);
    return count;
}

size_t ring_pop(struct ring *ring, void *elements, size_t count)
{
    const size_t size = ring->mask + 1;
    const size_t head = atomic_load_explicit(&ring->consumer.head, memory_order_relaxed);
    if (ring->consumer.seen_tail - head < count)
        ring->consumer.seen_tail = atomic_load_explicit(&ring->producer.tail, memory_order_acquire);
    const size_t there = ring->consumer.seen_tail - head;
    if (count > there)
        count = there;
    if (count == 0)
        return 0;

    const size_t place = head & ring->mask;
    const size_t first = count < size - place ? count : size - place;
    unsigned char *to = elements;
    memcpy(to, ring->elements + place * ring->element_size, first * ring->element_size);
    memcpy(to + first * ring->element_size, ring->elements, (count - first) * ring->element_size);
    atomic_store_explicit(&ring->consumer.head, head + count, memory_order_release);
    return count;
}

size_t ring_readable(const struct ring *ring)
{
    // A third thread may see the consumer move between the two loads; the difference is then
    // negative, or more than the ring holds.
    const size_t tail = atomic_load_explicit(&ring->producer.tail, memory_order_acquire);
    const size_t head = atomic_load_explicit(&ring->consumer.head, memory_order_acquire);
    const size_t there = tail - head;
    return there <= ring->mask + 1 ? there : 0;
}

size_t ring_writable(const struct ring *ring)
{
    return ring->mask + 1 - ring_readable(ring);
}
