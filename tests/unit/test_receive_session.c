// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "stream/receive_session.h"
#include "stream/send_session.h"

#include "stream_packets.h"

#define MS_NS  1000000ll
#define S_NS   (1000 * MS_NS)
#define TARGET 4410 // 100 ms
#define LIMIT  44100

struct fixture {
    struct packet_pool *pool;
    struct receive_session *session;
    float samples[LIMIT * TEST_CHANNELS];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->pool = test_pool();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    receive_session_destroy(f->session);
    test_pool_destroy(f->pool);
    free(f);
    return 0;
}

static void open_session(struct fixture *f, bool clockless, enum fec_scheme fec)
{
    struct receive_session_config config = {
        .pool = f->pool,
        .encoding = test_encoding,
        .fec = fec,
        .target_latency_ns = 100 * MS_NS,
        .concealment = CONCEALMENT_ZERO,
        .clockless = clockless,
    };
    assert_int_equal(receive_session_create(&f->session, &config), 0);
}

// Packet `index` of a stream whose first one has this seq and timestamp.
static uint16_t first_seq = 1000;
static uint32_t first_timestamp = 50000;

static void push(struct fixture *f, int index)
{
    receive_session_push(f->session,
                         make_source(f->pool, (uint16_t)(first_seq + index),
                                     first_timestamp + (uint32_t)index * TEST_FRAMES, TEST_FRAMES));
}

static void push_range(struct fixture *f, int from, int to)
{
    for (int i = from; i < to; i++) {
        push(f, i);
    }
}

static size_t read(struct fixture *f, size_t frames)
{
    assert_true(frames < LIMIT);
    for (size_t i = 0; i < LIMIT * TEST_CHANNELS; i++) {
        f->samples[i] = 77.0f;
    }
    size_t audio_frames = receive_session_read(f->session, f->samples, frames);
    assert_true(f->samples[frames * TEST_CHANNELS] == 77.0f);
    return audio_frames;
}

// The frames [at, at + count) of the last read are those of the stream from frame `frame` on.
static void assert_audio(struct fixture *f, size_t at, size_t count, size_t frame)
{
    for (size_t i = 0; i < count; i++) {
        for (unsigned c = 0; c < TEST_CHANNELS; c++) {
            float expected = test_level(first_timestamp + (uint32_t)(frame + i), c);
            if (f->samples[(at + i) * TEST_CHANNELS + c] != expected) {
                fail_msg("frame %zu, channel %u differs", at + i, c);
            }
        }
    }
}

static void assert_zeros(struct fixture *f, size_t at, size_t count)
{
    for (size_t i = at * TEST_CHANNELS; i < (at + count) * TEST_CHANNELS; i++) {
        assert_true(f->samples[i] == 0.0f);
    }
}

static struct receive_session_metrics metrics(struct fixture *f)
{
    return receive_session_metrics(f->session);
}

// ---- with a clock

static void test_receive_session_waits_for_the_target_latency(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 44);
    assert_int_equal(read(f, 441), 0);
    assert_zeros(f, 0, 441);
    assert_false(receive_session_is_playing(f->session));
    push(f, 44);
    assert_int_equal(read(f, 441), 441);
    assert_audio(f, 0, 441, 0);
    assert_true(receive_session_is_playing(f->session));
}

static void test_receive_session_discards_what_piled_up_before_the_start(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 100);
    assert_int_equal(read(f, 441), 441);
    // Less than 4410 frames, in whole packets, stay behind the first one.
    assert_audio(f, 0, 441, 10000 - 4500);
    assert_int_equal(metrics(f).frames_concealed, 0);
}

static void test_receive_session_starts_at_the_oldest_packet_also_when_it_came_second(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push(f, 1);
    push(f, 0);
    push_range(f, 2, 45);
    assert_int_equal(read(f, 441), 441);
    assert_audio(f, 0, 441, 0);
    assert_int_equal(metrics(f).packets_expected, 45);
    assert_int_equal(metrics(f).packets_lost, 0);
}

