// SPDX-License-Identifier: MPL-2.0

#include "net/udp_open.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "net/address.h"

// A burst of FEC repair packets of many senders must fit while the thread is busy elsewhere.
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

#define DSCP_EXPEDITED 46
// Enough for a site that routes multicast, and it does not go round the world.
#define DEFAULT_HOPS 16
// The highest that needs no privilege: before bulk traffic in the queue of the network card.
#define QUEUE_PRIORITY 6

static int enable(int fd, int level, int option)
{
    const int on = 1;
    return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

// Best effort: a small buffer or a missing time stamp is no reason to refuse service.
static void set_comforts(int fd)
{
    const int size = RECEIVE_BUFFER_BYTES;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    (void)enable(fd, SOL_SOCKET, SO_TIMESTAMPNS);
}

static bool is_valid(const struct udp_config *config)
{
    const sa_family_t family = config->bind.sa.sa_family;
    if (!udp_traffic_is_valid(&config->traffic) || (family != AF_INET && family != AF_INET6))
        return false;
    const sa_family_t interface_family = config->multicast_interface.sa.sa_family;
    return interface_family == AF_UNSPEC ||
           (interface_family == family && net_address_is_multicast(&config->bind));
}

static int bind_to(int fd, const struct udp_config *config, struct net_address *bound)
{
    const bool is_multicast = net_address_is_multicast(&config->bind);
    int error = 0;
    if (config->bind.sa.sa_family == AF_INET6)
        error = enable(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    // With port 0 reuse would let the kernel pick a port that somebody has.
    if (error == 0 && net_address_get_port(&config->bind) != 0 &&
        (config->reuse_address || is_multicast))
        error = enable(fd, SOL_SOCKET, SO_REUSEADDR);
    if (error != 0)
        return error;
    if (bind(fd, &config->bind.sa, net_address_size(&config->bind)) < 0)
        return -errno;
    socklen_t size = sizeof(*bound);
    memset(bound, 0, sizeof(*bound));
    return getsockname(fd, &bound->sa, &size) < 0 ? -errno : 0;
}

static int set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

// Best effort, too: sound goes on where a system does not let a program mark its packets.
static void set_traffic(int fd, const struct udp_config *config)
{
    const struct udp_traffic *traffic = &config->traffic;
    const bool is_in6 = config->bind.sa.sa_family == AF_INET6;
    const int hops = traffic->multicast_hops != 0 ? (int)traffic->multicast_hops : DEFAULT_HOPS;
    const int dscp = traffic->dscp != 0 ? traffic->dscp : DSCP_EXPEDITED;
    if (is_in6)
        (void)set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
    else
        (void)set(fd, IPPROTO_IP, IP_MULTICAST_TTL, hops);
    if (dscp < 0)
        return;
    // The two low bits are for congestion notification (RFC 3168), which nothing here speaks.
    if (is_in6)
        (void)set(fd, IPPROTO_IPV6, IPV6_TCLASS, dscp << 2);
    else
        (void)set(fd, IPPROTO_IP, IP_TOS, dscp << 2);
    // After the TOS, which sets a priority of its own.
    (void)set(fd, SOL_SOCKET, SO_PRIORITY, QUEUE_PRIORITY);
}

bool udp_traffic_is_valid(const struct udp_traffic *traffic)
{
    return traffic->dscp >= -1 && traffic->dscp <= 63 && traffic->multicast_hops <= 255;
}

int udp_open(int *out_fd, struct net_address *out_bound, const struct udp_config *config)
{
    if (!is_valid(config))
        return -EINVAL;
    const int fd =
        socket(config->bind.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    if (fd < 0)
        return -errno;
    struct net_address bound;
    int error = bind_to(fd, config, &bound);
    if (error != 0)
        goto fail;
    set_comforts(fd);
    set_traffic(fd, config);
    *out_fd = fd;
    *out_bound = bound;
    return 0;

fail:
    close(fd);
    return error;
}
