// SPDX-License-Identifier: MPL-2.0
#include "media/payload_type.h"

#include <errno.h>

#define L16_STEREO    10
#define L16_MONO      11
#define DYNAMIC_FIRST 96

// Part of the contract between peers: entries are added at the end, never moved or removed.
static const struct payload_format dynamic[] = {
    {48000, 2}, {48000, 1}, {96000, 2},  {96000, 1},  {192000, 2}, {192000, 1},
    {88200, 2}, {88200, 1}, {176400, 2}, {176400, 1}, {32000, 2},  {32000, 1},
    {24000, 2}, {24000, 1}, {22050, 2},  {22050, 1},  {16000, 2},  {16000, 1},
    {12000, 2}, {12000, 1}, {11025, 2},  {11025, 1},  {8000, 2},   {8000, 1},
    {48000, 4}, {48000, 6}, {48000, 8},  {44100, 4},  {44100, 6},  {44100, 8},
};

_Static_assert(sizeof(dynamic) / sizeof(dynamic[0]) <= 32, "payload types end at 127");

const struct payload_format *payload_type_table(size_t *count)
{
    *count = sizeof(dynamic) / sizeof(dynamic[0]);
    return dynamic;
}

int payload_type_get(unsigned rate_hz, unsigned channels)
{
    if (rate_hz == 44100 && channels == 2)
        return L16_STEREO;
    if (rate_hz == 44100 && channels == 1)
        return L16_MONO;
    for (size_t i = 0; i < sizeof(dynamic) / sizeof(dynamic[0]); i++) {
        if (dynamic[i].rate_hz == rate_hz && dynamic[i].channels == channels)
            return DYNAMIC_FIRST + (int)i;
    }
    return -ENOTSUP;
}
