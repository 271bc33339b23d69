// SPDX-License-Identifier: MPL-2.0
//
// Times as RTCP writes them (RFC 3550 section 4): 64-bit NTP timestamps of 32.32 seconds since
// 1900, their middle 32 bits, and short intervals of 16.16 seconds. Here, times are nanoseconds
// since 1970.
//
// In 2036 the seconds begin again at zero: those with the top bit set belong to the era of 1900,
// the others to the one of 2036, so dates from 1968 to 2104 are told apart. Thread: rt.

#ifndef ROC_WIRE_NTP_H
#define ROC_WIRE_NTP_H

#include <stdint.h>

uint64_t ntp_from_unix_ns(int64_t unix_ns);
int64_t ntp_to_unix_ns(uint64_t ntp);
// What LSR and LRR carry.
uint32_t ntp_middle(uint64_t ntp);
// The time nearest to near_ns that has these middle bits.
int64_t ntp_middle_to_unix_ns(uint32_t middle, int64_t near_ns);

// Rounded to nearest; negative is 0, too long is 0xffffffff (UINT64_MAX).
uint32_t ntp_short_from_ns(int64_t duration_ns);
int64_t ntp_short_to_ns(uint32_t duration);
uint64_t ntp_long_from_ns(int64_t duration_ns);
// At most INT64_MAX.
int64_t ntp_long_to_ns(uint64_t duration);

#endif
