// SPDX-License-Identifier: MPL-2.0
//
// Brings decoders of LDPC-Staircase to the reader of a session. A decoder belongs to one (k, r),
// which only repair packets tell, and making one allocates: so the network thread makes it when it
// sees the first repair packet of a new (k, r), and it reaches the reader before that packet does.
//
// What a sender can cost is bounded: a few decoders exist at a time, and a new one must have been
// earned by packets. A block whose decoder was refused stays unrepaired.
//
// Thread: create and destroy any but rt; see is the network thread's; get is the reader's (rt).

#ifndef ROC_STREAM_LDPC_SUPPLY_H
#define ROC_STREAM_LDPC_SUPPLY_H

#include "base/packet.h"
#include "fec/ldpc_cache.h"
#include "fec/ldpc_decoder.h"

// Decoders that the reader has at a time: of the block size that is, and the one before.
#define LDPC_SUPPLY_KEPT 2
// ... and those on the way between the threads.
#define LDPC_SUPPLY_MAX 6

struct ldpc_supply;

// cache: borrowed; matrices come from it; NULL for none. Returns 0 or -ENOMEM.
int ldpc_supply_create(struct ldpc_supply **out, struct ldpc_cache *cache);
void ldpc_supply_destroy(struct ldpc_supply *supply);

// A repair packet that is about to be given to the reader; others are ignored.
void ldpc_supply_see(struct ldpc_supply *supply, const struct packet *packet);
// The decoder for blocks of k source and r repair packets, valid until the next call; NULL when
// there is none.
struct ldpc_decoder *ldpc_supply_get(struct ldpc_supply *supply, unsigned k, unsigned r);

#endif
