// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "model/stream.h"

#define PEER   "aaaaaa-aaaaaa-aaaaaa"
#define OTHER  "dddddd-dddddd-dddddd"
#define PLAYER "bbbbbb-bbbbbb-bbbbbb"
#define SINK   "cccccc-cccccc-cccccc"
#define UID    "eeeeee-eeeeee-eeeeee"

#define SOURCE                                                           \
    "\"source\": {\"connection_type\": \"endpoint\", \"endpoint_uri\": " \
    "\"/peers/self/endpoints/" PLAYER "\"}"
#define DESTINATION                                                                          \
    "\"destination\": {\"connection_type\": \"endpoint\", \"endpoint_uri\": \"/peers/" OTHER \
    "/endpoints/" SINK "\"}"
#define EXTERNAL(side, media, repair, control)                                  \
    "\"" side "\": {\"connection_type\": \"external\", \"media_uri\": \"" media \
    "\", \"repair_uri\": \"" repair "\", \"control_uri\": \"" control "\"}"

static int apply(struct stream *stream, const char *text, enum parse_mode mode,
                 struct api_error *error)
{
    json_t *body = json_loads(text, JSON_DECODE_ANY, NULL);
    if (body == NULL)
        fail_msg("bad JSON in the test: %s", text);
    int result = stream_parse(stream, body, mode, PEER, error);
    json_decref(body);
    return result;
}

static struct stream make(const char *text)
{
    struct stream stream = {.uid = UID, .owner_uid = PEER, .created_at = "2026-01-02T03:04:05Z"};
    struct api_error error;
    if (apply(&stream, text, PARSE_CREATE, &error) != 0)
        fail_msg("%s: %s", text, error.text);
    return stream;
}

static void check_refused(const struct stream *stream, const char *text, enum parse_mode mode,
                          enum error_code code, const char *field)
{
    struct stream copy = *stream;
    struct api_error error = {0};
    if (apply(&copy, text, mode, &error) == 0)
        fail_msg("accepted: %s", text);
    if (error.code != code || strcmp(error.field, field) != 0)
        fail_msg("%s: %d, field \"%s\", \"%s\"", text, error.code, error.field, error.text);
    assert_true(strlen(error.text) > 10);
    assert_memory_equal(&copy, stream, sizeof(copy));
}

static void test_stream_defaults_are_those_of_wifi(void **state)
{
    struct stream stream = make("{" SOURCE ", " DESTINATION "}");
    assert_true(stream.enabled);
    assert_false(stream.muted);
    assert_true(stream.volume == 1);
    assert_string_equal(stream.source.endpoint.peer_uid, PEER);
    assert_string_equal(stream.destination.endpoint.peer_uid, OTHER);
    assert_int_equal(stream.transport.profile, PROFILE_WIFI);
    assert_int_equal(stream.transport.fec_scheme, TRANSPORT_FEC_RS8M);
    assert_int_equal(stream.transport.fec_source_packets, 18);
    assert_int_equal(stream.transport.fec_repair_packets, 10);
    assert_true(stream.transport.packet_ms == 5);
    assert_true(stream.transport.target_latency_ms == 200);
}

static void test_stream_every_profile_is_consistent(void **state)
{
    static const char *const names[] = {"lan", "wifi", "internet", "custom"};
    for (size_t i = 0; i < 4; i++) {
        char text[512];
        struct api_error error;
        snprintf(text, sizeof(text), "{%s, %s, \"transport\": {\"profile\": \"%s\"}}", SOURCE,
                 DESTINATION, names[i]);
        struct stream stream = make(text);
        assert_int_equal(stream.transport.profile, i);
        assert_int_equal(transport_check(&stream.transport, &error), 0);
    }
}

