// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "model/endpoint.h"

#define PEER "aaaaaa-aaaaaa-aaaaaa"
#define UID  "bbbbbb-bbbbbb-bbbbbb"
#define PLAYER                                                                          \
    "{\"display_name\": \"Radio\", \"virtual\": {\"kind\": \"file_player\", \"path\": " \
    "\"a/b.wav\", \"loop\": true}}"

static int apply(struct endpoint *endpoint, const char *text, enum parse_mode mode,
                 struct api_error *error)
{
    json_t *body = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(body);
    int result = endpoint_parse(endpoint, body, mode, PEER, error);
    json_decref(body);
    return result;
}

static struct endpoint make(const char *text)
{
    struct endpoint endpoint = {.uid = UID};
    struct api_error error;
    if (apply(&endpoint, text, PARSE_CREATE, &error) != 0)
        fail_msg("%s: %s", text, error.text);
    return endpoint;
}

// The request is refused, names that field, says something, and changes nothing.
static void check_refused(const struct endpoint *endpoint, const char *text, enum parse_mode mode,
                          enum error_code code, const char *field)
{
    struct endpoint copy = *endpoint;
    struct api_error error = {0};
    if (apply(&copy, text, mode, &error) == 0)
        fail_msg("accepted: %s", text);
    if (error.code != code || strcmp(error.field, field) != 0)
        fail_msg("%s: %d, field \"%s\", \"%s\"", text, error.code, error.field, error.text);
    assert_true(strlen(error.text) > 10);
    assert_memory_equal(&copy, endpoint, sizeof(copy));
}

static void test_endpoint_kind_decides_direction_and_driver(void **state)
{
    static const struct {
        const char *text;
        enum stream_direction direction;
        enum endpoint_driver driver;
    } kinds[] = {
        {PLAYER, DIRECTION_INPUT, DRIVER_FILE},
        {"{\"virtual\": {\"kind\": \"file_recorder\", \"path\": \"x.wav\"}}", DIRECTION_OUTPUT,
         DRIVER_FILE},
        {"{\"virtual\": {\"kind\": \"tone\"}}", DIRECTION_INPUT, DRIVER_TONE},
        {"{\"virtual\": {\"kind\": \"null_source\"}}", DIRECTION_INPUT, DRIVER_NULL},
        {"{\"virtual\": {\"kind\": \"null_sink\"}}", DIRECTION_OUTPUT, DRIVER_NULL},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct endpoint endpoint = make(kinds[i].text);
        assert_int_equal(endpoint.direction, kinds[i].direction);
        assert_int_equal(endpoint.driver, kinds[i].driver);
        assert_int_equal(endpoint.type, ENDPOINT_STREAMING_DEVICE);
        assert_true(endpoint.display_name[0] != '\0');
        assert_true(endpoint.system_name[0] != '\0');
        assert_true(endpoint.volume == 1);
    }
}

static void test_endpoint_tone_has_defaults_and_limits(void **state)
{
    struct endpoint tone = make("{\"virtual\": {\"kind\": \"tone\"}}");
    assert_true(tone.virtual.frequency_hz == 440);
    assert_true(tone.virtual.level_db == -20);
    tone = make("{\"virtual\": {\"kind\": \"tone\", \"frequency_hz\": 1000, \"level_db\": -6.5}}");
    assert_true(tone.virtual.frequency_hz == 1000);
    assert_true(tone.virtual.level_db == -6.5);
    check_refused(&tone, "{\"virtual\": {\"frequency_hz\": 0}}", PARSE_MERGE, ERROR_INVALID_ARGS,
                  "virtual.frequency_hz");
    check_refused(&tone, "{\"virtual\": {\"level_db\": 1}}", PARSE_MERGE, ERROR_INVALID_ARGS,
                  "virtual.level_db");
    check_refused(&tone, "{\"virtual\": {\"frequency_hz\": \"440\"}}", PARSE_MERGE,
                  ERROR_INVALID_ARGS, "virtual.frequency_hz");
}

