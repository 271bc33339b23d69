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

#include "base/log.h"
#include "base/thread.h"

struct heard {
    unsigned count;
    enum log_level level;
    char room[16];
    char text[2048];
    bool has_time, has_place;
    bool is_closed; // the handler was taken away
    unsigned after_close;
};

static void hear(const struct log_message *message, void *arg)
{
    struct heard *heard = arg;
    heard->count++;
    heard->after_close += heard->is_closed;
    heard->level = message->level;
    snprintf(heard->room, sizeof(heard->room), "%s", message->room);
    snprintf(heard->text, sizeof(heard->text), "%s", message->text);
    heard->has_time = message->time_ns > 0;
    heard->has_place = message->file != NULL && message->line > 0;
}

static int restore(void **state)
{
    log_set_handler(NULL, NULL);
    log_set_level(LOG_ERROR);
    return 0;
}

static void test_log_hands_message_to_handler(void **state)
{
    struct heard heard = {0};
    log_set_handler(hear, &heard);
    log_error("net", "port %d is %s", 4100, "taken");
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.level, LOG_ERROR);
    assert_string_equal(heard.room, "net");
    assert_string_equal(heard.text, "port 4100 is taken");
    assert_true(heard.has_time && heard.has_place);
}

static void test_log_hides_what_is_above_the_level(void **state)
{
    struct heard heard = {0};
    log_set_handler(hear, &heard);
    log_info("net", "hidden by default");
    assert_int_equal(heard.count, 0);
    log_set_level(LOG_DEBUG);
    log_debug("net", "shown");
    log_trace("net", "hidden");
    assert_int_equal(heard.count, 1);
    log_set_level(LOG_NONE);
    log_error("net", "hidden");
    assert_int_equal(heard.count, 1);
}

static void test_log_cuts_a_long_message(void **state)
{
    struct heard heard = {0};
    char text[5000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_set_handler(hear, &heard);
    log_error("base", "%s", text);
    assert_in_range(strlen(heard.text), 100, sizeof(heard.text) - 1);
}

static void log_about_itself(const struct log_message *message, void *arg)
{
    unsigned *calls = arg;
    ++*calls;
    log_error("base", "the handler has a problem");
}

static void test_log_handler_that_logs_does_not_recurse(void **state)
{
    unsigned calls = 0;
    log_set_handler(log_about_itself, &calls);
    log_error("base", "once");
    log_error("base", "twice");
    assert_int_equal(calls, 2);
}

static void replace_itself(const struct log_message *message, void *arg)
{
    log_set_handler(hear, arg);
}

static void test_log_handler_may_replace_itself(void **state)
{
    struct heard heard = {0};
    log_set_handler(replace_itself, &heard);
    log_error("base", "first");
    assert_int_equal(heard.count, 0);
    log_error("base", "second");
    assert_int_equal(heard.count, 1);
}

static void log_many(void *arg)
{
    for (int i = 0; i < 2000; i++)
        log_error("base", "message %d", i);
}

static void ignore(const struct log_message *message, void *arg)
{
}

static void test_log_former_handler_is_not_called_after_it_was_replaced(void **state)
{
    struct heard heard = {0};
    struct thread *thread = NULL;
    const struct thread_config config = {.name = "logger"};
    log_set_handler(hear, &heard);
    assert_int_equal(thread_create(&thread, &config, log_many, NULL), 0);
    log_set_handler(ignore, NULL);
    heard.is_closed = true; // a race, were the handler still running
    thread_destroy(thread);
    assert_int_equal(heard.after_close, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_log_hands_message_to_handler, restore),
        cmocka_unit_test_teardown(test_log_hides_what_is_above_the_level, restore),
        cmocka_unit_test_teardown(test_log_cuts_a_long_message, restore),
        cmocka_unit_test_teardown(test_log_handler_that_logs_does_not_recurse, restore),
        cmocka_unit_test_teardown(test_log_handler_may_replace_itself, restore),
        cmocka_unit_test_teardown(test_log_former_handler_is_not_called_after_it_was_replaced,
                                  restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
