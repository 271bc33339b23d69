// SPDX-License-Identifier: MPL-2.0
//
// Keeps the latency of a receiving session at its target, by how fast it plays. It is pure logic:
// all times are given to it.
//
// Latency, here: how much later a frame is read than it could have been at the earliest. The end of
// a packet that met no queue on its way, at the moment it arrived, has the latency 0 if it is read
// at once. So it does not depend on how the stream is cut into packets, and jitter eats into it.
//
// Where peers steer by the length of the queue, and smooth what packets and jitter do to it, this
// follows the two clocks themselves (clock_line.h): the rate of the sender by the rate of the
// reader is the speed, and what the latency is off is taken back slowly. The speed is then left
// alone until the latency leaves a window around the target, so that the pitch is constant for
// minutes. Where the rates cannot be told apart, the speed is exactly 1.
//
// Plain value, belongs to the reader. Thread: rt.

#ifndef ROC_STREAM_LATENCY_TUNER_H
#define ROC_STREAM_LATENCY_TUNER_H

#include "stream/clock_line.h"

enum latency_profile {
    LATENCY_PROFILE_DEFAULT,    // responsive below 30 ms of target latency, else gradual
    LATENCY_PROFILE_INTACT,     // the speed is 1, always
    LATENCY_PROFILE_RESPONSIVE, // corrects within seconds
    LATENCY_PROFILE_GRADUAL,    // within tens of seconds
};

#define LATENCY_TUNER_MAX_SCALING 0.005

struct latency_tuner {
    enum latency_profile profile; // never DEFAULT
    double in_rate_hz;
    double out_rate_hz;
    struct clock_line sender; // end of packets by arrival, at in_rate_hz
    struct clock_line reader; // frames read, at out_rate_hz
    double scale;
    bool is_correcting;
    double error; // latency - target of the last update, frames at in_rate_hz
    int64_t last_read_ns;
    int64_t last_read_frames;
};

// One moment of reading.
struct latency_tuner_read {
    int64_t time_ns;
    int64_t read_frames; // at the output's rate, before this read
    double position;     // of the next frame that is heard, in the stream
    double target;       // frames of the stream
};

enum latency_profile latency_profile_of(enum latency_profile profile, int64_t target_ns);

void latency_tuner_init(struct latency_tuner *tuner, enum latency_profile profile,
                        unsigned in_rate_hz, unsigned out_rate_hz);
// A packet that ends at `end` arrived.
void latency_tuner_push_packet(struct latency_tuner *tuner, int64_t time_ns, int64_t end);
// Before each read. Returns the speed at which to play, 1 +- LATENCY_TUNER_MAX_SCALING.
double latency_tuner_push_read(struct latency_tuner *tuner, const struct latency_tuner_read *read);
// Latency now of the frame at position, in frames, not smoothed by the reader's clock.
double latency_tuner_latency(const struct latency_tuner *tuner, int64_t time_ns, double position);
// True while both clocks are known and run by the time that is given.
bool latency_tuner_is_tracking(const struct latency_tuner *tuner);

#endif
