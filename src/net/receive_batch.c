// SPDX-License-Identifier: MPL-2.0

#include "net/receive_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"

#define LEFT_FOR_OTHERS 64

#define CONTROL_SIZE CMSG_SPACE(sizeof(struct timespec))

union control {
    unsigned char bytes[CONTROL_SIZE];
    struct cmsghdr alignment;
};

// Packets that were not filled stay here for the next read, so that one datagram does not cost 64
// trips to the pool.
struct receive_batch {
    struct packet_pool *pool;
    size_t count; // packets ready, at the front
    struct packet *packets[RECEIVE_BATCH_MAX];
    struct mmsghdr messages[RECEIVE_BATCH_MAX];
    struct iovec vectors[RECEIVE_BATCH_MAX];
    union control controls[RECEIVE_BATCH_MAX];
};

int receive_batch_create(struct receive_batch **out, struct packet_pool *pool)
{
    struct receive_batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL)
        return -ENOMEM;
    batch->pool = pool;
    *out = batch;
    return 0;
}

void receive_batch_destroy(struct receive_batch *batch)
{
    if (batch == NULL)
        return;
    receive_batch_release(batch);
    free(batch);
}

void receive_batch_release(struct receive_batch *batch)
{
    while (batch->count > 0)
        packet_unref(batch->packets[--batch->count]);
}

static void place(struct receive_batch *batch, size_t i, struct packet *packet)
{
    batch->packets[i] = packet;
    batch->vectors[i] = (struct iovec){.iov_base = packet->data, .iov_len = packet->capacity};
    batch->messages[i].msg_hdr = (struct msghdr){
        .msg_name = &packet->address,
        .msg_namelen = sizeof(packet->address),
        .msg_iov = &batch->vectors[i],
        .msg_iovlen = 1,
        .msg_control = batch->controls[i].bytes,
        .msg_controllen = CONTROL_SIZE,
    };
}

void receive_batch_refill(struct receive_batch *batch)
{
    // This thread may allocate and the audio threads may not: it grows the pool before it takes the
    // packets that they would find.
    const uint32_t missing = (uint32_t)(RECEIVE_BATCH_MAX - batch->count);
    (void)packet_pool_reserve(batch->pool, missing + LEFT_FOR_OTHERS);
    while (batch->count < RECEIVE_BATCH_MAX) {
        struct packet *packet = packet_pool_pop(batch->pool);
        if (packet == NULL)
            return;
        place(batch, batch->count++, packet);
    }
}

// Takes the first n away and closes the gap with the last ones.
static void consume(struct receive_batch *batch, size_t n)
{
    const size_t left = batch->count - n;
    for (size_t i = 0; i < n && i < left; i++)
        place(batch, i, batch->packets[batch->count - 1 - i]);
    batch->count = left;
}

// Without a packet to read into, the datagrams must still leave the socket, or epoll would report
// it for ever.
static int discard(int fd, struct received *received)
{
    while (received->dropped < RECEIVE_BATCH_MAX) {
        if (recv(fd, NULL, 0, MSG_DONTWAIT) < 0)
            return received->dropped > 0 ? 0 : -errno;
        received->dropped++;
    }
    received->is_full = true;
    return 0;
}

static int64_t kernel_time_ns(struct msghdr *header)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec time;
        memcpy(&time, CMSG_DATA(control), sizeof(time));
        return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    }
    return 0;
}

static void accept_message(struct mmsghdr *message, struct packet *packet,
                           struct received *received)
{
    if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0 || message->msg_len > packet->capacity) {
        received->dropped++;
        packet_unref(packet);
        return;
    }
    packet->size_bytes = (uint16_t)message->msg_len;
    packet->receive_time_ns = kernel_time_ns(&message->msg_hdr);
    // A kernel that does not stamp: the time of reading is the next best.
    if (packet->receive_time_ns == 0)
        packet->receive_time_ns = clock_realtime_ns();
    received->packets[received->count++] = packet;
}

int receive_batch_read(struct receive_batch *batch, int fd, struct received *received)
{
    received->count = 0;
    received->dropped = 0;
    received->is_full = false;
    receive_batch_refill(batch);
    if (batch->count == 0)
        return discard(fd, received);

    const int n = recvmmsg(fd, batch->messages, (unsigned)batch->count, MSG_DONTWAIT, NULL);
    if (n < 0)
        return -errno;
    received->is_full = (size_t)n == batch->count;
    for (size_t i = 0; i < (size_t)n; i++)
        accept_message(&batch->messages[i], batch->packets[i], received);
    consume(batch, (size_t)n);
    return 0;
}
