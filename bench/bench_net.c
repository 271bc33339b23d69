// SPDX-License-Identifier: MPL-2.0
//
// The network room over loopback. Packets per CPU second (both directions, all threads) beside a
// bare loop of sendmmsg and recvmmsg over the same number of packets of the same size. Then 50
// senders and 50 receivers of the public API in one context, FEC and packets of 5 ms, in real time:
// CPU and memory for each pair. Last, how many packets of a sender arrive back to back, beside what
// Reed-Solomon 18+10 makes of it where repair packets are not spread out.

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench_table.h"
#include "net/address.h"
#include "net/network.h"
#include "roc/context.h"
#include "roc/endpoint.h"
#include "roc/receiver.h"
#include "roc/sender.h"

#define SIZE           902 // of a default packet: 12 + 884 + 6
#define WINDOW         256
#define WINDOWS        400
#define TURNS          5
#define BATCH          64
#define PAIRS          50
#define FRAMES         221
#define WARM_UP_PIECES 200
#define RUN_PIECES     1000
// Closer together than this, packets came in one burst: a tenth of a millisecond.
#define CLOSE_NS 100000

static int64_t cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_net: %s failed\n", what);
    exit(1);
}

// Packets through net/

struct flow {
    struct packet_pool *pool;
    struct network *network;
    struct udp_socket *from, *to;
    struct net_address address;
    sem_t window_arrived;
    unsigned arrived; // the network thread's
};

static void note(struct packet **packets, size_t count, void *arg)
{
    struct flow *flow = arg;
    for (size_t i = 0; i < count; i++) {
        packet_unref(packets[i]);
        if (++flow->arrived % WINDOW == 0)
            sem_post(&flow->window_arrived);
    }
}

static void open_flow(struct flow *flow)
{
    struct udp_config config = {0};
    memset(flow, 0, sizeof(*flow));
    sem_init(&flow->window_arrived, 0, 0);
    net_address_parse(&config.bind, "127.0.0.1", 0);
    if (packet_pool_create(&flow->pool,
                           &(struct packet_pool_config){.initial_count = 4 * WINDOW}) != 0 ||
        network_create(&flow->network, &(struct network_config){.pool = flow->pool}) != 0 ||
        network_open_socket(flow->network, &config, &flow->from) != 0)
        fail("opening a network");
    config.receive = note;
    config.receive_arg = flow;
    if (network_open_socket(flow->network, &config, &flow->to) != 0)
        fail("opening a socket");
    flow->address = udp_socket_address(flow->to);
}

static void close_flow(struct flow *flow)
{
    network_close_socket(flow->network, flow->from);
    network_close_socket(flow->network, flow->to);
    network_destroy(flow->network);
    packet_pool_destroy(flow->pool);
    sem_destroy(&flow->window_arrived);
}

// Returns packets per CPU second.
static double run_flow(struct flow *flow)
{
    const int64_t start_ns = cpu_ns();
    for (unsigned w = 0; w < WINDOWS; w++) {
        for (unsigned i = 0; i < WINDOW; i++) {
            struct packet *packet = packet_pool_pop(flow->pool);
            if (packet == NULL)
                fail("taking a packet");
            packet->size_bytes = SIZE;
            udp_socket_push(flow->from, packet, &flow->address);
        }
        udp_socket_flush(flow->from);
        sem_wait(&flow->window_arrived);
    }
    return (double)WINDOW * WINDOWS * 1e9 / (double)(cpu_ns() - start_ns);
}

struct bare {
    int from, to;
    struct net_address address;
    unsigned char bytes[BATCH][2048];
    struct iovec vectors[BATCH];
    struct net_address addresses[BATCH];
    struct mmsghdr messages[BATCH];
};

