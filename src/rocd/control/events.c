// SPDX-License-Identifier: MPL-2.0
#include "control/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND_COUNT   3
#define OP_COUNT     3
#define BUCKET_COUNT 256
// Removals that a returning subscriber can still be told of one by one.
#define REMOVAL_COUNT 256

// That a resource changed. Its body is read from the registry when the mark is popped, so that a
// mark never holds an outdated state.
struct mark {
    struct mark *next, *previous; // in the queue
    struct mark *next_in_bucket;
    bool is_ready; // the end of the replay: no resource at all
    enum registry_op op;
    enum resource_kind kind;
    // Of the oldest change in this mark: never falls from one mark to the next.
    uint64_t revision;
    char uri[URI_SIZE];
};

struct event_subscriber {
    struct event_hub *hub;
    struct event_subscriber *next;
    void (*wake)(void *arg);
    void *arg;
    unsigned filter; // one bit for each kind and operation
    struct mark *first, *last;
    struct mark *buckets[BUCKET_COUNT];
    bool is_full_replay;
    bool is_waiting; // pop said that there is nothing
    bool is_stale;   // a mark was lost for lack of memory: everything is replayed
};

struct removal {
    uint64_t revision;
    enum resource_kind kind;
    char uri[URI_SIZE];
};

struct event_hub {
    struct registry *registry;
    struct event_subscriber *subscribers;
    uint64_t revision;  // of the last change that was seen
    uint64_t forgotten; // of the last removal that is no longer remembered
    struct removal removals[REMOVAL_COUNT];
    size_t removal_count; // ever; the oldest ones are overwritten
};

static const char *op_name(enum registry_op op)
{
    switch (op) {
    case REGISTRY_ADDED:
        return "added";
    case REGISTRY_UPDATED:
        return "updated";
    case REGISTRY_REMOVED:
        break;
    }
    return "removed";
}

static unsigned filter_bit(enum resource_kind kind, enum registry_op op)
{
    return 1u << ((unsigned)kind * OP_COUNT + (unsigned)op);
}

static bool is_equal(const char *text, size_t size, const char *name)
{
    return strlen(name) == size && memcmp(text, name, size) == 0;
}

// One name of the list, or a family of them.
static int parse_type(unsigned *filter, const char *text, size_t size)
{
    if (is_equal(text, size, "levels") || is_equal(text, size, "metrics"))
        return -ENOTSUP;
    if (is_equal(text, size, "ready")) // comes in any case
        return 0;

    unsigned bits = 0;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        for (unsigned op = 0; op < OP_COUNT; op++) {
            const char *kind_name = resource_kind_name((enum resource_kind)kind);
            char name[32], family[32];
            snprintf(name, sizeof(name), "%s_%s", kind_name, op_name((enum registry_op)op));
            snprintf(family, sizeof(family), "%s_*", kind_name);
            if (is_equal(text, size, name) || is_equal(text, size, family))
                bits |= filter_bit((enum resource_kind)kind, (enum registry_op)op);
        }
    }
    if (bits == 0)
        return -EINVAL;
    *filter |= bits;
    return 0;
}

static int parse_types(unsigned *out, const char *types)
{
    unsigned filter = 0;
    if (types == NULL) {
        *out = ~0u;
        return 0;
    }
    for (;;) {
        size_t size = strcspn(types, ",");
        int err = parse_type(&filter, types, size);
        if (err != 0)
            return err;
        if (types[size] == '\0')
            break;
        types += size + 1;
    }
    *out = filter;
    return 0;
}

// FNV-1a. URIs hold random UIDs; who chooses them to collide slows its own readers.
static struct mark **find_bucket(struct event_subscriber *subscriber, const char *uri)
{
    uint32_t hash = 2166136261u;
    for (; *uri != '\0'; uri++)
        hash = (hash ^ (unsigned char)*uri) * 16777619u;
    return &subscriber->buckets[hash % BUCKET_COUNT];
}

static struct mark *find_mark(struct event_subscriber *subscriber, const char *uri)
{
    struct mark *mark = *find_bucket(subscriber, uri);
    while (mark != NULL && strcmp(mark->uri, uri) != 0)
        mark = mark->next_in_bucket;
    return mark;
}

static void push_mark(struct event_subscriber *subscriber, struct mark *mark)
{
    mark->previous = subscriber->last;
    if (subscriber->last != NULL)
        subscriber->last->next = mark;
    else
        subscriber->first = mark;
    subscriber->last = mark;
    if (mark->is_ready)
        return;
    struct mark **bucket = find_bucket(subscriber, mark->uri);
    mark->next_in_bucket = *bucket;
    *bucket = mark;
}

static void unlink_bucket(struct event_subscriber *subscriber, struct mark *mark)
{
    if (mark->is_ready)
        return;
    struct mark **at = find_bucket(subscriber, mark->uri);
    while (*at != mark)
        at = &(*at)->next_in_bucket;
    *at = mark->next_in_bucket;
}

