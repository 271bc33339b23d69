// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p2p/frame.h"

static int parse(struct frame *frame, const char *text)
{
    unsigned char data[256] = {'R', 'O', 'C', 'D', FRAME_VERSION, FRAME_PING, 0, 0};
    assert_true(strlen(text) <= sizeof(data) - FRAME_HEADER_SIZE);
    memcpy(data + FRAME_HEADER_SIZE, text, strlen(text));
    return frame_parse(frame, data, FRAME_HEADER_SIZE + strlen(text));
}

static void test_frame_is_the_bytes_of_the_specification(void **state)
{
    unsigned char *data;
    size_t size;
    json_t *body = json_pack("{s:i}", "n", 7);
    assert_int_equal(frame_encode(&data, &size, FRAME_PONG, body), 0);
    assert_int_equal(size, 15);
    assert_memory_equal(data, "ROCD\x01\x05\x00\x00{\"n\":7}", 15);
    free(data);
    json_decref(body);
}

static void test_frame_comes_back_as_it_was(void **state)
{
    struct frame frame;
    unsigned char *data;
    size_t size;
    json_t *body = json_pack("{s:s, s:[i, i, {s:n}]}", "text", "\xc3\xa4 \"\\", "list", 1, 2, "x");
    assert_int_equal(frame_encode(&data, &size, FRAME_CHANGE, body), 0);
    assert_int_equal(frame_parse(&frame, data, size), 0);
    assert_int_equal(frame.type, FRAME_CHANGE);
    assert_true(json_equal(frame.body, body));
    frame_finish(&frame);
    free(data);
    json_decref(body);
}

static void test_malformed_frame_is_refused(void **state)
{
    struct frame frame;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "1",
        "null",
        "\"x\"",
        "{}{}",
        "{} x",
        "{'a'}",
        "{\"a\":NaN}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":1,\"a\":2}",
        "\xff",
        "{\"a\":\"\xff\"}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parse(&frame, bad[i]) != -EBADMSG)
            fail_msg("taken: %s", bad[i]);
    }
    assert_int_equal(frame_parse(&frame, "ROCD\x01\x04\x00", 7), -EBADMSG);
    assert_int_equal(frame_parse(&frame, "RUCD\x01\x04\x00\x00{}", 10), -EBADMSG);
    assert_int_equal(frame_parse(&frame, "", 0), -EBADMSG);
}

static void test_reserved_bytes_and_unknown_types_are_left_to_the_caller(void **state)
{
    struct frame frame;
    assert_int_equal(frame_parse(&frame, "ROCD\x01\xee\x55\xaa{}", 10), 0);
    assert_int_equal(frame.type, 0xee);
    frame_finish(&frame);
}

static void test_frame_of_another_version_is_told_apart(void **state)
{
    struct frame frame;
    assert_int_equal(frame_parse(&frame, "ROCD\x02\x01\x00\x00\xde\xad", 10), -ENOTSUP);
    assert_int_equal(frame.version, 2);
    assert_null(frame.body);
    // An error can be read whatever the version.
    assert_int_equal(frame_parse(&frame, "ROCD\x02\x03\x00\x00{\"code\":\"version\"}", 26),
                     -ENOTSUP);
    assert_non_null(frame.body);
    frame_finish(&frame);
}

// {"a": UNIT UNIT ... UNIT }, with brackets closed.
static int parse_repeated(const char *unit, size_t count, const char *end, size_t end_count)
{
    struct frame frame;
    size_t size = 64 + count * strlen(unit) + end_count * strlen(end);
    unsigned char *data = calloc(1, size);
    assert_non_null(data);
    memcpy(data, "ROCD\x01\x04\x00\x00{\"a\":", 13);
    size_t at = 13;
    for (size_t i = 0; i < count; i++, at += strlen(unit))
        memcpy(data + at, unit, strlen(unit));
    for (size_t i = 0; i < end_count; i++, at += strlen(end))
        memcpy(data + at, end, strlen(end));
    data[at++] = '}';
    int rc = frame_parse(&frame, data, at);
    if (rc == 0)
        frame_finish(&frame);
    free(data);
    return rc;
}

static void test_deep_and_crowded_frames_are_refused(void **state)
{
    assert_int_equal(parse_repeated("[", FRAME_MAX_DEPTH - 1, "]", FRAME_MAX_DEPTH - 1), 0);
    assert_int_equal(parse_repeated("[", FRAME_MAX_DEPTH, "]", FRAME_MAX_DEPTH), -EBADMSG);
    assert_int_equal(parse_repeated("[", 100000, "]", 100000), -EBADMSG);
    assert_int_equal(parse_repeated("[{}", 1, ",{}", FRAME_MAX_ITEMS), -EBADMSG);
    // Brackets inside a text are text.
    assert_int_equal(parse_repeated("\"[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"", 1, "", 0), 0);
}

static void test_too_large_body_is_not_sent(void **state)
{
    unsigned char *data;
    size_t size;
    char *text = malloc(FRAME_MAX_SIZE);
    assert_non_null(text);
    memset(text, 'x', FRAME_MAX_SIZE - 1);
    text[FRAME_MAX_SIZE - 1] = '\0';
    json_t *body = json_pack("{s:s}", "text", text);
    assert_int_equal(frame_encode(&data, &size, FRAME_REPLY, body), -EMSGSIZE);
    json_decref(body);
    free(text);
}

static void test_fields_are_checked(void **state)
{
    struct frame frame;
    char text[4], token[FRAME_TOKEN_SIZE];
    uint64_t number;
    assert_int_equal(parse(&frame, "{\"t\":\"abc\",\"l\":\"abcd\",\"n\":5,\"m\":-1,\"z\":null,"
                                   "\"e\":\"0123456789abcdef\",\"E\":\"0123456789ABCDEF\"}"),
                     0);
    assert_int_equal(frame_get_text(text, sizeof(text), frame.body, "t"), 0);
    assert_string_equal(text, "abc");
    assert_int_equal(frame_get_text(text, sizeof(text), frame.body, "l"), -EBADMSG);
    assert_int_equal(frame_get_text(text, sizeof(text), frame.body, "n"), -EBADMSG);
    assert_int_equal(frame_get_text(text, sizeof(text), frame.body, "z"), -ENOENT);
    assert_int_equal(frame_get_number(&number, frame.body, "n"), 0);
    assert_int_equal(number, 5);
    assert_int_equal(frame_get_number(&number, frame.body, "m"), -EBADMSG);
    assert_int_equal(frame_get_number(&number, frame.body, "t"), -EBADMSG);
    assert_int_equal(frame_get_number(&number, frame.body, "absent"), -ENOENT);
    assert_int_equal(frame_get_token(token, frame.body, "e"), 0);
    assert_int_equal(frame_get_token(token, frame.body, "E"), -EBADMSG);
    assert_int_equal(frame_get_token(token, frame.body, "t"), -EBADMSG);
    frame_finish(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_is_the_bytes_of_the_specification),
        cmocka_unit_test(test_frame_comes_back_as_it_was),
        cmocka_unit_test(test_malformed_frame_is_refused),
        cmocka_unit_test(test_reserved_bytes_and_unknown_types_are_left_to_the_caller),
        cmocka_unit_test(test_frame_of_another_version_is_told_apart),
        cmocka_unit_test(test_deep_and_crowded_frames_are_refused),
        cmocka_unit_test(test_too_large_body_is_not_sent),
        cmocka_unit_test(test_fields_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
