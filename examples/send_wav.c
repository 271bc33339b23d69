// SPDX-License-Identifier: MPL-2.0
//
// Plays a sound file to a receiver, with FEC where a repair address is given:
//
//     send_wav FILE rtp://HOST:PORT
//     send_wav FILE rtp+rs8m://HOST:PORT rs8m://HOST:PORT
//     send_wav FILE rtp+ldpc://HOST:PORT ldpc://HOST:PORT
//
// A receiver knows 44100 Hz mono and stereo by itself. For files of any other format both sides
// have to register the same packet encoding under the same number, as use_encoding does below.

#include <roc/context.h>
#include <roc/endpoint.h>
#include <roc/log.h>
#include <roc/sender.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES            480 // samples of each channel in a frame
#define CUSTOM_ENCODING   100
#define BUILT_IN_RATE     44100
#define MAX_FILE_CHANNELS 1024

static int fail(const char *what)
{
    fprintf(stderr, "send_wav: %s\n", what);
    return -1;
}

// Describes the sound of the file, and names or registers an encoding of packets that holds it.
static int use_encoding(roc_context *context, roc_sender_config *config, const SF_INFO *info)
{
    roc_media_encoding *encoding = &config->frame_encoding;
    encoding->rate = (unsigned)info->samplerate;
    encoding->format = ROC_FORMAT_PCM_FLOAT32;
    if (info->channels == 1) {
        encoding->channels = ROC_CHANNEL_LAYOUT_MONO;
    } else if (info->channels == 2) {
        encoding->channels = ROC_CHANNEL_LAYOUT_STEREO;
    } else {
        encoding->channels = ROC_CHANNEL_LAYOUT_MULTITRACK;
        encoding->tracks = (unsigned)info->channels;
    }
    if (info->samplerate == BUILT_IN_RATE && info->channels <= 2) {
        config->packet_encoding = info->channels == 1 ? ROC_PACKET_ENCODING_AVP_L16_MONO
                                                      : ROC_PACKET_ENCODING_AVP_L16_STEREO;
        return 0;
    }
    config->packet_encoding = CUSTOM_ENCODING;
    return roc_context_register_encoding(context, CUSTOM_ENCODING, encoding);
}

static int connect_to(roc_sender *sender, roc_interface iface, const char *uri)
{
    roc_endpoint *endpoint = NULL;
    if (roc_endpoint_allocate(&endpoint) != 0)
        return -1;
    int code = roc_endpoint_set_uri(endpoint, uri);
    if (code == 0)
        code = roc_sender_connect(sender, ROC_SLOT_DEFAULT, iface, endpoint);
    roc_endpoint_deallocate(endpoint);
    return code;
}

// The library's clock makes roc_sender_write() take as long as the sound does.
static int play(roc_sender *sender, SNDFILE *file, int channels)
{
    float *samples = malloc(sizeof(float) * FRAMES * (size_t)channels);
    if (samples == NULL)
        return fail("out of memory");
    int code = 0;
    sf_count_t count;
    while (code == 0 && (count = sf_readf_float(file, samples, FRAMES)) > 0) {
        const roc_frame frame = {
            .samples = samples,
            .samples_size = (size_t)count * (size_t)channels * sizeof(float),
        };
        code = roc_sender_write(sender, &frame);
    }
    free(samples);
    return code;
}

// The protocol of the repair packets says which FEC they carry.
static roc_fec_encoding fec_of(const char *repair_uri)
{
    if (repair_uri == NULL)
        return ROC_FEC_ENCODING_DISABLE;
    return strncmp(repair_uri, "ldpc:", 5) == 0 ? ROC_FEC_ENCODING_LDPC_STAIRCASE
                                                : ROC_FEC_ENCODING_RS8M;
}

static int run(roc_context *context, SNDFILE *file, const SF_INFO *info, char **uris)
{
    roc_sender_config config = {
        .clock_source = ROC_CLOCK_SOURCE_INTERNAL,
        .fec_encoding = fec_of(uris[1]),
    };
    roc_sender *sender = NULL;
    if (use_encoding(context, &config, info) != 0 ||
        roc_sender_open(context, &config, &sender) != 0)
        return fail("cannot make a sender for this file");

    int code = connect_to(sender, ROC_INTERFACE_AUDIO_SOURCE, uris[0]);
    if (code == 0 && uris[1] != NULL)
        code = connect_to(sender, ROC_INTERFACE_AUDIO_REPAIR, uris[1]);
    if (code == 0)
        code = play(sender, file, info->channels);
    else
        fail("cannot connect");
    roc_sender_close(sender);
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: send_wav FILE SOURCE_URI [REPAIR_URI]\n");
        return 2;
    }
    SF_INFO info = {0};
    SNDFILE *file = sf_open(argv[1], SFM_READ, &info);
    if (file == NULL || info.channels > MAX_FILE_CHANNELS) {
        fprintf(stderr, "send_wav: cannot read %s: %s\n", argv[1], sf_strerror(file));
        return 1;
    }
    roc_log_set_level(ROC_LOG_INFO);
    const roc_context_config context_config = {0};
    roc_context *context = NULL;
    int code = roc_context_open(&context_config, &context);
    if (code == 0) {
        // argv ends with a NULL, so the second URI may be one.
        code = run(context, file, &info, argv + 2);
        roc_context_close(context);
    }
    sf_close(file);
    return code == 0 ? 0 : 1;
}
