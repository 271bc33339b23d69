// SPDX-License-Identifier: MPL-2.0
//
// What audio threads call takes no lock and no memory and never waits, also while senders,
// receivers and slots come and go in another thread.

#include <limits.h>

#include "api/context.h"
#include "base/clock.h"
#include "base/thread.h"
#include "codec_fixture.h"
#include "device/device.h"
#include "graph/graph.h"
#include "realtime_trap.h"
#include "stream/receiver.h"
#include "stream/sender.h"

#define FRAMES           441 // 10 ms
#define GUESTS           5
#define MAX_TURNS        60000
#define TARGET_LATENCY   20000000
#define GUEST_MAX_WRITES 3000

// A second sender that comes, is heard, and goes, again and again; and with it a second slot of the
// first sender.
struct guests {
    roc_context *context;
    roc_sender *host;
    roc_receiver *receiver;
    int source_port, repair_port;
    unsigned seen; // guests that the receiver had a session for
    unsigned failures;
    atomic_bool is_over;
};

static unsigned count_sessions(roc_receiver *receiver)
{
    roc_receiver_metrics metrics = {0};
    return roc_receiver_query(receiver, 0, &metrics, NULL, NULL) == 0 ? metrics.connection_count
                                                                      : UINT_MAX;
}

static bool wait_for_sessions(struct guests *guests, roc_sender *guest, unsigned count)
{
    static float samples[FRAMES * 2];
    for (int i = 0; i < GUEST_MAX_WRITES && count_sessions(guests->receiver) != count; i++) {
        if (guest != NULL)
            api_write(guest, samples, FRAMES * 2);
        usleep(1000);
    }
    return count_sessions(guests->receiver) == count;
}

// Failures are counted: an assertion may only fail in the thread of the test.
static void visit(struct guests *guests)
{
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    roc_sender *guest = NULL;
    guests->failures += roc_sender_open(guests->context, &config, &guest) != 0;
    guests->failures += api_connect(guest, 0, api_source, "rtp+rs8m", guests->source_port) != 0;
    guests->failures += api_connect(guest, 0, api_repair, "rs8m", guests->repair_port) != 0;
    guests->failures += api_connect(guests->host, 1, api_source, "rtp+rs8m", 9) != 0;
    guests->failures += api_connect(guests->host, 1, api_repair, "rs8m", 9) != 0;
    guests->seen += wait_for_sessions(guests, guest, 2);
    guests->failures += roc_sender_unlink(guests->host, 1) != 0;
    guests->failures += roc_sender_close(guest) != 0;
    guests->failures += !wait_for_sessions(guests, NULL, 1);
}

static void run_guests(void *arg)
{
    struct guests *guests = arg;
    for (int i = 0; i < GUESTS; i++)
        visit(guests);
    atomic_store(&guests->is_over, true);
}

static void test_realtime_write_and_read_while_senders_come_and_go(void **state)
{
    static float in[FRAMES * 2], out[FRAMES * 2];
    roc_context *context = api_context();
    const roc_sender_config sender_config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    roc_receiver_config receiver_config = api_receiver_config();
    struct guests guests = {.context = context};
    struct thread *thread = NULL;
    receiver_config.target_latency = TARGET_LATENCY;
    assert_int_equal(roc_sender_open(context, &sender_config, &guests.host), 0);
    assert_int_equal(roc_receiver_open(context, &receiver_config, &guests.receiver), 0);
    guests.source_port = api_bind(guests.receiver, 0, api_source, "rtp+rs8m");
    guests.repair_port = api_bind(guests.receiver, 0, api_repair, "rs8m");
    assert_int_equal(api_connect(guests.host, 0, api_source, "rtp+rs8m", guests.source_port), 0);
    assert_int_equal(api_connect(guests.host, 0, api_repair, "rs8m", guests.repair_port), 0);
    assert_int_equal(
        thread_create(&thread, &(struct thread_config){.name = "guests"}, run_guests, &guests), 0);
    unsigned hits = 0;
    for (int i = 0; i < MAX_TURNS && !atomic_load(&guests.is_over); i++) {
        realtime_trap_start();
        api_write(guests.host, in, FRAMES * 2);
        api_read(guests.receiver, out, FRAMES * 2);
        hits += realtime_trap_stop();
        usleep(2000);
    }
    assert_true(atomic_load(&guests.is_over));
    thread_destroy(thread);
    assert_int_equal(hits, 0);
    assert_int_equal(guests.failures, 0);
    assert_int_equal(guests.seen, GUESTS);
    assert_int_equal(roc_sender_close(guests.host), 0);
    assert_int_equal(roc_receiver_close(guests.receiver), 0);
    assert_int_equal(roc_context_close(context), 0);
}

