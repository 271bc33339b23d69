// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/address.h"

static void check_text(const char *ip, uint16_t port, const char *expected)
{
    struct net_address address;
    char text[NET_ADDRESS_TEXT_SIZE];
    assert_int_equal(net_address_parse(&address, ip, port), 0);
    assert_int_equal(net_address_get_port(&address), port);
    net_address_write(&address, text);
    assert_string_equal(text, expected);
}

static void test_address_becomes_text_and_back(void **state)
{
    check_text("127.0.0.1", 4100, "127.0.0.1:4100");
    check_text("0.0.0.0", 0, "0.0.0.0:0");
    check_text("255.255.255.255", 65535, "255.255.255.255:65535");
    check_text("::1", 4100, "[::1]:4100");
    check_text("::", 0, "[::]:0");
    check_text("fe80::1%1", 5, "[fe80::1%1]:5");
    check_text("fe80:1111:2222:3333:4444:5555:6666:7777%4294967295", 65535,
               "[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535");
}

static void test_address_of_no_family_is_none(void **state)
{
    const struct net_address none = {0};
    char text[NET_ADDRESS_TEXT_SIZE];
    net_address_write(&none, text);
    assert_string_equal(text, "none:0");
    assert_int_equal(net_address_size(&none), 0);
    assert_true(net_address_is_equal(&none, &none));
    assert_false(net_address_is_multicast(&none));
}

static void test_address_refuses_bad_text(void **state)
{
    static const char *const bad[] = {
        "",
        "localhost",
        "1.2.3",
        "256.1.1.1",
        "1.2.3.4:5",
        "[::1]",
        ":::1",
        "::1%",
        "::1%nosuchif",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    };
    struct net_address address = {.in4 = {.sin_port = 77}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(net_address_parse(&address, bad[i], 1), -EINVAL);
    assert_int_equal(net_address_parse(&address, NULL, 1), -EINVAL);
    assert_int_equal(address.in4.sin_port, 77); // written only on success
}

static void test_address_equality_needs_host_port_and_family(void **state)
{
    struct net_address a, b;
    net_address_parse(&a, "10.0.0.1", 1);
    net_address_parse(&b, "10.0.0.1", 1);
    assert_true(net_address_is_equal(&a, &b));
    net_address_set_port(&b, 2);
    assert_false(net_address_is_equal(&a, &b));
    net_address_parse(&b, "10.0.0.2", 1);
    assert_false(net_address_is_equal(&a, &b));
    net_address_parse(&b, "::ffff:10.0.0.1", 1);
    assert_false(net_address_is_equal(&a, &b));
    net_address_parse(&a, "fe80::1%1", 1);
    net_address_parse(&b, "fe80::1%2", 1);
    assert_false(net_address_is_equal(&a, &b));
}

static void test_address_knows_multicast(void **state)
{
    struct net_address address;
    net_address_parse(&address, "224.0.0.1", 1);
    assert_true(net_address_is_multicast(&address));
    net_address_parse(&address, "239.255.255.255", 1);
    assert_true(net_address_is_multicast(&address));
    net_address_parse(&address, "240.0.0.1", 1);
    assert_false(net_address_is_multicast(&address));
    net_address_parse(&address, "ff15::1", 1);
    assert_true(net_address_is_multicast(&address));
    net_address_parse(&address, "fe80::1", 1);
    assert_false(net_address_is_multicast(&address));
}

static void test_address_resolves_literals_and_names(void **state)
{
    struct net_address address, expected;
    assert_int_equal(net_address_resolve(&address, "127.0.0.1", 7), 0);
    net_address_parse(&expected, "127.0.0.1", 7);
    assert_true(net_address_is_equal(&address, &expected));
    assert_int_equal(net_address_resolve(&address, "localhost", 9), 0);
    assert_int_equal(net_address_get_port(&address), 9);
    assert_int_equal(net_address_resolve(&address, "no such host", 9), -EHOSTUNREACH);
    assert_int_equal(net_address_resolve(&address, NULL, 9), -EHOSTUNREACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_becomes_text_and_back),
        cmocka_unit_test(test_address_of_no_family_is_none),
        cmocka_unit_test(test_address_refuses_bad_text),
        cmocka_unit_test(test_address_equality_needs_host_port_and_family),
        cmocka_unit_test(test_address_knows_multicast),
        cmocka_unit_test(test_address_resolves_literals_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
