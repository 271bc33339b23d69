// SPDX-License-Identifier: MPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "control/events.h"

#define PEER "aaaaaa-aaaaaa-aaaaaa"

struct fixture {
    struct registry *registry;
    struct event_hub *hub;
    unsigned wake_count;
};

static void put(struct fixture *f, unsigned number, int value)
{
    char uri[URI_SIZE];
    snprintf(uri, sizeof(uri), "/streams/aaaaaa-aaaaaa-%06u", number);
    json_t *body = json_pack("{s:s, s:i}", "stream_uri", uri, "value", value);
    assert_int_equal(registry_put(f->registry, uri, PEER, body), 0);
    json_decref(body);
}

static void put_endpoint(struct fixture *f, unsigned number)
{
    char uri[URI_SIZE];
    snprintf(uri, sizeof(uri), "/peers/" PEER "/endpoints/aaaaaa-aaaaaa-%06u", number);
    json_t *body = json_pack("{s:s}", "endpoint_uri", uri);
    assert_int_equal(registry_put(f->registry, uri, PEER, body), 0);
    json_decref(body);
}

static void remove_stream(struct fixture *f, unsigned number)
{
    char uri[URI_SIZE];
    snprintf(uri, sizeof(uri), "/streams/aaaaaa-aaaaaa-%06u", number);
    assert_int_equal(registry_remove(f->registry, uri), 0);
}

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    assert_int_equal(registry_create(&f.registry), 0);
    assert_int_equal(event_hub_create(&f.hub, f.registry), 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    event_hub_destroy(f->hub);
    registry_destroy(f->registry);
    return 0;
}

static void wake(void *arg)
{
    ((struct fixture *)arg)->wake_count++;
}

static struct event_subscriber *subscribe(struct fixture *f, const char *types, uint64_t since)
{
    struct event_subscriber *subscriber = NULL;
    assert_int_equal(event_subscribe(f->hub, types, since, wake, f, &subscriber), 0);
    return subscriber;
}

// The number of the stream in an event; 0 when it is not about one.
static unsigned get_number(const struct event *event)
{
    const char *uri = json_string_value(json_object_get(event->data, "stream_uri"));
    return uri != NULL ? (unsigned)strtoul(strrchr(uri, '-') + 1, NULL, 10) : 0;
}

// Pops one event, which must have that name; value < 0 = not looked at. Returns its id.
static uint64_t expect(struct event_subscriber *subscriber, const char *name, int value)
{
    struct event event;
    assert_int_equal(event_pop(subscriber, &event), 1);
    assert_string_equal(event.name, name);
    if (value >= 0)
        assert_int_equal(json_integer_value(json_object_get(event.data, "value")), value);
    json_decref(event.data);
    return event.id;
}

static void expect_nothing(struct event_subscriber *subscriber)
{
    struct event event;
    assert_int_equal(event_pop(subscriber, &event), 0);
}

static uint64_t drain(struct event_subscriber *subscriber)
{
    struct event event = {0};
    while (event_pop(subscriber, &event) == 1)
        json_decref(event.data);
    return event.id;
}

static void test_events_replay_what_exists_and_then_ready(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 10);
    put_endpoint(f, 2);
    struct event_subscriber *subscriber = subscribe(f, NULL, 0);
    expect(subscriber, "endpoint_added", -1);
    expect(subscriber, "stream_added", 10);
    struct event event;
    assert_int_equal(event_pop(subscriber, &event), 1);
    assert_string_equal(event.name, "ready");
    assert_string_equal(json_string_value(json_object_get(event.data, "replay")), "all");
    json_decref(event.data);
    expect_nothing(subscriber);
    event_unsubscribe(subscriber);
}

