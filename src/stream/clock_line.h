// SPDX-License-Identifier: MPL-2.0
//
// The line that a clock follows, from noisy sightings: at time t its position was p. Whoever looks
// at a clock from afar sees it late, never early: a packet waits in a queue, a callback comes when
// the scheduler lets it. So the line lies along the upper edge of the points: each stretch of time
// gives its highest point, and a regression over the last stretches gives rate and position. That
// is blind to the cut into packets, to bursts and to jitter, as long as one packet in a stretch
// comes through without waiting.
//
// Stretches begin short, so that a first estimate is there within a second, and get longer, up to a
// limit, as points come in. A point far from the line is an exception until it is the rule: after
// some stretches in a row the whole line moves there. Single ones below are left out, they are what
// a network does; single ones above count, because no clock is seen too early.
//
// Plain value. Thread: rt.

#ifndef ROC_STREAM_CLOCK_LINE_H
#define ROC_STREAM_CLOCK_LINE_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_LINE_POINTS 32
#define CLOCK_LINE_FAR    4 // stretches in a row that move the line

// Seconds since the first sighting; frames that the clock is ahead of its nominal rate.
struct clock_line_point {
    double time_s;
    double lead;
};

struct clock_line {
    double rate_hz; // nominal
    int64_t max_stretch_ns;
    bool has_origin; // the rest is set
    int64_t origin_ns;
    int64_t origin_position;
    int64_t stretch_ns;
    int64_t stretch_start_ns;
    bool has_best;
    struct clock_line_point best; // of this stretch
    struct clock_line_point points[CLOCK_LINE_POINTS];
    unsigned count;
    struct clock_line_point far[CLOCK_LINE_FAR]; // in a row, all on one side
    unsigned far_count;
    bool far_is_above;
    // The fit: lead = level + slope * (time_s - middle_s)
    double middle_s, level, slope;
    double noise;       // standard deviation of the points around the line, frames
    double slope_noise; // of the slope, frames per second
};

// max_stretch_ns > 0.
void clock_line_init(struct clock_line *line, double rate_hz, int64_t max_stretch_ns);
// Forgets all sightings.
void clock_line_reset(struct clock_line *line);
// Returns true when the fit changed.
bool clock_line_push(struct clock_line *line, int64_t time_ns, int64_t position);
// Whether there are points enough for a rate.
bool clock_line_is_fitted(const struct clock_line *line);
// Real rate by nominal rate; 1 before there is a fit.
double clock_line_rate(const struct clock_line *line);
// Standard deviation of what clock_line_lead says for this time, frames.
double clock_line_noise(const struct clock_line *line, int64_t time_ns);
// How many frames the clock was ahead of `position` at this time, by all that is known now.
double clock_line_lead(const struct clock_line *line, int64_t time_ns, int64_t position);

#endif
