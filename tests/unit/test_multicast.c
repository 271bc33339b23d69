// SPDX-License-Identifier: MPL-2.0
//
// Multicast, IPv6 and cables that are pulled: on loopback, and over a pair of virtual network cards
// in two network namespaces that the test makes for itself. A socket belongs to the namespace of
// the thread that opens it, so one process plays both machines. Where namespaces are not permitted
// these tests say so and are skipped.

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>

#include "api_fixture.h"
#include "base/clock.h"
#include "net/address.h"
#include "net/udp_open.h"
#include "roc/network_ext.h"
#include "roc/transceiver.h"

#define PATIENCE_NS 20000000000

// Machines

struct machines {
    bool are_there;
    int home, places[2];
};

static struct machines machines;

// Runs `ip` with the words of a format that takes the process id as its number.
__attribute__((format(printf, 1, 2))) static int ip(const char *format, ...)
{
    char words[256], command[300];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    snprintf(command, sizeof(command), "ip %s 2>/dev/null", words);
    return system(command);
}

static int plug(void)
{
    const int id = (int)getpid();
    if (ip("link add a%d netns rocA%d type veth peer name b%d netns rocB%d", id, id, id, id) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        const int big = "AB"[i], small = "ab"[i];
        if (ip("-n roc%c%d addr add 10.77.0.%d/24 dev %c%d", big, id, i + 1, small, id) != 0 ||
            ip("-n roc%c%d addr add fd77::%d/64 dev %c%d nodad", big, id, i + 1, small, id) != 0 ||
            ip("-n roc%c%d link set %c%d up", big, id, small, id) != 0)
            return -1;
    }
    return 0;
}

static int open_place(int letter)
{
    char path[64];
    snprintf(path, sizeof(path), "/run/netns/roc%c%d", letter, (int)getpid());
    return open(path, O_RDONLY | O_CLOEXEC);
}

static int make_machines(void **state)
{
    const int id = (int)getpid();
    machines.home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (ip("netns add rocA%d", id) == 0 && ip("netns add rocB%d", id) == 0 && plug() == 0) {
        machines.places[0] = open_place('A');
        machines.places[1] = open_place('B');
        machines.are_there = machines.places[0] >= 0 && machines.places[1] >= 0 &&
                             setns(machines.places[0], CLONE_NEWNET) == 0 &&
                             setns(machines.home, CLONE_NEWNET) == 0;
    }
    return 0;
}

static int remove_machines(void **state)
{
    ip("netns del rocA%d", (int)getpid());
    ip("netns del rocB%d", (int)getpid());
    return 0;
}

static void need_machines(void)
{
    if (machines.are_there)
        return;
    print_message("skipped: this system does not permit network namespaces (run it as root)\n");
    skip();
}

// 0 and 1: the machines. -1: home.
static void go_to(int machine)
{
    assert_int_equal(setns(machine < 0 ? machines.home : machines.places[machine], CLONE_NEWNET),
                     0);
}

// Datagrams

struct link {
    struct packet_pool *pool;
    struct network *network;
    struct udp_socket *from, *to;
    struct net_address address;
    atomic_uint arrived;
};

static void note(struct packet **packets, size_t count, void *arg)
{
    struct link *link = arg;
    for (size_t i = 0; i < count; i++)
        packet_unref(packets[i]);
    atomic_fetch_add(&link->arrived, (unsigned)count);
}

static void start(struct link *link)
{
    *link = (struct link){0};
    assert_int_equal(packet_pool_create(&link->pool, &(struct packet_pool_config){0}), 0);
    assert_int_equal(network_create(&link->network, &(struct network_config){.pool = link->pool}),
                     0);
}

static void stop(struct link *link)
{
    network_close_socket(link->network, link->from);
    network_close_socket(link->network, link->to);
    network_destroy(link->network);
    packet_pool_destroy(link->pool);
}

