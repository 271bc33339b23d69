// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "http/guard.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_guard_accepts_names_of_this_machine(void **state)
{
    static const char *const good[] = {"127.0.0.1", "127.0.0.1:4040", "localhost",   "LocalHost:1",
                                       "[::1]",     "[::1]:65535",    "127.8.9.1:80"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(guard_is_host_local(good[i]));
}

static void test_guard_refuses_other_names(void **state)
{
    static const char *const bad[] = {
        "",
        "example.org",
        "127.0.0.1.example.org",
        "localhost.example.org",
        "127.1",
        "0.0.0.0",
        "[::]",
        "127.0.0.1:",
        "[::1]x",
        "localhost:x",
        "192.168.1.7:4040",
        "localhost:123456",
        "2130706433",
        "[::1",
        " localhost",
        "localhost:80@example.org",
    };
    assert_false(guard_is_host_local(NULL));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(guard_is_host_local(bad[i]));
}

static void test_guard_compares_origin_with_host(void **state)
{
    assert_true(guard_is_origin_same(NULL, "localhost:4040"));
    assert_true(guard_is_origin_same("http://localhost:4040", "localhost:4040"));
    assert_true(guard_is_origin_same("HTTP://LOCALHOST:4040", "localhost:4040"));
    assert_false(guard_is_origin_same("null", "localhost:4040"));
    assert_false(guard_is_origin_same("", "localhost:4040"));
    assert_false(guard_is_origin_same("https://localhost:4040", "localhost:4040"));
    assert_false(guard_is_origin_same("http://localhost:8080", "localhost:4040"));
    assert_false(guard_is_origin_same("http://localhost:4040.evil.example", "localhost:4040"));
    assert_false(guard_is_origin_same("http://evil.example", "localhost:4040"));
}

static void test_guard_knows_json(void **state)
{
    assert_true(guard_is_json("application/json"));
    assert_true(guard_is_json("Application/JSON; charset=utf-8"));
    assert_true(guard_is_json("application/merge-patch+json"));
    assert_false(guard_is_json(NULL));
    assert_false(guard_is_json(""));
    assert_false(guard_is_json("text/plain"));
    assert_false(guard_is_json("application/jsonp"));
    assert_false(guard_is_json("application/+json"));
    assert_false(guard_is_json("application/x-www-form-urlencoded"));
    assert_false(guard_is_json("text/plain; application/json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guard_accepts_names_of_this_machine),
        cmocka_unit_test(test_guard_refuses_other_names),
        cmocka_unit_test(test_guard_compares_origin_with_host),
        cmocka_unit_test(test_guard_knows_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
