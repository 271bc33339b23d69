// SPDX-License-Identifier: MPL-2.0

#include "stream/latency_tuner.h"

#include <math.h>
#include <stdlib.h>

#define NS_PER_S  1000000000ll
#define NS_PER_MS 1000000ll

#define RESPONSIVE_BELOW_NS (30 * NS_PER_MS)
// Stretches of the lines; 32 of them are what a rate is measured over.
#define RESPONSIVE_STRETCH_NS (500 * NS_PER_MS)
#define GRADUAL_STRETCH_NS    (2 * NS_PER_S)
// In what time a correction would be done at its first speed.
#define RESPONSIVE_CORRECTION_S 2.0
#define GRADUAL_CORRECTION_S    8.0

// The latency may be so far off before it is corrected: far below what is heard or measured, far
// above the noise of a quiet network.
#define WINDOW_S 0.00008
// ... or so many times the noise of the lines, where that is more.
#define WINDOW_NOISE 3.0
// A correction ends here, as a share of the window.
#define CORRECTED 0.125
// Rates that differ by less are equal; quartz of one kind differs by more.
#define MIN_DRIFT       1e-6
#define MIN_DRIFT_NOISE 3.0
// Rates further off are not those of clocks: somebody reads, or sends, as fast as he can.
#define MAX_DRIFT 0.02
// A reader that is later than this was away; nobody knows where its clock is.
#define MAX_READ_STEP_NS (250 * NS_PER_MS)
// A read that comes late by more than this is not a matter of the scheduler.
#define MAX_READ_LATENESS_S 0.05

enum latency_profile latency_profile_of(enum latency_profile profile, int64_t target_ns)
{
    if (profile != LATENCY_PROFILE_DEFAULT) {
        return profile;
    }
    return target_ns < RESPONSIVE_BELOW_NS ? LATENCY_PROFILE_RESPONSIVE : LATENCY_PROFILE_GRADUAL;
}

void latency_tuner_init(struct latency_tuner *tuner, enum latency_profile profile,
                        unsigned in_rate_hz, unsigned out_rate_hz)
{
    int64_t stretch_ns =
        profile == LATENCY_PROFILE_RESPONSIVE ? RESPONSIVE_STRETCH_NS : GRADUAL_STRETCH_NS;

    *tuner = (struct latency_tuner){
        .profile = profile, .in_rate_hz = in_rate_hz, .out_rate_hz = out_rate_hz, .scale = 1};
    clock_line_init(&tuner->sender, in_rate_hz, stretch_ns);
    clock_line_init(&tuner->reader, out_rate_hz, stretch_ns);
}

void latency_tuner_push_packet(struct latency_tuner *tuner, int64_t time_ns, int64_t end)
{
    clock_line_push(&tuner->sender, time_ns, end);
}

bool latency_tuner_is_tracking(const struct latency_tuner *tuner)
{
    return clock_line_is_fitted(&tuner->sender) && clock_line_is_fitted(&tuner->reader) &&
           fabs(clock_line_rate(&tuner->sender) - 1) < MAX_DRIFT &&
           fabs(clock_line_rate(&tuner->reader) - 1) < MAX_DRIFT;
}

double latency_tuner_latency(const struct latency_tuner *tuner, int64_t time_ns, double position)
{
    double whole = floor(position);

    return clock_line_lead(&tuner->sender, time_ns, (int64_t)whole) - (position - whole);
}

// How many frames of the stream late this read is, by the reader's own clock.
static double measure_lateness(const struct latency_tuner *tuner,
                               const struct latency_tuner_read *read)
{
    double late = clock_line_lead(&tuner->reader, read->time_ns, read->read_frames);

    if (fabs(late) > MAX_READ_LATENESS_S * tuner->out_rate_hz) {
        return 0;
    }
    return late * tuner->in_rate_hz / tuner->out_rate_hz;
}

// By how much faster than the reader the sender is; 0 when that cannot be told.
static double measure_drift(const struct latency_tuner *tuner)
{
    double drift = clock_line_rate(&tuner->sender) / clock_line_rate(&tuner->reader) - 1;
    double noise = hypot(tuner->sender.slope_noise / tuner->in_rate_hz,
                         tuner->reader.slope_noise / tuner->out_rate_hz);

    return fabs(drift) < fmax(MIN_DRIFT, MIN_DRIFT_NOISE * noise) ? 0 : drift;
}

static double get_window(const struct latency_tuner *tuner, int64_t time_ns)
{
    double sender = clock_line_noise(&tuner->sender, time_ns);
    double reader =
        clock_line_noise(&tuner->reader, time_ns) * tuner->in_rate_hz / tuner->out_rate_hz;

    return fmax(WINDOW_S * tuner->in_rate_hz, WINDOW_NOISE * hypot(sender, reader));
}

static void set_scale(struct latency_tuner *tuner, double change)
{
    tuner->scale = 1 + fmax(-LATENCY_TUNER_MAX_SCALING, fmin(LATENCY_TUNER_MAX_SCALING, change));
}

static void steer(struct latency_tuner *tuner, int64_t time_ns, bool has_changed)
{
    double window = get_window(tuner, time_ns);
    double time_s = tuner->profile == LATENCY_PROFILE_RESPONSIVE ? RESPONSIVE_CORRECTION_S
                                                                 : GRADUAL_CORRECTION_S;

    if (tuner->is_correcting && fabs(tuner->error) < window * CORRECTED) {
        tuner->is_correcting = false;
        set_scale(tuner, measure_drift(tuner));
        return;
    }
    if (has_changed && (tuner->is_correcting || fabs(tuner->error) > window)) {
        tuner->is_correcting = true;
        set_scale(tuner, measure_drift(tuner) + tuner->error / (time_s * tuner->in_rate_hz));
    }
}

// A reader that was away has another line from now on.
static void note_step(struct latency_tuner *tuner, const struct latency_tuner_read *read)
{
    int64_t step_ns = read->time_ns - tuner->last_read_ns;
    double due_ns = (double)(read->read_frames - tuner->last_read_frames) / tuner->out_rate_hz *
                    (double)NS_PER_S;

    if (fabs((double)step_ns - due_ns) > (double)MAX_READ_STEP_NS) {
        clock_line_reset(&tuner->reader);
    }
    tuner->last_read_ns = read->time_ns;
    tuner->last_read_frames = read->read_frames;
}

double latency_tuner_push_read(struct latency_tuner *tuner, const struct latency_tuner_read *read)
{
    bool has_changed;

    if (tuner->profile == LATENCY_PROFILE_INTACT) {
        return 1;
    }
    note_step(tuner, read);
    has_changed = clock_line_push(&tuner->reader, read->time_ns, read->read_frames);
    if (!latency_tuner_is_tracking(tuner)) {
        tuner->is_correcting = false;
        tuner->scale = 1;
        return 1;
    }
    tuner->error = latency_tuner_latency(tuner, read->time_ns, read->position) -
                   measure_lateness(tuner, read) - read->target;
    steer(tuner, read->time_ns, has_changed);
    return tuner->scale;
}
