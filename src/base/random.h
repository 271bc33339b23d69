// SPDX-License-Identifier: MPL-2.0
//
// Random numbers. The seeded generator (xoshiro256**) repeats for tests, impaired links and
// permutations; random_fill draws from the kernel for everything that must not be guessed.

#ifndef ROC_BASE_RANDOM_H
#define ROC_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

// Thread: rt (each generator belongs to one thread).
void random_init(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
// Uniform in 0..bound-1; 0 when bound is 0.
uint32_t random_below(struct random *random, uint32_t bound);
// Uniform in [0, 1).
double random_unit(struct random *random);

// Kernel randomness. Thread: any.
void random_fill(void *buffer, size_t size_bytes);
uint32_t random_u32(void);

#endif
