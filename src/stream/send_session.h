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
#include "fec/ldpc_cache.h"
#include "stream/rtp_moment.h"
#include "wire/fecframe.h"

struct send_session;

// Takes each packet; never NULL. packet->is_repair tells where it goes, and packet->address is free
// to be set. Its bytes are shared with the FEC block and must not change. Runs inside
// send_session_write; destroying the session there is not legal.
typedef void (*send_session_output_fn)(struct packet *packet, void *arg);

struct send_session_config {
    struct packet_pool *pool; // borrowed
    struct audio_encoding encoding;
    int64_t packet_length_ns; // 0 = 5 ms; packets are shorter where that does not fit
    enum fec_scheme fec;
    unsigned source_packets;       // k, with both zero = 18
    unsigned repair_packets;       // r, with both zero = 10
    bool interleaving;             // with FEC only
    struct ldpc_cache *ldpc_cache; // borrowed; NULL: matrices of this session are its own
    // Bytes of a datagram, with FEC; 0 = what Ethernet carries over IPv4 (stream/packet_size.h).
    size_t max_packet_size;
    send_session_output_fn output;
    void *output_arg;
};

struct send_session_metrics {
    uint64_t source_packets, repair_packets, payload_bytes;
    uint64_t dropped_packets; // pool empty; no repair packets are made for their block
    uint32_t ssrc;
};

// Samples per channel in each packet of such a session; 0 when it cannot be made.
unsigned send_session_samples(const struct send_session_config *config);

// Returns 0; -EINVAL when the packet length gives no sample or is above a second, when not even
// one sample of every channel fits, or the block is not legal for the scheme (LDPC: also when
// r < LDPC_MIN_REPAIR); -ENOTSUP for an LDPC block of more than LDPC_MAX_SYMBOLS; -ENOMEM; -ENOSPC
// when the pool cannot grow by what the session needs. First seq, timestamp, SSRC and block number
// are random.
int send_session_create(struct send_session **out, const struct send_session_config *config);
void send_session_destroy(struct send_session *session);
// Interleaved samples in the channels of the encoding. Samples that do not fill a packet wait for
// more; there is no flush. When the pool is empty a packet is dropped and counted, and numbering
// goes on as if it had been sent. Thread: rt.
void send_session_write(struct send_session *session, const float *samples, size_t frames);
// From the next FEC block on, blocks have so many packets. The block that is being made keeps its
// size. Returns as create, and -EINVAL without FEC; then nothing changes. Thread: any but rt.
int send_session_set_block(struct send_session *session, unsigned source_packets,
                           unsigned repair_packets);
// Says when the next sample that is written was captured (CLOCK_REALTIME). Thread: rt, that of
// write.
void send_session_mark(struct send_session *session, int64_t capture_time_ns);
// Packets of the samples that are written from now on are spread over the time that these last
// (stream/burst_pacing.h): their send_time_ns tells when each should leave. now_ns: CLOCK_MONOTONIC
// at the time of writing; 0, as at the start: they have none. frames: how many samples, over all
// calls of write before the next call of this. Thread: rt, that of write.
void send_session_pace(struct send_session *session, int64_t now_ns, size_t frames);
// How many packets writing so many frames takes from the pool at most. Thread: rt.
uint64_t send_session_packets(const struct send_session *session, size_t frames);
struct send_session_metrics send_session_metrics(const struct send_session *session);
// The latest mark. Thread: any.
struct rtp_moment send_session_moment(const struct send_session *session);
// From the next packet on; numbering goes on. Thread: any.
void send_session_set_ssrc(struct send_session *session, uint32_t ssrc);

#endif