static void test_receive_session_plays_across_wraps_of_seq_and_timestamp(void **state)
{
    struct fixture *f = *state;
    uint16_t seq = first_seq;
    uint32_t timestamp = first_timestamp;
    first_seq = 65500;
    first_timestamp = UINT32_MAX - 5050;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 45);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(read(f, 100), 100);
        assert_audio(f, 0, 100, i * 100);
        push(f, 45 + (int)i);
    }
    assert_int_equal(metrics(f).packets_lost, 0);
    first_seq = seq;
    first_timestamp = timestamp;
}

static void test_receive_session_counts_gap_late_and_duplicate(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 3);
    push_range(f, 4, 45);
    push(f, 10);
    assert_int_equal(read(f, 600), 500);
    assert_audio(f, 0, 300, 0);
    assert_zeros(f, 300, 100);
    assert_audio(f, 400, 200, 400);
    push(f, 3);
    push(f, 2);
    assert_int_equal(read(f, 100), 100);
    assert_int_equal(metrics(f).packets_expected, 45);
    assert_int_equal(metrics(f).packets_received, 45);
    assert_int_equal(metrics(f).packets_late, 1);
    assert_int_equal(metrics(f).packets_duplicate, 2);
    assert_int_equal(metrics(f).packets_lost, 0);
    assert_int_equal(metrics(f).frames_played, 700);
    assert_int_equal(metrics(f).frames_concealed, 100);
}

static void test_receive_session_rejects_foreign_ssrc_and_jumps(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 45);
    struct packet *foreign = make_source(f->pool, (uint16_t)(first_seq + 45), 0, TEST_FRAMES);
    foreign->ssrc++;
    receive_session_push(f->session, foreign);
    push(f, 44 + 101);
    struct packet *empty = make_source(f->pool, (uint16_t)(first_seq + 45), first_timestamp, 0);
    receive_session_push(f->session, empty);
    assert_int_equal(read(f, 441), 441);
    assert_int_equal(metrics(f).packets_rejected, 3);
    assert_int_equal(metrics(f).packets_received, 45);
    assert_int_equal(metrics(f).packets_expected, 45);
    assert_int_equal(metrics(f).ssrc, TEST_SSRC);
}

static void test_receive_session_ends_when_nothing_is_played_for_too_long(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 45);
    assert_int_equal(read(f, 4500), 4500);
    assert_int_equal(read(f, 5878), 0);
    assert_true(receive_session_is_alive(f->session));
    read(f, 1);
    assert_false(receive_session_is_alive(f->session));
    // Nothing comes from a session that is over, and silence after the last sound is no gap.
    push_range(f, 45, 90);
    assert_int_equal(read(f, 441), 0);
    assert_zeros(f, 0, 441);
    assert_int_equal(metrics(f).frames_played, 4500);
    assert_int_equal(metrics(f).frames_concealed, 0);
}

static void test_receive_session_of_a_single_packet_ends_after_warm_up(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push(f, 0);
    read(f, TARGET + 5878);
    assert_true(receive_session_is_alive(f->session));
    read(f, 1);
    assert_false(receive_session_is_alive(f->session));
}

static void test_receive_session_ends_when_choppy(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 45);
    assert_int_equal(read(f, 4500), 4500);
    // From now on of three packets one comes in time, two when their time is over.
    int index = 45;
    int reads = 0;
    while (receive_session_is_alive(f->session) && reads < 1000) {
        push(f, index + 2);
        read(f, 300);
        push(f, index);
        push(f, index + 1);
        index += 3;
        reads++;
    }
    // 2 s, in windows of 300 ms: seven of them.
    assert_in_range(reads, 2 * 44100 / 300, 21 * 4410 / 300 + 10);
}

