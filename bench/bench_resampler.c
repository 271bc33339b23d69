// SPDX-License-Identifier: MPL-2.0
//
// The resampler beside libsoxr, libsamplerate and SpeexDSP, on the same input: how clean a sine
// comes out, and how fast it goes. Speeds are taken in turns, and the best turn of each counts, so
// that other load on the machine hits all alike.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../tests/unit/sine_fit.h"
#include "base/clock.h"
#include "bench_table.h"
#include "resampler_engines.h"

#define MAX_ENGINES     16
#define BLOCK_FRAMES    441
#define MAX_OUT_FRAMES  4096
#define SETTLING_FRAMES 20000 // longer than any delay
#define FIT_FRAMES      20000
#define TURNS           30
#define TURN_BLOCKS     100
#define MAX_CHANNELS    8

static const double frequencies_hz[] = {100, 997, 5003, 10007, 15013, 18011, 19001, 19997};
#define FREQUENCIES (sizeof(frequencies_hz) / sizeof(*frequencies_hz))

static double sinad_db(const struct engine *engine, const struct conversion *conversion,
                       double frequency_hz)
{
    static float in[BLOCK_FRAMES], out[SETTLING_FRAMES + FIT_FRAMES + MAX_OUT_FRAMES];
    static double phases[FIT_FRAMES];
    const double step = 2 * M_PI * frequency_hz / conversion->in_rate_hz;
    void *state = engine->create(engine, conversion);
    if (state == NULL)
        return 0;
    size_t given = 0;
    for (size_t frame = 0; given < SETTLING_FRAMES + FIT_FRAMES;) {
        for (size_t i = 0; i < BLOCK_FRAMES; i++)
            in[i] = (float)(0.9 * sin(step * (double)frame++));
        given += engine->run(state, in, BLOCK_FRAMES, out + given, MAX_OUT_FRAMES);
    }
    engine->destroy(state);
    for (size_t i = 0; i < FIT_FRAMES; i++)
        phases[i] = step * (double)i / conversion_ratio(conversion);
    return sine_fit_sinad_db(phases, out + SETTLING_FRAMES, 1, FIT_FRAMES);
}

static double worst_sinad_db(const struct engine *engine, const struct conversion *conversion)
{
    double worst = INFINITY;
    for (size_t i = 0; i < FREQUENCIES; i++)
        worst = fmin(worst, sinad_db(engine, conversion, frequencies_hz[i]));
    return worst;
}

// Rows borrow their names until the table is written.
static void push(struct bench_table *table, const struct engine *engine, double value,
                 const char *unit, double reference)
{
    static char names[MAX_ENGINES][64];
    char *name = names[engine - engines];
    engine_describe(engine, name, sizeof(names[0]));
    bench_table_push(table, (struct bench_row){name, value, unit, reference});
}

static void print_pitches(const struct engine *reference)
{
    static const struct conversion conversion = {44100, 48000, 0, 1};
    static char names[FREQUENCIES][32];
    const struct engine *high = &engines[2];
    struct bench_table table = {.title = "SINAD 44.1 -> 48 kHz, libroc high",
                                .reference_title = "libsoxr HQ"};
    for (size_t i = 0; i < FREQUENCIES; i++) {
        snprintf(names[i], sizeof(names[i]), "%.0f Hz", frequencies_hz[i]);
        double other = reference ? sinad_db(reference, &conversion, frequencies_hz[i]) : 0;
        bench_table_push(&table, (struct bench_row){names[i],
                                                    sinad_db(high, &conversion, frequencies_hz[i]),
                                                    "dB", other});
    }
    bench_table_write(&table);
    printf("\n");
}

