// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "model/error.h"

static void test_error_writes_code_text_and_field(void **state)
{
    struct api_error error;
    assert_int_equal(error_set(&error, ERROR_UNSATISFIABLE, "a.b", "no %d", 7), -1);
    json_t *body = error_write(&error);
    json_t *expected = json_pack("{s:s, s:s, s:s}", "error_code", "unsatisfiable", "error_text",
                                 "no 7", "field", "a.b");
    assert_true(json_equal(body, expected));
    json_decref(expected);
    json_decref(body);
    assert_int_equal(error_http_status(ERROR_UNSATISFIABLE), 422);
}

static void test_error_may_quote_itself(void **state)
{
    struct api_error error;
    error_set(&error, ERROR_INVALID_ARGS, "field", "inner");
    error_set(&error, ERROR_PEER, error.field, "outer: %s", error.text);
    assert_string_equal(error.text, "outer: inner");
    assert_string_equal(error.field, "field");
}

static void test_error_text_is_always_utf8(void **state)
{
    static const char *const bad[] = {
        "\xff", "a\xc3", "\xe2\x82", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\x80"};
    struct api_error error;
    char long_text[1000];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        error_set(&error, ERROR_INVALID_ARGS, bad[i], "it was %s here", bad[i]);
        json_t *body = error_write(&error);
        assert_non_null(body);
        assert_non_null(strstr(error.text, " here"));
        json_decref(body);
    }
    // Cut in the middle of a character, at each possible place.
    for (size_t shift = 0; shift < 4; shift++) {
        memset(long_text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof(long_text); i += 4)
            memcpy(long_text + i, "\xf0\x9f\x8e\xb5", 5);
        error_set(&error, ERROR_INVALID_ARGS, NULL, "%s", long_text);
        json_t *body = error_write(&error);
        assert_non_null(body);
        json_decref(body);
    }
    error_set(&error, ERROR_INVALID_ARGS, NULL, "%s", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\xb5");
    assert_string_equal(error.text, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\xb5");
}

static void test_error_reads_back_what_another_peer_wrote(void **state)
{
    for (int code = ERROR_INVALID_ARGS; code <= ERROR_PEER_TIMEOUT; code++) {
        struct api_error error, read = {0};
        error_set(&error, (enum error_code)code, "field", "text %d", code);
        strcpy(error.peer_uid, "aaaaaa-aaaaaa-aaaaaa");
        json_t *body = error_write(&error);
        error_parse(&read, error_http_status(error.code), body);
        assert_memory_equal(&error, &read, sizeof(error));
        json_decref(body);
    }
}

static void test_error_survives_any_reply_of_another_peer(void **state)
{
    static const char *const bodies[] = {
        "{}", "[]", "{\"error_code\": 5, \"error_text\": []}",
        "{\"error_code\": \"none\", \"error_text\": \"x\", \"peer_uid\": \"/etc/passwd\"}",
        "{\"error_code\": \"of the future\"}"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct api_error error;
        json_t *body = json_loads(bodies[i], 0, NULL);
        error_parse(&error, 418, body);
        json_decref(body);
        assert_int_equal(error.code, ERROR_PEER);
        assert_true(error.text[0] != '\0');
        assert_string_equal(error.peer_uid, "");
    }
    struct api_error error;
    error_parse(&error, 500, NULL);
    assert_int_equal(error.code, ERROR_PEER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_writes_code_text_and_field),
        cmocka_unit_test(test_error_may_quote_itself),
        cmocka_unit_test(test_error_text_is_always_utf8),
        cmocka_unit_test(test_error_reads_back_what_another_peer_wrote),
        cmocka_unit_test(test_error_survives_any_reply_of_another_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