static void test_receive_session_returns_to_target_after_the_reader_was_away(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 45);
    assert_int_equal(read(f, 100), 100);
    push_range(f, 45, 500);
    assert_int_equal(read(f, 100), 100);
    assert_audio(f, 0, 100, 50000 - 4500);
    assert_int_equal(metrics(f).frames_skipped, 50000 - 4500 - 100);
    assert_true(metrics(f).queue_latency_ms < 100.0);
}

static void test_receive_session_drops_what_the_reader_does_not_fetch(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    push_range(f, 0, 3000);
    assert_true(metrics(f).packets_dropped > 0);
    read(f, 100);
    assert_int_equal(metrics(f).packets_dropped + metrics(f).packets_received, 3000);
}

static void test_receive_session_measures_jitter(void **state)
{
    struct fixture *f = *state;
    open_session(f, false, FEC_NONE);
    for (int i = 0; i < 400; i++) {
        struct packet *packet = make_source(f->pool, (uint16_t)(first_seq + i),
                                            first_timestamp + (uint32_t)i * 441, 441);
        // 10 ms packets that come alternately 2 ms late: every step is off by 2 ms.
        packet->receive_time_ns = S_NS + i * 10 * MS_NS + i % 2 * 2 * MS_NS;
        receive_session_push(f->session, packet);
    }
    read(f, 100);
    assert_true(metrics(f).jitter_ms > 1.9 && metrics(f).jitter_ms < 2.1);
}

// ---- without a clock

static void test_receive_session_clockless_is_not_ready_before_target_latency(void **state)
{
    struct fixture *f = *state;
    open_session(f, true, FEC_NONE);
    assert_int_equal(receive_session_ready(f->session, 0), 0);
    push_range(f, 0, 44);
    assert_int_equal(receive_session_ready(f->session, MS_NS), 0);
    assert_int_equal(read(f, 100), 0);
    push_range(f, 44, 60);
    assert_int_equal(receive_session_ready(f->session, 2 * MS_NS), 6000 - TARGET);
    assert_int_equal(read(f, 6000 - TARGET), 6000 - TARGET);
    assert_audio(f, 0, 6000 - TARGET, 0);
    assert_int_equal(receive_session_ready(f->session, 3 * MS_NS), 0);
}

static void test_receive_session_clockless_waits_for_a_starved_sender(void **state)
{
    struct fixture *f = *state;
    open_session(f, true, FEC_NONE);
    push_range(f, 0, 100);
    size_t position = receive_session_ready(f->session, 0);
    assert_int_equal(read(f, position), position);
    for (int64_t ms = 1; ms < 1000; ms += 10) {
        assert_int_equal(receive_session_ready(f->session, ms * MS_NS), 0);
    }
    push_range(f, 100, 200);
    size_t ready = receive_session_ready(f->session, S_NS);
    assert_int_equal(ready, 10000);
    assert_int_equal(read(f, ready), ready);
    assert_audio(f, 0, ready, position);
    assert_int_equal(metrics(f).frames_concealed, 0);
}

static void test_receive_session_clockless_drains_in_real_time_after_a_second(void **state)
{
    struct fixture *f = *state;
    open_session(f, true, FEC_NONE);
    push_range(f, 0, 100);
    size_t position = receive_session_ready(f->session, 0);
    read(f, position);
    assert_int_equal(receive_session_ready(f->session, 1000 * MS_NS), 0);
    assert_int_equal(receive_session_ready(f->session, 1010 * MS_NS), 441);
    assert_int_equal(read(f, 441), 441);
    assert_audio(f, 0, 441, position);
    // Never past the end of what came.
    assert_int_equal(receive_session_ready(f->session, 1900 * MS_NS), TARGET - 441);
    assert_int_equal(read(f, TARGET - 441), TARGET - 441);
    assert_audio(f, 0, TARGET - 441, position + 441);
    assert_int_equal(receive_session_ready(f->session, 1950 * MS_NS), 0);
    assert_int_equal(metrics(f).frames_played, 10000);
}

