// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "api/endpoint.h"
#include "net/address.h"
#include "roc/endpoint.h"

static roc_endpoint *endpoint;
static char text[512];

static int setup(void **state)
{
    return roc_endpoint_allocate(&endpoint);
}

static int teardown(void **state)
{
    return roc_endpoint_deallocate(endpoint);
}

typedef int (*get_fn)(const roc_endpoint *endpoint, char *buf, size_t *bufsz);

static const char *get(get_fn function)
{
    size_t size = sizeof(text);
    if (function(endpoint, text, &size) != 0)
        return "(none)";
    assert_int_equal(size, strlen(text) + 1);
    return text;
}

static int get_port(void)
{
    int port = -2;
    return roc_endpoint_get_port(endpoint, &port) == 0 ? port : -1;
}

static roc_protocol get_protocol(void)
{
    roc_protocol protocol;
    return roc_endpoint_get_protocol(endpoint, &protocol) == 0 ? protocol : (roc_protocol)0;
}

static void test_endpoint_is_empty_at_first(void **state)
{
    assert_int_equal(get_protocol(), 0);
    assert_int_equal(get_port(), -1);
    assert_string_equal(get(roc_endpoint_get_host), "(none)");
    assert_string_equal(get(roc_endpoint_get_resource), "(none)");
    assert_string_equal(get(roc_endpoint_get_uri), "(none)");
}

static void test_endpoint_accepts_and_repeats_legal_uris(void **state)
{
    static const struct {
        const char *uri;
        roc_protocol protocol;
        const char *host;
        int port;
        const char *resource;
        const char *normal; // NULL: as given
    } cases[] = {
        {"rtp://127.0.0.1:4100", ROC_PROTO_RTP, "127.0.0.1", 4100, "(none)", NULL},
        {"rtp+rs8m://host:0", ROC_PROTO_RTP_RS8M_SOURCE, "host", 0, "(none)", NULL},
        {"rs8m://h.example.org:65535", ROC_PROTO_RS8M_REPAIR, "h.example.org", 65535, "(none)",
         NULL},
        {"rtp+ldpc://a-b:1", ROC_PROTO_RTP_LDPC_SOURCE, "a-b", 1, "(none)", NULL},
        {"ldpc://[::1]:00123", ROC_PROTO_LDPC_REPAIR, "[::1]", 123, "(none)", "ldpc://[::1]:123"},
        {"rtcp://[fe80::1%eth0]:5", ROC_PROTO_RTCP, "[fe80::1%eth0]", 5, "(none)", NULL},
        {"rtsp://host", ROC_PROTO_RTSP, "host", -1, "(none)", NULL},
        {"rtsp://host:554", ROC_PROTO_RTSP, "host", 554, "(none)", NULL},
        {"rtsp://host:1/path?query", ROC_PROTO_RTSP, "host", 1, "/path?query", NULL},
        {"rtsp://host/", ROC_PROTO_RTSP, "host", -1, "/", NULL},
        {"rtsp://host/?", ROC_PROTO_RTSP, "host", -1, "/", "rtsp://host/"},
        {"rtsp://host?", ROC_PROTO_RTSP, "host", -1, "(none)", "rtsp://host"},
        {"rtsp://host?q=1&r=%zz", ROC_PROTO_RTSP, "host", -1, "?q=1&r=%zz", NULL},
        {"rtsp://host:9?q", ROC_PROTO_RTSP, "host", 9, "?q", NULL},
        {"rtsp://h/a%20b%2Fc", ROC_PROTO_RTSP, "h", -1, "/a%20b/c", "rtsp://h/a%20b/c"},
        {"rtsp://h/-._~!$&'()*+,;=:@", ROC_PROTO_RTSP, "h", -1, "/-._~!$&'()*+,;=:@", NULL},
        {"rtsp://h/%c3%A4\"", ROC_PROTO_RTSP, "h", -1, "/%C3%A4%22", "rtsp://h/%C3%A4%22"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (roc_endpoint_set_uri(endpoint, cases[i].uri) != 0)
            fail_msg("'%s' was refused", cases[i].uri);
        assert_int_equal(get_protocol(), cases[i].protocol);
        assert_string_equal(get(roc_endpoint_get_host), cases[i].host);
        assert_int_equal(get_port(), cases[i].port);
        assert_string_equal(get(roc_endpoint_get_resource), cases[i].resource);
        assert_string_equal(get(roc_endpoint_get_uri),
                            cases[i].normal != NULL ? cases[i].normal : cases[i].uri);
    }
}

static void test_endpoint_refuses_other_uris_and_is_invalid_then(void **state)
{
    static const char *const uris[] = {
        "",
        "host:123",
        "://host:123",
        "bad://host:123",
        "RTP://host:123",
        "rtp+rs8m+too+long+for+any://host:123",
        "rtp:/host:123",
        "rtp://",
        "rtp://host",
        "rtp://:123",
        "rtcp://host",
        "rs8m://host:",
        "rtsp://host:",
        "rtsp://:123",
        " rtsp://host:123",
        "rtp ://host:123",
        "rtsp://host: 123",
        "rtsp://host:123 ",
        "rtsp://ho st:123",
        "rtsp://host:port",
        "rtsp://host:-1",
        "rtsp://host:+1",
        "rtsp://host:65536",
        "rtsp://host:18446744073709551617",
        "rtsp://host:123path",
        "rtsp://host:1:2",
        "rtsp://user@host:123",
        "rtsp://[::1:123",
        "rtsp://[]:123",
        "rtsp://::1:123",
        "rtsp://[::1]x:123",
        "rtsp://h]:123",
        "rtsp://host:123/path%",
        "rtsp://host:123/path%1",
        "rtsp://host:123/path%--path",
        "rtsp://host:123/a%00b",
        "rtsp://host:123/path#frag",
        "rtsp://host:123/path?query#frag",
        "rtsp://host:123/path?a?b",
        "rtsp://host:123#",
        "rtp://host:123/path",
        "rtp://host:123?query",
        "rtcp://host:123/",
    };
    for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
        assert_int_equal(roc_endpoint_set_uri(endpoint, "rtsp://host:1/path?query"), 0);
        if (roc_endpoint_set_uri(endpoint, uris[i]) != -1)
            fail_msg("'%s' was accepted", uris[i]);
        test_endpoint_is_empty_at_first(NULL);
    }
    assert_int_equal(roc_endpoint_set_uri(endpoint, NULL), -1);
    // The resource is invalid as well: the other parts alone do not make the endpoint whole.
    assert_int_equal(roc_endpoint_set_protocol(endpoint, ROC_PROTO_RTSP), 0);
    assert_int_equal(roc_endpoint_set_host(endpoint, "host"), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "(none)");
    assert_int_equal(roc_endpoint_set_resource(endpoint, ""), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "rtsp://host");
}

