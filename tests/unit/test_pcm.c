// SPDX-License-Identifier: MPL-2.0

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/pcm.h"

static int encode_one(float sample)
{
    uint8_t wire[2];
    pcm_encode_l16(wire, &sample, 1);
    return (int16_t)(wire[0] << 8 | wire[1]);
}

static void test_pcm_every_16_bit_sample_survives_both_ways(void **state)
{
    static uint8_t wire[65536 * 2], again[65536 * 2];
    static float decoded[65536];
    for (unsigned i = 0; i < 65536; i++) {
        wire[2 * i] = (uint8_t)(i >> 8);
        wire[2 * i + 1] = (uint8_t)i;
    }
    pcm_decode_l16(decoded, wire, 65536);
    for (unsigned i = 0; i < 65536; i++)
        assert_true(decoded[i] == (float)((double)(int16_t)i * (1.0 / 32768)));
    pcm_encode_l16(again, decoded, 65536);
    assert_memory_equal(again, wire, sizeof(wire));
}

static void test_pcm_truncates_toward_zero(void **state)
{
    assert_int_equal(encode_one(1.9f / 32768), 1);
    assert_int_equal(encode_one(-1.9f / 32768), -1);
    assert_int_equal(encode_one(0.999f / 32768), 0);
    assert_int_equal(encode_one(-0.999f / 32768), 0);
    assert_int_equal(encode_one(-0.0f), 0);
    assert_int_equal(encode_one(1e-45f), 0);
}

static void test_pcm_saturates(void **state)
{
    assert_int_equal(encode_one(1.0f), 32767);
    assert_int_equal(encode_one(-1.0f), -32768);
    assert_int_equal(encode_one(32767.5f / 32768), 32767);
    assert_int_equal(encode_one(1.5f), 32767);
    assert_int_equal(encode_one(-1.5f), -32768);
    assert_int_equal(encode_one(3.4e38f), 32767);
    assert_int_equal(encode_one(-3.4e38f), -32768);
    assert_int_equal(encode_one(INFINITY), 32767);
    assert_int_equal(encode_one(-INFINITY), -32768);
}

static void test_pcm_nan_is_silence(void **state)
{
    assert_int_equal(encode_one(NAN), 0);
    assert_int_equal(encode_one(-NAN), 0);
    float samples[64];
    uint8_t wire[128], silence[128] = {0};
    for (unsigned i = 0; i < 64; i++)
        samples[i] = i % 2 ? NAN : -NAN;
    pcm_encode_l16(wire, samples, 64);
    assert_memory_equal(wire, silence, sizeof(wire));
}

// The same samples alone and in a run, so that the vector path equals the scalar one; odd addresses
// on the wire; nothing written behind the end.
static void test_pcm_any_count_and_alignment(void **state)
{
    float samples[70], decoded[71];
    for (unsigned i = 0; i < 70; i++)
        samples[i] = (float)sin(i * 1.7) * 1.2f;
    samples[33] = NAN;
    for (size_t count = 0; count <= 70; count++) {
        for (size_t offset = 0; offset < 2; offset++) {
            uint8_t wire[2 + 140];
            memset(wire, 0x5a, sizeof(wire));
            pcm_encode_l16(wire + offset, samples, count);
            for (size_t i = 0; i < count; i++)
                assert_int_equal((int16_t)(wire[offset + 2 * i] << 8 | wire[offset + 2 * i + 1]),
                                 encode_one(samples[i]));
            assert_int_equal(wire[offset + 2 * count], 0x5a);

            decoded[count] = 42.0f;
            pcm_decode_l16(decoded, wire + offset, count);
            for (size_t i = 0; i < count; i++)
                assert_true(decoded[i] == (float)encode_one(samples[i]) / 32768);
            assert_true(decoded[count] == 42.0f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcm_every_16_bit_sample_survives_both_ways),
        cmocka_unit_test(test_pcm_truncates_toward_zero),
        cmocka_unit_test(test_pcm_saturates),
        cmocka_unit_test(test_pcm_nan_is_silence),
        cmocka_unit_test(test_pcm_any_count_and_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
