// SPDX-License-Identifier: MPL-2.0
//
// The slots of a sender or receiver as its user sees them: which numbers exist, which are broken,
// and how their interfaces are set and used. Book-keeping only; sockets and sessions are the
// stream room's, under the same numbers.
//
// A slot is made when it is first named. When something fails on it, its owner breaks it: then it
// refuses everything until it is removed.
//
// Thread: any but rt; the owner's mutex guards a table.

#ifndef ROC_API_SLOTS_H
#define ROC_API_SLOTS_H

#include "api/api_error.h"
#include "net/network.h"
#include "roc/config.h"

#define SLOT_INTERFACE_COUNT 4

struct slot_interface {
    bool is_active;           // connected or bound
    bool is_configured;       // by the user
    struct udp_config config; // all zero unless configured
};

struct slot_entry {
    struct slot_entry *next;
    roc_slot number;
    bool is_broken;
    struct slot_interface interfaces[SLOT_INTERFACE_COUNT];
};

// All zero is an empty table.
struct slots {
    struct slot_entry *first;
};

void slots_finish(struct slots *slots);

// Gives the slot, broken or not; makes it when it is new. Returns 0 or -ENOMEM.
int slots_open(struct slots *slots, roc_slot number, struct slot_entry **out,
               struct api_error *error);
// Returns 0, or -ENOENT when there is no such slot or it is broken.
int slots_check(const struct slots *slots, roc_slot number, struct api_error *error);
// Forgets a slot, broken or not. Returns 0 or -ENOENT.
int slots_remove(struct slots *slots, roc_slot number, struct api_error *error);

// Needs a legal interface.
struct slot_interface *slot_entry_interface(struct slot_entry *entry, roc_interface iface);
// Returns 0, or -EPIPE when the slot is broken.
int slot_entry_check(const struct slot_entry *entry, struct api_error *error);
// Sets the local side of an interface. Returns 0, or -EBUSY when it is active.
int slot_entry_configure(struct slot_entry *entry, roc_interface iface,
                         const struct udp_config *config, struct api_error *error);

// What a user sets, in the terms of the network room. Returns 0, or -EINVAL when an address is no
// literal one of IPv4 or IPv6.
int interface_config_parse(struct udp_config *out, const roc_interface_config *config,
                           struct api_error *error);

#endif