static void test_endpoint_is_made_of_parts(void **state)
{
    assert_int_equal(roc_endpoint_set_protocol(endpoint, ROC_PROTO_RTSP), 0);
    assert_int_equal(roc_endpoint_set_host(endpoint, "host"), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "rtsp://host");
    assert_int_equal(roc_endpoint_set_port(endpoint, 123), 0);
    assert_int_equal(roc_endpoint_set_resource(endpoint, "/path?query"), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "rtsp://host:123/path?query");
    // A protocol without resources makes a whole that is none.
    assert_int_equal(roc_endpoint_set_protocol(endpoint, ROC_PROTO_RTP), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "(none)");
    assert_string_equal(get(roc_endpoint_get_resource), "/path?query");
    assert_int_equal(roc_endpoint_set_resource(endpoint, NULL), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "rtp://host:123");
    assert_string_equal(get(roc_endpoint_get_resource), "(none)");
    // And so does a missing port where there is no default one.
    assert_int_equal(roc_endpoint_set_port(endpoint, -1), 0);
    assert_int_equal(get_port(), -1);
    assert_string_equal(get(roc_endpoint_get_uri), "(none)");
    assert_int_equal(roc_endpoint_set_protocol(endpoint, ROC_PROTO_RTSP), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "rtsp://host");
}

static void test_endpoint_port_may_come_before_protocol(void **state)
{
    assert_int_equal(roc_endpoint_set_port(endpoint, -1), 0);
    assert_int_equal(roc_endpoint_set_host(endpoint, "[::1]"), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "(none)");
    assert_int_equal(roc_endpoint_set_protocol(endpoint, ROC_PROTO_RTSP), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "rtsp://[::1]");
}

static void test_endpoint_part_is_invalid_until_set_again(void **state)
{
    static const char uri[] = "rtsp://1.2.3.4:567/path";
    assert_int_equal(roc_endpoint_set_uri(endpoint, uri), 0);

    assert_int_equal(roc_endpoint_set_protocol(endpoint, (roc_protocol)-1), -1);
    assert_int_equal(roc_endpoint_set_protocol(endpoint, (roc_protocol)11), -1);
    assert_int_equal(get_protocol(), 0);
    assert_string_equal(get(roc_endpoint_get_uri), "(none)");
    assert_int_equal(roc_endpoint_set_protocol(endpoint, ROC_PROTO_RTSP), 0);
    assert_string_equal(get(roc_endpoint_get_uri), uri);

    static const char *const hosts[] = {NULL, "", "a b", "a/b", "a@b", "::1", "[::1", "a:1", "a#"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        assert_int_equal(roc_endpoint_set_host(endpoint, hosts[i]), -1);
        assert_string_equal(get(roc_endpoint_get_host), "(none)");
        assert_string_equal(get(roc_endpoint_get_uri), "(none)");
        assert_int_equal(roc_endpoint_set_host(endpoint, "1.2.3.4"), 0);
        assert_string_equal(get(roc_endpoint_get_uri), uri);
    }

    static const int ports[] = {-2, 65536, 100000, -2147483647 - 1};
    for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
        assert_int_equal(roc_endpoint_set_port(endpoint, ports[i]), -1);
        assert_int_equal(get_port(), -1);
        assert_string_equal(get(roc_endpoint_get_uri), "(none)");
        assert_int_equal(roc_endpoint_set_port(endpoint, 567), 0);
        assert_string_equal(get(roc_endpoint_get_uri), uri);
    }

    static const char *const resources[] = {"path", "/p#",  "/%",       "/%0",
                                            "/%00", "?a?b", "rtsp://h/"};
    for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++) {
        assert_int_equal(roc_endpoint_set_resource(endpoint, resources[i]), -1);
        assert_string_equal(get(roc_endpoint_get_resource), "(none)");
        assert_string_equal(get(roc_endpoint_get_uri), "(none)");
        assert_int_equal(roc_endpoint_set_resource(endpoint, "/path"), 0);
        assert_string_equal(get(roc_endpoint_get_uri), uri);
    }
}