static void test_receive_session_clockless_does_not_advance_past_the_end(void **state)
{
    struct fixture *f = *state;
    open_session(f, true, FEC_NONE);
    push_range(f, 0, 50);
    receive_session_ready(f->session, 0);
    assert_int_equal(read(f, 6000), 5000);
    assert_audio(f, 0, 5000, 0);
    assert_zeros(f, 5000, 1000);
    push_range(f, 50, 60);
    assert_int_equal(read(f, 1000), 1000);
    assert_audio(f, 0, 1000, 5000);
    assert_int_equal(metrics(f).frames_concealed, 0);
}

static void test_receive_session_clockless_plays_a_stream_shorter_than_the_latency(void **state)
{
    struct fixture *f = *state;
    size_t total = 0;
    open_session(f, true, FEC_NONE);
    push_range(f, 0, 10);
    for (int64_t ms = 0; ms < 1500; ms += 5) {
        size_t frames = receive_session_ready(f->session, ms * MS_NS);
        assert_int_equal(read(f, frames), frames);
        assert_audio(f, 0, frames, total);
        total += frames;
    }
    assert_int_equal(total, 1000);
}

static void test_receive_session_clockless_ends_when_drained_and_idle(void **state)
{
    struct fixture *f = *state;
    open_session(f, true, FEC_NONE);
    push_range(f, 0, 50);
    receive_session_ready(f->session, 0);
    // Not drained: it does not end however long it takes.
    receive_session_ready(f->session, 60 * S_NS);
    assert_true(receive_session_is_alive(f->session));
    read(f, 5000);
    push_range(f, 50, 51);
    receive_session_ready(f->session, 60 * S_NS);
    read(f, 100);
    receive_session_ready(f->session, 62 * S_NS - 1);
    assert_true(receive_session_is_alive(f->session));
    receive_session_ready(f->session, 62 * S_NS);
    assert_false(receive_session_is_alive(f->session));
    assert_int_equal(receive_session_ready(f->session, 63 * S_NS), 0);
}

static void test_receive_session_clockless_bears_a_clock_that_jumps(void **state)
{
    struct fixture *f = *state;
    open_session(f, true, FEC_NONE);
    push_range(f, 0, 100);
    assert_int_equal(receive_session_ready(f->session, INT64_MAX), 10000 - TARGET);
    assert_int_equal(receive_session_ready(f->session, 0), 10000 - TARGET);
    assert_int_equal(receive_session_ready(f->session, INT64_MAX), 10000 - TARGET);
    assert_true(receive_session_is_alive(f->session));
}

static void test_receive_session_may_gain_and_lose_its_clock(void **state)
{
    struct fixture *f = *state;
    open_session(f, true, FEC_NONE);
    push_range(f, 0, 50);
    size_t position = receive_session_ready(f->session, 0);
    read(f, position);
    receive_session_set_clockless(f->session, false);
    assert_int_equal(read(f, 441), 441);
    assert_audio(f, 0, 441, position);
    // With a clock it goes on past the end, without one it waits there.
    assert_int_equal(read(f, 5000), 5000 - position - 441);
    push_range(f, 50, 100);
    receive_session_set_clockless(f->session, true);
    assert_int_equal(read(f, 441), 441);
    assert_audio(f, 0, 441, position + 441 + 5000);
    assert_int_equal(metrics(f).frames_concealed, position + 441);
}

// ---- from a sending session

struct link {
    struct fixture *f;
    enum fec_scheme fec;
    struct random random;
    uint32_t loss_percent;
    bool lose_first;
    unsigned sent, lost;
};

static void carry(struct packet *packet, void *arg)
{
    struct link *link = arg;
    bool is_lost = random_below(&link->random, 100) < link->loss_percent;
    if (link->sent == 0 && link->lose_first) {
        is_lost = true;
    }
    link->sent++;
    if (is_lost) {
        link->lost += !packet->is_repair;
    } else {
        receive_session_push(link->f->session,
                             copy_datagram(link->f->pool, packet->data, packet->size_bytes,
                                           link->fec, packet->is_repair));
    }
    packet_unref(packet);
}

