// SPDX-License-Identifier: MPL-2.0
//
// Every constructor with every one of its allocations failing in turn: it says so, gives back what
// it has, and nothing crashes.

#include "api/context.h"
#include "audio/resampler.h"
#include "base/ring.h"
#include "base/thread.h"
#include "codec_fixture.h"
#include "device/device.h"
#include "graph/graph.h"
#include "oom.h"
#include "roc/transceiver.h"
#include "stream/receiver.h"
#include "stream/sender.h"
#include "wire/rtp.h"

static const struct audio_encoding l16_stereo = {
    .payload_type = 10,
    .rate_hz = 44100,
    .channels = 2,
};

// Fixtures: made before memory runs out, gone after.

static struct packet_pool *make_pool(void)
{
    struct packet_pool *pool = NULL;
    assert_int_equal(packet_pool_create(&pool, &(struct packet_pool_config){0}), 0);
    return pool;
}

static struct network *make_network(struct packet_pool *pool)
{
    struct network *network = NULL;
    const struct network_config config = {.pool = pool};
    assert_int_equal(network_create(&network, &config), 0);
    return network;
}

static struct net_address loopback(uint16_t port)
{
    return (struct net_address){.in4 = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                        .sin_port = htons(port)}};
}

// base

static int try_packet_pool(void)
{
    struct packet_pool *pool = NULL;
    oom_start();
    const int code = packet_pool_create(&pool, &(struct packet_pool_config){0});
    oom_stop();
    packet_pool_destroy(pool);
    return code;
}

static int try_packet_pool_reserve(void)
{
    struct packet_pool *pool = make_pool();
    oom_start();
    const int code = packet_pool_reserve(pool, 1000);
    oom_stop();
    packet_pool_destroy(pool);
    return code;
}

static int try_ring(void)
{
    struct ring *ring = NULL;
    oom_start();
    const int code = ring_create(&ring, 8, 100);
    oom_stop();
    ring_destroy(ring);
    return code;
}

static void do_nothing(void *arg)
{
}

static int try_thread(void)
{
    struct thread *thread = NULL;
    oom_start();
    const int code = thread_create(&thread, &(struct thread_config){0}, do_nothing, NULL);
    oom_stop();
    thread_destroy(thread);
    return code;
}

static void test_oom_base_gives_everything_back(void **state)
{
    oom_sweep("packet_pool_create", try_packet_pool);
    oom_sweep("packet_pool_reserve", try_packet_pool_reserve);
    oom_sweep("ring_create", try_ring);
    oom_sweep("thread_create", try_thread);
}

// audio

static int try_resampler(void)
{
    struct resampler *resampler = NULL;
    const struct resampler_config config = {
        .in_rate_hz = 44100, .out_rate_hz = 48000, .channels = 2};
    oom_start();
    const int code = resampler_create(&resampler, &config);
    oom_stop();
    resampler_destroy(resampler);
    return code;
}

static void test_oom_audio_gives_everything_back(void **state)
{
    oom_sweep("resampler_create", try_resampler);
}

// net

static int try_network(void)
{
    struct packet_pool *pool = make_pool();
    struct network *network = NULL;
    const struct network_config config = {.pool = pool};
    oom_start();
    const int code = network_create(&network, &config);
    oom_stop();
    network_destroy(network);
    packet_pool_destroy(pool);
    return code;
}

static int try_socket(void)
{
    struct packet_pool *pool = make_pool();
    struct network *network = make_network(pool);
    struct udp_socket *udp = NULL;
    const struct udp_config config = {.bind = loopback(0)};
    oom_start();
    const int code = network_open_socket(network, &config, &udp);
    oom_stop();
    if (code == 0)
        network_close_socket(network, udp);
    network_destroy(network);
    packet_pool_destroy(pool);
    return code;
}

static void test_oom_net_gives_everything_back(void **state)
{
    oom_sweep("network_create", try_network);
    oom_sweep("network_open_socket", try_socket);
}

// stream

static void drop(struct packet *packet, void *arg)
{
    packet_unref(packet);
}

static struct send_session_config send_config(struct packet_pool *pool, enum fec_scheme fec)
{
    return (struct send_session_config){
        .pool = pool,
        .encoding = l16_stereo,
        .fec = fec,
        .interleaving = fec != FEC_NONE,
        .output = drop,
    };
}

