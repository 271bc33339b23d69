// SPDX-License-Identifier: MPL-2.0

#include "stream/receive_session.h"

#include "base/clock.h"
#include "base/ring.h"
#include "stream/depacketizer.h"
#include "stream/fec_reader.h"
#include "stream/rate_stage.h"
#include "stream/receive_counters.h"
#include "stream/session_latency.h"
#include "stream/watchdog.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000ll

#define DEFAULT_TARGET_LATENCY_NS (200 * 1000000ll)
#define START_TARGET_LATENCY_NS   (60 * 1000000ll) // of an adaptive one
#define MAX_TARGET_LATENCY_NS     (60 * NS_PER_S)
#define DEFAULT_CHOPPY_TIMEOUT_NS (2 * NS_PER_S)
#define MAX_CHOPPY_WINDOW_NS      (300 * 1000000ll)
// A longer timeout is the same as none to whoever waits for it.
#define MAX_TIMEOUT_NS (3600 * NS_PER_S)

// A clockless reader keeps the target latency until the sender was silent for so long.
#define IDLE_GRACE_NS NS_PER_S
// ... and takes the session for finished after at least this.
#define MIN_IDLE_TIMEOUT_NS (2 * NS_PER_S)
// A clocked reader that was away (a device that slept) skips what it missed, from this much too
// much.
#define MIN_EXCESS_LATENCY_NS (500 * 1000000ll)

// Packets on their way from the network to the reader: 6 s of 5 ms packets with their repair.
#define RING_SIZE 2048
// The queue holds the target latency and 2 s more, or as much of that as so many packets last.
#define QUEUE_MARGIN_MS 2000
#define MIN_QUEUE_SIZE  512
#define MAX_QUEUE_SIZE  16384

#define PACKET_BATCH 32
// The watchdogs look at the sound in stretches of 10 ms.
#define STRETCHES_PER_S 100

struct receive_session {
    struct receive_session_config config;
    struct ring *ring;
    struct ldpc_supply *ldpc; // NULL without LDPC
    struct receive_counters counters;
    atomic_bool is_leaving;
    uint64_t frame_size;     // bytes on the wire
    int64_t target;          // latency in frames
    int64_t idle_timeout_ns; // negative: never

    // The reader's own.
    struct {
        struct packet_filter filter;
        struct jitter_queue *queue;
        struct fec_reader *fec; // NULL without FEC
        struct depacketizer depacketizer;
        struct concealment *concealment;
        struct session_latency latency;
        struct rate_stage *rate;
        struct watchdog watchdog;
        bool is_alive;
        bool is_playing;
        bool has_late;        // since the watchdog was asked last
        bool has_arrived;     // source packets, for this read
        size_t pulled_frames; // of the read that goes on, at the rate of the packets
        size_t audio_frames;  // of these
        int64_t gap_frames;   // of the gap that goes on now; counted when sound comes back
        bool clockless;       // how it is read now
        int64_t last_end;     // newest end that the clockless reader saw, and when it moved
        int64_t last_end_ns;
        bool has_last_end;
        struct receive_jitter jitter;
        struct packet *restored[FEC_READER_MAX_RESTORED];
    } rt;
};

static int64_t frames_of(const struct receive_session *session, int64_t duration_ns)
{
    // In two parts: the product of a long time and a high rate does not fit 64 bits.
    int64_t rate = session->config.encoding.rate_hz;
    return duration_ns / NS_PER_S * rate + duration_ns % NS_PER_S * rate / NS_PER_S;
}

static int64_t clamp_timeout(int64_t timeout_ns, int64_t default_ns)
{
    if (timeout_ns == 0) {
        timeout_ns = default_ns;
    }
    return timeout_ns < MAX_TIMEOUT_NS ? timeout_ns : MAX_TIMEOUT_NS;
}

// The longest that the target may become.
static int64_t longest_target_ns(const struct receive_session_config *config)
{
    return config->max_target_latency_ns > config->target_latency_ns ? config->max_target_latency_ns
                                                                     : config->target_latency_ns;
}