static void test_stream_put_of_what_was_read_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "{" SOURCE ", " DESTINATION "}",
        "{" SOURCE ", " DESTINATION
        ", \"enabled\": false, \"volume\": 0.5, \"display_name\": \"\u00e9\", \"transport\": "
        "{\"profile\": \"lan\", \"fec\": {\"scheme\": \"none\"}, \"channels\": 1}}",
        "{" SOURCE ", " DESTINATION ", \"transport\": {\"encoding\": \"f32\"}}",
        "{" SOURCE ", " EXTERNAL("destination", "rtp://127.0.0.1:10001", "", "") "}",
        "{" SOURCE
        ", " EXTERNAL("destination", "rtp+rs8m://[::1]:10001", "rs8m://host.local:10002", "") "}",
        "{" EXTERNAL("source", "rtp+rs8m://0.0.0.0:0", "rs8m://0.0.0.0:0", "") ", " DESTINATION "}",
    };
    static const enum parse_mode modes[] = {PARSE_REPLACE, PARSE_MERGE, PARSE_STORED};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t j = 0; j < sizeof(modes) / sizeof(modes[0]); j++) {
            struct api_error error;
            struct stream before = make(texts[i]), after = before;
            json_t *shown = stream_write(&before);
            if (stream_parse(&after, shown, modes[j], PEER, &error) != 0)
                fail_msg("%s: %s", texts[i], error.text);
            json_t *again = stream_write(&after);
            assert_true(json_equal(shown, again));
            json_decref(shown);
            json_decref(again);
        }
    }
}

static void test_stream_external_schemes_settle_the_fec(void **state)
{
    struct api_error error;
    struct stream stream =
        make("{" SOURCE ", " EXTERNAL("destination", "rtp://127.0.0.1:10001", "", "") "}");
    assert_int_equal(stream.transport.fec_scheme, TRANSPORT_FEC_NONE);
    assert_int_equal(stream.transport.fec_source_packets, 0);
    assert_int_equal(apply(&stream,
                           "{" EXTERNAL("destination", "rtp+rs8m://127.0.0.1:10001",
                                        "rs8m://127.0.0.1:10002", "") "}",
                           PARSE_MERGE, &error),
                     0);
    assert_int_equal(stream.transport.fec_scheme, TRANSPORT_FEC_RS8M);
    assert_int_equal(stream.transport.fec_source_packets, 18);
    check_refused(&stream, "{\"transport\": {\"fec\": {\"scheme\": \"none\"}}}", PARSE_MERGE,
                  ERROR_INVALID_ARGS, "transport.fec.scheme");
}

static void test_stream_patch_of_profile_brings_its_numbers(void **state)
{
    struct stream stream = make("{" SOURCE ", " DESTINATION "}");
    struct api_error error;
    assert_int_equal(apply(&stream,
                           "{\"transport\": {\"profile\": \"internet\", \"target_latency_ms\": "
                           "500}}",
                           PARSE_MERGE, &error),
                     0);
    assert_int_equal(stream.transport.fec_source_packets, 20);
    assert_true(stream.transport.target_latency_ms == 500);
    // To custom everything stays.
    assert_int_equal(
        apply(&stream, "{\"transport\": {\"profile\": \"custom\"}}", PARSE_MERGE, &error), 0);
    assert_int_equal(stream.transport.fec_source_packets, 20);
    assert_true(stream.transport.target_latency_ms == 500);
    // A scheme that comes back brings numbers, too.
    assert_int_equal(
        apply(&stream, "{\"transport\": {\"fec\": {\"scheme\": \"none\"}}}", PARSE_MERGE, &error),
        0);
    assert_int_equal(stream.transport.fec_source_packets, 0);
    assert_int_equal(
        apply(&stream, "{\"transport\": {\"fec\": {\"scheme\": \"rs8m\"}}}", PARSE_MERGE, &error),
        0);
    assert_int_equal(stream.transport.fec_source_packets, 18);
    assert_int_equal(apply(&stream, "{\"transport\": null}", PARSE_MERGE, &error), 0);
    assert_int_equal(stream.transport.profile, PROFILE_WIFI);
    assert_true(stream.transport.target_latency_ms == 200);
}

static void test_stream_patch_to_other_connection_type_begins_afresh(void **state)
{
    struct stream stream = make("{" SOURCE ", " DESTINATION "}");
    struct api_error error;
    assert_int_equal(apply(&stream,
                           "{\"destination\": {\"connection_type\": \"external\", \"media_uri\": "
                           "\"rtp://127.0.0.1:10000\"}}",
                           PARSE_MERGE, &error),
                     0);
    assert_int_equal(stream.destination.type, CONNECTION_EXTERNAL);
    assert_int_equal(apply(&stream, "{\"destination\": {\"media_uri\": \"rtp://127.0.0.1:9\"}}",
                           PARSE_MERGE, &error),
                     0);
    assert_string_equal(stream.destination.external.media_uri, "rtp://127.0.0.1:9");
}

