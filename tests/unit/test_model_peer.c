// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/peer.h"

#define UID "aaaaaa-aaaaaa-aaaaaa"

static struct peer make(void)
{
    return (struct peer){.uid = UID,
                         .display_name = "Kitchen",
                         .host_name = "kitchen",
                         .addresses = {"10.0.0.2:4041", "[fe80::1]:4041"},
                         .state = PEER_ONLINE,
                         .reason = {"late", "It is late."},
                         .trust = ROLE_OPERATOR,
                         .version = "0.1.0",
                         .rtt_ms = 1.5,
                         .last_seen = "2026-01-02T03:04:05Z",
                         .fingerprint = "ab:cd"};
}

static int apply(struct peer *peer, const char *text, enum parse_mode mode, struct api_error *error)
{
    json_t *body = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(body);
    int result = peer_parse(peer, body, mode, error);
    json_decref(body);
    return result;
}

static void test_peer_reads_back_what_it_wrote(void **state)
{
    static const enum parse_mode modes[] = {PARSE_REPLACE, PARSE_MERGE, PARSE_STORED};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct api_error error;
        struct peer before = make(), after = make();
        if (modes[i] == PARSE_STORED)
            memset(&after, 0, sizeof(after));
        json_t *shown = peer_write(&before);
        assert_non_null(shown);
        if (peer_parse(&after, shown, modes[i], &error) != 0)
            fail_msg("%s", error.text);
        json_t *again = peer_write(&after);
        assert_true(json_equal(shown, again));
        json_decref(shown);
        json_decref(again);
    }
}

static void test_peer_lets_name_and_trust_be_set(void **state)
{
    struct peer peer = make();
    struct api_error error;
    assert_int_equal(apply(&peer, "{\"display_name\": \"X\"}", PARSE_MERGE, &error), 0);
    assert_string_equal(peer.display_name, "X");
    assert_int_equal(peer.trust, ROLE_OPERATOR);
    assert_int_equal(apply(&peer, "{\"trust\": \"admin\"}", PARSE_MERGE, &error), 0);
    assert_int_equal(peer.trust, ROLE_ADMIN);
    // Not said and null both mean: none.
    assert_int_equal(apply(&peer, "{\"trust\": null}", PARSE_MERGE, &error), 0);
    assert_int_equal(peer.trust, ROLE_NONE);
    peer.trust = ROLE_ADMIN;
    assert_int_equal(apply(&peer, "{}", PARSE_REPLACE, &error), 0);
    assert_int_equal(peer.trust, ROLE_NONE);
}

static void test_peer_refuses_bad_fields(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"[]", ""},
        {"{\"colour\": 1}", "colour"},
        {"{\"trust\": \"root\"}", "trust"},
        {"{\"trust\": 3}", "trust"},
        {"{\"display_name\": \"\\u0000\"}", "display_name"},
        {"{\"peer_uid\": \"bbbbbb-bbbbbb-bbbbbb\"}", "peer_uid"},
        {"{\"peer_uri\": \"/peers/self\"}", "peer_uri"},
        {"{\"is_self\": true}", "is_self"},
        {"{\"fingerprint\": \"00\"}", "fingerprint"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct peer peer = make(), before = make();
        struct api_error error = {0};
        json_t *body = json_loads(cases[i].text, JSON_ALLOW_NUL, NULL);
        assert_int_equal(peer_parse(&peer, body, PARSE_MERGE, &error), -1);
        assert_int_equal(error.code, ERROR_INVALID_ARGS);
        assert_string_equal(error.field, cases[i].field);
        assert_memory_equal(&peer, &before, sizeof(peer));
        json_decref(body);
    }
}

static void test_peer_trust_in_itself_stays(void **state)
{
    struct peer self = make();
    struct api_error error;
    self.state = PEER_SELF;
    self.trust = ROLE_ADMIN;
    assert_int_equal(apply(&self, "{\"display_name\": \"Me\"}", PARSE_REPLACE, &error), 0);
    assert_int_equal(self.trust, ROLE_ADMIN);
    assert_int_equal(apply(&self, "{\"trust\": \"none\"}", PARSE_MERGE, &error), -1);
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_string_equal(error.field, "trust");
}

static void test_peer_stored_refuses_what_no_peer_wrote(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"peer_uid\": \"x\"}",
        "{\"peer_uid\": \"" UID "\", \"addresses\": \"x\"}",
        "{\"peer_uid\": \"" UID "\", \"addresses\": [1]}",
        "{\"peer_uid\": \"" UID "\", \"addresses\": [\"\", \"\", \"\", \"\", \"\"]}",
        "{\"peer_uid\": \"" UID "\", \"rtt_ms\": -5}",
        "{\"peer_uid\": \"" UID "\", \"reason\": \"x\"}",
        "{\"peer_uid\": \"" UID "\", \"host_name\": \"a\\nb\"}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct peer peer = {0};
        struct api_error error;
        assert_int_equal(apply(&peer, bad[i], PARSE_STORED, &error), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_reads_back_what_it_wrote),
        cmocka_unit_test(test_peer_lets_name_and_trust_be_set),
        cmocka_unit_test(test_peer_refuses_bad_fields),
        cmocka_unit_test(test_peer_trust_in_itself_stays),
        cmocka_unit_test(test_peer_stored_refuses_what_no_peer_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