#define BLOCK_FRAMES (18 * 221)
#define BLOCKS       60

// Sends BLOCKS blocks, a tenth of a block at a time, through the link into the session and checks
// that what the clockless reader gets begins with `exact` frames of the test signal.
static void check_link(struct link *link, bool interleaving, size_t exact)
{
    struct fixture *f = link->f;
    struct send_session *sender;
    struct send_session_config config = {
        .pool = f->pool,
        .encoding = test_encoding,
        .fec = link->fec,
        .interleaving = interleaving,
        .output = carry,
        .output_arg = link,
    };
    static float out[BLOCK_FRAMES * TEST_CHANNELS];
    uint32_t saved = first_timestamp;
    size_t played = 0;
    uint32_t position = 0;

    first_timestamp = 0; // of the test signal; the stream's own is random
    assert_int_equal(send_session_create(&sender, &config), 0);
    for (int i = 0; i < BLOCKS * 9; i++) {
        for (size_t n = 0; n < BLOCK_FRAMES / 9; n++, position++) {
            for (unsigned c = 0; c < TEST_CHANNELS; c++) {
                out[n * TEST_CHANNELS + c] = test_level(position, c);
            }
        }
        send_session_write(sender, out, BLOCK_FRAMES / 9);
        size_t ready = receive_session_ready(f->session, i * 10 * MS_NS);
        size_t audio_frames = read(f, ready);
        if (played + ready <= exact) {
            assert_int_equal(audio_frames, ready);
            assert_audio(f, 0, ready, played);
        }
        played += ready;
    }
    size_t rest = receive_session_ready(f->session, 100 * S_NS);
    rest = receive_session_ready(f->session, 102 * S_NS);
    read(f, rest);
    assert_audio(f, 0, exact - played < rest ? exact - played : rest, played);
    assert_true(played + rest >= exact);
    first_timestamp = saved;
    send_session_destroy(sender);
}

static void check_loss(struct fixture *f, bool interleaving, bool lose_first)
{
    struct link link = {.f = f, .fec = FEC_RS8M, .loss_percent = 5, .lose_first = lose_first};
    uint64_t seed = random_u32();
    // With interleaving the end of the stream stays in the sender.
    size_t exact = (size_t)(interleaving ? BLOCKS - 2 : BLOCKS) * BLOCK_FRAMES;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_init(&link.random, seed);
    struct receive_session_config config = {
        .pool = f->pool, .encoding = test_encoding, .fec = FEC_RS8M, .clockless = true};
    assert_int_equal(receive_session_create(&f->session, &config), 0);
    check_link(&link, interleaving, exact);
    assert_true(link.lost > 0);
    if (!interleaving) {
        assert_int_equal(metrics(f).packets_expected, BLOCKS * 18);
        assert_int_equal(metrics(f).packets_lost, link.lost);
        assert_int_equal(metrics(f).packets_recovered, link.lost);
        assert_int_equal(metrics(f).frames_concealed, 0);
        assert_int_equal(metrics(f).frames_played, exact);
    }
}

static void test_receive_session_is_bit_exact_with_five_percent_loss(void **state)
{
    check_loss(*state, false, false);
}

static void test_receive_session_is_bit_exact_with_loss_and_interleaving(void **state)
{
    check_loss(*state, true, false);
}

static void test_receive_session_starts_with_a_restored_first_packet(void **state)
{
    check_loss(*state, false, true);
}

static void test_receive_session_is_bit_exact_without_fec(void **state)
{
    struct fixture *f = *state;
    struct link link = {.f = f, .fec = FEC_NONE};
    random_init(&link.random, 1);
    open_session(f, true, FEC_NONE);
    check_link(&link, false, (size_t)BLOCKS * BLOCK_FRAMES);
    assert_int_equal(metrics(f).packets_lost, 0);
}