static void test_stream_refuses_bad_fields(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"[]", ""},
        {"{\"foo\": 1}", "foo"},
        {"{\"source\": null}", "source"},
        {"{\"source\": 5}", "source"},
        {"{\"source\": {\"connection_type\": null}}", "source.connection_type"},
        {"{\"source\": {\"connection_type\": \"magic\"}}", "source.connection_type"},
        {"{\"source\": {\"media_uri\": \"rtp://1.2.3.4:5\"}}", "source.media_uri"},
        {"{\"source\": {\"endpoint_uri\": \"/peers/" PEER "\"}}", "source.endpoint_uri"},
        {"{\"source\": {\"endpoint_uri\": \"/streams/" UID "\"}}", "source.endpoint_uri"},
        {"{\"source\": {\"endpoint_uri\": \"rtp://1.2.3.4:5\"}}", "source.endpoint_uri"},
        {"{\"source\": {\"endpoint_uri\": 5}}", "source.endpoint_uri"},
        {"{\"source\": {\"endpoint_uri\": \"/peers/" OTHER "/endpoints/" SINK "\"}}",
         "destination"},
        {"{\"destination\": {\"connection_type\": \"external\"}}", "destination.media_uri"},
        {"{\"volume\": 2}", "volume"},
        {"{\"enabled\": 1}", "enabled"},
        {"{\"display_name\": \"\\u0007\"}", "display_name"},
        {"{\"stream_uid\": \"" PEER "\"}", "stream_uid"},
        {"{\"stream_uri\": \"/streams/" PEER "\"}", "stream_uri"},
        {"{\"owner_uri\": \"/peers/" OTHER "\"}", "owner_uri"},
        {"{\"created_at\": \"now\"}", "created_at"},
        {"{\"state\": \"on\"}", "state"},
        {"{\"transport\": 5}", "transport"},
        {"{\"transport\": {\"speed\": 5}}", "transport.speed"},
        {"{\"transport\": {\"profile\": \"moon\"}}", "transport.profile"},
        {"{\"transport\": {\"encoding\": \"mp3\"}}", "transport.encoding"},
        {"{\"transport\": {\"packet_ms\": 0}}", "transport.packet_ms"},
        {"{\"transport\": {\"packet_ms\": \"5\"}}", "transport.packet_ms"},
        {"{\"transport\": {\"sample_rate\": 1}}", "transport.sample_rate"},
        {"{\"transport\": {\"fec\": []}}", "transport.fec"},
        {"{\"transport\": {\"fec\": {\"k\": 5}}}", "transport.fec.k"},
        {"{\"transport\": {\"fec\": {\"scheme\": \"xor\"}}}", "transport.fec.scheme"},
        {"{\"transport\": {\"fec\": {\"source_packets\": 0}}}", "transport.fec.source_packets"},
        {"{\"transport\": {\"fec\": {\"source_packets\": 2.5}}}", "transport.fec.source_packets"},
        {"{\"transport\": {\"fec\": {\"source_packets\": \"18\"}}}",
         "transport.fec.source_packets"},
        {"{\"transport\": {\"fec\": {\"source_packets\": 200, \"repair_packets\": 100}}}",
         "transport.fec.source_packets"},
        {"{\"transport\": {\"fec\": {\"scheme\": \"none\", \"repair_packets\": 5}}}",
         "transport.fec.repair_packets"},
        {"{\"transport\": {\"target_latency_ms\": 94}}", "transport.target_latency_ms"},
        {"{\"transport\": {\"packet_ms\": 20}}", "transport.target_latency_ms"},
    };
    struct stream stream = make("{" SOURCE ", " DESTINATION "}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_refused(&stream, cases[i].text, PARSE_MERGE, ERROR_INVALID_ARGS, cases[i].field);
    check_refused(&stream, "{" SOURCE "}", PARSE_REPLACE, ERROR_INVALID_ARGS, "destination");
    check_refused(&stream, "{" DESTINATION "}", PARSE_REPLACE, ERROR_INVALID_ARGS, "source");
}