static void remove_mark(struct event_subscriber *subscriber, struct mark *mark)
{
    if (mark->previous != NULL)
        mark->previous->next = mark->next;
    else
        subscriber->first = mark->next;
    if (mark->next != NULL)
        mark->next->previous = mark->previous;
    else
        subscriber->last = mark->previous;
    unlink_bucket(subscriber, mark);
    free(mark);
}

// The caller frees it.
static struct mark *pop_mark(struct event_subscriber *subscriber)
{
    struct mark *mark = subscriber->first;
    if (mark == NULL)
        return NULL;
    subscriber->first = mark->next;
    if (subscriber->first != NULL)
        subscriber->first->previous = NULL;
    else
        subscriber->last = NULL;
    unlink_bucket(subscriber, mark);
    return mark;
}

static void clear_marks(struct event_subscriber *subscriber)
{
    for (struct mark *mark = subscriber->first, *next; mark != NULL; mark = next) {
        next = mark->next;
        free(mark);
    }
    subscriber->first = NULL;
    subscriber->last = NULL;
    memset(subscriber->buckets, 0, sizeof(subscriber->buckets));
}

static void add_mark(struct event_subscriber *subscriber, enum registry_op op,
                     enum resource_kind kind, const char *uri, uint64_t revision)
{
    struct mark *mark = calloc(1, sizeof(*mark));
    if (mark == NULL) {
        subscriber->is_stale = true;
        return;
    }
    mark->op = op;
    mark->kind = kind;
    mark->revision = revision;
    snprintf(mark->uri, sizeof(mark->uri), "%s", uri);
    push_mark(subscriber, mark);
}

// What the subscriber will hear is the difference between what it knows and what is.
static void merge_mark(struct event_subscriber *subscriber, struct mark *mark, enum registry_op op)
{
    if (op == REGISTRY_REMOVED && mark->op == REGISTRY_ADDED)
        remove_mark(subscriber, mark); // it never heard of this one
    else if (op == REGISTRY_REMOVED)
        mark->op = REGISTRY_REMOVED;
    else if (mark->op == REGISTRY_REMOVED)
        mark->op = REGISTRY_UPDATED; // it still knows the former one
}

static void notify(struct event_subscriber *subscriber, enum registry_op op,
                   const struct registry_entry *entry)
{
    // A removal may take back what was added, and the other way round: the filter is asked at pop.
    struct mark *mark = find_mark(subscriber, entry->uri);
    if (mark != NULL)
        merge_mark(subscriber, mark, op);
    else
        add_mark(subscriber, op, entry->kind, entry->uri, entry->revision);

    if (subscriber->is_waiting && (subscriber->first != NULL || subscriber->is_stale)) {
        subscriber->is_waiting = false;
        subscriber->wake(subscriber->arg);
    }
}

static void remember_removal(struct event_hub *hub, const struct registry_entry *entry)
{
    struct removal *removal = &hub->removals[hub->removal_count++ % REMOVAL_COUNT];
    hub->forgotten = removal->revision; // 0 for one that was never used
    removal->revision = entry->revision;
    removal->kind = entry->kind;
    memcpy(removal->uri, entry->uri, sizeof(removal->uri));
}

static void observe(enum registry_op op, const struct registry_entry *entry, void *arg)
{
    struct event_hub *hub = arg;
    if (entry->revision > hub->revision)
        hub->revision = entry->revision;
    if (op == REGISTRY_REMOVED)
        remember_removal(hub, entry);
    for (struct event_subscriber *subscriber = hub->subscribers, *next; subscriber != NULL;
         subscriber = next) {
        next = subscriber->next;
        notify(subscriber, op, entry);
    }
}

static void take_revision(const struct registry_entry *entry, void *arg)
{
    struct event_hub *hub = arg;
    if (entry->revision > hub->revision)
        hub->revision = entry->revision;
}

int event_hub_create(struct event_hub **out, struct registry *registry)
{
    struct event_hub *hub = calloc(1, sizeof(*hub));
    if (hub == NULL)
        return -ENOMEM;
    hub->registry = registry;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        registry_each(registry, (enum resource_kind)kind, NULL, take_revision, hub);
    // Removals before now were not seen.
    hub->forgotten = hub->revision;
    for (size_t i = 0; i < REMOVAL_COUNT; i++)
        hub->removals[i].revision = hub->revision;
    int err = registry_observe(registry, observe, hub);
    if (err != 0) {
        free(hub);
        return err;
    }
    *out = hub;
    return 0;
}

void event_hub_destroy(struct event_hub *hub)
{
    if (hub == NULL)
        return;
    registry_unobserve(hub->registry, observe, hub);
    free(hub);
}

struct replay_range {
    struct event_subscriber *subscriber;
    uint64_t since;
};

static void replay_entry(const struct registry_entry *entry, void *arg)
{
    const struct replay_range *range = arg;
    if (entry->revision > range->since)
        add_mark(range->subscriber, REGISTRY_ADDED, entry->kind, entry->uri, range->since + 1);
}

