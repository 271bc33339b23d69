// SPDX-License-Identifier: MPL-2.0

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/pcm.h"

#define BLOCK 65536

static int encode_one(float sample)
{
    uint8_t wire[3];
    pcm_encode_l24(wire, &sample, 1);
    return (int)((uint32_t)wire[0] << 24 | (uint32_t)wire[1] << 16 | (uint32_t)wire[2] << 8) / 256;
}

static float decode_one(uint8_t a, uint8_t b, uint8_t c)
{
    float sample;
    pcm_decode_l24(&sample, (const uint8_t[]){a, b, c}, 1);
    return sample;
}

// A block is all values with one upper byte, so that 256 of them are all values there are.
static void test_pcm_every_24_bit_sample_survives_both_ways(void **state)
{
    static uint8_t wire[BLOCK * 3], again[BLOCK * 3];
    static float decoded[BLOCK];
    for (int upper = -128; upper < 128; upper++) {
        for (unsigned i = 0; i < BLOCK; i++) {
            wire[3 * i] = (uint8_t)upper;
            wire[3 * i + 1] = (uint8_t)(i >> 8);
            wire[3 * i + 2] = (uint8_t)i;
        }
        pcm_decode_l24(decoded, wire, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            if (decoded[i] != (float)((double)(upper * BLOCK + i) / 8388608))
                fail_msg("%d is decoded as %.9g", upper * BLOCK + i, (double)decoded[i]);
        }
        pcm_encode_l24(again, decoded, BLOCK);
        assert_memory_equal(again, wire, sizeof(wire));
    }
}

static void test_pcm_l24_carries_16_bit_samples(void **state)
{
    for (int i = -32768; i < 32768; i++)
        assert_int_equal(encode_one((float)i / 32768), i * 256);
}

static void test_pcm_l24_is_big_endian(void **state)
{
    uint8_t wire[3];
    pcm_encode_l24(wire, (const float[]){0x123456 / 8388608.0f}, 1);
    assert_memory_equal(wire, "\x12\x34\x56", 3);
    assert_true(decode_one(0x80, 0, 0) == -1.0f);
    assert_true(decode_one(0xff, 0xff, 0xff) == -1.0f / 8388608);
    assert_true(decode_one(0x40, 0, 0) == 0.5f);
}

static void test_pcm_l24_truncates_toward_zero(void **state)
{
    assert_int_equal(encode_one(1.9f / 8388608), 1);
    assert_int_equal(encode_one(-1.9f / 8388608), -1);
    assert_int_equal(encode_one(0.999f / 8388608), 0);
    assert_int_equal(encode_one(-0.999f / 8388608), 0);
    assert_int_equal(encode_one(1e-45f), 0);
}

static void test_pcm_l24_saturates_and_silences_nan(void **state)
{
    assert_int_equal(encode_one(1.0f), 8388607);
    assert_int_equal(encode_one(-1.0f), -8388608);
    assert_int_equal(encode_one(1.5f), 8388607);
    assert_int_equal(encode_one(-1.5f), -8388608);
    assert_int_equal(encode_one(3.4e38f), 8388607);
    assert_int_equal(encode_one(-3.4e38f), -8388608);
    assert_int_equal(encode_one(INFINITY), 8388607);
    assert_int_equal(encode_one(-INFINITY), -8388608);
    assert_int_equal(encode_one(NAN), 0);
    assert_int_equal(encode_one(-NAN), 0);
}

// The same samples alone and in a run, so that the vector path equals the scalar one. The buffers
// are exactly as long as the run: a sanitizer sees what reaches beyond.
static void test_pcm_l24_any_count_and_alignment(void **state)
{
    const float hostile[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1.0f, -1.0f, 1e-40f};
    float samples[70];
    for (unsigned i = 0; i < 70; i++)
        samples[i] = i % 5 == 4 ? hostile[i / 5 % 8] : (float)sin(i * 1.7) * 1.2f;
    for (size_t count = 1; count <= 70; count++) {
        for (size_t offset = 0; offset < 4; offset++) {
            uint8_t *wire = malloc(offset + count * 3);
            float *decoded = malloc(count * sizeof(float));
            assert_non_null(wire);
            assert_non_null(decoded);
            pcm_encode_l24(wire + offset, samples, count);
            pcm_decode_l24(decoded, wire + offset, count);
            for (size_t i = 0; i < count; i++)
                assert_true(decoded[i] == (float)encode_one(samples[i]) / 8388608);
            free(wire);
            free(decoded);
        }
    }
    pcm_encode_l24(NULL, samples, 0);
    pcm_decode_l24(samples, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcm_every_24_bit_sample_survives_both_ways),
        cmocka_unit_test(test_pcm_l24_carries_16_bit_samples),
        cmocka_unit_test(test_pcm_l24_is_big_endian),
        cmocka_unit_test(test_pcm_l24_truncates_toward_zero),
        cmocka_unit_test(test_pcm_l24_saturates_and_silences_nan),
        cmocka_unit_test(test_pcm_l24_any_count_and_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
