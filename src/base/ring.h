// SPDX-License-Identifier: MPL-2.0
//
// Single-producer single-consumer ring of fixed-size elements: the way across threads. Wait-free;
// one thread pushes, one thread pops, either may be the audio thread.

#ifndef ROC_BASE_RING_H
#define ROC_BASE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring;

// capacity is rounded up to a power of two. Thread: any but rt. Returns 0, -EINVAL or -ENOMEM.
int ring_create(struct ring **out, size_t element_size, size_t capacity);
void ring_destroy(struct ring *ring);

// Copies up to count elements in (out) and returns how many. Thread: rt.
size_t ring_push(struct ring *ring, const void *elements, size_t count);
size_t ring_pop(struct ring *ring, void *elements, size_t count);

// What can be popped, what can be pushed: exact for the thread on that side, a bound for others.
size_t ring_readable(const struct ring *ring);
size_t ring_writable(const struct ring *ring);

#endif
