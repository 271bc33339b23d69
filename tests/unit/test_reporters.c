// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "report_pair.h"
#include "wire/rtcp_xr.h"

#define S (1000 * PAIR_MS)

static struct report_pair pair;

static int setup(void **state)
{
    pair_open(&pair, 5 * PAIR_MS);
    return 0;
}

static int teardown(void **state)
{
    pair_close(&pair);
    return 0;
}

static struct send_connection connection(void)
{
    struct send_connection found = {0};
    assert_int_equal(send_reporter_query(pair.sender, &found, 1), 1);
    return found;
}

static size_t count_connections(void)
{
    struct send_connection found[SEND_REPORTER_MAX_CONNECTIONS];
    return send_reporter_query(pair.sender, found, SEND_REPORTER_MAX_CONNECTIONS);
}

static uint32_t sender_ssrc(void)
{
    return send_session_metrics(pair.session).ssrc;
}

static bool is_near(int64_t value, int64_t expected, int64_t tolerance)
{
    return llabs(value - expected) <= tolerance;
}

// A packet of this type in a report; type 0 in the result: none.
static struct rtcp_packet find_packet(const struct pair_report *report, uint8_t type)
{
    struct rtcp_reader reader;
    struct rtcp_packet packet;
    assert_int_equal(rtcp_reader_init(&reader, report->data, report->size), 0);
    while (rtcp_reader_next(&reader, &packet)) {
        if (packet.type == type)
            return packet;
    }
    return (struct rtcp_packet){0};
}

static uint32_t origin(const struct pair_report *report)
{
    struct rtcp_packet packet = find_packet(report, RTCP_SR);
    struct rtcp_sender_report sr;
    uint32_t ssrc;
    if (rtcp_parse_sr(&packet, &sr) == 0)
        return sr.ssrc;
    packet = find_packet(report, RTCP_RR);
    assert_int_equal(rtcp_parse_rr(&packet, &ssrc), 0);
    return ssrc;
}

static size_t write_name(uint8_t *data, size_t size, uint32_t ssrc, const char *name, bool has_bye)
{
    const struct rtcp_cname cname = {ssrc, (const uint8_t *)name, (uint8_t)strlen(name)};
    struct bytes_writer writer;
    bytes_writer_init(&writer, data, size);
    rtcp_write_rr(&writer, ssrc, NULL, 0);
    rtcp_write_cname(&writer, &cname);
    if (has_bye)
        rtcp_write_bye(&writer, ssrc);
    assert_false(writer.is_short);
    return writer.position;
}

static void test_reporters_keep_a_grid_of_200_ms(void **state)
{
    pair.is_paused = true;
    pair_run(&pair, S);
    assert_int_equal(pair.there.sent, 0); // nothing to report before the first packet
    pair.is_paused = false;
    pair_step(&pair);
    assert_int_equal(pair.there.sent, 1);
    pair_run(&pair, 2 * S);
    assert_int_equal(pair.there.sent, 11);
    assert_in_range(pair.back.sent, 10, 11);
}

static void test_reporters_go_on_while_the_application_pauses(void **state)
{
    pair_run(&pair, S);
    const unsigned sent = pair.there.sent, answered = pair.back.sent;
    pair.is_paused = true;
    pair_run(&pair, 10 * S);
    assert_int_equal(pair.there.sent, sent + 50);
    assert_int_equal(pair.back.sent, answered + 50);
    assert_int_equal(count_connections(), 1);
}

static void test_reporters_find_round_trip_time_and_offset(void **state)
{
    pair.offset_ns = -3600 * S;
    pair.there.delay_ns = 30 * PAIR_MS;
    pair.back.delay_ns = 30 * PAIR_MS;
    pair_run(&pair, 3 * S);
    const struct send_connection seen = connection();
    const struct session_timing *timing = &pair.entry->timing;
    assert_true(seen.has_clock && timing->has_clock);
    // Delays are told in steps of 15 us.
    assert_true(is_near(seen.rtt_ns, 60 * PAIR_MS, 40000));
    assert_true(is_near(timing->rtt_ns, 60 * PAIR_MS, 40000));
    assert_true(is_near(seen.clock_offset_ns, 3600 * S, 40000));
    assert_true(is_near(timing->clock_offset_ns, -3600 * S, 40000));
}