static void print_worst(const struct engine *reference, const char *title,
                        struct conversion conversion)
{
    struct bench_table table = {.title = title, .reference_title = "libsoxr HQ"};
    conversion.channels = 1;
    double other = reference ? worst_sinad_db(reference, &conversion) : 0;
    for (const struct engine *engine = engines; engine->name != NULL; engine++) {
        double worst = worst_sinad_db(engine, &conversion);
        if (worst > 0)
            push(&table, engine, worst, "dB", other);
    }
    bench_table_write(&table);
    printf("\n");
}

struct contest {
    const struct conversion *conversion;
    float in[BLOCK_FRAMES * MAX_CHANNELS];
    float out[MAX_OUT_FRAMES * MAX_CHANNELS];
    void *states[MAX_ENGINES];
    double best_ns[MAX_ENGINES]; // for an output frame
};

static void take_turn(struct contest *contest, unsigned i)
{
    size_t frames = 0;
    int64_t start = clock_monotonic_ns();
    for (unsigned block = 0; block < TURN_BLOCKS; block++)
        frames += engines[i].run(contest->states[i], contest->in, BLOCK_FRAMES, contest->out,
                                 MAX_OUT_FRAMES);
    double ns = (double)(clock_monotonic_ns() - start) / (double)frames;
    contest->best_ns[i] = fmin(contest->best_ns[i], ns);
}

static void run_contest(struct contest *contest, const struct conversion *conversion)
{
    contest->conversion = conversion;
    for (size_t i = 0; i < BLOCK_FRAMES * MAX_CHANNELS; i++)
        contest->in[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    for (unsigned i = 0; engines[i].name != NULL; i++) {
        contest->states[i] = engines[i].create(&engines[i], conversion);
        contest->best_ns[i] = INFINITY;
    }
    for (unsigned turn = 0; turn < TURNS; turn++) {
        for (unsigned i = 0; engines[i].name != NULL; i++) {
            if (contest->states[i] != NULL)
                take_turn(contest, i);
        }
    }
    for (unsigned i = 0; engines[i].name != NULL; i++) {
        if (contest->states[i] != NULL)
            engines[i].destroy(contest->states[i]);
    }
}

static double times_real_time(const struct contest *contest, unsigned i)
{
    return 1e9 / contest->best_ns[i] / contest->conversion->out_rate_hz;
}

static void print_speed(const struct engine *reference, const char *title,
                        struct conversion conversion)
{
    static struct contest contest;
    struct bench_table table = {.title = title, .reference_title = "libsoxr HQ"};
    run_contest(&contest, &conversion);
    double other = reference ? times_real_time(&contest, (unsigned)(reference - engines)) : 0;
    for (unsigned i = 0; engines[i].name != NULL; i++) {
        if (contest.states[i] != NULL)
            push(&table, &engines[i], times_real_time(&contest, i), "x real time", other);
    }
    bench_table_write(&table);
    printf("\n");
}

int main(void)
{
    const struct engine *reference = engine_reference();
    print_pitches(reference);
    print_worst(reference, "Worst SINAD, 44.1 -> 48 kHz", (struct conversion){44100, 48000, 0, 1});
    print_worst(reference, "Worst SINAD, 48 -> 44.1 kHz", (struct conversion){48000, 44100, 0, 1});
    print_worst(reference, "Worst SINAD, 44.1 kHz + 500 ppm",
                (struct conversion){44100, 44100, 500, 1});
    print_speed(reference, "Speed, 44.1 -> 48 kHz, stereo",
                (struct conversion){44100, 48000, 0, 2});
    print_speed(reference, "Speed, 48 -> 44.1 kHz, stereo",
                (struct conversion){48000, 44100, 0, 2});
    print_speed(reference, "Speed, 44.1 kHz + 500 ppm, stereo",
                (struct conversion){44100, 44100, 500, 2});
    print_speed(reference, "Speed, 44.1 -> 48 kHz, mono", (struct conversion){44100, 48000, 0, 1});
    print_speed(reference, "Speed, 44.1 -> 48 kHz, 8 channels",
                (struct conversion){44100, 48000, 0, 8});
    return 0;
}