static void init_watchdog(struct receive_session *session)
{
    const struct receive_session_config *config = &session->config;
    int64_t target_ns = longest_target_ns(config);
    int64_t playback_ns = clamp_timeout(config->no_playback_timeout_ns, target_ns * 4 / 3);
    int64_t choppy_ns =
        clamp_timeout(config->choppy_playback_timeout_ns, DEFAULT_CHOPPY_TIMEOUT_NS);
    int64_t window_ns = choppy_ns / 4 < MAX_CHOPPY_WINDOW_NS ? choppy_ns / 4 : MAX_CHOPPY_WINDOW_NS;
    int64_t idle_ns = MIN_IDLE_TIMEOUT_NS;
    int64_t window = window_ns > 0 ? frames_of(session, window_ns) : 0;

    watchdog_init(&session->rt.watchdog,
                  &(struct watchdog_config){
                      .warm_up = session->target,
                      .no_playback = playback_ns < 0 ? -1 : frames_of(session, playback_ns),
                      .choppy = choppy_ns < 0 ? -1 : frames_of(session, choppy_ns),
                      .choppy_window = window > 0 ? window : 1,
                  });
    if (target_ns * 2 > idle_ns) {
        idle_ns = target_ns * 2;
    }
    session->idle_timeout_ns = clamp_timeout(config->no_playback_timeout_ns, idle_ns);
}

static size_t queue_size(const struct receive_session *session)
{
    const struct receive_session_config *config = &session->config;
    int64_t span_ns = longest_target_ns(config) + QUEUE_MARGIN_MS * 1000000ll;
    int64_t size = config->packet_frames > 0 ? frames_of(session, span_ns) / config->packet_frames
                                             : span_ns / 1000000;

    if (size < MIN_QUEUE_SIZE) {
        return MIN_QUEUE_SIZE;
    }
    return size < MAX_QUEUE_SIZE ? (size_t)size : MAX_QUEUE_SIZE;
}

static int check_config(const struct receive_session_config *config)
{
    if (!config->pool || audio_encoding_frame_size(&config->encoding) == 0 ||
        config->encoding.rate_hz == 0 || config->target_latency_ns < 0 ||
        config->target_latency_ns > MAX_TARGET_LATENCY_NS || config->min_target_latency_ns < 0 ||
        config->max_target_latency_ns > MAX_TARGET_LATENCY_NS ||
        config->max_target_latency_ns < config->min_target_latency_ns) {
        return -EINVAL;
    }
    return 0;
}

static int init_fec(struct receive_session *session)
{
    const struct receive_session_config *config = &session->config;
    int err;

    if (config->fec == FEC_NONE) {
        return 0;
    }
    if (config->fec == FEC_LDPC) {
        err = ldpc_supply_create(&session->ldpc, config->ldpc_cache);
        if (err < 0) {
            return err;
        }
    }
    return fec_reader_create(&session->rt.fec, &(struct fec_reader_config){
                                                   .pool = config->pool,
                                                   .scheme = config->fec,
                                                   .supply = session->ldpc,
                                               });
}

static int init_output(struct receive_session *session)
{
    const struct receive_session_config *config = &session->config;
    unsigned rate_hz = config->encoding.rate_hz;

    session_latency_init(&session->rt.latency, &(struct session_latency_config){
                                                   .in_rate_hz = rate_hz,
                                                   .out_rate_hz = config->output_rate_hz,
                                                   .profile = config->latency_profile,
                                                   .target_ns = config->target_latency_ns,
                                                   .tolerance_ns = config->latency_tolerance_ns,
                                                   .min_target_ns = config->min_target_latency_ns,
                                                   .max_target_ns = config->max_target_latency_ns,
                                               });
    return rate_stage_create(&session->rt.rate, &(struct rate_stage_config){
                                                    .in_rate_hz = rate_hz,
                                                    .out_rate_hz = config->output_rate_hz,
                                                    .channels = config->encoding.channels,
                                                    .profile = config->resampler,
                                                });
}

