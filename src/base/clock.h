// SPDX-License-Identifier: MPL-2.0
//
// Clocks, in nanoseconds. Thread: rt.

#ifndef ROC_BASE_CLOCK_H
#define ROC_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_ns(void);
int64_t clock_realtime_ns(void);
// Sleeps until the monotonic clock shows `deadline_ns`; returns at once when that is past.
// Thread: any (a timer thread's own sleep; never inside a driver's callback).
void clock_sleep_until_ns(int64_t deadline_ns);

#endif
