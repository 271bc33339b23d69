// SPDX-License-Identifier: MPL-2.0
//
// What a receiving session with a clock does about its latency: where it starts, how fast it plays,
// and when it has to jump because playing faster or slower would take too long. Packets must carry
// the time at which they arrived; without these the latency stays as it began.
//
// Plain value, belongs to the reader. Thread: rt.

#ifndef ROC_STREAM_SESSION_LATENCY_H
#define ROC_STREAM_SESSION_LATENCY_H

#include <stddef.h>

#include "stream/latency_target.h"
#include "stream/latency_tuner.h"

// What came since the last read.
enum session_arrival { SESSION_ARRIVAL_NONE, SESSION_ARRIVAL_IN_TIME, SESSION_ARRIVAL_LATE };

struct session_latency_config {
    unsigned in_rate_hz;
    unsigned out_rate_hz;
    enum latency_profile profile;
    int64_t target_ns;
    int64_t tolerance_ns; // 0: the default for the target
    // The target moves between these by what the network needs; max 0: it stays.
    int64_t min_target_ns;
    int64_t max_target_ns;
};

struct session_latency {
    struct session_latency_config config;
    struct latency_tuner tuner;
    struct latency_target adaptive; // where the target moves
    double target;                  // frames
    double tolerance;               // frames
    int64_t first_ns; // arrival and end of the first and the newest packet that told its time
    int64_t first_end;
    int64_t last_ns;
    int64_t last_end;
    bool is_timed;       // packets carry their time
    int64_t now_ns;      // of the read that goes on
    int64_t read_frames; // so far, at the rate of the output
    int64_t far_frames;  // for how long the latency has been beyond the tolerance
    int64_t late_frames; // for how long only late packets have come
};

// How far the latency may be off before the session jumps, as with deployed peers.
int64_t session_latency_tolerance_ns(int64_t target_ns);

void session_latency_init(struct session_latency *latency,
                          const struct session_latency_config *config);
// A source packet of so many frames that ends at `end` arrived; 0: nobody knows when.
// block_packets: as in latency_target.h.
void session_latency_push_packet(struct session_latency *latency, int64_t receive_ns, int64_t end,
                                 unsigned frames, unsigned block_packets);
// A packet was restored.
void session_latency_push_loss(struct session_latency *latency);
// Whether packets came at the pace of a clock so far, and not faster: what somebody wrote at once.
bool session_latency_is_paced(const struct session_latency *latency);
// Before the packets of a read are taken.
void session_latency_begin(struct session_latency *latency, int64_t now_ns);
// Where to play now so that the latency is the target; newest_end where that is not known.
int64_t session_latency_position(const struct session_latency *latency, int64_t newest_end);
// The speed of this read of so many frames, at whose begin the frame at `position` is heard.
double session_latency_steer(struct session_latency *latency, double position, size_t frames);
// Whether it is time to jump to session_latency_position.
bool session_latency_must_jump(struct session_latency *latency, double position, size_t frames,
                               enum session_arrival arrival);
// Before that.
void session_latency_prepare_jump(struct session_latency *latency);
// After each read.
void session_latency_end(struct session_latency *latency, size_t frames);

#endif
