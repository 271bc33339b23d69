// SPDX-License-Identifier: MPL-2.0

#include "api/encoding_ext.h"

#include <errno.h>

#include "api/context.h"
#include "base/log.h"

int packet_format_parse(enum pcm_format *out, roc_packet_format format)
{
    switch (format) {
    case ROC_PACKET_FORMAT_L16:
        *out = PCM_L16;
        return 0;
    case ROC_PACKET_FORMAT_L24:
        *out = PCM_L24;
        return 0;
    case ROC_PACKET_FORMAT_F32:
        *out = PCM_F32;
        return 0;
    }
    return -EINVAL;
}

// 0 for an unknown layout.
static unsigned count_channels(const roc_encoding_ext *encoding)
{
    switch (encoding->layout) {
    case ROC_CHANNEL_LAYOUT_EXT_MULTITRACK:
        return encoding->tracks <= AUDIO_MAX_CHANNELS ? encoding->tracks : 0;
    case ROC_CHANNEL_LAYOUT_EXT_MONO:
        return 1;
    case ROC_CHANNEL_LAYOUT_EXT_STEREO:
        return 2;
    case ROC_CHANNEL_LAYOUT_EXT_SURROUND_5_1:
        return 6;
    case ROC_CHANNEL_LAYOUT_EXT_SURROUND_7_1:
        return 8;
    }
    return 0;
}

int encoding_ext_parse(struct audio_encoding *out, const roc_encoding_ext *encoding)
{
    struct audio_encoding parsed = {
        .rate_hz = encoding->rate,
        .channels = count_channels(encoding),
        .is_multitrack = encoding->layout == ROC_CHANNEL_LAYOUT_EXT_MULTITRACK,
    };
    if (packet_format_parse(&parsed.format, encoding->format) != 0 || parsed.rate_hz == 0 ||
        parsed.rate_hz > AUDIO_MAX_RATE_HZ || parsed.channels == 0)
        return -EINVAL;
    if (!parsed.is_multitrack && encoding->tracks != 0)
        return -EINVAL;
    *out = parsed;
    return 0;
}

int roc_context_register_encoding_ext(roc_context *context, int encoding_id,
                                      const roc_encoding_ext *encoding)
{
    const char *const name = "roc_context_register_encoding_ext";
    struct audio_encoding parsed;
    if (context == NULL || encoding == NULL) {
        log_error("api", "%s: context or encoding is NULL", name);
        return -1;
    }
    if (encoding_ext_parse(&parsed, encoding) != 0) {
        log_error("api",
                  "%s: encoding %d has format %d, rate %u, layout %d, tracks %u; use formats and "
                  "layouts of roc/encoding_ext.h, a rate up to 1 MHz, and 1..1024 tracks with "
                  "multitrack only",
                  name, encoding_id, (int)encoding->format, encoding->rate, (int)encoding->layout,
                  encoding->tracks);
        return -1;
    }
    return context_register(context, encoding_id, &parsed, name);
}
