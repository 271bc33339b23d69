// SPDX-License-Identifier: MPL-2.0

#include "stream/burst_pacing.h"

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

void burst_pacing_init(struct burst_pacing *pacing, int64_t interval_ns, unsigned repair_packets)
{
    *pacing = (struct burst_pacing){
        .interval_ns = at_most(interval_ns, BURST_PACING_MAX_NS),
        .step_ns = at_most(interval_ns, BURST_PACING_MAX_NS) / ((int64_t)repair_packets + 1),
    };
}

void burst_pacing_begin(struct burst_pacing *pacing, int64_t now_ns, int64_t length_ns)
{
    pacing->piece_ns = length_ns <= BURST_PACING_MAX_PIECE_NS ? now_ns : 0;
    pacing->source_packets = 0;
    pacing->step_packets = 0;
}

void burst_pacing_step(struct burst_pacing *pacing)
{
    pacing->source_packets++;
    pacing->step_packets = 0;
}

int64_t burst_pacing_next(struct burst_pacing *pacing)
{
    if (pacing->piece_ns == 0)
        return 0;
    const uint64_t before = pacing->source_packets > 0 ? pacing->source_packets - 1 : 0;
    const uint64_t most = BURST_PACING_MAX_NS;
    // Neither product overflows: beyond the limit the numbers do not matter.
    const int64_t base = pacing->interval_ns * (int64_t)(before < most ? before : most);
    const int64_t within =
        pacing->step_ns * (int64_t)(pacing->step_packets < most ? pacing->step_packets : most);
    pacing->step_packets++;
    const int64_t delay = base + at_most(within, pacing->interval_ns);
    return delay == 0 ? 0 : pacing->piece_ns + at_most(delay, BURST_PACING_MAX_NS);
}
