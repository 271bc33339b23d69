// SPDX-License-Identifier: MPL-2.0
#include "p2p/curve.h"

#include <string.h>

#include "p2p/zap.h"

// Long enough for BYE to leave, short enough not to be noticed at the end.
#define LINGER_MS 100
// Messages that wait for one peer. Beyond that they are dropped and the peer asks for a snapshot.
#define QUEUE_MESSAGES 512
// A client that stays silent in the handshake, or whose host vanished, gives its place back.

// After a partition everything must be equal again within 2 s, so a new attempt may never be far.
#define CONNECT_TIMEOUT_MS   1000
#define RECONNECT_FIRST_MS   100
#define RECONNECT_LONGEST_MS 500

struct option {
    int name, value;
};

static int set_options(void *zmq, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (zmq_setsockopt(zmq, options[i].name, &options[i].value, sizeof(int)) != 0)
            return -zmq_errno();
    }
    return 0;
}

static int set_common(void *zmq, bool is_v6)
{
    const struct option options[] = {
        {ZMQ_LINGER, LINGER_MS},
        {ZMQ_SNDHWM, QUEUE_MESSAGES},
        {ZMQ_RCVHWM, QUEUE_MESSAGES},
        {ZMQ_HANDSHAKE_IVL, CURVE_HANDSHAKE_MS},
        {ZMQ_IPV6, is_v6},
        {ZMQ_TCP_KEEPALIVE, 1},
    };
    int64_t max_size = FRAME_MAX_SIZE;
    int rc = set_options(zmq, options, sizeof(options) / sizeof(options[0]));
    if (rc == 0 && zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &max_size, sizeof(max_size)) != 0)
        rc = -zmq_errno();
    return rc;
}

static int set_key(void *zmq, int option, const char *key)
{
    return zmq_setsockopt(zmq, option, key, strlen(key) + 1) == 0 ? 0 : -zmq_errno();
}

int curve_set_server(void *zmq, const struct p2p *p2p, bool is_v6)
{
    // ZMTP's own heartbeat closes connections of hosts that vanished; MANDATORY makes a send to a
    // client that is gone an error instead of nothing.
    const struct option options[] = {
        {ZMQ_CURVE_SERVER, 1},
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_HEARTBEAT_IVL, 10000},
        {ZMQ_HEARTBEAT_TIMEOUT, 30000},
    };
    int rc = set_common(zmq, is_v6);
    if (rc == 0)
        rc = set_options(zmq, options, sizeof(options) / sizeof(options[0]));
    if (rc == 0)
        rc = set_key(zmq, ZMQ_CURVE_SECRETKEY, p2p->network.secret_key);
    if (rc == 0 && zmq_setsockopt(zmq, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) != 0)
        rc = -zmq_errno();
    return rc;
}

int curve_set_client(void *zmq, const struct p2p *p2p, bool is_v6)
{
    // IMMEDIATE: nothing is queued for a connection that is not there, so that no frame of a former
    // session reaches the next one.
    const struct option options[] = {
        {ZMQ_IMMEDIATE, 1},
        {ZMQ_CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS},
        {ZMQ_RECONNECT_IVL, RECONNECT_FIRST_MS},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_LONGEST_MS},
    };
    int rc = set_common(zmq, is_v6);
    if (rc == 0)
        rc = set_options(zmq, options, sizeof(options) / sizeof(options[0]));
    if (rc == 0)
        rc = set_key(zmq, ZMQ_CURVE_SERVERKEY, p2p->network.public_key);
    if (rc == 0)
        rc = set_key(zmq, ZMQ_CURVE_PUBLICKEY, p2p->identity.public_key);
    if (rc == 0)
        rc = set_key(zmq, ZMQ_CURVE_SECRETKEY, p2p->identity.secret_key);
    return rc;
}
