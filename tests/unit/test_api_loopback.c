// SPDX-License-Identifier: MPL-2.0
//
// From the public sender to the public receiver over loopback, sample by sample. Nothing depends on
// time: all of the sound is sent at once, and the target latency is the length of the sound, so
// that a session begins to play when its last packet is there.

#include <pthread.h>
#include <stdatomic.h>

#include "api_fixture.h"
#include "sound_files.h"

#define PACKETS      36 // two default blocks
#define MAX_CHANNELS 4
#define MAX_SAMPLES  (PACKETS * 240 * MAX_CHANNELS)
#define READ_FRAMES  441
#define MAX_READS    20000

struct path {
    bool is_ldpc;
    roc_context *sending, *receiving; // as if on two machines
    roc_sender *sender;
    roc_receiver *receiver;
    unsigned packet; // samples per channel in a packet
};

struct path_config {
    bool has_fec;
    bool is_ldpc;                           // with FEC
    unsigned rate;                          // zero: 44100
    roc_channel_layout written, sent, read; // zero: stereo
    unsigned tracks;                        // of all that are multitrack
};

static unsigned channels_of(roc_channel_layout layout, unsigned tracks)
{
    if (layout == ROC_CHANNEL_LAYOUT_MULTITRACK)
        return tracks;
    return layout == ROC_CHANNEL_LAYOUT_MONO ? 1 : 2;
}

static roc_media_encoding encoding_of(const struct path_config *config, roc_channel_layout layout)
{
    roc_media_encoding encoding = api_encoding(config->rate != 0 ? config->rate : 44100,
                                               layout != 0 ? layout : ROC_CHANNEL_LAYOUT_STEREO);
    if (layout == ROC_CHANNEL_LAYOUT_MULTITRACK)
        encoding.tracks = config->tracks;
    return encoding;
}

static void path_open(struct path *p, const struct path_config *config)
{
    const roc_media_encoding packets = encoding_of(config, config->sent);
    const roc_sender_config sender = {
        .frame_encoding = encoding_of(config, config->written),
        .packet_encoding = (roc_packet_encoding)100,
        .fec_encoding = config->is_ldpc   ? ROC_FEC_ENCODING_LDPC_STAIRCASE
                        : config->has_fec ? ROC_FEC_ENCODING_RS8M
                                          : ROC_FEC_ENCODING_DISABLE,
    };
    p->packet = packets.rate == 44100 ? 221 : packets.rate / 200;
    const roc_receiver_config receiver = {
        .frame_encoding = encoding_of(config, config->read),
        .target_latency = (unsigned long long)PACKETS * p->packet * 1000000000 / packets.rate,
        .no_playback_timeout = -1,
        .choppy_playback_timeout = -1,
    };
    p->is_ldpc = config->is_ldpc;
    p->sending = api_context();
    p->receiving = api_context();
    assert_int_equal(roc_context_register_encoding(p->sending, 100, &packets), 0);
    assert_int_equal(roc_context_register_encoding(p->receiving, 100, &packets), 0);
    assert_int_equal(roc_context_select_plc(p->receiving, ROC_PLC_BACKEND_DISABLE), 0);
    assert_int_equal(roc_sender_open(p->sending, &sender, &p->sender), 0);
    assert_int_equal(roc_receiver_open(p->receiving, &receiver, &p->receiver), 0);
}

static void path_close(struct path *p)
{
    assert_int_equal(roc_sender_close(p->sender), 0);
    assert_int_equal(roc_receiver_close(p->receiver), 0);
    assert_int_equal(roc_context_close(p->sending), 0);
    assert_int_equal(roc_context_close(p->receiving), 0);
}

// Binds a slot of the receiver and connects one of a sender to it.
static void path_connect(struct path *p, roc_sender *sender, roc_slot from, roc_slot to,
                         bool has_fec)
{
    const char *with_fec = p->is_ldpc ? "rtp+ldpc" : "rtp+rs8m";
    const char *media = has_fec ? with_fec : "rtp";
    const int source = api_bind(p->receiver, to, api_source, media);
    assert_int_equal(api_connect(sender, from, api_source, media, source), 0);
    if (!has_fec)
        return;
    const char *scheme = p->is_ldpc ? "ldpc" : "rs8m";
    const int repair = api_bind(p->receiver, to, api_repair, scheme);
    assert_int_equal(api_connect(sender, from, api_repair, scheme, repair), 0);
}