static void test_reporters_take_the_offset_of_the_fastest_exchange(void **state)
{
    pair.there.delay_ns = pair.back.delay_ns = 5 * PAIR_MS;
    pair_run(&pair, 2 * S);
    pair.there.delay_ns = 95 * PAIR_MS; // a queue on one way only
    pair_run(&pair, S);
    assert_true(is_near(connection().rtt_ns, 100 * PAIR_MS, 40000));
    assert_true(is_near(connection().clock_offset_ns, 0, 40000));
    pair_run(&pair, 5 * S); // it stays: now nothing better is known
    assert_true(is_near(connection().clock_offset_ns, 45 * PAIR_MS, 40000));
}

static void test_reporters_find_end_to_end_latency_between_any_clocks(void **state)
{
    const int64_t offsets[] = {0, 5 * S, -86400 * S};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        pair_close(&pair);
        pair_open(&pair, 5 * PAIR_MS);
        pair.offset_ns = offsets[i];
        pair.there.delay_ns = pair.back.delay_ns = 10 * PAIR_MS;
        pair_run(&pair, 3 * S);
        // Sound goes over at once here, so it waits for the target latency only.
        assert_true(is_near(pair.entry->timing.e2e_latency_ns, PAIR_TARGET, 11 * PAIR_MS));
        assert_true(is_near(connection().e2e_latency_ns, PAIR_TARGET, 11 * PAIR_MS));
        assert_true(is_near(connection().queue_latency_ns, PAIR_TARGET, 20 * PAIR_MS));
    }
}

static void test_reporters_know_no_latency_without_the_other_clock(void **state)
{
    pair.back.is_cut = true; // the sender cannot answer what it never hears
    pair_run(&pair, 2 * S);
    assert_non_null(pair.entry);
    assert_false(pair.entry->timing.has_clock);
    assert_int_equal(pair.entry->timing.e2e_latency_ns, 0);
    assert_int_equal(count_connections(), 0);
}

static void test_reporters_count_losses(void **state)
{
    pair.drop_every = 10;
    pair_run(&pair, 10 * S);
    pair.drop_every = 0;
    pair_run(&pair, S);
    const struct send_connection seen = connection();
    assert_true(pair.dropped > 100);
    assert_int_equal(seen.packets_lost, pair.dropped);
    assert_true(is_near((int64_t)seen.packets_expected, pair.packets, 60));
    assert_true(seen.loss == 0); // of the last interval
    pair.drop_every = 2;
    pair_run(&pair, S);
    assert_true(connection().loss > 0.4 && connection().loss < 0.6);
}

static void test_reporters_extend_sequence_numbers_over_turns(void **state)
{
    pair_close(&pair);
    pair_open(&pair, PAIR_MS);
    pair_run(&pair, 135 * S); // two turns
    const struct send_connection seen = connection();
    assert_true(pair.packets > 131072);
    assert_int_equal(seen.packets_lost, 0);
    assert_true(is_near((int64_t)seen.packets_expected, pair.packets, 250));
}

static void test_reporters_bye_lets_the_rest_be_played(void **state)
{
    uint8_t data[RTCP_MAX_REPORT_SIZE];
    pair_run(&pair, S);
    const size_t size =
        send_reporter_write_bye(pair.sender, data, (struct rtcp_now){pair.now_ns, pair.now_ns});
    assert_true(size > 0);
    pair_deliver_there(&pair, data, size, &pair.address);
    struct session_entry *entry = pair.entry;
    for (int i = 0; i < 6; i++) { // 60 of the 100 ms
        pair_play(&pair);
        assert_true(receive_session_is_alive(entry->session));
    }
    for (int i = 0; i < 10; i++)
        pair_play(&pair);
    assert_false(receive_session_is_alive(entry->session));
}

static void test_reporters_bye_outlasts_stragglers(void **state)
{
    uint8_t data[RTCP_MAX_REPORT_SIZE];
    pair_run(&pair, S);
    const size_t size =
        send_reporter_write_bye(pair.sender, data, (struct rtcp_now){pair.now_ns, pair.now_ns});
    pair_deliver_there(&pair, data, size, &pair.address);
    pair_give_back(&pair);
    pair_step(&pair); // packets of the same SSRC
    assert_null(pair.entry);
    // Another stream of the same sender is welcome at once.
    send_session_set_ssrc(pair.session, 77);
    pair_step(&pair);
    pair_step(&pair);
    assert_non_null(pair.entry);
    assert_int_equal(pair.entry->ssrc, 77);
}

