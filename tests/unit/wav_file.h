// SPDX-License-Identifier: MPL-2.0
//
// Writes WAV files of 16-bit samples for tests that play them.

#ifndef ROC_TESTS_WAV_FILE_H
#define ROC_TESTS_WAV_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static inline void wav_write_u32(FILE *file, uint32_t value)
{
    unsigned char bytes[] = {(unsigned char)value, (unsigned char)(value >> 8),
                             (unsigned char)(value >> 16), (unsigned char)(value >> 24)};
    assert_int_equal(fwrite(bytes, 1, 4, file), 4);
}

// Sample number i, over all channels, is first + i * step, wrapped to 16 bits.
static inline void wav_file_write(const char *path, unsigned rate_hz, unsigned channels,
                                  unsigned frames, int first, int step)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    uint32_t size = frames * channels * 2;
    fwrite("RIFF", 1, 4, file);
    wav_write_u32(file, 36 + size);
    fwrite("WAVEfmt ", 1, 8, file);
    wav_write_u32(file, 16);
    wav_write_u32(file, 1 | channels << 16);
    wav_write_u32(file, rate_hz);
    wav_write_u32(file, rate_hz * channels * 2);
    wav_write_u32(file, channels * 2 | 16u << 16);
    fwrite("data", 1, 4, file);
    wav_write_u32(file, size);
    for (unsigned i = 0; i < frames * channels; i++)
        fwrite(&(int16_t){(int16_t)(first + (int)i * step)}, 2, 1, file);
    assert_int_equal(fclose(file), 0);
}

#endif
