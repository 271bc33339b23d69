// SPDX-License-Identifier: MPL-2.0

#include "stream/session_latency.h"

#include <math.h>

#define NS_PER_S 1e9

#define MIN_TOLERANCE_NS 1000000
// The newest packet may be so old where playout begins; an older one is the end of something.
#define MAX_AGE_S 0.05
// A latency beyond the tolerance lasts at least so long before the session jumps: one late read or
// one that came after a pause of the machine is none.
#define FAR_S 0.1
// Nothing but late packets for so long, or for this share of the target where that is less (before
// the watchdog loses its patience): the network got slower for good.
#define LATE_S      0.1
#define LATE_TARGET 0.25

int64_t session_latency_tolerance_ns(int64_t target_ns)
{
    double target = fmax((double)target_ns, 2);
    double tolerance = target * log(4e8) / log(2 * target);

    return tolerance > MIN_TOLERANCE_NS ? (int64_t)tolerance : MIN_TOLERANCE_NS;
}

void session_latency_init(struct session_latency *latency,
                          const struct session_latency_config *config)
{
    int64_t tolerance_ns = config->tolerance_ns > 0
                               ? config->tolerance_ns
                               : session_latency_tolerance_ns(config->target_ns);

    *latency = (struct session_latency){
        .config = *config,
        .target = fmax(1, (double)config->target_ns / NS_PER_S * config->in_rate_hz),
        .tolerance = (double)tolerance_ns / NS_PER_S * config->in_rate_hz,
    };
    latency_target_init(&latency->adaptive,
                        &(struct latency_target_config){.rate_hz = config->in_rate_hz,
                                                        .min_ns = config->min_target_ns,
                                                        .max_ns = config->max_target_ns,
                                                        .start_ns = config->target_ns});
    latency_tuner_init(&latency->tuner, latency_profile_of(config->profile, config->target_ns),
                       config->in_rate_hz, config->out_rate_hz);
}

void session_latency_push_packet(struct session_latency *latency, int64_t receive_ns, int64_t end,
                                 unsigned frames, unsigned block_packets)
{
    if (receive_ns <= 0) {
        return;
    }
    if (!latency->is_timed) {
        latency->is_timed = true;
        latency->first_ns = receive_ns;
        latency->first_end = end;
    }
    latency->last_ns = receive_ns;
    latency->last_end = end;
    latency_tuner_push_packet(&latency->tuner, receive_ns, end);
    if (latency->config.max_target_ns > 0) {
        latency_target_push_packet(&latency->adaptive, receive_ns,
                                   latency_tuner_latency(&latency->tuner, receive_ns, (double)end),
                                   frames, block_packets);
    }
}

void session_latency_push_loss(struct session_latency *latency)
{
    latency_target_push_loss(&latency->adaptive, latency->now_ns);
}

bool session_latency_is_paced(const struct session_latency *latency)
{
    double time_s = (double)(latency->last_ns - latency->first_ns) / NS_PER_S;
    double sound_s = (double)(latency->last_end - latency->first_end) / latency->config.in_rate_hz;

    return latency->is_timed && time_s >= sound_s / 2;
}

void session_latency_begin(struct session_latency *latency, int64_t now_ns)
{
    latency->now_ns = now_ns;
}

int64_t session_latency_position(const struct session_latency *latency, int64_t newest_end)
{
    double age = 0;

    if (latency->is_timed) {
        age = latency_tuner_latency(&latency->tuner, latency->now_ns, (double)newest_end);
        age = fmax(0, fmin(age, MAX_AGE_S * latency->config.in_rate_hz));
    }
    return newest_end + llround(age - latency->target);
}

// A target that moves needs a speed that does.
static bool is_adaptive(const struct session_latency *latency)
{
    return latency->config.max_target_ns > 0 && latency->tuner.profile != LATENCY_PROFILE_INTACT &&
           latency_tuner_is_tracking(&latency->tuner);
}

double session_latency_steer(struct session_latency *latency, double position, size_t frames)
{
    if (!latency->is_timed) {
        return 1;
    }
    if (is_adaptive(latency)) {
        latency->target = latency_target_push_read(&latency->adaptive, latency->now_ns,
                                                   (double)frames * latency->config.in_rate_hz /
                                                       latency->config.out_rate_hz);
    }
    return latency_tuner_push_read(&latency->tuner, &(struct latency_tuner_read){
                                                        .time_ns = latency->now_ns,
                                                        .read_frames = latency->read_frames,
                                                        .position = position,
                                                        .target = latency->target,
                                                    });
}

static bool is_far(const struct session_latency *latency, double position)
{
    double off =
        latency_tuner_latency(&latency->tuner, latency->now_ns, position) - latency->target;

    return latency_tuner_is_tracking(&latency->tuner) && fabs(off) > latency->tolerance;
}

bool session_latency_must_jump(struct session_latency *latency, double position, size_t frames,
                               enum session_arrival arrival)
{
    double late_s = fmin(LATE_S, latency->target * LATE_TARGET / latency->config.in_rate_hz);

    if (!latency->is_timed) {
        return false;
    }
    if (arrival == SESSION_ARRIVAL_LATE) {
        latency->late_frames += (int64_t)frames;
    } else if (arrival == SESSION_ARRIVAL_IN_TIME) {
        latency->late_frames = 0;
    }
    latency->far_frames = is_far(latency, position) ? latency->far_frames + (int64_t)frames : 0;
    return (double)latency->late_frames > late_s * latency->config.out_rate_hz ||
           (double)latency->far_frames > FAR_S * latency->config.out_rate_hz;
}

void session_latency_prepare_jump(struct session_latency *latency)
{
    // Packets take longer now: what was known about the sender's clock is wrong by that much.
    if (latency->late_frames > 0) {
        clock_line_reset(&latency->tuner.sender);
        latency_tuner_push_packet(&latency->tuner, latency->last_ns, latency->last_end);
    }
    latency->late_frames = 0;
    latency->far_frames = 0;
}

void session_latency_end(struct session_latency *latency, size_t frames)
{
    latency->read_frames += (int64_t)frames;
}
