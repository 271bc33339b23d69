// SPDX-License-Identifier: MPL-2.0

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/pcm.h"
#include "base/random.h"

#define COUNT 65536

static void write_word(uint8_t *wire, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        wire[i] = (uint8_t)(word >> (24 - 8 * i));
}

static float decode_word(uint32_t word)
{
    uint8_t wire[4];
    float sample;
    write_word(wire, word);
    pcm_decode_f32(&sample, wire, 1);
    return sample;
}

static float decode_float(float sample)
{
    uint32_t word;
    memcpy(&word, &sample, sizeof(word));
    return decode_word(word);
}

static float pass_one(float sample)
{
    uint8_t wire[4];
    pcm_encode_f32(wire, &sample, 1);
    pcm_decode_f32(&sample, wire, 1);
    return sample;
}

static void test_pcm_f32_is_big_endian(void **state)
{
    uint8_t wire[4];
    pcm_encode_f32(wire, (const float[]){-0.5f}, 1);
    assert_memory_equal(wire, "\xbf\x00\x00\x00", 4);
    assert_true(decode_word(0x3f400000) == 0.75f);
}

static void test_pcm_f32_passes_floats_bit_exact(void **state)
{
    static float samples[COUNT], decoded[COUNT];
    static uint8_t wire[COUNT * 4];
    const unsigned seed = random_u32();
    printf("seed %u\n", seed);
    srand(seed);
    for (unsigned i = 0; i < COUNT; i++)
        samples[i] = (float)ldexp((double)rand() / RAND_MAX * 2 - 1, -(rand() % 100));
    samples[0] = 1.0f;
    samples[1] = -1.0f;
    samples[2] = FLT_MIN;
    pcm_encode_f32(wire, samples, COUNT);
    pcm_decode_f32(decoded, wire, COUNT);
    assert_memory_equal(decoded, samples, sizeof(samples));
}

static void test_pcm_f32_saturates_what_is_too_loud(void **state)
{
    assert_true(pass_one(1.5f) == 1.0f);
    assert_true(pass_one(-1.5f) == -1.0f);
    assert_true(pass_one(INFINITY) == 1.0f);
    assert_true(pass_one(-INFINITY) == -1.0f);
    assert_true(pass_one(3e38f) == 1.0f);
    assert_true(pass_one(NAN) == 0.0f);
    // A peer that does not clip.
    assert_true(decode_float(1.5f) == 1.0f);
    assert_true(decode_float(-15.9f) == -1.0f);
}

static void test_pcm_f32_silences_what_is_no_sound(void **state)
{
    const uint32_t words[] = {
        0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, // NaN
        0x7f800000, 0xff800000,                                                 // infinite
        0x7f7fffff, 0xff7fffff, 0x7e967699, 0x41800001, 0xc1800001,             // too large
        0x00000001, 0x80000001, 0x007fffff, 0x807fffff,                         // too small
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        assert_true(decode_word(words[i]) == 0.0f);
}

// Any bytes at all, alone and in a run: the vector path equals the scalar one, and nothing leaves
// the range.
static void test_pcm_f32_hostile_bytes_stay_in_range(void **state)
{
    const unsigned seed = random_u32();
    printf("seed %u\n", seed);
    srand(seed);
    for (size_t round = 0; round < 2000; round++) {
        const size_t count = (size_t)rand() % 23 + 1, offset = (size_t)rand() % 4;
        uint8_t *wire = malloc(offset + count * 4);
        float *decoded = malloc(count * sizeof(float));
        assert_non_null(wire);
        assert_non_null(decoded);
        for (size_t i = 0; i < offset + count * 4; i++)
            wire[i] = (uint8_t)(rand() >> 3);
        pcm_decode_f32(decoded, wire + offset, count);
        for (size_t i = 0; i < count; i++) {
            float alone;
            pcm_decode_f32(&alone, wire + offset + 4 * i, 1);
            assert_true(decoded[i] == alone);
            assert_true(fabsf(alone) <= 1.0f && (alone == 0 || isnormal(alone)));
        }
        pcm_encode_f32(wire + offset, decoded, count);
        for (size_t i = 0; i < count; i++) {
            uint8_t alone[4];
            pcm_encode_f32(alone, decoded + i, 1);
            assert_memory_equal(alone, wire + offset + 4 * i, 4);
        }
        free(wire);
        free(decoded);
    }
}

static void test_pcm_codec_knows_the_sizes(void **state)
{
    const unsigned sizes[] = {[PCM_L16] = 2, [PCM_L24] = 3, [PCM_F32] = 4};
    for (unsigned format = 0; format < 3; format++) {
        const struct audio_encoding encoding = {.channels = 7, .format = (enum pcm_format)format};
        assert_int_equal(pcm_codec_get((enum pcm_format)format)->sample_size, sizes[format]);
        assert_int_equal(audio_encoding_frame_size(&encoding), 7 * sizes[format]);
    }
    assert_null(pcm_codec_get((enum pcm_format)3));
    assert_null(pcm_codec_get((enum pcm_format) - 1));
    const struct audio_encoding unknown = {.channels = 2, .format = (enum pcm_format)77};
    assert_int_equal(audio_encoding_frame_size(&unknown), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcm_f32_is_big_endian),
        cmocka_unit_test(test_pcm_f32_passes_floats_bit_exact),
        cmocka_unit_test(test_pcm_f32_saturates_what_is_too_loud),
        cmocka_unit_test(test_pcm_f32_silences_what_is_no_sound),
        cmocka_unit_test(test_pcm_f32_hostile_bytes_stay_in_range),
        cmocka_unit_test(test_pcm_codec_knows_the_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
