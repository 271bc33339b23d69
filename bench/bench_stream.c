// SPDX-License-Identifier: MPL-2.0
//
// The whole path of a stream in memory, on one core: 44.1 kHz stereo floats -> packets of 5 ms of
// L16, L24 or F32 (cut in two where they do not fit Ethernet) -> Reed-Solomon 18+10 -> each
// datagram copied as the kernel would, 5 % of them lost -> routed, parsed, repaired -> floats. In
// seconds of sound per second of work ("x real time"), the best of several turns. The reference
// does only the conversion float -> L16 -> float of the same samples.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pcm.h"
#include "base/clock.h"
#include "base/random.h"
#include "bench_table.h"
#include "net/address.h"
#include "stream/receiver.h"
#include "stream/send_session.h"

#define RATE_HZ     44100
#define CHANNELS    2
#define CHUNK       441 // frames written and read at once, 10 ms
#define TURNS       9
#define TURN_CHUNKS 3000 // 30 s of sound
#define CHUNK_NS    10000000ll
#define START_NS    1700000000000000000ll
#define BATCH       64

struct path {
    struct packet_pool *pool;
    struct send_session *sender;
    struct receiver *receiver;
    struct random random;
    unsigned loss_percent;
    double drift_ppm; // 0: packets do not tell when they arrived
    double ahead;     // frames that the sender owes
    int64_t now_ns;
    size_t read_frames;
    struct net_address address;
    struct packet *source[BATCH], *repair[BATCH];
    size_t source_count, repair_count;
};

struct bench_case {
    const char *name;
    enum pcm_format format;
    enum fec_scheme fec;
    bool interleaving;
    unsigned loss_percent;
    double drift_ppm;
    unsigned read_rate_hz; // 0: as it was sent
};

static float chunk_in[(CHUNK + 1) * CHANNELS];
static float chunk_out[2 * CHUNK * CHANNELS];

static void deliver(struct path *path)
{
    receiver_push(path->receiver, 0, STREAM_SOURCE, path->source, path->source_count);
    receiver_push(path->receiver, 0, STREAM_REPAIR, path->repair, path->repair_count);
    path->source_count = 0;
    path->repair_count = 0;
}

static void carry(struct packet *packet, void *arg)
{
    struct path *path = arg;
    struct packet *copy = NULL;

    if (random_below(&path->random, 100) >= path->loss_percent) {
        copy = packet_pool_pop(path->pool);
    }
    if (copy) {
        memcpy(copy->data, packet->data, packet->size_bytes);
        copy->size_bytes = packet->size_bytes;
        copy->address = path->address;
        copy->receive_time_ns = path->drift_ppm > 0 ? path->now_ns : 0;
        if (packet->is_repair) {
            path->repair[path->repair_count++] = copy;
        } else {
            path->source[path->source_count++] = copy;
        }
    }
    if (path->source_count == BATCH || path->repair_count == BATCH) {
        deliver(path);
    }
    packet_unref(packet);
}

static int64_t get_time(void *arg)
{
    return ((struct path *)arg)->now_ns;
}

static int open_path(struct path *path, const struct bench_case *what)
{
    const struct audio_encoding encoding = {10, RATE_HZ, CHANNELS, false, what->format};
    const enum fec_scheme fec = what->fec;
    int err;

    *path = (struct path){
        .loss_percent = what->loss_percent,
        .drift_ppm = what->drift_ppm,
        .now_ns = START_NS,
        .read_frames = what->read_rate_hz > 0 ? what->read_rate_hz / 100 : CHUNK,
    };
    random_init(&path->random, 1);
    net_address_parse(&path->address, "192.0.2.1", 5000);
    err = packet_pool_create(&path->pool, &(struct packet_pool_config){.initial_count = 1024});
    if (err < 0) {
        return err;
    }
    err = send_session_create(&path->sender, &(struct send_session_config){
                                                 .pool = path->pool,
                                                 .encoding = encoding,
                                                 .fec = fec,
                                                 .interleaving = what->interleaving,
                                                 .output = carry,
                                                 .output_arg = path,
                                             });
    if (err < 0) {
        return err;
    }
    err = receiver_create(&path->receiver, &(struct receiver_config){
                                               .pool = path->pool,
                                               .encodings = {encoding},
                                               .encoding_count = 1,
                                               .output_rate_hz = what->read_rate_hz,
                                               .session.get_time_ns = get_time,
                                               .session.get_time_arg = path,
                                           });
    if (err < 0) {
        return err;
    }
    err = receiver_activate(path->receiver, 0, STREAM_SOURCE, fec);
    if (err == 0 && fec != FEC_NONE) {
        err = receiver_activate(path->receiver, 0, STREAM_REPAIR, fec);
    }
    return err;
}

