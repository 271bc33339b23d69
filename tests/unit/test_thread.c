// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "base/thread.h"

struct seen {
    char name[16];
    bool is_signal_blocked;
    unsigned runs;
};

static void look(void *arg)
{
    struct seen *seen = arg;
    sigset_t mask;
    pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    seen->is_signal_blocked = sigismember(&mask, SIGTERM) == 1;
    seen->runs++;
}

static void test_thread_has_its_name_and_no_signals(void **state)
{
    struct seen seen = {0};
    struct thread *thread = NULL;
    const struct thread_config config = {.name = "roc-test"};
    assert_int_equal(thread_create(&thread, &config, look, &seen), 0);
    thread_destroy(thread); // waits
    assert_int_equal(seen.runs, 1);
    assert_string_equal(seen.name, "roc-test");
    assert_true(seen.is_signal_blocked);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_false(sigismember(&mask, SIGTERM)); // the creator's mask is as before
}

static void test_thread_runs_with_or_without_realtime_privilege(void **state)
{
    struct seen seen = {0};
    struct thread *thread = NULL;
    const struct thread_config config = {.name = "a name longer than the kernel's",
                                         .realtime = true};
    assert_int_equal(thread_create(&thread, &config, look, &seen), 0);
    thread_destroy(thread);
    assert_int_equal(seen.runs, 1);
    assert_string_equal(seen.name, "a name longer t");
}

static void test_thread_refuses_nothing_to_run(void **state)
{
    struct thread *thread = NULL;
    const struct thread_config config = {.name = "x"};
    assert_int_equal(thread_create(&thread, &config, NULL, NULL), -EINVAL);
    assert_int_equal(thread_create(&thread, NULL, look, NULL), -EINVAL);
    assert_null(thread);
    thread_destroy(NULL);
}

static void test_clock_sleeps_to_the_deadline_and_not_for_the_past(void **state)
{
    clock_sleep_until_ns(0);
    clock_sleep_until_ns(-5);
    clock_sleep_until_ns(clock_monotonic_ns() - 1);
    const int64_t deadline_ns = clock_monotonic_ns() + 2000000;
    clock_sleep_until_ns(deadline_ns);
    assert_true(clock_monotonic_ns() >= deadline_ns);
    assert_true(clock_realtime_ns() > 1600000000000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_has_its_name_and_no_signals),
        cmocka_unit_test(test_thread_runs_with_or_without_realtime_privilege),
        cmocka_unit_test(test_thread_refuses_nothing_to_run),
        cmocka_unit_test(test_clock_sleeps_to_the_deadline_and_not_for_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