static int try_send_session_with(enum fec_scheme fec)
{
    struct packet_pool *pool = make_pool();
    struct send_session *session = NULL;
    const struct send_session_config config = send_config(pool, fec);
    oom_start();
    const int code = send_session_create(&session, &config);
    oom_stop();
    send_session_destroy(session);
    packet_pool_destroy(pool);
    return code;
}

static int try_send_session_bare(void)
{
    return try_send_session_with(FEC_NONE);
}

static int try_send_session_rs8m(void)
{
    return try_send_session_with(FEC_RS8M);
}

static int try_send_session_ldpc(void)
{
    return try_send_session_with(FEC_LDPC);
}

static int try_sender(void)
{
    struct packet_pool *pool = make_pool();
    struct network *network = make_network(pool);
    struct sender *sender = NULL;
    const struct net_address to = loopback(9);
    const struct sender_config config = {.network = network,
                                         .session = send_config(pool, FEC_RS8M)};
    oom_start();
    int code = sender_create(&sender, &config);
    if (code == 0)
        code = sender_configure(sender, 0, STREAM_SOURCE, &(struct udp_config){0});
    if (code == 0)
        code = sender_connect(sender, 0, STREAM_SOURCE, &to);
    if (code == 0)
        code = sender_connect(sender, 0, STREAM_REPAIR, &to);
    if (code == 0)
        code = sender_connect(sender, 0, STREAM_CONTROL, &to);
    oom_stop();
    sender_destroy(sender);
    network_destroy(network);
    packet_pool_destroy(pool);
    return code;
}

static int try_receive_session(void)
{
    struct packet_pool *pool = make_pool();
    struct receive_session *session = NULL;
    const struct receive_session_config config = {
        .pool = pool, .encoding = l16_stereo, .fec = FEC_RS8M};
    oom_start();
    const int code = receive_session_create(&session, &config);
    oom_stop();
    receive_session_destroy(session);
    packet_pool_destroy(pool);
    return code;
}

static struct receiver_config receive_config(struct network *network, struct packet_pool *pool)
{
    return (struct receiver_config){
        .network = network, .pool = pool, .encodings = {l16_stereo}, .encoding_count = 1};
}

static int try_receiver(void)
{
    struct packet_pool *pool = make_pool();
    struct network *network = make_network(pool);
    struct receiver *receiver = NULL;
    struct net_address source = loopback(0), repair = loopback(0), control = loopback(0);
    const struct receiver_config config = receive_config(network, pool);
    oom_start();
    int code = receiver_create(&receiver, &config);
    if (code == 0)
        code = receiver_bind(receiver, 0, STREAM_SOURCE, FEC_RS8M, NULL, &source);
    if (code == 0)
        code = receiver_bind(receiver, 0, STREAM_REPAIR, FEC_RS8M, NULL, &repair);
    if (code == 0)
        code = receiver_bind(receiver, 0, STREAM_CONTROL, FEC_NONE, NULL, &control);
    oom_stop();
    receiver_destroy(receiver);
    network_destroy(network);
    packet_pool_destroy(pool);
    return code;
}

// A session that cannot be made leaves its packet unheard: no error, but no crash and no leak.
static int try_first_packet(void)
{
    struct packet_pool *pool = make_pool();
    struct receiver *receiver = NULL;
    const struct receiver_config config = receive_config(NULL, pool);
    assert_int_equal(receiver_create(&receiver, &config), 0);
    assert_int_equal(receiver_activate(receiver, 0, STREAM_SOURCE, FEC_NONE), 0);
    struct packet *packet = packet_pool_pop(pool);
    memset(packet->data, 0, 100);
    packet->data[0] = 0x80;
    packet->data[1] = 10;
    packet->size_bytes = 100;
    oom_start();
    receiver_push(receiver, 0, STREAM_SOURCE, &packet, 1);
    oom_stop();
    const int code = receiver_total(receiver).sessions == 1 ? 0 : -ENOMEM;
    receiver_destroy(receiver);
    packet_pool_destroy(pool);
    return code;
}

static void test_oom_stream_gives_everything_back(void **state)
{
    oom_sweep("send_session_create", try_send_session_bare);
    oom_sweep("send_session_create with RS8M", try_send_session_rs8m);
    oom_sweep("send_session_create with LDPC", try_send_session_ldpc);
    oom_sweep("sender_connect", try_sender);
    oom_sweep("receive_session_create", try_receive_session);
    oom_sweep("receiver_bind", try_receiver);
    oom_sweep("receiver_push", try_first_packet);
}