static void test_events_tell_changes_in_order(void **state)
{
    struct fixture *f = *state;
    struct event_subscriber *subscriber = subscribe(f, NULL, 0);
    drain(subscriber);
    put(f, 1, 1);
    put(f, 2, 2);
    expect(subscriber, "stream_added", 1);
    expect(subscriber, "stream_added", 2);
    put(f, 1, 3);
    remove_stream(f, 2);
    expect(subscriber, "stream_updated", 3);
    struct event event;
    assert_int_equal(event_pop(subscriber, &event), 1);
    assert_string_equal(event.name, "stream_removed");
    assert_string_equal(json_string_value(json_object_get(event.data, "stream_uid")),
                        "aaaaaa-aaaaaa-000002");
    assert_string_equal(json_string_value(json_object_get(event.data, "stream_uri")),
                        "/streams/aaaaaa-aaaaaa-000002");
    json_decref(event.data);
    expect_nothing(subscriber);
    event_unsubscribe(subscriber);
}

static void test_events_merge_changes_of_one_resource(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 0);
    struct event_subscriber *subscriber = subscribe(f, NULL, 0);
    drain(subscriber);
    for (int i = 1; i <= 1000; i++)
        put(f, 1, i);
    expect(subscriber, "stream_updated", 1000);
    expect_nothing(subscriber);
    event_unsubscribe(subscriber);
}

static void test_events_forget_what_came_and_went_unread(void **state)
{
    struct fixture *f = *state;
    struct event_subscriber *subscriber = subscribe(f, NULL, 0);
    drain(subscriber);
    put(f, 1, 1);
    remove_stream(f, 1);
    expect_nothing(subscriber);
    event_unsubscribe(subscriber);
}

static void test_events_tell_update_when_removed_one_came_back(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 1);
    struct event_subscriber *subscriber = subscribe(f, NULL, 0);
    drain(subscriber);
    remove_stream(f, 1);
    put(f, 1, 2);
    expect(subscriber, "stream_updated", 2);
    expect_nothing(subscriber);
    event_unsubscribe(subscriber);
}

static void test_events_wake_once_after_nothing_was_left(void **state)
{
    struct fixture *f = *state;
    struct event_subscriber *subscriber = subscribe(f, NULL, 0);
    put(f, 1, 1);
    assert_int_equal(f->wake_count, 0); // it never said that there is nothing
    drain(subscriber);
    put(f, 2, 1);
    put(f, 3, 1);
    assert_int_equal(f->wake_count, 1);
    drain(subscriber);
    put(f, 2, 2);
    assert_int_equal(f->wake_count, 2);
    event_unsubscribe(subscriber);
    put(f, 2, 3);
    assert_int_equal(f->wake_count, 2);
}

static void test_events_filter_by_name_and_family(void **state)
{
    struct fixture *f = *state;
    struct event_subscriber *updates = subscribe(f, "stream_updated", 0);
    struct event_subscriber *family = subscribe(f, "endpoint_*,stream_removed", 0);
    expect(updates, "ready", -1);
    expect(family, "ready", -1);
    put(f, 1, 1);
    expect_nothing(updates); // the addition is not for it
    put(f, 1, 2);
    put_endpoint(f, 1);
    expect(updates, "stream_updated", 2);
    expect_nothing(updates);
    expect(family, "endpoint_added", -1);
    remove_stream(f, 1);
    expect(family, "stream_removed", -1);
    event_unsubscribe(updates);
    event_unsubscribe(family);
}

static void test_events_refuse_unknown_types(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"",          "stream",          "stream_",  "*",
                                      "stream_*,", "stream_exploded", "stream_* "};
    struct event_subscriber *subscriber = NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(event_subscribe(f->hub, bad[i], 0, wake, f, &subscriber), -EINVAL);
    assert_int_equal(event_subscribe(f->hub, "levels", 0, wake, f, &subscriber), -ENOTSUP);
    assert_null(subscriber);
}

