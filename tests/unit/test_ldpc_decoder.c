// SPDX-License-Identifier: MPL-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "fec/ldpc_decoder.h"

#include "ldpc_rank.h"

// One block; each symbol in memory of exactly its size, so that a sanitizer sees a byte too much.
struct block {
    unsigned k, r;
    size_t size;
    struct ldpc_matrix *matrix;
    struct ldpc_decoder *decoder;
    uint8_t *symbol[LDPC_MAX_SYMBOLS];
    // What is there and what came back, of the block as it is decoded.
    const uint8_t *there[LDPC_MAX_SYMBOLS];
    uint8_t *restored[LDPC_MAX_SYMBOLS];
};

static struct block *new_block(unsigned k, unsigned r, size_t size, struct random *random)
{
    struct block *block = calloc(1, sizeof(*block));
    assert_non_null(block);
    block->k = k;
    block->r = r;
    block->size = size;
    assert_int_equal(ldpc_matrix_create(&block->matrix, k, r), 0);
    assert_int_equal(ldpc_decoder_create(&block->decoder, block->matrix), 0);
    for (unsigned i = 0; i < k + r; i++) {
        block->symbol[i] = malloc(size);
        assert_non_null(block->symbol[i]);
        for (size_t j = 0; j < size; j++)
            block->symbol[i][j] = (uint8_t)random_next(random);
    }
    ldpc_encode(block->matrix, (const uint8_t *const *)block->symbol, block->symbol + k, size);
    return block;
}

static void forget_restored(struct block *block)
{
    for (unsigned i = 0; i < block->k; i++) {
        free(block->restored[i]);
        block->restored[i] = NULL;
    }
}

static void free_block(struct block *block)
{
    forget_restored(block);
    for (unsigned i = 0; i < block->k + block->r; i++)
        free(block->symbol[i]);
    ldpc_decoder_destroy(block->decoder);
    ldpc_matrix_unref(block->matrix);
    free(block);
}

// Decodes what is there once, checks what comes back and adds it. Returns how many came back.
static unsigned decode(struct block *block)
{
    const uint16_t *found;
    uint8_t *buffers[LDPC_MAX_SYMBOLS] = {NULL};
    unsigned tries = 1;
    unsigned count = ldpc_decoder_find(block->decoder, block->there, &tries, &found);
    for (unsigned i = 0; i < count; i++) {
        assert_true(found[i] < block->k);
        assert_null(block->there[found[i]]);
        assert_null(buffers[found[i]]);
        buffers[found[i]] = malloc(block->size);
        assert_non_null(buffers[found[i]]);
        memset(buffers[found[i]], 0x5a, block->size);
    }
    if (count > 0)
        ldpc_decoder_restore(block->decoder, block->there, buffers, block->size);
    for (unsigned i = 0; i < block->k; i++) {
        if (buffers[i]) {
            assert_memory_equal(buffers[i], block->symbol[i], block->size);
            block->there[i] = block->restored[i] = buffers[i];
        }
    }
    return count;
}

static unsigned count_missing(const struct block *block)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < block->k; i++)
        missing += !block->there[i];
    return missing;
}

static void lose_mask(struct block *block, uint64_t mask)
{
    for (unsigned i = 0; i < block->k + block->r; i++)
        block->there[i] = mask >> i & 1 ? NULL : block->symbol[i];
}

static void lose_random(struct block *block, unsigned losses, struct random *random)
{
    forget_restored(block);
    for (unsigned i = 0; i < block->k + block->r; i++)
        block->there[i] = block->symbol[i];
    while (losses > 0) {
        unsigned esi = random_below(random, block->k + block->r);
        losses -= block->there[esi] != NULL;
        block->there[esi] = NULL;
    }
}

static bool is_determined(const struct block *block)
{
    bool lost[64];
    for (unsigned i = 0; i < block->k + block->r; i++)
        lost[i] = !block->there[i];
    return ldpc_is_determined(block->matrix, lost);
}

static void test_ldpc_restores_what_the_matrix_determines_and_nothing_else(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random;
    random_init(&random, seed);
    static const unsigned sizes[][2] = {{20, 10}, {18, 10}, {1, 7}, {2, 7}, {40, 20}, {5, 30}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct block *block = new_block(sizes[i][0], sizes[i][1], 40, &random);
        for (unsigned round = 0; round < 3000; round++) {
            lose_random(block, random_below(&random, block->r + 2), &random);
            bool is_possible = count_missing(block) == 0 || is_determined(block);
            decode(block);
            assert_int_equal(count_missing(block) == 0, is_possible);
        }
        free_block(block);
    }
}

static void test_ldpc_cannot_restore_a_loss_of_low_rank(void **state)
{
    struct random random;
    random_init(&random, 1);
    struct block *block = new_block(20, 10, 16, &random);
    lose_mask(block, 1u << 3 | 1u << 4 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 10 | 1u << 11);
    assert_int_equal(decode(block), 0);
    // One more source, and the rest follows.
    block->there[9] = block->symbol[9];
    assert_int_equal(decode(block), 6);
    free_block(block);
}

