// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "model/uri.h"

#define PEER   "aaaaaa-aaaaaa-aaaaaa"
#define DEVICE "bbbbbb-bbbbbb-bbbbbb"
#define SELF   "cccccc-cccccc-cccccc"

static void test_uri_reads_back_what_it_wrote(void **state)
{
    char text[URI_SIZE], again[URI_SIZE];
    struct resource_uri uri;

    uri_peer(text, PEER);
    assert_string_equal(text, "/peers/" PEER);
    assert_int_equal(uri_parse(&uri, text, NULL), 0);
    assert_int_equal(uri.kind, RESOURCE_PEER);
    assert_string_equal(uri.uid, PEER);
    assert_string_equal(uri.peer_uid, PEER);
    uri_write(again, &uri);
    assert_string_equal(again, text);

    uri_endpoint(text, PEER, DEVICE);
    assert_int_equal(uri_parse(&uri, text, NULL), 0);
    assert_int_equal(uri.kind, RESOURCE_ENDPOINT);
    assert_string_equal(uri.peer_uid, PEER);
    assert_string_equal(uri.uid, DEVICE);
    uri_write(again, &uri);
    assert_string_equal(again, text);

    uri_stream(text, DEVICE);
    assert_int_equal(uri_parse(&uri, text, NULL), 0);
    assert_int_equal(uri.kind, RESOURCE_STREAM);
    assert_string_equal(uri.peer_uid, "");
    uri_write(again, &uri);
    assert_string_equal(again, text);
}

static void test_uri_knows_self_only_where_it_is_told_who_that_is(void **state)
{
    struct resource_uri uri;
    assert_int_equal(uri_parse(&uri, "/peers/self/endpoints/" DEVICE, SELF), 0);
    assert_string_equal(uri.peer_uid, SELF);
    assert_int_equal(uri_parse(&uri, "/peers/self", SELF), 0);
    assert_string_equal(uri.uid, SELF);
    assert_int_equal(uri_parse(&uri, "/peers/self", NULL), -EINVAL);
}

static void test_uri_refuses_what_names_no_resource(void **state)
{
    static const char *const bad[] = {
        "",
        "/",
        "/peers",
        "/peers/",
        "/peers/selfish",
        "/peers/self/",
        "/peers/" PEER "/",
        "/peers/" PEER "/endpoints",
        "/peers/" PEER "/endpoints/",
        "/peers/" PEER "/endpoints/" DEVICE "/",
        "/peers/" PEER "/streams/" DEVICE,
        "/streams/",
        "/streams/x",
        "/streams/self",
        "/streams/" DEVICE "/metrics",
        "/groups/" DEVICE,
        "peers/" PEER,
        "rtp://127.0.0.1:10000",
        "/peers/AAAAAA-AAAAAA-AAAAAA",
    };
    struct resource_uri uri;
    memset(&uri, 0x55, sizeof(uri));
    struct resource_uri before = uri;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(uri_parse(&uri, bad[i], SELF), -EINVAL);
    assert_memory_equal(&uri, &before, sizeof(uri));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uri_reads_back_what_it_wrote),
        cmocka_unit_test(test_uri_knows_self_only_where_it_is_told_who_that_is),
        cmocka_unit_test(test_uri_refuses_what_names_no_resource),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
