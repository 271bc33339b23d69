// SPDX-License-Identifier: MPL-2.0
//
// When the packets of a burst should leave. Samples come in pieces, and packets come out in bursts:
// several from one long piece, and all repair packets of a block at once. Sent back to back they
// fill the queues of switches and receivers; spread over the time that their samples last they do
// not, and the receiver needs no more latency for it, because it waits for the last of a burst
// anyway.
//
// The first packet of a piece leaves at once. Each further source packet leaves one packet interval
// after the one before, and what else comes out with it (repair packets, packets that an
// interleaver held back) is spread evenly over the interval after it. So no packet waits longer
// than the piece and one interval. Packets of a piece longer than BURST_PACING_MAX_PIECE_NS leave
// at once: that is no sound of this moment, but somebody who writes ahead.
//
// A value; the clock is the caller's. Thread: rt, one at a time.

#ifndef ROC_STREAM_BURST_PACING_H
#define ROC_STREAM_BURST_PACING_H

#include <stdint.h>

#define BURST_PACING_MAX_PIECE_NS 50000000
#define BURST_PACING_MAX_NS       100000000 // whatever the interval

struct burst_pacing {
    int64_t interval_ns;     // of source packets
    int64_t step_ns;         // within an interval
    int64_t piece_ns;        // when the piece was written; 0: no pacing
    uint64_t source_packets; // of the piece
    uint64_t step_packets;   // that left since the last source packet was made
};

// repair_packets: of a block.
void burst_pacing_init(struct burst_pacing *pacing, int64_t interval_ns, unsigned repair_packets);
// A piece of samples that lasts so long is written at now_ns (0: its packets leave at once).
void burst_pacing_begin(struct burst_pacing *pacing, int64_t now_ns, int64_t length_ns);
// A source packet is made, before it leaves.
void burst_pacing_step(struct burst_pacing *pacing);
// When the next packet that comes out leaves; 0: at once. Never before the one before.
int64_t burst_pacing_next(struct burst_pacing *pacing);

#endif
