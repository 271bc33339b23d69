// SPDX-License-Identifier: MPL-2.0
//
// Exclusive or of many buffers, at the speed of memory. Thread: rt.

#ifndef ROC_FEC_XOR_H
#define ROC_FEC_XOR_H

#include <stddef.h>
#include <stdint.h>

// XORs `count` sources into target, size_bytes each, any alignment. No source overlaps target
// except by being target.
void xor_add(uint8_t *target, const uint8_t *const *sources, unsigned count, size_t size_bytes);

#endif