static int init_stages(struct receive_session *session)
{
    const struct receive_session_config *config = &session->config;
    int err;

    err = ring_create(&session->ring, sizeof(struct packet *), RING_SIZE);
    if (err < 0) {
        return err;
    }
    err = jitter_queue_create(&session->rt.queue, queue_size(session));
    if (err < 0) {
        return err;
    }
    err = init_fec(session);
    if (err < 0) {
        return err;
    }
    err = concealment_create(&session->rt.concealment, &(struct concealment_config){
                                                           .encoding = config->encoding,
                                                           .mode = config->concealment,
                                                           .plugin = config->plugin,
                                                       });
    if (err < 0) {
        return err;
    }
    packet_filter_init(&session->rt.filter, config->encoding.payload_type,
                       config->encoding.rate_hz);
    depacketizer_init(&session->rt.depacketizer, &config->encoding);
    session->rt.depacketizer.concealment = session->rt.concealment;
    init_watchdog(session);
    session->rt.is_alive = true;
    session->rt.clockless = config->clockless;
    return init_output(session);
}

int receive_session_create(struct receive_session **out,
                           const struct receive_session_config *config)
{
    struct receive_session *session;
    int err = check_config(config);

    if (err < 0) {
        return err;
    }
    session = calloc(1, sizeof(*session));
    if (!session) {
        return -ENOMEM;
    }
    session->config = *config;
    if (config->target_latency_ns == 0) {
        session->config.target_latency_ns =
            config->max_target_latency_ns > 0 ? START_TARGET_LATENCY_NS : DEFAULT_TARGET_LATENCY_NS;
    }
    if (config->output_rate_hz == 0) {
        session->config.output_rate_hz = config->encoding.rate_hz;
    }
    session->frame_size = audio_encoding_frame_size(&config->encoding);
    session->target = frames_of(session, session->config.target_latency_ns);
    if (session->target == 0) {
        session->target = 1;
    }
    err = init_stages(session);
    if (err < 0) {
        goto fail;
    }
    *out = session;
    return 0;

fail:
    receive_session_destroy(session);
    return err;
}

void receive_session_destroy(struct receive_session *session)
{
    struct packet *packet;

    if (!session) {
        return;
    }
    while (session->ring && ring_pop(session->ring, &packet, 1) == 1) {
        packet_unref(packet);
    }
    ring_destroy(session->ring);
    depacketizer_finish(&session->rt.depacketizer);
    concealment_destroy(session->rt.concealment);
    jitter_queue_destroy(session->rt.queue);
    fec_reader_destroy(session->rt.fec);
    ldpc_supply_destroy(session->ldpc);
    rate_stage_destroy(session->rt.rate);
    free(session);
}

void receive_session_push(struct receive_session *session, struct packet *packet)
{
    // Before the packet, so that its decoder is there when the reader has it.
    if (session->ldpc) {
        ldpc_supply_see(session->ldpc, packet);
    }
    if (ring_push(session->ring, &packet, 1) == 0) {
        receive_counter_add(&session->counters.packets_dropped, 1);
        packet_unref(packet);
    }
}

static void note_span(struct receive_session *session, int64_t seq)
{
    receive_counters_note_seq(&session->counters, seq, !session->rt.is_playing);
    atomic_store_explicit(&session->counters.ssrc, session->rt.filter.ssrc, memory_order_relaxed);
}

static void note_late(struct receive_session *session, unsigned packets)
{
    if (packets > 0) {
        receive_counter_add(&session->counters.packets_late, packets);
        session->rt.has_late = true;
    }
}

// Per channel; bytes beyond the last whole frame do not count.
static uint32_t count_samples(const struct receive_session *session, const struct packet *packet)
{
    return (uint32_t)(packet->payload_size / session->frame_size);
}

static void accept_restored(struct receive_session *session, int restored_count)
{
    int i;

    for (i = 0; i < restored_count; i++) {
        struct packet *packet = session->rt.restored[i];
        struct packet_place place;

        packet->duration = count_samples(session, packet);
        if (packet_filter_push(&session->rt.filter, packet, &place) < 0) {
            packet_unref(packet);
            continue;
        }
        session_latency_push_loss(&session->rt.latency);
        note_span(session, place.seq);
        if (jitter_queue_push(session->rt.queue, place, packet) == -ETIMEDOUT) {
            note_late(session, 1);
        }
    }
}

