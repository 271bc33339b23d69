// SPDX-License-Identifier: MPL-2.0
//
// How much sound goes into a packet. Thread: any.

#ifndef ROC_STREAM_PACKET_SIZE_H
#define ROC_STREAM_PACKET_SIZE_H

#include "audio/pcm.h"
#include "wire/fecframe.h"

// Bytes of the largest UDP payload that Ethernet (MTU 1500) carries in one piece. A datagram that
// the network has to cut is lost with any of its pieces.
#define PACKET_SIZE_IPV4 1472
#define PACKET_SIZE_IPV6 1452

struct packet_size_config {
    struct audio_encoding encoding;
    int64_t packet_length_ns; // 1 ns..1 s
    enum fec_scheme fec;
    size_t max_datagram_size; // bytes of UDP payload, above 65507 as 65507
};

struct packet_size {
    unsigned samples;     // per channel
    size_t rtp_size;      // bytes: RTP header and payload
    size_t datagram_size; // bytes of the larger kind, source with FEC footer or repair with header
};

// Every packet of a stream has the same size, as FEC needs it. It holds what its length gives,
// rounded as deployed peers do. Where that does not fit, the length is cut into the fewest equal
// parts that do, rounded up to whole samples: 5 ms at 48000 Hz with 8 channels of L24 are 240
// samples and 5760 bytes, so a packet has 60 samples.
// Returns 0; -EINVAL when the length is out of range or gives no sample, there is no such format,
// or not even one sample of every channel fits.
int packet_size_compute(struct packet_size *out, const struct packet_size_config *config);

// Samples per channel in a packet, as deployed peers round it (wire.md: 5 ms at 44100 Hz = 221).
unsigned packet_samples(int64_t packet_length_ns, unsigned rate_hz);

#endif