// ---- concealment: a tone, in packets of which the tests lose some

static double tone(int64_t position, unsigned channel)
{
    return (channel ? 0.25 : 0.5) * sin(0.0627 * (double)position);
}

static void open_concealing(struct fixture *f, bool clockless)
{
    struct receive_session_config config = {
        .pool = f->pool,
        .encoding = test_encoding,
        .target_latency_ns = 100 * MS_NS,
        .clockless = clockless,
    };
    assert_int_equal(receive_session_create(&f->session, &config), 0);
}

static void push_tone(struct fixture *f, int from, int to)
{
    for (int index = from; index < to; index++) {
        struct packet *packet =
            make_source(f->pool, (uint16_t)(first_seq + index),
                        first_timestamp + (uint32_t)index * TEST_FRAMES, TEST_FRAMES);
        float samples[TEST_FRAMES * TEST_CHANNELS];
        for (int i = 0; i < TEST_FRAMES; i++) {
            for (unsigned c = 0; c < TEST_CHANNELS; c++) {
                samples[i * TEST_CHANNELS + (int)c] = (float)tone(index * TEST_FRAMES + i, c);
            }
        }
        pcm_encode_l16(packet->data + packet->payload_offset, samples, TEST_FRAMES * TEST_CHANNELS);
        receive_session_push(f->session, packet);
    }
}

// The tone's own largest step is 0.0314, its peak 0.5.
static void assert_smooth(struct fixture *f, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        assert_true(fabsf(f->samples[i * TEST_CHANNELS] - f->samples[(i - 1) * TEST_CHANNELS]) <
                    0.05f);
        assert_true(fabsf(f->samples[i * TEST_CHANNELS]) <= 0.5001f);
    }
}

static void assert_tone(struct fixture *f, size_t at, size_t count, double tolerance)
{
    for (size_t i = at; i < at + count; i++) {
        for (unsigned c = 0; c < TEST_CHANNELS; c++) {
            assert_true(fabs((double)f->samples[i * TEST_CHANNELS + c] - tone((int64_t)i, c)) <=
                        tolerance);
        }
    }
}

static void check_lost_packets(struct fixture *f, bool clockless)
{
    open_concealing(f, clockless);
    push_tone(f, 0, 30);
    push_tone(f, 33, clockless ? 80 : 45);
    if (clockless) {
        assert_int_equal(receive_session_ready(f->session, 0), 8000 - TARGET);
    }
    read(f, 3500);
    assert_tone(f, 0, 3000, 1.0 / 32768);
    // Foretold, but not as it was; then blended for at most 4 ms.
    assert_tone(f, 3000, 300, 0.01);
    assert_tone(f, 3300, 177, 0.01);
    assert_tone(f, 3477, 23, 1.0 / 32768);
    assert_int_equal(metrics(f).frames_played, 3500);
    assert_int_equal(metrics(f).frames_concealed, 300);
}

static void test_receive_session_conceals_lost_packets(void **state)
{
    check_lost_packets(*state, false);
}

static void test_receive_session_conceals_lost_packets_without_a_clock(void **state)
{
    check_lost_packets(*state, true);
}

static void test_receive_session_fades_out_when_the_sender_vanishes(void **state)
{
    struct fixture *f = *state;
    open_concealing(f, false);
    push_tone(f, 0, 45);
    read(f, 9000);
    assert_tone(f, 0, 4500, 1.0 / 32768);
    assert_smooth(f, 9000);
    assert_zeros(f, 4500 + TEST_RATE_HZ * 61 / 1000, 1000);
}

static void test_receive_session_fades_out_when_it_is_stopped(void **state)
{
    struct fixture *f = *state;
    open_concealing(f, false);
    push_tone(f, 0, 45);
    read(f, 1000);
    receive_session_stop(f->session);
    assert_false(receive_session_is_alive(f->session));
    assert_false(receive_session_is_over(f->session));
    float last = f->samples[999 * TEST_CHANNELS];
    read(f, 1000);
    assert_true(fabsf(f->samples[0] - last) < 0.05f);
    assert_smooth(f, 1000);
    assert_zeros(f, TEST_RATE_HZ / 200 + 1, 700);
    assert_true(receive_session_is_over(f->session));
}

