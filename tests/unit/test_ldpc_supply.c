// SPDX-License-Identifier: MPL-2.0

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/ring.h"
#include "stream/ldpc_supply.h"

#include "realtime_trap.h"

static struct ldpc_supply *new_supply(void)
{
    struct ldpc_supply *supply;
    assert_int_equal(ldpc_supply_create(&supply, NULL), 0);
    return supply;
}

static void see(struct ldpc_supply *supply, unsigned k, unsigned n)
{
    struct packet packet = {
        .is_repair = true,
        .esi = (uint16_t)k,
        .source_block_length = (uint16_t)k,
        .block_length = (uint16_t)n,
    };
    ldpc_supply_see(supply, &packet);
}

static struct ldpc_decoder *get(struct ldpc_supply *supply, unsigned k, unsigned n)
{
    realtime_trap_start();
    struct ldpc_decoder *decoder = ldpc_supply_get(supply, k, n - k);
    assert_int_equal(realtime_trap_stop(), 0);
    return decoder;
}

static void test_ldpc_supply_has_decoders_of_repair_packets_that_it_saw(void **state)
{
    struct ldpc_supply *supply = new_supply();
    assert_null(get(supply, 18, 28));
    see(supply, 18, 28);
    assert_null(get(supply, 18, 27));
    struct ldpc_decoder *decoder = get(supply, 18, 28);
    assert_non_null(decoder);
    see(supply, 18, 28);
    assert_ptr_equal(get(supply, 18, 28), decoder);
    ldpc_supply_destroy(supply);
    ldpc_supply_destroy(NULL);
}

static void test_ldpc_supply_ignores_source_packets_and_impossible_numbers(void **state)
{
    struct ldpc_supply *supply = new_supply();
    struct packet source = {.source_block_length = 18, .block_length = 28};
    ldpc_supply_see(supply, &source);
    assert_null(get(supply, 18, 28));
    see(supply, 0, 10);
    see(supply, 10, 10);
    see(supply, 10, 9);
    see(supply, 10, LDPC_MAX_SYMBOLS + 1);
    assert_null(get(supply, 10, LDPC_MAX_SYMBOLS + 1));
    ldpc_supply_destroy(supply);
}

// Several changes may lie between two reads: each decoder is there when its packets come.
static void test_ldpc_supply_gives_decoders_in_the_order_of_packets(void **state)
{
    struct ldpc_supply *supply = new_supply();
    for (unsigned k = 1; k <= LDPC_SUPPLY_MAX; k++)
        see(supply, k, k + 10);
    for (unsigned k = 1; k <= LDPC_SUPPLY_MAX; k++)
        assert_non_null(get(supply, k, k + 10));
    // Only the last ones are kept, until they are asked for again.
    assert_null(get(supply, 1, 11));
    see(supply, 1, 11);
    assert_non_null(get(supply, 1, 11));
    ldpc_supply_destroy(supply);
}

static void test_ldpc_supply_keeps_what_is_in_use(void **state)
{
    struct ldpc_supply *supply = new_supply();
    see(supply, 18, 28);
    struct ldpc_decoder *decoder = get(supply, 18, 28);
    for (unsigned k = 1; k < 20; k++) {
        see(supply, k, k + 11);
        assert_non_null(get(supply, k, k + 11));
        assert_ptr_equal(get(supply, 18, 28), decoder);
    }
    ldpc_supply_destroy(supply);
}

// A reader that never comes does not make it grow, and a flood of sizes is not served.
static void test_ldpc_supply_is_bounded(void **state)
{
    struct ldpc_supply *supply = new_supply();
    unsigned served = 0;
    for (unsigned k = 1000; k < 2000; k++) {
        see(supply, k, 4000);
        served += get(supply, k, 4000) != NULL;
    }
    // Two for what is saved at first, and one for 4000 / 32 packets.
    assert_in_range(served, 2, 2 + 1000 * 32 / 4000);
    for (unsigned k = 1; k < 100; k++)
        see(supply, k, k + 7);
    served = 0;
    for (unsigned k = 1; k < 100; k++)
        served += get(supply, k, k + 7) != NULL;
    assert_in_range(served, 1, LDPC_SUPPLY_MAX);
    ldpc_supply_destroy(supply);
}

#define ROUNDS 3000

struct crossing {
    struct ldpc_supply *supply;
    struct ring *ring; // stands in for that of packets
    atomic_bool is_over;
};

static void *send_packets(void *arg)
{
    struct crossing *crossing = arg;
    struct random random;
    random_init(&random, 1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned k = 1 + random_below(&random, 5);
        see(crossing->supply, k, k + 7);
        ring_push(crossing->ring, &k, 1);
    }
    atomic_store(&crossing->is_over, true);
    return NULL;
}

static void test_ldpc_supply_crosses_threads(void **state)
{
    struct crossing crossing = {.supply = new_supply()};
    pthread_t thread;
    unsigned k, served = 0;
    atomic_init(&crossing.is_over, false);
    assert_int_equal(ring_create(&crossing.ring, sizeof(unsigned), 16), 0);
    assert_int_equal(pthread_create(&thread, NULL, send_packets, &crossing), 0);
    while (!atomic_load(&crossing.is_over) || ring_readable(crossing.ring) > 0) {
        if (ring_pop(crossing.ring, &k, 1) == 1) {
            const uint16_t *found;
            const uint8_t *symbols[12] = {NULL};
            unsigned tries = 1;
            struct ldpc_decoder *decoder = get(crossing.supply, k, k + 7);
            if (decoder) {
                assert_int_equal(ldpc_decoder_find(decoder, symbols, &tries, &found), 0);
                served++;
            }
        }
    }
    pthread_join(thread, NULL);
    assert_true(served > 0);
    ring_destroy(crossing.ring);
    ldpc_supply_destroy(crossing.supply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ldpc_supply_has_decoders_of_repair_packets_that_it_saw),
        cmocka_unit_test(test_ldpc_supply_ignores_source_packets_and_impossible_numbers),
        cmocka_unit_test(test_ldpc_supply_gives_decoders_in_the_order_of_packets),
        cmocka_unit_test(test_ldpc_supply_keeps_what_is_in_use),
        cmocka_unit_test(test_ldpc_supply_is_bounded),
        cmocka_unit_test(test_ldpc_supply_crosses_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
