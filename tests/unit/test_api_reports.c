// SPDX-License-Identifier: MPL-2.0
//
// Control endpoints of the public API, over loopback sockets.

#include "api_fixture.h"

#include <roc/metrics_ext.h>

#define FRAMES    220
#define MAX_TURNS 6000

static const roc_interface api_control = ROC_INTERFACE_AUDIO_CONTROL;

struct pair {
    roc_context *context;
    roc_sender *sender;
    roc_receiver *receiver;
};

static void pair_connect(struct pair *p)
{
    roc_sender_config sender = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    roc_receiver_config receiver = api_receiver_config();
    receiver.target_latency = 50000000;
    p->context = api_context();
    assert_int_equal(roc_sender_open(p->context, &sender, &p->sender), 0);
    assert_int_equal(roc_receiver_open(p->context, &receiver, &p->receiver), 0);
    const int source = api_bind(p->receiver, 0, api_source, "rtp");
    const int control = api_bind(p->receiver, 0, api_control, "rtcp");
    assert_int_equal(api_connect(p->sender, 0, api_source, "rtp", source), 0);
    assert_int_equal(api_connect(p->sender, 0, api_control, "rtcp", control), 0);
}

static void pair_close(struct pair *p)
{
    if (p->sender)
        assert_int_equal(roc_sender_close(p->sender), 0);
    assert_int_equal(roc_receiver_close(p->receiver), 0);
    assert_int_equal(roc_context_close(p->context), 0);
}

// 5 ms of sound, in about as much time.
static void turn(struct pair *p)
{
    static float samples[FRAMES * 2];
    if (p->sender)
        assert_int_equal(api_write(p->sender, samples, FRAMES * 2), 0);
    assert_int_equal(api_read(p->receiver, samples, FRAMES * 2), 0);
    usleep(5000);
}

static size_t query_sender(struct pair *p, roc_connection_metrics_ext *metrics)
{
    size_t count = 1;
    assert_int_equal(roc_sender_query_ext(p->sender, 0, metrics, &count), 0);
    return count;
}

static size_t query_receiver(struct pair *p, roc_connection_metrics_ext *metrics)
{
    size_t count = 1;
    assert_int_equal(roc_receiver_query_ext(p->receiver, 0, metrics, &count), 0);
    return count;
}

static void wait_for_latency(struct pair *p)
{
    roc_connection_metrics_ext sent = {0}, received = {0};
    for (int i = 0; i < MAX_TURNS && (sent.e2e_latency == 0 || received.e2e_latency == 0); i++) {
        turn(p);
        (void)query_sender(p, &sent);
        (void)query_receiver(p, &received);
    }
    assert_true(sent.e2e_latency > 0 && received.e2e_latency > 0);
    assert_true(sent.has_clock && received.has_clock);
    assert_true(sent.packets_expected > 0 && received.packets_received > 0);
}

static void test_reports_fill_the_metrics_of_both_sides(void **state)
{
    struct pair p = {0};
    pair_connect(&p);
    wait_for_latency(&p);
    roc_sender_metrics sender;
    roc_receiver_metrics receiver;
    roc_connection_metrics connection[2];
    size_t count = 2;
    assert_int_equal(roc_sender_query(p.sender, 0, &sender, connection, &count), 0);
    assert_int_equal(sender.connection_count, 1);
    assert_int_equal(count, 1);
    assert_true(connection[0].e2e_latency > 0);
    count = 2;
    assert_int_equal(roc_receiver_query(p.receiver, 0, &receiver, connection, &count), 0);
    assert_int_equal(receiver.connection_count, 1);
    assert_int_equal(count, 1);
    assert_true(connection[0].e2e_latency > 0);
    pair_close(&p);
}

static void test_reports_goodbye_ends_the_session(void **state)
{
    struct pair p = {0};
    pair_connect(&p);
    wait_for_latency(&p);
    assert_int_equal(roc_sender_close(p.sender), 0);
    p.sender = NULL;
    roc_connection_metrics_ext metrics;
    int turns = 0;
    while (turns < MAX_TURNS && query_receiver(&p, &metrics) == 1) {
        turn(&p);
        turns++;
    }
    assert_in_range(turns, 1, MAX_TURNS - 1);
    pair_close(&p);
}

static void test_reports_receiver_that_leaves_is_no_connection(void **state)
{
    struct pair p = {0};
    pair_connect(&p);
    wait_for_latency(&p);
    assert_int_equal(roc_receiver_unlink(p.receiver, 0), 0);
    roc_connection_metrics_ext metrics;
    int turns = 0;
    while (turns < MAX_TURNS && query_sender(&p, &metrics) == 1) {
        turn(&p);
        turns++;
    }
    assert_in_range(turns, 0, MAX_TURNS - 1);
    pair_close(&p);
}

static void test_reports_query_refuses_misuse(void **state)
{
    struct pair p = {0};
    roc_connection_metrics_ext metrics;
    size_t count = 1;
    pair_connect(&p);
    assert_int_equal(roc_sender_query_ext(NULL, 0, &metrics, &count), -1);
    assert_int_equal(roc_sender_query_ext(p.sender, 0, &metrics, NULL), -1);
    assert_int_equal(roc_sender_query_ext(p.sender, 9, &metrics, &count), -1);
    assert_int_equal(roc_receiver_query_ext(NULL, 0, &metrics, &count), -1);
    assert_int_equal(roc_receiver_query_ext(p.receiver, 0, &metrics, NULL), -1);
    assert_int_equal(roc_receiver_query_ext(p.receiver, 9, &metrics, &count), -1);
    assert_int_equal(count, 1);
    assert_int_equal(roc_sender_query_ext(p.sender, 0, NULL, &count), 0);
    assert_int_equal(count, 0);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports_fill_the_metrics_of_both_sides),
        cmocka_unit_test(test_reports_goodbye_ends_the_session),
        cmocka_unit_test(test_reports_receiver_that_leaves_is_no_connection),
        cmocka_unit_test(test_reports_query_refuses_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