static int open_receiver(struct link *link, const char *group, const char *interface)
{
    struct udp_config config = {.receive = note, .receive_arg = link};
    assert_int_equal(net_address_parse(&config.bind, group, 0), 0);
    if (interface != NULL)
        assert_int_equal(net_address_parse(&config.multicast_interface, interface, 0), 0);
    const int error = network_open_socket(link->network, &config, &link->to);
    if (error == 0)
        link->address = udp_socket_address(link->to);
    return error;
}

static int open_sender(struct link *link, const char *address)
{
    struct udp_config config = {0};
    assert_int_equal(net_address_parse(&config.bind, address, 0), 0);
    return network_open_socket(link->network, &config, &link->from);
}

// Sends until so many more have arrived.
static void expect_sound(struct link *link, unsigned more)
{
    const int64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
    const unsigned before = atomic_load(&link->arrived);
    while (atomic_load(&link->arrived) - before < more) {
        assert_true(clock_monotonic_ns() < give_up_ns);
        struct packet *packet = packet_pool_pop(link->pool);
        if (packet != NULL) {
            packet->size_bytes = 100;
            udp_socket_push(link->from, packet, &link->address);
            udp_socket_flush(link->from);
        }
        usleep(2000);
    }
}

static void check_group(const char *group, const char *receiver, const char *sender)
{
    struct link link;
    need_machines();
    start(&link);
    go_to(1);
    assert_int_equal(open_receiver(&link, group, receiver), 0);
    go_to(0);
    assert_int_equal(open_sender(&link, sender), 0);
    go_to(-1);
    expect_sound(&link, 20);
    stop(&link);
}

static void test_multicast_crosses_a_link_with_ipv4(void **state)
{
    check_group("239.255.77.1", "10.77.0.2", "10.77.0.1");
}

static void test_multicast_crosses_a_link_with_ipv6(void **state)
{
    check_group("ff15::7701", "fd77::2", "fd77::1");
}

static void test_unicast_crosses_a_link_with_ipv6(void **state)
{
    check_group("fd77::2", NULL, "fd77::1");
}

static void test_multicast_is_heard_on_loopback(void **state)
{
    struct link link;
    start(&link);
    assert_int_equal(open_receiver(&link, "239.255.77.2", "127.0.0.1"), 0);
    assert_int_equal(open_sender(&link, "127.0.0.1"), 0);
    expect_sound(&link, 20);
    stop(&link);
}

static void test_multicast_on_a_card_that_is_not_there_is_refused(void **state)
{
    struct link link;
    start(&link);
    assert_int_equal(open_receiver(&link, "239.255.77.3", "192.0.2.77"), -EADDRNOTAVAIL);
    assert_int_equal(open_receiver(&link, "ff15::7703", "2001:db8::77"), -EADDRNOTAVAIL);
    assert_int_equal(open_receiver(&link, "192.0.2.77", NULL), -EADDRNOTAVAIL);
    stop(&link);
}

static void check_cut(const char *group, const char *receiver, const char *sender)
{
    struct link link;
    need_machines();
    const int id = (int)getpid();
    start(&link);
    go_to(1);
    assert_int_equal(open_receiver(&link, group, receiver), 0);
    go_to(0);
    assert_int_equal(open_sender(&link, sender), 0);
    go_to(-1);
    expect_sound(&link, 5);
    // The cable of the sender, then that of the receiver.
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ip("-n roc%c%d link set %c%d down", "AB"[i], id, "ab"[i], id), 0);
        for (int n = 0; n < 50; n++) {
            struct packet *packet = packet_pool_pop(link.pool);
            packet->size_bytes = 100;
            udp_socket_push(link.from, packet, &link.address);
            udp_socket_flush(link.from);
            usleep(1000);
        }
        assert_int_equal(ip("-n roc%c%d link set %c%d up", "AB"[i], id, "ab"[i], id), 0);
        expect_sound(&link, 20);
    }
    // The cards are gone, and others come.
    assert_int_equal(ip("-n rocA%d link del a%d", id, id), 0);
    usleep(100000);
    assert_int_equal(plug(), 0);
    expect_sound(&link, 20);
    stop(&link);
}