static void test_endpoint_put_of_what_was_read_changes_nothing(void **state)
{
    static const char *const texts[] = {
        PLAYER,
        "{\"virtual\": {\"kind\": \"file_recorder\", \"path\": \"x.wav\"}, \"sample_rate\": 48000}",
        "{\"virtual\": {\"kind\": \"tone\"}, \"volume\": 0.25, \"muted\": true}",
        "{\"virtual\": {\"kind\": \"null_sink\"}}",
    };
    static const enum parse_mode modes[] = {PARSE_REPLACE, PARSE_MERGE, PARSE_STORED};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t j = 0; j < sizeof(modes) / sizeof(modes[0]); j++) {
            struct api_error error;
            struct endpoint before = make(texts[i]), after = before;
            json_t *shown = endpoint_write(&before, PEER);
            if (endpoint_parse(&after, shown, modes[j], PEER, &error) != 0)
                fail_msg("%s: %s", texts[i], error.text);
            json_t *again = endpoint_write(&after, PEER);
            assert_true(json_equal(shown, again));
            json_decref(shown);
            json_decref(again);
        }
    }
}

static void test_endpoint_patch_changes_only_what_it_names(void **state)
{
    struct endpoint endpoint = make(PLAYER);
    struct api_error error;
    assert_int_equal(apply(&endpoint, "{\"volume\": 0.5}", PARSE_MERGE, &error), 0);
    assert_int_equal(apply(&endpoint, "{\"virtual\": {\"loop\": false}}", PARSE_MERGE, &error), 0);
    assert_true(endpoint.volume == 0.5);
    assert_string_equal(endpoint.display_name, "Radio");
    assert_false(endpoint.virtual.loop);
    assert_string_equal(endpoint.virtual.path, "a/b.wav");
    // null is the default.
    assert_int_equal(apply(&endpoint, "{\"volume\": null}", PARSE_MERGE, &error), 0);
    assert_true(endpoint.volume == 1);
}

static void test_endpoint_put_resets_what_it_leaves_out(void **state)
{
    struct endpoint endpoint = make(PLAYER);
    struct api_error error;
    endpoint.volume = 0.5;
    endpoint.muted = true;
    // A client that knows nothing of virtual endpoints does not take away what this one is.
    assert_int_equal(apply(&endpoint, "{\"display_name\": \"X\"}", PARSE_REPLACE, &error), 0);
    assert_true(endpoint.volume == 1);
    assert_false(endpoint.muted);
    assert_string_equal(endpoint.display_name, "X");
    assert_string_equal(endpoint.virtual.path, "a/b.wav");
    assert_true(endpoint.virtual.loop);
    assert_string_equal(endpoint.uid, UID);
    assert_int_equal(apply(&endpoint, "{\"virtual\": {\"kind\": \"file_player\", \"path\": \"c\"}}",
                           PARSE_REPLACE, &error),
                     0);
    assert_false(endpoint.virtual.loop);
}