static void test_stream_encoding_is_kept_until_it_is_changed(void **state)
{
    struct api_error error;
    struct stream stream = make("{" SOURCE ", " DESTINATION "}");
    const struct transport plain = stream.transport;
    assert_int_equal(plain.encoding, TRANSPORT_L16);
    assert_int_equal(
        apply(&stream, "{\"transport\": {\"encoding\": \"l24\"}}", PARSE_MERGE, &error), 0);
    assert_int_equal(stream.transport.encoding, TRANSPORT_L24);
    assert_false(transport_is_equal(&stream.transport, &plain));
    assert_int_equal(apply(&stream, "{\"transport\": {\"profile\": \"lan\"}}", PARSE_MERGE, &error),
                     0);
    assert_int_equal(stream.transport.encoding, TRANSPORT_L24);
    json_t *shown = transport_write(&stream.transport);
    assert_string_equal(json_string_value(json_object_get(shown, "encoding")), "l24");
    json_decref(shown);
    assert_int_equal(
        apply(&stream, "{\"transport\": {\"encoding\": \"f32\"}}", PARSE_MERGE, &error), 0);
    assert_int_equal(stream.transport.encoding, TRANSPORT_F32);
}

static void test_stream_says_what_this_version_cannot_do(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"{\"transport\": {\"encoding\": \"opus\"}}", "transport.encoding"},
        {"{\"transport\": {\"bitrate\": 96000}}", "transport.bitrate"},
        {"{\"transport\": {\"latency_tolerance_ms\": 20}}", "transport.latency_tolerance_ms"},
        {"{\"transport\": {\"encryption\": \"srtp\"}}", "transport.encryption"},
        {"{\"source\": {\"endpoint_uri\": \"/groups/" UID "\"}}", "source.endpoint_uri"},
        {"{" EXTERNAL("destination", "rtp://1.2.3.4:5", "",
                      "") ", " EXTERNAL("source", "rtp://1.2.3.4:5", "", "") "}",
         "destination"},
    };
    struct stream stream = make("{" SOURCE ", " DESTINATION "}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_refused(&stream, cases[i].text, PARSE_MERGE, ERROR_UNSATISFIABLE, cases[i].field);
}

static void test_stream_may_ask_for_ldpc(void **state)
{
    struct stream stream = make("{" SOURCE ", " DESTINATION "}");
    struct api_error error;
    assert_int_equal(
        apply(&stream, "{\"transport\": {\"fec\": {\"scheme\": \"ldpc\"}}}", PARSE_MERGE, &error),
        0);
    assert_int_equal(stream.transport.fec_scheme, TRANSPORT_FEC_LDPC);
    assert_int_equal(stream.transport.fec_source_packets, 18);
    assert_int_equal(stream.transport.fec_repair_packets, 10);
    assert_int_equal(apply(&stream,
                           "{\"transport\": {\"fec\": {\"source_packets\": 400, "
                           "\"repair_packets\": 200}, \"target_latency_ms\": 2100}}",
                           PARSE_MERGE, &error),
                     0);
    assert_int_equal(stream.transport.fec_source_packets, 400);
    check_refused(&stream, "{\"transport\": {\"fec\": {\"repair_packets\": 6}}}", PARSE_MERGE,
                  ERROR_INVALID_ARGS, "transport.fec.repair_packets");
    check_refused(&stream,
                  "{\"transport\": {\"fec\": {\"source_packets\": 4000, "
                  "\"repair_packets\": 97}}}",
                  PARSE_MERGE, ERROR_INVALID_ARGS, "transport.fec.source_packets");
    // The numbers are those of the other scheme no more.
    assert_int_equal(
        apply(&stream, "{\"transport\": {\"fec\": {\"scheme\": \"rs8m\"}}}", PARSE_MERGE, &error),
        0);
    assert_int_equal(stream.transport.fec_source_packets, 18);
    check_refused(&stream,
                  "{\"transport\": {\"fec\": {\"source_packets\": 200, \"repair_packets\": 56}}}",
                  PARSE_MERGE, ERROR_INVALID_ARGS, "transport.fec.source_packets");
}

// Deployed peers abort with fewer than 7.
static void test_stream_of_ldpc_has_enough_repair_packets_in_every_profile(void **state)
{
    static const char *const profiles[] = {"lan", "wifi", "internet", "custom"};
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        struct stream stream = make("{" SOURCE ", " DESTINATION "}");
        struct api_error error;
        char text[128];
        snprintf(text, sizeof(text),
                 "{\"transport\": {\"profile\": \"%s\", \"fec\": {\"scheme\": \"ldpc\"}}}",
                 profiles[i]);
        assert_int_equal(apply(&stream, text, PARSE_MERGE, &error), 0);
        assert_true(stream.transport.fec_repair_packets >= 7);
    }
}