static void replay_removals(struct event_subscriber *subscriber, uint64_t since)
{
    const struct event_hub *hub = subscriber->hub;
    size_t first = hub->removal_count > REMOVAL_COUNT ? hub->removal_count - REMOVAL_COUNT : 0;
    for (size_t i = first; i < hub->removal_count; i++) {
        const struct removal *removal = &hub->removals[i % REMOVAL_COUNT];
        if (removal->revision > since && registry_get(hub->registry, removal->uri) == NULL &&
            find_mark(subscriber, removal->uri) == NULL)
            add_mark(subscriber, REGISTRY_REMOVED, removal->kind, removal->uri, since + 1);
    }
}

// All marks of a replay carry the same revision, the first that the subscriber lacks: whoever
// leaves before `ready` begins again where it began.
static void replay(struct event_subscriber *subscriber, uint64_t since)
{
    struct event_hub *hub = subscriber->hub;
    if (since > hub->revision || since < hub->forgotten)
        since = 0;
    clear_marks(subscriber);
    subscriber->is_stale = false;
    subscriber->is_full_replay = since == 0;

    struct replay_range range = {subscriber, since};
    if (since != 0)
        replay_removals(subscriber, since);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        registry_each(hub->registry, (enum resource_kind)kind, NULL, replay_entry, &range);

    struct mark *mark = calloc(1, sizeof(*mark));
    if (mark == NULL) {
        subscriber->is_stale = true;
        return;
    }
    mark->is_ready = true;
    mark->revision = since + 1;
    push_mark(subscriber, mark);
}

int event_subscribe(struct event_hub *hub, const char *types, uint64_t since,
                    void (*wake)(void *arg), void *arg, struct event_subscriber **out)
{
    unsigned filter;
    int err = parse_types(&filter, types);
    if (err != 0)
        return err;
    struct event_subscriber *subscriber = calloc(1, sizeof(*subscriber));
    if (subscriber == NULL)
        return -ENOMEM;
    subscriber->hub = hub;
    subscriber->filter = filter;
    subscriber->wake = wake;
    subscriber->arg = arg;
    replay(subscriber, since);
    if (subscriber->is_stale) {
        clear_marks(subscriber);
        free(subscriber);
        return -ENOMEM;
    }
    subscriber->next = hub->subscribers;
    hub->subscribers = subscriber;
    *out = subscriber;
    return 0;
}

void event_unsubscribe(struct event_subscriber *subscriber)
{
    if (subscriber == NULL)
        return;
    struct event_subscriber **at = &subscriber->hub->subscribers;
    while (*at != subscriber)
        at = &(*at)->next;
    *at = subscriber->next;
    clear_marks(subscriber);
    free(subscriber);
}

// {"stream_uri", "stream_uid"}: what there is to say of something that is gone.
static json_t *write_identity(const struct mark *mark)
{
    struct resource_uri uri;
    char uri_name[32], uid_name[32];
    const char *kind = resource_kind_name(mark->kind);
    if (uri_parse(&uri, mark->uri, NULL) != 0)
        return NULL;
    snprintf(uri_name, sizeof(uri_name), "%s_uri", kind);
    snprintf(uid_name, sizeof(uid_name), "%s_uid", kind);
    return json_pack("{s:s, s:s}", uri_name, mark->uri, uid_name, uri.uid);
}

// Returns false when there is nothing to tell of this mark.
static bool write_event(const struct event_subscriber *subscriber, const struct mark *mark,
                        struct event *event)
{
    if (mark->is_ready) {
        snprintf(event->name, sizeof(event->name), "ready");
        event->data = json_pack("{s:s}", "replay", subscriber->is_full_replay ? "all" : "changes");
        return true;
    }
    if ((subscriber->filter & filter_bit(mark->kind, mark->op)) == 0)
        return false;
    snprintf(event->name, sizeof(event->name), "%s_%s", resource_kind_name(mark->kind),
             op_name(mark->op));
    if (mark->op == REGISTRY_REMOVED) {
        event->data = write_identity(mark);
        return event->data != NULL;
    }
    // Already gone again when the removal is about to be told.
    const struct registry_entry *entry = registry_get(subscriber->hub->registry, mark->uri);
    if (entry == NULL)
        return false;
    event->data = json_incref(entry->body);
    return true;
}

int event_pop(struct event_subscriber *subscriber, struct event *event)
{
    if (subscriber->is_stale)
        replay(subscriber, 0);
    struct mark *mark;
    while ((mark = pop_mark(subscriber)) != NULL) {
        struct event popped = {0};
        bool is_told = write_event(subscriber, mark, &popped);
        free(mark);
        if (!is_told)
            continue;
        // Everything before the oldest change that still waits was told.
        popped.id =
            subscriber->first != NULL ? subscriber->first->revision - 1 : subscriber->hub->revision;
        *event = popped;
        return 1;
    }
    subscriber->is_waiting = true;
    return 0;
}
