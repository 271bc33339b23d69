// SPDX-License-Identifier: MPL-2.0

#include "audio/pcm.h"

static const struct pcm_codec codecs[] = {
    [PCM_L16] = {PCM_L16_SAMPLE_SIZE, pcm_encode_l16, pcm_decode_l16},
    [PCM_L24] = {PCM_L24_SAMPLE_SIZE, pcm_encode_l24, pcm_decode_l24},
    [PCM_F32] = {PCM_F32_SAMPLE_SIZE, pcm_encode_f32, pcm_decode_f32},
};

const struct pcm_codec *pcm_codec_get(enum pcm_format format)
{
    return (unsigned)format < sizeof(codecs) / sizeof(*codecs) ? &codecs[format] : NULL;
}

uint64_t audio_encoding_frame_size(const struct audio_encoding *encoding)
{
    const struct pcm_codec *codec = pcm_codec_get(encoding->format);
    return codec ? (uint64_t)encoding->channels * codec->sample_size : 0;
}
