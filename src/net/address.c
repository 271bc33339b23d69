// SPDX-License-Identifier: MPL-2.0

#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// "fe80::1%eth0" or "fe80::1%2": link-local addresses mean nothing without their interface.
static int parse_in6(struct net_address *out, const char *ip)
{
    char text[INET6_ADDRSTRLEN];
    const char *scope = strchr(ip, '%');
    const size_t length = scope != NULL ? (size_t)(scope - ip) : strlen(ip);
    if (length >= sizeof(text))
        return -EINVAL;
    memcpy(text, ip, length);
    text[length] = '\0';
    if (inet_pton(AF_INET6, text, &out->in6.sin6_addr) != 1)
        return -EINVAL;
    if (scope != NULL) {
        unsigned index = if_nametoindex(scope + 1);
        if (index == 0)
            index = (unsigned)strtoul(scope + 1, NULL, 10);
        if (index == 0)
            return -EINVAL;
        out->in6.sin6_scope_id = index;
    }
    out->in6.sin6_family = AF_INET6;
    return 0;
}

int net_address_parse(struct net_address *out, const char *ip, uint16_t port)
{
    if (ip == NULL)
        return -EINVAL;
    struct net_address address;
    memset(&address, 0, sizeof(address));
    if (inet_pton(AF_INET, ip, &address.in4.sin_addr) == 1)
        address.in4.sin_family = AF_INET;
    else if (parse_in6(&address, ip) != 0)
        return -EINVAL;
    net_address_set_port(&address, port);
    *out = address;
    return 0;
}

int net_address_resolve(struct net_address *out, const char *host, uint16_t port)
{
    if (net_address_parse(out, host, port) == 0)
        return 0;
    if (host == NULL)
        return -EHOSTUNREACH;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return -EHOSTUNREACH;
    int error = -EHOSTUNREACH;
    if (found != NULL && found->ai_addrlen <= sizeof(struct net_address)) {
        struct net_address address;
        memset(&address, 0, sizeof(address));
        memcpy(&address, found->ai_addr, found->ai_addrlen);
        net_address_set_port(&address, port);
        *out = address;
        error = 0;
    }
    freeaddrinfo(found);
    return error;
}

static void write_in6(const struct sockaddr_in6 *in6, char text[NET_ADDRESS_TEXT_SIZE])
{
    char ip[INET6_ADDRSTRLEN] = "";
    char scope[16] = "";
    inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
    if (in6->sin6_scope_id != 0)
        snprintf(scope, sizeof(scope), "%%%u", (unsigned)in6->sin6_scope_id);
    snprintf(text, NET_ADDRESS_TEXT_SIZE, "[%s%s]:%u", ip, scope, (unsigned)ntohs(in6->sin6_port));
}

void net_address_write(const struct net_address *address, char text[NET_ADDRESS_TEXT_SIZE])
{
    if (address->sa.sa_family == AF_INET6) {
        write_in6(&address->in6, text);
        return;
    }
    char ip[INET_ADDRSTRLEN] = "none";
    if (address->sa.sa_family == AF_INET)
        inet_ntop(AF_INET, &address->in4.sin_addr, ip, sizeof(ip));
    snprintf(text, NET_ADDRESS_TEXT_SIZE, "%s:%u", ip, (unsigned)net_address_get_port(address));
}

bool net_address_is_equal(const struct net_address *a, const struct net_address *b)
{
    if (a->sa.sa_family != b->sa.sa_family)
        return false;
    if (a->sa.sa_family == AF_INET)
        return a->in4.sin_port == b->in4.sin_port &&
               a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
    if (a->sa.sa_family == AF_INET6)
        return a->in6.sin6_port == b->in6.sin6_port &&
               a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
               memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
    return a->sa.sa_family == AF_UNSPEC;
}

bool net_address_is_multicast(const struct net_address *address)
{
    if (address->sa.sa_family == AF_INET)
        return IN_MULTICAST(ntohl(address->in4.sin_addr.s_addr));
    return address->sa.sa_family == AF_INET6 && IN6_IS_ADDR_MULTICAST(&address->in6.sin6_addr);
}

uint16_t net_address_get_port(const struct net_address *address)
{
    if (address->sa.sa_family == AF_INET)
        return ntohs(address->in4.sin_port);
    return address->sa.sa_family == AF_INET6 ? ntohs(address->in6.sin6_port) : 0;
}

void net_address_set_port(struct net_address *address, uint16_t port)
{
    if (address->sa.sa_family == AF_INET)
        address->in4.sin_port = htons(port);
    else if (address->sa.sa_family == AF_INET6)
        address->in6.sin6_port = htons(port);
}

socklen_t net_address_size(const struct net_address *address)
{
    if (address->sa.sa_family == AF_INET)
        return sizeof(address->in4);
    return address->sa.sa_family == AF_INET6 ? sizeof(address->in6) : 0;
}
