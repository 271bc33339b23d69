// SPDX-License-Identifier: MPL-2.0
//
// A sender with slots: what roc_sender and a network sender port have in common. A slot is one
// remote receiver: its source, repair and control addresses, a UDP socket, a send session
// of its own. Samples that are written go to every complete slot.
//
// Thread: write rt (one thread at a time); everything else any but rt and not the network thread.
// Slots come and go while another thread writes: the writer sees a new list without waiting;
// connect and unlink wait for a write that is going on.

#ifndef ROC_STREAM_SENDER_H
#define ROC_STREAM_SENDER_H

#include "net/network.h"
#include "stream/send_reporter.h"
#include "stream/send_session.h"

struct sender;

enum stream_interface { STREAM_SOURCE, STREAM_REPAIR, STREAM_CONTROL };

struct sender_config {
    struct network *network; // borrowed
    // Its output is the sender's own. A max_packet_size of 0 means what Ethernet carries over IPv4
    // or IPv6, whichever a slot is connected by.
    struct send_session_config session;
};

int sender_create(struct sender **out, const struct sender_config *config);
void sender_destroy(struct sender *sender);

// Sets the local side of an interface before it is connected: bind (no family: any address of the
// destination's family), reuse_address, send_ring_size. The slot has one socket, so one such config
// serves all its interfaces, and two that differ make the second connect fail.
// Returns 0, -EINVAL, -ENOMEM, -EBUSY when connected.
int sender_configure(struct sender *sender, unsigned long long slot, enum stream_interface iface,
                     const struct udp_config *config);
// The slot is made by its first call. It sends once source (and repair with FEC) is connected; all
// its interfaces share one UDP socket, because receivers match repair packets by source address.
// Returns 0; -EBUSY when that interface is connected already; -EINVAL when the address is none or
// of another family than the local side, the config differs from that of the slot's socket, or it
// is a repair interface without FEC; or what opening a socket or send_session_create returned.
// After a failure the slot is still there until it is unlinked, and that interface is not
// connected.
int sender_connect(struct sender *sender, unsigned long long slot, enum stream_interface iface,
                   const struct net_address *to);
// What was written before leaves before the socket closes. Returns 0 or -ENOENT.
int sender_unlink(struct sender *sender, unsigned long long slot);

// As captured now.
void sender_write(struct sender *sender, const float *samples, size_t frames);
// capture_time_ns: of the first sample, CLOCK_REALTIME.
void sender_write_captured(struct sender *sender, const float *samples, size_t frames,
                           int64_t capture_time_ns);

// The same in several pieces: begin with the sum of their lengths, then append each. What comes out
// of all of them is paced as one burst (stream/burst_pacing.h).
void sender_begin(struct sender *sender, size_t frames);
void sender_append(struct sender *sender, const float *samples, size_t frames,
                   int64_t capture_time_ns);

struct sender_metrics {
    struct send_session_metrics session;
    struct udp_metrics udp;
    bool is_complete;
    // Receivers that report over the control interface now.
    size_t connection_count;
    struct send_connection connections[SEND_REPORTER_MAX_CONNECTIONS];
};
// Returns 0 or -ENOENT.
int sender_query(struct sender *sender, unsigned long long slot, struct sender_metrics *metrics);
// Sums over all slots that are there now, and the receivers of all, as far as there is room;
// complete when any is. The SSRC is 0.
struct sender_metrics sender_total(struct sender *sender);

#endif
