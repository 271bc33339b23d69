// SPDX-License-Identifier: MPL-2.0
//
// Extended reports of RTCP: RFC 3611 (receiver reference time, DLRR), RFC 6776 (measurement
// information), RFC 6843 (delay), and the queue block of Roc peers (type 220, in no standard). The
// blocks of one XR packet, read one by one or written one behind the other. Thread: rt.

#ifndef ROC_WIRE_RTCP_XR_H
#define ROC_WIRE_RTCP_XR_H

#include "wire/rtcp.h"

// A value that is not known; what is known is written as at most one less.
#define RTCP_XR_UNKNOWN      UINT32_MAX
#define RTCP_XR_UNKNOWN_LONG UINT64_MAX

enum rtcp_xr_type {
    RTCP_XR_RRTR = 4,
    RTCP_XR_DLRR = 5,
    RTCP_XR_MEASUREMENT = 14,
    RTCP_XR_DELAY = 16,
    RTCP_XR_QUEUE = 220,
};

struct rtcp_xr_block {
    uint8_t type; // an enum rtcp_xr_type or any other
    uint8_t specific;
    const uint8_t *body; // borrowed: what follows the first four bytes
    size_t size_bytes;
};

struct rtcp_xr_reader {
    struct bytes_reader bytes;
};

// Gives the SSRC of who reports. Returns 0, -EPROTO (no XR packet) or -EBADMSG (too short, or the
// lengths of its blocks do not add up: then none is given).
int rtcp_xr_reader_init(struct rtcp_xr_reader *reader, const struct rtcp_packet *packet,
                        uint32_t *ssrc);
// False at the end.
bool rtcp_xr_reader_next(struct rtcp_xr_reader *reader, struct rtcp_xr_block *block);

// "When I sent this, my clock said ...", and what the other side makes of it.
struct rtcp_xr_dlrr {
    uint32_t ssrc;       // of the receiver that is answered
    uint32_t last_rr;    // middle bits of its reference time
    uint32_t since_last; // 16.16 s
};

struct rtcp_xr_measurement {
    uint32_t ssrc; // of whom it speaks, also below
    uint16_t first_seq;
    uint32_t interval_first_seq, interval_last_seq; // extended
    uint32_t interval_duration;                     // 16.16 s
    uint64_t total_duration;                        // 32.32 s
};

struct rtcp_xr_delay {
    uint32_t ssrc;
    uint32_t mean_rtt, min_rtt, max_rtt; // 16.16 s
    uint64_t end_to_end;                 // 32.32 s
};

struct rtcp_xr_queue {
    uint32_t ssrc;
    uint32_t latency, stalling; // 16.16 s
};

// Return 0, -EPROTO (another type) or -EBADMSG (not of the size of this type).
int rtcp_xr_parse_rrtr(const struct rtcp_xr_block *block, uint64_t *ntp);
// Sub-block `index`; -ENOENT behind the last one.
int rtcp_xr_parse_dlrr(const struct rtcp_xr_block *block, unsigned index,
                       struct rtcp_xr_dlrr *dlrr);
int rtcp_xr_parse_measurement(const struct rtcp_xr_block *block,
                              struct rtcp_xr_measurement *measurement);
int rtcp_xr_parse_delay(const struct rtcp_xr_block *block, struct rtcp_xr_delay *delay);
int rtcp_xr_parse_queue(const struct rtcp_xr_block *block, struct rtcp_xr_queue *queue);

// An XR packet: begin, blocks, rtcp_write_end. As in rtcp.h, what does not fit marks the writer.
size_t rtcp_xr_write_begin(struct bytes_writer *writer, uint32_t ssrc);
void rtcp_xr_write_rrtr(struct bytes_writer *writer, uint64_t ntp);
void rtcp_xr_write_dlrr(struct bytes_writer *writer, const struct rtcp_xr_dlrr *dlrr,
                        unsigned count);
void rtcp_xr_write_measurement(struct bytes_writer *writer,
                               const struct rtcp_xr_measurement *measurement);
void rtcp_xr_write_delay(struct bytes_writer *writer, const struct rtcp_xr_delay *delay);
void rtcp_xr_write_queue(struct bytes_writer *writer, const struct rtcp_xr_queue *queue);

#endif
