// SPDX-License-Identifier: MPL-2.0

#include "audio/channel_map.h"

#include <string.h>

#define MAX_SURROUND 8
#define CENTRE       2

// Square root of one half: the same power from two loudspeakers as from one.
#define C 0.70710678f

// Sums of the rows.
#define STEREO_51 (1 + 2 * C)
#define STEREO_71 (2 + C)
#define MONO_51   (2 + 2 * C)
#define MONO_71   (1 + 4 * C)

// A row for each output, a column for each input; columns beyond the inputs are 0.
struct surround_map {
    unsigned out_channels, in_channels;
    float weights[6][MAX_SURROUND];
};

static const struct surround_map surround_maps[] = {
    {1, 6, {{C / MONO_51, C / MONO_51, 1 / MONO_51, 0, 0.5f / MONO_51, 0.5f / MONO_51}}},
    {2,
     6,
     {{1 / STEREO_51, 0, C / STEREO_51, 0, C / STEREO_51, 0},
      {0, 1 / STEREO_51, C / STEREO_51, 0, 0, C / STEREO_51}}},
    {1,
     8,
     {{C / MONO_71, C / MONO_71, 1 / MONO_71, 0, C / 2 / MONO_71, C / 2 / MONO_71, C / 2 / MONO_71,
       C / 2 / MONO_71}}},
    {2,
     8,
     {{1 / STEREO_71, 0, C / STEREO_71, 0, 0.5f / STEREO_71, 0, 0.5f / STEREO_71, 0},
      {0, 1 / STEREO_71, C / STEREO_71, 0, 0, 0.5f / STEREO_71, 0, 0.5f / STEREO_71}}},
    {6,
     8,
     {{1},
      {0, 1},
      {0, 0, 1},
      {0, 0, 0, 1},
      {0, 0, 0, 0, 0.5f, 0, 0.5f, 0},
      {0, 0, 0, 0, 0, 0.5f, 0, 0.5f}}},
};

static const struct surround_map *find_map(unsigned out_channels, unsigned in_channels)
{
    for (size_t i = 0; i < sizeof(surround_maps) / sizeof(*surround_maps); i++) {
        if (surround_maps[i].out_channels == out_channels &&
            surround_maps[i].in_channels == in_channels)
            return &surround_maps[i];
    }
    return NULL;
}

static void mix(const struct surround_map *map, float *restrict out, const float *restrict in,
                size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        for (unsigned o = 0; o < map->out_channels; o++) {
            float sum = 0;
            for (unsigned c = 0; c < map->in_channels; c++)
                sum += map->weights[o][c] * in[c];
            out[o] = sum;
        }
        out += map->out_channels;
        in += map->in_channels;
    }
}

static void copy_mono_to_stereo(float *restrict out, const float *restrict in, size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        out[2 * i] = in[i];
        out[2 * i + 1] = in[i];
    }
}

static void copy_mono_to_centre(float *restrict out, unsigned out_channels,
                                const float *restrict in, size_t frames)
{
    memset(out, 0, frames * out_channels * sizeof(*out));
    for (size_t i = 0; i < frames; i++)
        out[i * out_channels + CENTRE] = in[i];
}

static void average_stereo_to_mono(float *restrict out, const float *restrict in, size_t frames)
{
    for (size_t i = 0; i < frames; i++)
        out[i] = (in[2 * i] + in[2 * i + 1]) * 0.5f;
}

void channel_copy(float *out, unsigned out_channels, const float *in, unsigned in_channels,
                  size_t frames)
{
    unsigned common = out_channels < in_channels ? out_channels : in_channels;
    for (size_t i = 0; i < frames; i++) {
        memcpy(out, in, common * sizeof(*out));
        memset(out + common, 0, (out_channels - common) * sizeof(*out));
        out += out_channels;
        in += in_channels;
    }
}

void channel_map(float *out, unsigned out_channels, const float *in, unsigned in_channels,
                 size_t frames)
{
    const struct surround_map *surround = find_map(out_channels, in_channels);
    if (out_channels == in_channels) {
        if (out != in && frames > 0)
            memcpy(out, in, frames * in_channels * sizeof(*out));
    } else if (in_channels == 1 && out_channels == 2) {
        copy_mono_to_stereo(out, in, frames);
    } else if (in_channels == 1 && (out_channels == 6 || out_channels == 8)) {
        copy_mono_to_centre(out, out_channels, in, frames);
    } else if (in_channels == 2 && out_channels == 1) {
        average_stereo_to_mono(out, in, frames);
    } else if (surround != NULL) {
        mix(surround, out, in, frames);
    } else {
        channel_copy(out, out_channels, in, in_channels, frames);
    }
}
