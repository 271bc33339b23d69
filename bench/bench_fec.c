// SPDX-License-Identifier: MPL-2.0
//
// Reed-Solomon of a default block (18 source + 10 repair packets of 896 bytes) beside ISA-L doing
// the same amount of work on the same buffers with tables that are ready. Both run in turns, and
// the best turn of each counts, so that other load on the machine hits both alike. MB/s of source
// data.

#include <isa-l.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench_table.h"
#include "fec/rs8m.h"

#define K          18
#define R          10
#define SIZE       896
#define TURNS      60
#define TURN_CALLS 2000

struct bench {
    const uint8_t *source[K];
    uint8_t *repair[R];
    uint8_t *restored[K];
    struct rs8m_encoder *encoder;
    struct rs8m_decoder *decoder;
    uint8_t tables[R * K * 32]; // for bare ISA-L: any coefficients cost the same
    unsigned losses;
    const uint8_t *symbols[K + R];
    uint8_t *missing[K];
    const uint8_t *known[K];
};

static _Alignas(64) uint8_t memory[K + R + K][SIZE];

static void encode(struct bench *bench)
{
    rs8m_encode(bench->encoder, bench->source, bench->repair, SIZE);
}

static void encode_bare(struct bench *bench)
{
    ec_encode_data(SIZE, K, R, bench->tables, (uint8_t **)bench->source, bench->repair);
}

static void decode(struct bench *bench)
{
    rs8m_decode(bench->decoder, K, K + R, bench->symbols, bench->missing, SIZE);
}

static void decode_bare(struct bench *bench)
{
    ec_encode_data(SIZE, K, (int)bench->losses, bench->tables, (uint8_t **)bench->known,
                   bench->restored);
}

static double turn_ns(struct bench *bench, void (*run)(struct bench *))
{
    int64_t start = clock_monotonic_ns();
    for (unsigned i = 0; i < TURN_CALLS; i++)
        run(bench);
    return (double)(clock_monotonic_ns() - start) / TURN_CALLS;
}

static void compare(struct bench_table *table, struct bench *bench, const char *name,
                    void (*run)(struct bench *), void (*run_bare)(struct bench *))
{
    double best = 1e18, best_bare = 1e18;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        double ns = turn_ns(bench, run);
        double ns_bare = turn_ns(bench, run_bare);
        best = ns < best ? ns : best;
        best_bare = ns_bare < best_bare ? ns_bare : best_bare;
    }
    const double megabytes_by_ns = K * SIZE * 1e9 / 1e6;
    bench_table_push(table, (struct bench_row){name, megabytes_by_ns / best, "MB/s",
                                               megabytes_by_ns / best_bare});
}

// Loses the first sources, so that repairs stand in for them.
static void lose(struct bench *bench, unsigned losses)
{
    bench->losses = losses;
    for (unsigned i = 0; i < K; i++) {
        bench->symbols[i] = i < losses ? NULL : bench->source[i];
        bench->missing[i] = i < losses ? bench->restored[i] : NULL;
        bench->known[i] = i < losses ? bench->repair[i] : bench->source[i];
    }
    for (unsigned i = 0; i < R; i++)
        bench->symbols[K + i] = bench->repair[i];
}

static int create(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    for (unsigned i = 0; i < K; i++) {
        for (unsigned j = 0; j < SIZE; j++)
            memory[i][j] = (uint8_t)rand();
        bench->source[i] = memory[i];
        bench->restored[i] = memory[K + R + i];
    }
    for (unsigned i = 0; i < R; i++)
        bench->repair[i] = memory[K + i];
    uint8_t coefficients[R * K];
    for (unsigned i = 0; i < R * K; i++)
        coefficients[i] = (uint8_t)(i + 2);
    ec_init_tables(K, R, coefficients, bench->tables);
    int error = rs8m_encoder_create(&bench->encoder, K, R);
    return error ? error : rs8m_decoder_create(&bench->decoder);
}

int main(void)
{
    static struct bench bench;
    struct bench_table table = {.title = "Reed-Solomon 18+10, 896 bytes",
                                .reference_title = "bare ISA-L"};
    if (create(&bench) != 0) {
        fprintf(stderr, "bench_fec: out of memory\n");
        return 1;
    }
    compare(&table, &bench, "encode", encode, encode_bare);
    static const char *const names[] = {"decode, 1 lost", "decode, 3 lost", "decode, 10 lost"};
    static const unsigned losses[] = {1, 3, 10};
    for (unsigned i = 0; i < 3; i++) {
        // Bare ISA-L has overwritten the repair symbols with other numbers.
        encode(&bench);
        lose(&bench, losses[i]);
        compare(&table, &bench, names[i], decode, decode_bare);
    }
    bench_table_write(&table);
    rs8m_encoder_destroy(bench.encoder);
    rs8m_decoder_destroy(bench.decoder);
    return 0;
}
