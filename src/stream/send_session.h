// SPDX-License-Identifier: MPL-2.0
//
// A sending session: samples in, RTP datagrams (and FEC repair datagrams) out. Packetizes, encodes,
// numbers, protects. It knows no socket: packets go to a callback in the order in which they should
// leave. Memory is fixed when it starts.
//
// Thread: create and destroy any; write rt, one thread at a time; metrics any.

#ifndef ROC_STREAM_SEND_SESSION_H
#define ROC_STREAM_SEND_SESSION_H

#include "audio/pcm.h"
#include "base/packet.h"
#include "wire/fecframe.h"

struct send_session;

// Takes each packet. packet->is_repair tells where it goes. Runs inside send_session_write.
typedef void (*send_session_output_fn)(struct packet *packet, void *arg);

struct send_session_config {
    struct packet_pool *pool; // borrowed
    struct audio_encoding encoding;
    int64_t packet_length_ns; // 0 = 5 ms
    enum fec_scheme fec;
    unsigned source_packets; // k, with both zero = 18
    unsigned repair_packets; // r, with both zero = 10
    bool interleaving;       // with FEC only
    size_t max_packet_size;  // 0 = 2048
    send_session_output_fn output;
    void *output_arg;
};

struct send_session_metrics {
    uint64_t source_packets, repair_packets, payload_bytes;
    uint64_t dropped_packets; // pool empty
    uint32_t ssrc;
};

// Returns 0; -EINVAL when the packet length gives no sample or does not fit, or the block is not
// legal for the scheme; -ENOTSUP for a scheme that is not there; -ENOMEM.
int send_session_create(struct send_session **out, const struct send_session_config *config);
void send_session_destroy(struct send_session *session);
// Interleaved samples in the channels of the encoding.
void send_session_write(struct send_session *session, const float *samples, size_t frames);
struct send_session_metrics send_session_metrics(const struct send_session *session);

// Samples per channel in a packet, as deployed peers round it (wire.md: 5 ms at 44100 Hz = 221).
unsigned packet_samples(int64_t packet_length_ns, unsigned rate_hz);

#endif
