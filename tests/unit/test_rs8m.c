// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "fec/rs8m.h"

// One block: sources, repairs and what a decoder restored, each symbol in memory of exactly its
// size, so that a sanitizer sees a byte too much.
struct block {
    unsigned k;
    unsigned r;
    size_t size;
    uint8_t *symbol[RS8M_MAX_SYMBOLS];
    uint8_t *restored[RS8M_MAX_SYMBOLS];
};

static uint8_t *new_bytes(size_t size)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, 0x5a, size);
    return bytes;
}

static void init_block(struct block *block, unsigned k, unsigned r, size_t size)
{
    *block = (struct block){.k = k, .r = r, .size = size};
    for (unsigned i = 0; i < k + r; i++)
        block->symbol[i] = new_bytes(size);
    for (unsigned i = 0; i < k; i++)
        block->restored[i] = new_bytes(size);
}

static void finish_block(struct block *block)
{
    for (unsigned i = 0; i < block->k + block->r; i++)
        free(block->symbol[i]);
    for (unsigned i = 0; i < block->k; i++)
        free(block->restored[i]);
}

static void encode_block(struct block *block)
{
    struct rs8m_encoder *encoder;
    assert_int_equal(rs8m_encoder_create(&encoder, block->k, block->r), 0);
    rs8m_encode(encoder, (const uint8_t *const *)block->symbol, block->symbol + block->k,
                block->size);
    rs8m_encoder_destroy(encoder);
}

static void fill_random(struct block *block, struct random *random)
{
    for (unsigned i = 0; i < block->k; i++) {
        for (size_t j = 0; j < block->size; j++)
            block->symbol[i][j] = (uint8_t)random_next(random);
    }
}

// Loses `losses` symbols of the block, any of them, and checks that the decoder makes good what it
// can and says so when it cannot.
static void check_losses(struct rs8m_decoder *decoder, struct block *block, unsigned losses,
                         struct random *random)
{
    const uint8_t *symbols[RS8M_MAX_SYMBOLS];
    uint8_t *restored[RS8M_MAX_SYMBOLS] = {0};
    unsigned n = block->k + block->r;
    memcpy(symbols, block->symbol, n * sizeof(*symbols));
    for (unsigned lost = 0; lost < losses;) {
        unsigned esi = random_below(random, n);
        if (symbols[esi]) {
            symbols[esi] = NULL;
            lost++;
        }
    }
    int missing = 0;
    for (unsigned i = 0; i < block->k; i++) {
        if (!symbols[i]) {
            memset(block->restored[i], 0x5a, block->size);
            restored[i] = block->restored[i];
            missing++;
        }
    }

    int result = rs8m_decode(decoder, block->k, n, symbols, restored, block->size);
    if (losses > block->r && missing > 0) {
        assert_int_equal(result, -EAGAIN);
        return;
    }
    assert_int_equal(result, missing);
    for (unsigned i = 0; i < block->k; i++) {
        if (restored[i])
            assert_memory_equal(restored[i], block->symbol[i], block->size);
    }
}

static void check_vector(unsigned k, unsigned r, unsigned row_step, unsigned column_step,
                         unsigned start, const char *const *repair_hex)
{
    struct block block;
    init_block(&block, k, r, 8);
    for (unsigned i = 0; i < k; i++) {
        for (unsigned j = 0; j < 8; j++)
            block.symbol[i][j] = (uint8_t)(row_step * i + column_step * j + start);
    }
    encode_block(&block);
    for (unsigned e = 0; e < r; e++) {
        char hex[17];
        for (unsigned j = 0; j < 8; j++)
            snprintf(hex + 2 * j, 3, "%02x", block.symbol[k + e][j]);
        assert_string_equal(hex, repair_hex[e]);
    }
    finish_block(&block);
}

static void test_rs8m_encodes_as_peers_4_3(void **state)
{
    static const char *const repair[] = {"0d0c0f0e09080b0a", "48494a4b4c4d4e4f",
                                         "9c9d9e9f98999a9b"};
    check_vector(4, 3, 8, 1, 0, repair);
}

