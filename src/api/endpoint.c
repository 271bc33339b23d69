// SPDX-License-Identifier: MPL-2.0

#include "api/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/address.h"

#define MAX_PORT 65535

struct roc_endpoint {
    // A part may be unset because nobody set it, or because setting it failed.
    bool has_protocol;
    bool has_host;
    bool has_port;     // a port, or a protocol with a default one
    bool has_resource; // false after a failure only: an empty one is legal

    const struct uri_protocol *protocol;
    char *host;
    int port;    // -1: the default one
    char *path;  // decoded; NULL when empty
    char *query; // as given; NULL when empty
};

static int refuse(const char *function, const char *reason)
{
    log_error("api", "roc_endpoint_%s: %s", function, reason);
    return -1;
}

static void clear_resource(roc_endpoint *endpoint)
{
    free(endpoint->path);
    free(endpoint->query);
    endpoint->path = endpoint->query = NULL;
    endpoint->has_resource = true;
}

static void clear(roc_endpoint *endpoint)
{
    free(endpoint->host);
    endpoint->host = NULL;
    endpoint->protocol = NULL;
    endpoint->port = -1;
    endpoint->has_protocol = endpoint->has_host = endpoint->has_port = false;
    clear_resource(endpoint);
}

// The part is there.
static char *copy_part(struct uri_part part)
{
    char *copy = malloc(part.size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, part.data, part.size);
    copy[part.size] = '\0';
    return copy;
}

static int set_host(roc_endpoint *endpoint, struct uri_part host)
{
    endpoint->has_host = false;
    if (host.data == NULL || !uri_is_host(host))
        return -EINVAL;
    char *copy = copy_part(host);
    if (copy == NULL)
        return -ENOMEM;
    free(endpoint->host);
    endpoint->host = copy;
    endpoint->has_host = true;
    return 0;
}

// The default port appears and goes with the protocol; a port that was set stays.
static void update_default_port(roc_endpoint *endpoint)
{
    if (endpoint->port < 0)
        endpoint->has_port = endpoint->has_protocol && endpoint->protocol->default_port >= 0;
}

static void set_protocol(roc_endpoint *endpoint, const struct uri_protocol *protocol)
{
    endpoint->protocol = protocol;
    endpoint->has_protocol = true;
    update_default_port(endpoint);
}

static void set_port(roc_endpoint *endpoint, int port)
{
    endpoint->port = port;
    endpoint->has_port = true;
    update_default_port(endpoint);
}

static int set_path(roc_endpoint *endpoint, struct uri_part path)
{
    if (path.size == 0)
        return 0;
    endpoint->path = malloc(path.size + 1);
    if (endpoint->path == NULL)
        return -ENOMEM;
    return uri_decode(endpoint->path, path) < 0 ? -EINVAL : 0;
}

static int set_query(roc_endpoint *endpoint, struct uri_part query)
{
    if (query.size == 0)
        return 0;
    endpoint->query = copy_part(query);
    return endpoint->query != NULL ? 0 : -ENOMEM;
}

static int set_resource(roc_endpoint *endpoint, const struct uri *uri)
{
    clear_resource(endpoint);
    int code = set_path(endpoint, uri->path);
    if (code == 0)
        code = set_query(endpoint, uri->query);
    endpoint->has_resource = code == 0;
    return code;
}

// Every part is there, and the protocol knows what to do with it.
static bool is_complete(const roc_endpoint *endpoint)
{
    if (!endpoint->has_protocol || !endpoint->has_host || !endpoint->has_port ||
        !endpoint->has_resource)
        return false;
    return endpoint->protocol->has_resource || (endpoint->path == NULL && endpoint->query == NULL);
}

const struct uri_protocol *endpoint_get_protocol(const roc_endpoint *endpoint)
{
    return is_complete(endpoint) ? endpoint->protocol : NULL;
}

const char *endpoint_get_host(const roc_endpoint *endpoint)
{
    return endpoint->has_host ? endpoint->host : "";
}

