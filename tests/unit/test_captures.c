// SPDX-License-Identifier: MPL-2.0
//
// Captures of a real sender decode to the samples that it was given, whatever a block can lose.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "stream/fec_reader.h"
#include "stream/receiver.h"

#include "ldpc_rank.h"
#include "pcap_file.h"
#include "stream_packets.h"

#define SOURCE_PORT 13001
#define REPAIR_PORT 13002

#define WAV_HEADER     44
#define PACKET_FRAMES  221
#define MAX_FRAMES     44100
#define MAX_BLOCKS     64
#define MAX_BLOCK_SIZE 60
#define PATTERNS       400
#define S_NS           1000000000ll

struct capture {
    const char *name;
    enum fec_scheme fec;
    unsigned source_packets, repair_packets; // of a block
    unsigned count;                          // source packets in the file
    unsigned span;  // of their sequence numbers: the interleaver was not flushed at the end
    unsigned whole; // packets before the first that was never sent
};

static const struct capture captures[] = {
    {"rtp.pcap", FEC_NONE, 0, 0, 199, 199, 199},
    {"rs8m.pcap", FEC_RS8M, 18, 10, 199, 199, 199},
    {"rs8m_interleaved.pcap", FEC_RS8M, 10, 5, 194, 198, 190},
    {"ldpc.pcap", FEC_LDPC, 40, 20, 199, 199, 199},
};

static int16_t *read_noise(size_t *frames)
{
    size_t size;
    uint8_t *bytes = read_test_file("noise.wav", &size);
    assert_memory_equal(bytes + 36, "data", 4);
    *frames = (size - WAV_HEADER) / 4;
    int16_t *samples = malloc(*frames * 2 * sizeof(*samples));
    assert_non_null(samples);
    memcpy(samples, bytes + WAV_HEADER, *frames * 4);
    free(bytes);
    return samples;
}

static bool is_stream(const struct pcap_datagram *datagram)
{
    return datagram->destination_port == SOURCE_PORT || datagram->destination_port == REPAIR_PORT;
}

static struct packet *read_packet(struct packet_pool *pool, const struct pcap_datagram *datagram,
                                  enum fec_scheme fec)
{
    bool is_repair = datagram->destination_port == REPAIR_PORT;
    struct packet *packet = copy_datagram(pool, datagram->data, datagram->size, fec, is_repair);
    assert_non_null(packet);
    packet->receive_time_ns = datagram->time_ns;
    packet->address.in4.sin_family = AF_INET;
    packet->address.in4.sin_addr.s_addr = htonl(datagram->source_ip);
    packet->address.in4.sin_port = htons(datagram->source_port);
    return packet;
}

static struct receiver *open_receiver(struct packet_pool *pool, enum fec_scheme fec)
{
    struct receiver_config config = {
        .pool = pool,
        .encodings = {{10, 44100, 2, false, PCM_L16}},
        .encoding_count = 1,
        .session.clockless = true,
    };
    struct receiver *receiver;
    assert_int_equal(receiver_create(&receiver, &config), 0);
    assert_int_equal(receiver_activate(receiver, 0, STREAM_SOURCE, fec), 0);
    if (fec != FEC_NONE) {
        assert_int_equal(receiver_activate(receiver, 0, STREAM_REPAIR, fec), 0);
    }
    return receiver;
}

// Which packets of which block are lost; the index is the low bits of the block number.
struct loss {
    bool lost[MAX_BLOCKS][MAX_BLOCK_SIZE];
};

static void push_capture(struct receiver *receiver, struct packet_pool *pool,
                         const struct pcap_file *file, enum fec_scheme fec, const struct loss *loss)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct pcap_datagram *datagram = &file->datagrams[i];
        if (!is_stream(datagram)) {
            continue;
        }
        struct packet *packet = read_packet(pool, datagram, fec);
        if (loss && loss->lost[packet->sbn % MAX_BLOCKS][packet->esi]) {
            packet_unref(packet);
            continue;
        }
        receiver_push(receiver, 0, packet->is_repair ? STREAM_REPAIR : STREAM_SOURCE, &packet, 1);
    }
}

// Reads everything that comes until the session has drained.
static size_t read_all(struct receiver *receiver, float *samples)
{
    size_t total = 0;
    for (int64_t now = 0; now < 3 * S_NS; now += S_NS / 100) {
        size_t frames = receiver_ready(receiver, now);
        assert_true(total + frames <= MAX_FRAMES);
        receiver_read(receiver, samples + total * 2, frames);
        total += frames;
    }
    return total;
}