static void test_endpoint_refuses_bad_fields(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"[]", ""},
        {"null", ""},
        {"{\"volum\": 1}", "volum"},
        {"{\"virtual\": {\"pth\": \"x\"}}", "virtual.pth"},
        {"{\"nothing\": null}", "nothing"},
        {"{\"virtual\": null}", "virtual"},
        {"{\"virtual\": []}", "virtual"},
        {"{\"virtual\": {\"kind\": \"tone\"}}", "virtual.kind"},
        {"{\"virtual\": {\"kind\": 5}}", "virtual.kind"},
        {"{\"virtual\": {\"kind\": \"none\"}}", "virtual.kind"},
        {"{\"volume\": 1.01}", "volume"},
        {"{\"volume\": -0.1}", "volume"},
        {"{\"volume\": \"1\"}", "volume"},
        {"{\"volume\": 1e300}", "volume"},
        {"{\"muted\": 0}", "muted"},
        {"{\"muted\": \"true\"}", "muted"},
        {"{\"display_name\": 5}", "display_name"},
        {"{\"display_name\": \"a\\nb\"}", "display_name"},
        {"{\"display_name\": \"a\\u0085b\"}", "display_name"},
        {"{\"display_name\": \"a\\u202eb\"}", "display_name"},
        {"{\"virtual\": {\"path\": \"\"}}", "virtual.path"},
        {"{\"virtual\": {\"path\": null}}", "virtual.path"},
        {"{\"virtual\": {\"path\": \"/etc/passwd\"}}", "virtual.path"},
        {"{\"virtual\": {\"path\": \"..\"}}", "virtual.path"},
        {"{\"virtual\": {\"path\": \"../x\"}}", "virtual.path"},
        {"{\"virtual\": {\"path\": \"a/../../x\"}}", "virtual.path"},
        {"{\"virtual\": {\"path\": \"a//..//x\"}}", "virtual.path"},
        {"{\"virtual\": {\"path\": \"a/\"}}", "virtual.path"},
        {"{\"virtual\": {\"path\": \".\"}}", "virtual.path"},
        {"{\"virtual\": {\"path\": \"a/.\"}}", "virtual.path"},
        {"{\"virtual\": {\"frequency_hz\": 5}}", "virtual.frequency_hz"},
        {"{\"endpoint_uid\": \"cccccc-cccccc-cccccc\"}", "endpoint_uid"},
        {"{\"endpoint_uri\": \"/peers/self/endpoints/" UID "\"}", "endpoint_uri"},
        {"{\"stream_direction\": \"output\"}", "stream_direction"},
        {"{\"endpoint_type\": \"system_device\"}", "endpoint_type"},
        {"{\"driver\": \"alsa\"}", "driver"},
        {"{\"system_name\": \"x\"}", "system_name"},
        {"{\"state\": \"happy\"}", "state"},
        {"{\"sample_rate\": 48000}", "sample_rate"},
        {"{\"channels\": 33}", "channels"},
        {"{\"channels\": 1.5}", "channels"},
        {"{\"channels\": -1}", "channels"},
        {"{\"channels\": 99999999999999999}", "channels"},
    };
    struct endpoint endpoint = make(PLAYER);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_refused(&endpoint, cases[i].text, PARSE_MERGE, ERROR_INVALID_ARGS, cases[i].field);
}

static void test_endpoint_refuses_zero_bytes_and_overlong_texts(void **state)
{
    struct endpoint endpoint = make(PLAYER);
    struct api_error error;
    char text[400];
    json_t *body = json_pack("{s:s#}", "display_name", "a\0b", 3);
    assert_int_equal(endpoint_parse(&endpoint, body, PARSE_MERGE, PEER, &error), -1);
    assert_string_equal(error.field, "display_name");
    json_decref(body);
    snprintf(text, sizeof(text), "{\"display_name\": \"%0128d\"}", 0);
    check_refused(&endpoint, text, PARSE_MERGE, ERROR_INVALID_ARGS, "display_name");
    snprintf(text, sizeof(text), "{\"virtual\": {\"path\": \"%0256d\"}}", 0);
    check_refused(&endpoint, text, PARSE_MERGE, ERROR_INVALID_ARGS, "virtual.path");
    snprintf(text, sizeof(text), "{\"display_name\": \"%0127d\"}", 0);
    assert_int_equal(apply(&endpoint, text, PARSE_MERGE, &error), 0);
}