// Samples that 16 bits hold exactly and none of which is zero.
static void make_noise(float *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = (float)(noise_sample(i) | 1) / 32768.f;
}

// Reads until sound comes, and then all of it.
static void read_sound(roc_receiver *receiver, float *samples, unsigned channels, size_t frames)
{
    int reads = 0;
    do {
        assert_true(reads++ < MAX_READS);
        usleep(1000);
        assert_int_equal(api_read(receiver, samples, READ_FRAMES * channels), 0);
    } while (samples[0] == 0);
    assert_int_equal(
        api_read(receiver, samples + READ_FRAMES * channels, (frames - READ_FRAMES) * channels), 0);
}

static void check_bit_exact(const struct path_config *config)
{
    static float sent[MAX_SAMPLES], got[MAX_SAMPLES];
    struct path p;
    path_open(&p, config);
    path_connect(&p, p.sender, 0, 0, config->has_fec);
    const unsigned written = channels_of(config->written, config->tracks);
    const unsigned read = channels_of(config->read, config->tracks);
    const size_t frames = (size_t)PACKETS * p.packet;
    make_noise(sent, frames * written);
    assert_int_equal(api_write(p.sender, sent, frames * written), 0);
    read_sound(p.receiver, got, read, frames);
    // More channels than there were: mono is in both of stereo, and tracks stay where they are.
    for (size_t i = 0; i < frames; i++) {
        for (unsigned c = 0; c < read; c++) {
            const float copied = config->tracks > 0 ? 0 : sent[i * written];
            assert_true(got[i * read + c] == (c < written ? sent[i * written + c] : copied));
        }
    }
    // And then silence.
    assert_int_equal(api_read(p.receiver, got, read), 0);
    assert_true(got[0] == 0);
    path_close(&p);
}

static void test_loopback_rtp_is_bit_exact(void **state)
{
    check_bit_exact(&(struct path_config){0});
}

static void test_loopback_rs8m_is_bit_exact(void **state)
{
    check_bit_exact(&(struct path_config){.has_fec = true});
}

static void test_loopback_ldpc_is_bit_exact(void **state)
{
    check_bit_exact(&(struct path_config){.has_fec = true, .is_ldpc = true});
}

static void test_loopback_of_custom_rate_is_bit_exact(void **state)
{
    check_bit_exact(&(struct path_config){.rate = 48000});
    check_bit_exact(&(struct path_config){.rate = 48000, .has_fec = true});
}

static void test_loopback_of_tracks_is_bit_exact(void **state)
{
    check_bit_exact(&(struct path_config){
        .rate = 48000,
        .written = ROC_CHANNEL_LAYOUT_MULTITRACK,
        .sent = ROC_CHANNEL_LAYOUT_MULTITRACK,
        .read = ROC_CHANNEL_LAYOUT_MULTITRACK,
        .tracks = 4,
    });
}

static void test_loopback_mono_becomes_stereo_in_sender(void **state)
{
    check_bit_exact(&(struct path_config){.written = ROC_CHANNEL_LAYOUT_MONO});
}

static void test_loopback_mono_becomes_stereo_in_receiver(void **state)
{
    check_bit_exact(&(struct path_config){
        .written = ROC_CHANNEL_LAYOUT_MONO, .sent = ROC_CHANNEL_LAYOUT_MONO, .has_fec = true});
}

static void test_loopback_tracks_are_never_remixed(void **state)
{
    const roc_channel_layout tracks = ROC_CHANNEL_LAYOUT_MULTITRACK;
    check_bit_exact(&(struct path_config){.written = tracks, .tracks = 1});
    check_bit_exact(&(struct path_config){.written = tracks, .sent = tracks, .tracks = 1});
    check_bit_exact(&(struct path_config){
        .written = ROC_CHANNEL_LAYOUT_MONO, .sent = tracks, .read = tracks, .tracks = 3});
}