static void assert_noise(const float *samples, size_t frames, const int16_t *noise)
{
    for (size_t i = 0; i < frames * 2; i++) {
        if (samples[i] != (float)noise[i] / 32768.0f) {
            fail_msg("sample %zu of channel %zu differs: %f, not %d", i / 2, i % 2,
                     (double)(samples[i] * 32768.0f), noise[i]);
        }
    }
}

static void check_whole(const struct capture *capture, const struct loss *loss, uint64_t lost)
{
    static float samples[MAX_FRAMES * 2];
    struct packet_pool *pool = test_pool();
    struct pcap_file file = pcap_file_open(capture->name);
    size_t noise_frames;
    int16_t *noise = read_noise(&noise_frames);
    struct receiver *receiver = open_receiver(pool, capture->fec);

    push_capture(receiver, pool, &file, capture->fec, loss);
    assert_int_equal(read_all(receiver, samples), capture->span * PACKET_FRAMES);
    assert_noise(samples, capture->whole * PACKET_FRAMES, noise);
    struct receiver_metrics metrics = receiver_total(receiver);
    unsigned missing = capture->span - capture->count;
    assert_int_equal(metrics.sum.packets_expected, capture->span);
    assert_int_equal(metrics.sum.packets_received, capture->count - lost);
    assert_int_equal(metrics.sum.packets_lost, lost + missing);
    assert_int_equal(metrics.sum.packets_recovered, lost);
    assert_int_equal(metrics.sum.frames_played, capture->span * PACKET_FRAMES);
    assert_int_equal(metrics.sum.frames_concealed, missing * PACKET_FRAMES);

    receiver_destroy(receiver);
    free(noise);
    pcap_file_close(&file);
    test_pool_destroy(pool);
}

static void test_captures_decode_to_the_samples_that_were_sent(void **state)
{
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
        check_whole(&captures[i], NULL, 0);
    }
}

// Repair packets that come before the first source packet that is left find no session; they count
// as lost for the first block.
static unsigned count_early_repair(const struct pcap_file *file, enum fec_scheme fec,
                                   const struct loss *loss, struct packet_pool *pool)
{
    unsigned count = 0;
    bool is_source = false;
    for (size_t i = 0; i < file->count && !is_source; i++) {
        if (!is_stream(&file->datagrams[i])) {
            continue;
        }
        struct packet *packet = read_packet(pool, &file->datagrams[i], fec);
        if (!loss->lost[packet->sbn % MAX_BLOCKS][packet->esi]) {
            is_source = !packet->is_repair;
            count += packet->is_repair;
        }
        packet_unref(packet);
    }
    return count;
}

// Loses up to as many packets of a block as it has repair packets. Returns how many of them are
// source packets.
static unsigned lose_of_block(struct random *random, const struct capture *capture, bool *lost)
{
    unsigned n = capture->source_packets + capture->repair_packets;
    unsigned left = random_below(random, capture->repair_packets + 1);
    unsigned sources = 0;
    memset(lost, 0, MAX_BLOCK_SIZE * sizeof(*lost));
    while (left > 0) {
        unsigned esi = random_below(random, n);
        if (!lost[esi]) {
            lost[esi] = true;
            sources += esi < capture->source_packets;
            left--;
        }
    }
    return sources;
}

// Loses packets of each whole block that it can make good. Returns how many of them are source
// packets.
static unsigned lose(struct random *random, const struct capture *capture, unsigned first_sbn,
                     struct loss *loss)
{
    struct ldpc_matrix *matrix;
    unsigned sources = 0;
    memset(loss, 0, sizeof(*loss));
    assert_int_equal(ldpc_matrix_create(&matrix, capture->source_packets, capture->repair_packets),
                     0);
    for (unsigned b = 0; b < capture->count / capture->source_packets; b++) {
        bool *lost = loss->lost[(first_sbn + b) % MAX_BLOCKS];
        unsigned lost_sources;
        do {
            lost_sources = lose_of_block(random, capture, lost);
        } while (capture->fec == FEC_LDPC && !ldpc_is_determined(matrix, lost));
        sources += lost_sources;
    }
    ldpc_matrix_unref(matrix);
    return sources;
}

static unsigned find_first_sbn(const struct pcap_file *file, enum fec_scheme fec,
                               struct packet_pool *pool)
{
    for (size_t i = 0; i < file->count; i++) {
        if (is_stream(&file->datagrams[i])) {
            struct packet *packet = read_packet(pool, &file->datagrams[i], fec);
            unsigned sbn = packet->sbn;
            packet_unref(packet);
            return sbn;
        }
    }
    fail();
    return 0;
}

