// SPDX-License-Identifier: MPL-2.0
//
// What tests of the encoder and the decoder share.

#ifndef ROC_TESTS_CODEC_FIXTURE_H
#define ROC_TESTS_CODEC_FIXTURE_H

#include "api_fixture.h"
#include "roc/receiver_decoder.h"
#include "roc/sender_encoder.h"

#define CODEC_FRAMES      221 // of a default packet
#define CODEC_PACKET_SIZE 2048

static const roc_interface codec_control API_UNUSED = ROC_INTERFACE_AUDIO_CONTROL;

static inline roc_sender_encoder *codec_encoder(roc_context *context,
                                                const roc_sender_config *config)
{
    roc_sender_encoder *encoder = NULL;
    assert_int_equal(roc_sender_encoder_open(context, config, &encoder), 0);
    assert_non_null(encoder);
    return encoder;
}

static inline roc_receiver_decoder *codec_decoder(roc_context *context,
                                                  const roc_receiver_config *config)
{
    roc_receiver_decoder *decoder = NULL;
    assert_int_equal(roc_receiver_decoder_open(context, config, &decoder), 0);
    assert_non_null(decoder);
    return decoder;
}

static inline void codec_activate_rs8m(roc_sender_encoder *encoder, roc_receiver_decoder *decoder)
{
    assert_int_equal(roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE),
                     0);
    assert_int_equal(roc_sender_encoder_activate(encoder, api_repair, ROC_PROTO_RS8M_REPAIR), 0);
    if (decoder == NULL)
        return;
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE),
                     0);
    assert_int_equal(roc_receiver_decoder_activate(decoder, api_repair, ROC_PROTO_RS8M_REPAIR), 0);
}

static inline int codec_push(roc_sender_encoder *encoder, const float *samples, size_t count)
{
    const roc_frame frame = {.samples = (void *)(uintptr_t)samples,
                             .samples_size = count * sizeof(*samples)};
    return roc_sender_encoder_push_frame(encoder, &frame);
}

static inline int codec_pop(roc_receiver_decoder *decoder, float *samples, size_t count)
{
    roc_frame frame = {.samples = samples, .samples_size = count * sizeof(*samples)};
    return roc_receiver_decoder_pop_frame(decoder, &frame);
}

// 16-bit values, so that they arrive bit-exact; never zero.
static inline void codec_fill(float *samples, size_t count, unsigned *position)
{
    for (size_t i = 0; i < count; i++, ++*position)
        samples[i] = (float)((int)(*position % 30000) + 1) / 32768.0f;
}

struct codec_bytes {
    uint8_t data[CODEC_PACKET_SIZE];
    size_t size;
};

static inline bool codec_pop_packet(roc_sender_encoder *encoder, roc_interface iface,
                                    struct codec_bytes *out)
{
    roc_packet packet = {.bytes = out->data, .bytes_size = sizeof(out->data)};
    if (roc_sender_encoder_pop_packet(encoder, iface, &packet) != 0)
        return false;
    out->size = packet.bytes_size;
    return true;
}

static inline unsigned codec_count(roc_sender_encoder *encoder, roc_interface iface)
{
    struct codec_bytes bytes;
    unsigned count = 0;
    while (codec_pop_packet(encoder, iface, &bytes))
        count++;
    return count;
}

static inline int codec_push_packet(roc_receiver_decoder *decoder, roc_interface iface,
                                    const struct codec_bytes *bytes)
{
    const roc_packet packet = {.bytes = (void *)(uintptr_t)bytes->data, .bytes_size = bytes->size};
    return roc_receiver_decoder_push_packet(decoder, iface, &packet);
}

#endif
