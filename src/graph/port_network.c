// SPDX-License-Identifier: MPL-2.0

#include "graph/port.h"
#include "stream/receiver.h"
#include "stream/sender.h"

static size_t write_sender(void *self, const float *samples, size_t frames)
{
    sender_write(self, samples, frames);
    return frames;
}

static void destroy_sender(void *self)
{
    sender_destroy(self);
}

static size_t read_receiver(void *self, float *samples, size_t frames)
{
    receiver_read(self, samples, frames);
    return frames;
}

static size_t get_ready(void *self, int64_t now_ns)
{
    return receiver_ready(self, now_ns);
}

static void set_paced(void *self, bool by_clock)
{
    receiver_set_clockless(self, !by_clock);
}

static void destroy_receiver(void *self)
{
    receiver_destroy(self);
}

static const struct port_ops sender_ops = {.write = write_sender, .destroy = destroy_sender};
static const struct port_ops receiver_ops = {
    .read = read_receiver, .ready = get_ready, .set_paced = set_paced, .destroy = destroy_receiver};

struct port_config port_of_sender(struct sender *sender, unsigned rate_hz, unsigned channels)
{
    return (struct port_config){
        .ops = &sender_ops, .self = sender, .rate_hz = rate_hz, .channels = channels};
}

struct port_config port_of_receiver(struct receiver *receiver, unsigned rate_hz, unsigned channels)
{
    return (struct port_config){.ops = &receiver_ops,
                                .self = receiver,
                                .is_source = true,
                                .rate_hz = rate_hz,
                                .channels = channels};
}
