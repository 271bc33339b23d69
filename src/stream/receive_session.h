// SPDX-License-Identifier: MPL-2.0
//
// A receiving session: the datagrams of one sender in, its samples out. Jitter queue, FEC repair,
// depacketizer, conversion to the rate of the reader, latency tuning, watchdogs.
//
// Thread: create and destroy any; push is the network thread's; read, ready and is_alive are the
// reader's (rt); metrics any. Packets cross between the two in a ring.

#ifndef ROC_STREAM_RECEIVE_SESSION_H
#define ROC_STREAM_RECEIVE_SESSION_H

#include "audio/concealment.h"
#include "audio/pcm.h"
#include "audio/resampler.h"
#include "base/packet.h"
#include "fec/ldpc_cache.h"
#include "stream/latency_tuner.h"
#include "stream/rtp_moment.h"
#include "wire/fecframe.h"

struct receive_session;

struct receive_session_config {
    struct packet_pool *pool; // borrowed; restored packets come from it
    struct audio_encoding encoding;
    // Samples per channel in a packet, as far as is known: the queue has room for as many packets
    // as the latency needs. 0 = those of a millisecond.
    unsigned packet_frames;
    enum fec_scheme fec;
    struct ldpc_cache *ldpc_cache; // borrowed; NULL: matrices of this session are its own
    int64_t target_latency_ns;     // 0 = 200 ms
    // With a clock: how the latency is kept at its target, and how far off it may be before the
    // session jumps to it (0 = the default for the target, see session_latency.h).
    enum latency_profile latency_profile;
    int64_t latency_tolerance_ns;
    // Adaptive: the target begins at target_latency_ns (0 = 60 ms) and moves between these by what
    // the network needs. max 0: it stays. With max, min 0 = 1 ms.
    int64_t min_target_latency_ns;
    int64_t max_target_latency_ns;
    unsigned output_rate_hz; // of what is read; 0 = as the encoding
    enum resampler_profile resampler;
    // 0 = 4/3 of the target latency, < 0 = never; clockless (idle time): 0 = 2 s or twice the
    // target latency, whichever is longer.
    int64_t no_playback_timeout_ns;
    int64_t choppy_playback_timeout_ns; // 0 = 2 s, < 0 = never
    // What gaps are filled with that FEC cannot repair. 0 = extrapolated sound.
    enum concealment_mode concealment;
    const struct concealment_plugin *plugin; // instead of that; borrowed, NULL = none
    bool clockless; // the reader has no clock and follows receive_session_ready;
                    // may be changed while it reads
    // The clock that packets' receive times come from; NULL: clock_realtime_ns.
    int64_t (*get_time_ns)(void *arg);
    void *get_time_arg;
};

struct receive_session_metrics {
    uint32_t ssrc;
    uint64_t packets_received; // accepted source packets, late ones too, no duplicates
    uint64_t repair_received;
    uint64_t bytes_received;
    uint64_t packets_expected;  // from the span of sequence numbers
    uint64_t packets_lost;      // never arrived as source packet (before repair)
    uint64_t packets_recovered; // of these, restored by FEC and played
    uint64_t packets_late;      // arrived (or were restored) when their time was over
    uint64_t packets_duplicate;
    uint64_t packets_rejected; // filter: foreign SSRC or PT, jump, empty
    uint64_t packets_dropped;  // the reader did not come for too long
    uint64_t frames_played;    // samples per channel given to the reader, first to last sound
    uint64_t frames_concealed; // of these, filled in because nothing was there
    uint64_t frames_skipped;   // never played, to get back to the target latency
    double queue_latency_ms;   // from the next sample to the end of the newest packet
    double latency_ms;         // see latency_tuner.h; 0 before it is known
    double target_latency_ms;  // what that is steered to
    double speed;              // of playing, by the clock of the reader; 1 is exact
    uint64_t latency_jumps;    // because the latency was too far off for the speed to help
    double jitter_ms;          // mean interarrival jitter, RFC 3550 section 6.4.1
    // From reports over a control interface, filled in by the receiver. rtt and clock_offset mean
    // something where has_clock is set.
    bool has_clock;
    double rtt_ms, clock_offset_ms; // of the sender's clock, seen from here
    double e2e_latency_ms;          // from capture to playback; 0 while unknown
};

// Returns 0, -EINVAL (no such format, no channels or rate, latency negative or above a minute),
// -ENOMEM.
int receive_session_create(struct receive_session **out,
                           const struct receive_session_config *config);
void receive_session_destroy(struct receive_session *session);

// One parsed packet (source or repair) of this sender; taken. Thread: network.
void receive_session_push(struct receive_session *session, struct packet *packet);

// Writes exactly `frames` interleaved frames at the output's rate: decoded audio, zeros before the
// start, and in gaps what audio/concealment.h makes up. Returns how many of them carry decoded
// audio. Clockless, it gives zeros past the end of what was received and does not advance there.
// Thread: rt.
size_t receive_session_read(struct receive_session *session, float *samples, size_t frames);

// For a reader without a clock: how many frames are due now, so that the queue keeps the target
// latency. It follows the sender's own pace: never goes past what was received, and after the
// sender fell silent for a second the rest drains in real time. 0 before playout starts. Also ends
// the session when all is played and nothing arrived for the no-playback time. now_ns is the
// monotonic clock. Thread: rt.
size_t receive_session_ready(struct receive_session *session, int64_t now_ns);

// From now on the reader has a clock, or none and follows receive_session_ready. Thread: rt.
void receive_session_set_clockless(struct receive_session *session, bool clockless);

// False once it ended: what it plays then fades out. Thread: rt.
bool receive_session_is_alive(const struct receive_session *session);
// Ends it. Thread: rt.
void receive_session_stop(struct receive_session *session);
// True when it has ended and nothing more of it is to be heard. Thread: rt.
bool receive_session_is_over(const struct receive_session *session);
// True once playout has begun and while there is something left to play. Thread: rt.
bool receive_session_is_playing(const struct receive_session *session);

// The session shall end once all that was received is played: its sender says goodbye. Thread: any.
void receive_session_leave(struct receive_session *session);

// What reception reports are made of.
struct receive_session_report {
    struct receive_session_metrics metrics;
    int64_t first_seq, newest_seq; // unwrapped; their low 16 bits are those of the wire; 0: none
    int64_t newest_receive_ns;     // when the newest packet came, CLOCK_REALTIME; 0: unknown
    int64_t jitter;                // in frames
    int64_t queue_latency_ns;
    // When the timestamp was played. Without a clock: when it was read.
    struct rtp_moment playback;
};
// Thread: any.
struct receive_session_report receive_session_report(const struct receive_session *session);

// Thread: any.
struct receive_session_metrics receive_session_metrics(const struct receive_session *session);

#endif