int endpoint_get_port(const roc_endpoint *endpoint)
{
    return endpoint->port >= 0 ? endpoint->port : endpoint->protocol->default_port;
}

int endpoint_resolve(const roc_endpoint *endpoint, struct net_address *address)
{
    if (!is_complete(endpoint))
        return -EINVAL;
    const uint16_t port = (uint16_t)endpoint_get_port(endpoint);
    if (endpoint->host[0] != '[')
        return net_address_resolve(address, endpoint->host, port);
    char *host = strndup(endpoint->host + 1, strlen(endpoint->host) - 2);
    if (host == NULL)
        return -ENOMEM;
    const int code = net_address_resolve(address, host, port);
    free(host);
    return code;
}

int roc_endpoint_allocate(roc_endpoint **result)
{
    if (result == NULL)
        return refuse("allocate", "result is NULL");
    roc_endpoint *endpoint = calloc(1, sizeof(*endpoint));
    if (endpoint == NULL)
        return refuse("allocate", "out of memory");
    clear(endpoint);
    *result = endpoint;
    return 0;
}

int roc_endpoint_deallocate(roc_endpoint *endpoint)
{
    if (endpoint == NULL)
        return refuse("deallocate", "endpoint is NULL");
    clear(endpoint);
    free(endpoint);
    return 0;
}

int roc_endpoint_set_uri(roc_endpoint *endpoint, const char *uri)
{
    if (endpoint == NULL)
        return refuse("set_uri", "endpoint is NULL");
    // The text may be one that a part of this endpoint holds.
    char *text = uri != NULL ? strdup(uri) : NULL;
    struct uri parts;
    clear(endpoint);
    int code = text != NULL ? uri_parse(&parts, text) : -EINVAL;
    if (code == 0) {
        set_protocol(endpoint, parts.protocol);
        set_port(endpoint, parts.port);
        code = set_host(endpoint, parts.host);
    }
    if (code == 0)
        code = set_resource(endpoint, &parts);
    if (code == 0 && !is_complete(endpoint))
        code = -EINVAL;
    free(text);
    if (code == 0)
        return 0;

    clear(endpoint);
    endpoint->has_resource = false;
    return refuse("set_uri",
                  "expected PROTOCOL://HOST[:PORT][/PATH][?QUERY] with a known protocol, "
                  "the port where it needs one, and a path only where it has one");
}

int roc_endpoint_set_protocol(roc_endpoint *endpoint, roc_protocol proto)
{
    if (endpoint == NULL)
        return refuse("set_protocol", "endpoint is NULL");
    const struct uri_protocol *protocol = uri_find_protocol(proto);
    if (protocol == NULL) {
        endpoint->has_protocol = false;
        return refuse("set_protocol", "there is no such protocol");
    }
    set_protocol(endpoint, protocol);
    return 0;
}

int roc_endpoint_set_host(roc_endpoint *endpoint, const char *host)
{
    if (endpoint == NULL)
        return refuse("set_host", "endpoint is NULL");
    const struct uri_part part = {host, host != NULL ? strlen(host) : 0};
    if (set_host(endpoint, part) != 0)
        return refuse("set_host",
                      "expected a name, an IPv4 address, or an IPv6 address in brackets");
    return 0;
}

int roc_endpoint_set_port(roc_endpoint *endpoint, int port)
{
    if (endpoint == NULL)
        return refuse("set_port", "endpoint is NULL");
    if (port < -1 || port > MAX_PORT) {
        endpoint->has_port = false;
        return refuse("set_port", "expected 0..65535, or -1 for the default port");
    }
    set_port(endpoint, port);
    return 0;
}

int roc_endpoint_set_resource(roc_endpoint *endpoint, const char *encoded_resource)
{
    if (endpoint == NULL)
        return refuse("set_resource", "endpoint is NULL");
    struct uri parts;
    int code = uri_parse_resource(&parts, encoded_resource != NULL ? encoded_resource : "");
    if (code == 0)
        code = set_resource(endpoint, &parts);
    if (code == 0)
        return 0;
    clear_resource(endpoint);
    endpoint->has_resource = false;
    return refuse("set_resource", "expected [/PATH][?QUERY] with well-formed escapes");
}

