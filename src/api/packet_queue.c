// SPDX-License-Identifier: MPL-2.0

#include "api/packet_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ring.h"

struct packet_queue {
    struct ring *ring;
    // The popping side's: taken out of the ring, not yet handed over.
    struct packet *oldest;
};

int packet_queue_create(struct packet_queue **out)
{
    struct packet_queue *queue = calloc(1, sizeof(*queue));
    if (queue == NULL)
        return -ENOMEM;
    const int code = ring_create(&queue->ring, sizeof(struct packet *), PACKET_QUEUE_CAPACITY);
    if (code != 0)
        goto fail;
    *out = queue;
    return 0;

fail:
    packet_queue_destroy(queue);
    return code;
}

static struct packet *peek(struct packet_queue *queue)
{
    if (queue->oldest == NULL && ring_pop(queue->ring, &queue->oldest, 1) == 0)
        queue->oldest = NULL;
    return queue->oldest;
}

static void drop(struct packet_queue *queue)
{
    packet_unref(queue->oldest);
    queue->oldest = NULL;
}

void packet_queue_destroy(struct packet_queue *queue)
{
    if (queue == NULL)
        return;
    while (queue->ring != NULL && peek(queue) != NULL)
        drop(queue);
    ring_destroy(queue->ring);
    free(queue);
}

size_t packet_queue_writable(const struct packet_queue *queue)
{
    return ring_writable(queue->ring);
}

int packet_queue_push(struct packet_queue *queue, struct packet *packet)
{
    if (ring_push(queue->ring, &packet, 1) == 1)
        return 0;
    packet_unref(packet);
    return -ENOSPC;
}

int packet_queue_pop(struct packet_queue *queue, roc_packet *out)
{
    const struct packet *packet = peek(queue);
    if (packet == NULL)
        return -EAGAIN;
    if (out->bytes_size < packet->size_bytes)
        return -ENOSPC;
    memcpy(out->bytes, packet->data, packet->size_bytes);
    out->bytes_size = packet->size_bytes;
    drop(queue);
    return 0;
}
