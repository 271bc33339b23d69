// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stream/depacketizer.h"

#include "stream_packets.h"

#define START 1000
#define LIMIT 2048

struct fixture {
    struct packet_pool *pool;
    struct jitter_queue *queue;
    struct depacketizer depacketizer;
    struct depacketizer_report report;
    float samples[LIMIT * TEST_CHANNELS];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->pool = test_pool();
    assert_int_equal(jitter_queue_create(&f->queue, 256), 0);
    depacketizer_init(&f->depacketizer, &test_encoding);
    depacketizer_seek(&f->depacketizer, START);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    depacketizer_finish(&f->depacketizer);
    jitter_queue_destroy(f->queue);
    test_pool_destroy(f->pool);
    free(f);
    return 0;
}

static int push_at(struct fixture *f, int64_t seq, int64_t position, unsigned frames)
{
    struct packet *packet = make_source(f->pool, (uint16_t)seq, (uint32_t)position, frames);
    return jitter_queue_push(f->queue, (struct packet_place){seq, position}, packet);
}

static int push(struct fixture *f, int64_t seq)
{
    return push_at(f, seq, START + seq * TEST_FRAMES, TEST_FRAMES);
}

static void read(struct fixture *f, size_t frames)
{
    // Anything that is left unwritten fails the comparison.
    for (size_t i = 0; i < LIMIT * TEST_CHANNELS; i++) {
        f->samples[i] = 77.0f;
    }
    depacketizer_read(&f->depacketizer, f->queue, f->samples, frames, &f->report);
    assert_true(f->samples[frames * TEST_CHANNELS] == 77.0f);
}

static void assert_audio(struct fixture *f, size_t from, size_t to, int64_t position)
{
    for (size_t i = from; i < to; i++, position++) {
        for (unsigned c = 0; c < TEST_CHANNELS; c++) {
            assert_true(f->samples[i * TEST_CHANNELS + c] == test_level((uint32_t)position, c));
        }
    }
}

static void assert_zeros(struct fixture *f, size_t from, size_t to)
{
    for (size_t i = from * TEST_CHANNELS; i < to * TEST_CHANNELS; i++) {
        assert_true(f->samples[i] == 0.0f);
    }
}

static void test_depacketizer_joins_packets_whatever_the_read_size(void **state)
{
    struct fixture *f = *state;
    int64_t position = START;
    for (int64_t seq = 0; seq < 20; seq++) {
        assert_int_equal(push(f, seq), 0);
    }
    for (size_t size = 1; position + (int64_t)size <= START + 2000; size += 7) {
        read(f, size);
        assert_audio(f, 0, size, position);
        position += (int64_t)size;
    }
    assert_int_equal(f->report.audio_frames, (size_t)(position - START));
    assert_int_equal(f->depacketizer.position, position);
}

static void test_depacketizer_fills_gaps_with_zeros_of_exact_length(void **state)
{
    struct fixture *f = *state;
    push(f, 0);
    push(f, 3);
    read(f, 450);
    assert_audio(f, 0, 100, START);
    assert_zeros(f, 100, 300);
    assert_audio(f, 300, 400, START + 300);
    assert_zeros(f, 400, 450);
    assert_int_equal(f->report.audio_frames, 200);
    assert_int_equal(f->report.packets_late, 0);
}

static void test_depacketizer_plays_packet_that_arrives_within_its_gap(void **state)
{
    struct fixture *f = *state;
    push(f, 0);
    push(f, 2);
    read(f, 130);
    assert_audio(f, 0, 100, START);
    assert_zeros(f, 100, 130);
    // Too late for its first 30 frames.
    push(f, 1);
    read(f, 170);
    assert_audio(f, 0, 170, START + 130);
    assert_int_equal(f->report.packets_late, 0);
}

static void test_depacketizer_drops_late_packet(void **state)
{
    struct fixture *f = *state;
    push(f, 0);
    read(f, 300);
    assert_int_equal(push(f, 1), 0);
    assert_int_equal(push(f, 2), 0);
    push(f, 3);
    read(f, 100);
    assert_audio(f, 0, 100, START + 300);
    assert_int_equal(f->report.packets_late, 2);
}

static void test_depacketizer_cuts_packets_that_overlap(void **state)
{
    struct fixture *f = *state;
    push_at(f, 0, START, 100);
    push_at(f, 1, START + 50, 100);
    push_at(f, 2, START + 60, 20); // wholly inside what was played
    push_at(f, 3, START + 150, 10);
    read(f, 160);
    assert_audio(f, 0, 160, START);
    assert_int_equal(f->report.packets_late, 1);
}

static void test_depacketizer_counts_recovered_packets_that_were_played(void **state)
{
    struct fixture *f = *state;
    for (int64_t seq = 0; seq < 3; seq++) {
        struct packet *packet =
            make_source(f->pool, (uint16_t)seq, (uint32_t)(START + seq * TEST_FRAMES), TEST_FRAMES);
        packet->is_restored = seq != 1;
        jitter_queue_push(f->queue, (struct packet_place){seq, START + seq * TEST_FRAMES}, packet);
    }
    read(f, 250);
    assert_audio(f, 0, 250, START);
    assert_int_equal(f->report.packets_recovered, 2);
}

static void test_depacketizer_seek_drops_the_current_packet(void **state)
{
    struct fixture *f = *state;
    push(f, 0);
    push(f, 1);
    read(f, 10);
    depacketizer_seek(&f->depacketizer, START + 100);
    read(f, 10);
    assert_audio(f, 0, 10, START + 100);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_depacketizer_joins_packets_whatever_the_read_size),
        T(test_depacketizer_fills_gaps_with_zeros_of_exact_length),
        T(test_depacketizer_plays_packet_that_arrives_within_its_gap),
        T(test_depacketizer_drops_late_packet),
        T(test_depacketizer_cuts_packets_that_overlap),
        T(test_depacketizer_counts_recovered_packets_that_were_played),
        T(test_depacketizer_seek_drops_the_current_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
