// SPDX-License-Identifier: MPL-2.0
//
// Transport URIs: SCHEME://HOST:PORT, as deployed peers write them.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/field.h"
#include "model/stream.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct scheme {
    const char *name;
    const char *repair; // of a media scheme: the scheme that its repair packets need; NULL = none
};

static const struct scheme media_schemes[] = {
    {"rtp", NULL},
    {"rtp+rs8m", "rs8m"},
    {"rtp+ldpc", "ldpc"},
};
static const struct scheme repair_schemes[] = {{"rs8m", NULL}, {"ldpc", NULL}};
static const struct scheme control_schemes[] = {{"rtcp", NULL}};

static const char *const field_names[] = {"media_uri", "repair_uri", "control_uri", NULL};

static bool is_host_name(const char *host, size_t size)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return size > 0 && strspn(host, allowed) >= size && host[0] != '.' && host[0] != '-';
}

// Returns what follows the host, or NULL. Accepts a name, an IPv4 address or [an IPv6 address].
static const char *skip_host(const char *text)
{
    char host[MEDIA_URI_SIZE];
    struct in6_addr address;
    if (text[0] != '[') {
        size_t size = strcspn(text, ":");
        return is_host_name(text, size) ? text + size : NULL;
    }
    size_t size = strcspn(text + 1, "]");
    if (text[1 + size] != ']' || size >= sizeof(host))
        return NULL;
    memcpy(host, text + 1, size);
    host[size] = '\0';
    return inet_pton(AF_INET6, host, &address) == 1 ? text + size + 2 : NULL;
}

// ":PORT" to the end of the text. Returns -1 when it is none.
static long read_port(const char *text)
{
    size_t size = *text == ':' ? strspn(text + 1, "0123456789") : 0;
    if (size == 0 || size > 5 || text[1 + size] != '\0')
        return -1;
    long port = strtol(text + 1, NULL, 10);
    return port <= 65535 ? port : -1;
}

static const struct scheme *find_scheme(const char *uri, const struct scheme *schemes, size_t count)
{
    size_t size = strcspn(uri, ":");
    for (size_t i = 0; i < count; i++) {
        if (strlen(schemes[i].name) == size && memcmp(schemes[i].name, uri, size) == 0)
            return &schemes[i];
    }
    return NULL;
}

static int check_uri(const struct fields *fields, const char *name, const char *uri,
                     const struct scheme *scheme, const char *expected)
{
    if (scheme == NULL)
        return field_fail(fields, ERROR_INVALID_ARGS, name,
                          "%s is \"%s\"; it must be %s, each with ://HOST:PORT.", name, uri,
                          expected);
    const char *rest = uri + strlen(scheme->name);
    const char *end = strncmp(rest, "://", 3) == 0 ? skip_host(rest + 3) : NULL;
    if (end == NULL || read_port(end) < 0)
        return field_fail(fields, ERROR_INVALID_ARGS, name,
                          "%s is \"%s\"; it must be %s://HOST:PORT with a port up to 65535 and "
                          "nothing after it.",
                          name, uri, scheme->name);
    return 0;
}

static int check_repair(const struct fields *fields, const struct media_address *address,
                        const struct scheme *media)
{
    if (address->repair_uri[0] == '\0') {
        if (media == NULL || media->repair == NULL)
            return 0;
        return field_fail(fields, ERROR_INVALID_ARGS, "repair_uri",
                          "repair_uri is missing: %s needs %s://HOST:PORT for its repair packets.",
                          media->name, media->repair);
    }
    const struct scheme *repair =
        find_scheme(address->repair_uri, repair_schemes, COUNT(repair_schemes));
    if (check_uri(fields, "repair_uri", address->repair_uri, repair, "rs8m or ldpc") != 0)
        return -1;
    if (media == NULL || media->repair == NULL)
        return field_fail(fields, ERROR_INVALID_ARGS, "repair_uri",
                          "repair_uri is \"%s\", but %s; leave repair_uri empty.",
                          address->repair_uri,
                          media == NULL ? "there is no media_uri" : "rtp has no repair packets");
    if (strcmp(media->repair, repair->name) != 0)
        return field_fail(fields, ERROR_INVALID_ARGS, "repair_uri",
                          "repair_uri is \"%s\"; %s needs %s://HOST:PORT.", address->repair_uri,
                          media->name, media->repair);
    return 0;
}

static int check(const struct fields *fields, const struct media_address *address)
{
    const struct scheme *media =
        find_scheme(address->media_uri, media_schemes, COUNT(media_schemes));
    if (address->media_uri[0] != '\0' &&
        check_uri(fields, "media_uri", address->media_uri, media, "rtp, rtp+rs8m or rtp+ldpc") != 0)
        return -1;
    if (check_repair(fields, address, media) != 0)
        return -1;
    if (address->control_uri[0] == '\0')
        return 0;
    return check_uri(fields, "control_uri", address->control_uri,
                     find_scheme(address->control_uri, control_schemes, COUNT(control_schemes)),
                     "rtcp");
}

int media_address_parse(struct media_address *address, const json_t *body, struct api_error *error)
{
    struct fields fields = {body, "", error};
    struct media_address parsed = {"", "", ""};
    if (fields_check_object(&fields, "The address") != 0 ||
        fields_check_names(&fields, field_names) != 0 ||
        field_name(&fields, "media_uri", parsed.media_uri, MEDIA_URI_SIZE) != 0 ||
        field_name(&fields, "repair_uri", parsed.repair_uri, MEDIA_URI_SIZE) != 0 ||
        field_name(&fields, "control_uri", parsed.control_uri, MEDIA_URI_SIZE) != 0 ||
        check(&fields, &parsed) != 0)
        return -1;
    *address = parsed;
    return 0;
}

json_t *media_address_write(const struct media_address *address)
{
    return json_pack("{s:s, s:s, s:s}", "media_uri", address->media_uri, "repair_uri",
                     address->repair_uri, "control_uri", address->control_uri);
}

enum transport_fec media_address_fec(const struct media_address *address)
{
    if (strncmp(address->media_uri, "rtp+rs8m:", 9) == 0)
        return TRANSPORT_FEC_RS8M;
    return strncmp(address->media_uri, "rtp+ldpc:", 9) == 0 ? TRANSPORT_FEC_LDPC
                                                            : TRANSPORT_FEC_NONE;
}

bool media_address_has_port(const struct media_address *address)
{
    const char *const uris[] = {address->media_uri, address->repair_uri};
    for (size_t i = 0; i < COUNT(uris); i++) {
        const char *colon = strrchr(uris[i], ':');
        if (colon != NULL && read_port(colon) == 0)
            return false;
    }
    return true;
}

bool media_address_is_equal(const struct media_address *a, const struct media_address *b)
{
    return strcmp(a->media_uri, b->media_uri) == 0 && strcmp(a->repair_uri, b->repair_uri) == 0 &&
           strcmp(a->control_uri, b->control_uri) == 0;
}
