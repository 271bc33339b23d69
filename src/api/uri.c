// SPDX-License-Identifier: MPL-2.0

#include "api/uri.h"

#include <errno.h>
#include <string.h>

#define MAX_PORT 65535

static const struct uri_protocol protocols[] = {
    {ROC_PROTO_RTSP, "rtsp", ROC_INTERFACE_CONSOLIDATED, 554, true},
    {ROC_PROTO_RTP, "rtp", ROC_INTERFACE_AUDIO_SOURCE, -1, false},
    {ROC_PROTO_RTP_RS8M_SOURCE, "rtp+rs8m", ROC_INTERFACE_AUDIO_SOURCE, -1, false},
    {ROC_PROTO_RS8M_REPAIR, "rs8m", ROC_INTERFACE_AUDIO_REPAIR, -1, false},
    {ROC_PROTO_RTP_LDPC_SOURCE, "rtp+ldpc", ROC_INTERFACE_AUDIO_SOURCE, -1, false},
    {ROC_PROTO_LDPC_REPAIR, "ldpc", ROC_INTERFACE_AUDIO_REPAIR, -1, false},
    {ROC_PROTO_RTCP, "rtcp", ROC_INTERFACE_AUDIO_CONTROL, -1, false},
};
#define PROTOCOL_COUNT (sizeof(protocols) / sizeof(*protocols))

const struct uri_protocol *uri_find_protocol(roc_protocol protocol)
{
    for (size_t i = 0; i < PROTOCOL_COUNT; i++)
        if (protocols[i].protocol == protocol)
            return &protocols[i];
    return NULL;
}

static const struct uri_protocol *find_scheme(const char *scheme, size_t size)
{
    for (size_t i = 0; i < PROTOCOL_COUNT; i++)
        if (strlen(protocols[i].scheme) == size && memcmp(protocols[i].scheme, scheme, size) == 0)
            return &protocols[i];
    return NULL;
}

static bool is_host_char(char c)
{
    // No blanks and no control characters: nothing that resolves has them, and they garble logs.
    return (unsigned char)c > ' ' && c != 0x7f && strchr("/@[]?#", c) == NULL;
}

bool uri_is_host(struct uri_part host)
{
    if (host.data == NULL || host.size == 0)
        return false;
    const bool is_bracketed = host.data[0] == '[';
    size_t first = 0;
    size_t end = host.size;
    if (is_bracketed) {
        if (host.size < 3 || host.data[host.size - 1] != ']')
            return false;
        first++;
        end--;
    }
    for (size_t i = first; i < end; i++)
        if (!is_host_char(host.data[i]) || (!is_bracketed && host.data[i] == ':'))
            return false;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Reads ":PORT" if there is one, and moves `text` behind it.
static int parse_port(const char **text, int *port)
{
    *port = -1;
    if (**text != ':')
        return 0;
    const char *digit = *text + 1;
    if (!is_digit(*digit))
        return -EINVAL;
    int value = 0;
    for (; is_digit(*digit); digit++) {
        value = value * 10 + (*digit - '0');
        if (value > MAX_PORT)
            return -EINVAL;
    }
    *port = value;
    *text = digit;
    return 0;
}

int uri_parse_resource(struct uri *out, const char *text)
{
    out->path = out->query = (struct uri_part){0};
    if (*text == '/') {
        out->path = (struct uri_part){text, strcspn(text, "?#")};
        text += out->path.size;
    }
    if (*text == '?') {
        text++;
        out->query = (struct uri_part){text, strcspn(text, "?#")};
        text += out->query.size;
    }
    return *text == '\0' ? 0 : -EINVAL;
}

int uri_parse(struct uri *out, const char *text)
{
    *out = (struct uri){.port = -1};
    const char *colon = strchr(text, ':');
    if (colon == NULL || strncmp(colon, "://", 3) != 0)
        return -EINVAL;
    out->protocol = find_scheme(text, (size_t)(colon - text));
    if (out->protocol == NULL)
        return -EINVAL;

    text = colon + 3;
    size_t size = strcspn(text, ":/?#");
    if (*text == '[')
        size = strcspn(text, "]") + (strchr(text, ']') != NULL);
    out->host = (struct uri_part){text, size};
    if (!uri_is_host(out->host))
        return -EINVAL;
    text += size;
    const int code = parse_port(&text, &out->port);
    return code != 0 ? code : uri_parse_resource(out, text);
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

long uri_decode(char *out, struct uri_part in)
{
    long length = 0;
    for (size_t i = 0; i < in.size; i++) {
        char c = in.data[i];
        if (c == '%') {
            const int high = i + 1 < in.size ? hex_value(in.data[i + 1]) : -1;
            const int low = i + 2 < in.size ? hex_value(in.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -EINVAL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return -EINVAL;
        out[length++] = c;
    }
    out[length] = '\0';
    return length;
}

static bool is_path_char(char c)
{
    // RFC 3986: pchar without escapes, and the separator.
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("-._~!$&'()*+,;=:@/", c) != NULL);
}

long uri_encode_path(char *out, const char *in)
{
    static const char digits[] = "0123456789ABCDEF";
    long length = 0;
    for (; *in != '\0'; in++) {
        if (is_path_char(*in)) {
            out[length++] = *in;
            continue;
        }
        const unsigned char byte = (unsigned char)*in;
        out[length++] = '%';
        out[length++] = digits[byte >> 4];
        out[length++] = digits[byte & 15];
    }
    out[length] = '\0';
    return length;
}