// Encoder and decoder: packets are pushed between the traps, because that is where sessions begin.

struct codec {
    roc_sender_encoder *encoder;
    roc_receiver_decoder *decoder;
    unsigned hits;
};

static void carry(struct codec *codec, roc_interface iface)
{
    struct codec_bytes bytes;
    bool is_there = true;
    while (is_there) {
        realtime_trap_start();
        is_there = codec_pop_packet(codec->encoder, iface, &bytes);
        codec->hits += realtime_trap_stop();
        if (is_there)
            assert_int_equal(codec_push_packet(codec->decoder, iface, &bytes), 0);
    }
}

static unsigned step(struct codec *codec)
{
    static float in[FRAMES * 2], out[FRAMES * 2];
    for (size_t i = 0; i < FRAMES * 2; i++)
        in[i] = 0.5f;
    realtime_trap_start();
    codec_push(codec->encoder, in, FRAMES * 2);
    codec->hits += realtime_trap_stop();
    carry(codec, api_source);
    carry(codec, api_repair);
    realtime_trap_start();
    codec_pop(codec->decoder, out, FRAMES * 2);
    codec->hits += realtime_trap_stop();
    return out[0] > 0;
}

static void activate(struct codec *codec, roc_protocol source, roc_protocol repair, bool is_first)
{
    assert_int_equal(roc_sender_encoder_activate(codec->encoder, api_source, source), 0);
    assert_int_equal(roc_sender_encoder_activate(codec->encoder, api_repair, repair), 0);
    if (!is_first)
        return;
    assert_int_equal(roc_receiver_decoder_activate(codec->decoder, api_source, source), 0);
    assert_int_equal(roc_receiver_decoder_activate(codec->decoder, api_repair, repair), 0);
}

// With frames of another rate than the packets' where rate_hz says so.
static void encode_and_decode(roc_fec_encoding fec, roc_protocol source, roc_protocol repair,
                              unsigned rate_hz)
{
    roc_context *context = api_context();
    roc_sender_config sender_config = api_sender_config(fec);
    roc_receiver_config receiver_config = api_receiver_config();
    sender_config.frame_encoding.rate = rate_hz;
    receiver_config.frame_encoding.rate = rate_hz;
    static float silence[FRAMES * 2];
    struct codec codec = {.decoder = NULL};
    receiver_config.target_latency = TARGET_LATENCY;
    codec.decoder = codec_decoder(context, &receiver_config);
    for (int guest = 0; guest < GUESTS; guest++) {
        unsigned loud = 0;
        codec.encoder = codec_encoder(context, &sender_config);
        activate(&codec, source, repair, guest == 0);
        for (int i = 0; i < 50; i++)
            loud += step(&codec);
        assert_true(loud > 30);
        assert_int_equal(roc_sender_encoder_close(codec.encoder), 0);
        // Nothing comes any more: the session ends, and the next one may begin.
        for (int i = 0; i < 50; i++) {
            realtime_trap_start();
            codec_pop(codec.decoder, silence, FRAMES * 2);
            codec.hits += realtime_trap_stop();
        }
    }
    assert_int_equal(codec.hits, 0);
    assert_int_equal(roc_receiver_decoder_close(codec.decoder), 0);
    assert_int_equal(roc_context_close(context), 0);
}

static void test_realtime_encode_and_decode_while_sessions_come_and_go(void **state)
{
    encode_and_decode(ROC_FEC_ENCODING_RS8M, ROC_PROTO_RTP_RS8M_SOURCE, ROC_PROTO_RS8M_REPAIR,
                      44100);
}

static void test_realtime_encode_and_decode_with_ldpc(void **state)
{
    encode_and_decode(ROC_FEC_ENCODING_LDPC_STAIRCASE, ROC_PROTO_RTP_LDPC_SOURCE,
                      ROC_PROTO_LDPC_REPAIR, 44100);
}

static void test_realtime_encode_and_decode_at_another_rate(void **state)
{
    encode_and_decode(ROC_FEC_ENCODING_RS8M, ROC_PROTO_RTP_RS8M_SOURCE, ROC_PROTO_RS8M_REPAIR,
                      48000);
}

// The step of a transceiver's graph: from a tone to a sender, and from a receiver to a sink.