// device, graph

static int try_device(void)
{
    struct device *device = NULL;
    const struct device_config config = {.kind = DEVICE_TONE};
    oom_start();
    const int code = device_open(&device, &config, NULL);
    oom_stop();
    device_close(device);
    return code;
}

static struct device *make_device(enum device_kind kind)
{
    struct device *device = NULL;
    const struct device_config config = {.kind = kind};
    assert_int_equal(device_open(&device, &config, NULL), 0);
    return device;
}

static int try_graph(void)
{
    struct graph *graph = NULL;
    struct port_config tone = port_of_device(make_device(DEVICE_TONE));
    struct port_config null = port_of_device(make_device(DEVICE_NULL_SINK));
    uint64_t source, sink, link;
    bool has_tone = false, has_null = false;
    oom_start();
    int code = graph_create(&graph, &(struct graph_config){0});
    // A port is taken, also on failure.
    if (code == 0) {
        has_tone = true;
        code = graph_add_port(graph, &tone, &source);
    }
    if (code == 0) {
        has_null = true;
        code = graph_add_port(graph, &null, &sink);
    }
    if (code == 0)
        code = graph_link(graph, source, sink, &(struct graph_link_config){.gain = 1}, &link);
    oom_stop();
    if (!has_tone)
        tone.ops->destroy(tone.self);
    if (!has_null)
        null.ops->destroy(null.self);
    graph_destroy(graph);
    return code;
}

static void test_oom_device_and_graph_give_everything_back(void **state)
{
    oom_sweep("device_open", try_device);
    oom_sweep("graph_link", try_graph);
}

// api: -1 instead of a number

static int try_context(void)
{
    const roc_context_config config = {0};
    roc_context *context = NULL;
    oom_start();
    const int code = roc_context_open(&config, &context);
    oom_stop();
    if (code == 0)
        assert_int_equal(roc_context_close(context), 0);
    return code;
}

static int try_endpoint(void)
{
    roc_endpoint *endpoint = NULL;
    oom_start();
    int code = roc_endpoint_allocate(&endpoint);
    if (code == 0)
        code = roc_endpoint_set_uri(endpoint, "rtsp://example.org:1234/path?query");
    if (code == 0)
        code = roc_endpoint_set_host(endpoint, "example.net");
    if (code == 0)
        code = roc_endpoint_set_resource(endpoint, "/other?query");
    oom_stop();
    roc_endpoint_deallocate(endpoint);
    return code;
}

static int try_roc_sender(void)
{
    roc_context *context = api_context();
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    config.frame_encoding = api_encoding(44100, ROC_CHANNEL_LAYOUT_MONO);
    roc_endpoint *source = api_endpoint("rtp+rs8m://127.0.0.1:9");
    roc_endpoint *repair = api_endpoint("rs8m://127.0.0.1:9");
    const roc_interface_config local = {0};
    roc_sender *sender = NULL;
    oom_start();
    int code = roc_sender_open(context, &config, &sender);
    if (code == 0)
        code = roc_sender_configure(sender, 0, api_source, &local);
    if (code == 0)
        code = roc_sender_connect(sender, 0, api_source, source);
    if (code == 0)
        code = roc_sender_connect(sender, 0, api_repair, repair);
    oom_stop();
    if (sender != NULL)
        assert_int_equal(roc_sender_close(sender), 0);
    roc_endpoint_deallocate(source);
    roc_endpoint_deallocate(repair);
    assert_int_equal(roc_context_close(context), 0);
    return code;
}

static int try_roc_receiver(void)
{
    roc_context *context = api_context();
    const roc_receiver_config config = api_receiver_config();
    roc_endpoint *source = api_endpoint("rtp+rs8m://127.0.0.1:0");
    roc_endpoint *repair = api_endpoint("rs8m://127.0.0.1:0");
    roc_receiver *receiver = NULL;
    oom_start();
    int code = roc_receiver_open(context, &config, &receiver);
    if (code == 0)
        code = roc_receiver_bind(receiver, 0, api_source, source);
    if (code == 0)
        code = roc_receiver_bind(receiver, 0, api_repair, repair);
    oom_stop();
    if (receiver != NULL)
        assert_int_equal(roc_receiver_close(receiver), 0);
    roc_endpoint_deallocate(source);
    roc_endpoint_deallocate(repair);
    assert_int_equal(roc_context_close(context), 0);
    return code;
}

