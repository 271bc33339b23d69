// SPDX-License-Identifier: MPL-2.0
//
// Context, version and log of the public API.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/context.h"
#include "base/log.h"
#include "roc/log.h"
#include "roc/transceiver.h"
#include "roc/version.h"

static roc_context *context;

static int setup(void **state)
{
    const roc_context_config config = {0};
    return roc_context_open(&config, &context);
}

static int teardown(void **state)
{
    return roc_context_close(context);
}

static void test_context_refuses_bad_arguments(void **state)
{
    roc_context *other = NULL;
    roc_context_config config = {0};
    assert_int_equal(roc_context_open(NULL, &other), -1);
    assert_int_equal(roc_context_open(&config, NULL), -1);
    static const unsigned sizes[] = {1, 31, 65508, 4000000000u};
    for (size_t i = 0; i < 4; i++) {
        config.max_packet_size = sizes[i];
        assert_int_equal(roc_context_open(&config, &other), -1);
    }
    assert_null(other);
    config.max_packet_size = 65507;
    config.max_frame_size = 1;
    assert_int_equal(roc_context_open(&config, &other), 0);
    assert_int_equal(context_get_max_packet_size(other), 65507);
    assert_int_equal(roc_context_close(other), 0);
    assert_int_equal(roc_context_close(NULL), -1);
}

static void test_context_stays_open_while_something_is_open_on_it(void **state)
{
    roc_context *other = NULL;
    roc_transceiver *transceiver = NULL;
    const roc_context_config config = {0};
    assert_int_equal(roc_context_open(&config, &other), 0);
    assert_int_equal(roc_transceiver_open(other, NULL, &transceiver), 0);
    assert_int_equal(roc_context_close(other), -1);
    assert_int_equal(roc_transceiver_close(transceiver), 0);
    assert_int_equal(roc_context_close(other), 0);
}

static roc_media_encoding stereo(unsigned rate_hz)
{
    return (roc_media_encoding){
        .rate = rate_hz, .format = ROC_FORMAT_PCM_FLOAT32, .channels = ROC_CHANNEL_LAYOUT_STEREO};
}

static void test_context_knows_built_in_encodings(void **state)
{
    struct audio_encoding encoding;
    assert_int_equal(context_find_encoding(context, 10, &encoding), 0);
    assert_int_equal(encoding.rate_hz, 44100);
    assert_int_equal(encoding.channels, 2);
    assert_int_equal(context_find_encoding(context, 11, &encoding), 0);
    assert_int_equal(encoding.channels, 1);
    assert_int_equal(context_find_encoding(context, 12, &encoding), -ENOENT);
    assert_int_equal(context_find_encoding(context, 0, &encoding), -ENOENT);
}

static void test_context_registers_every_payload_type_once(void **state)
{
    const roc_media_encoding encoding = stereo(48000);
    for (int id = 1; id <= 127; id++) {
        const bool is_built_in = id == 10 || id == 11;
        assert_int_equal(roc_context_register_encoding(context, id, &encoding),
                         is_built_in ? -1 : 0);
        assert_int_equal(roc_context_register_encoding(context, id, &encoding), -1);
    }
    struct audio_encoding all[CONTEXT_MAX_ENCODINGS];
    assert_int_equal(context_get_encodings(context, all), 127);
    assert_int_equal(context_find_encoding(context, 127, &all[0]), 0);
    assert_int_equal(all[0].rate_hz, 48000);
    assert_int_equal(all[0].payload_type, 127);
    static const int bad[] = {0, -1, 128, 1000};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(roc_context_register_encoding(context, bad[i], &encoding), -1);
}