// Mixing

// The loudest sample that the receiver gives. Reads frame by frame, so that sessions which begin
// one after the other still meet.
static float read_loudest(roc_receiver *receiver, float expected)
{
    float frame[2];
    float loudest = 0;
    for (int reads = 0; reads < MAX_READS && loudest < expected; reads++) {
        usleep(500);
        assert_int_equal(api_read(receiver, frame, 2), 0);
        loudest = frame[0] > loudest ? frame[0] : loudest;
    }
    return loudest;
}

static void write_level(roc_sender *sender, float level, int packets)
{
    float samples[221 * 2];
    for (size_t i = 0; i < 221 * 2; i++)
        samples[i] = level;
    for (int i = 0; i < packets; i++)
        assert_int_equal(api_write(sender, samples, 221 * 2), 0);
}

static unsigned count_connections(roc_receiver *receiver, roc_slot slot)
{
    roc_receiver_metrics metrics;
    assert_int_equal(roc_receiver_query(receiver, slot, &metrics, NULL, NULL), 0);
    return metrics.connection_count;
}

static roc_sender *open_second_sender(struct path *p)
{
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    config.packet_encoding = (roc_packet_encoding)100;
    roc_sender *sender = NULL;
    assert_int_equal(roc_sender_open(p->sending, &config, &sender), 0);
    return sender;
}

