// SPDX-License-Identifier: MPL-2.0
//
// Packets and their pool. A packet is one UDP datagram in a buffer that is counted, not copied:
// the network thread, a session and an FEC block may hold it at the same time. The pool grows in
// slabs on threads that may allocate; the audio thread only takes and returns packets.
//
// The descriptor fields are filled by wire/ (parsers) or stream/ (packetizer), so that a datagram
// is parsed once and every later stage reads the result.
//
// Thread: any, except where said. A packet's fields belong to whoever holds it before sharing it.

#ifndef ROC_BASE_PACKET_H
#define ROC_BASE_PACKET_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A UDP address, IPv4 or IPv6. All zero (family AF_UNSPEC) means none.
struct net_address {
    union {
        struct sockaddr sa;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
    };
};

struct packet_pool;

struct packet {
    // The pool's own.
    struct packet_pool *pool;
    atomic_uint refs;
    uint32_t slot;

    // Who sent it (receiving) or where it goes (sending).
    struct net_address address;
    // CLOCK_REALTIME in ns at which the kernel received it; 0 when unknown.
    int64_t receive_time_ns;
    // CLOCK_MONOTONIC in ns before which it should not leave (sending); 0: at once.
    int64_t send_time_ns;

    // RTP (RFC 3550). Repair packets of FECFRAME carry none of these.
    uint32_t ssrc;
    uint32_t timestamp;
    uint16_t seq;
    uint8_t payload_type;
    bool has_rtp;
    // Samples per channel that the payload holds; set by the depacketizer's codec.
    uint32_t duration;
    uint16_t payload_offset;
    uint16_t payload_size;

    // FECFRAME (RFC 6865, RFC 6816).
    bool has_fec;
    bool is_repair;
    // This packet came out of a repaired block, not from the network.
    bool is_restored;
    uint32_t sbn;
    uint16_t esi;
    uint16_t source_block_length; // k
    uint16_t block_length;        // k + r, 0 when the packet does not tell
    // The part of the datagram that FEC protects (source) or carries (repair).
    uint16_t symbol_offset;
    uint16_t symbol_size;

    uint16_t capacity;
    uint16_t size_bytes;
    // Aligned to 32 bytes.
    uint8_t *data;
};

struct packet_pool_config {
    uint16_t packet_capacity; // bytes per packet, 0 = 2048
    uint32_t initial_count;   // packets made at creation, 0 = 64
    uint32_t max_count;       // 0 = 16384
};

// Thread: any (allocates). Returns 0, -EINVAL or -ENOMEM.
int packet_pool_create(struct packet_pool **out, const struct packet_pool_config *config);
// Every packet must have been returned; a leaked one is logged and its memory kept. NULL is fine.
void packet_pool_destroy(struct packet_pool *pool);
// Makes sure that `count` packets exist beyond those in use now. Thread: any but rt (allocates).
int packet_pool_reserve(struct packet_pool *pool, uint32_t count);
// Takes a packet with one reference, descriptor zeroed, size 0; NULL when the pool is empty.
// Thread: rt. Lock-free; never allocates.
struct packet *packet_pool_pop(struct packet_pool *pool);
// Packets that are out now. Thread: any.
uint32_t packet_pool_used(const struct packet_pool *pool);

// Thread: rt. unref accepts NULL.
struct packet *packet_ref(struct packet *packet);
void packet_unref(struct packet *packet);

#endif