static void repair(struct receive_session *session, struct packet *packet)
{
    if (session->rt.fec) {
        accept_restored(session, fec_reader_push(session->rt.fec, packet, session->rt.restored));
    }
}

static void accept_source(struct receive_session *session, struct packet *packet)
{
    struct receive_counters *counters = &session->counters;
    struct packet_place place;
    int err;

    packet->duration = count_samples(session, packet);
    if (packet_filter_push(&session->rt.filter, packet, &place) < 0) {
        receive_counter_add(&counters->packets_rejected, 1);
        packet_unref(packet);
        return;
    }
    receive_counter_add(&counters->bytes_received, packet->size_bytes);
    receive_jitter_push(&session->rt.jitter, counters, packet->receive_time_ns, place.position,
                        session->config.encoding.rate_hz);
    session->rt.has_arrived = true;
    session_latency_push_packet(&session->rt.latency, packet->receive_time_ns,
                                place.position + packet->duration, packet->duration,
                                packet->has_fec ? packet->source_block_length : 0);
    note_span(session, place.seq);
    if (place.seq == session->rt.filter.newest.seq) {
        atomic_store_explicit(&counters->newest_receive_ns, packet->receive_time_ns,
                              memory_order_relaxed);
    }
    // FEC first, because the queue may be the end of the packet: a late one still helps its block.
    repair(session, packet);
    err = jitter_queue_push(session->rt.queue, place, packet);
    if (err == -EEXIST) {
        receive_counter_add(&counters->packets_duplicate, 1);
        return;
    }
    if (err == -ETIMEDOUT) {
        note_late(session, 1);
    } else if (err < 0) {
        receive_counter_add(&counters->packets_rejected, 1);
    }
    if (place.seq >= receive_counters_first_seq(counters)) {
        receive_counter_add(&counters->packets_received, 1);
    }
}

static void accept_repair(struct receive_session *session, struct packet *packet)
{
    receive_counter_add(&session->counters.repair_received, 1);
    receive_counter_add(&session->counters.bytes_received, packet->size_bytes);
    repair(session, packet);
    packet_unref(packet);
}

// Takes what the network thread has brought so far, and no more: it must end though more comes.
static void drain(struct receive_session *session)
{
    struct packet *batch[PACKET_BATCH];
    size_t left = ring_readable(session->ring);

    while (left > 0) {
        size_t want = left < PACKET_BATCH ? left : PACKET_BATCH;
        size_t got = ring_pop(session->ring, batch, want);
        size_t i;

        for (i = 0; i < got; i++) {
            if (batch[i]->is_repair) {
                accept_repair(session, batch[i]);
            } else {
                accept_source(session, batch[i]);
            }
        }
        left = got < want ? 0 : left - got;
    }
}

static int64_t newest_end(const struct receive_session *session)
{
    return packet_filter_end(&session->rt.filter);
}

// Where the next sample is: the read position, or before playout the oldest packet. False when
// nothing was received yet.
static bool find_position(const struct receive_session *session, int64_t *position)
{
    struct jitter_entry oldest;

    if (session->rt.is_playing) {
        *position = session->rt.depacketizer.position;
        return true;
    }
    if (!jitter_queue_peek(session->rt.queue, &oldest)) {
        return false;
    }
    *position = oldest.place.position;
    return true;
}

// Throws away the oldest packets until less than the target latency lies behind the next one, and
// goes on there.
static void align(struct receive_session *session)
{
    struct jitter_entry oldest;
    int64_t position = session->rt.depacketizer.position;

    while (jitter_queue_peek(session->rt.queue, &oldest) &&
           newest_end(session) - oldest.place.position - oldest.packet->duration >=
               session->target) {
        jitter_queue_pop(session->rt.queue, &oldest);
        packet_unref(oldest.packet);
    }
    if (!jitter_queue_peek(session->rt.queue, &oldest)) {
        return;
    }
    if (session->rt.is_playing && oldest.place.position > position) {
        receive_counter_add(&session->counters.frames_skipped,
                            (uint64_t)(oldest.place.position - position));
        concealment_skip(session->rt.concealment);
    }
    depacketizer_seek(&session->rt.depacketizer, oldest.place.position);
}

