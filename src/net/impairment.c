// SPDX-License-Identifier: MPL-2.0

#include "net/impairment.h"

#include <errno.h>
#include <stdlib.h>

#include "base/random.h"

#define DEFAULT_CAPACITY 4096
// Keeps sums of times far from overflow; nobody delays by more than an hour.
#define MAX_TIME_NS 3600000000000LL

struct transit {
    int64_t due_ns;
    uint64_t number; // keeps the order of those due at the same time
    struct impaired_datagram datagram;
};

struct impairment {
    struct impairment_config config;
    struct random random;
    uint64_t next_number;
    size_t count, capacity;
    struct transit heap[]; // the earliest at 0
};

bool impairment_config_is_set(const struct impairment_config *config)
{
    return config->loss > 0 || config->duplicate > 0 || config->reorder > 0 ||
           config->delay_ns > 0 || config->jitter_ns > 0;
}

static bool is_probability(double p)
{
    return p >= 0.0 && p <= 1.0; // false for NaN
}

static bool is_time(int64_t ns)
{
    return ns >= 0 && ns <= MAX_TIME_NS;
}

int impairment_create(struct impairment **out, const struct impairment_config *config,
                      size_t capacity)
{
    if (!is_probability(config->loss) || !is_probability(config->duplicate) ||
        !is_probability(config->reorder) || !is_time(config->reorder_delay_ns) ||
        !is_time(config->delay_ns) || !is_time(config->jitter_ns))
        return -EINVAL;
    if (capacity == 0)
        capacity = DEFAULT_CAPACITY;
    if (capacity > SIZE_MAX / 2 / sizeof(struct transit))
        return -EINVAL;
    struct impairment *impairment =
        calloc(1, sizeof(*impairment) + capacity * sizeof(struct transit));
    if (impairment == NULL)
        return -ENOMEM;
    impairment->config = *config;
    impairment->capacity = capacity;
    uint64_t seed = config->seed;
    if (seed == 0)
        random_fill(&seed, sizeof(seed));
    random_init(&impairment->random, seed);
    *out = impairment;
    return 0;
}

void impairment_destroy(struct impairment *impairment)
{
    if (impairment == NULL)
        return;
    for (size_t i = 0; i < impairment->count; i++)
        packet_unref(impairment->heap[i].datagram.packet);
    free(impairment);
}

static bool is_before(const struct transit *a, const struct transit *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void insert(struct impairment *impairment, const struct transit *transit)
{
    struct transit *heap = impairment->heap;
    size_t hole = impairment->count++;
    while (hole > 0 && is_before(transit, &heap[(hole - 1) / 2])) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = *transit;
}

static void remove_first(struct impairment *impairment)
{
    struct transit *heap = impairment->heap;
    const size_t count = --impairment->count;
    const struct transit last = heap[count];
    size_t hole = 0;
    for (size_t child = 1; child < count; child = 2 * hole + 1) {
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &last))
            break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = last;
}

// What the link does to one datagram.
struct fate {
    bool is_lost, is_doubled;
    int64_t delay_ns[2];
};

// Every datagram draws the same number of times, so that the fate of the n-th depends on the seed
// and n alone: switching jitter on does not change which ones are lost.
static struct fate draw_fate(struct impairment *impairment)
{
    const struct impairment_config *config = &impairment->config;
    struct random *random = &impairment->random;
    struct fate fate;
    fate.is_lost = random_unit(random) < config->loss;
    fate.is_doubled = random_unit(random) < config->duplicate;
    const bool is_held_back = random_unit(random) < config->reorder;
    for (size_t i = 0; i < 2; i++)
        fate.delay_ns[i] =
            config->delay_ns + (int64_t)(random_unit(random) * (double)config->jitter_ns);
    if (is_held_back)
        fate.delay_ns[0] += config->reorder_delay_ns;
    return fate;
}

int impairment_push(struct impairment *impairment, const struct impaired_datagram *datagram,
                    int64_t now_ns)
{
    const struct fate fate = draw_fate(impairment);
    const size_t copies = fate.is_lost ? 0 : fate.is_doubled ? 2 : 1;
    if (impairment->capacity - impairment->count < copies) {
        packet_unref(datagram->packet);
        return -ENOSPC;
    }
    for (size_t i = 0; i < copies; i++) {
        struct transit transit = {
            .due_ns = now_ns + fate.delay_ns[i],
            .number = impairment->next_number++,
            .datagram = *datagram,
        };
        transit.datagram.is_copy = i > 0;
        packet_ref(datagram->packet);
        insert(impairment, &transit);
    }
    packet_unref(datagram->packet);
    return (int)copies;
}

int impairment_pop(struct impairment *impairment, struct impaired_datagram *datagram,
                   int64_t now_ns)
{
    if (impairment->count == 0 || impairment->heap[0].due_ns > now_ns)
        return -EAGAIN;
    *datagram = impairment->heap[0].datagram;
    remove_first(impairment);
    return 0;
}

int64_t impairment_next_ns(const struct impairment *impairment)
{
    return impairment->count > 0 ? impairment->heap[0].due_ns : INT64_MAX;
}
