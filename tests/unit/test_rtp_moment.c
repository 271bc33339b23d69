// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/thread.h"
#include "stream/rtp_moment.h"

#define RATE  44100
#define S     1000000000ll
#define TURNS 200000

static struct rtp_moment_cell cell;

// Pairs that belong together: the time names the timestamp.
static void write_pairs(void *arg)
{
    for (uint32_t i = 1; i <= TURNS; i++)
        rtp_moment_set(&cell, (struct rtp_moment){.time_ns = i, .timestamp = i * 7});
}

static void test_rtp_moment_pairs_stay_together(void **state)
{
    struct thread *thread;
    assert_int_equal(rtp_moment_get(&cell).time_ns, 0);
    assert_int_equal(
        thread_create(&thread, &(struct thread_config){.name = "writer"}, write_pairs, NULL), 0);
    int64_t last = 0;
    while (last < TURNS) {
        const struct rtp_moment moment = rtp_moment_get(&cell);
        if (moment.time_ns == 0)
            continue; // nothing yet, or the writer was in the way too long
        assert_true(moment.time_ns >= last);
        assert_int_equal(moment.timestamp, (uint32_t)moment.time_ns * 7);
        last = moment.time_ns;
    }
    thread_destroy(thread);
}

static void test_rtp_moment_converts_across_the_turn(void **state)
{
    const struct rtp_moment moment = {.time_ns = 100 * S, .timestamp = UINT32_MAX - RATE + 1};
    assert_int_equal(rtp_moment_timestamp(moment, 101 * S, RATE), 0);
    assert_int_equal(rtp_moment_timestamp(moment, 103 * S, RATE), 2 * RATE);
    assert_int_equal(rtp_moment_timestamp(moment, 99 * S, RATE), UINT32_MAX - 2 * RATE + 1);
    assert_int_equal(rtp_moment_time(moment, 0, RATE), 101 * S);
    assert_int_equal(rtp_moment_time(moment, UINT32_MAX - 2 * RATE + 1, RATE), 99 * S);
}

static void test_rtp_moment_reaches_days_ahead(void **state)
{
    const struct rtp_moment moment = {.time_ns = 1, .timestamp = 0};
    const int64_t day = 86400 * S;
    assert_int_equal(rtp_moment_timestamp(moment, 1 + 1000 * day, 192000),
                     (uint32_t)(192000ll * 86400 * 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtp_moment_pairs_stay_together),
        cmocka_unit_test(test_rtp_moment_converts_across_the_turn),
        cmocka_unit_test(test_rtp_moment_reaches_days_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