static void test_multicast_goes_on_after_link_was_down_and_card_replaced(void **state)
{
    check_cut("239.255.77.4", "10.77.0.2", "10.77.0.1");
}

static void test_unicast_goes_on_after_link_was_down_and_card_replaced(void **state)
{
    check_cut("10.77.0.2", NULL, "10.77.0.1");
}

static void test_socket_survives_icmp_errors(void **state)
{
    struct link link;
    start(&link);
    assert_int_equal(open_receiver(&link, "127.0.0.1", NULL), 0);
    assert_int_equal(open_sender(&link, "127.0.0.1"), 0);
    expect_sound(&link, 5);
    // Nobody listens any more: each datagram comes back as an error.
    network_close_socket(link.network, link.to);
    for (int n = 0; n < 100; n++) {
        struct packet *packet = packet_pool_pop(link.pool);
        packet->size_bytes = 100;
        udp_socket_push(link.from, packet, &link.address);
        udp_socket_flush(link.from);
        usleep(200);
    }
    assert_int_equal(open_receiver(&link, "127.0.0.1", NULL), 0);
    expect_sound(&link, 20);
    stop(&link);
}

// The public API

static roc_interface_config on_card(const char *card, bool is_receiver)
{
    roc_interface_config config = {0};
    char *field = is_receiver ? config.multicast_group : config.outgoing_address;
    snprintf(field, sizeof(config.multicast_group), "%s", card);
    return config;
}

// One thread plays sender and receiver in turn until sound is heard.
static void expect_tone(roc_sender *sender, roc_receiver *receiver)
{
    float out[2 * 221], in[2 * 221];
    for (size_t i = 0; i < 2 * 221; i++)
        out[i] = 0.25f;
    const int64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
    bool is_heard = false;
    while (!is_heard) {
        assert_true(clock_monotonic_ns() < give_up_ns);
        assert_int_equal(api_write(sender, out, 2 * 221), 0);
        assert_int_equal(api_read(receiver, in, 2 * 221), 0);
        is_heard = in[2 * 220] > 0.2f;
        usleep(5000);
    }
}

static void check_api(const char *host, const char *card_a, const char *card_b, bool has_machines)
{
    roc_context *context = api_context();
    const roc_sender_config sender_config = api_sender_config(ROC_FEC_ENCODING_RS8M);
    roc_receiver_config receiver_config = api_receiver_config();
    receiver_config.target_latency = 50000000;
    const roc_interface_config near = on_card(card_a, false), far = on_card(card_b, true);
    static const char *const schemes[] = {"rtp+rs8m", "rs8m"};
    const roc_interface ifaces[] = {api_source, api_repair};
    roc_sender *sender;
    roc_receiver *receiver;
    assert_int_equal(roc_sender_open(context, &sender_config, &sender), 0);
    assert_int_equal(roc_receiver_open(context, &receiver_config, &receiver), 0);
    for (int i = 0; i < 2; i++) {
        char uri[96];
        snprintf(uri, sizeof(uri), "%s://%s:0", schemes[i], host);
        roc_endpoint *endpoint = api_endpoint(uri);
        if (has_machines)
            go_to(1);
        assert_int_equal(roc_receiver_configure(receiver, 0, ifaces[i], &far), 0);
        assert_int_equal(roc_receiver_bind(receiver, 0, ifaces[i], endpoint), 0);
        if (has_machines)
            go_to(0);
        assert_int_equal(roc_sender_configure(sender, 0, ifaces[i], &near), 0);
        assert_int_equal(roc_sender_connect(sender, 0, ifaces[i], endpoint), 0);
        if (has_machines)
            go_to(-1);
        roc_endpoint_deallocate(endpoint);
    }
    expect_tone(sender, receiver);
    roc_sender_close(sender);
    roc_receiver_close(receiver);
    roc_context_close(context);
}

static void test_sender_and_receiver_play_by_multicast_on_loopback(void **state)
{
    check_api("239.255.77.5", "127.0.0.1", "127.0.0.1", false);
}