static void test_stream_latency_covers_a_block_and_a_packet(void **state)
{
    struct stream stream = make("{" SOURCE ", " DESTINATION "}");
    struct api_error error;
    assert_int_equal(
        apply(&stream, "{\"transport\": {\"target_latency_ms\": 95}}", PARSE_MERGE, &error), 0);
    assert_int_equal(apply(&stream,
                           "{\"transport\": {\"fec\": {\"scheme\": \"none\"}, "
                           "\"target_latency_ms\": 5}}",
                           PARSE_MERGE, &error),
                     0);
}

static void test_media_address_follows_the_schemes(void **state)
{
    static const struct {
        const char *media, *repair, *field; // field NULL: good
    } cases[] = {
        {"rtp://127.0.0.1:1", "", NULL},
        {"rtp://[fe80::1]:65535", "", NULL},
        {"rtp://a-b.example.org:0", "", NULL},
        {"", "", NULL},
        {"rtp+rs8m://h:1", "rs8m://h:2", NULL},
        {"rtp+rs8m://h:1", "", "repair_uri"},
        {"rtp+ldpc://h:1", "ldpc://h:2", NULL},
        {"rtp+ldpc://h:1", "", "repair_uri"},
        {"rtp+ldpc://h:1", "rs8m://h:2", "repair_uri"},
        {"rtp+rs8m://h:1", "ldpc://h:2", "repair_uri"},
        {"rtp://h:1", "rs8m://h:2", "repair_uri"},
        {"", "rs8m://h:2", "repair_uri"},
        {"rs8m://h:1", "", "media_uri"},
        {"RTP://h:1", "", "media_uri"},
        {"rtp://h", "", "media_uri"},
        {"rtp://h:", "", "media_uri"},
        {"rtp://:1", "", "media_uri"},
        {"rtp:h:1", "", "media_uri"},
        {"rtp://h:65536", "", "media_uri"},
        {"rtp://h:-1", "", "media_uri"},
        {"rtp://h:1/", "", "media_uri"},
        {"rtp://h:1?x", "", "media_uri"},
        {"rtp://u@h:1", "", "media_uri"},
        {"rtp://::1:5", "", "media_uri"},
        {"rtp://[::1:5", "", "media_uri"},
        {"rtp://[host]:5", "", "media_uri"},
        {"rtp://h h:5", "", "media_uri"},
        {"rtp", "", "media_uri"},
        {"http://h:5", "", "media_uri"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct media_address address = {"x", "y", "z"};
        struct api_error error = {0};
        json_t *body =
            json_pack("{s:s, s:s}", "media_uri", cases[i].media, "repair_uri", cases[i].repair);
        int result = media_address_parse(&address, body, &error);
        json_decref(body);
        if ((result == 0) != (cases[i].field == NULL) ||
            (result != 0 && strcmp(error.field, cases[i].field) != 0))
            fail_msg("%s %s: %d %s", cases[i].media, cases[i].repair, result, error.text);
        assert_string_equal(address.control_uri, result == 0 ? "" : "z");
    }
}

static void test_stream_destination_needs_a_port_and_source_does_not(void **state)
{
    struct stream stream =
        make("{" EXTERNAL("source", "rtp://0.0.0.0:0", "", "") ", " DESTINATION "}");
    check_refused(&stream, "{" SOURCE ", " EXTERNAL("destination", "rtp://h:0", "", "") "}",
                  PARSE_REPLACE, ERROR_INVALID_ARGS, "destination");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_defaults_are_those_of_wifi),
        cmocka_unit_test(test_stream_every_profile_is_consistent),
        cmocka_unit_test(test_stream_put_of_what_was_read_changes_nothing),
        cmocka_unit_test(test_stream_external_schemes_settle_the_fec),
        cmocka_unit_test(test_stream_patch_of_profile_brings_its_numbers),
        cmocka_unit_test(test_stream_patch_to_other_connection_type_begins_afresh),
        cmocka_unit_test(test_stream_refuses_bad_fields),
        cmocka_unit_test(test_stream_encoding_is_kept_until_it_is_changed),
        cmocka_unit_test(test_stream_says_what_this_version_cannot_do),
        cmocka_unit_test(test_stream_may_ask_for_ldpc),
        cmocka_unit_test(test_stream_of_ldpc_has_enough_repair_packets_in_every_profile),
        cmocka_unit_test(test_stream_latency_covers_a_block_and_a_packet),
        cmocka_unit_test(test_media_address_follows_the_schemes),
        cmocka_unit_test(test_stream_destination_needs_a_port_and_source_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