static void test_endpoint_tells_the_size_that_it_needs(void **state)
{
    static const get_fn functions[] = {roc_endpoint_get_uri, roc_endpoint_get_host,
                                       roc_endpoint_get_resource};
    static const char *const wants[] = {"rtsp://host:1/path", "host", "/path"};
    assert_int_equal(roc_endpoint_set_uri(endpoint, wants[0]), 0);
    for (int i = 0; i < 3; i++) {
        const size_t need = strlen(wants[i]) + 1;
        size_t size = 0;
        assert_int_equal(functions[i](endpoint, NULL, &size), 0);
        assert_int_equal(size, need);
        size = need - 1;
        memset(text, 'x', sizeof(text));
        assert_int_equal(functions[i](endpoint, text, &size), -1);
        assert_int_equal(size, need);
        assert_int_equal(text[need - 1], 'x');
        size = need;
        assert_int_equal(functions[i](endpoint, text, &size), 0);
        assert_string_equal(text, wants[i]);
        assert_int_equal(functions[i](endpoint, text, NULL), -1);
        assert_int_equal(functions[i](NULL, text, &size), -1);
    }
}

static void test_endpoint_refuses_null(void **state)
{
    int port;
    roc_protocol protocol;
    assert_int_equal(roc_endpoint_allocate(NULL), -1);
    assert_int_equal(roc_endpoint_deallocate(NULL), -1);
    assert_int_equal(roc_endpoint_set_uri(NULL, "rtp://h:1"), -1);
    assert_int_equal(roc_endpoint_set_protocol(NULL, ROC_PROTO_RTP), -1);
    assert_int_equal(roc_endpoint_set_host(NULL, "h"), -1);
    assert_int_equal(roc_endpoint_set_port(NULL, 1), -1);
    assert_int_equal(roc_endpoint_set_resource(NULL, "/"), -1);
    assert_int_equal(roc_endpoint_get_protocol(NULL, &protocol), -1);
    assert_int_equal(roc_endpoint_get_protocol(endpoint, NULL), -1);
    assert_int_equal(roc_endpoint_get_port(NULL, &port), -1);
    assert_int_equal(roc_endpoint_get_port(endpoint, NULL), -1);
}

static void test_endpoint_resolves_addresses(void **state)
{
    struct net_address address;
    char written[NET_ADDRESS_TEXT_SIZE];
    assert_null(endpoint_get_protocol(endpoint));
    assert_true(endpoint_resolve(endpoint, &address) < 0);
    assert_int_equal(roc_endpoint_set_uri(endpoint, "rtp://127.0.0.1:4100"), 0);
    assert_int_equal(endpoint_get_protocol(endpoint)->iface, ROC_INTERFACE_AUDIO_SOURCE);
    assert_int_equal(endpoint_resolve(endpoint, &address), 0);
    net_address_write(&address, written);
    assert_string_equal(written, "127.0.0.1:4100");
    assert_int_equal(roc_endpoint_set_uri(endpoint, "rtsp://[::1]"), 0);
    assert_int_equal(endpoint_resolve(endpoint, &address), 0);
    net_address_write(&address, written);
    assert_string_equal(written, "[::1]:554");
}

#define endpoint_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        endpoint_test(test_endpoint_is_empty_at_first),
        endpoint_test(test_endpoint_accepts_and_repeats_legal_uris),
        endpoint_test(test_endpoint_refuses_other_uris_and_is_invalid_then),
        endpoint_test(test_endpoint_is_made_of_parts),
        endpoint_test(test_endpoint_port_may_come_before_protocol),
        endpoint_test(test_endpoint_part_is_invalid_until_set_again),
        endpoint_test(test_endpoint_tells_the_size_that_it_needs),
        endpoint_test(test_endpoint_refuses_null),
        endpoint_test(test_endpoint_resolves_addresses),
    };
    // Refusing is what is tested; the log says so each time.
    return cmocka_run_group_tests(tests, NULL, NULL);
}
