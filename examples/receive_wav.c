// SPDX-License-Identifier: MPL-2.0
//
// Records what senders send for a number of seconds, as a WAV file of floats:
//
//     receive_wav [-r RATE] [-c CHANNELS] [-l LATENCY_MS] [-i] FILE SECONDS rtp://ADDRESS:PORT
//     receive_wav [...] FILE SECONDS rtp+rs8m://ADDRESS:PORT rs8m://ADDRESS:PORT
//     receive_wav [...] FILE SECONDS rtp+ldpc://ADDRESS:PORT ldpc://ADDRESS:PORT
//
// Port 0 takes any free port; the real addresses are printed, one on a line. The rate is 44100 Hz,
// which receivers know by themselves, unless -r says something else (see send_wav.c). Packets may
// have another number of channels than the file. With -i the latency is not held by resampling, and
// what is recorded is what was sent, bit by bit.

#include <roc/context.h>
#include <roc/endpoint.h>
#include <roc/log.h>
#include <roc/receiver.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FRAMES          480 // samples of each channel in a frame
#define CUSTOM_ENCODING 100
#define BUILT_IN_RATE   44100
#define MAX_URI_SIZE    256

struct options {
    unsigned rate;
    unsigned channels;
    unsigned latency_ms;
    roc_latency_tuner_profile profile;
    const char *file;
    unsigned seconds;
    char **uris; // source, and repair or NULL
};

static int fail(const char *what)
{
    fprintf(stderr, "receive_wav: %s\n", what);
    return -1;
}

static roc_media_encoding encoding_of(const struct options *options)
{
    roc_media_encoding encoding = {.rate = options->rate, .format = ROC_FORMAT_PCM_FLOAT32};
    if (options->channels == 1) {
        encoding.channels = ROC_CHANNEL_LAYOUT_MONO;
    } else if (options->channels == 2) {
        encoding.channels = ROC_CHANNEL_LAYOUT_STEREO;
    } else {
        encoding.channels = ROC_CHANNEL_LAYOUT_MULTITRACK;
        encoding.tracks = options->channels;
    }
    return encoding;
}

static int bind_to(roc_receiver *receiver, roc_interface iface, const char *uri)
{
    roc_endpoint *endpoint = NULL;
    char text[MAX_URI_SIZE];
    size_t size = sizeof(text);
    if (roc_endpoint_allocate(&endpoint) != 0)
        return -1;
    int code = roc_endpoint_set_uri(endpoint, uri);
    if (code == 0)
        code = roc_receiver_bind(receiver, ROC_SLOT_DEFAULT, iface, endpoint);
    // Binding has put the real port into the endpoint.
    if (code == 0)
        code = roc_endpoint_get_uri(endpoint, text, &size);
    if (code == 0)
        printf("%s\n", text);
    roc_endpoint_deallocate(endpoint);
    return code;
}

// The library's clock makes roc_receiver_read() take as long as the sound does.
static int record(roc_receiver *receiver, SNDFILE *file, const struct options *options)
{
    float *samples = malloc(sizeof(float) * FRAMES * options->channels);
    if (samples == NULL)
        return fail("out of memory");
    int code = 0;
    unsigned long long left = (unsigned long long)options->seconds * options->rate;
    while (code == 0 && left > 0) {
        const size_t count = left < FRAMES ? (size_t)left : FRAMES;
        roc_frame frame = {
            .samples = samples,
            .samples_size = count * options->channels * sizeof(float),
        };
        code = roc_receiver_read(receiver, &frame);
        if (code == 0 && sf_writef_float(file, samples, (sf_count_t)count) != (sf_count_t)count)
            code = fail("cannot write the file");
        left -= count;
    }
    free(samples);
    return code;
}

static int run(roc_context *context, SNDFILE *file, const struct options *options)
{
    const roc_receiver_config config = {
        .frame_encoding = encoding_of(options),
        .clock_source = ROC_CLOCK_SOURCE_INTERNAL,
        .target_latency = options->latency_ms * 1000000ull,
        .latency_tuner_profile = options->profile,
    };
    if (options->rate != BUILT_IN_RATE &&
        roc_context_register_encoding(context, CUSTOM_ENCODING, &config.frame_encoding) != 0)
        return -1;
    roc_receiver *receiver = NULL;
    if (roc_receiver_open(context, &config, &receiver) != 0)
        return fail("cannot make a receiver");

    int code = bind_to(receiver, ROC_INTERFACE_AUDIO_SOURCE, options->uris[0]);
    if (code == 0 && options->uris[1] != NULL)
        code = bind_to(receiver, ROC_INTERFACE_AUDIO_REPAIR, options->uris[1]);
    fflush(stdout);
    if (code == 0)
        code = record(receiver, file, options);
    else
        fail("cannot listen");
    roc_receiver_close(receiver);
    return code;
}

static int parse(struct options *options, int argc, char **argv)
{
    int letter;
    while ((letter = getopt(argc, argv, "r:c:l:i")) != -1) {
        if (letter == 'i') {
            options->profile = ROC_LATENCY_TUNER_PROFILE_INTACT;
            continue;
        }
        const unsigned value = letter != '?' ? (unsigned)strtoul(optarg, NULL, 10) : 0;
        if (value == 0)
            return -1;
        if (letter == 'r')
            options->rate = value;
        else if (letter == 'c')
            options->channels = value;
        else
            options->latency_ms = value;
    }
    if (argc - optind < 3 || argc - optind > 4)
        return -1;
    options->file = argv[optind];
    options->seconds = (unsigned)strtoul(argv[optind + 1], NULL, 10);
    options->uris = argv + optind + 2;
    return 0;
}

int main(int argc, char **argv)
{
    struct options options = {.rate = BUILT_IN_RATE, .channels = 2, .latency_ms = 200};
    if (parse(&options, argc, argv) != 0) {
        fprintf(stderr,
                "usage: receive_wav [-r RATE] [-c CHANNELS] [-l LATENCY_MS] [-i] FILE SECONDS "
                "SOURCE_URI [REPAIR_URI]\n");
        return 2;
    }
    SF_INFO info = {
        .samplerate = (int)options.rate,
        .channels = (int)options.channels,
        .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT,
    };
    SNDFILE *file = sf_open(options.file, SFM_WRITE, &info);
    if (file == NULL) {
        fprintf(stderr, "receive_wav: cannot write %s: %s\n", options.file, sf_strerror(NULL));
        return 1;
    }
    roc_log_set_level(ROC_LOG_INFO);
    const roc_context_config context_config = {0};
    roc_context *context = NULL;
    int code = roc_context_open(&context_config, &context);
    if (code == 0) {
        code = run(context, file, &options);
        roc_context_close(context);
    }
    sf_close(file);
    return code == 0 ? 0 : 1;
}
