// SPDX-License-Identifier: MPL-2.0

#include "stream/clock_line.h"

#include <math.h>

#define MIN_STRETCH_NS (125 * 1000000ll)
#define MIN_POINTS     8
// After so many stretches without a sighting the clock may be anywhere.
#define MAX_EMPTY_STRETCHES 8
// What counts as far from the line, in seconds and in standard deviations.
#define FAR_S     0.006
#define FAR_NOISE 8.0

void clock_line_init(struct clock_line *line, double rate_hz, int64_t max_stretch_ns)
{
    *line = (struct clock_line){.rate_hz = rate_hz, .max_stretch_ns = max_stretch_ns};
}

void clock_line_reset(struct clock_line *line)
{
    clock_line_init(line, line->rate_hz, line->max_stretch_ns);
}

static double predict(const struct clock_line *line, double time_s)
{
    return line->level + line->slope * (time_s - line->middle_s);
}

static struct clock_line_point make_point(const struct clock_line *line, int64_t time_ns,
                                          int64_t position)
{
    double time_s = (double)(time_ns - line->origin_ns) * 1e-9;

    return (struct clock_line_point){time_s, (double)(position - line->origin_position) -
                                                 line->rate_hz * time_s};
}

static void fit_level(struct clock_line *line)
{
    unsigned i;

    line->level = line->has_best ? line->best.lead : line->points[0].lead;
    for (i = 0; i < line->count; i++) {
        line->level = fmax(line->level, line->points[i].lead);
    }
}

static void fit(struct clock_line *line)
{
    double n = line->count, time = 0, lead = 0, tt = 0, tl = 0, rest = 0;
    unsigned i;

    for (i = 0; i < line->count; i++) {
        time += line->points[i].time_s / n;
        lead += line->points[i].lead / n;
    }
    for (i = 0; i < line->count; i++) {
        double t = line->points[i].time_s - time;
        tt += t * t;
        tl += t * (line->points[i].lead - lead);
    }
    line->middle_s = time;
    line->level = lead;
    line->slope = tl / tt;
    for (i = 0; i < line->count; i++) {
        double r = line->points[i].lead - predict(line, line->points[i].time_s);
        rest += r * r;
    }
    line->noise = sqrt(rest / (n - 2));
    line->slope_noise = line->noise / sqrt(tt);
}

// Two stretches become one, which keeps the higher point of both.
static void merge(struct clock_line *line)
{
    unsigned i;

    for (i = 0; i < line->count / 2; i++) {
        struct clock_line_point a = line->points[2 * i], b = line->points[2 * i + 1];
        double above_a = a.lead - predict(line, a.time_s);
        double above_b = b.lead - predict(line, b.time_s);
        line->points[i] = above_a > above_b ? a : b;
    }
    line->count /= 2;
    line->stretch_ns *= 2;
}

static void make_room(struct clock_line *line)
{
    unsigned i;

    if (line->count < CLOCK_LINE_POINTS) {
        return;
    }
    if (line->stretch_ns * 2 <= line->max_stretch_ns) {
        merge(line);
        return;
    }
    for (i = 1; i < line->count; i++) {
        line->points[i - 1] = line->points[i];
    }
    line->count--;
}

static void shift(struct clock_line *line, double lead)
{
    unsigned i;

    for (i = 0; i < line->count; i++) {
        line->points[i].lead += lead;
    }
    line->level += lead;
}

static void add(struct clock_line *line, struct clock_line_point point)
{
    make_room(line);
    line->points[line->count++] = point;
}

// The exceptions are over: those above were none.
static void settle_far(struct clock_line *line)
{
    unsigned i;

    for (i = 0; line->far_is_above && i < line->far_count; i++) {
        add(line, line->far[i]);
    }
    line->far_count = 0;
}

// So many in a row are no exception: the line goes through the nearest of them.
static void follow_far(struct clock_line *line)
{
    double nearest = line->far[0].lead - predict(line, line->far[0].time_s);
    unsigned i;

    for (i = 1; i < line->far_count; i++) {
        double above = line->far[i].lead - predict(line, line->far[i].time_s);
        nearest = fabs(above) < fabs(nearest) ? above : nearest;
    }
    shift(line, nearest);
    line->far_is_above = true;
    settle_far(line);
}

static void add_far(struct clock_line *line, struct clock_line_point point, bool is_above)
{
    if (line->far_count > 0 && line->far_is_above != is_above) {
        settle_far(line);
    }
    line->far_is_above = is_above;
    line->far[line->far_count++] = point;
    if (line->far_count == CLOCK_LINE_FAR) {
        follow_far(line);
    }
}

static bool close_stretch(struct clock_line *line)
{
    double above = line->best.lead - predict(line, line->best.time_s);
    double far = fmax(FAR_S * line->rate_hz, FAR_NOISE * line->noise);

    if (!line->has_best) {
        return false;
    }
    line->has_best = false;
    if (line->count >= MIN_POINTS && fabs(above) > far) {
        add_far(line, line->best, above > 0);
    } else {
        settle_far(line);
        add(line, line->best);
    }
    if (line->count >= MIN_POINTS) {
        fit(line);
    }
    return line->count >= MIN_POINTS;
}

static void start(struct clock_line *line, int64_t time_ns, int64_t position)
{
    clock_line_reset(line);
    line->has_origin = true;
    line->origin_ns = time_ns;
    line->origin_position = position;
    line->stretch_ns =
        MIN_STRETCH_NS < line->max_stretch_ns ? MIN_STRETCH_NS : line->max_stretch_ns;
    line->stretch_start_ns = time_ns;
}

bool clock_line_push(struct clock_line *line, int64_t time_ns, int64_t position)
{
    struct clock_line_point point;
    int64_t since_ns = time_ns - line->stretch_start_ns;
    bool has_changed = false;

    // Also when the clock that the times come from was set.
    if (!line->has_origin || since_ns < -line->stretch_ns ||
        since_ns > (MAX_EMPTY_STRETCHES + 1) * line->stretch_ns) {
        start(line, time_ns, position);
        since_ns = 0;
    }
    if (since_ns >= line->stretch_ns) {
        line->stretch_start_ns += since_ns / line->stretch_ns * line->stretch_ns;
        has_changed = close_stretch(line);
    }
    point = make_point(line, time_ns, position);
    if (!line->has_best || point.lead - predict(line, point.time_s) >
                               line->best.lead - predict(line, line->best.time_s)) {
        line->best = point;
        line->has_best = true;
    }
    if (line->count < MIN_POINTS) {
        fit_level(line);
    }
    return has_changed;
}

bool clock_line_is_fitted(const struct clock_line *line)
{
    return line->count >= MIN_POINTS;
}

double clock_line_rate(const struct clock_line *line)
{
    return 1.0 + line->slope / line->rate_hz;
}

double clock_line_noise(const struct clock_line *line, int64_t time_ns)
{
    double time_s = (double)(time_ns - line->origin_ns) * 1e-9;

    return hypot(line->noise / sqrt(line->count), line->slope_noise * (time_s - line->middle_s));
}

double clock_line_lead(const struct clock_line *line, int64_t time_ns, int64_t position)
{
    struct clock_line_point point = make_point(line, time_ns, position);

    return predict(line, point.time_s) - point.lead;
}