static void test_loopback_two_senders_are_mixed(void **state)
{
    struct path p;
    path_open(&p, &(struct path_config){0});
    roc_sender *second = open_second_sender(&p);
    const int port = api_bind(p.receiver, 0, api_source, "rtp");
    assert_int_equal(api_connect(p.sender, 0, api_source, "rtp", port), 0);
    assert_int_equal(api_connect(second, 0, api_source, "rtp", port), 0);
    write_level(p.sender, 0.25f, PACKETS);
    write_level(second, 0.5f, PACKETS);
    assert_true(read_loudest(p.receiver, 0.75f) == 0.75f);
    assert_int_equal(count_connections(p.receiver, 0), 2);

    roc_connection_metrics connections[3];
    size_t count = 1;
    assert_int_equal(roc_receiver_query(p.receiver, 0, NULL, connections, &count), 0);
    assert_int_equal(count, 1);
    count = 3;
    assert_int_equal(roc_receiver_query(p.receiver, 0, NULL, connections, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(connections[0].e2e_latency, 0);
    count = 3;
    assert_int_equal(roc_receiver_query(p.receiver, 0, NULL, NULL, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(roc_sender_close(second), 0);
    path_close(&p);
}

static void test_loopback_mix_is_clipped(void **state)
{
    struct path p;
    path_open(&p, &(struct path_config){0});
    roc_sender *second = open_second_sender(&p);
    const int port = api_bind(p.receiver, 0, api_source, "rtp");
    assert_int_equal(api_connect(p.sender, 0, api_source, "rtp", port), 0);
    assert_int_equal(api_connect(second, 0, api_source, "rtp", port), 0);
    write_level(p.sender, 0.75f, PACKETS);
    write_level(second, 0.75f, PACKETS);
    assert_true(read_loudest(p.receiver, 1.f) == 1.f);
    assert_int_equal(roc_sender_close(second), 0);
    path_close(&p);
}

static void test_loopback_every_slot_plays(void **state)
{
    struct path p;
    path_open(&p, &(struct path_config){.has_fec = true});
    for (roc_slot i = 0; i < 3; i++)
        path_connect(&p, p.sender, i, 100 + i, true);
    write_level(p.sender, 0.25f, PACKETS);
    assert_true(read_loudest(p.receiver, 0.75f) == 0.75f);
    for (roc_slot i = 0; i < 3; i++)
        assert_int_equal(count_connections(p.receiver, 100 + i), 1);
    path_close(&p);
}

static void test_loopback_unlinked_slot_falls_silent(void **state)
{
    float samples[READ_FRAMES * 2];
    struct path p;
    path_open(&p, &(struct path_config){0});
    path_connect(&p, p.sender, 0, 0, false);
    write_level(p.sender, 0.25f, PACKETS);
    assert_true(read_loudest(p.receiver, 0.25f) == 0.25f);
    assert_int_equal(roc_receiver_unlink(p.receiver, 0), 0);
    assert_int_equal(api_read(p.receiver, samples, READ_FRAMES * 2), 0);
    for (size_t i = 0; i < READ_FRAMES * 2; i++)
        assert_true(samples[i] == 0);
    path_close(&p);
}

static void test_loopback_broken_slot_falls_silent(void **state)
{
    float samples[READ_FRAMES * 2];
    struct path p;
    path_open(&p, &(struct path_config){0});
    path_connect(&p, p.sender, 0, 0, false);
    write_level(p.sender, 0.25f, PACKETS);
    assert_true(read_loudest(p.receiver, 0.25f) == 0.25f);
    assert_int_equal(api_bind_uri(p.receiver, 0, api_source, "rtp://127.0.0.1:0"), -1);
    assert_int_equal(api_read(p.receiver, samples, READ_FRAMES * 2), 0);
    for (size_t i = 0; i < READ_FRAMES * 2; i++)
        assert_true(samples[i] == 0);
    path_close(&p);
}

// Slots that come and go

struct player {
    struct path *path;
    atomic_bool is_stopping;
};

static void *write_and_read(void *arg)
{
    struct player *player = arg;
    static float samples[READ_FRAMES * 2];
    while (!atomic_load(&player->is_stopping)) {
        api_write(player->path->sender, samples, READ_FRAMES * 2);
        api_read(player->path->receiver, samples, READ_FRAMES * 2);
        usleep(200);
    }
    return NULL;
}

static void test_loopback_slots_come_and_go_while_sound_flows(void **state)
{
    struct path p;
    struct player player = {.path = &p};
    pthread_t thread;
    path_open(&p, &(struct path_config){.has_fec = true});
    assert_int_equal(pthread_create(&thread, NULL, write_and_read, &player), 0);
    for (roc_slot i = 0; i < 40; i++) {
        path_connect(&p, p.sender, i, i, true);
        usleep(1000);
        assert_int_equal(count_connections(p.receiver, i) <= 1, 1);
        // One is broken, the other unlinked, in turns.
        if (i % 2 == 0)
            assert_int_equal(api_connect_uri(p.sender, i, api_source, NULL), -1);
        else
            assert_int_equal(api_bind_uri(p.receiver, i, api_source, NULL), -1);
        assert_int_equal(roc_sender_unlink(p.sender, i), 0);
        assert_int_equal(roc_receiver_unlink(p.receiver, i), 0);
    }
    atomic_store(&player.is_stopping, true);
    pthread_join(thread, NULL);
    path_close(&p);
}

int main(void)
{
    log_set_level(LOG_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback_rtp_is_bit_exact),
        cmocka_unit_test(test_loopback_rs8m_is_bit_exact),
        cmocka_unit_test(test_loopback_ldpc_is_bit_exact),
        cmocka_unit_test(test_loopback_of_custom_rate_is_bit_exact),
        cmocka_unit_test(test_loopback_of_tracks_is_bit_exact),
        cmocka_unit_test(test_loopback_mono_becomes_stereo_in_sender),
        cmocka_unit_test(test_loopback_mono_becomes_stereo_in_receiver),
        cmocka_unit_test(test_loopback_tracks_are_never_remixed),
        cmocka_unit_test(test_loopback_two_senders_are_mixed),
        cmocka_unit_test(test_loopback_mix_is_clipped),
        cmocka_unit_test(test_loopback_every_slot_plays),
        cmocka_unit_test(test_loopback_unlinked_slot_falls_silent),
        cmocka_unit_test(test_loopback_broken_slot_falls_silent),
        cmocka_unit_test(test_loopback_slots_come_and_go_while_sound_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
