// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "control/half_message.h"

static const char *const peer_uid = "aaaaaa-bbbbbb-cccccc";

static struct half_request make_request(bool is_receiver)
{
    struct half_request request = {.is_receiver = is_receiver,
                                   .endpoint_uid = "dddddd-eeeeee-ffffff",
                                   .volume = 0.5,
                                   .muted = true,
                                   .lease_ms = 4000};
    struct api_error error = {0};
    assert_int_equal(transport_parse(&request.transport, NULL, PARSE_CREATE, &error), 0);
    request.transport.sample_rate = 48000;
    request.transport.channels = 1;
    if (!is_receiver) {
        strcpy(request.address.media_uri, "rtp+rs8m://10.0.0.1:4100");
        strcpy(request.address.repair_uri, "rs8m://10.0.0.1:4101");
    }
    return request;
}

static void test_request_survives_the_wire(void **state)
{
    for (int is_receiver = 0; is_receiver < 2; is_receiver++) {
        struct half_request request = make_request(is_receiver), parsed;
        struct api_error error = {0};
        json_t *body = half_request_write(&request, peer_uid);
        assert_non_null(body);
        json_object_set_new(body, "from_a_newer_version", json_true());
        if (half_request_parse(&parsed, body, peer_uid, &error) != 0)
            fail_msg("%s", error.text);
        assert_int_equal(parsed.is_receiver, is_receiver);
        assert_string_equal(parsed.endpoint_uid, request.endpoint_uid);
        assert_true(parsed.volume == 0.5 && parsed.muted);
        assert_int_equal(parsed.lease_ms, 4000);
        assert_int_equal(parsed.transport.sample_rate, 48000);
        assert_int_equal(parsed.transport.channels, 1);
        assert_int_equal(parsed.transport.fec_source_packets, request.transport.fec_source_packets);
        assert_true(parsed.transport.packet_ms == request.transport.packet_ms);
        assert_string_equal(parsed.address.media_uri, request.address.media_uri);
        json_decref(body);
    }
}

static void test_report_survives_the_wire(void **state)
{
    struct half_request request = make_request(true);
    struct half_report report = {.address = make_request(false).address}, parsed;
    struct api_error error = {0};
    report.metrics.is_receiver = true;
    report.metrics.packets_received = 77;
    report.metrics.frames_concealed = 5;
    json_t *body = half_report_write(&report, &request, peer_uid);
    assert_string_equal(json_string_value(json_object_get(body, "state")), "active");
    assert_int_equal(half_report_parse(&parsed, body, &error), 0);
    assert_int_equal(parsed.metrics.packets_received, 77);
    assert_int_equal(parsed.metrics.frames_concealed, 5);
    assert_string_equal(parsed.address.repair_uri, report.address.repair_uri);
    assert_string_equal(parsed.failure.code, "");
    json_decref(body);

    strcpy(report.failure.code, "device_failed");
    strcpy(report.failure.text, "The disk is full.");
    body = half_report_write(&report, &request, peer_uid);
    assert_string_equal(json_string_value(json_object_get(body, "state")), "failed");
    assert_int_equal(half_report_parse(&parsed, body, &error), 0);
    assert_string_equal(parsed.failure.text, "The disk is full.");
    json_decref(body);
}

static void test_hostile_reports_are_refused_or_clamped(void **state)
{
    static const char *const refused[] = {
        "[]",
        "{}",
        "{\"address\": 1}",
        "{\"address\": {\"media_uri\": 5}}",
        "{\"address\": {\"media_uri\": \"http://x\", \"repair_uri\": \"\"}}",
    };
    struct half_report report;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct api_error error = {0};
        json_t *body = json_loads(refused[i], 0, NULL);
        assert_non_null(body);
        assert_int_equal(half_report_parse(&report, body, &error), -1);
        assert_int_equal(error.code, ERROR_PEER);
        json_decref(body);
    }
    struct api_error error = {0};
    assert_int_equal(half_report_parse(&report, NULL, &error), -1);

    json_t *body = json_loads("{\"address\": {\"media_uri\": \"rtp://10.0.0.1:1\"}, "
                              "\"state\": \"failed\", \"reason\": 7, "
                              "\"metrics\": {\"packets_received\": -5, \"frames_concealed\": []}}",
                              0, NULL);
    assert_int_equal(half_report_parse(&report, body, &error), 0);
    assert_int_equal(report.metrics.packets_received, 0);
    assert_string_equal(report.failure.code, "device_failed");
    json_decref(body);
}

static void test_long_reason_is_cut_between_characters(void **state)
{
    char text[512];
    for (size_t i = 0; i + 1 < sizeof(text) - 1; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    json_t *body =
        json_pack("{s:{s:s}, s:s, s:{s:s, s:s}}", "address", "media_uri", "rtp://10.0.0.1:1",
                  "state", "failed", "reason", "code", "x", "text", text);
    struct half_report report;
    struct api_error error = {0};
    assert_int_equal(half_report_parse(&report, body, &error), 0);
    json_t *copy = json_string(report.failure.text); // NULL when it is no UTF-8
    assert_non_null(copy);
    assert_true(strlen(report.failure.text) > 200);
    json_decref(copy);
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_survives_the_wire),
        cmocka_unit_test(test_report_survives_the_wire),
        cmocka_unit_test(test_hostile_reports_are_refused_or_clamped),
        cmocka_unit_test(test_long_reason_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