static void test_endpoint_says_what_this_version_cannot_do(void **state)
{
    struct endpoint empty = {.uid = UID}, player = make(PLAYER);
    check_refused(&empty, "{\"virtual\": {\"kind\": \"speaker\", \"channels\": 2}}", PARSE_CREATE,
                  ERROR_UNSATISFIABLE, "virtual.kind");
    check_refused(&empty, "{\"virtual\": {\"kind\": \"microphone\"}}", PARSE_CREATE,
                  ERROR_UNSATISFIABLE, "virtual.kind");
    check_refused(&empty, "{\"virtual\": {\"kind\": \"bus\"}}", PARSE_CREATE, ERROR_UNSATISFIABLE,
                  "virtual.kind");
    check_refused(&player, "{\"delay_ms\": 5}", PARSE_MERGE, ERROR_UNSATISFIABLE, "delay_ms");
    check_refused(&player, "{\"is_default\": true}", PARSE_MERGE, ERROR_UNSATISFIABLE,
                  "is_default");
}

static void test_endpoint_creation_needs_a_virtual_kind(void **state)
{
    struct endpoint empty = {.uid = UID};
    check_refused(&empty, "{}", PARSE_CREATE, ERROR_INVALID_ARGS, "virtual");
    check_refused(&empty, "{\"virtual\": {}}", PARSE_CREATE, ERROR_INVALID_ARGS, "virtual.kind");
    check_refused(&empty, "{\"virtual\": {\"kind\": \"file_player\"}}", PARSE_CREATE,
                  ERROR_INVALID_ARGS, "virtual.path");
    check_refused(&empty, "{\"virtual\": {\"kind\": \"null_sink\", \"path\": \"x\"}}", PARSE_CREATE,
                  ERROR_INVALID_ARGS, "virtual.path");
    check_refused(&empty, "{\"virtual\": {\"kind\": \"tone\"}, \"endpoint_uid\": \"" PEER "\"}",
                  PARSE_CREATE, ERROR_INVALID_ARGS, "endpoint_uid");
}

static void test_endpoint_lets_what_changes_by_itself_come_back(void **state)
{
    struct endpoint endpoint = make(PLAYER);
    struct api_error error;
    endpoint.virtual.position_frames = 100;
    json_t *shown = endpoint_write(&endpoint, PEER);
    endpoint.virtual.position_frames = 200;
    endpoint.state = ENDPOINT_IN_USE;
    assert_int_equal(endpoint_parse(&endpoint, shown, PARSE_REPLACE, PEER, &error), 0);
    assert_int_equal(endpoint.virtual.position_frames, 200);
    assert_int_equal(endpoint.state, ENDPOINT_IN_USE);
    json_decref(shown);
}

static void test_endpoint_stored_ignores_fields_of_the_future(void **state)
{
    struct endpoint endpoint = make(PLAYER), stored = {0};
    struct api_error error;
    json_t *shown = endpoint_write(&endpoint, PEER);
    json_object_set_new(shown, "colour", json_string("red"));
    json_object_set_new(json_object_get(shown, "virtual"), "speed", json_real(2));
    assert_int_equal(endpoint_parse(&stored, shown, PARSE_STORED, PEER, &error), 0);
    assert_string_equal(stored.uid, UID);
    json_object_del(shown, "endpoint_uid");
    stored.uid[0] = '\0';
    assert_int_equal(endpoint_parse(&stored, shown, PARSE_STORED, PEER, &error), -1);
    json_decref(shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint_kind_decides_direction_and_driver),
        cmocka_unit_test(test_endpoint_tone_has_defaults_and_limits),
        cmocka_unit_test(test_endpoint_put_of_what_was_read_changes_nothing),
        cmocka_unit_test(test_endpoint_patch_changes_only_what_it_names),
        cmocka_unit_test(test_endpoint_put_resets_what_it_leaves_out),
        cmocka_unit_test(test_endpoint_refuses_bad_fields),
        cmocka_unit_test(test_endpoint_refuses_zero_bytes_and_overlong_texts),
        cmocka_unit_test(test_endpoint_says_what_this_version_cannot_do),
        cmocka_unit_test(test_endpoint_creation_needs_a_virtual_kind),
        cmocka_unit_test(test_endpoint_lets_what_changes_by_itself_come_back),
        cmocka_unit_test(test_endpoint_stored_ignores_fields_of_the_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
