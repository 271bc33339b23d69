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

#include "fec/ldpc.h"
#include "fec/ldpc_cache.h"

static struct ldpc_matrix *new_matrix(unsigned k, unsigned r)
{
    struct ldpc_matrix *matrix;
    assert_int_equal(ldpc_matrix_create(&matrix, k, r), 0);
    return matrix;
}

// Rows as text: "0,1,2" for each.
static void check_rows(unsigned k, unsigned r, const char *const *rows)
{
    struct ldpc_matrix *matrix = new_matrix(k, r);
    for (unsigned row = 0; row < r; row++) {
        char text[256] = "";
        const uint16_t *sources;
        unsigned count = ldpc_matrix_row(matrix, row, &sources);
        for (unsigned i = 0; i < count; i++) {
            size_t length = strlen(text);
            snprintf(text + length, sizeof(text) - length, i == 0 ? "%u" : ",%u", sources[i]);
        }
        assert_string_equal(text, rows[row]);
    }
    ldpc_matrix_unref(matrix);
}

static void test_ldpc_matrix_is_that_of_peers_20_10(void **state)
{
    static const char *const rows[] = {
        "0,1,2,3,4,7,9,10,11,14,16,17,18,19",  "0,2,3,4,5,6,8,9,11,12,13,14,15,16,19",
        "0,1,2,3,4,6,7,9,11,12,15,16,17,18",   "1,2,4,5,6,8,10,11,12,13,14,17,18,19",
        "0,3,4,5,7,8,9,11,12,13,14,16,17,19",  "0,1,3,4,5,6,7,8,9,10,13,15,17,18",
        "0,1,2,6,7,8,10,11,12,14,15,16,18,19", "1,2,4,5,6,8,10,13,14,15,16,18,19",
        "1,2,3,5,7,9,10,12,13,15,16,17,18,19", "0,3,5,6,7,8,9,10,11,12,13,14,15,17",
    };
    check_rows(20, 10, rows);
}

static void test_ldpc_matrix_is_that_of_peers_18_10(void **state)
{
    static const char *const rows[] = {
        "1,2,3,4,5,8,9,10,11,12,13,15,16",  "0,4,5,7,9,10,11,12,14,15,16,17",
        "0,1,2,4,5,6,7,8,9,11,12,13,16,17", "1,2,3,5,6,7,8,9,10,11,13,14,15",
        "0,1,2,3,4,7,9,10,12,13,15,16,17",  "0,1,2,3,4,5,6,7,8,9,11,12,14,17",
        "3,6,7,8,10,12,13,14,15,16,17",     "0,1,4,5,6,7,8,11,13,14,15,17",
        "0,1,2,3,5,6,8,10,12,14,16,17",     "0,2,3,4,6,9,10,11,13,14,15,16",
    };
    check_rows(18, 10, rows);
}

static void test_ldpc_encodes_as_peers_20_10(void **state)
{
    static const char *const expected[] = {
        "ad872df315bf65631da75df3d5afe583", "1f582972739cddb607c011fafb04e53e",
        "64a546cf28f94a03ac2d0e571061b26b", "9ad74499ee2bb8cd627f8c01d6b3c0b5",
        "b4bdc6cfa8e18a035c250e579069b28b", "e4b97e4b18edb28f6c2146d36075faf7",
        "8774e1fe0b886522cfdce96673102daa", "6927d9eb993fe96b992729fb292f997b",
        "f2f28e56f252b6de72d2be56f252b6ce", "402c80944014009c401c80944014006c",
    };
    uint8_t source[20][16], repair[10][16];
    const uint8_t *sources[20];
    uint8_t *repairs[10];
    struct ldpc_matrix *matrix = new_matrix(20, 10);
    for (unsigned i = 0; i < 20; i++) {
        for (unsigned j = 0; j < 16; j++)
            source[i][j] = (uint8_t)(31 * i + 17 * j + 1);
        sources[i] = source[i];
    }
    for (unsigned i = 0; i < 10; i++)
        repairs[i] = repair[i];
    ldpc_encode(matrix, sources, repairs, 16);
    for (unsigned i = 0; i < 10; i++) {
        char hex[33];
        for (unsigned j = 0; j < 16; j++)
            snprintf(hex + 2 * j, 3, "%02x", repair[i][j]);
        assert_string_equal(hex, expected[i]);
    }
    ldpc_matrix_unref(matrix);
}

// A buffer that stands in for several repair symbols must not spoil those around them.
static void test_ldpc_encode_lets_repairs_share_a_buffer(void **state)
{
    uint8_t source[20][150], repair[10][150], shared[10][150], spare[150];
    const uint8_t *sources[20];
    uint8_t *repairs[10];
    struct ldpc_matrix *matrix = new_matrix(20, 10);
    for (unsigned i = 0; i < 20; i++) {
        memset(source[i], (int)(i * 37 + 5), sizeof(source[i]));
        sources[i] = source[i];
    }
    for (unsigned i = 0; i < 10; i++)
        repairs[i] = repair[i];
    ldpc_encode(matrix, sources, repairs, 150);
    for (unsigned i = 0; i < 10; i++)
        repairs[i] = i == 0 || i == 3 || i == 4 || i == 7 ? spare : shared[i];
    ldpc_encode(matrix, sources, repairs, 150);
    for (unsigned i = 0; i < 10; i++) {
        if (repairs[i] != spare)
            assert_memory_equal(shared[i], repair[i], 150);
    }
    ldpc_matrix_unref(matrix);
}

