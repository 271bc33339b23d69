// SPDX-License-Identifier: MPL-2.0
//
// What tests of the public sender and receiver share: endpoints, configs, and a UDP socket of the
// test's own as the other side.

#ifndef ROC_TESTS_API_FIXTURE_H
#define ROC_TESTS_API_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "roc/context.h"
#include "roc/endpoint.h"
#include "roc/receiver.h"
#include "roc/sender.h"

#define API_UNUSED      __attribute__((unused))
#define API_PATIENCE_MS 20000
// Longer than a label of a host name may be: it fails to resolve without asking anybody.
#define API_BAD_HOST \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.invalid"

static const roc_interface api_source API_UNUSED = ROC_INTERFACE_AUDIO_SOURCE;
static const roc_interface api_repair API_UNUSED = ROC_INTERFACE_AUDIO_REPAIR;

// Contexts, senders, receivers

static inline roc_context *api_context(void)
{
    const roc_context_config config = {0};
    roc_context *context = NULL;
    assert_int_equal(roc_context_open(&config, &context), 0);
    return context;
}

static inline roc_media_encoding api_encoding(unsigned rate, roc_channel_layout layout)
{
    return (roc_media_encoding){.rate = rate, .format = ROC_FORMAT_PCM_FLOAT32, .channels = layout};
}

static inline roc_sender_config api_sender_config(roc_fec_encoding fec)
{
    return (roc_sender_config){
        .frame_encoding = api_encoding(44100, ROC_CHANNEL_LAYOUT_STEREO),
        .packet_encoding = ROC_PACKET_ENCODING_AVP_L16_STEREO,
        .fec_encoding = fec,
    };
}

static inline roc_receiver_config api_receiver_config(void)
{
    return (roc_receiver_config){
        .frame_encoding = api_encoding(44100, ROC_CHANNEL_LAYOUT_STEREO),
    };
}

// Endpoints

// A NULL URI gives an endpoint with nothing set.
static inline roc_endpoint *api_endpoint(const char *uri)
{
    roc_endpoint *endpoint = NULL;
    assert_int_equal(roc_endpoint_allocate(&endpoint), 0);
    if (uri != NULL)
        assert_int_equal(roc_endpoint_set_uri(endpoint, uri), 0);
    return endpoint;
}

static inline roc_endpoint *api_local_endpoint(const char *scheme, int port)
{
    char uri[64];
    snprintf(uri, sizeof(uri), "%s://127.0.0.1:%d", scheme, port);
    return api_endpoint(uri);
}

static inline int api_connect_uri(roc_sender *sender, roc_slot slot, roc_interface iface,
                                  const char *uri)
{
    roc_endpoint *endpoint = api_endpoint(uri);
    const int code = roc_sender_connect(sender, slot, iface, endpoint);
    roc_endpoint_deallocate(endpoint);
    return code;
}

static inline int api_connect(roc_sender *sender, roc_slot slot, roc_interface iface,
                              const char *scheme, int port)
{
    roc_endpoint *endpoint = api_local_endpoint(scheme, port);
    const int code = roc_sender_connect(sender, slot, iface, endpoint);
    roc_endpoint_deallocate(endpoint);
    return code;
}

static inline int api_bind_uri(roc_receiver *receiver, roc_slot slot, roc_interface iface,
                               const char *uri)
{
    roc_endpoint *endpoint = api_endpoint(uri);
    const int code = roc_receiver_bind(receiver, slot, iface, endpoint);
    roc_endpoint_deallocate(endpoint);
    return code;
}

// Binds to any free port and returns it.
static inline int api_bind(roc_receiver *receiver, roc_slot slot, roc_interface iface,
                           const char *scheme)
{
    roc_endpoint *endpoint = api_local_endpoint(scheme, 0);
    int port = 0;
    assert_int_equal(roc_receiver_bind(receiver, slot, iface, endpoint), 0);
    assert_int_equal(roc_endpoint_get_port(endpoint, &port), 0);
    assert_true(port > 0);
    roc_endpoint_deallocate(endpoint);
    return port;
}

// Sound

static inline int api_write(roc_sender *sender, const float *samples, size_t count)
{
    const roc_frame frame = {.samples = (void *)(uintptr_t)samples,
                             .samples_size = count * sizeof(*samples)};
    return roc_sender_write(sender, &frame);
}

static inline int api_read(roc_receiver *receiver, float *samples, size_t count)
{
    roc_frame frame = {.samples = samples, .samples_size = count * sizeof(*samples)};
    return roc_receiver_read(receiver, &frame);
}

// Sockets of the test

struct api_socket {
    int fd;
    int port;
};

static inline void api_socket_open(struct api_socket *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    const int buffer = 1 << 20;
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&address, &size), 0);
    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    s->port = ntohs(address.sin_port);
}

static inline void api_socket_close(struct api_socket *s)
{
    close(s->fd);
}

struct api_datagram {
    uint8_t data[4096];
    ssize_t size;
    struct sockaddr_in from;
};

// False when nothing came in time.
static inline bool api_socket_receive(struct api_socket *s, struct api_datagram *d, int wait_ms)
{
    struct pollfd poller = {.fd = s->fd, .events = POLLIN};
    socklen_t size = sizeof(d->from);
    if (poll(&poller, 1, wait_ms) != 1)
        return false;
    d->size = recvfrom(s->fd, d->data, sizeof(d->data), 0, (struct sockaddr *)&d->from, &size);
    return d->size >= 0;
}

static inline void api_socket_expect(struct api_socket *s, struct api_datagram *d)
{
    assert_true(api_socket_receive(s, d, API_PATIENCE_MS));
}

// Takes `count` datagrams, and checks that no more are there.
static inline void api_socket_expect_count(struct api_socket *s, unsigned count)
{
    struct api_datagram d;
    for (unsigned i = 0; i < count; i++)
        api_socket_expect(s, &d);
    assert_false(api_socket_receive(s, &d, 0));
}

static inline uint8_t api_payload_type(const struct api_datagram *d)
{
    return d->data[1] & 0x7f;
}

#endif
