// SPDX-License-Identifier: MPL-2.0
//
// Reed-Solomon erasure code over GF(2^8), RFC 5510 / 6865 with m = 8: polynomial 0x11D,
// evaluation points 0, 1, a, a^2, ... (the "Rizzo" order that deployed peers use). Mathematics over
// buffers only; the multiplication tables are ISA-L's.
//
// One encoder per (k, r); one decoder per session. Thread: create/destroy any; the rest rt.

#ifndef ROC_FEC_RS8M_H
#define ROC_FEC_RS8M_H

#include <stddef.h>
#include <stdint.h>

#define RS8M_MAX_SYMBOLS 255

struct rs8m_encoder;

// k >= 1, r >= 1, k + r <= 255. Returns 0, -EINVAL or -ENOMEM.
int rs8m_encoder_create(struct rs8m_encoder **out, unsigned k, unsigned r);
void rs8m_encoder_destroy(struct rs8m_encoder *encoder);
// source: k symbols, repair: r symbols, each size_bytes long (any size and
// alignment). Sources must not overlap repairs; two repairs may share a buffer that nobody reads.
void rs8m_encode(const struct rs8m_encoder *encoder, const uint8_t *const *source,
                 uint8_t *const *repair, size_t size_bytes);

// Fixed memory of about 50 kB; keeps nothing between calls that changes a result.
struct rs8m_decoder;

// Returns 0 or -ENOMEM.
int rs8m_decoder_create(struct rs8m_decoder **out);
void rs8m_decoder_destroy(struct rs8m_decoder *decoder);
// symbols[0..k) are sources and symbols[k..n) repairs, by ESI; NULL where one is missing.
// restored[0..k): for every missing source a buffer of size_bytes that is written, NULL elsewhere.
// Returns how many were restored; 0 when none was missing; -EAGAIN when too few arrived (nothing is
// written); -EINVAL on bad numbers (k = 0, n < k, n > 255, no buffer for a missing source).
int rs8m_decode(struct rs8m_decoder *decoder, unsigned k, unsigned n, const uint8_t *const *symbols,
                uint8_t *const *restored, size_t size_bytes);

#endif
