// SPDX-License-Identifier: MPL-2.0

#include "base/clock.h"

#include <errno.h>
#include <time.h>

#define NS_PER_S 1000000000LL

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

int64_t clock_realtime_ns(void)
{
    return now_ns(CLOCK_REALTIME);
}

void clock_sleep_until_ns(int64_t deadline_ns)
{
    if (deadline_ns <= 0)
        return;
    const struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / NS_PER_S),
        .tv_nsec = (long)(deadline_ns % NS_PER_S),
    };
    // An absolute deadline, so that a signal in between does not stretch the sleep.
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR)
        ;
}