static void test_context_refuses_bad_encodings(void **state)
{
    const roc_format format = ROC_FORMAT_PCM_FLOAT32;
    const roc_media_encoding bad[] = {
        {0, format, ROC_CHANNEL_LAYOUT_STEREO, 0},
        {2000000000, format, ROC_CHANNEL_LAYOUT_STEREO, 0},
        {48000, (roc_format)0, ROC_CHANNEL_LAYOUT_STEREO, 0},
        {48000, (roc_format)2, ROC_CHANNEL_LAYOUT_STEREO, 0},
        {48000, format, (roc_channel_layout)0, 0},
        {48000, format, (roc_channel_layout)4, 0},
        {48000, format, ROC_CHANNEL_LAYOUT_STEREO, 2},
        {48000, format, ROC_CHANNEL_LAYOUT_MONO, 1},
        {48000, format, ROC_CHANNEL_LAYOUT_MULTITRACK, 0},
        {48000, format, ROC_CHANNEL_LAYOUT_MULTITRACK, 1025},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(roc_context_register_encoding(context, 100, &bad[i]), -1);
    const roc_media_encoding good = {48000, format, ROC_CHANNEL_LAYOUT_MULTITRACK, 1024};
    assert_int_equal(roc_context_register_encoding(context, 100, NULL), -1);
    assert_int_equal(roc_context_register_encoding(NULL, 100, &good), -1);
    assert_int_equal(roc_context_register_encoding(context, 100, &good), 0);
    struct audio_encoding found;
    assert_int_equal(context_find_encoding(context, 100, &found), 0);
    assert_int_equal(found.channels, 1024);
}

static void test_version_is_that_of_the_headers(void **state)
{
    roc_version version = {99, 99, 99, 99};
    roc_version_load(&version);
    assert_int_equal(version.major, 0);
    assert_int_equal(version.minor, 4);
    assert_int_equal(version.patch, 0);
    assert_int_equal(version.code, 4000);
    assert_int_equal(ROC_VERSION, 4000);
    assert_int_equal(ROC_VERSION_CODE(1, 2, 3), 1002003);
    roc_version_load(NULL);
}

struct seen {
    unsigned count;
    roc_log_message last;
    char text[64];
};

static void remember(const roc_log_message *message, void *argument)
{
    struct seen *seen = argument;
    seen->count++;
    seen->last = *message;
    snprintf(seen->text, sizeof(seen->text), "%s", message->text);
}

static void test_log_reaches_the_handler_that_is_set(void **state)
{
    struct seen first = {0};
    struct seen second = {0};
    roc_log_set_handler(remember, &first);
    log_error("room", "number %d", 5);
    assert_int_equal(first.count, 1);
    assert_int_equal(first.last.level, ROC_LOG_ERROR);
    assert_string_equal(first.text, "number 5");
    assert_int_equal(first.last.pid, getpid());
    assert_true(first.last.tid > 0);
    assert_true(first.last.time > 1600000000000000000ull);
    assert_true(first.last.line > 0);
    log_info("room", "dropped");
    assert_int_equal(first.count, 1);
    roc_log_set_handler(remember, &second);
    log_error("room", "again");
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 1);
    roc_log_set_handler(NULL, NULL);
    roc_log_set_level(ROC_LOG_NONE);
    log_error("room", "to nobody");
    assert_int_equal(second.count, 1);
    roc_log_set_level(ROC_LOG_ERROR);
}

static void test_log_levels_are_mapped(void **state)
{
    static const struct {
        int level;
        int passed; // of error, info, debug, trace
    } cases[] = {{-5, 0},           {ROC_LOG_NONE, 0},  {ROC_LOG_ERROR, 1}, {ROC_LOG_INFO, 2},
                 {ROC_LOG_NOTE, 2}, {ROC_LOG_DEBUG, 3}, {ROC_LOG_TRACE, 4}, {99, 4}};
    static const roc_log_level last[] = {ROC_LOG_NONE, ROC_LOG_ERROR, ROC_LOG_INFO, ROC_LOG_DEBUG,
                                         ROC_LOG_TRACE};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct seen seen = {0};
        roc_log_set_handler(remember, &seen);
        roc_log_set_level((roc_log_level)cases[i].level);
        log_error("room", "x");
        log_info("room", "x");
        log_debug("room", "x");
        log_trace("room", "x");
        assert_int_equal(seen.count, cases[i].passed);
        assert_int_equal(seen.last.level, last[cases[i].passed]);
        roc_log_set_handler(NULL, NULL);
    }
    roc_log_set_level(ROC_LOG_ERROR);
}

#define context_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        context_test(test_context_refuses_bad_arguments),
        context_test(test_context_stays_open_while_something_is_open_on_it),
        context_test(test_context_knows_built_in_encodings),
        context_test(test_context_registers_every_payload_type_once),
        context_test(test_context_refuses_bad_encodings),
        cmocka_unit_test(test_version_is_that_of_the_headers),
        cmocka_unit_test(test_log_reaches_the_handler_that_is_set),
        cmocka_unit_test(test_log_levels_are_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