static void test_reporters_another_cname_ends_the_session(void **state)
{
    uint8_t data[256];
    pair_run(&pair, S);
    const size_t size = write_name(data, sizeof(data), sender_ssrc(), "somebody else", false);
    pair_deliver_there(&pair, data, size, &pair.address);
    assert_true(atomic_load(&pair.entry->is_cancelled));
}

static void test_reporters_ignore_other_machines(void **state)
{
    uint8_t data[256];
    struct net_address other;
    net_address_parse(&other, "192.0.2.8", 5000);
    pair_run(&pair, S);
    const uint64_t ignored = receive_reporter_ignored(pair.receiver);
    const size_t size = write_name(data, sizeof(data), sender_ssrc(), "somebody else", true);
    pair_deliver_there(&pair, data, size, &other);
    assert_int_equal(receive_reporter_ignored(pair.receiver), ignored + 1);
    assert_false(atomic_load(&pair.entry->is_cancelled));
    assert_false(pair.entry->is_leaving);
}

static void test_reporters_ignore_a_report_without_a_name(void **state)
{
    const struct rtcp_sender_report report = {.ntp = 1, .packet_count = 1};
    uint8_t data[64];
    struct bytes_writer writer;
    pair.there.is_cut = true;
    pair_run(&pair, S);
    struct rtcp_sender_report nameless = report;
    nameless.ssrc = sender_ssrc();
    bytes_writer_init(&writer, data, sizeof(data));
    rtcp_write_sr(&writer, &nameless, NULL, 0);
    pair_deliver_there(&pair, data, writer.position, &pair.address);
    pair_run(&pair, S);
    assert_int_equal(receive_reporter_ignored(pair.receiver), 1);
    assert_int_equal(pair.back.sent, 0);
}

static void test_reporters_session_outlives_its_reports(void **state)
{
    pair_run(&pair, 2 * S);
    assert_true(pair.entry->timing.has_clock);
    pair.there.is_cut = true;
    pair_run(&pair, 10 * S); // the receiver gives up after 5 s, the sender 5 s later
    const unsigned answered = pair.back.sent;
    pair_run(&pair, S);
    assert_int_equal(pair.back.sent, answered); // nobody is there to hear it
    assert_false(atomic_load(&pair.entry->is_cancelled));
    assert_true(receive_session_is_alive(pair.entry->session));
    assert_false(pair.entry->timing.has_clock);
    assert_int_equal(count_connections(), 0);
    pair.there.is_cut = false;
    pair_run(&pair, S);
    assert_true(pair.entry->timing.has_clock);
    assert_int_equal(count_connections(), 1);
}

static void test_reporters_sender_gives_way_when_ssrcs_collide(void **state)
{
    uint8_t data[256];
    pair_run(&pair, S);
    const uint32_t former = sender_ssrc();
    const size_t size = write_name(data, sizeof(data), former, "somebody else", false);
    pair_deliver_back(&pair, data, size);
    const unsigned sent = pair.there.sent;
    send_reporter_tick(pair.sender, (struct rtcp_now){pair.now_ns, pair.now_ns});
    assert_in_range(pair.there.sent, sent + 1, sent + 2);
    uint32_t ssrc;
    const struct rtcp_packet bye = find_packet(&pair.there.queue[0], RTCP_BYE);
    assert_int_equal(rtcp_parse_bye(&bye, 0, &ssrc), 0);
    assert_int_equal(ssrc, former);
    assert_int_not_equal(sender_ssrc(), former);
    pair_run(&pair, S);
    assert_int_equal(origin(&pair.there.last), sender_ssrc());
    // The receiver plays the new stream.
    assert_int_equal(pair.entry->ssrc, sender_ssrc());
    assert_int_equal(count_connections(), 1);
    // Not again and again.
    const uint32_t settled = sender_ssrc();
    const size_t again = write_name(data, sizeof(data), settled, "somebody else", false);
    pair_deliver_back(&pair, data, again);
    pair_run(&pair, S);
    assert_int_equal(sender_ssrc(), settled);
}

static void test_reporters_receiver_gives_way_when_ssrcs_collide(void **state)
{
    uint8_t data[256];
    pair_run(&pair, S);
    const uint32_t former = origin(&pair.back.last);
    const size_t size = write_name(data, sizeof(data), former, "somebody else", false);
    pair_deliver_there(&pair, data, size, &pair.address);
    pair_run(&pair, S);
    assert_int_not_equal(origin(&pair.back.last), former);
    assert_int_equal(count_connections(), 1); // the former one said goodbye
}

