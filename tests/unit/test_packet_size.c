// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "stream/packet_size.h"

#define MS 1000000

struct expectation {
    struct packet_size_config config;
    unsigned samples;
    size_t datagram_size;
};

static void check(const struct expectation *expected)
{
    struct packet_size size;
    assert_int_equal(packet_size_compute(&size, &expected->config), 0);
    assert_int_equal(size.samples, expected->samples);
    assert_int_equal(size.datagram_size, expected->datagram_size);
}

static void test_packet_samples_equal_those_of_peers(void **state)
{
    static const struct {
        int64_t length_ns;
        unsigned samples;
    } table[] = {{100000, 4},     {1000000, 44},  {2000000, 88},  {2500000, 110},
                 {3000000, 132},  {5000000, 221}, {7000000, 309}, {10000000, 441},
                 {20000000, 882}, {0, 0},         {-5000000, 0},  {1000, 0}};
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        assert_int_equal(packet_samples(table[i].length_ns, 44100), table[i].samples);
    assert_int_equal(packet_samples(5000000, 48000), 240);
    assert_int_equal(packet_samples(INT64_MAX, UINT32_MAX), UINT32_MAX);
}

static void test_packet_size_that_fits_stays_as_it_is(void **state)
{
    const struct expectation table[] = {
        {{{10, 44100, 2, false, PCM_L16}, 5 * MS, FEC_NONE, 1472}, 221, 12 + 884},
        {{{10, 44100, 2, false, PCM_L16}, 5 * MS, FEC_RS8M, 1472}, 221, 12 + 884 + 6},
        {{{10, 44100, 2, false, PCM_L16}, 5 * MS, FEC_LDPC, 1472}, 221, 12 + 884 + 8},
        {{{10, 44100, 2, false, PCM_L16}, 7 * MS, FEC_RS8M, 1472}, 309, 12 + 1236 + 6},
        {{{10, 44100, 2, false, PCM_L16}, 10 * MS, FEC_NONE, 2048}, 441, 12 + 1764},
        {{{96, 48000, 2, false, PCM_L24}, 5 * MS, FEC_RS8M, 1472}, 240, 12 + 1440 + 6},
        {{{11, 44100, 1, false, PCM_L16}, 5 * MS, FEC_NONE, 12 + 442}, 221, 12 + 442},
        {{{96, 192000, 1024, true, PCM_F32}, 5 * MS, FEC_NONE, 1 << 20}, 15, 12 + 15 * 4096},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        check(&table[i]);
}

static void test_packet_size_splits_into_equal_parts(void **state)
{
    const struct expectation table[] = {
        {{{10, 44100, 2, false, PCM_L16}, 10 * MS, FEC_NONE, 1472}, 221, 12 + 884},
        {{{11, 44100, 1, false, PCM_L16}, 5 * MS, FEC_NONE, 12 + 441}, 111, 12 + 222},
        {{{96, 48000, 2, false, PCM_L24}, 5 * MS, FEC_RS8M, 1452}, 120, 12 + 720 + 6},
        {{{96, 48000, 2, false, PCM_F32}, 5 * MS, FEC_RS8M, 1472}, 120, 12 + 960 + 6},
        {{{96, 48000, 8, false, PCM_L24}, 5 * MS, FEC_LDPC, 1472}, 60, 12 + 1440 + 8},
        {{{96, 192000, 2, false, PCM_F32}, 5 * MS, FEC_NONE, 1472}, 160, 12 + 1280},
        {{{96, 44100, 364, true, PCM_F32}, 5 * MS, FEC_NONE, 12 + 1456}, 1, 12 + 1456},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        check(&table[i]);
}

static void test_packet_size_refuses_what_has_no_size(void **state)
{
    const struct packet_size_config table[] = {
        {{96, 192000, 1024, true, PCM_F32}, 5 * MS, FEC_NONE, 1472},
        {{96, 44100, 364, true, PCM_F32}, 5 * MS, FEC_NONE, 12 + 1455},
        {{96, 44100, 364, true, PCM_F32}, 5 * MS, FEC_RS8M, 12 + 1456},
        {{96, 44100, UINT32_MAX, true, PCM_F32}, 5 * MS, FEC_NONE, SIZE_MAX},
        {{96, 44100, 0, false, PCM_L16}, 5 * MS, FEC_NONE, 1472},
        {{96, 44100, 2, false, (enum pcm_format)7}, 5 * MS, FEC_NONE, 1472},
        {{96, 44100, 2, false, PCM_L16}, 0, FEC_NONE, 1472},
        {{96, 44100, 2, false, PCM_L16}, -1, FEC_NONE, 1472},
        {{96, 44100, 2, false, PCM_L16}, 1000, FEC_NONE, 1472},
        {{96, 44100, 2, false, PCM_L16}, 1000 * MS + 1, FEC_NONE, 1472},
        {{96, 44100, 2, false, PCM_L16}, INT64_MAX, FEC_NONE, 1472},
        {{96, 44100, 2, false, PCM_L16}, 5 * MS, FEC_NONE, 0},
        {{96, 44100, 2, false, PCM_L16}, 5 * MS, FEC_RS8M, 18},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct packet_size size;
        assert_int_equal(packet_size_compute(&size, &table[i]), -EINVAL);
    }
}

static void test_packet_size_never_exceeds_the_limit(void **state)
{
    const unsigned seed = random_u32();
    const unsigned rates[] = {8000, 11025, 44100, 48000, 96000, 192000};
    printf("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 20000; round++) {
        const struct packet_size_config config = {
            .encoding = {96, rates[rand() % 6], (unsigned)rand() % 1024 + 1, false,
                         (enum pcm_format)(rand() % 3)},
            .packet_length_ns = rand() % (40 * MS) + MS,
            .fec = (enum fec_scheme)(rand() % 3),
            .max_datagram_size = (size_t)rand() % 9000,
        };
        struct packet_size size;
        const unsigned wanted = packet_samples(config.packet_length_ns, config.encoding.rate_hz);
        const uint64_t frame_size = audio_encoding_frame_size(&config.encoding);
        if (packet_size_compute(&size, &config) != 0) {
            assert_true(12 + frame_size + 8 > config.max_datagram_size);
            continue;
        }
        assert_true(size.datagram_size <= config.max_datagram_size);
        assert_true(size.samples >= 1 && size.samples <= wanted);
        // Not needlessly short: half of the room is used at least, or the length is whole.
        assert_true(size.samples == wanted ||
                    (2 * size.samples + 1) * frame_size + 20 > config.max_datagram_size);
        assert_int_equal(size.rtp_size, 12 + size.samples * frame_size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packet_samples_equal_those_of_peers),
        cmocka_unit_test(test_packet_size_that_fits_stays_as_it_is),
        cmocka_unit_test(test_packet_size_splits_into_equal_parts),
        cmocka_unit_test(test_packet_size_refuses_what_has_no_size),
        cmocka_unit_test(test_packet_size_never_exceeds_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