static void test_sender_and_receiver_play_by_multicast_over_a_link(void **state)
{
    need_machines();
    check_api("239.255.77.6", "10.77.0.1", "10.77.0.2", true);
}

static void test_sender_and_receiver_play_by_ipv6_multicast_over_a_link(void **state)
{
    need_machines();
    check_api("[ff15::7706]", "fd77::1", "fd77::2", true);
}

static void test_receiver_on_an_address_that_is_not_there_gets_an_error(void **state)
{
    roc_context *context = api_context();
    const roc_receiver_config config = api_receiver_config();
    roc_receiver *receiver;
    assert_int_equal(roc_receiver_open(context, &config, &receiver), 0);
    assert_int_equal(api_bind_uri(receiver, 0, api_source, "rtp://192.0.2.77:0"), -1);
    roc_receiver_close(receiver);
    roc_context_close(context);
}

static void test_transceiver_plays_by_multicast(void **state)
{
    roc_context *context = api_context();
    roc_transceiver *transceiver;
    roc_port tone, sender, receiver, sink;
    roc_link link;
    assert_int_equal(roc_transceiver_open(context, &(roc_transceiver_config){0}, &transceiver), 0);
    const roc_port_config configs[] = {
        {.kind = ROC_PORT_TONE},
        {.kind = ROC_PORT_NET_SENDER, .local_address = "127.0.0.1"},
        {.kind = ROC_PORT_NET_RECEIVER, .local_address = "127.0.0.1", .target_latency = 50000000},
        {.kind = ROC_PORT_NULL_SINK},
    };
    roc_port *const ports[] = {&tone, &sender, &receiver, &sink};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(roc_transceiver_add_port(transceiver, &configs[i], ports[i]), 0);
    roc_endpoint *endpoint = api_endpoint("rtp://239.255.77.7:0");
    assert_int_equal(roc_transceiver_bind(transceiver, receiver, api_source, endpoint), 0);
    assert_int_equal(roc_transceiver_connect(transceiver, sender, 0, api_source, endpoint), 0);
    assert_int_equal(roc_transceiver_link(transceiver, tone, sender, NULL, &link), 0);
    assert_int_equal(roc_transceiver_link(transceiver, receiver, sink, NULL, &link), 0);
    const int64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
    roc_port_metrics metrics = {0};
    while (metrics.packets_received < 20) {
        assert_true(clock_monotonic_ns() < give_up_ns);
        usleep(5000);
        assert_int_equal(roc_transceiver_query_port(transceiver, receiver, &metrics), 0);
    }
    const roc_port_config bad = {.kind = ROC_PORT_NET_SENDER, .local_address = "here"};
    assert_int_equal(roc_transceiver_add_port(transceiver, &bad, &sink), -EINVAL);
    assert_non_null(strstr(roc_transceiver_error(), "here"));
    roc_endpoint_deallocate(endpoint);
    roc_transceiver_close(transceiver);
    roc_context_close(context);
}

// Marks

static int option_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof(value);
    assert_int_equal(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

// What a packet that a sender of this context sends carries as TOS.
static int tos_of(roc_context *context)
{
    const int on = 1;
    struct api_socket s;
    roc_sender *sender;
    const roc_sender_config config = api_sender_config(ROC_FEC_ENCODING_DISABLE);
    static const float silence[2 * 221];
    unsigned char bytes[4096];
    char control[256];
    struct iovec vector = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    api_socket_open(&s);
    assert_int_equal(setsockopt(s.fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)), 0);
    assert_int_equal(roc_sender_open(context, &config, &sender), 0);
    assert_int_equal(api_connect(sender, 0, api_source, "rtp", s.port), 0);
    assert_int_equal(api_write(sender, silence, 2 * 221), 0);
    struct pollfd poller = {.fd = s.fd, .events = POLLIN};
    assert_int_equal(poll(&poller, 1, API_PATIENCE_MS), 1);
    assert_true(recvmsg(s.fd, &message, 0) > 0);
    struct cmsghdr *mark = CMSG_FIRSTHDR(&message);
    assert_non_null(mark);
    const int tos = *CMSG_DATA(mark);
    roc_sender_close(sender);
    api_socket_close(&s);
    return tos;
}