// Gives `text` to the caller's buffer as the public header says.
static int give_text(const char *function, const char *text, char *buf, size_t *bufsz)
{
    const size_t room = *bufsz;
    *bufsz = strlen(text) + 1;
    if (buf == NULL)
        return 0;
    if (room < *bufsz)
        return refuse(function, "the buffer is too small");
    memcpy(buf, text, *bufsz);
    return 0;
}

// Path and query as text that the caller frees; NULL when memory is short.
static char *format_resource(const roc_endpoint *endpoint)
{
    const size_t path_size = endpoint->path != NULL ? 3 * strlen(endpoint->path) : 0;
    const size_t query_size = endpoint->query != NULL ? strlen(endpoint->query) : 0;
    char *text = malloc(path_size + query_size + 2);
    if (text == NULL)
        return NULL;
    char *end = text;
    if (endpoint->path != NULL)
        end += uri_encode_path(end, endpoint->path);
    if (endpoint->query != NULL) {
        *end++ = '?';
        memcpy(end, endpoint->query, query_size);
        end += query_size;
    }
    *end = '\0';
    return text;
}

int roc_endpoint_get_uri(const roc_endpoint *endpoint, char *buf, size_t *bufsz)
{
    if (endpoint == NULL || bufsz == NULL)
        return refuse("get_uri", "endpoint or size is NULL");
    if (!is_complete(endpoint))
        return refuse("get_uri", "a part of the endpoint is missing or invalid");
    char port[16] = "";
    if (endpoint->port >= 0)
        snprintf(port, sizeof(port), ":%d", endpoint->port);
    char *resource = format_resource(endpoint);
    char *text = NULL;
    int code = -1;
    if (resource == NULL || asprintf(&text, "%s://%s%s%s", endpoint->protocol->scheme,
                                     endpoint->host, port, resource) < 0)
        refuse("get_uri", "out of memory");
    else
        code = give_text("get_uri", text, buf, bufsz);
    free(resource);
    free(text);
    return code;
}

int roc_endpoint_get_protocol(const roc_endpoint *endpoint, roc_protocol *proto)
{
    if (endpoint == NULL || proto == NULL)
        return refuse("get_protocol", "endpoint or result is NULL");
    if (!endpoint->has_protocol)
        return refuse("get_protocol", "no valid protocol is set");
    *proto = endpoint->protocol->protocol;
    return 0;
}

int roc_endpoint_get_host(const roc_endpoint *endpoint, char *buf, size_t *bufsz)
{
    if (endpoint == NULL || bufsz == NULL)
        return refuse("get_host", "endpoint or size is NULL");
    if (!endpoint->has_host)
        return refuse("get_host", "no valid host is set");
    return give_text("get_host", endpoint->host, buf, bufsz);
}

int roc_endpoint_get_port(const roc_endpoint *endpoint, int *port)
{
    if (endpoint == NULL || port == NULL)
        return refuse("get_port", "endpoint or result is NULL");
    // A URI may well leave the port out; asking for it is no mistake to be logged.
    if (!endpoint->has_port || endpoint->port < 0)
        return -1;
    *port = endpoint->port;
    return 0;
}

int roc_endpoint_get_resource(const roc_endpoint *endpoint, char *buf, size_t *bufsz)
{
    if (endpoint == NULL || bufsz == NULL)
        return refuse("get_resource", "endpoint or size is NULL");
    if (!endpoint->has_resource || (endpoint->path == NULL && endpoint->query == NULL))
        return -1;
    char *text = format_resource(endpoint);
    if (text == NULL)
        return refuse("get_resource", "out of memory");
    const int code = give_text("get_resource", text, buf, bufsz);
    free(text);
    return code;
}
