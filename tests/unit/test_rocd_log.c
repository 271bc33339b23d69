// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/log.h"

// Runs with stderr in a file and gives back what was written.
static void capture(char *text, size_t size_bytes, void (*fn)(void))
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    fn();
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    text[fread(text, 1, size_bytes - 1, file)] = '\0';
    fclose(file);
}

static void speak(void)
{
    rocd_log_set_level(ROCD_LOG_INFO);
    rocd_log(ROCD_LOG_INFO, "room", "name \"%s\"", "a\nb\x1b[31m");
    rocd_log(ROCD_LOG_DEBUG, "room", "not this");
    rocd_log(ROCD_LOG_NONE, "room", "nor this");
}

static void test_log_writes_one_line_for_each_message(void **state)
{
    char text[512];
    capture(text, sizeof(text), speak);
    assert_non_null(strstr(text, "Z info  room name \"a?b?[31m\"\n"));
    assert_null(strstr(text, "this"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_log_knows_its_levels(void **state)
{
    enum rocd_log_level level = ROCD_LOG_TRACE;
    assert_int_equal(rocd_log_level_parse(&level, "none"), 0);
    assert_int_equal(level, ROCD_LOG_NONE);
    assert_int_equal(rocd_log_level_parse(&level, "trace"), 0);
    assert_int_equal(level, ROCD_LOG_TRACE);
    assert_true(rocd_log_level_parse(&level, "INFO") < 0);
    assert_true(rocd_log_level_parse(&level, "") < 0);
    assert_int_equal(level, ROCD_LOG_TRACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_writes_one_line_for_each_message),
        cmocka_unit_test(test_log_knows_its_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