static void check_shape(unsigned k, unsigned r)
{
    struct ldpc_matrix *matrix = new_matrix(k, r);
    size_t in_rows = 0, in_columns = 0;
    assert_int_equal(ldpc_matrix_sources(matrix), k);
    assert_int_equal(ldpc_matrix_repairs(matrix), r);
    for (unsigned i = 0; i < r; i++) {
        const uint16_t *sources;
        unsigned count = ldpc_matrix_row(matrix, i, &sources);
        assert_true(count >= (k > 1 ? 2 : 1));
        for (unsigned j = 0; j < count; j++)
            assert_true(sources[j] < k && (j == 0 || sources[j] > sources[j - 1]));
        in_rows += count;
    }
    for (unsigned i = 0; i < k; i++) {
        const uint16_t *rows;
        unsigned count = ldpc_matrix_column(matrix, i, &rows);
        assert_true(count >= (r < 7 ? r : 7));
        for (unsigned j = 0; j < count; j++)
            assert_true(rows[j] < r);
        in_columns += count;
    }
    assert_int_equal(in_rows, in_columns);
    ldpc_matrix_unref(matrix);
}

static void test_ldpc_matrix_of_any_size_is_well_formed(void **state)
{
    for (unsigned k = 1; k < 40; k++) {
        for (unsigned r = 1; r < 40; r++)
            check_shape(k, r);
    }
    static const unsigned sizes[][2] = {{1, 4095},    {4095, 1},   {4089, 7},   {7, 4089},
                                        {2048, 2048}, {1000, 500}, {3000, 1000}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        check_shape(sizes[i][0], sizes[i][1]);
}

static void test_ldpc_matrix_refuses_bad_numbers(void **state)
{
    struct ldpc_matrix *matrix = NULL;
    assert_int_equal(ldpc_matrix_create(&matrix, 0, 7), -EINVAL);
    assert_int_equal(ldpc_matrix_create(&matrix, 7, 0), -EINVAL);
    assert_int_equal(ldpc_matrix_create(&matrix, LDPC_MAX_SYMBOLS, 1), -EINVAL);
    assert_int_equal(ldpc_matrix_create(&matrix, UINT32_MAX, 2), -EINVAL);
    assert_int_equal(ldpc_matrix_create(&matrix, 2, UINT32_MAX), -EINVAL);
    assert_null(matrix);
    ldpc_matrix_unref(NULL);
}

static void test_ldpc_cache_shares_matrices(void **state)
{
    struct ldpc_cache *cache;
    struct ldpc_matrix *a, *b, *c;
    assert_int_equal(ldpc_cache_create(&cache), 0);
    assert_int_equal(ldpc_cache_get(cache, &a, 18, 10), 0);
    assert_int_equal(ldpc_cache_get(cache, &b, 10, 18), 0);
    assert_int_equal(ldpc_cache_get(cache, &c, 18, 10), 0);
    assert_ptr_equal(a, c);
    assert_ptr_not_equal(a, b);
    assert_int_equal(ldpc_cache_get(cache, &c, 0, 10), -EINVAL);
    ldpc_cache_destroy(cache);
    assert_int_equal(ldpc_matrix_sources(a), 18);
    ldpc_matrix_unref(a);
    ldpc_matrix_unref(b);
    ldpc_matrix_unref(c);
}

static void test_ldpc_cache_forgets_what_was_not_asked_for_longest(void **state)
{
    struct ldpc_cache *cache;
    struct ldpc_matrix *first, *matrix;
    assert_int_equal(ldpc_cache_create(&cache), 0);
    assert_int_equal(ldpc_cache_get(cache, &first, 18, 10), 0);
    for (unsigned k = 1; k < 3 * LDPC_CACHE_SIZE; k++) {
        assert_int_equal(ldpc_cache_get(cache, &matrix, k, 9), 0);
        assert_int_equal(ldpc_matrix_sources(matrix), k);
        ldpc_matrix_unref(matrix);
        if (k < LDPC_CACHE_SIZE) {
            assert_int_equal(ldpc_cache_get(cache, &matrix, 18, 10), 0);
            assert_ptr_equal(matrix, first);
            ldpc_matrix_unref(matrix);
        }
    }
    assert_int_equal(ldpc_cache_get(cache, &matrix, 18, 10), 0);
    assert_ptr_not_equal(matrix, first);
    ldpc_matrix_unref(matrix);
    ldpc_matrix_unref(first);
    ldpc_cache_destroy(cache);
    ldpc_cache_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ldpc_matrix_is_that_of_peers_20_10),
        cmocka_unit_test(test_ldpc_matrix_is_that_of_peers_18_10),
        cmocka_unit_test(test_ldpc_encodes_as_peers_20_10),
        cmocka_unit_test(test_ldpc_encode_lets_repairs_share_a_buffer),
        cmocka_unit_test(test_ldpc_matrix_of_any_size_is_well_formed),
        cmocka_unit_test(test_ldpc_matrix_refuses_bad_numbers),
        cmocka_unit_test(test_ldpc_cache_shares_matrices),
        cmocka_unit_test(test_ldpc_cache_forgets_what_was_not_asked_for_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
