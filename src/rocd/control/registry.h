// SPDX-License-Identifier: MPL-2.0
//
// Every resource of the network as this peer knows it: its own and replicas of the others'. Lists,
// reads, events and replication are all served from here. A resource has one authority, the peer
// that may change it; an entry's body is its JSON as the API shows it. Thread: loop.

#ifndef ROCD_CONTROL_REGISTRY_H
#define ROCD_CONTROL_REGISTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/uri.h"

struct registry;

struct registry_entry {
    enum resource_kind kind;
    char uri[URI_SIZE];
    char authority[UID_SIZE];
    json_t *body;      // borrowed; never changed in place, replaced by the next put
    uint64_t revision; // rises with every change of any entry
    char etag[24]; // of the settings, not of what goes on; with its quotes, as in the header field
};

enum registry_op { REGISTRY_ADDED, REGISTRY_UPDATED, REGISTRY_REMOVED };

// The entry is the new state (for REMOVED: the last) as it was when that change was made. Observers
// may read the registry and change it, but not unobserve; what they change is told to everybody
// after the change that they are told now, so that all observers see one order.
typedef void (*registry_fn)(enum registry_op op, const struct registry_entry *entry, void *arg);

int registry_create(struct registry **out);
void registry_destroy(struct registry *registry);

// Adds or replaces; body is shared (its reference count rises). Nothing happens when it is equal to
// what is there. Returns 0, -EINVAL (bad URI, body no object), -EPERM (another authority's) or
// -ENOMEM.
int registry_put(struct registry *registry, const char *uri, const char *authority, json_t *body);
// Returns 0 or -ENOENT.
int registry_remove(struct registry *registry, const char *uri);
// Valid until the next change; NULL when unknown.
const struct registry_entry *registry_get(const struct registry *registry, const char *uri);
// In the order in which they were added. authority NULL: of all. fn may not change the registry.
void registry_each(const struct registry *registry, enum resource_kind kind, const char *authority,
                   void (*fn)(const struct registry_entry *entry, void *arg), void *arg);

int registry_observe(struct registry *registry, registry_fn fn, void *arg);
void registry_unobserve(struct registry *registry, registry_fn fn, void *arg);

#endif
