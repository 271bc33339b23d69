// SPDX-License-Identifier: MPL-2.0
//
// Reads datagrams in batches, straight into packets of the pool. Belongs to the network thread and
// serves all its sockets in turn.

#ifndef ROC_NET_RECEIVE_BATCH_H
#define ROC_NET_RECEIVE_BATCH_H

#include "base/packet.h"

#define RECEIVE_BATCH_MAX 64

struct receive_batch;

// pool is borrowed. Returns 0 or -ENOMEM.
int receive_batch_create(struct receive_batch **out, struct packet_pool *pool);
void receive_batch_destroy(struct receive_batch *batch);

struct received {
    struct packet *packets[RECEIVE_BATCH_MAX]; // the reader's to give away
    size_t count;
    size_t dropped; // cut, because larger than a packet, or no packet was left
    bool is_full;   // there may be more to read
};

// Reads what waits on fd, at most one batch. Returns 0, -EAGAIN when nothing waits, or what
// recvmmsg failed with (an ICMP error that came back: the socket goes on).
int receive_batch_read(struct receive_batch *batch, int fd, struct received *received);
// Takes packets to read into from the pool, which grows for it; reading does it too. Early, it
// makes packet_pool_reserve of others count them as used.
void receive_batch_refill(struct receive_batch *batch);
// Gives the packets that wait to be filled back to the pool.
void receive_batch_release(struct receive_batch *batch);

#endif