static void test_packets_are_marked_for_expedited_forwarding_unless_told_otherwise(void **state)
{
    roc_context *context = api_context();
    assert_int_equal(tos_of(context), 46 << 2);
    assert_int_equal(roc_context_configure_network(context, &(roc_network_config){.dscp = 34}), 0);
    assert_int_equal(tos_of(context), 34 << 2);
    assert_int_equal(roc_context_configure_network(context, &(roc_network_config){.dscp = -1}), 0);
    assert_int_equal(tos_of(context), 0);
    assert_int_equal(roc_context_configure_network(context, &(roc_network_config){.dscp = 64}), -1);
    assert_int_equal(roc_context_configure_network(context, &(roc_network_config){.dscp = -2}), -1);
    assert_int_equal(
        roc_context_configure_network(context, &(roc_network_config){.multicast_hops = 256}), -1);
    assert_int_equal(roc_context_configure_network(context, NULL), -1);
    assert_int_equal(roc_context_configure_network(NULL, &(roc_network_config){0}), -1);
    roc_context_close(context);
}

static void check_marks(const char *address, int level, const int options[3], int hops)
{
    struct udp_config config = {.traffic.multicast_hops = (unsigned)(hops == 16 ? 0 : hops)};
    struct net_address bound;
    int fd = -1;
    assert_int_equal(net_address_parse(&config.bind, address, 0), 0);
    assert_int_equal(udp_open(&fd, &bound, &config), 0);
    assert_int_equal(option_of(fd, level, options[0]), 46 << 2);
    assert_int_equal(option_of(fd, level, options[1]), hops);
    assert_int_equal(option_of(fd, level, options[2]), 1);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_PRIORITY), 6);
    close(fd);
}

static void test_sockets_carry_marks_in_both_families(void **state)
{
    static const int in4[] = {IP_TOS, IP_MULTICAST_TTL, IP_MULTICAST_LOOP};
    static const int in6[] = {IPV6_TCLASS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP};
    check_marks("0.0.0.0", IPPROTO_IP, in4, 16);
    check_marks("0.0.0.0", IPPROTO_IP, in4, 1);
    check_marks("::", IPPROTO_IPV6, in6, 16);
    check_marks("::", IPPROTO_IPV6, in6, 255);
}

int main(void)
{
    log_set_level(LOG_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multicast_is_heard_on_loopback),
        cmocka_unit_test(test_multicast_on_a_card_that_is_not_there_is_refused),
        cmocka_unit_test(test_socket_survives_icmp_errors),
        cmocka_unit_test(test_sender_and_receiver_play_by_multicast_on_loopback),
        cmocka_unit_test(test_receiver_on_an_address_that_is_not_there_gets_an_error),
        cmocka_unit_test(test_transceiver_plays_by_multicast),
        cmocka_unit_test(test_packets_are_marked_for_expedited_forwarding_unless_told_otherwise),
        cmocka_unit_test(test_sockets_carry_marks_in_both_families),
        cmocka_unit_test(test_multicast_crosses_a_link_with_ipv4),
        cmocka_unit_test(test_multicast_crosses_a_link_with_ipv6),
        cmocka_unit_test(test_unicast_crosses_a_link_with_ipv6),
        cmocka_unit_test(test_sender_and_receiver_play_by_multicast_over_a_link),
        cmocka_unit_test(test_sender_and_receiver_play_by_ipv6_multicast_over_a_link),
        cmocka_unit_test(test_multicast_goes_on_after_link_was_down_and_card_replaced),
        cmocka_unit_test(test_unicast_goes_on_after_link_was_down_and_card_replaced),
    };
    return cmocka_run_group_tests(tests, make_machines, remove_machines);
}
