// SPDX-License-Identifier: MPL-2.0

#include "wire/ntp.h"

#define NS_PER_S        1000000000ll
#define UNIX_EPOCH_S    2208988800ll // 1970 in the seconds of 1900
#define ERA_S           ((int64_t)1 << 32)
#define ERA_BIT         0x80000000u
#define MAX_UNIX_NS_S   (INT64_MAX / NS_PER_S)
#define MIDDLE_PERIOD_S 65536

uint64_t ntp_from_unix_ns(int64_t unix_ns)
{
    int64_t seconds = unix_ns / NS_PER_S;
    int64_t rest_ns = unix_ns % NS_PER_S;
    if (rest_ns < 0) {
        rest_ns += NS_PER_S;
        seconds--;
    }
    const uint32_t whole = (uint32_t)(uint64_t)(seconds + UNIX_EPOCH_S);
    return (uint64_t)whole << 32 | ((uint64_t)rest_ns << 32) / NS_PER_S;
}

// Fractions are cut when they are written, so they are rounded when they are read: what was written
// as nanoseconds comes back.
static int64_t fraction_to_ns(uint32_t fraction)
{
    return (int64_t)(((uint64_t)fraction * NS_PER_S + (ERA_S - 1)) >> 32);
}

int64_t ntp_to_unix_ns(uint64_t ntp)
{
    const uint32_t seconds = (uint32_t)(ntp >> 32);
    const int64_t era = seconds & ERA_BIT ? 0 : ERA_S;
    return (seconds + era - UNIX_EPOCH_S) * NS_PER_S + fraction_to_ns((uint32_t)ntp);
}

uint32_t ntp_middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}

int64_t ntp_middle_to_unix_ns(uint32_t middle, int64_t near_ns)
{
    const int32_t step = (int32_t)(middle - ntp_middle(ntp_from_unix_ns(near_ns)));
    // A step counts in 2^-16 s, from the moment of near_ns whose lower bits are zero.
    const uint64_t near_ntp = ntp_from_unix_ns(near_ns) & ~(uint64_t)0xffff;
    return ntp_to_unix_ns(near_ntp + ((uint64_t)(int64_t)step << 16));
}

uint32_t ntp_short_from_ns(int64_t duration_ns)
{
    if (duration_ns <= 0)
        return 0;
    if (duration_ns / NS_PER_S >= MIDDLE_PERIOD_S)
        return UINT32_MAX;
    const uint64_t seconds = (uint64_t)(duration_ns / NS_PER_S) << 16;
    const uint64_t rest = (((uint64_t)(duration_ns % NS_PER_S) << 16) + NS_PER_S / 2) / NS_PER_S;
    return seconds + rest < UINT32_MAX ? (uint32_t)(seconds + rest) : UINT32_MAX;
}

int64_t ntp_short_to_ns(uint32_t duration)
{
    return (int64_t)(((uint64_t)duration * NS_PER_S + 0x8000) >> 16);
}

uint64_t ntp_long_from_ns(int64_t duration_ns)
{
    if (duration_ns <= 0)
        return 0;
    if (duration_ns / NS_PER_S >= ERA_S)
        return UINT64_MAX;
    return (uint64_t)(duration_ns / NS_PER_S) << 32 |
           ((uint64_t)(duration_ns % NS_PER_S) << 32) / NS_PER_S;
}

int64_t ntp_long_to_ns(uint64_t duration)
{
    const int64_t seconds = (int64_t)(duration >> 32);
    if (seconds >= MAX_UNIX_NS_S)
        return INT64_MAX;
    return seconds * NS_PER_S + fraction_to_ns((uint32_t)duration);
}