static void start(struct receive_session *session, int64_t position)
{
    depacketizer_seek(&session->rt.depacketizer, position);
    // With a clock, what piled up beyond the target latency would stay as latency for good.
    if (!session->rt.clockless) {
        align(session);
    }
    session->rt.is_playing = true;
}

// The frame that is heard next: the last stage holds some.
static double heard_position(const struct receive_session *session)
{
    return (double)session->rt.depacketizer.position - rate_stage_delay(session->rt.rate);
}

// Drops what ends before the position, and goes on there.
static void seek(struct receive_session *session, int64_t position)
{
    struct jitter_entry oldest;

    while (jitter_queue_peek(session->rt.queue, &oldest) &&
           oldest.place.position + oldest.packet->duration <= position) {
        jitter_queue_pop(session->rt.queue, &oldest);
        packet_unref(oldest.packet);
    }
    depacketizer_seek(&session->rt.depacketizer, position);
}

// Where the depacketizer has to be for the target latency.
static int64_t target_position(const struct receive_session *session)
{
    return session_latency_position(&session->rt.latency, newest_end(session)) +
           llround(rate_stage_delay(session->rt.rate));
}

// Packets that tell when they arrived say to the sample where to start.
static void start_timed(struct receive_session *session, int64_t oldest)
{
    int64_t position = target_position(session);

    if (position >= oldest) {
        seek(session, position);
        session->rt.is_playing = true;
    }
}

// Away from a latency that is far off, without an end of the session.
static void jump(struct receive_session *session)
{
    int64_t from = session->rt.depacketizer.position;
    int64_t to;

    session_latency_prepare_jump(&session->rt.latency);
    to = target_position(session);
    concealment_skip(session->rt.concealment);
    seek(session, to);
    if (to > from) {
        receive_counter_add(&session->counters.frames_skipped, (uint64_t)(to - from));
    } else {
        // The silence until sound comes again is ours, not the sender's.
        init_watchdog(session);
    }
    receive_counter_add(&session->counters.latency_jumps, 1);
}

// What arrived for this read tells whether the network still keeps up.
static enum session_arrival judge_arrival(const struct receive_session *session)
{
    if (!session->rt.has_arrived) {
        return SESSION_ARRIVAL_NONE;
    }
    return newest_end(session) > session->rt.depacketizer.position ? SESSION_ARRIVAL_IN_TIME
                                                                   : SESSION_ARRIVAL_LATE;
}

// Without times, only a reader that was away for long has to be brought back.
static void catch_up(struct receive_session *session, int64_t latency)
{
    int64_t excess = frames_of(session, MIN_EXCESS_LATENCY_NS);

    if (session->target > excess) {
        excess = session->target;
    }
    if (latency > session->target + excess) {
        align(session);
    }
}

static void start_or_catch_up(struct receive_session *session, size_t frames)
{
    int64_t position, latency;

    if (!find_position(session, &position)) {
        return;
    }
    latency = newest_end(session) - position;
    if (session->rt.is_playing && !session->rt.clockless) {
        if (session_latency_must_jump(&session->rt.latency, heard_position(session), frames,
                                      judge_arrival(session))) {
            jump(session);
        } else {
            catch_up(session, latency);
        }
    } else if (!session->rt.is_playing && !session->rt.clockless &&
               session_latency_is_paced(&session->rt.latency)) {
        start_timed(session, position);
    } else if (!session->rt.is_playing && latency >= session->target) {
        start(session, position);
    }
}

