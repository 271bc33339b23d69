// SPDX-License-Identifier: MPL-2.0
//
// The free list is a lock-free stack of slot numbers. A slot is never unmapped while the pool
// lives, so a thread that lost a race reads a stale number at worst, and the tag beside the head
// makes its compare-and-swap fail.

#include "base/packet.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define CACHE_LINE       64
#define SLAB_PACKETS     64
#define DEFAULT_CAPACITY 2048
#define DEFAULT_INITIAL  64
#define DEFAULT_MAX      16384

struct slab {
    struct packet packets[SLAB_PACKETS];
    // Slot number + 1 of the free packet below this one, 0 at the bottom.
    atomic_uint next[SLAB_PACKETS];
    unsigned char *buffers;
};

struct packet_pool {
    uint16_t capacity;
    size_t stride;
    uint32_t max_count;
    // Entries are written once, before the release of the first slot number that leads to them.
    struct slab **slabs;
    pthread_mutex_t growth_mutex;
    atomic_uint count; // written under growth_mutex

    // Tag in the high half, slot number + 1 of the top in the low half.
    alignas(CACHE_LINE) _Atomic uint64_t free_head;
    alignas(CACHE_LINE) atomic_uint used;
};

static atomic_uint *next_of(struct packet_pool *pool, uint32_t slot)
{
    return &pool->slabs[slot / SLAB_PACKETS]->next[slot % SLAB_PACKETS];
}

static uint64_t retag(uint64_t head, uint32_t link)
{
    return (((head >> 32) + 1) << 32) | link;
}

// Puts a chain of free slots on the stack: `first` on top, `last` above what was there.
static void push_chain(struct packet_pool *pool, uint32_t first, uint32_t last)
{
    uint64_t head = atomic_load_explicit(&pool->free_head, memory_order_relaxed);
    do
        atomic_store_explicit(next_of(pool, last), (uint32_t)head, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool->free_head, &head, retag(head, first + 1),
                                                  memory_order_acq_rel, memory_order_relaxed));
}

static void slab_destroy(struct slab *slab)
{
    if (slab == NULL)
        return;
    free(slab->buffers);
    free(slab);
}

static struct slab *slab_create(struct packet_pool *pool, uint32_t first_slot, uint32_t count)
{
    struct slab *slab = calloc(1, sizeof(*slab));
    if (slab == NULL)
        return NULL;
    slab->buffers = aligned_alloc(CACHE_LINE, pool->stride * count);
    if (slab->buffers == NULL) {
        slab_destroy(slab);
        return NULL;
    }
    // Nobody may ever read what another use of this memory left behind.
    memset(slab->buffers, 0, pool->stride * count);
    for (uint32_t i = 0; i < count; i++) {
        struct packet *packet = &slab->packets[i];
        packet->pool = pool;
        packet->slot = first_slot + i;
        packet->capacity = pool->capacity;
        packet->data = slab->buffers + i * pool->stride;
        atomic_init(&slab->next[i], first_slot + i + 2);
    }
    return slab;
}

// Only the last slab can be shorter than SLAB_PACKETS: slot numbers lead to slabs by division.
static int add_slab(struct packet_pool *pool)
{
    const uint32_t first = atomic_load_explicit(&pool->count, memory_order_relaxed);
    if (first >= pool->max_count)
        return -ENOSPC;
    const uint32_t left = pool->max_count - first;
    const uint32_t count = left < SLAB_PACKETS ? left : SLAB_PACKETS;
    struct slab *slab = slab_create(pool, first, count);
    if (slab == NULL)
        return -ENOMEM;
    pool->slabs[first / SLAB_PACKETS] = slab;
    push_chain(pool, first, first + count - 1);
    atomic_store_explicit(&pool->count, first + count, memory_order_relaxed);
    return 0;
}

static void free_pool(struct packet_pool *pool)
{
    const uint32_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);
    for (uint32_t i = 0; pool->slabs != NULL && i * SLAB_PACKETS < count; i++)
        slab_destroy(pool->slabs[i]);
    free(pool->slabs);
    pthread_mutex_destroy(&pool->growth_mutex);
    free(pool);
}

