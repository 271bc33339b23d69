// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/slots.h"

static struct slot_entry *open_slot(struct slots *slots, roc_slot number)
{
    struct api_error error;
    struct slot_entry *entry = NULL;
    assert_int_equal(slots_open(slots, number, &entry, &error), 0);
    assert_int_equal(entry->number, number);
    return entry;
}

static void test_slots_makes_a_slot_once(void **state)
{
    struct slots slots = {0};
    struct api_error error;
    assert_int_equal(slots_check(&slots, 7, &error), -ENOENT);
    struct slot_entry *entry = open_slot(&slots, 7);
    assert_ptr_not_equal(open_slot(&slots, 8), entry);
    assert_ptr_equal(open_slot(&slots, 7), entry);
    assert_int_equal(slots_check(&slots, 7, &error), 0);
    slots_finish(&slots);
    assert_null(slots.first);
}

static void test_slots_removes_any_slot(void **state)
{
    struct slots slots = {0};
    struct api_error error;
    for (roc_slot i = 0; i < 3; i++)
        open_slot(&slots, i);
    assert_int_equal(slots_remove(&slots, 1, &error), 0);
    assert_int_equal(slots_remove(&slots, 1, &error), -ENOENT);
    assert_non_null(strstr(error.text, "1"));
    assert_int_equal(slots_remove(&slots, 2, &error), 0);
    assert_int_equal(slots_remove(&slots, 0, &error), 0);
    assert_null(slots.first);
}

static void test_slots_broken_slot_is_refused_until_it_is_removed(void **state)
{
    struct slots slots = {0};
    struct api_error error;
    struct slot_entry *entry = open_slot(&slots, 7);
    entry->is_broken = true;
    assert_int_equal(slot_entry_check(open_slot(&slots, 7), &error), -EPIPE);
    assert_int_equal(slots_check(&slots, 7, &error), -ENOENT);
    assert_int_equal(slots_remove(&slots, 7, &error), 0);
    assert_int_equal(slot_entry_check(open_slot(&slots, 7), &error), 0);
    slots_finish(&slots);
}

static void test_slots_interface_is_configured_until_it_is_active(void **state)
{
    struct slots slots = {0};
    struct api_error error;
    const struct udp_config config = {.reuse_address = true};
    struct slot_entry *entry = open_slot(&slots, 0);
    const roc_interface ifaces[] = {ROC_INTERFACE_CONSOLIDATED, ROC_INTERFACE_AUDIO_SOURCE,
                                    ROC_INTERFACE_AUDIO_REPAIR, ROC_INTERFACE_AUDIO_CONTROL};
    for (size_t i = 0; i < 4; i++) {
        struct slot_interface *interface = slot_entry_interface(entry, ifaces[i]);
        assert_false(interface->is_active || interface->config.reuse_address);
        assert_int_equal(slot_entry_configure(entry, ifaces[i], &config, &error), 0);
        assert_true(interface->config.reuse_address);
        interface->is_active = true;
        assert_int_equal(slot_entry_configure(entry, ifaces[i], &config, &error), -EBUSY);
    }
    slots_finish(&slots);
}

static void test_interface_config_parses_literal_addresses(void **state)
{
    struct udp_config parsed;
    struct api_error error;
    const roc_interface_config config = {
        .outgoing_address = "127.0.0.1", .multicast_group = "fe80::1%1", .reuse_address = -1};
    assert_int_equal(interface_config_parse(&parsed, &config, &error), 0);
    assert_int_equal(parsed.bind.sa.sa_family, AF_INET);
    assert_int_equal(parsed.multicast_interface.sa.sa_family, AF_INET6);
    assert_true(parsed.reuse_address);
    const roc_interface_config empty = {0};
    assert_int_equal(interface_config_parse(&parsed, &empty, &error), 0);
    assert_int_equal(parsed.bind.sa.sa_family, AF_UNSPEC);
    assert_int_equal(parsed.multicast_interface.sa.sa_family, AF_UNSPEC);
}

static void test_interface_config_says_which_address_is_bad(void **state)
{
    struct udp_config parsed;
    struct api_error error;
    const roc_interface_config name = {.multicast_group = "eth0"};
    assert_int_equal(interface_config_parse(&parsed, &name, &error), -EINVAL);
    assert_non_null(strstr(error.text, "multicast_group 'eth0'"));
    roc_interface_config endless = {0};
    memset(endless.outgoing_address, 'f', sizeof(endless.outgoing_address));
    assert_int_equal(interface_config_parse(&parsed, &endless, &error), -EINVAL);
    assert_non_null(strstr(error.text, "outgoing_address 'fff"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_makes_a_slot_once),
        cmocka_unit_test(test_slots_removes_any_slot),
        cmocka_unit_test(test_slots_broken_slot_is_refused_until_it_is_removed),
        cmocka_unit_test(test_slots_interface_is_configured_until_it_is_active),
        cmocka_unit_test(test_interface_config_parses_literal_addresses),
        cmocka_unit_test(test_interface_config_says_which_address_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
