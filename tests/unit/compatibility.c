// SPDX-License-Identifier: MPL-2.0
//
// A program as people write it for Roc Toolkit 0.4: every function, with the public headers and the
// shared library only, compiled as C and as C++. Exits with 0 when all did what it should.

#include "compatibility.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

#define FRAMES 441

static float samples[FRAMES * 2];
static int message_count;

static void count_message(const roc_log_message *message, void *argument)
{
    CHECK(message->text != NULL && message->module != NULL && message->level <= ROC_LOG_TRACE);
    CHECK(message->time != 0 && message->pid != 0);
    ++*(int *)argument;
}

static void check_version_and_log(void)
{
    roc_version version;
    roc_context *context = NULL;
    roc_version_load(&version);
    CHECK(version.major == ROC_VERSION_MAJOR && version.minor == ROC_VERSION_MINOR);
    CHECK(version.patch == ROC_VERSION_PATCH && version.code == ROC_VERSION);
    roc_log_set_level(ROC_LOG_ERROR);
    roc_log_set_handler(count_message, &message_count);
    CHECK(roc_context_open(NULL, &context) == -1);
    CHECK(message_count > 0);
    roc_log_set_handler(NULL, NULL);
    roc_log_set_level(ROC_LOG_NONE);
}

static void check_endpoint(void)
{
    roc_endpoint *endpoint = NULL;
    roc_protocol protocol;
    char text[64];
    size_t size = sizeof(text);
    int port = 0;
    CHECK(roc_endpoint_allocate(&endpoint) == 0);
    CHECK(roc_endpoint_set_uri(endpoint, "rtsp://example.org/path?query") == 0);
    CHECK(roc_endpoint_get_resource(endpoint, text, &size) == 0 &&
          strcmp(text, "/path?query") == 0);
    CHECK(roc_endpoint_set_resource(endpoint, NULL) == 0);
    CHECK(roc_endpoint_set_protocol(endpoint, ROC_PROTO_RTP) == 0);
    CHECK(roc_endpoint_set_host(endpoint, "127.0.0.1") == 0);
    CHECK(roc_endpoint_set_port(endpoint, 4100) == 0);
    CHECK(roc_endpoint_get_protocol(endpoint, &protocol) == 0 && protocol == ROC_PROTO_RTP);
    CHECK(roc_endpoint_get_port(endpoint, &port) == 0 && port == 4100);
    size = sizeof(text);
    CHECK(roc_endpoint_get_host(endpoint, text, &size) == 0 && strcmp(text, "127.0.0.1") == 0);
    size = sizeof(text);
    CHECK(roc_endpoint_get_uri(endpoint, text, &size) == 0);
    CHECK(strcmp(text, "rtp://127.0.0.1:4100") == 0);
    CHECK(roc_endpoint_deallocate(endpoint) == 0);
}

static roc_context *open_context(void)
{
    roc_context_config config;
    roc_media_encoding encoding;
    roc_context *context = NULL;
    memset(&config, 0, sizeof(config));
    memset(&encoding, 0, sizeof(encoding));
    CHECK(roc_context_open(&config, &context) == 0);
    encoding.rate = 48000;
    encoding.format = ROC_FORMAT_PCM_FLOAT32;
    encoding.channels = ROC_CHANNEL_LAYOUT_MULTITRACK;
    encoding.tracks = 4;
    CHECK(roc_context_register_encoding(context, 100, &encoding) == 0);
    return context;
}

static roc_sender_config sender_config(void)
{
    roc_sender_config config;
    memset(&config, 0, sizeof(config));
    config.frame_encoding.rate = 44100;
    config.frame_encoding.format = ROC_FORMAT_PCM_FLOAT32;
    config.frame_encoding.channels = ROC_CHANNEL_LAYOUT_STEREO;
    config.packet_encoding = ROC_PACKET_ENCODING_AVP_L16_STEREO;
    config.fec_encoding = ROC_FEC_ENCODING_RS8M;
    config.clock_source = ROC_CLOCK_SOURCE_EXTERNAL;
    return config;
}

static roc_receiver_config receiver_config(void)
{
    roc_receiver_config config;
    memset(&config, 0, sizeof(config));
    config.frame_encoding.rate = 44100;
    config.frame_encoding.format = ROC_FORMAT_PCM_FLOAT32;
    config.frame_encoding.channels = ROC_CHANNEL_LAYOUT_STEREO;
    config.clock_source = ROC_CLOCK_SOURCE_EXTERNAL;
    config.target_latency = 50000000;
    return config;
}

static void bind_and_connect(roc_receiver *receiver, roc_sender *sender, roc_interface iface,
                             const char *uri)
{
    roc_endpoint *endpoint = NULL;
    CHECK(roc_endpoint_allocate(&endpoint) == 0);
    CHECK(roc_endpoint_set_uri(endpoint, uri) == 0);
    CHECK(roc_receiver_bind(receiver, ROC_SLOT_DEFAULT, iface, endpoint) == 0);
    CHECK(roc_sender_connect(sender, ROC_SLOT_DEFAULT, iface, endpoint) == 0);
    CHECK(roc_endpoint_deallocate(endpoint) == 0);
}

