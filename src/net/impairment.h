// SPDX-License-Identifier: MPL-2.0
//
// An impaired link: what a bad network does to datagrams on their way out, seeded so that it
// repeats. Part of the product, for demonstrations and tests.

#ifndef ROC_NET_IMPAIRMENT_H
#define ROC_NET_IMPAIRMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/packet.h"

// All zero: the link is perfect. Probabilities are 0..1.
struct impairment_config {
    double loss;
    double duplicate;
    double reorder; // this share is held back by reorder_delay_ns
    int64_t reorder_delay_ns;
    int64_t delay_ns;  // constant part
    int64_t jitter_ns; // uniform 0..jitter on top
    uint64_t seed;     // 0 = random
};

// A datagram on its way.
struct impaired_datagram {
    struct packet *packet;
    struct net_address to;
    bool is_copy; // a duplicate that the link made
};

// The link itself: datagrams in, datagrams out when they are due. It reads no clock; `now_ns` is
// any clock that the caller sticks to. Memory is fixed when it is made.
// Thread: one thread at a time.
struct impairment;

// True when the config changes anything.
bool impairment_config_is_set(const struct impairment_config *config);

// capacity: datagrams under way, 0 = 4096. Returns 0, -EINVAL (a probability outside 0..1, a
// negative time) or -ENOMEM.
int impairment_create(struct impairment **out, const struct impairment_config *config,
                      size_t capacity);
// Drops what is under way.
void impairment_destroy(struct impairment *impairment);

// Takes the datagram's packet. Returns how many of it will come out (0 when the link loses it, 2
// when it doubles it), or -ENOSPC when the link is full.
int impairment_push(struct impairment *impairment, const struct impaired_datagram *datagram,
                    int64_t now_ns);
// Gives the next datagram that is due at now_ns; its packet is the caller's then. -EAGAIN: none.
int impairment_pop(struct impairment *impairment, struct impaired_datagram *datagram,
                   int64_t now_ns);
// When the next one is due; INT64_MAX when nothing is under way.
int64_t impairment_next_ns(const struct impairment *impairment);

#endif
