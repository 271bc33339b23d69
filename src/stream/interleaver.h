// SPDX-License-Identifier: MPL-2.0
//
// Spreads a burst of loss over a block: packets leave in an order that is drawn once at random and
// then repeats for every block. A packet waits for its turn at most until its block is complete.
//
// Thread: create and destroy any; push rt, one thread at a time.

#ifndef ROC_STREAM_INTERLEAVER_H
#define ROC_STREAM_INTERLEAVER_H

#include "stream/packet_output.h"

struct interleaver;

// output is never called with NULL. Returns 0, -EINVAL (block_length 0) or -ENOMEM.
int interleaver_create(struct interleaver **out, unsigned block_length, packet_output_fn output,
                       void *output_arg);
// What is still waiting is dropped.
void interleaver_destroy(struct interleaver *interleaver);
// The next packet in production order, taken; NULL gives its turn away.
void interleaver_push(struct interleaver *interleaver, struct packet *packet);

#endif