static void check_patterns_in_receiver(const struct capture *capture, uint64_t seed)
{
    struct packet_pool *pool = test_pool();
    struct pcap_file file = pcap_file_open(capture->name);
    unsigned first_sbn = find_first_sbn(&file, capture->fec, pool);
    struct random random;
    random_init(&random, seed);

    for (int i = 0; i < PATTERNS / 8; i++) {
        struct loss loss;
        unsigned sources = lose(&random, capture, first_sbn, &loss);
        unsigned early = count_early_repair(&file, capture->fec, &loss, pool);
        bool *first = loss.lost[first_sbn % MAX_BLOCKS];
        for (unsigned esi = 0; early > 0 && esi < capture->source_packets; esi++) {
            sources -= first[esi];
            first[esi] = false;
        }
        check_whole(capture, &loss, sources);
    }
    pcap_file_close(&file);
    test_pool_destroy(pool);
}

static void test_captures_decode_whole_with_losses_that_blocks_can_make_good(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    check_patterns_in_receiver(&captures[1], seed);
    check_patterns_in_receiver(&captures[2], seed);
    check_patterns_in_receiver(&captures[3], seed);
}

// Feeds the FEC reader alone and compares each restored packet with the one that was dropped.
static void check_restored(const struct capture *capture, const struct pcap_file *file,
                           struct packet_pool *pool, const struct loss *loss, unsigned expected)
{
    struct ldpc_supply *supply;
    struct fec_reader *reader;
    struct packet *restored[FEC_READER_MAX_RESTORED];
    struct packet *dropped[MAX_BLOCKS][MAX_BLOCK_SIZE] = {{NULL}};
    unsigned matched = 0;

    for (size_t i = 0; i < file->count; i++) {
        if (is_stream(&file->datagrams[i])) {
            struct packet *packet = read_packet(pool, &file->datagrams[i], capture->fec);
            if (loss->lost[packet->sbn % MAX_BLOCKS][packet->esi]) {
                dropped[packet->sbn % MAX_BLOCKS][packet->esi] = packet_ref(packet);
            }
            packet_unref(packet);
        }
    }
    assert_int_equal(ldpc_supply_create(&supply, NULL), 0);
    struct fec_reader_config config = {.pool = pool, .scheme = capture->fec, .supply = supply};
    assert_int_equal(fec_reader_create(&reader, &config), 0);
    for (size_t i = 0; i < file->count; i++) {
        if (!is_stream(&file->datagrams[i])) {
            continue;
        }
        struct packet *packet = read_packet(pool, &file->datagrams[i], capture->fec);
        if (!loss->lost[packet->sbn % MAX_BLOCKS][packet->esi]) {
            ldpc_supply_see(supply, packet);
            int count = fec_reader_push(reader, packet, restored);
            assert_true(count >= 0);
            for (int j = 0; j < count; j++) {
                struct packet *was = dropped[restored[j]->sbn % MAX_BLOCKS][restored[j]->esi];
                // With interleaving it also restores what is only on its way still.
                if (was) {
                    assert_int_equal(restored[j]->size_bytes, was->symbol_size);
                    assert_memory_equal(restored[j]->data, was->data, was->symbol_size);
                    matched++;
                }
                packet_unref(restored[j]);
            }
        }
        packet_unref(packet);
    }
    assert_int_equal(matched, expected);
    fec_reader_destroy(reader);
    ldpc_supply_destroy(supply);
    for (size_t b = 0; b < MAX_BLOCKS; b++) {
        for (size_t e = 0; e < MAX_BLOCK_SIZE; e++) {
            packet_unref(dropped[b][e]);
        }
    }
}

static void check_patterns_in_fec_reader(const struct capture *capture, uint64_t seed)
{
    struct packet_pool *pool = test_pool();
    struct pcap_file file = pcap_file_open(capture->name);
    unsigned first_sbn = find_first_sbn(&file, capture->fec, pool);
    struct random random;
    random_init(&random, seed);

    for (int i = 0; i < PATTERNS; i++) {
        struct loss loss;
        unsigned sources = lose(&random, capture, first_sbn, &loss);
        check_restored(capture, &file, pool, &loss, sources);
    }
    pcap_file_close(&file);
    test_pool_destroy(pool);
}

static void test_captures_lost_packets_are_restored_byte_for_byte(void **state)
{
    uint64_t seed = random_u32();
    print_message("seed %llu\n", (unsigned long long)seed);
    check_patterns_in_fec_reader(&captures[1], seed);
    check_patterns_in_fec_reader(&captures[2], seed);
    check_patterns_in_fec_reader(&captures[3], seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captures_decode_to_the_samples_that_were_sent),
        cmocka_unit_test(test_captures_decode_whole_with_losses_that_blocks_can_make_good),
        cmocka_unit_test(test_captures_lost_packets_are_restored_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
