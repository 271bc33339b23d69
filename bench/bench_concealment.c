// SPDX-License-Identifier: MPL-2.0
//
// What concealment costs, 44.1 kHz stereo: keeping what was heard while nothing is missing, the
// beginning of a gap, its first packet and any later one. The reference is the same with zeros in
// gaps. Best of many turns.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/concealment.h"
#include "audio/limiter.h"
#include "base/clock.h"
#include "base/random.h"
#include "bench_table.h"

#define RATE_HZ  44100
#define CHANNELS 2
#define PACKET   221 // frames
#define HISTORY  (RATE_HZ / 10)
#define TURNS    500

struct bench {
    struct concealment *concealment;
    float sound[HISTORY * CHANNELS];
    float samples[PACKET * CHANNELS];
};

// Tones and a little noise, so that the filter has something to do.
static void make_sound(struct bench *bench)
{
    struct random random;
    random_init(&random, 1);
    for (size_t i = 0; i < HISTORY * CHANNELS; i++) {
        double t = (double)(i / CHANNELS) / RATE_HZ;
        double noise = (double)random_below(&random, 65537) / 32768 - 1;
        bench->sound[i] = (float)(0.3 * sin(2764.6 * t) + 0.3 * sin(2463 * t) + 0.01 * noise);
    }
}

static void keep(struct bench *bench)
{
    concealment_push(bench->concealment, bench->samples, PACKET);
}

static void begin(struct bench *bench)
{
    concealment_fill(bench->concealment, bench->samples, 1, NULL, 0);
}

static void fill(struct bench *bench)
{
    concealment_fill(bench->concealment, bench->samples, PACKET, NULL, 0);
}

// The state before each turn: sound only, or a gap that has begun.
static double measure(struct bench *bench, enum concealment_mode mode,
                      void (*run)(struct bench *bench), bool in_gap)
{
    const struct concealment_config config = {
        .encoding = {.rate_hz = RATE_HZ, .channels = CHANNELS}, .mode = mode};
    int64_t best = INT64_MAX;
    if (concealment_create(&bench->concealment, &config) < 0)
        return 0;
    for (int turn = 0; turn < TURNS; turn++) {
        make_sound(bench);
        concealment_push(bench->concealment, bench->sound, HISTORY);
        if (in_gap)
            begin(bench);
        memcpy(bench->samples, bench->sound, sizeof(bench->samples));
        int64_t start = clock_monotonic_ns();
        run(bench);
        int64_t took = clock_monotonic_ns() - start;
        best = took < best ? took : best;
    }
    concealment_destroy(bench->concealment);
    return (double)best / 1000;
}

static void compare(struct bench_table *table, struct bench *bench, const char *name,
                    void (*run)(struct bench *bench), bool in_gap)
{
    bench_table_push(table, (struct bench_row){
                                .name = name,
                                .value = measure(bench, CONCEALMENT_EXTRAPOLATE, run, in_gap),
                                .unit = "us",
                                .reference = measure(bench, CONCEALMENT_ZERO, run, in_gap),
                            });
}

static void limit(struct bench_table *table, struct bench *bench, const char *name, float level)
{
    struct limiter limiter;
    int64_t best = INT64_MAX;
    limiter_init(&limiter, CHANNELS, RATE_HZ);
    for (int turn = 0; turn < TURNS; turn++) {
        make_sound(bench);
        for (size_t i = 0; i < PACKET * CHANNELS; i++)
            bench->samples[i] = bench->sound[i] * level;
        int64_t start = clock_monotonic_ns();
        limiter_push(&limiter, bench->samples, PACKET);
        int64_t took = clock_monotonic_ns() - start;
        best = took < best ? took : best;
    }
    bench_table_push(table, (struct bench_row){name, (double)best / 1000, "us", 0});
}

int main(void)
{
    static struct bench bench;
    struct bench_table table = {.title = "Concealment, 44.1 kHz stereo, packets of 5 ms",
                                .reference_title = "zeros"};
    compare(&table, &bench, "nothing missing, a packet", keep, false);
    compare(&table, &bench, "a gap begins, first frame", begin, false);
    compare(&table, &bench, "a gap begins, first packet", fill, false);
    compare(&table, &bench, "within a gap, a packet", fill, true);
    compare(&table, &bench, "sound after a gap, a packet", keep, true);
    limit(&table, &bench, "limiter at rest, a packet", 1);
    limit(&table, &bench, "limiter at work, a packet", 4);
    bench_table_write(&table);
    return 0;
}