static void check_network(roc_context *context)
{
    const roc_sender_config from = sender_config();
    const roc_receiver_config to = receiver_config();
    roc_interface_config local;
    roc_sender *sender = NULL;
    roc_receiver *receiver = NULL;
    roc_sender_metrics sent;
    roc_receiver_metrics received;
    roc_connection_metrics connections[2];
    size_t count = 2;
    roc_frame frame;
    memset(&local, 0, sizeof(local));
    frame.samples = samples;
    frame.samples_size = sizeof(samples);
    CHECK(roc_sender_open(context, &from, &sender) == 0);
    CHECK(roc_receiver_open(context, &to, &receiver) == 0);
    CHECK(roc_context_close(context) == -1);
    CHECK(roc_sender_configure(sender, ROC_SLOT_DEFAULT, ROC_INTERFACE_AUDIO_SOURCE, &local) == 0);
    CHECK(roc_receiver_configure(receiver, ROC_SLOT_DEFAULT, ROC_INTERFACE_AUDIO_SOURCE, &local) ==
          0);
    bind_and_connect(receiver, sender, ROC_INTERFACE_AUDIO_SOURCE, "rtp+rs8m://127.0.0.1:0");
    bind_and_connect(receiver, sender, ROC_INTERFACE_AUDIO_REPAIR, "rs8m://127.0.0.1:0");
    CHECK(roc_sender_write(sender, &frame) == 0);
    CHECK(roc_receiver_read(receiver, &frame) == 0);
    CHECK(roc_sender_query(sender, ROC_SLOT_DEFAULT, &sent, connections, &count) == 0);
    count = 2;
    CHECK(roc_receiver_query(receiver, ROC_SLOT_DEFAULT, &received, connections, &count) == 0);
    CHECK(count == received.connection_count);
    CHECK(roc_sender_unlink(sender, ROC_SLOT_DEFAULT) == 0);
    CHECK(roc_receiver_unlink(receiver, ROC_SLOT_DEFAULT) == 0);
    CHECK(roc_sender_close(sender) == 0);
    CHECK(roc_receiver_close(receiver) == 0);
}

static void carry(roc_sender_encoder *encoder, roc_receiver_decoder *decoder, roc_interface iface)
{
    static unsigned char bytes[2048];
    roc_packet packet;
    packet.bytes = bytes;
    packet.bytes_size = sizeof(bytes);
    while (roc_sender_encoder_pop_packet(encoder, iface, &packet) == 0) {
        CHECK(roc_receiver_decoder_push_packet(decoder, iface, &packet) == 0);
        packet.bytes_size = sizeof(bytes);
    }
    while (iface == ROC_INTERFACE_AUDIO_CONTROL &&
           roc_receiver_decoder_pop_feedback_packet(decoder, iface, &packet) == 0) {
        CHECK(roc_sender_encoder_push_feedback_packet(encoder, iface, &packet) == 0);
        packet.bytes_size = sizeof(bytes);
    }
}

static void pass_sound(roc_sender_encoder *encoder, roc_receiver_decoder *decoder)
{
    roc_frame frame;
    int loud = 0;
    int i;
    frame.samples = samples;
    frame.samples_size = sizeof(samples);
    for (i = 0; i < 50; i++) {
        int j;
        for (j = 0; j < FRAMES * 2; j++)
            samples[j] = 0.25f;
        CHECK(roc_sender_encoder_push_frame(encoder, &frame) == 0);
        carry(encoder, decoder, ROC_INTERFACE_AUDIO_SOURCE);
        carry(encoder, decoder, ROC_INTERFACE_AUDIO_REPAIR);
        carry(encoder, decoder, ROC_INTERFACE_AUDIO_CONTROL);
        CHECK(roc_receiver_decoder_pop_frame(decoder, &frame) == 0);
        loud += samples[FRAMES] > 0.2f;
    }
    CHECK(loud > 25);
}

static void check_codec(roc_context *context)
{
    const roc_sender_config from = sender_config();
    const roc_receiver_config to = receiver_config();
    roc_sender_encoder *encoder = NULL;
    roc_receiver_decoder *decoder = NULL;
    roc_sender_metrics sent;
    roc_receiver_metrics received;
    roc_connection_metrics connection;
    CHECK(roc_sender_encoder_open(context, &from, &encoder) == 0);
    CHECK(roc_receiver_decoder_open(context, &to, &decoder) == 0);
    CHECK(roc_sender_encoder_activate(encoder, ROC_INTERFACE_AUDIO_SOURCE,
                                      ROC_PROTO_RTP_RS8M_SOURCE) == 0);
    CHECK(roc_sender_encoder_activate(encoder, ROC_INTERFACE_AUDIO_REPAIR, ROC_PROTO_RS8M_REPAIR) ==
          0);
    CHECK(roc_sender_encoder_activate(encoder, ROC_INTERFACE_AUDIO_CONTROL, ROC_PROTO_RTCP) == 0);
    CHECK(roc_receiver_decoder_activate(decoder, ROC_INTERFACE_AUDIO_SOURCE,
                                        ROC_PROTO_RTP_RS8M_SOURCE) == 0);
    CHECK(roc_receiver_decoder_activate(decoder, ROC_INTERFACE_AUDIO_REPAIR,
                                        ROC_PROTO_RS8M_REPAIR) == 0);
    CHECK(roc_receiver_decoder_activate(decoder, ROC_INTERFACE_AUDIO_CONTROL, ROC_PROTO_RTCP) == 0);
    pass_sound(encoder, decoder);
    CHECK(roc_sender_encoder_query(encoder, &sent, &connection) == 0);
    CHECK(roc_receiver_decoder_query(decoder, &received, &connection) == 0);
    CHECK(received.connection_count == 1);
    CHECK(roc_sender_encoder_close(encoder) == 0);
    CHECK(roc_receiver_decoder_close(decoder) == 0);
}

int main(void)
{
    roc_context *context;
    check_version_and_log();
    check_endpoint();
    context = open_context();
    check_network(context);
    check_codec(context);
    CHECK(ROC_SLOT_DEFAULT == 0);
    CHECK(roc_context_close(context) == 0);
    return 0;
}
