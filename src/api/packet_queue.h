// SPDX-License-Identifier: MPL-2.0
//
// Packets of an encoder or decoder that wait for the caller to carry them away. One thread pushes,
// one thread pops; a packet that does not fit the caller's buffer keeps waiting.
//
// Thread: create and destroy any but rt, push and pop rt.

#ifndef ROC_API_PACKET_QUEUE_H
#define ROC_API_PACKET_QUEUE_H

#include "base/packet.h"
#include "roc/packet.h"

struct packet_queue;

#define PACKET_QUEUE_CAPACITY 4096

// Returns 0 or -ENOMEM.
int packet_queue_create(struct packet_queue **out);
// Returns what waits to its pool. NULL is fine.
void packet_queue_destroy(struct packet_queue *queue);

// How many packets can be pushed. For the pushing side.
size_t packet_queue_writable(const struct packet_queue *queue);
// The packet is taken, also on failure. Returns 0 or -ENOSPC.
int packet_queue_push(struct packet_queue *queue, struct packet *packet);
// Copies the oldest packet into the caller's buffer and sets the size. Returns 0, -EAGAIN (none
// waits), or -ENOSPC (the buffer is too small; the packet waits on).
int packet_queue_pop(struct packet_queue *queue, roc_packet *out);

#endif
