// SPDX-License-Identifier: MPL-2.0
//
// Endpoints and halves on a real transceiver.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "media/media.h"
#include "wav_file.h"

#define PATIENCE_S 20

struct bench {
    char dir[64];
    struct media *media;
    struct api_error error;
};

static struct media *create_media(struct bench *bench, const char *host, unsigned low,
                                  unsigned high)
{
    struct media *media = NULL;
    struct media_config config = {
        .media_dir = bench->dir, .bind_host = host, .port_low = low, .port_high = high};
    if (media_create(&media, &config, &bench->error) != 0)
        fail_msg("%s", bench->error.text);
    return media;
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    strcpy(bench->dir, "/tmp/rocd-test-XXXXXX");
    assert_non_null(mkdtemp(bench->dir));
    bench->media = create_media(bench, "127.0.0.1", 0, 0);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    char command[96];
    media_destroy(bench->media);
    snprintf(command, sizeof(command), "rm -rf '%s'", bench->dir);
    assert_int_equal(system(command), 0);
    free(bench);
    return 0;
}

static void write_wav(struct bench *bench, const char *name, unsigned rate_hz, unsigned channels,
                      unsigned frames)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", bench->dir, name);
    wav_file_write(path, rate_hz, channels, frames, 20000, 0);
}

static struct endpoint make_endpoint(const char *uid, enum virtual_kind kind, const char *path)
{
    struct endpoint endpoint = {.volume = 1, .virtual = {.kind = kind}};
    snprintf(endpoint.uid, sizeof(endpoint.uid), "%s", uid);
    snprintf(endpoint.display_name, sizeof(endpoint.display_name), "%s", uid);
    snprintf(endpoint.virtual.path, sizeof(endpoint.virtual.path), "%s", path);
    return endpoint;
}

static void add(struct bench *bench, const char *uid, enum virtual_kind kind, const char *path)
{
    struct endpoint endpoint = make_endpoint(uid, kind, path);
    if (media_add_endpoint(bench->media, &endpoint, &bench->error) != 0)
        fail_msg("%s", bench->error.text);
}

static struct endpoint query(struct bench *bench, const char *uid)
{
    struct endpoint endpoint = make_endpoint(uid, VIRTUAL_NONE, "");
    media_query_endpoint(bench->media, &endpoint);
    return endpoint;
}

static struct half_config make_config(const char *stream_uid, const char *endpoint_uid)
{
    return (struct half_config){.stream_uid = stream_uid,
                                .endpoint_uid = endpoint_uid,
                                .volume = 1,
                                .transport = {.packet_ms = 5, .target_latency_ms = 50}};
}

