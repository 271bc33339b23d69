// SPDX-License-Identifier: MPL-2.0
//
// What belongs to a stream: one SSRC, one payload type, numbers near those of the newest packet.
// It also unwraps the 16-bit sequence number and the 32-bit timestamp into 64 bits, so that nothing
// behind it has to think of wrapping. Plain value, belongs to the reader. Thread: rt.

#ifndef ROC_STREAM_PACKET_FILTER_H
#define ROC_STREAM_PACKET_FILTER_H

#include "base/packet.h"

// Distances beyond which a packet is no part of the stream; deployed peers use the same.
#define PACKET_FILTER_MAX_SEQ_JUMP 100
// Of packets shorter than half a millisecond, which deployed peers do not send, as many as last
// 50 ms, up to this.
#define PACKET_FILTER_MAX_SHORT_JUMP 1000

struct packet_place {
    int64_t seq;
    int64_t position; // of its first sample, in samples per channel
};

struct packet_filter {
    uint8_t payload_type;
    unsigned rate_hz;
    bool has_reference; // the fields below are set
    uint32_t ssrc;
    struct packet_place newest;
    uint32_t newest_duration;
};

// The SSRC is the first packet's.
void packet_filter_init(struct packet_filter *filter, uint8_t payload_type, unsigned rate_hz);
// Needs packet->duration. Returns 0 and the place of the packet, or -EPROTO when it is foreign or
// jumps by more than 100 packets (more of short ones) or one second. A packet that is refused does
// not move the reference. Restored packets may lie a block further off than received ones.
int packet_filter_push(struct packet_filter *filter, const struct packet *packet,
                       struct packet_place *place);
// End of the newest packet.
int64_t packet_filter_end(const struct packet_filter *filter);

#endif
