// SPDX-License-Identifier: MPL-2.0

#include "stream/packet_filter.h"

#include <errno.h>
#include <stdlib.h>

// Unwrapped numbers start one whole turn up, so that packets that are older than the first one stay
// above zero.
#define FIRST_SEQ_TURN      ((int64_t)1 << 16)
#define FIRST_POSITION_TURN ((int64_t)1 << 32)

// 50 ms.
#define SHORT_TIMES_PER_S 20

void packet_filter_init(struct packet_filter *filter, uint8_t payload_type, unsigned rate_hz)
{
    *filter = (struct packet_filter){.payload_type = payload_type, .rate_hz = rate_hz};
}

static struct packet_place first_place(const struct packet *packet)
{
    return (struct packet_place){
        .seq = FIRST_SEQ_TURN + packet->seq,
        .position = FIRST_POSITION_TURN + packet->timestamp,
    };
}

// Streams of many channels have packets of a few samples, and a hundred of them are over in no
// time.
static int max_seq_jump(const struct packet_filter *filter)
{
    unsigned in_time = filter->rate_hz / SHORT_TIMES_PER_S / filter->newest_duration;

    if (in_time < PACKET_FILTER_MAX_SEQ_JUMP) {
        return PACKET_FILTER_MAX_SEQ_JUMP;
    }
    return in_time < PACKET_FILTER_MAX_SHORT_JUMP ? (int)in_time : PACKET_FILTER_MAX_SHORT_JUMP;
}

static int unwrap(const struct packet_filter *filter, const struct packet *packet,
                  struct packet_place *place)
{
    int seq_step = (int16_t)(uint16_t)(packet->seq - (uint16_t)filter->newest.seq);
    int32_t time_step = (int32_t)(packet->timestamp - (uint32_t)filter->newest.position);
    int seq_limit = max_seq_jump(filter);
    int64_t time_limit = filter->rate_hz;

    if (packet->is_restored) {
        seq_limit += packet->source_block_length;
        time_limit += (int64_t)packet->source_block_length * packet->duration;
    }
    if (abs(seq_step) > seq_limit || llabs(time_step) > time_limit) {
        return -EPROTO;
    }
    place->seq = filter->newest.seq + seq_step;
    place->position = filter->newest.position + time_step;
    return 0;
}

int packet_filter_push(struct packet_filter *filter, const struct packet *packet,
                       struct packet_place *place)
{
    struct packet_place found;
    int err;

    if (packet->payload_type != filter->payload_type || packet->duration == 0) {
        return -EPROTO;
    }
    if (!filter->has_reference) {
        found = first_place(packet);
        filter->has_reference = true;
        filter->ssrc = packet->ssrc;
        filter->newest = found;
        filter->newest_duration = packet->duration;
        *place = found;
        return 0;
    }
    if (packet->ssrc != filter->ssrc) {
        return -EPROTO;
    }
    err = unwrap(filter, packet, &found);
    if (err < 0) {
        return err;
    }
    if (found.seq > filter->newest.seq) {
        filter->newest = found;
        filter->newest_duration = packet->duration;
    }
    *place = found;
    return 0;
}

int64_t packet_filter_end(const struct packet_filter *filter)
{
    return filter->newest.position + filter->newest_duration;
}