static void set_fec(struct half_config *config, enum transport_fec scheme)
{
    config->transport.fec_scheme = scheme;
    config->transport.fec_source_packets = 4;
    config->transport.fec_repair_packets = scheme == TRANSPORT_FEC_LDPC ? 7 : 2;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

#define wait_until(condition)                                   \
    do {                                                        \
        int rounds = 0;                                         \
        while (!(condition)) {                                  \
            if (++rounds > PATIENCE_S * 200)                    \
                fail_msg("waited in vain for: %s", #condition); \
            sleep_ms(5);                                        \
        }                                                       \
    } while (0)

static struct half_metrics measure(struct bench *bench, const char *uid)
{
    struct half_metrics metrics = {0};
    (void)media_query_half(bench->media, uid, &metrics);
    return metrics;
}

static void check_refused(struct bench *bench, enum virtual_kind kind, const char *path,
                          enum error_code code)
{
    struct endpoint endpoint = make_endpoint("e", kind, path);
    bench->error = (struct api_error){0};
    if (media_add_endpoint(bench->media, &endpoint, &bench->error) == 0)
        fail_msg("'%s' was taken", path);
    assert_int_equal(bench->error.code, code);
    assert_true(strlen(bench->error.text) > 10);
    assert_null(strstr(bench->error.text, "/proc/"));
    assert_int_equal(query(bench, "e").state, ENDPOINT_UNAVAILABLE);
}

static void test_endpoints_that_cannot_work_are_refused(void **state)
{
    struct bench *bench = *state;
    char path[128];
    check_refused(bench, VIRTUAL_SPEAKER, "", ERROR_UNSATISFIABLE);
    check_refused(bench, VIRTUAL_MICROPHONE, "", ERROR_UNSATISFIABLE);
    check_refused(bench, VIRTUAL_BUS, "", ERROR_UNSATISFIABLE);
    check_refused(bench, VIRTUAL_FILE_PLAYER, "none.wav", ERROR_UNSATISFIABLE);
    check_refused(bench, VIRTUAL_FILE_PLAYER, "../../etc/passwd", ERROR_INVALID_ARGS);
    check_refused(bench, VIRTUAL_FILE_RECORDER, "../take.wav", ERROR_INVALID_ARGS);
    check_refused(bench, VIRTUAL_FILE_RECORDER, "take.mp3", ERROR_INVALID_ARGS);
    snprintf(path, sizeof(path), "%s/text.wav", bench->dir);
    FILE *file = fopen(path, "w");
    fputs("this is no sound", file);
    fclose(file);
    check_refused(bench, VIRTUAL_FILE_PLAYER, "text.wav", ERROR_UNSATISFIABLE);
    assert_non_null(strstr(bench->error.text, "text.wav"));
    assert_string_equal(bench->error.field, "virtual.path");
}

static void test_format_is_the_source_s_own(void **state)
{
    struct bench *bench = *state;
    unsigned rate_hz = 0, channels = 0;
    write_wav(bench, "song.wav", 32000, 1, 320);
    add(bench, "player", VIRTUAL_FILE_PLAYER, "song.wav");
    assert_int_equal(media_get_format(bench->media, "player", &rate_hz, &channels, &bench->error),
                     0);
    assert_int_equal(rate_hz, 32000);
    assert_int_equal(channels, 1);
    assert_int_equal(query(bench, "player").virtual.length_frames, 320);
    // The file is looked at again: it may have been replaced.
    write_wav(bench, "song.wav", 48000, 2, 480);
    assert_int_equal(media_get_format(bench->media, "player", &rate_hz, &channels, &bench->error),
                     0);
    assert_int_equal(rate_hz, 48000);
    assert_int_equal(channels, 2);
    add(bench, "sink", VIRTUAL_NULL_SINK, "");
    assert_int_equal(media_get_format(bench->media, "sink", &rate_hz, &channels, &bench->error),
                     -1);
}

static void test_recorder_opens_with_its_first_stream_and_closes_with_the_last(void **state)
{
    struct bench *bench = *state;
    char path[128];
    struct stat info;
    add(bench, "tone", VIRTUAL_TONE, "");
    add(bench, "rec", VIRTUAL_FILE_RECORDER, "take.wav");
    snprintf(path, sizeof(path), "%s/take.wav", bench->dir);
    assert_int_equal(stat(path, &info), -1);
    struct half_config first = make_config("s1", "tone");
    assert_int_equal(media_open_local(bench->media, &first, "rec", &bench->error), 0);
    assert_string_equal(query(bench, "rec").virtual.file, "take.wav");
    assert_int_equal(query(bench, "rec").state, ENDPOINT_IN_USE);
    wait_until(query(bench, "rec").virtual.position_frames > 4410);
    media_close_half(bench->media, "s1");
    assert_int_equal(query(bench, "rec").state, ENDPOINT_AVAILABLE);
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size > 4410 * 4);
    assert_true(query(bench, "rec").virtual.position_frames > 4410);

    assert_int_equal(media_open_local(bench->media, &first, "rec", &bench->error), 0);
    assert_string_equal(query(bench, "rec").virtual.file, "take-2.wav");
    media_close_half(bench->media, "s1");
    media_close_half(bench->media, "unknown");
}

static void test_sink_mixes_streams_of_one_format(void **state)
{
    struct bench *bench = *state;
    write_wav(bench, "song.wav", 48000, 2, 48000);
    add(bench, "tone", VIRTUAL_TONE, "");
    add(bench, "silence", VIRTUAL_NULL_SOURCE, "");
    add(bench, "other", VIRTUAL_FILE_PLAYER, "song.wav");
    add(bench, "rec", VIRTUAL_FILE_RECORDER, "take.wav");
    struct half_config first = make_config("s1", "tone"), second = make_config("s2", "silence");
    struct half_config third = make_config("s3", "other"), again = make_config("s4", "tone");
    assert_int_equal(media_open_local(bench->media, &first, "rec", &bench->error), 0);
    assert_int_equal(media_open_local(bench->media, &second, "rec", &bench->error), 0);
    assert_int_equal(media_open_local(bench->media, &third, "rec", &bench->error), -1);
    assert_int_equal(bench->error.code, ERROR_UNSATISFIABLE);
    assert_int_equal(query(bench, "other").state, ENDPOINT_AVAILABLE); // nothing half-made
    assert_int_equal(media_open_local(bench->media, &again, "rec", &bench->error), -1);
    assert_int_equal(bench->error.code, ERROR_CONFLICT);
    media_close_half(bench->media, "s1");
    assert_int_equal(query(bench, "rec").state, ENDPOINT_IN_USE);
    media_close_half(bench->media, "s2");
    assert_int_equal(query(bench, "rec").state, ENDPOINT_AVAILABLE);
    assert_int_equal(media_open_local(bench->media, &third, "rec", &bench->error), 0);
}

// A receiver into a null sink and a sender to it, with FEC when told.
static void open_pair(struct bench *bench, enum transport_fec fec, struct media_address *address)
{
    struct half_config receiver = make_config("in", "sink"), sender = make_config("out", "tone");
    add(bench, "tone", VIRTUAL_TONE, "");
    add(bench, "sink", VIRTUAL_NULL_SINK, "");
    if (fec != TRANSPORT_FEC_NONE) {
        set_fec(&receiver, fec);
        set_fec(&sender, fec);
    }
    *address = (struct media_address){0};
    if (media_open_receiver(bench->media, &receiver, address, &bench->error) != 0 ||
        media_open_sender(bench->media, &sender, address, &bench->error) != 0)
        fail_msg("%s", bench->error.text);
}

static void test_sound_goes_over_loopback(void **state)
{
    struct bench *bench = *state;
    struct media_address address;
    open_pair(bench, TRANSPORT_FEC_NONE, &address);
    assert_memory_equal(address.media_uri, "rtp://127.0.0.1:", 16);
    assert_string_equal(address.repair_uri, "");
    wait_until(measure(bench, "in").packets_received > 20);
    assert_true(measure(bench, "out").packets_sent > 20);
    assert_false(measure(bench, "out").is_receiver);
    assert_int_equal(media_query_half(bench->media, "unknown", &(struct half_metrics){0}), -ENOENT);
}

static void test_reports_tell_both_halves_of_the_way(void **state)
{
    struct bench *bench = *state;
    struct media_address address;
    open_pair(bench, TRANSPORT_FEC_RS8M, &address);
    assert_memory_equal(address.control_uri, "rtcp://127.0.0.1:", 17);
    wait_until(measure(bench, "in").e2e_latency_ms > 0);
    wait_until(measure(bench, "out").e2e_latency_ms > 0);
    assert_true(measure(bench, "in").rtt_ms >= 0);
    assert_true(measure(bench, "out").rtt_ms >= 0);
    assert_true(measure(bench, "out").remote_loss >= 0);
}

static void test_fec_has_its_own_port(void **state)
{
    struct bench *bench = *state;
    struct media_address address;
    open_pair(bench, TRANSPORT_FEC_RS8M, &address);
    assert_memory_equal(address.media_uri, "rtp+rs8m://127.0.0.1:", 21);
    assert_memory_equal(address.repair_uri, "rs8m://127.0.0.1:", 17);
    wait_until(measure(bench, "in").repair_packets_received > 4);
    assert_true(measure(bench, "in").packets_received > 4);
}

static void test_ldpc_reaches_the_other_side(void **state)
{
    struct bench *bench = *state;
    struct media_address address;
    open_pair(bench, TRANSPORT_FEC_LDPC, &address);
    assert_memory_equal(address.media_uri, "rtp+ldpc://127.0.0.1:", 21);
    assert_memory_equal(address.repair_uri, "ldpc://127.0.0.1:", 17);
    wait_until(measure(bench, "in").repair_packets_received > 7);
    assert_true(measure(bench, "in").packets_received > 4);
}

static void test_sender_moves_without_a_break(void **state)
{
    struct bench *bench = *state;
    struct media_address address, second = {0};
    open_pair(bench, TRANSPORT_FEC_NONE, &address);
    add(bench, "sink2", VIRTUAL_NULL_SINK, "");
    struct half_config receiver = make_config("in2", "sink2"), sender = make_config("out", "tone");
    assert_int_equal(media_open_receiver(bench->media, &receiver, &second, &bench->error), 0);
    wait_until(measure(bench, "in").packets_received > 5);
    unsigned long long sent = measure(bench, "out").packets_sent;
    assert_int_equal(media_open_sender(bench->media, &sender, &second, &bench->error), 0);
    wait_until(measure(bench, "in2").packets_received > 5);
    assert_true(measure(bench, "out").packets_sent >= sent); // still the same port
    struct media_address bad = {.media_uri = "rtp://host.invalid:5"};
    assert_int_equal(media_open_sender(bench->media, &sender, &bad, &bench->error), -1);
    unsigned long long before = measure(bench, "in2").packets_received;
    wait_until(measure(bench, "in2").packets_received > before);
}

static void test_repeated_open_changes_nothing(void **state)
{
    struct bench *bench = *state;
    struct media_address address, again = {0};
    open_pair(bench, TRANSPORT_FEC_RS8M, &address);
    struct half_config receiver = make_config("in", "sink"), sender = make_config("out", "tone");
    set_fec(&receiver, TRANSPORT_FEC_RS8M);
    set_fec(&sender, TRANSPORT_FEC_RS8M);
    wait_until(measure(bench, "in").packets_received > 5);
    assert_int_equal(media_open_receiver(bench->media, &receiver, &again, &bench->error), 0);
    assert_int_equal(media_open_sender(bench->media, &sender, &again, &bench->error), 0);
    assert_string_equal(again.media_uri, address.media_uri);
    assert_string_equal(again.repair_uri, address.repair_uri);
    assert_true(measure(bench, "in").packets_received > 5);
}

static void test_failed_change_of_a_half_keeps_it(void **state)
{
    struct bench *bench = *state;
    struct media_address address, again = {0};
    open_pair(bench, TRANSPORT_FEC_NONE, &address);
    struct half_config receiver = make_config("in", "sink");
    receiver.transport.sample_rate = 44100;
    receiver.transport.channels = 33;
    assert_int_equal(media_open_receiver(bench->media, &receiver, &again, &bench->error), -1);
    receiver = make_config("in", "tone");
    assert_int_equal(media_open_receiver(bench->media, &receiver, &again, &bench->error), -1);
    receiver = make_config("in", "sink");
    assert_int_equal(media_open_receiver(bench->media, &receiver, &again, &bench->error), 0);
    assert_string_equal(again.media_uri, address.media_uri);
    wait_until(measure(bench, "in").packets_received > 5);
}

static void test_player_goes_on_when_its_half_is_made_anew(void **state)
{
    struct bench *bench = *state;
    write_wav(bench, "song.wav", 44100, 2, 20 * 44100);
    add(bench, "player", VIRTUAL_FILE_PLAYER, "song.wav");
    struct half_config sender = make_config("out", "player");
    struct media_address address = {.media_uri = "rtp://127.0.0.1:9"};
    assert_int_equal(media_open_sender(bench->media, &sender, &address, &bench->error), 0);
    wait_until(query(bench, "player").virtual.position_frames > 4410);
    unsigned long long before = query(bench, "player").virtual.position_frames;
    sender.transport.packet_ms = 10;
    assert_int_equal(media_open_sender(bench->media, &sender, &address, &bench->error), 0);
    assert_true(query(bench, "player").virtual.position_frames >= before);
    media_close_half(bench->media, "out");
    assert_int_equal(query(bench, "player").virtual.position_frames, 0);
    assert_int_equal(query(bench, "player").state, ENDPOINT_AVAILABLE);
}

// One question: the peak is since the last one.
static bool is_level(struct bench *bench, double low_db, double high_db)
{
    sleep_ms(50);
    double level_db = measure(bench, "s").level_db;
    return level_db >= low_db && level_db <= high_db;
}

static void test_volumes_and_mutes_multiply(void **state)
{
    struct bench *bench = *state;
    add(bench, "tone", VIRTUAL_TONE, ""); // 0 dBFS
    add(bench, "sink", VIRTUAL_NULL_SINK, "");
    struct half_config half = make_config("s", "tone");
    assert_int_equal(media_open_local(bench->media, &half, "sink", &bench->error), 0);
    wait_until(is_level(bench, -0.1, 0.1));

    struct endpoint tone = make_endpoint("tone", VIRTUAL_TONE, "");
    struct endpoint sink = make_endpoint("sink", VIRTUAL_NULL_SINK, "");
    tone.volume = 0.5;
    sink.volume = 0.5;
    half.volume = 0.4;
    assert_int_equal(media_update_endpoint(bench->media, &tone, &bench->error), 0);
    assert_int_equal(media_update_endpoint(bench->media, &sink, &bench->error), 0);
    media_update_half(bench->media, &half);
    wait_until(is_level(bench, -20.1, -19.9));
    sink.muted = true;
    assert_int_equal(media_update_endpoint(bench->media, &sink, &bench->error), 0);
    wait_until(is_level(bench, -120, -119));
}

static void test_device_in_use_cannot_become_another(void **state)
{
    struct bench *bench = *state;
    write_wav(bench, "a.wav", 44100, 2, 100);
    write_wav(bench, "b.wav", 48000, 1, 200);
    add(bench, "player", VIRTUAL_FILE_PLAYER, "a.wav");
    add(bench, "sink", VIRTUAL_NULL_SINK, "");
    struct half_config half = make_config("s", "player");
    assert_int_equal(media_open_local(bench->media, &half, "sink", &bench->error), 0);
    struct endpoint other = make_endpoint("player", VIRTUAL_FILE_PLAYER, "b.wav");
    assert_int_equal(media_update_endpoint(bench->media, &other, &bench->error), -1);
    assert_int_equal(bench->error.code, ERROR_CONFLICT);
    media_close_half(bench->media, "s");
    assert_int_equal(media_update_endpoint(bench->media, &other, &bench->error), 0);
    assert_int_equal(query(bench, "player").virtual.length_frames, 200);
    struct endpoint gone = make_endpoint("player", VIRTUAL_FILE_PLAYER, "none.wav");
    assert_int_equal(media_update_endpoint(bench->media, &gone, &bench->error), -1);
    assert_int_equal(query(bench, "player").virtual.length_frames, 200);
}

static void test_ports_come_from_the_range_and_run_out_with_a_sentence(void **state)
{
    struct bench *bench = *state;
    struct media_address address = {0};
    // Two ports, of sound and of reports. The one that the system finds free is free now, too, and
    // so is its neighbour, most of the time.
    open_pair(bench, TRANSPORT_FEC_NONE, &address);
    unsigned port = (unsigned)atoi(strrchr(address.media_uri, ':') + 1);
    media_close_half(bench->media, "in");
    struct media *narrow = create_media(bench, "127.0.0.1", port, port + 1);
    struct endpoint first = make_endpoint("first", VIRTUAL_NULL_SINK, "");
    struct endpoint second = make_endpoint("second", VIRTUAL_NULL_SINK, "");
    assert_int_equal(media_add_endpoint(narrow, &first, &bench->error), 0);
    assert_int_equal(media_add_endpoint(narrow, &second, &bench->error), 0);
    struct half_config a = make_config("a", "first"), b = make_config("b", "second");
    struct media_address got = {0}, none = {0};
    assert_int_equal(media_open_receiver(narrow, &a, &got, &bench->error), 0);
    assert_string_equal(got.media_uri, address.media_uri);
    assert_int_equal(media_open_receiver(narrow, &b, &none, &bench->error), -1);
    assert_int_equal(bench->error.code, ERROR_UNSATISFIABLE);
    assert_non_null(strstr(bench->error.text, "ports"));
    media_destroy(narrow);
}

static void test_hosts_are_addresses(void **state)
{
    struct bench *bench = *state;
    add(bench, "tone", VIRTUAL_TONE, "");
    static const char *const bad[] = {"rtp://example.com:5000",    "rtp://127.0.0.1",
                                      "rtp+ldpc://127.0.0.1:5000", "nonsense",
                                      "rtp://[::1:5000",           "rtp+rs8m://127.0.0.1:5000"};
    struct half_config sender = make_config("out", "tone");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct media_address address = {0};
        snprintf(address.media_uri, sizeof(address.media_uri), "%s", bad[i]);
        if (media_open_sender(bench->media, &sender, &address, &bench->error) == 0)
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(query(bench, "tone").state, ENDPOINT_AVAILABLE);
    }
}

#define MEDIA_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEDIA_TEST(test_endpoints_that_cannot_work_are_refused),
        MEDIA_TEST(test_format_is_the_source_s_own),
        MEDIA_TEST(test_recorder_opens_with_its_first_stream_and_closes_with_the_last),
        MEDIA_TEST(test_sink_mixes_streams_of_one_format),
        MEDIA_TEST(test_sound_goes_over_loopback),
        MEDIA_TEST(test_reports_tell_both_halves_of_the_way),
        MEDIA_TEST(test_fec_has_its_own_port),
        MEDIA_TEST(test_ldpc_reaches_the_other_side),
        MEDIA_TEST(test_sender_moves_without_a_break),
        MEDIA_TEST(test_repeated_open_changes_nothing),
        MEDIA_TEST(test_failed_change_of_a_half_keeps_it),
        MEDIA_TEST(test_player_goes_on_when_its_half_is_made_anew),
        MEDIA_TEST(test_volumes_and_mutes_multiply),
        MEDIA_TEST(test_device_in_use_cannot_become_another),
        MEDIA_TEST(test_ports_come_from_the_range_and_run_out_with_a_sentence),
        MEDIA_TEST(test_hosts_are_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