static void open_bare(struct bare *bare)
{
    const int size = 4 << 20;
    socklen_t address_size = sizeof(bare->address);
    memset(bare, 0, sizeof(*bare));
    net_address_parse(&bare->address, "127.0.0.1", 0);
    bare->from = socket(AF_INET, SOCK_DGRAM, 0);
    bare->to = socket(AF_INET, SOCK_DGRAM, 0);
    if (bare->from < 0 || bare->to < 0 ||
        bind(bare->to, &bare->address.sa, net_address_size(&bare->address)) != 0 ||
        getsockname(bare->to, &bare->address.sa, &address_size) != 0)
        fail("opening bare sockets");
    (void)setsockopt(bare->to, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static void point(struct bare *bare, bool is_sending)
{
    for (unsigned i = 0; i < BATCH; i++) {
        bare->vectors[i] =
            (struct iovec){.iov_base = bare->bytes[i], .iov_len = is_sending ? SIZE : 2048};
        bare->messages[i].msg_hdr = (struct msghdr){
            .msg_name = is_sending ? &bare->address : &bare->addresses[i],
            .msg_namelen =
                is_sending ? net_address_size(&bare->address) : sizeof(struct net_address),
            .msg_iov = &bare->vectors[i],
            .msg_iovlen = 1,
        };
    }
}

static double run_bare(struct bare *bare)
{
    const int64_t start_ns = cpu_ns();
    for (unsigned i = 0; i < WINDOWS * WINDOW / BATCH; i++) {
        point(bare, true);
        if (sendmmsg(bare->from, bare->messages, BATCH, 0) != BATCH)
            fail("sendmmsg");
        point(bare, false);
        if (recvmmsg(bare->to, bare->messages, BATCH, 0, NULL) != BATCH)
            fail("recvmmsg");
    }
    return (double)WINDOW * WINDOWS * 1e9 / (double)(cpu_ns() - start_ns);
}

static void measure_flow(struct bench_table *table)
{
    static struct bare bare;
    struct flow flow;
    double best = 0, best_bare = 0;
    open_flow(&flow);
    open_bare(&bare);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        const double rate = run_flow(&flow), bare_rate = run_bare(&bare);
        best = rate > best ? rate : best;
        best_bare = bare_rate > best_bare ? bare_rate : best_bare;
    }
    bench_table_push(table, (struct bench_row){"packets through net/", best / 1000, "1000/CPU s",
                                               best_bare / 1000});
    close(bare.from);
    close(bare.to);
    close_flow(&flow);
}

// Streams

static double resident_kilobytes(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2)
        fail("reading /proc/self/statm");
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1000;
}

struct pair {
    roc_sender *sender;
    roc_receiver *receiver;
};

static void join(struct pair *pair, roc_interface iface, const char *uri)
{
    roc_endpoint *endpoint;
    if (roc_endpoint_allocate(&endpoint) != 0 || roc_endpoint_set_uri(endpoint, uri) != 0 ||
        roc_receiver_bind(pair->receiver, 0, iface, endpoint) != 0 ||
        roc_sender_connect(pair->sender, 0, iface, endpoint) != 0)
        fail("joining a sender and a receiver");
    roc_endpoint_deallocate(endpoint);
}

static void open_pair(struct pair *pair, roc_context *context)
{
    const roc_media_encoding frames = {
        .rate = 44100, .format = ROC_FORMAT_PCM_FLOAT32, .channels = ROC_CHANNEL_LAYOUT_STEREO};
    const roc_sender_config sender = {
        .frame_encoding = frames,
        .packet_encoding = ROC_PACKET_ENCODING_AVP_L16_STEREO,
        .fec_encoding = ROC_FEC_ENCODING_RS8M,
    };
    const roc_receiver_config receiver = {.frame_encoding = frames};
    if (roc_sender_open(context, &sender, &pair->sender) != 0 ||
        roc_receiver_open(context, &receiver, &pair->receiver) != 0)
        fail("opening a sender and a receiver");
    join(pair, ROC_INTERFACE_AUDIO_SOURCE, "rtp+rs8m://127.0.0.1:0");
    join(pair, ROC_INTERFACE_AUDIO_REPAIR, "rs8m://127.0.0.1:0");
}

// One piece in and out of each, when its time has come.
static void play(struct pair *pairs, unsigned pieces)
{
    static float out[FRAMES * 2], in[FRAMES * 2];
    const int64_t interval_ns = (int64_t)FRAMES * 1000000000 / 44100;
    int64_t next_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < FRAMES * 2; i++)
        out[i] = 0.25f;
    for (unsigned piece = 0; piece < pieces; piece++) {
        for (unsigned i = 0; i < PAIRS; i++) {
            const roc_frame written = {.samples = out, .samples_size = sizeof(out)};
            roc_frame read = {.samples = in, .samples_size = sizeof(in)};
            roc_sender_write(pairs[i].sender, &written);
            roc_receiver_read(pairs[i].receiver, &read);
        }
        clock_sleep_until_ns(next_ns += interval_ns);
    }
    if (in[0] < 0.2f)
        fail("hearing what was sent");
}

