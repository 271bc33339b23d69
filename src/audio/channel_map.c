// SPDX-License-Identifier: MPL-2.0

#include "audio/channel_map.h"

#include <string.h>

static void copy_mono_to_stereo(float *restrict out, const float *restrict in, size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        out[2 * i] = in[i];
        out[2 * i + 1] = in[i];
    }
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
    if (out_channels == in_channels) {
        if (out != in && frames > 0)
            memcpy(out, in, frames * in_channels * sizeof(*out));
    } else if (in_channels == 1 && out_channels == 2) {
        copy_mono_to_stereo(out, in, frames);
    } else if (in_channels == 2 && out_channels == 1) {
        average_stereo_to_mono(out, in, frames);
    } else {
        channel_copy(out, out_channels, in, in_channels, frames);
    }
}
