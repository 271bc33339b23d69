// SPDX-License-Identifier: MPL-2.0
//
// The packets of all open FEC blocks of a session: a list for each block, in one memory that is
// fixed at creation, so that few long blocks and many short ones take the same.
//
// Thread: create and destroy any, the rest rt.

#ifndef ROC_STREAM_SYMBOL_STORE_H
#define ROC_STREAM_SYMBOL_STORE_H

#include "base/packet.h"

struct symbol_store;

struct symbol_list {
    uint16_t first;
};

#define SYMBOL_STORE_MAX_CAPACITY (UINT16_MAX - 1)
#define SYMBOL_LIST_EMPTY         ((struct symbol_list){UINT16_MAX})

// capacity: packets in all lists together. Returns 0, -EINVAL or -ENOMEM.
int symbol_store_create(struct symbol_store **out, unsigned capacity);
// All lists must be empty.
void symbol_store_destroy(struct symbol_store *store);

// Keeps a reference to the packet; false when all memory is in use.
bool symbol_store_push(struct symbol_store *store, struct symbol_list *list, struct packet *packet);
// Lets go of all packets of the list.
void symbol_store_clear(struct symbol_store *store, struct symbol_list *list);
// Writes where the symbol of each packet is to symbols[esi]; leaves the others as they are.
void symbol_store_list(const struct symbol_store *store, struct symbol_list list,
                       const uint8_t **symbols);

#endif
