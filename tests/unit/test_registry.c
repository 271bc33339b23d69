// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "control/registry.h"

#define PEER  "aaaaaa-aaaaaa-aaaaaa"
#define OTHER "bbbbbb-bbbbbb-bbbbbb"

static int set_up(void **state)
{
    struct registry *registry = NULL;
    if (registry_create(&registry) != 0)
        return -1;
    *state = registry;
    return 0;
}

static int tear_down(void **state)
{
    registry_destroy(*state);
    return 0;
}

// A stream's URI by number.
static const char *make_uri(char text[URI_SIZE], int number)
{
    snprintf(text, URI_SIZE, "/streams/%06d-000000-000000", number);
    return text;
}

static int put(struct registry *registry, int number, const char *authority, int value)
{
    char uri[URI_SIZE];
    json_t *body = json_pack("{s:i}", "value", value);
    int result = registry_put(registry, make_uri(uri, number), authority, body);
    json_decref(body);
    return result;
}

static const struct registry_entry *get(struct registry *registry, int number)
{
    char uri[URI_SIZE];
    return registry_get(registry, make_uri(uri, number));
}

static int value_of(const struct registry_entry *entry)
{
    return (int)json_integer_value(json_object_get(entry->body, "value"));
}

static void test_registry_keeps_what_was_put(void **state)
{
    struct registry *registry = *state;
    assert_null(get(registry, 1));
    assert_int_equal(put(registry, 1, PEER, 5), 0);
    const struct registry_entry *entry = get(registry, 1);
    assert_int_equal(value_of(entry), 5);
    assert_int_equal(entry->kind, RESOURCE_STREAM);
    assert_string_equal(entry->authority, PEER);
    assert_int_equal(entry->revision, 1);
    assert_int_equal(put(registry, 1, PEER, 6), 0);
    assert_int_equal(value_of(get(registry, 1)), 6);
    assert_int_equal(get(registry, 1)->revision, 2);
}

static void test_registry_refuses_bad_entries(void **state)
{
    struct registry *registry = *state;
    json_t *body = json_object(), *list = json_array();
    assert_int_equal(registry_put(registry, "/streams/x", PEER, body), -EINVAL);
    assert_int_equal(registry_put(registry, "/peers/self", PEER, body), -EINVAL);
    assert_int_equal(registry_put(registry, "/peers/" PEER, "", body), -EINVAL);
    assert_int_equal(registry_put(registry, "/peers/" PEER, PEER, list), -EINVAL);
    assert_int_equal(registry_put(registry, "/peers/" PEER, PEER, NULL), -EINVAL);
    assert_int_equal(put(registry, 1, PEER, 1), 0);
    assert_int_equal(put(registry, 1, OTHER, 2), -EPERM);
    assert_int_equal(value_of(get(registry, 1)), 1);
    assert_int_equal(registry_remove(registry, "/peers/" PEER), -ENOENT);
    json_decref(body);
    json_decref(list);
}

struct listing {
    int values[8];
    size_t count;
};

static void list(const struct registry_entry *entry, void *arg)
{
    struct listing *listing = arg;
    assert_true(listing->count < 8);
    listing->values[listing->count++] = value_of(entry);
}

static void test_registry_lists_in_order_of_addition(void **state)
{
    struct registry *registry = *state;
    char uri[URI_SIZE];
    struct listing all = {0}, mine = {0}, peers = {0};
    put(registry, 3, PEER, 3);
    put(registry, 1, OTHER, 1);
    put(registry, 2, PEER, 2);
    put(registry, 3, PEER, 4);
    registry_remove(registry, make_uri(uri, 1));
    put(registry, 1, PEER, 1);
    registry_each(registry, RESOURCE_STREAM, NULL, list, &all);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.values[0], 4);
    assert_int_equal(all.values[1], 2);
    assert_int_equal(all.values[2], 1);
    registry_each(registry, RESOURCE_STREAM, OTHER, list, &mine);
    assert_int_equal(mine.count, 0);
    registry_each(registry, RESOURCE_PEER, NULL, list, &peers);
    assert_int_equal(peers.count, 0);
}