static int try_encoder(void)
{
    roc_context *context = api_context();
    roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    config.frame_encoding = api_encoding(48000, ROC_CHANNEL_LAYOUT_MONO);
    static float samples[CODEC_FRAMES * 200];
    roc_sender_encoder *encoder = NULL;
    oom_start();
    int code = roc_sender_encoder_open(context, &config, &encoder);
    if (code == 0)
        code = roc_sender_encoder_activate(encoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE);
    if (code == 0)
        code = roc_sender_encoder_activate(encoder, api_repair, ROC_PROTO_RS8M_REPAIR);
    if (code == 0)
        code = roc_sender_encoder_activate(encoder, codec_control, ROC_PROTO_RTCP);
    if (code == 0)
        code = codec_push(encoder, samples, CODEC_FRAMES * 200);
    oom_stop();
    if (encoder != NULL)
        assert_int_equal(roc_sender_encoder_close(encoder), 0);
    assert_int_equal(roc_context_close(context), 0);
    return code;
}

static int try_decoder(void)
{
    roc_context *context = api_context();
    const roc_receiver_config config = api_receiver_config();
    roc_receiver_decoder *decoder = NULL;
    oom_start();
    int code = roc_receiver_decoder_open(context, &config, &decoder);
    if (code == 0)
        code = roc_receiver_decoder_activate(decoder, api_source, ROC_PROTO_RTP_RS8M_SOURCE);
    if (code == 0)
        code = roc_receiver_decoder_activate(decoder, api_repair, ROC_PROTO_RS8M_REPAIR);
    if (code == 0)
        code = roc_receiver_decoder_activate(decoder, codec_control, ROC_PROTO_RTCP);
    oom_stop();
    if (decoder != NULL)
        assert_int_equal(roc_receiver_decoder_close(decoder), 0);
    assert_int_equal(roc_context_close(context), 0);
    return code;
}

static int add_and_link(roc_transceiver *transceiver)
{
    const roc_port_config tone = {.kind = ROC_PORT_TONE};
    const roc_port_config net = {.kind = ROC_PORT_NET_SENDER, .fec = ROC_PORT_FEC_RS8M};
    const roc_port_config receiver = {.kind = ROC_PORT_NET_RECEIVER, .fec = ROC_PORT_FEC_RS8M};
    roc_port source, sink, other;
    roc_link link;
    int code = roc_transceiver_add_port(transceiver, &tone, &source);
    if (code == 0)
        code = roc_transceiver_add_port(transceiver, &net, &sink);
    if (code == 0)
        code = roc_transceiver_add_port(transceiver, &receiver, &other);
    if (code == 0)
        code = roc_transceiver_link(transceiver, source, sink, NULL, &link);
    return code;
}

static int try_transceiver(void)
{
    roc_context *context = api_context();
    roc_transceiver *transceiver = NULL;
    oom_start();
    int code = roc_transceiver_open(context, NULL, &transceiver);
    if (code == 0)
        code = add_and_link(transceiver);
    oom_stop();
    if (transceiver != NULL)
        assert_int_equal(roc_transceiver_close(transceiver), 0);
    assert_int_equal(roc_context_close(context), 0);
    return code;
}

static void test_oom_api_gives_everything_back(void **state)
{
    oom_sweep("roc_context_open", try_context);

    oom_sweep("roc_endpoint_set_uri", try_endpoint);
    oom_sweep("roc_sender_connect", try_roc_sender);
    oom_sweep("roc_receiver_bind", try_roc_receiver);
    oom_sweep("roc_sender_encoder_activate", try_encoder);
    oom_sweep("roc_receiver_decoder_activate", try_decoder);
    oom_sweep("roc_transceiver_link", try_transceiver);
}

int main(void)
{
    log_set_level(LOG_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oom_base_gives_everything_back),
        cmocka_unit_test(test_oom_audio_gives_everything_back),
        cmocka_unit_test(test_oom_net_gives_everything_back),
        cmocka_unit_test(test_oom_stream_gives_everything_back),
        cmocka_unit_test(test_oom_device_and_graph_give_everything_back),
        cmocka_unit_test(test_oom_api_gives_everything_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