static void test_events_resume_with_what_changed_since(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 1);
    put(f, 2, 1);
    put(f, 3, 1);
    struct event_subscriber *first = subscribe(f, NULL, 0);
    uint64_t id = drain(first);
    event_unsubscribe(first);

    put(f, 2, 2);
    remove_stream(f, 3);
    struct event_subscriber *second = subscribe(f, NULL, id);
    expect(second, "stream_removed", -1);
    expect(second, "stream_added", 2);
    struct event event;
    assert_int_equal(event_pop(second, &event), 1);
    assert_string_equal(json_string_value(json_object_get(event.data, "replay")), "changes");
    json_decref(event.data);
    expect_nothing(second);
    event_unsubscribe(second);
}

static void test_events_resume_lacks_nothing_wherever_the_reader_stopped(void **state)
{
    struct fixture *f = *state;
    // For each number of events that a reader took before it left, what it hears after its return
    // brings it to the state of the registry.
    for (unsigned taken = 0; taken < 12; taken++) {
        int known[5] = {0};
        struct event_subscriber *first = subscribe(f, NULL, 0);
        drain(first);
        uint64_t id = 0;
        for (int i = 1; i <= 4; i++)
            put(f, (unsigned)i, 100 * (int)taken + i);
        for (unsigned i = 0; i < taken; i++) {
            struct event event;
            if (i % 3 == 1)
                put(f, 1, 1000 * (int)taken + (int)i + 1); // changes while it reads
            if (event_pop(first, &event) == 0)
                break;
            int value = (int)json_integer_value(json_object_get(event.data, "value"));
            unsigned number = get_number(&event);
            known[number] = value;
            id = event.id;
            json_decref(event.data);
        }
        event_unsubscribe(first);

        struct event_subscriber *second = subscribe(f, NULL, id);
        struct event event;
        while (event_pop(second, &event) == 1) {
            unsigned number = get_number(&event);
            if (number != 0)
                known[number] = (int)json_integer_value(json_object_get(event.data, "value"));
            json_decref(event.data);
        }
        event_unsubscribe(second);
        for (unsigned i = 1; i <= 4; i++) {
            char uri[URI_SIZE];
            snprintf(uri, sizeof(uri), "/streams/aaaaaa-aaaaaa-%06u", i);
            const struct registry_entry *entry = registry_get(f->registry, uri);
            assert_int_equal(json_integer_value(json_object_get(entry->body, "value")), known[i]);
        }
    }
}

static void test_events_replay_all_when_removals_were_forgotten(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 1);
    put(f, 2, 1);
    struct event_subscriber *first = subscribe(f, NULL, 0);
    uint64_t id = drain(first);
    event_unsubscribe(first);
    remove_stream(f, 2);
    for (unsigned i = 100; i < 500; i++) {
        put(f, i, 1);
        remove_stream(f, i);
    }
    struct event_subscriber *second = subscribe(f, NULL, id);
    expect(second, "stream_added", 1);
    struct event event;
    assert_int_equal(event_pop(second, &event), 1);
    assert_string_equal(json_string_value(json_object_get(event.data, "replay")), "all");
    json_decref(event.data);
    event_unsubscribe(second);

    // An id from the future is of another life.
    second = subscribe(f, NULL, 1u << 30);
    expect(second, "stream_added", 1);
    event_unsubscribe(second);
}

static void test_events_before_ready_have_an_id_that_replays_all(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 1);
    put(f, 2, 1);
    struct event_subscriber *subscriber = subscribe(f, NULL, 0);
    assert_int_equal(expect(subscriber, "stream_added", 1), 0);
    assert_int_equal(expect(subscriber, "stream_added", 1), 0);
    assert_true(expect(subscriber, "ready", -1) > 0);
    event_unsubscribe(subscriber);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_events_replay_what_exists_and_then_ready, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_events_tell_changes_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_events_merge_changes_of_one_resource, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_events_forget_what_came_and_went_unread, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_events_tell_update_when_removed_one_came_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_events_wake_once_after_nothing_was_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_events_filter_by_name_and_family, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_events_refuse_unknown_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_events_resume_with_what_changed_since, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_events_resume_lacks_nothing_wherever_the_reader_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_events_replay_all_when_removals_were_forgotten, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_events_before_ready_have_an_id_that_replays_all,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
