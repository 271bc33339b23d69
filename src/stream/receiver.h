// SPDX-License-Identifier: MPL-2.0
//
// A receiver with slots: what roc_receiver and a network receiver port have in common. Binds
// sockets, tells senders apart (by SSRC, repair packets by address), makes and ends a session for
// each, mixes them.
//
// Sessions are made and freed on the network thread and cross to the reader in rings, so that read
// never allocates. Without a network, packets come by receiver_push.
//
// Thread: read, ready and set_clockless rt (one thread at a time); the rest any but rt and not the
// network thread. Slots come and go while another thread reads.

#ifndef ROC_STREAM_RECEIVER_H
#define ROC_STREAM_RECEIVER_H

#include "net/network.h"
#include "stream/receive_session.h"
#include "stream/rtcp_datagram.h"
#include "stream/sender.h"

struct receiver;

#define RECEIVER_MAX_SESSIONS  64
#define RECEIVER_MAX_ENCODINGS 128

struct receiver_config {
    struct network *network;  // borrowed; NULL: no sockets, receiver_bind is -ENOTSUP
    struct packet_pool *pool; // borrowed
    // What payload types mean here; the first is also the format of what is read, where nothing
    // else is said.
    struct audio_encoding encodings[RECEIVER_MAX_ENCODINGS];
    size_t encoding_count;
    unsigned output_rate_hz;               // of what read gives; 0 = as the first encoding
    unsigned output_channels;              // of what read gives; 0 = as the first encoding
    bool output_is_multitrack;             // with output_channels: what is read are tracks
    struct receive_session_config session; // pool, encoding and fec are the receiver's own
    // Without a network: takes the reports of control interfaces; NULL: there are none.
    rtcp_output_fn output_report;
    void *output_report_arg;
};

// Returns 0, -EINVAL or -ENOMEM.
int receiver_create(struct receiver **out, const struct receiver_config *config);
// Waits for a read that is running; none may begin after this was called. NULL is fine.
void receiver_destroy(struct receiver *receiver);

// Binds an interface of a slot. `address` in: where to bind, port 0 picks one; out: the real one.
// Source and repair of one slot must agree in scheme; for the control interface it is ignored.
// Returns 0, -EBUSY when bound already, -EPROTO when the schemes disagree or the interface makes no
// sense with this one, -EINVAL, -ENOMEM, or what opening the socket returned.
int receiver_bind(struct receiver *receiver, unsigned long long slot, enum stream_interface iface,
                  enum fec_scheme scheme, const struct udp_config *config,
                  struct net_address *address);
// Closes the slot's sockets and ends its sessions. Returns 0 or -ENOENT.
int receiver_unlink(struct receiver *receiver, unsigned long long slot);

// Writes exactly `frames` frames: the mix of all sessions, zeros when there are none.
void receiver_read(struct receiver *receiver, float *samples, size_t frames);
// For a reader without a clock (see receive_session_ready): with one session, what that session
// has due; with none, 0; with several, what the monotonic clock says since the last call.
size_t receiver_ready(struct receiver *receiver, int64_t now_ns);
// Says how the reader is paced from now on: by a clock, or by receiver_ready. At first it is as the
// config of the session says. Thread: rt.
void receiver_set_clockless(struct receiver *receiver, bool clockless);

// Sums over the sessions that are alive plus all that ended; latency and jitter of the newest.
struct receiver_metrics {
    unsigned sessions;
    uint64_t sessions_total;
    uint64_t packets_foreign; // unparsable, unknown payload type, or of no session
    struct receive_session_metrics sum;
};
struct receiver_metrics receiver_total(struct receiver *receiver);
// Metrics of the sessions of one slot, at most count. Returns how many, or -ENOENT.
int receiver_query(struct receiver *receiver, unsigned long long slot,
                   struct receive_session_metrics *sessions, size_t count);

// For tests and for use without sockets: datagrams as if they came from the network thread. Taken;
// dropped when the interface is not active.
void receiver_push(struct receiver *receiver, unsigned long long slot, enum stream_interface iface,
                   struct packet **packets, size_t count);
// Outputs the reports of control interfaces without a socket that are due.
void receiver_tick(struct receiver *receiver);
// Makes interfaces of a slot known without a socket. Returns as receiver_bind.
int receiver_activate(struct receiver *receiver, unsigned long long slot,
                      enum stream_interface iface, enum fec_scheme scheme);

#endif
