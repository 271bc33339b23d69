// SPDX-License-Identifier: MPL-2.0
//
// Finds the latency that a network needs, from how late packets come. It follows what is usual, not
// what is worst: a stall of the network counts once, however many packets wait in it, and what was
// is forgotten by half in every half minute. Where losses are repaired, the latency also holds a
// block of FEC, because the repair comes at its end.
//
// Plain value, belongs to the reader. Thread: rt.

#ifndef ROC_STREAM_LATENCY_TARGET_H
#define ROC_STREAM_LATENCY_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#define LATENCY_TARGET_BINS 128

struct latency_target_config {
    unsigned rate_hz;
    int64_t min_ns;
    int64_t max_ns;
    int64_t start_ns; // kept between the others
};

struct latency_target {
    struct latency_target_config config;
    double bins[LATENCY_TARGET_BINS]; // of lateness, by its logarithm; weights
    double total;
    double weight;     // of the next one, grows with time
    int64_t weight_ns; // when that was set
    int64_t last_ns;   // arrival of the newest packet
    double stall;      // most lateness of the packets that came together, frames
    bool has_stall;
    int64_t loss_ns; // newest loss; 0: none
    double packet_frames;
    double block_frames;
    double read_frames;
    int64_t next_ns; // of the next decision
    double goal;     // frames
    double target;   // frames, on its way to the goal
};

void latency_target_init(struct latency_target *target, const struct latency_target_config *config);
// A packet arrived, `late` frames later than at the earliest. block_packets: of sound in its FEC
// block, 0 without FEC.
void latency_target_push_packet(struct latency_target *target, int64_t time_ns, double late,
                                unsigned packet_frames, unsigned block_packets);
// A packet was lost, and repaired.
void latency_target_push_loss(struct latency_target *target, int64_t time_ns);
// For each read of so many frames of the stream. Returns the target now, in frames; it moves so
// slowly that the speed can follow.
double latency_target_push_read(struct latency_target *target, int64_t time_ns, double frames);

#endif
