// SPDX-License-Identifier: MPL-2.0

#include "stream/symbol_store.h"

#include <errno.h>
#include <stdlib.h>

#define END UINT16_MAX

struct symbol_store {
    struct packet **packets;
    uint16_t *next;
    uint16_t free; // first of those not in use
};

int symbol_store_create(struct symbol_store **out, unsigned capacity)
{
    struct symbol_store *store;
    unsigned i;

    if (capacity == 0 || capacity > SYMBOL_STORE_MAX_CAPACITY) {
        return -EINVAL;
    }
    store = calloc(1, sizeof(*store));
    if (!store) {
        return -ENOMEM;
    }
    store->packets = calloc(capacity, sizeof(struct packet *));
    store->next = calloc(capacity, sizeof(*store->next));
    if (!store->packets || !store->next) {
        goto fail;
    }
    for (i = 0; i + 1 < capacity; i++) {
        store->next[i] = (uint16_t)(i + 1);
    }
    store->next[capacity - 1] = END;
    *out = store;
    return 0;

fail:
    symbol_store_destroy(store);
    return -ENOMEM;
}

void symbol_store_destroy(struct symbol_store *store)
{
    if (!store) {
        return;
    }
    free(store->packets);
    free(store->next);
    free(store);
}

bool symbol_store_push(struct symbol_store *store, struct symbol_list *list, struct packet *packet)
{
    uint16_t place = store->free;

    if (place == END) {
        return false;
    }
    store->free = store->next[place];
    store->packets[place] = packet_ref(packet);
    store->next[place] = list->first;
    list->first = place;
    return true;
}

void symbol_store_clear(struct symbol_store *store, struct symbol_list *list)
{
    while (list->first != END) {
        uint16_t place = list->first;
        list->first = store->next[place];
        packet_unref(store->packets[place]);
        store->packets[place] = NULL;
        store->next[place] = store->free;
        store->free = place;
    }
}

void symbol_store_list(const struct symbol_store *store, struct symbol_list list,
                       const uint8_t **symbols)
{
    uint16_t place;

    for (place = list.first; place != END; place = store->next[place]) {
        const struct packet *packet = store->packets[place];
        symbols[packet->esi] = packet->data + packet->symbol_offset;
    }
}
