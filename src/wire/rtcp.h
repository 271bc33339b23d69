// SPDX-License-Identifier: MPL-2.0
//
// RTCP, RFC 3550 section 6: compound packets of sender and receiver reports, CNAMEs and goodbyes,
// read packet by packet and written one behind the other. Extended reports are in rtcp_xr.h. Keeps
// no state; what is read stays in the datagram that was given. Thread: rt.

#ifndef ROC_WIRE_RTCP_H
#define ROC_WIRE_RTCP_H

#include "wire/bytes.h"

#define RTCP_MAX_BLOCKS     31
#define RTCP_MAX_CNAME_SIZE 255

enum rtcp_type { RTCP_SR = 200, RTCP_RR = 201, RTCP_SDES = 202, RTCP_BYE = 203, RTCP_XR = 207 };

// One packet of a compound.
struct rtcp_packet {
    uint8_t type;        // an enum rtcp_type or any other
    uint8_t count;       // of blocks, chunks or sources
    const uint8_t *body; // borrowed: what follows the first four bytes, without padding
    size_t size_bytes;
};

// Walks over the compound of a datagram. No packet is given when any part of it is malformed.
struct rtcp_reader {
    struct bytes_reader bytes;
};

// Checks versions, lengths and padding of all packets first. Returns 0 or -EBADMSG (also for an
// empty datagram).
int rtcp_reader_init(struct rtcp_reader *reader, const uint8_t *data, size_t size_bytes);
// False at the end.
bool rtcp_reader_next(struct rtcp_reader *reader, struct rtcp_packet *packet);

struct rtcp_sender_report {
    uint32_t ssrc;
    uint64_t ntp;
    uint32_t timestamp;
    uint32_t packet_count;
    uint32_t byte_count; // of payloads
};

struct rtcp_report_block {
    uint32_t ssrc; // of whom it speaks
    uint8_t fraction_lost;
    int32_t cumulative_lost; // 24 bits with sign; clamped when written
    uint32_t highest_seq;    // extended
    uint32_t jitter;         // in units of the timestamp
    uint32_t last_sr;        // middle bits; 0: none
    uint32_t since_last_sr;  // 16.16 s
};

// Return 0, -EPROTO (another type) or -EBADMSG (too short for what its count says).
int rtcp_parse_sr(const struct rtcp_packet *packet, struct rtcp_sender_report *report);
// Gives the SSRC of who reports.
int rtcp_parse_rr(const struct rtcp_packet *packet, uint32_t *ssrc);
// Block `index` below packet->count of an SR or RR.
int rtcp_parse_report_block(const struct rtcp_packet *packet, unsigned index,
                            struct rtcp_report_block *block);
// SSRC `index` below packet->count of a BYE.
int rtcp_parse_bye(const struct rtcp_packet *packet, unsigned index, uint32_t *ssrc);

// A name that is borrowed from the datagram: not ended by zero, may hold any byte.
struct rtcp_cname {
    uint32_t ssrc;
    const uint8_t *text;
    uint8_t length; // 0: the chunk has none
};
// Chunk `index` below packet->count of an SDES; other items are skipped.
int rtcp_parse_cname(const struct rtcp_packet *packet, unsigned index, struct rtcp_cname *cname);

// Append one packet. What does not fit marks the writer (bytes_writer.is_short); count is at most
// RTCP_MAX_BLOCKS.
void rtcp_write_sr(struct bytes_writer *writer, const struct rtcp_sender_report *report,
                   const struct rtcp_report_block *blocks, unsigned count);
void rtcp_write_rr(struct bytes_writer *writer, uint32_t ssrc,
                   const struct rtcp_report_block *blocks, unsigned count);
// One chunk with one item.
void rtcp_write_cname(struct bytes_writer *writer, const struct rtcp_cname *cname);
// One source, no reason.
void rtcp_write_bye(struct bytes_writer *writer, uint32_t ssrc);

// For packets whose length is known at their end. begin returns where the packet starts, for end.
size_t rtcp_write_begin(struct bytes_writer *writer, uint8_t type, unsigned count);
// Sets the length of what was written since; it must be a multiple of 4 bytes.
void rtcp_write_end(struct bytes_writer *writer, size_t start);

#endif