// Gaps count as played (and concealed) once sound comes back after them: silence after the last
// sound is no gap.
static void note_played(struct receive_session *session, size_t frames, size_t audio_frames)
{
    struct receive_counters *counters = &session->counters;
    int64_t gap = (int64_t)(frames - audio_frames);

    if (audio_frames == 0) {
        session->rt.gap_frames += gap;
        return;
    }
    gap += session->rt.gap_frames;
    session->rt.gap_frames = 0;
    receive_counter_add(&counters->frames_played, (uint64_t)gap + audio_frames);
    receive_counter_add(&counters->frames_concealed, (uint64_t)gap);
}

static size_t read_playing(struct receive_session *session, float *samples, size_t frames)
{
    struct depacketizer *depacketizer = &session->rt.depacketizer;
    struct depacketizer_report report = {0};
    size_t limit = frames;

    if (session->rt.clockless) {
        int64_t left = newest_end(session) - depacketizer->position;
        limit = left <= 0 ? 0 : (size_t)left < frames ? (size_t)left : frames;
    }
    depacketizer_read(depacketizer, session->rt.queue, samples, limit, &report);
    concealment_fill(session->rt.concealment, samples + limit * session->config.encoding.channels,
                     frames - limit, NULL, 0);
    receive_counter_add(&session->counters.packets_recovered, report.packets_recovered);
    note_late(session, report.packets_late);
    note_played(session, limit, report.audio_frames);
    return report.audio_frames;
}

void receive_session_stop(struct receive_session *session)
{
    session->rt.is_alive = false;
    concealment_stop(session->rt.concealment);
}

// At most 10 ms, so that the watchdogs see when sound stops inside a long read.
static size_t read_stretch(struct receive_session *session, float *samples, size_t frames)
{
    size_t audio_frames = 0;

    if (session->rt.is_playing && session->rt.is_alive) {
        audio_frames = read_playing(session, samples, frames);
    } else {
        concealment_fill(session->rt.concealment, samples, frames, NULL, 0);
    }
    if (!session->rt.clockless &&
        !watchdog_push(&session->rt.watchdog, frames, audio_frames, session->rt.has_late)) {
        receive_session_stop(session);
    }
    session->rt.has_late = false;
    return audio_frames;
}

// What the last stage asks for.
static void pull(float *samples, size_t frames, void *arg)
{
    struct receive_session *session = arg;
    size_t stretch = session->config.encoding.rate_hz / STRETCHES_PER_S + 1;

    while (frames > 0) {
        size_t n = frames < stretch ? frames : stretch;
        session->rt.audio_frames += read_stretch(session, samples, n);
        session->rt.pulled_frames += n;
        samples += n * session->config.encoding.channels;
        frames -= n;
    }
}

static int64_t get_time_ns(const struct receive_session *session)
{
    return session->config.get_time_ns ? session->config.get_time_ns(session->config.get_time_arg)
                                       : clock_realtime_ns();
}

static void steer(struct receive_session *session, size_t frames)
{
    double scale;

    if (!session->rt.is_playing || session->rt.clockless) {
        return;
    }
    scale = session_latency_steer(&session->rt.latency, heard_position(session), frames);
    rate_stage_set_scale(session->rt.rate, scale);
    receive_counters_set_latency(&session->counters, &session->rt.latency, scale,
                                 heard_position(session));
}

// True when the sender said goodbye and nothing of it is left to play.
static bool has_left(const struct receive_session *session)
{
    int64_t position;

    return atomic_load_explicit(&session->is_leaving, memory_order_relaxed) &&
           (!find_position(session, &position) || position >= newest_end(session));
}

// position: of the first frame that was read.
static void finish_read(struct receive_session *session, int64_t position)
{
    int64_t latency = newest_end(session) - session->rt.depacketizer.position;

    if (has_left(session)) {
        receive_session_stop(session);
    }
    if (!session->rt.is_playing) {
        return;
    }
    // Its first sample is heard when the reader has it.
    rtp_moment_set(&session->counters.playback, (struct rtp_moment){
                                                    .time_ns = session->rt.latency.now_ns,
                                                    .timestamp = (uint32_t)position,
                                                });
    if (session->rt.fec) {
        fec_reader_expire(session->rt.fec, (uint16_t)jitter_queue_head(session->rt.queue));
    }
    atomic_store_explicit(&session->counters.queue_latency, latency > 0 ? latency : 0,
                          memory_order_relaxed);
}