static void test_receive_session_blends_what_it_skips(void **state)
{
    struct fixture *f = *state;
    open_concealing(f, false);
    push_tone(f, 0, 45);
    read(f, 1000);
    float last = f->samples[999 * TEST_CHANNELS];
    // Far too much: it goes on where it should be, with another phase.
    push_tone(f, 45, 445);
    read(f, 1000);
    assert_true(metrics(f).frames_skipped > 0);
    assert_true(fabsf(f->samples[0] - last) < 0.05f);
    assert_smooth(f, 1000);
}

static void test_receive_session_refuses_impossible_configuration(void **state)
{
    struct fixture *f = *state;
    struct receive_session *session;
    struct receive_session_config good = {.pool = f->pool, .encoding = test_encoding};
    struct receive_session_config config = good;
    config.encoding.channels = 0;
    assert_int_equal(receive_session_create(&session, &config), -EINVAL);
    config = good;
    config.encoding.rate_hz = 0;
    assert_int_equal(receive_session_create(&session, &config), -EINVAL);
    config = good;
    config.target_latency_ns = -1;
    assert_int_equal(receive_session_create(&session, &config), -EINVAL);
    config.target_latency_ns = INT64_MAX;
    assert_int_equal(receive_session_create(&session, &config), -EINVAL);
    config = good;
    config.no_playback_timeout_ns = INT64_MAX;
    config.choppy_playback_timeout_ns = INT64_MIN;
    config.target_latency_ns = 1;
    assert_int_equal(receive_session_create(&session, &config), 0);
    receive_session_destroy(session);
    receive_session_destroy(NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_receive_session_waits_for_the_target_latency),
        T(test_receive_session_discards_what_piled_up_before_the_start),
        T(test_receive_session_starts_at_the_oldest_packet_also_when_it_came_second),
        T(test_receive_session_plays_across_wraps_of_seq_and_timestamp),
        T(test_receive_session_counts_gap_late_and_duplicate),
        T(test_receive_session_rejects_foreign_ssrc_and_jumps),
        T(test_receive_session_ends_when_nothing_is_played_for_too_long),
        T(test_receive_session_of_a_single_packet_ends_after_warm_up),
        T(test_receive_session_ends_when_choppy),
        T(test_receive_session_returns_to_target_after_the_reader_was_away),
        T(test_receive_session_drops_what_the_reader_does_not_fetch),
        T(test_receive_session_measures_jitter),
        T(test_receive_session_clockless_is_not_ready_before_target_latency),
        T(test_receive_session_clockless_waits_for_a_starved_sender),
        T(test_receive_session_clockless_drains_in_real_time_after_a_second),
        T(test_receive_session_clockless_does_not_advance_past_the_end),
        T(test_receive_session_clockless_plays_a_stream_shorter_than_the_latency),
        T(test_receive_session_clockless_ends_when_drained_and_idle),
        T(test_receive_session_clockless_bears_a_clock_that_jumps),
        T(test_receive_session_may_gain_and_lose_its_clock),
        T(test_receive_session_is_bit_exact_with_five_percent_loss),
        T(test_receive_session_is_bit_exact_with_loss_and_interleaving),
        T(test_receive_session_starts_with_a_restored_first_packet),
        T(test_receive_session_is_bit_exact_without_fec),
        T(test_receive_session_conceals_lost_packets),
        T(test_receive_session_conceals_lost_packets_without_a_clock),
        T(test_receive_session_fades_out_when_the_sender_vanishes),
        T(test_receive_session_fades_out_when_it_is_stopped),
        T(test_receive_session_blends_what_it_skips),
        T(test_receive_session_refuses_impossible_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
