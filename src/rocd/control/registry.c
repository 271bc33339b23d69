// SPDX-License-Identifier: MPL-2.0
#include "control/registry.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What observers are told. A change made inside an observer waits until the one before it was told
// to all, so that every observer sees every change in the same order.
struct change {
    enum registry_op op;
    struct registry_entry entry; // with a reference to its body
    struct change *next;
};

struct node {
    struct registry_entry entry;
    struct node *next_in_bucket;
    struct node *previous, *next; // in the order of addition
    struct change *removal;       // allocated with the node: removing cannot fail
};

struct observer {
    registry_fn fn;
    void *arg;
};

struct registry {
    struct node **buckets;
    size_t bucket_count; // a power of two
    size_t count;
    struct node *first, *last;
    uint64_t revision;

    struct observer *observers;
    size_t observer_count;
    struct change *pending, **pending_end;
    bool is_telling;

    // URIs come from other peers too: with a secret key nobody can aim at one bucket.
    unsigned char key[crypto_shorthash_KEYBYTES];
};

#define FIRST_BUCKET_COUNT 64

int registry_create(struct registry **out)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    if (registry == NULL)
        return -ENOMEM;
    registry->bucket_count = FIRST_BUCKET_COUNT;
    registry->pending_end = &registry->pending;
    registry->buckets = calloc(registry->bucket_count, sizeof(struct node *));
    if (registry->buckets == NULL)
        goto fail;
    randombytes_buf(registry->key, sizeof(registry->key));
    *out = registry;
    return 0;

fail:
    registry_destroy(registry);
    return -ENOMEM;
}

static void destroy_change(struct change *change)
{
    if (change == NULL)
        return;
    json_decref(change->entry.body);
    free(change);
}

static void destroy_node(struct node *node)
{
    if (node == NULL)
        return;
    json_decref(node->entry.body);
    destroy_change(node->removal);
    free(node);
}

void registry_destroy(struct registry *registry)
{
    if (registry == NULL)
        return;
    for (struct node *node = registry->first, *next; node != NULL; node = next) {
        next = node->next;
        destroy_node(node);
    }
    free(registry->buckets);
    free(registry->observers);
    free(registry);
}

static struct node **find_bucket(const struct registry *registry, struct node **buckets,
                                 size_t bucket_count, const char *uri)
{
    unsigned char hash[crypto_shorthash_BYTES];
    size_t index;
    crypto_shorthash(hash, (const unsigned char *)uri, strlen(uri), registry->key);
    memcpy(&index, hash, sizeof(index));
    return &buckets[index & (bucket_count - 1)];
}

static struct node *find(const struct registry *registry, const char *uri)
{
    struct node *node = *find_bucket(registry, registry->buckets, registry->bucket_count, uri);
    while (node != NULL && strcmp(node->entry.uri, uri) != 0)
        node = node->next_in_bucket;
    return node;
}

// Failing leaves longer chains, nothing else.
static void grow(struct registry *registry)
{
    size_t bucket_count = registry->bucket_count * 2;
    struct node **buckets = calloc(bucket_count, sizeof(struct node *));
    if (buckets == NULL)
        return;
    for (struct node *node = registry->first; node != NULL; node = node->next) {
        struct node **bucket = find_bucket(registry, buckets, bucket_count, node->entry.uri);
        node->next_in_bucket = *bucket;
        *bucket = node;
    }
    free(registry->buckets);
    registry->buckets = buckets;
    registry->bucket_count = bucket_count;
}

static void link_node(struct registry *registry, struct node *node)
{
    if (registry->count >= registry->bucket_count)
        grow(registry);
    struct node **bucket =
        find_bucket(registry, registry->buckets, registry->bucket_count, node->entry.uri);
    node->next_in_bucket = *bucket;
    *bucket = node;

    node->previous = registry->last;
    if (registry->last != NULL)
        registry->last->next = node;
    else
        registry->first = node;
    registry->last = node;
    registry->count++;
}

static void unlink_node(struct registry *registry, struct node *node)
{
    struct node **at =
        find_bucket(registry, registry->buckets, registry->bucket_count, node->entry.uri);
    while (*at != node)
        at = &(*at)->next_in_bucket;
    *at = node->next_in_bucket;

    if (node->previous != NULL)
        node->previous->next = node->next;
    else
        registry->first = node->next;
    if (node->next != NULL)
        node->next->previous = node->previous;
    else
        registry->last = node->previous;
    registry->count--;
}

// The change is taken; its entry becomes a copy of the given one.
static void tell(struct registry *registry, struct change *change, enum registry_op op,
                 const struct registry_entry *entry)
{
    change->op = op;
    change->entry = *entry;
    json_incref(change->entry.body);
    *registry->pending_end = change;
    registry->pending_end = &change->next;
    if (registry->is_telling)
        return;

    registry->is_telling = true;
    while ((change = registry->pending) != NULL) {
        // Whoever begins to observe now has read the state that includes this change.
        size_t count = registry->observer_count;
        for (size_t i = 0; i < count; i++)
            registry->observers[i].fn(change->op, &change->entry, registry->observers[i].arg);
        registry->pending = change->next;
        if (registry->pending == NULL)
            registry->pending_end = &registry->pending;
        destroy_change(change);
    }
    registry->is_telling = false;
}

