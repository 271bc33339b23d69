// SPDX-License-Identifier: MPL-2.0
//
// Reed-Solomon of a default block (18 source + 10 repair packets of 896 bytes) beside ISA-L doing
// the same amount of work on the same buffers with tables that are ready; LDPC-Staircase of the
// same block, and of a long one (200 + 100), beside plain XOR of as many bytes as its matrix has it
// read. Both run in turns, and the best turn of each counts, so that other load on the machine hits
// both alike. MB/s of source data.

#include <isa-l.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench_table.h"
#include "fec/ldpc_decoder.h"
#include "fec/rs8m.h"
#include "fec/xor.h"

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

static void encode(void *arg)
{
    struct bench *bench = arg;
    rs8m_encode(bench->encoder, bench->source, bench->repair, SIZE);
}

static void encode_bare(void *arg)
{
    struct bench *bench = arg;
    ec_encode_data(SIZE, K, R, bench->tables, (uint8_t **)bench->source, bench->repair);
}

static void decode(void *arg)
{
    struct bench *bench = arg;
    rs8m_decode(bench->decoder, K, K + R, bench->symbols, bench->missing, SIZE);
}

static void decode_bare(void *arg)
{
    struct bench *bench = arg;
    ec_encode_data(SIZE, K, (int)bench->losses, bench->tables, (uint8_t **)bench->known,
                   bench->restored);
}

static double turn_ns(void *bench, void (*run)(void *), unsigned calls)
{
    int64_t start = clock_monotonic_ns();
    for (unsigned i = 0; i < calls; i++)
        run(bench);
    return (double)(clock_monotonic_ns() - start) / calls;
}

static void compare(struct bench_table *table, void *bench, const char *name, unsigned k,
                    void (*run)(void *), void (*run_bare)(void *))
{
    const unsigned calls = TURN_CALLS * K / k;
    double best = 1e18, best_bare = 1e18;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        double ns = turn_ns(bench, run, calls);
        double ns_bare = turn_ns(bench, run_bare, calls);
        best = ns < best ? ns : best;
        best_bare = ns_bare < best_bare ? ns_bare : best_bare;
    }
    const double megabytes_by_ns = k * SIZE * 1e9 / 1e6;
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

// LDPC-Staircase

#define LDPC_MAX_K 200
#define LDPC_MAX_R 100

struct ldpc_bench {
    unsigned k, r, losses;
    unsigned entries; // source entries of the matrix that encoding reads, or one decode
    struct ldpc_matrix *matrix;
    struct ldpc_decoder *decoder;
    const uint8_t *source[LDPC_MAX_K];
    uint8_t *repair[LDPC_MAX_R];
    uint8_t *missing[LDPC_MAX_K];
    const uint8_t *symbols[LDPC_MAX_K + LDPC_MAX_R];
};

static _Alignas(64) uint8_t ldpc_memory[2 * LDPC_MAX_K + LDPC_MAX_R][SIZE];

static void ldpc_encode_block(void *arg)
{
    struct ldpc_bench *bench = arg;
    ldpc_encode(bench->matrix, bench->source, bench->repair, SIZE);
}

static void ldpc_decode_block(void *arg)
{
    struct ldpc_bench *bench = arg;
    const uint16_t *found;
    unsigned tries = 1;
    if (ldpc_decoder_find(bench->decoder, bench->symbols, &tries, &found) == bench->losses)
        ldpc_decoder_restore(bench->decoder, bench->symbols, bench->missing, SIZE);
}

// Plain XOR of as many symbols as the rows have sources, in sums as long as a row.
static void xor_plain(void *arg)
{
    struct ldpc_bench *bench = arg;
    unsigned row = bench->entries / bench->r;
    for (unsigned i = 0; i < bench->r; i++)
        xor_add(ldpc_memory[2 * LDPC_MAX_K + i % LDPC_MAX_R], bench->source + i % (bench->k - row),
                row, SIZE);
}

static void xor_plain_lost(void *arg)
{
    struct ldpc_bench *bench = arg;
    unsigned row = bench->entries / bench->r;
    for (unsigned i = 0; i < bench->losses; i++)
        xor_add(ldpc_memory[LDPC_MAX_K + i], bench->source + i % (bench->k - row), row, SIZE);
}

static int ldpc_create(struct ldpc_bench *bench, unsigned k, unsigned r)
{
    *bench = (struct ldpc_bench){.k = k, .r = r};
    if (ldpc_matrix_create(&bench->matrix, k, r) != 0 ||
        ldpc_decoder_create(&bench->decoder, bench->matrix) != 0)
        return -1;
    for (unsigned i = 0; i < k; i++) {
        for (unsigned j = 0; j < SIZE; j++)
            ldpc_memory[i][j] = (uint8_t)rand();
        bench->source[i] = ldpc_memory[i];
        bench->missing[i] = ldpc_memory[LDPC_MAX_K + i];
    }
    for (unsigned i = 0; i < r; i++) {
        const uint16_t *sources;
        bench->repair[i] = ldpc_memory[2 * LDPC_MAX_K + i];
        bench->entries += ldpc_matrix_row(bench->matrix, i, &sources);
    }
    return 0;
}

static void ldpc_compare(struct bench_table *table, unsigned k, unsigned r)
{
    static struct ldpc_bench bench;
    static char names[8][48];
    static unsigned used;
    const unsigned losses[] = {1, r / 2};
    if (ldpc_create(&bench, k, r) != 0)
        return;
    snprintf(names[used], sizeof(names[0]), "LDPC %u+%u encode / XOR", k, r);
    compare(table, &bench, names[used++], k, ldpc_encode_block, xor_plain);
    for (unsigned i = 0; i < 2; i++) {
        ldpc_encode_block(&bench);
        bench.losses = losses[i];
        for (unsigned esi = 0; esi < k; esi++)
            bench.symbols[esi] = esi % (k / losses[i]) == 0 && esi / (k / losses[i]) < losses[i]
                                     ? NULL
                                     : bench.source[esi];
        for (unsigned esi = 0; esi < r; esi++)
            bench.symbols[k + esi] = bench.repair[esi];
        snprintf(names[used], sizeof(names[0]), "LDPC %u+%u decode, %u lost / XOR", k, r,
                 losses[i]);
        compare(table, &bench, names[used++], k, ldpc_decode_block, xor_plain_lost);
    }
    ldpc_decoder_destroy(bench.decoder);
    ldpc_matrix_unref(bench.matrix);
}

int main(void)
{
    static struct bench bench;
    struct bench_table table = {.title = "FEC, 896 bytes; Reed-Solomon 18+10, LDPC-Staircase",
                                .reference_title = "bare ISA-L / XOR"};
    if (create(&bench) != 0) {
        fprintf(stderr, "bench_fec: out of memory\n");
        return 1;
    }
    compare(&table, &bench, "encode", K, encode, encode_bare);
    static const char *const names[] = {"decode, 1 lost", "decode, 3 lost", "decode, 10 lost"};
    static const unsigned losses[] = {1, 3, 10};
    for (unsigned i = 0; i < 3; i++) {
        // Bare ISA-L has overwritten the repair symbols with other numbers.
        encode(&bench);
        lose(&bench, losses[i]);
        compare(&table, &bench, names[i], K, decode, decode_bare);
    }
    ldpc_compare(&table, K, R);
    ldpc_compare(&table, LDPC_MAX_K, LDPC_MAX_R);
    bench_table_write(&table);
    rs8m_encoder_destroy(bench.encoder);
    rs8m_decoder_destroy(bench.decoder);
    return 0;
}
