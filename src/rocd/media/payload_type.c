// SPDX-License-Identifier: MPL-2.0
#include "media/payload_type.h"

#define L16_STEREO    10
#define L16_MONO      11
#define L16_OTHER     95 // RFC 3551 section 3: unassigned numbers may serve as dynamic ones
#define DYNAMIC_FIRST 96
#define L24_ANY       126
#define F32_ANY       127

// Part of the contract between peers: never changed.
static const struct payload_format dynamic[] = {
    {48000, 2}, {48000, 1}, {96000, 2},  {96000, 1},  {192000, 2}, {192000, 1},
    {88200, 2}, {88200, 1}, {176400, 2}, {176400, 1}, {32000, 2},  {32000, 1},
    {24000, 2}, {24000, 1}, {22050, 2},  {22050, 1},  {16000, 2},  {16000, 1},
    {12000, 2}, {12000, 1}, {11025, 2},  {11025, 1},  {8000, 2},   {8000, 1},
    {48000, 4}, {48000, 6}, {48000, 8},  {44100, 4},  {44100, 6},  {44100, 8},
};

_Static_assert(sizeof(dynamic) / sizeof(dynamic[0]) <= L24_ANY - DYNAMIC_FIRST,
               "the table ends before l24");

const struct payload_format *payload_type_table(size_t *count)
{
    *count = sizeof(dynamic) / sizeof(dynamic[0]);
    return dynamic;
}

static int get_l16(unsigned rate_hz, unsigned channels)
{
    if (rate_hz == 44100 && channels == 2)
        return L16_STEREO;
    if (rate_hz == 44100 && channels == 1)
        return L16_MONO;
    for (size_t i = 0; i < sizeof(dynamic) / sizeof(dynamic[0]); i++) {
        if (dynamic[i].rate_hz == rate_hz && dynamic[i].channels == channels)
            return DYNAMIC_FIRST + (int)i;
    }
    return L16_OTHER;
}

int payload_type_get(enum transport_encoding encoding, unsigned rate_hz, unsigned channels)
{
    switch (encoding) {
    case TRANSPORT_L24:
        return L24_ANY;
    case TRANSPORT_F32:
        return F32_ANY;
    case TRANSPORT_L16:
        break;
    }
    return get_l16(rate_hz, channels);
}

roc_packet_format payload_format_get(enum transport_encoding encoding)
{
    switch (encoding) {
    case TRANSPORT_L24:
        return ROC_PACKET_FORMAT_L24;
    case TRANSPORT_F32:
        return ROC_PACKET_FORMAT_F32;
    case TRANSPORT_L16:
        break;
    }
    return ROC_PACKET_FORMAT_L16;
}
