// SPDX-License-Identifier: MPL-2.0

#include "api/activation.h"

#include <errno.h>
#include <string.h>

#include "api/endpoint_request.h"
#include "base/clock.h"

static int index_of(roc_interface iface, enum stream_interface *out)
{
    switch (iface) {
    case ROC_INTERFACE_AUDIO_SOURCE:
        *out = STREAM_SOURCE;
        return 0;
    case ROC_INTERFACE_AUDIO_REPAIR:
        *out = STREAM_REPAIR;
        return 0;
    case ROC_INTERFACE_AUDIO_CONTROL:
        *out = STREAM_CONTROL;
        return 0;
    case ROC_INTERFACE_CONSOLIDATED:
        break;
    }
    return -ENOENT;
}

int activation_parse(const struct activation *activation, struct activation_request *out,
                     roc_interface iface, roc_protocol protocol, struct api_error *error)
{
    const struct uri_protocol *found = uri_find_protocol(protocol);
    struct activation_request request = {.scheme = FEC_NONE};
    if (!interface_is_known(iface) || found == NULL)
        return api_fail(error, -EINVAL,
                        "interface %d or protocol %d is none that roc/config.h lists", (int)iface,
                        (int)protocol);
    int code = interface_check_protocol(iface, found, &request.scheme, error);
    if (code != 0)
        return code;
    code = index_of(iface, &request.iface);
    if (code != 0)
        return api_fail(error, -ENOTSUP, "the %s interface needs a network", interface_name(iface));
    if (atomic_load(&activation->is_active[request.iface]))
        return api_fail(error, -EBUSY, "the %s interface is active already", interface_name(iface));
    *out = request;
    return 0;
}

void activation_add(struct activation *activation, enum stream_interface iface)
{
    atomic_store(&activation->is_active[iface], true);
}

int activation_find(const struct activation *activation, roc_interface iface,
                    enum stream_interface *out)
{
    enum stream_interface found;
    if (index_of(iface, &found) != 0 || !atomic_load(&activation->is_active[found]))
        return -ENOENT;
    *out = found;
    return 0;
}

int activation_copy_packet(struct packet **out, roc_context *context, const roc_packet *packet)
{
    struct packet_pool *pool = context_get_pool(context);
    if (packet == NULL || packet->bytes == NULL || packet->bytes_size == 0 ||
        packet->bytes_size > context_get_max_packet_size(context))
        return -EINVAL;
    const int code = packet_pool_reserve(pool, 1);
    if (code != 0)
        return code;
    struct packet *copy = packet_pool_pop(pool);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy->data, packet->bytes, packet->bytes_size);
    copy->size_bytes = (uint16_t)packet->bytes_size;
    copy->receive_time_ns = clock_realtime_ns();
    *out = copy;
    return 0;
}
