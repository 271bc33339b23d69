// SPDX-License-Identifier: MPL-2.0
#include "main/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_name(const char *host)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    if (host[0] == '\0' || host[0] == '-' || host[0] == '.' || host[strspn(host, allowed)] != '\0')
        return -EINVAL;
    // Only digits and dots: an address, and then a whole one.
    if (host[strspn(host, "0123456789.")] == '\0' && !address_is_literal(host))
        return -EINVAL;
    return 0;
}

static int take_host(char host[SETTINGS_HOST_SIZE], const char *text, size_t size)
{
    char name[SETTINGS_HOST_SIZE];
    struct in6_addr ipv6;
    bool is_bracketed = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    if (is_bracketed) {
        text++;
        size -= 2;
    }
    if (size >= sizeof(name))
        return -EINVAL;
    memcpy(name, text, size);
    name[size] = '\0';
    bool is_ipv6 = inet_pton(AF_INET6, name, &ipv6) == 1;
    if (is_bracketed ? !is_ipv6 : !is_ipv6 && check_name(name) != 0)
        return -EINVAL;
    snprintf(host, SETTINGS_HOST_SIZE, "%s", strcmp(name, "localhost") == 0 ? "127.0.0.1" : name);
    return 0;
}

int address_parse_host(char host[SETTINGS_HOST_SIZE], const char *text)
{
    return take_host(host, text, strlen(text));
}

int address_parse(struct settings_address *out, const char *text)
{
    struct settings_address address;
    const char *colon = strrchr(text, ':');
    if (colon == NULL)
        return -EINVAL;
    size_t size = strspn(colon + 1, "0123456789");
    if (size == 0 || size > 5 || colon[1 + size] != '\0')
        return -EINVAL;
    // Without brackets nobody can tell the port from the last part of an IPv6 address.
    if (memchr(text, ':', (size_t)(colon - text)) != NULL && text[0] != '[')
        return -EINVAL;
    address.port = (unsigned)strtoul(colon + 1, NULL, 10);
    if (address.port > 65535 || take_host(address.host, text, (size_t)(colon - text)) != 0)
        return -EINVAL;
    *out = address;
    return 0;
}

bool address_is_literal(const char *host)
{
    struct in6_addr ipv6;
    struct in_addr ipv4;
    return inet_pton(AF_INET, host, &ipv4) == 1 || inet_pton(AF_INET6, host, &ipv6) == 1;
}

bool address_is_loopback(const char *host)
{
    struct in6_addr ipv6;
    struct in_addr ipv4;
    if (inet_pton(AF_INET, host, &ipv4) == 1)
        return ntohl(ipv4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &ipv6) == 1 && IN6_IS_ADDR_LOOPBACK(&ipv6);
}
