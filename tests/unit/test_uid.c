// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/uid.h"

static void test_uid_has_three_groups_of_six(void **state)
{
    char uid[UID_SIZE];
    for (int i = 0; i < 1000; i++) {
        uid_random(uid);
        assert_true(uid_is_valid(uid));
    }
}

static void test_uid_random_does_not_repeat(void **state)
{
    char one[UID_SIZE], other[UID_SIZE];
    uid_random(one);
    uid_random(other);
    assert_string_not_equal(one, other);
}

// Hardware keeps its UID over restarts and versions: these may never change.
static void test_uid_from_seed_stays_as_it_was(void **state)
{
    char uid[UID_SIZE], other[UID_SIZE];
    uid_from_seed(uid, "endpoint", "alsa_output.pci", 15);
    uid_from_seed(other, "endpoint", "alsa_output.pci", 15);
    assert_string_equal(uid, other);
    assert_string_equal(uid, "cuu81d-14ulse-7s90e5");
    uid_from_seed(other, "peer", "alsa_output.pci", 15);
    assert_string_not_equal(uid, other);
    // The border between tag and seed counts.
    uid_from_seed(uid, "a", "bc", 2);
    uid_from_seed(other, "ab", "c", 1);
    assert_string_not_equal(uid, other);
}

static void test_uid_refuses_what_is_none(void **state)
{
    static const char *const bad[] = {
        "",       "abcdef-abcdef-abcde",  "abcdef-abcdef-abcdefg", "abcdef-abcdef-abcdeF",
        "self",   "abcdef_abcdef-abcdef", "abcdefabcdef-abcdef-",  "abcdef-abcdef-abc/ef",
        "------",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(uid_is_valid(bad[i]));
    assert_true(uid_is_valid("abcdef-012345-z9z9z9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uid_has_three_groups_of_six),
        cmocka_unit_test(test_uid_random_does_not_repeat),
        cmocka_unit_test(test_uid_from_seed_stays_as_it_was),
        cmocka_unit_test(test_uid_refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