static void measure_streams(struct bench_table *table)
{
    static struct pair pairs[PAIRS];
    const roc_context_config config = {0};
    roc_context *context;
    if (roc_context_open(&config, &context) != 0)
        fail("opening a context");
    const double before = resident_kilobytes();
    for (unsigned i = 0; i < PAIRS; i++)
        open_pair(&pairs[i], context);
    play(pairs, WARM_UP_PIECES);
    const int64_t start_ns = clock_monotonic_ns(), start_cpu_ns = cpu_ns();
    play(pairs, RUN_PIECES);
    const double share =
        (double)(cpu_ns() - start_cpu_ns) / (double)(clock_monotonic_ns() - start_ns);
    const double kilobytes = resident_kilobytes() - before;
    bench_table_push(table, (struct bench_row){"one of 50 streams, there and back",
                                               share * 100 / PAIRS, "% of a core", 0});
    bench_table_push(table, (struct bench_row){"memory of one", kilobytes / PAIRS, "kB", 0});
    for (unsigned i = 0; i < PAIRS; i++) {
        roc_sender_close(pairs[i].sender);
        roc_receiver_close(pairs[i].receiver);
    }
    roc_context_close(context);
}

// Pacing

struct gaps {
    int64_t last_ns;
    unsigned packets, close;
};

static void note_gaps(struct packet **packets, size_t count, void *arg)
{
    struct gaps *gaps = arg;
    for (size_t i = 0; i < count; i++) {
        const int64_t time_ns = packets[i]->receive_time_ns;
        gaps->close += gaps->last_ns != 0 && time_ns - gaps->last_ns < CLOSE_NS;
        gaps->packets++;
        gaps->last_ns = time_ns;
        packet_unref(packets[i]);
    }
}

static void connect_to(roc_sender *sender, roc_interface iface, const char *scheme,
                       const struct net_address *address)
{
    char text[NET_ADDRESS_TEXT_SIZE], uri[NET_ADDRESS_TEXT_SIZE + 16];
    roc_endpoint *endpoint;
    net_address_write(address, text);
    snprintf(uri, sizeof(uri), "%s://%s", scheme, text);
    if (roc_endpoint_allocate(&endpoint) != 0 || roc_endpoint_set_uri(endpoint, uri) != 0 ||
        roc_sender_connect(sender, 0, iface, endpoint) != 0)
        fail("connecting a sender");
    roc_endpoint_deallocate(endpoint);
}

static void measure_pacing(struct bench_table *table)
{
    static const float out[FRAMES * 2];
    const roc_context_config config = {0};
    const roc_sender_config sender_config = {
        .frame_encoding = {.rate = 44100,
                           .format = ROC_FORMAT_PCM_FLOAT32,
                           .channels = ROC_CHANNEL_LAYOUT_STEREO},
        .packet_encoding = ROC_PACKET_ENCODING_AVP_L16_STEREO,
        .fec_encoding = ROC_FEC_ENCODING_RS8M,
        .clock_source = ROC_CLOCK_SOURCE_INTERNAL,
    };
    struct gaps gaps = {0};
    struct packet_pool *pool = NULL;
    struct network *network = NULL;
    struct udp_socket *to = NULL;
    struct udp_config udp = {.receive = note_gaps, .receive_arg = &gaps};
    roc_context *context = NULL;
    roc_sender *sender = NULL;
    net_address_parse(&udp.bind, "127.0.0.1", 0);
    if (packet_pool_create(&pool, &(struct packet_pool_config){0}) != 0 ||
        network_create(&network, &(struct network_config){.pool = pool}) != 0 ||
        network_open_socket(network, &udp, &to) != 0 || roc_context_open(&config, &context) != 0 ||
        roc_sender_open(context, &sender_config, &sender) != 0)
        fail("opening a sender");
    const struct net_address address = udp_socket_address(to);
    connect_to(sender, ROC_INTERFACE_AUDIO_SOURCE, "rtp+rs8m", &address);
    connect_to(sender, ROC_INTERFACE_AUDIO_REPAIR, "rs8m", &address);
    const roc_frame frame = {.samples = (void *)(uintptr_t)out, .samples_size = sizeof(out)};
    for (unsigned piece = 0; piece < RUN_PIECES; piece++)
        roc_sender_write(sender, &frame);
    network_close_socket(network, to);
    bench_table_push(table, (struct bench_row){"packets back to back",
                                               100.0 * gaps.close / (gaps.packets + 1.0), "%",
                                               100.0 * 10 / 28});
    roc_sender_close(sender);
    roc_context_close(context);
    network_destroy(network);
    packet_pool_destroy(pool);
}

int main(void)
{
    struct bench_table table = {.title = "network", .reference_title = "bare / not paced"};
    measure_streams(&table);
    measure_flow(&table);
    measure_pacing(&table);
    bench_table_write(&table);
    return 0;
}