int packet_pool_create(struct packet_pool **out, const struct packet_pool_config *config)
{
    static const struct packet_pool_config defaults;
    if (config == NULL)
        config = &defaults;
    const uint16_t capacity = config->packet_capacity ? config->packet_capacity : DEFAULT_CAPACITY;
    const uint32_t max = config->max_count ? config->max_count : DEFAULT_MAX;
    uint32_t initial = config->initial_count ? config->initial_count : DEFAULT_INITIAL;
    if (initial > max) {
        if (config->initial_count != 0)
            return -EINVAL;
        initial = max;
    }

    struct packet_pool *pool = aligned_alloc(CACHE_LINE, sizeof(*pool));
    if (pool == NULL)
        return -ENOMEM;
    memset(pool, 0, sizeof(*pool));
    pthread_mutex_init(&pool->growth_mutex, NULL);
    pool->capacity = capacity;
    pool->stride = ((size_t)capacity + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    pool->max_count = max;
    pool->slabs = calloc((max - 1) / SLAB_PACKETS + 1, sizeof(void *));
    int error = pool->slabs == NULL ? -ENOMEM : packet_pool_reserve(pool, initial);
    if (error != 0)
        goto fail;
    *out = pool;
    return 0;

fail:
    free_pool(pool);
    return error;
}

void packet_pool_destroy(struct packet_pool *pool)
{
    if (pool == NULL)
        return;
    const uint32_t used = packet_pool_used(pool);
    if (used > 0) {
        // Whoever holds them would write into freed memory.
        log_error("base", "packet pool: %u packets were never returned; their memory is kept",
                  used);
        return;
    }
    free_pool(pool);
}

static bool has_free(const struct packet_pool *pool, uint32_t count)
{
    const uint32_t all = atomic_load_explicit(&pool->count, memory_order_relaxed);
    return (int64_t)all - packet_pool_used(pool) >= count;
}

int packet_pool_reserve(struct packet_pool *pool, uint32_t count)
{
    if (has_free(pool, count))
        return 0;
    int error = 0;
    pthread_mutex_lock(&pool->growth_mutex);
    while (error == 0 && !has_free(pool, count))
        error = add_slab(pool);
    pthread_mutex_unlock(&pool->growth_mutex);
    return error;
}

struct packet *packet_pool_pop(struct packet_pool *pool)
{
    uint64_t head = atomic_load_explicit(&pool->free_head, memory_order_acquire);
    uint32_t slot;
    do {
        if ((uint32_t)head == 0)
            return NULL;
        slot = (uint32_t)head - 1;
        // Another thread may take this slot first and link it elsewhere: then `next` is stale, and
        // the changed tag refuses it.
        const uint32_t next = atomic_load_explicit(next_of(pool, slot), memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&pool->free_head, &head, retag(head, next),
                                                  memory_order_acq_rel, memory_order_acquire))
            break;
    } while (true);

    atomic_fetch_add_explicit(&pool->used, 1, memory_order_relaxed);
    struct packet *packet = &pool->slabs[slot / SLAB_PACKETS]->packets[slot % SLAB_PACKETS];
    memset(&packet->address, 0,
           offsetof(struct packet, capacity) - offsetof(struct packet, address));
    packet->size_bytes = 0;
    atomic_store_explicit(&packet->refs, 1, memory_order_relaxed);
    return packet;
}

uint32_t packet_pool_used(const struct packet_pool *pool)
{
    return atomic_load_explicit(&pool->used, memory_order_acquire);
}

struct packet *packet_ref(struct packet *packet)
{
    atomic_fetch_add_explicit(&packet->refs, 1, memory_order_relaxed);
    return packet;
}

void packet_unref(struct packet *packet)
{
    if (packet == NULL)
        return;
    // One reference left is ours: nobody else can make a second one, so no locked instruction is
    // needed. Acquire pairs with the release of those who let go before.
    if (atomic_load_explicit(&packet->refs, memory_order_acquire) != 1 &&
        atomic_fetch_sub_explicit(&packet->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct packet_pool *pool = packet->pool;
    push_chain(pool, packet->slot, packet->slot);
    // Last: a pool that counts no used packet may be destroyed at once.
    atomic_fetch_sub_explicit(&pool->used, 1, memory_order_release);
}