static void test_rs8m_encodes_as_peers_18_10(void **state)
{
    static const char *const repair[] = {"de88774f37d32a9a", "ac429d9a419c2c09", "26466bcf6780abd3",
                                         "c7a5446304f71497", "c824fc9369f0c838", "060847e003599f79",
                                         "8baee35923f26351", "16fe441f6cebf946", "d443c839926683f5",
                                         "484d99d3d4b4287b"};
    check_vector(18, 10, 31, 17, 1, repair);
}

static void test_rs8m_single_source_is_copied(void **state)
{
    struct random random;
    random_init(&random, 1);
    struct block block;
    init_block(&block, 1, 254, 33);
    fill_random(&block, &random);
    encode_block(&block);
    for (unsigned e = 1; e < 255; e++)
        assert_memory_equal(block.symbol[e], block.symbol[0], block.size);
    finish_block(&block);
}

static void test_rs8m_restores_every_loss_pattern_of_small_blocks(void **state)
{
    struct random random;
    random_init(&random, 2);
    struct rs8m_decoder *decoder;
    assert_int_equal(rs8m_decoder_create(&decoder), 0);
    struct block block;
    init_block(&block, 5, 4, 40);
    fill_random(&block, &random);
    encode_block(&block);
    for (unsigned mask = 0; mask < 1u << 9; mask++) {
        const uint8_t *symbols[9];
        uint8_t *restored[5] = {0};
        int missing = 0;
        for (unsigned i = 0; i < 9; i++) {
            symbols[i] = mask >> i & 1 ? NULL : block.symbol[i];
            if (i < 5 && !symbols[i]) {
                memset(block.restored[i], 0x5a, block.size);
                restored[i] = block.restored[i];
                missing++;
            }
        }
        int lost = __builtin_popcount(mask);
        int result = rs8m_decode(decoder, 5, 9, symbols, restored, block.size);
        assert_int_equal(result, lost > 4 && missing ? -EAGAIN : missing);
        for (unsigned i = 0; i < 5 && result > 0; i++) {
            if (restored[i])
                assert_memory_equal(restored[i], block.symbol[i], block.size);
        }
    }
    finish_block(&block);
    rs8m_decoder_destroy(decoder);
}

static void test_rs8m_restores_default_block(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random;
    random_init(&random, seed);
    struct rs8m_decoder *decoder;
    assert_int_equal(rs8m_decoder_create(&decoder), 0);
    struct block block;
    init_block(&block, 18, 10, 896);
    fill_random(&block, &random);
    encode_block(&block);
    for (unsigned round = 0; round < 2000; round++)
        check_losses(decoder, &block, round % 13, &random);
    finish_block(&block);
    rs8m_decoder_destroy(decoder);
}

static void test_rs8m_restores_any_size(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random;
    random_init(&random, seed);
    struct rs8m_decoder *decoder;
    assert_int_equal(rs8m_decoder_create(&decoder), 0);
    for (size_t size = 1; size <= 300; size++) {
        struct block block;
        init_block(&block, 7, 6, size);
        fill_random(&block, &random);
        encode_block(&block);
        for (unsigned losses = 1; losses <= 6; losses++)
            check_losses(decoder, &block, losses, &random);
        finish_block(&block);
    }
    rs8m_decoder_destroy(decoder);
}

static void test_rs8m_restores_any_block_length(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    struct random random;
    random_init(&random, seed);
    struct rs8m_decoder *decoder;
    assert_int_equal(rs8m_decoder_create(&decoder), 0);
    static const unsigned lengths[][2] = {{1, 1},     {1, 254},  {254, 1}, {128, 127},
                                          {127, 128}, {200, 55}, {50, 20}, {2, 2}};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        struct block block;
        init_block(&block, lengths[i][0], lengths[i][1], 1 + random_below(&random, 100));
        fill_random(&block, &random);
        encode_block(&block);
        for (unsigned round = 0; round < 20; round++)
            check_losses(decoder, &block, random_below(&random, block.r + 1), &random);
        check_losses(decoder, &block, block.r, &random);
        finish_block(&block);
    }
    rs8m_decoder_destroy(decoder);
}

