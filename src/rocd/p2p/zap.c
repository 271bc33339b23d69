// SPDX-License-Identifier: MPL-2.0
#include "p2p/zap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct zap {
    struct socket *socket;
    zap_accept_fn accept;
    void *arg;
};

// Parts of a request: version, request id, domain, address, identity, mechanism, credentials.
enum { PART_VERSION, PART_ID, PART_DOMAIN, PART_MECHANISM = 5, PART_KEY, PART_COUNT };

static bool is_text(zmq_msg_t *part, const char *text)
{
    return zmq_msg_size(part) == strlen(text) &&
           memcmp(zmq_msg_data(part), text, strlen(text)) == 0;
}

static bool read_key(char key[41], zmq_msg_t *parts, size_t count)
{
    if (count != PART_COUNT || !is_text(&parts[PART_VERSION], "1.0") ||
        !is_text(&parts[PART_DOMAIN], ZAP_DOMAIN) || !is_text(&parts[PART_MECHANISM], "CURVE") ||
        zmq_msg_size(&parts[PART_KEY]) != 32)
        return false;
    return zmq_z85_encode(key, zmq_msg_data(&parts[PART_KEY]), 32) != NULL;
}

static void answer(zmq_msg_t *parts, size_t count, void *arg)
{
    struct zap *zap = arg;
    char key[41] = "";
    bool is_accepted = read_key(key, parts, count) && zap->accept(key, zap->arg);
    const char *status = is_accepted ? "200" : "400";
    const char *text = is_accepted ? "OK" : "This key is not welcome here";
    const char *user = is_accepted ? key : "";

    socket_send(zap->socket, "1.0", 3, true);
    if (count > PART_ID)
        socket_send(zap->socket, zmq_msg_data(&parts[PART_ID]), zmq_msg_size(&parts[PART_ID]),
                    true);
    else
        socket_send(zap->socket, "", 0, true);
    socket_send(zap->socket, status, 3, true);
    socket_send(zap->socket, text, strlen(text), true);
    socket_send(zap->socket, user, strlen(user), true);
    socket_send(zap->socket, "", 0, false);
}

int zap_create(struct zap **out, void *zmq_context, struct socket_pump *pump, zap_accept_fn accept,
               void *arg)
{
    int rc = -ENOMEM;
    struct zap *zap = calloc(1, sizeof(*zap));
    void *zmq = zmq_socket(zmq_context, ZMQ_REP);
    if (zap == NULL || zmq == NULL)
        goto fail;
    zap->accept = accept;
    zap->arg = arg;
    int linger = 0;
    zmq_setsockopt(zmq, ZMQ_LINGER, &linger, sizeof(linger));
    if (zmq_bind(zmq, "inproc://zeromq.zap.01") != 0) {
        rc = -zmq_errno();
        goto fail;
    }
    rc = socket_create(&zap->socket, pump, zmq, answer, NULL, zap);
    zmq = NULL;
    if (rc != 0)
        goto fail;
    *out = zap;
    return 0;

fail:
    if (zmq != NULL)
        zmq_close(zmq);
    free(zap);
    return rc;
}

void zap_destroy(struct zap *zap)
{
    if (zap == NULL)
        return;
    socket_destroy(zap->socket);
    free(zap);
}