static void test_registry_holds_many(void **state)
{
    struct registry *registry = *state;
    char uri[URI_SIZE];
    for (int i = 0; i < 3000; i++)
        assert_int_equal(put(registry, i, PEER, i), 0);
    for (int i = 0; i < 3000; i += 2)
        assert_int_equal(registry_remove(registry, make_uri(uri, i)), 0);
    for (int i = 0; i < 3000; i++) {
        const struct registry_entry *entry = get(registry, i);
        assert_int_equal(entry != NULL, i % 2);
        if (entry != NULL)
            assert_int_equal(value_of(entry), i);
    }
}

struct record {
    struct registry *registry;
    char text[256];
};

static void record(enum registry_op op, const struct registry_entry *entry, void *arg)
{
    struct record *record = arg;
    size_t size = strlen(record->text);
    snprintf(record->text + size, sizeof(record->text) - size, "%c%d ", "+~-"[op], value_of(entry));
}

static void test_registry_tells_changes_and_only_changes(void **state)
{
    struct registry *registry = *state;
    struct record one = {registry, ""};
    char uri[URI_SIZE];
    assert_int_equal(registry_observe(registry, record, &one), 0);
    put(registry, 1, PEER, 1);
    put(registry, 1, PEER, 1);
    put(registry, 1, PEER, 2);
    put(registry, 1, OTHER, 3);
    registry_remove(registry, make_uri(uri, 1));
    assert_string_equal(one.text, "+1 ~2 -2 ");
    registry_unobserve(registry, record, &one);
    put(registry, 1, PEER, 4);
    assert_string_equal(one.text, "+1 ~2 -2 ");
}

// Counts a value up to three, adds another entry at two, and removes the first at three.
static void change_again(enum registry_op op, const struct registry_entry *entry, void *arg)
{
    struct registry *registry = arg;
    char uri[URI_SIZE];
    int value = value_of(entry);
    if (op == REGISTRY_REMOVED || value >= 100)
        return;
    if (value == 2)
        put(registry, 200, PEER, 200);
    if (value < 3)
        put(registry, 1, PEER, value + 1);
    else
        registry_remove(registry, make_uri(uri, 1));
    // What is told stays as it was when it happened.
    assert_int_equal(value_of(entry), value);
}

static void test_registry_tells_all_observers_one_order(void **state)
{
    struct registry *registry = *state;
    struct record before = {registry, ""}, after = {registry, ""};
    registry_observe(registry, record, &before);
    registry_observe(registry, change_again, registry);
    registry_observe(registry, record, &after);
    put(registry, 1, PEER, 1);
    assert_string_equal(before.text, "+1 ~2 +200 ~3 -3 ");
    assert_string_equal(after.text, before.text);
    assert_null(get(registry, 1));
    assert_non_null(get(registry, 200));
}

static void put_text(struct registry *registry, const char *text, char etag[24])
{
    json_t *body = json_loads(text, 0, NULL);
    assert_int_equal(registry_put(registry, "/streams/aaaaaa-aaaaaa-aaaaaa", PEER, body), 0);
    json_decref(body);
    memcpy(etag, registry_get(registry, "/streams/aaaaaa-aaaaaa-aaaaaa")->etag, 24);
}

static void test_registry_etag_follows_settings_not_what_goes_on(void **state)
{
    char one[24], other[24];
    put_text(*state, "{\"name\": \"x\", \"state\": \"idle\", \"virtual\": {\"path\": \"a\"}}", one);
    assert_int_equal(one[0], '"');
    assert_int_equal(one[strlen(one) - 1], '"');
    put_text(*state,
             "{\"virtual\": {\"path\": \"a\", \"position_frames\": 7}, \"state\": \"active\", "
             "\"name\": \"x\"}",
             other);
    assert_string_equal(one, other);
    put_text(*state, "{\"name\": \"y\", \"state\": \"idle\", \"virtual\": {\"path\": \"a\"}}",
             other);
    assert_string_not_equal(one, other);
    put_text(*state, "{\"name\": \"x\", \"state\": \"idle\", \"virtual\": {\"path\": \"b\"}}",
             other);
    assert_string_not_equal(one, other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_registry_keeps_what_was_put),
        TEST(test_registry_refuses_bad_entries),
        TEST(test_registry_lists_in_order_of_addition),
        TEST(test_registry_holds_many),
        TEST(test_registry_tells_changes_and_only_changes),
        TEST(test_registry_tells_all_observers_one_order),
        TEST(test_registry_etag_follows_settings_not_what_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
