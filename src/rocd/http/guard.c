// SPDX-License-Identifier: MPL-2.0
#include "http/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 64

// Only what a port can be: nothing, or ':' and up to five digits.
static bool is_port(const char *text)
{
    if (*text == '\0')
        return true;
    if (*text++ != ':')
        return false;
    size_t size = strspn(text, "0123456789");
    return size >= 1 && size <= 5 && text[size] == '\0';
}

bool guard_is_host_local(const char *host)
{
    char name[NAME_SIZE];
    struct in_addr address;
    if (host == NULL)
        return false;
    if (strncmp(host, "[::1]", 5) == 0)
        return is_port(host + 5);
    size_t size = strcspn(host, ":");
    if (size >= sizeof(name) || !is_port(host + size))
        return false;
    memcpy(name, host, size);
    name[size] = '\0';
    if (strcasecmp(name, "localhost") == 0)
        return true;
    return inet_pton(AF_INET, name, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

bool guard_is_origin_same(const char *origin, const char *host)
{
    static const char scheme[] = "http://";
    if (origin == NULL)
        return true;
    return host != NULL && strncasecmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
           strcasecmp(origin + sizeof(scheme) - 1, host) == 0;
}

bool guard_is_json(const char *content_type)
{
    static const char prefix[] = "application/";
    static const char suffix[] = "+json";
    if (content_type == NULL || strncasecmp(content_type, prefix, sizeof(prefix) - 1) != 0)
        return false;
    const char *subtype = content_type + sizeof(prefix) - 1;
    size_t size = strcspn(subtype, "; \t");
    if (size == 4 && strncasecmp(subtype, "json", 4) == 0)
        return true;
    size_t suffix_size = sizeof(suffix) - 1;
    return size > suffix_size &&
           strncasecmp(subtype + size - suffix_size, suffix, suffix_size) == 0;
}