static void close_path(struct path *path)
{
    send_session_destroy(path->sender);
    receiver_destroy(path->receiver);
    packet_pool_destroy(path->pool);
}

static void run_path(void *arg)
{
    struct path *path = arg;
    size_t i;

    for (i = 0; i < TURN_CHUNKS; i++) {
        path->now_ns += CHUNK_NS;
        path->ahead += CHUNK * path->drift_ppm * 1e-6;
        size_t more = path->ahead >= 1;
        path->ahead -= (double)more;
        send_session_write(path->sender, chunk_in, CHUNK + more);
        deliver(path);
        receiver_read(path->receiver, chunk_out, path->read_frames);
    }
}

static void run_conversion(void *arg)
{
    static uint8_t bytes[CHUNK * CHANNELS * 2];
    size_t i;

    for (i = 0; i < TURN_CHUNKS; i++) {
        pcm_encode_l16(bytes, chunk_in, CHUNK * CHANNELS);
        pcm_decode_l16(chunk_out, bytes, CHUNK * CHANNELS);
    }
}

static double turn_s(void (*run)(void *), void *arg)
{
    int64_t start = clock_monotonic_ns();

    run(arg);
    return (double)(clock_monotonic_ns() - start) / 1e9;
}

static int measure(struct bench_table *table, const struct bench_case *what)
{
    const double sound_s = (double)TURN_CHUNKS * CHUNK / RATE_HZ;
    double best = 1e9, best_conversion = 1e9;
    struct path path;
    int turn, err;

    err = open_path(&path, what);
    if (err < 0) {
        fprintf(stderr, "bench_stream: %s: error %d\n", what->name, err);
        close_path(&path);
        return err;
    }
    for (turn = 0; turn < TURNS; turn++) {
        double s = turn_s(run_path, &path);
        double conversion_s = turn_s(run_conversion, NULL);
        best = s < best ? s : best;
        best_conversion = conversion_s < best_conversion ? conversion_s : best_conversion;
    }
    struct receiver_metrics metrics = receiver_total(path.receiver);
    bench_table_push(table, (struct bench_row){what->name, sound_s / best, "x real time",
                                               sound_s / best_conversion});
    // A path that loses sound is fast for the wrong reason.
    if (what->fec != FEC_NONE && metrics.sum.frames_concealed > 0) {
        printf("%s: %llu of %llu frames were not there\n", what->name,
               (unsigned long long)metrics.sum.frames_concealed,
               (unsigned long long)metrics.sum.frames_played);
    }
    close_path(&path);
    return 0;
}

// With a drift, packets arrive by a virtual clock, the sender is so much faster than the reader,
// and the resampler works all the time.
static const struct bench_case cases[] = {
    {"RTP, no loss", PCM_L16, FEC_NONE, false, 0, 0, 0},
    {"RS8M 18+10, no loss", PCM_L16, FEC_RS8M, false, 0, 0, 0},
    {"RS8M 18+10, 5 % loss", PCM_L16, FEC_RS8M, false, 5, 0, 0},
    {"RS8M 18+10, 5 % loss, interleaved", PCM_L16, FEC_RS8M, true, 5, 0, 0},
    {"L24, RS8M 18+10, 5 % loss", PCM_L24, FEC_RS8M, false, 5, 0, 0},
    {"F32, RS8M 18+10, 5 % loss", PCM_F32, FEC_RS8M, false, 5, 0, 0},
    {"RS8M 18+10, tuning on, 200 ppm of drift", PCM_L16, FEC_RS8M, false, 0, 200, RATE_HZ},
    {"RS8M 18+10, tuning on, at 48 kHz", PCM_L16, FEC_RS8M, false, 0, 200, 48000},
};

int main(void)
{
    struct bench_table table = {.title = "Stream, 44.1 kHz stereo, whole path on one core",
                                .reference_title = "L16 conversion only"};
    size_t i;
    int err = 0;

    for (i = 0; i < (CHUNK + 1) * CHANNELS; i++) {
        // A quarter of the range: noise of the full range leaves it between its samples.
        chunk_in[i] = (float)(rand() % 16384 - 8192) / 32768.0f;
    }
    for (i = 0; i < sizeof(cases) / sizeof(*cases) && err == 0; i++) {
        err = measure(&table, &cases[i]);
    }
    bench_table_write(&table);
    return err == 0 ? 0 : 1;
}
