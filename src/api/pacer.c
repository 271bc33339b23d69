// SPDX-License-Identifier: MPL-2.0

#include "api/pacer.h"

#include "base/clock.h"

#define NS_PER_S 1000000000

// What is later than this would leave in a burst that no receiver waits for any more: their
// sessions end by then.
#define MAX_DELAY_NS NS_PER_S

void pacer_init(struct pacer *pacer, unsigned rate_hz)
{
    *pacer = (struct pacer){.rate_hz = rate_hz};
}

// In whole seconds and a rest: the product of many samples and a second does not fit 64 bits.
static int64_t deadline(const struct pacer *pacer)
{
    const uint64_t seconds = pacer->frames / pacer->rate_hz;
    const uint64_t rest = pacer->frames % pacer->rate_hz;
    return pacer->start_ns + (int64_t)(seconds * NS_PER_S + rest * NS_PER_S / pacer->rate_hz);
}

int64_t pacer_next(struct pacer *pacer, size_t frames, int64_t now_ns)
{
    if (!pacer->is_started || now_ns - deadline(pacer) > MAX_DELAY_NS) {
        pacer->is_started = true;
        pacer->start_ns = now_ns;
        pacer->frames = 0;
    }
    pacer->frames += frames;
    return deadline(pacer);
}

void pacer_wait(struct pacer *pacer, size_t frames)
{
    clock_sleep_until_ns(pacer_next(pacer, frames, clock_monotonic_ns()));
}
