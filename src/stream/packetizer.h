// SPDX-License-Identifier: MPL-2.0
//
// Samples in, numbered RTP packets of one size out. A packet is written while its samples come, so
// samples are never kept anywhere else; what does not fill a packet stays until more comes.
//
// Thread: create and destroy any; push rt, one thread at a time; ssrc any.

#ifndef ROC_STREAM_PACKETIZER_H
#define ROC_STREAM_PACKETIZER_H

#include "audio/pcm.h"
#include "stream/packet_output.h"

struct packetizer;

struct packetizer_config {
    struct packet_pool *pool; // borrowed
    struct audio_encoding encoding;
    unsigned samples; // per channel in a packet; the datagram must fit the pool's packets
    packet_output_fn output;
    void *output_arg;
};

// First seq, timestamp and SSRC (never 0) are random. Returns 0, -EINVAL or -ENOMEM.
int packetizer_create(struct packetizer **out, const struct packetizer_config *config);
void packetizer_destroy(struct packetizer *packetizer);
// Interleaved samples. Outputs each packet that became full: RTP header and payload, size_bytes
// set; NULL where the pool had none when the packet began, whose samples, number and time are
// skipped.
void packetizer_push(struct packetizer *packetizer, const float *samples, size_t frames);
uint32_t packetizer_ssrc(const struct packetizer *packetizer);
// From the next packet on; numbering goes on. Thread: any.
void packetizer_set_ssrc(struct packetizer *packetizer, uint32_t ssrc);
// Timestamp of the next sample that is pushed. Thread: that of push.
uint32_t packetizer_next_timestamp(const struct packetizer *packetizer);

#endif
