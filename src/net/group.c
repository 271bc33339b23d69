// SPDX-License-Identifier: MPL-2.0
//
// The kernel keeps a membership over a link that goes down, but not over an interface that is
// removed. The one that comes back has another index, so joining once more works, while joining
// what is joined already is refused with EADDRINUSE and changes nothing: no leave message, which
// would make switches cut the stream.
//
// After opening, interfaces are looked up through the socket itself: it may be of another network
// namespace than the thread.

#include "net/group.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net/address.h"

struct group {
    int fd;
    bool is_member;              // of `address`; else only sends by the interface
    struct net_address address;  // of the group
    struct net_address local;    // of the interface; any for the default one
    char interface[IF_NAMESIZE]; // its name; empty for the default one
    unsigned index;              // as joined
};

static bool is_any(const struct net_address *address)
{
    if (address->sa.sa_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&address->in6.sin6_addr);
    return address->in4.sin_addr.s_addr == htonl(INADDR_ANY);
}

static bool has_address(const struct ifaddrs *entry, const struct net_address *address)
{
    struct net_address own = {0};
    if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != address->sa.sa_family)
        return false;
    if (address->sa.sa_family == AF_INET) {
        memcpy(&own.in4, entry->ifa_addr, sizeof(own.in4));
        return own.in4.sin_addr.s_addr == address->in4.sin_addr.s_addr;
    }
    memcpy(&own.in6, entry->ifa_addr, sizeof(own.in6));
    return memcmp(&own.in6.sin6_addr, &address->in6.sin6_addr, sizeof(own.in6.sin6_addr)) == 0;
}

// Leaves the name empty for the default interface.
static int find_interface(struct group *group)
{
    struct ifaddrs *list = NULL;
    const unsigned scope =
        group->local.sa.sa_family == AF_INET6 ? group->local.in6.sin6_scope_id : 0;
    if (scope != 0)
        return if_indextoname(scope, group->interface) != NULL ? 0 : -EADDRNOTAVAIL;
    if (is_any(&group->local))
        return 0;
    if (getifaddrs(&list) < 0)
        return -errno;
    for (const struct ifaddrs *i = list; i != NULL && group->interface[0] == '\0'; i = i->ifa_next)
        if (has_address(i, &group->local))
            memcpy(group->interface, i->ifa_name, strnlen(i->ifa_name, IF_NAMESIZE - 1));
    freeifaddrs(list);
    return group->interface[0] != '\0' ? 0 : -EADDRNOTAVAIL;
}

static int lookup_index(const struct group *group, unsigned *index)
{
    struct ifreq request = {0};
    *index = 0;
    if (group->interface[0] == '\0')
        return 0;
    memcpy(request.ifr_name, group->interface, sizeof(request.ifr_name));
    if (ioctl(group->fd, SIOCGIFINDEX, &request) < 0)
        return -EADDRNOTAVAIL;
    *index = (unsigned)request.ifr_ifindex;
    return 0;
}

static int set_membership(const struct group *group, int action, unsigned index)
{
    const struct ip_mreqn in4 = {
        .imr_multiaddr = group->address.in4.sin_addr,
        .imr_ifindex = (int)index,
    };
    const struct ipv6_mreq in6 = {
        .ipv6mr_multiaddr = group->address.in6.sin6_addr,
        .ipv6mr_interface = index,
    };
    const bool is_join = action == IP_ADD_MEMBERSHIP;
    if (group->address.sa.sa_family == AF_INET6)
        return setsockopt(group->fd, IPPROTO_IPV6,
                          is_join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &in6, sizeof(in6));
    return setsockopt(group->fd, IPPROTO_IP, action, &in4, sizeof(in4));
}

static int set_outgoing(const struct group *group, unsigned index)
{
    const struct ip_mreqn in4 = {.imr_ifindex = (int)index};
    const int in6 = (int)index;
    if (group->address.sa.sa_family == AF_INET6)
        return setsockopt(group->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &in6, sizeof(in6));
    return setsockopt(group->fd, IPPROTO_IP, IP_MULTICAST_IF, &in4, sizeof(in4));
}

static int apply(struct group *group)
{
    unsigned index;
    const int error = lookup_index(group, &index);
    if (error != 0)
        return error;
    if ((group->is_member ? set_membership(group, IP_ADD_MEMBERSHIP, index)
                          : set_outgoing(group, index)) < 0)
        return errno == ENODEV ? -EADDRNOTAVAIL : -errno;
    // What is left of the interface that is gone.
    if (group->is_member && group->index != 0 && group->index != index)
        (void)set_membership(group, IP_DROP_MEMBERSHIP, group->index);
    group->index = index;
    return 0;
}

// A socket that is bound to a group would else get what others on this machine have joined on
// other interfaces.
static void listen_to_own(const struct group *group)
{
    const int off = 0;
    if (group->local.sa.sa_family == AF_INET6)
        (void)setsockopt(group->fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof(off));
    else
        (void)setsockopt(group->fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
}

static bool needs_interface(const struct udp_config *config)
{
    return !net_address_is_multicast(&config->bind) && !is_any(&config->bind);
}

int group_create(struct group **out, int fd, const struct udp_config *config)
{
    const bool is_member = config->multicast_interface.sa.sa_family != AF_UNSPEC;
    *out = NULL;
    if (!is_member && !needs_interface(config))
        return 0;
    struct group *group = calloc(1, sizeof(*group));
    if (group == NULL)
        return -ENOMEM;
    group->fd = fd;
    group->is_member = is_member;
    group->address = config->bind;
    group->local = is_member ? config->multicast_interface : config->bind;
    int error = find_interface(group);
    if (error == 0)
        error = apply(group);
    if (error != 0)
        goto fail;
    if (is_member)
        listen_to_own(group);
    *out = group;
    return 0;

fail:
    group_destroy(group);
    // Only multicast needs what was refused, and this socket may never send any: a loopback
    // interface, for one, may have none.
    return is_member || error == -ENOMEM ? error : 0;
}

void group_destroy(struct group *group)
{
    free(group);
}

void group_refresh(struct group *group)
{
    // Fails while the interface is away, and with EADDRINUSE while nothing has changed.
    if (group != NULL)
        (void)apply(group);
}
