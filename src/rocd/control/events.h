// SPDX-License-Identifier: MPL-2.0
//
// Subscriptions to changes. A subscriber first gets `*_added` for everything that exists, then
// `ready`, then changes; what changes several times while it does not read is merged, so that a
// slow reader costs one mark per resource and no more. Thread: loop.

#ifndef ROCD_CONTROL_EVENTS_H
#define ROCD_CONTROL_EVENTS_H

#include "control/registry.h"

struct event_hub;
struct event_subscriber;

struct event {
    uint64_t id;   // of the registry's revision; resumable with since
    char name[32]; // "endpoint_added", "ready", ...
    json_t *data;  // new reference, the taker decrefs; NULL for none
};

// The hub lives longer than its subscribers.
int event_hub_create(struct event_hub **out, struct registry *registry);
void event_hub_destroy(struct event_hub *hub);

// types: comma-separated event names or families ("stream_*"), NULL = all but levels and metrics.
// since: 0 = replay all; otherwise what changed after that id, with the removals that are still
// remembered; falls back to a full replay. `ready` says which one it was: its data is
// {"replay": "all"}, after which what was not named does not exist, or {"replay": "changes"}.
// wake(arg) is called when there is something to pop after pop had said that there was nothing.
// Returns 0, -EINVAL (no such type), -ENOTSUP (levels, metrics: nothing measures them yet) or
// -ENOMEM.
int event_subscribe(struct event_hub *hub, const char *types, uint64_t since,
                    void (*wake)(void *arg), void *arg, struct event_subscriber **out);
void event_unsubscribe(struct event_subscriber *subscriber);
// Returns 1 with an event, or 0 when there is nothing now.
int event_pop(struct event_subscriber *subscriber, struct event *event);

#endif
