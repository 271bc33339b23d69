/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/endpoint.h
 * \brief An address with a protocol: where a peer is bound or connected to.
 *
 *     PROTOCOL://HOST[:PORT][/PATH][?QUERY]
 *
 * | protocol                       | port           | path and query |
 * |--------------------------------|----------------|----------------|
 * | rtp, rtp+rs8m, rtp+ldpc        | must be given  | none           |
 * | rs8m, ldpc                     | must be given  | none           |
 * | rtcp                           | must be given  | none           |
 * | rtsp                           | 554 if absent  | allowed        |
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in square brackets. Names are resolved when
 * the endpoint is bound or connected, not before. Port 0 asks for any free port when binding.
 *
 * A setter that fails marks the part that it should have set as invalid: getting that part or the
 * whole URI fails, and so do bind and connect, until the part is set successfully. A program may
 * therefore ignore what setters return and look at bind and connect alone.
 *
 * All functions return 0, or -1 with a message in the log.
 * Thread: any, but one at a time for each endpoint.
 */
#ifndef ROC_ENDPOINT_H_
#define ROC_ENDPOINT_H_

#include "roc/config.h"
#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct roc_endpoint roc_endpoint;

/**
 * Makes an endpoint with no part set. The caller owns it until roc_endpoint_deallocate().
 *
 * \returns 0, or -1 when `result` is NULL or memory is short
 */
ROC_API int roc_endpoint_allocate(roc_endpoint **result);

/**
 * Replaces all parts by those of a URI.
 *
 * \param uri borrowed for the call
 * \returns 0, or -1 when an argument is NULL, the URI is malformed or its protocol unknown, a port
 *  is missing where the protocol needs one, a path or query is there where it has none, or memory
 *  is short. Then all parts are invalid.
 */
ROC_API int roc_endpoint_set_uri(roc_endpoint *endpoint, const char *uri);

/** \returns 0, or -1 when the endpoint is NULL or the protocol unknown */
ROC_API int roc_endpoint_set_protocol(roc_endpoint *endpoint, roc_protocol proto);

/**
 * \param host name or address as in the URI, IPv6 in brackets; borrowed for the call
 * \returns 0, or -1 when an argument is NULL, the host is empty or has characters that no host may
 *  have in a URI, or memory is short
 */
ROC_API int roc_endpoint_set_host(roc_endpoint *endpoint, const char *host);

/**
 * \param port 0..65535, or -1 for the default port of the protocol
 * \returns 0, or -1 when the endpoint is NULL or the port out of range
 */
ROC_API int roc_endpoint_set_port(roc_endpoint *endpoint, int port);

/**
 * \param encoded_resource `[/PATH][?QUERY]`, percent-encoded as in a URI; NULL or "" removes path
 *  and query; borrowed for the call
 * \returns 0, or -1 when the endpoint is NULL, the resource begins with neither `/` nor `?`, has a
 *  broken escape or an escaped NUL, or memory is short
 */
ROC_API int roc_endpoint_set_resource(roc_endpoint *endpoint, const char *encoded_resource);

/**
 * Writes the URI.
 *
 * \param buf gets the text with its terminating NUL; NULL asks for the length only
 * \param bufsz in: size of `buf` in bytes; out: bytes that the text takes, with its NUL, also when
 *  `buf` is too small
 * \returns 0, or -1 when endpoint or bufsz is NULL, a part is invalid or missing (bufsz is left
 *  alone), or `buf` is too small
 */
ROC_API int roc_endpoint_get_uri(const roc_endpoint *endpoint, char *buf, size_t *bufsz);

/** \returns 0, or -1 when an argument is NULL or the protocol is not set */
ROC_API int roc_endpoint_get_protocol(const roc_endpoint *endpoint, roc_protocol *proto);

/** As roc_endpoint_get_uri(), for the host. */
ROC_API int roc_endpoint_get_host(const roc_endpoint *endpoint, char *buf, size_t *bufsz);

/** \returns 0, or -1 when an argument is NULL or no port is set, be there a default one or not */
ROC_API int roc_endpoint_get_port(const roc_endpoint *endpoint, int *port);

/** As roc_endpoint_get_uri(), for path and query; -1 when there is neither. */
ROC_API int roc_endpoint_get_resource(const roc_endpoint *endpoint, char *buf, size_t *bufsz);

/** \returns 0, or -1 when the endpoint is NULL */
ROC_API int roc_endpoint_deallocate(roc_endpoint *endpoint);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