static void test_ldpc_restores_single_sources_as_repairs_arrive(void **state)
{
    struct random random;
    random_init(&random, 2);
    struct block *block = new_block(20, 10, 33, &random);
    // Row 0 has 1 but not 5; row 1 has 5 but not 1.
    lose_mask(block, 0x3ffull << 20 | 1u << 1 | 1u << 5);
    assert_int_equal(decode(block), 0);
    block->there[20] = block->symbol[20];
    assert_int_equal(decode(block), 1);
    assert_non_null(block->restored[1]);
    block->there[21] = block->symbol[21];
    assert_int_equal(decode(block), 1);
    assert_int_equal(count_missing(block), 0);
    assert_int_equal(decode(block), 0);
    free_block(block);
}

// Without repair symbol 20, rows 0 and 1 are one equation, from which source 0 is gone.
static void test_ldpc_adds_rows_up_where_a_repair_is_lost(void **state)
{
    struct random random;
    random_init(&random, 3);
    struct block *block = new_block(20, 10, 33, &random);
    lose_mask(block, 0x3fdull << 20 | 1u << 0 | 1u << 5);
    assert_int_equal(decode(block), 1);
    assert_non_null(block->restored[5]);
    free_block(block);
}

static void test_ldpc_restores_symbols_of_any_size(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random;
    random_init(&random, seed);
    for (size_t size = 1; size <= 300; size++) {
        struct block *block = new_block(12, 8, size, &random);
        for (unsigned losses = 1; losses <= 8; losses++) {
            lose_random(block, losses, &random);
            bool is_possible = count_missing(block) == 0 || is_determined(block);
            decode(block);
            assert_int_equal(count_missing(block) == 0, is_possible);
        }
        free_block(block);
    }
}

static void test_ldpc_with_few_repairs_restores_one_loss(void **state)
{
    struct random random;
    random_init(&random, 4);
    for (unsigned r = 1; r < LDPC_MIN_REPAIR; r++) {
        struct block *block = new_block(18, r, 20, &random);
        for (unsigned lost = 0; lost < 18; lost++) {
            forget_restored(block);
            lose_mask(block, 1ull << lost);
            assert_int_equal(decode(block), 1);
        }
        free_block(block);
    }
}

// Twenty more symbols than a perfect code needs are far more than this one does.
static void test_ldpc_restores_long_blocks(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random;
    random_init(&random, seed);
    static const unsigned sizes[][2] = {{200, 100}, {500, 250}, {1000, 200}, {3000, 240}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct block *block = new_block(sizes[i][0], sizes[i][1], 50, &random);
        for (unsigned round = 0; round < 5; round++) {
            lose_random(block, block->r - 20, &random);
            decode(block);
            assert_int_equal(count_missing(block), 0);
        }
        free_block(block);
    }
}

static void test_ldpc_eliminates_only_as_often_as_it_may(void **state)
{
    struct random random;
    random_init(&random, 6);
    struct block *block = new_block(20, 10, 16, &random);
    const uint16_t *found;
    unsigned tries = 0;
    // Each row lacks two or more of them, so nothing can be peeled.
    lose_mask(block, 1u << 1 | 1u << 4 | 1u << 8 | 1u << 11 | 1u << 13 | 1u << 17);
    assert_int_equal(ldpc_decoder_find(block->decoder, block->there, &tries, &found), 0);
    tries = 2;
    assert_int_equal(ldpc_decoder_find(block->decoder, block->there, &tries, &found), 6);
    assert_int_equal(tries, 1);
    free_block(block);
}

static void test_ldpc_gives_up_where_work_would_have_no_bound(void **state)
{
    struct random random;
    random_init(&random, 5);
    struct block *block = new_block(2048, 2048, 8, &random);
    for (unsigned i = 0; i < 4096; i++)
        block->there[i] = i < LDPC_DECODER_MAX_LOST + 1 ? NULL : block->symbol[i];
    assert_int_equal(decode(block), 0);
    // Of as many as are allowed, peeling may restore some, and elimination what is left if few are.
    block->there[0] = block->symbol[0];
    decode(block);
    free_block(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ldpc_restores_what_the_matrix_determines_and_nothing_else),
        cmocka_unit_test(test_ldpc_cannot_restore_a_loss_of_low_rank),
        cmocka_unit_test(test_ldpc_restores_single_sources_as_repairs_arrive),
        cmocka_unit_test(test_ldpc_adds_rows_up_where_a_repair_is_lost),
        cmocka_unit_test(test_ldpc_restores_symbols_of_any_size),
        cmocka_unit_test(test_ldpc_with_few_repairs_restores_one_loss),
        cmocka_unit_test(test_ldpc_restores_long_blocks),
        cmocka_unit_test(test_ldpc_eliminates_only_as_often_as_it_may),
        cmocka_unit_test(test_ldpc_gives_up_where_work_would_have_no_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