static void test_reporters_ignore_their_own_reports(void **state)
{
    pair_run(&pair, S);
    const uint32_t ssrc = sender_ssrc();
    const uint64_t ignored = send_reporter_ignored(pair.sender);
    pair_deliver_back(&pair, pair.there.last.data, pair.there.last.size);
    pair_deliver_there(&pair, pair.back.last.data, pair.back.last.size, &pair.address);
    pair_run(&pair, S);
    assert_int_equal(send_reporter_ignored(pair.sender), ignored + 1);
    assert_int_equal(sender_ssrc(), ssrc);
    assert_int_equal(count_connections(), 1);
}

static void test_reporters_ignore_answers_to_what_was_never_sent(void **state)
{
    pair.back.is_cut = true;
    pair_run(&pair, S);
    const struct rtcp_report_block block = {.ssrc = sender_ssrc(), .last_sr = 12345};
    uint8_t data[256];
    struct bytes_writer writer;
    bytes_writer_init(&writer, data, sizeof(data));
    rtcp_write_rr(&writer, 9, &block, 1);
    const size_t start = rtcp_xr_write_begin(&writer, 9);
    rtcp_xr_write_rrtr(&writer, UINT64_MAX);
    rtcp_write_end(&writer, start);
    pair_deliver_back(&pair, data, writer.position);
    assert_int_equal(connection().ssrc, 9);
    assert_false(connection().has_clock);
}

static void test_reporters_track_a_bounded_number(void **state)
{
    pair_run(&pair, S);
    for (uint32_t i = 1; i <= 1000; i++) {
        const struct rtcp_report_block block = {.ssrc = sender_ssrc()};
        uint8_t data[64];
        struct bytes_writer writer;
        bytes_writer_init(&writer, data, sizeof(data));
        rtcp_write_rr(&writer, i, &block, 1);
        pair_deliver_back(&pair, data, writer.position);
    }
    assert_int_equal(count_connections(), SEND_REPORTER_MAX_CONNECTIONS);
    pair_run(&pair, S); // and still writes reports that fit
    assert_true(pair.there.last.size <= RTCP_MAX_REPORT_SIZE);
    pair_run(&pair, 6 * S);
    assert_int_equal(count_connections(), 1);
}

static void test_reporters_survive_damaged_reports(void **state)
{
    struct random random;
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    random_init(&random, seed);
    pair_run(&pair, S);
    const struct pair_report there = pair.there.last, back = pair.back.last;
    for (int i = 0; i < 20000; i++) {
        struct pair_report a = there, b = back;
        for (int k = 0; k < 3; k++) {
            a.data[random_below(&random, (uint32_t)a.size)] = (uint8_t)random_next(&random);
            b.data[random_below(&random, (uint32_t)b.size)] = (uint8_t)random_next(&random);
        }
        pair_deliver_there(&pair, a.data, a.size, &pair.address);
        pair_deliver_back(&pair, b.data, b.size);
        if (i % 100 == 0)
            pair_step(&pair);
    }
    // A damaged report may have said goodbye, so that nobody is heard for a while.
    const unsigned sent = pair.there.sent;
    pair_run(&pair, 8 * S);
    assert_true(count_connections() <= SEND_REPORTER_MAX_CONNECTIONS);
    assert_true(pair.there.sent >= sent + 40);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reporters_keep_a_grid_of_200_ms),
        TEST(test_reporters_go_on_while_the_application_pauses),
        TEST(test_reporters_find_round_trip_time_and_offset),
        TEST(test_reporters_take_the_offset_of_the_fastest_exchange),
        TEST(test_reporters_find_end_to_end_latency_between_any_clocks),
        TEST(test_reporters_know_no_latency_without_the_other_clock),
        TEST(test_reporters_count_losses),
        TEST(test_reporters_extend_sequence_numbers_over_turns),
        TEST(test_reporters_bye_lets_the_rest_be_played),
        TEST(test_reporters_bye_outlasts_stragglers),
        TEST(test_reporters_another_cname_ends_the_session),
        TEST(test_reporters_ignore_other_machines),
        TEST(test_reporters_ignore_a_report_without_a_name),
        TEST(test_reporters_session_outlives_its_reports),
        TEST(test_reporters_sender_gives_way_when_ssrcs_collide),
        TEST(test_reporters_receiver_gives_way_when_ssrcs_collide),
        TEST(test_reporters_ignore_their_own_reports),
        TEST(test_reporters_ignore_answers_to_what_was_never_sent),
        TEST(test_reporters_track_a_bounded_number),
        TEST(test_reporters_survive_damaged_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