size_t receive_session_read(struct receive_session *session, float *samples, size_t frames)
{
    int64_t position;

    session_latency_begin(&session->rt.latency, get_time_ns(session));
    session->rt.has_arrived = false;
    drain(session);
    start_or_catch_up(session, frames);
    steer(session, frames);
    position = llround(heard_position(session));
    session->rt.audio_frames = 0;
    session->rt.pulled_frames = 0;
    rate_stage_read(session->rt.rate, samples, frames, pull, session);
    session_latency_end(&session->rt.latency, frames);
    finish_read(session, position);
    if (session->rt.audio_frames == session->rt.pulled_frames) {
        return session->rt.is_playing ? frames : 0;
    }
    return session->rt.audio_frames * frames / session->rt.pulled_frames;
}

// How long nothing new has come, by the reader's clock.
static int64_t measure_idle(struct receive_session *session, int64_t now_ns)
{
    int64_t end = newest_end(session);

    if (!session->rt.has_last_end || session->rt.last_end != end) {
        session->rt.has_last_end = true;
        session->rt.last_end = end;
        session->rt.last_end_ns = now_ns;
    }
    if (now_ns <= session->rt.last_end_ns) {
        return 0;
    }
    return now_ns - session->rt.last_end_ns < MAX_TIMEOUT_NS ? now_ns - session->rt.last_end_ns
                                                             : MAX_TIMEOUT_NS;
}

static int64_t due_position(const struct receive_session *session, int64_t idle_ns)
{
    int64_t end = newest_end(session);
    int64_t due = end - session->target;

    if (idle_ns > IDLE_GRACE_NS) {
        due += frames_of(session, idle_ns - IDLE_GRACE_NS);
    }
    return due < end ? due : end;
}

size_t receive_session_ready(struct receive_session *session, int64_t now_ns)
{
    int64_t idle_ns, position, due;
    bool has_position;

    drain(session);
    idle_ns = measure_idle(session, now_ns);
    has_position = find_position(session, &position);
    if ((!has_position || position >= newest_end(session)) && session->idle_timeout_ns >= 0 &&
        idle_ns >= session->idle_timeout_ns) {
        session->rt.is_alive = false;
    }
    if (has_left(session)) {
        session->rt.is_alive = false;
    }
    if (!has_position || !session->rt.is_alive) {
        return 0;
    }
    due = due_position(session, idle_ns);
    if (due <= position) {
        return 0;
    }
    if (!session->rt.is_playing) {
        start(session, position);
    }
    return rate_stage_available(session->rt.rate, (size_t)(due - position));
}

void receive_session_set_clockless(struct receive_session *session, bool clockless)
{
    if (session->rt.clockless == clockless) {
        return;
    }
    session->rt.clockless = clockless;
    // Nobody measured meanwhile how long nothing came.
    session->rt.has_last_end = false;
    if (clockless) {
        rate_stage_pass(session->rt.rate);
    }
}

bool receive_session_is_alive(const struct receive_session *session)
{
    return session->rt.is_alive;
}

bool receive_session_is_over(const struct receive_session *session)
{
    // Without a clock nobody would read how it fades out.
    return !session->rt.is_alive &&
           (session->rt.clockless || concealment_is_silent(session->rt.concealment));
}

bool receive_session_is_playing(const struct receive_session *session)
{
    return session->rt.is_alive && session->rt.is_playing &&
           session->rt.depacketizer.position < newest_end(session);
}

void receive_session_leave(struct receive_session *session)
{
    atomic_store_explicit(&session->is_leaving, true, memory_order_relaxed);
}

struct receive_session_report receive_session_report(const struct receive_session *session)
{
    return receive_counters_report(&session->counters, session->config.encoding.rate_hz);
}

struct receive_session_metrics receive_session_metrics(const struct receive_session *session)
{
    return receive_counters_get(&session->counters, session->config.encoding.rate_hz);
}