// What goes on at a resource is no change that a client could overwrite by mistake, so it does not
// count for the tag: a player's position would otherwise refuse every If-Match.
static json_t *copy_settings(const json_t *body)
{
    static const char *const live[] = {"state", "reason", "rtt_ms", "last_seen", "level_db"};
    static const char *const live_virtual[] = {"position_frames", "length_frames", "finished",
                                               "file"};
    json_t *copy = json_copy((json_t *)body);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++)
        json_object_del(copy, live[i]);

    const json_t *virtual = json_object_get(copy, "virtual");
    if (!json_is_object(virtual))
        return copy;
    json_t *virtual_copy = json_copy((json_t *)virtual);
    for (size_t i = 0; i < sizeof(live_virtual) / sizeof(live_virtual[0]); i++)
        json_object_del(virtual_copy, live_virtual[i]);
    if (json_object_set_new(copy, "virtual", virtual_copy) != 0) {
        json_decref(copy);
        return NULL;
    }
    return copy;
}

static int write_etag(char etag[24], const json_t *body)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    json_t *settings = copy_settings(body);
    char *text = settings != NULL ? json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(settings);
    if (text == NULL)
        return -ENOMEM;
    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    free(text);
    char hex[17];
    sodium_bin2hex(hex, sizeof(hex), hash, 8);
    snprintf(etag, 24, "\"%s\"", hex);
    return 0;
}

static int replace(struct registry *registry, struct node *node, json_t *body)
{
    char etag[24];
    struct change *change = calloc(1, sizeof(*change));
    if (change == NULL || write_etag(etag, body) != 0) {
        free(change);
        return -ENOMEM;
    }
    json_incref(body);
    json_decref(node->entry.body);
    node->entry.body = body;
    node->entry.revision = ++registry->revision;
    memcpy(node->entry.etag, etag, sizeof(etag));
    tell(registry, change, REGISTRY_UPDATED, &node->entry);
    return 0;
}

static int add(struct registry *registry, const struct registry_entry *entry)
{
    struct change *change = calloc(1, sizeof(*change));
    struct node *node = calloc(1, sizeof(*node));
    if (change == NULL || node == NULL)
        goto fail;
    node->removal = calloc(1, sizeof(*node->removal));
    if (node->removal == NULL)
        goto fail;
    node->entry = *entry;
    json_incref(node->entry.body);
    if (write_etag(node->entry.etag, entry->body) != 0)
        goto fail;
    node->entry.revision = ++registry->revision;
    link_node(registry, node);
    tell(registry, change, REGISTRY_ADDED, &node->entry);
    return 0;

fail:
    free(change);
    destroy_node(node);
    return -ENOMEM;
}

int registry_put(struct registry *registry, const char *uri, const char *authority, json_t *body)
{
    struct resource_uri parsed;
    if (uri_parse(&parsed, uri, NULL) != 0 || !uid_is_valid(authority) || !json_is_object(body))
        return -EINVAL;

    struct node *node = find(registry, uri);
    if (node == NULL) {
        struct registry_entry entry = {.kind = parsed.kind, .body = body};
        snprintf(entry.uri, sizeof(entry.uri), "%s", uri);
        snprintf(entry.authority, sizeof(entry.authority), "%s", authority);
        return add(registry, &entry);
    }
    if (strcmp(node->entry.authority, authority) != 0)
        return -EPERM;
    if (json_equal(node->entry.body, body))
        return 0;
    return replace(registry, node, body);
}

int registry_remove(struct registry *registry, const char *uri)
{
    struct node *node = find(registry, uri);
    if (node == NULL)
        return -ENOENT;
    struct change *change = node->removal;
    node->removal = NULL;
    unlink_node(registry, node);
    node->entry.revision = ++registry->revision;
    tell(registry, change, REGISTRY_REMOVED, &node->entry);
    destroy_node(node);
    return 0;
}

const struct registry_entry *registry_get(const struct registry *registry, const char *uri)
{
    struct node *node = find(registry, uri);
    return node != NULL ? &node->entry : NULL;
}

void registry_each(const struct registry *registry, enum resource_kind kind, const char *authority,
                   void (*fn)(const struct registry_entry *entry, void *arg), void *arg)
{
    for (const struct node *node = registry->first; node != NULL; node = node->next) {
        if (node->entry.kind == kind &&
            (authority == NULL || strcmp(node->entry.authority, authority) == 0))
            fn(&node->entry, arg);
    }
}

int registry_observe(struct registry *registry, registry_fn fn, void *arg)
{
    struct observer *observers =
        realloc(registry->observers, (registry->observer_count + 1) * sizeof(*observers));
    if (observers == NULL)
        return -ENOMEM;
    registry->observers = observers;
    observers[registry->observer_count++] = (struct observer){fn, arg};
    return 0;
}

void registry_unobserve(struct registry *registry, registry_fn fn, void *arg)
{
    for (size_t i = 0; i < registry->observer_count; i++) {
        if (registry->observers[i].fn != fn || registry->observers[i].arg != arg)
            continue;
        registry->observer_count--;
        memmove(&registry->observers[i], &registry->observers[i + 1],
                (registry->observer_count - i) * sizeof(registry->observers[0]));
        return;
    }
}