static struct net_address loopback(void)
{
    return (struct net_address){
        .in4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
}

static const struct audio_encoding l16_stereo = {
    .payload_type = 10, .rate_hz = 44100, .channels = 2};

static struct sender *make_sender(roc_context *context, const struct net_address *to)
{
    const struct sender_config config = {
        .network = context_get_network(context),
        .session = {.pool = context_get_pool(context), .encoding = l16_stereo},
    };
    struct sender *sender = NULL;
    assert_int_equal(sender_create(&sender, &config), 0);
    assert_int_equal(sender_connect(sender, 0, STREAM_SOURCE, to), 0);
    return sender;
}

static struct receiver *make_receiver(roc_context *context, struct net_address *address)
{
    const struct receiver_config config = {
        .network = context_get_network(context),
        .pool = context_get_pool(context),
        .encodings = {l16_stereo},
        .encoding_count = 1,
        .session = {.target_latency_ns = TARGET_LATENCY},
    };
    struct receiver *receiver = NULL;
    *address = loopback();
    assert_int_equal(receiver_create(&receiver, &config), 0);
    assert_int_equal(receiver_bind(receiver, 0, STREAM_SOURCE, FEC_NONE, NULL, address), 0);
    return receiver;
}

static uint64_t add_device(struct graph *graph, enum device_kind kind)
{
    const struct device_config config = {.kind = kind};
    struct device *device = NULL;
    uint64_t id = 0;
    assert_int_equal(device_open(&device, &config, NULL), 0);
    const struct port_config port = port_of_device(device);
    assert_int_equal(graph_add_port(graph, &port, &id), 0);
    return id;
}

static void link_ports(struct graph *graph, uint64_t source, uint64_t sink)
{
    uint64_t link;
    assert_int_equal(graph_link(graph, source, sink, &(struct graph_link_config){.gain = 1}, &link),
                     0);
}

struct graph_guests {
    roc_context *context;
    struct receiver *receiver;
    struct net_address to;
    unsigned seen;
    unsigned failures;
    atomic_bool is_over;
};

static bool wait_for_total(struct graph_guests *guests, struct sender *guest, unsigned count)
{
    static float samples[FRAMES * 2];
    for (int i = 0; i < GUEST_MAX_WRITES && receiver_total(guests->receiver).sessions != count;
         i++) {
        if (guest != NULL)
            sender_write(guest, samples, FRAMES);
        usleep(2000);
    }
    return receiver_total(guests->receiver).sessions == count;
}

static void run_graph_guests(void *arg)
{
    struct graph_guests *guests = arg;
    for (int i = 0; i < GUESTS; i++) {
        struct sender *guest = make_sender(guests->context, &guests->to);
        guests->seen += wait_for_total(guests, guest, 2);
        sender_destroy(guest);
        guests->failures += !wait_for_total(guests, NULL, 1);
    }
    atomic_store(&guests->is_over, true);
}

static void test_realtime_graph_step_while_senders_come_and_go(void **state)
{
    roc_context *context = api_context();
    struct graph_guests guests = {.context = context};
    struct graph *graph = NULL;
    struct thread *thread = NULL;
    uint64_t sink, source;
    assert_int_equal(graph_create(&graph, &(struct graph_config){.manual = true}), 0);
    guests.receiver = make_receiver(context, &guests.to);
    const struct port_config to_network =
        port_of_sender(make_sender(context, &guests.to), 44100, 2);
    const struct port_config from_network = port_of_receiver(guests.receiver, 44100, 2);
    assert_int_equal(graph_add_port(graph, &to_network, &sink), 0);
    assert_int_equal(graph_add_port(graph, &from_network, &source), 0);
    link_ports(graph, add_device(graph, DEVICE_TONE), sink);
    link_ports(graph, source, add_device(graph, DEVICE_NULL_SINK));
    assert_int_equal(thread_create(&thread, &(struct thread_config){.name = "guests"},
                                   run_graph_guests, &guests),
                     0);
    unsigned hits = 0;
    for (int i = 0; i < MAX_TURNS && !atomic_load(&guests.is_over); i++) {
        realtime_trap_start();
        graph_tick(graph, clock_monotonic_ns());
        hits += realtime_trap_stop();
        usleep(2000);
    }
    assert_true(atomic_load(&guests.is_over));
    thread_destroy(thread);
    assert_int_equal(hits, 0);
    assert_int_equal(guests.failures, 0);
    assert_int_equal(guests.seen, GUESTS);
    graph_destroy(graph);
    assert_int_equal(roc_context_close(context), 0);
}

int main(void)
{
    log_set_level(LOG_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_realtime_write_and_read_while_senders_come_and_go),
        cmocka_unit_test(test_realtime_encode_and_decode_while_sessions_come_and_go),
        cmocka_unit_test(test_realtime_encode_and_decode_with_ldpc),
        cmocka_unit_test(test_realtime_encode_and_decode_at_another_rate),
        cmocka_unit_test(test_realtime_graph_step_while_senders_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