// Peers that decode assume n = 255 because the packets do not tell r: rows must not depend on it.
static void test_rs8m_repair_does_not_depend_on_r(void **state)
{
    struct random random;
    random_init(&random, 3);
    struct block few, many;
    init_block(&few, 18, 3, 64);
    init_block(&many, 18, 237, 64);
    fill_random(&few, &random);
    for (unsigned i = 0; i < 18; i++)
        memcpy(many.symbol[i], few.symbol[i], 64);
    encode_block(&few);
    encode_block(&many);
    for (unsigned e = 18; e < 21; e++)
        assert_memory_equal(few.symbol[e], many.symbol[e], 64);
    finish_block(&few);
    finish_block(&many);
}

static void test_rs8m_writes_nothing_when_too_few_arrived(void **state)
{
    struct rs8m_decoder *decoder;
    assert_int_equal(rs8m_decoder_create(&decoder), 0);
    uint8_t present[16] = {1}, out[2][16], before[16];
    memset(out, 0x77, sizeof(out));
    memset(before, 0x77, sizeof(before));
    const uint8_t *symbols[4] = {present, NULL, NULL, present};
    uint8_t *restored[3] = {NULL, out[0], out[1]};
    assert_int_equal(rs8m_decode(decoder, 3, 4, symbols, restored, 16), -EAGAIN);
    assert_memory_equal(out[0], before, 16);
    assert_memory_equal(out[1], before, 16);
    rs8m_decoder_destroy(decoder);
}

static void test_rs8m_refuses_bad_numbers(void **state)
{
    struct rs8m_encoder *encoder = NULL;
    assert_int_equal(rs8m_encoder_create(&encoder, 0, 1), -EINVAL);
    assert_int_equal(rs8m_encoder_create(&encoder, 1, 0), -EINVAL);
    assert_int_equal(rs8m_encoder_create(&encoder, 246, 10), -EINVAL);
    assert_int_equal(rs8m_encoder_create(&encoder, UINT32_MAX, 2), -EINVAL);
    assert_null(encoder);
    rs8m_encoder_destroy(NULL);

    struct rs8m_decoder *decoder;
    assert_int_equal(rs8m_decoder_create(&decoder), 0);
    uint8_t present[16] = {0};
    const uint8_t *symbols[2] = {NULL, present};
    uint8_t *restored[1] = {NULL};
    assert_int_equal(rs8m_decode(decoder, 0, 1, symbols, restored, 16), -EINVAL);
    assert_int_equal(rs8m_decode(decoder, 2, 1, symbols, restored, 16), -EINVAL);
    assert_int_equal(rs8m_decode(decoder, 2, 256, symbols, restored, 16), -EINVAL);
    assert_int_equal(rs8m_decode(decoder, 1, 2, symbols, restored, 16), -EINVAL);
    rs8m_decoder_destroy(decoder);
    rs8m_decoder_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rs8m_encodes_as_peers_4_3),
        cmocka_unit_test(test_rs8m_encodes_as_peers_18_10),
        cmocka_unit_test(test_rs8m_single_source_is_copied),
        cmocka_unit_test(test_rs8m_restores_every_loss_pattern_of_small_blocks),
        cmocka_unit_test(test_rs8m_restores_default_block),
        cmocka_unit_test(test_rs8m_restores_any_size),
        cmocka_unit_test(test_rs8m_restores_any_block_length),
        cmocka_unit_test(test_rs8m_repair_does_not_depend_on_r),
        cmocka_unit_test(test_rs8m_writes_nothing_when_too_few_arrived),
        cmocka_unit_test(test_rs8m_refuses_bad_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
