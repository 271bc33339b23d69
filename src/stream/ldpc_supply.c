// SPDX-License-Identifier: MPL-2.0

#include "stream/ldpc_supply.h"

#include "base/ring.h"

#include <errno.h>
#include <stdlib.h>

// A decoder costs its number of symbols, and a repair packet earns this much: a sender that changes
// the block size with every block can pay for it, one that floods us with sizes cannot.
#define EARNED_BY_PACKET 32
#define MAX_SAVINGS      (2 * LDPC_MAX_SYMBOLS)

struct kit {
    unsigned k, r;
    struct ldpc_decoder *decoder;
};

struct ldpc_supply {
    struct ldpc_cache *cache;
    struct ring *to_reader;
    struct ring *from_reader;

    // The network thread's.
    struct kit *made[LDPC_SUPPLY_MAX]; // all that exist; NULL behind the last
    unsigned made_count;
    unsigned savings;

    // The reader's.
    struct {
        struct kit *kits[LDPC_SUPPLY_KEPT]; // last used first; NULL behind the last
    } rt;
};

static void destroy_kit(struct kit *kit)
{
    if (!kit) {
        return;
    }
    ldpc_decoder_destroy(kit->decoder);
    free(kit);
}

int ldpc_supply_create(struct ldpc_supply **out, struct ldpc_cache *cache)
{
    struct ldpc_supply *supply = calloc(1, sizeof(*supply));
    int err;

    if (!supply) {
        return -ENOMEM;
    }
    supply->cache = cache;
    supply->savings = MAX_SAVINGS;
    err = ring_create(&supply->to_reader, sizeof(struct kit *), LDPC_SUPPLY_MAX);
    if (err < 0) {
        goto fail;
    }
    err = ring_create(&supply->from_reader, sizeof(struct kit *), LDPC_SUPPLY_MAX);
    if (err < 0) {
        goto fail;
    }
    *out = supply;
    return 0;

fail:
    ldpc_supply_destroy(supply);
    return err;
}

void ldpc_supply_destroy(struct ldpc_supply *supply)
{
    unsigned i;

    if (!supply) {
        return;
    }
    for (i = 0; i < supply->made_count; i++) {
        destroy_kit(supply->made[i]);
    }
    ring_destroy(supply->to_reader);
    ring_destroy(supply->from_reader);
    free(supply);
}

// Frees what the reader has given back.
static void collect(struct ldpc_supply *supply)
{
    struct kit *kit;

    while (ring_pop(supply->from_reader, &kit, 1) == 1) {
        unsigned i = 0;
        while (supply->made[i] != kit) {
            i++;
        }
        supply->made[i] = supply->made[--supply->made_count];
        supply->made[supply->made_count] = NULL;
        destroy_kit(kit);
    }
}

static bool is_made(const struct ldpc_supply *supply, unsigned k, unsigned r)
{
    unsigned i;

    for (i = 0; i < supply->made_count; i++) {
        if (supply->made[i]->k == k && supply->made[i]->r == r) {
            return true;
        }
    }
    return false;
}

static struct kit *make_kit(struct ldpc_supply *supply, unsigned k, unsigned r)
{
    struct kit *kit = calloc(1, sizeof(*kit));
    struct ldpc_matrix *matrix = NULL;

    if (!kit || ldpc_cache_get(supply->cache, &matrix, k, r) < 0) {
        goto fail;
    }
    kit->k = k;
    kit->r = r;
    if (ldpc_decoder_create(&kit->decoder, matrix) < 0) {
        goto fail;
    }
    ldpc_matrix_unref(matrix);
    return kit;

fail:
    ldpc_matrix_unref(matrix);
    destroy_kit(kit);
    return NULL;
}

void ldpc_supply_see(struct ldpc_supply *supply, const struct packet *packet)
{
    unsigned k = packet->source_block_length;
    unsigned n = packet->block_length;
    struct kit *kit;

    if (!packet->is_repair || k == 0 || n <= k || n > LDPC_MAX_SYMBOLS) {
        return;
    }
    collect(supply);
    supply->savings += EARNED_BY_PACKET;
    if (supply->savings > MAX_SAVINGS) {
        supply->savings = MAX_SAVINGS;
    }
    if (is_made(supply, k, n - k) || supply->made_count == LDPC_SUPPLY_MAX || supply->savings < n) {
        return;
    }
    supply->savings -= n;
    kit = make_kit(supply, k, n - k);
    if (!kit) {
        return;
    }
    supply->made[supply->made_count++] = kit;
    // There is room: no more exist than the ring holds.
    ring_push(supply->to_reader, &kit, 1);
}

static struct ldpc_decoder *move_to_front(struct ldpc_supply *supply, unsigned place,
                                          struct kit *kit)
{
    for (; place > 0; place--) {
        supply->rt.kits[place] = supply->rt.kits[place - 1];
    }
    supply->rt.kits[0] = kit;
    return kit->decoder;
}

// The next one from the network thread in place of the one that was used least recently; NULL when
// there is none.
static struct kit *take_next(struct ldpc_supply *supply)
{
    struct kit *oldest = supply->rt.kits[LDPC_SUPPLY_KEPT - 1];
    struct kit *kit;

    if (ring_pop(supply->to_reader, &kit, 1) == 0) {
        return NULL;
    }
    if (oldest) {
        ring_push(supply->from_reader, &oldest, 1);
    }
    move_to_front(supply, LDPC_SUPPLY_KEPT - 1, kit);
    return kit;
}

struct ldpc_decoder *ldpc_supply_get(struct ldpc_supply *supply, unsigned k, unsigned r)
{
    struct kit *kit;
    unsigned i;

    for (i = 0; i < LDPC_SUPPLY_KEPT && supply->rt.kits[i]; i++) {
        kit = supply->rt.kits[i];
        if (kit->k == k && kit->r == r) {
            return move_to_front(supply, i, kit);
        }
    }
    // They come in the order of the packets that they are for. None is taken before it is needed,
    // because the one that makes room for it may still be.
    do {
        kit = take_next(supply);
    } while (kit && (kit->k != k || kit->r != r));
    return kit ? kit->decoder : NULL;
}
