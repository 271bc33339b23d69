// SPDX-License-Identifier: MPL-2.0

#include "net/udp_open.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "net/address.h"

// A burst of FEC repair packets of many senders must fit while the thread is busy elsewhere.
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

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

// Returns the index of the interface that has this address, 0 when none has.
static unsigned interface_of(const struct net_address *address)
{
    unsigned index = address->in6.sin6_scope_id;
    struct ifaddrs *list = NULL;
    if (index != 0 || getifaddrs(&list) < 0)
        return index;
    for (const struct ifaddrs *i = list; i != NULL && index == 0; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET6)
            continue;
        struct sockaddr_in6 in6;
        memcpy(&in6, i->ifa_addr, sizeof(in6));
        if (memcmp(&in6.sin6_addr, &address->in6.sin6_addr, sizeof(in6.sin6_addr)) == 0)
            index = if_nametoindex(i->ifa_name);
    }
    freeifaddrs(list);
    return index;
}

static int join_in6(int fd, const struct udp_config *config)
{
    const struct net_address *interface = &config->multicast_interface;
    struct ipv6_mreq request = {.ipv6mr_multiaddr = config->bind.in6.sin6_addr};
    if (!IN6_IS_ADDR_UNSPECIFIED(&interface->in6.sin6_addr)) {
        request.ipv6mr_interface = interface_of(interface);
        if (request.ipv6mr_interface == 0)
            return -EADDRNOTAVAIL;
    }
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof(request)) < 0)
        return -errno;
    return 0;
}

static int join_in4(int fd, const struct udp_config *config)
{
    const struct ip_mreq request = {
        .imr_multiaddr = config->bind.in4.sin_addr,
        .imr_interface = config->multicast_interface.in4.sin_addr,
    };
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) < 0)
        return errno == ENODEV ? -EADDRNOTAVAIL : -errno;
    return 0;
}

static bool is_valid(const struct udp_config *config)
{
    const sa_family_t family = config->bind.sa.sa_family;
    if (family != AF_INET && family != AF_INET6)
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

static int join_group(int fd, const struct udp_config *config)
{
    if (config->multicast_interface.sa.sa_family == AF_UNSPEC)
        return 0;
    return config->bind.sa.sa_family == AF_INET6 ? join_in6(fd, config) : join_in4(fd, config);
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
    if (error == 0)
        error = join_group(fd, config);
    if (error != 0)
        goto fail;
    set_comforts(fd);
    *out_fd = fd;
    *out_bound = bound;
    return 0;

fail:
    close(fd);
    return error;
}
