// SPDX-License-Identifier: MPL-2.0
//
// What the files of this room share: the peers that are known (remotes), the sessions with them and
// the room's own state. A remote may have several sessions, since both sides may have connected;
// each session belongs to one remote. Thread: loop.

#ifndef ROCD_P2P_CORE_H
#define ROCD_P2P_CORE_H

#include "model/log.h"
#include "p2p/frame.h"
#include "p2p/network_key.h"
#include "p2p/p2p.h"
#include "p2p/socket.h"

#define ROUTE_SIZE 5 // the routing id that ROUTER gives to a client which has none of its own

#define BEATS_TO_REDIAL  3
#define BEATS_TO_OFFLINE 4

#define MAX_LINKS     1024
#define MAX_REMOTES   4096
#define MAX_STRANGERS 64 // remotes that nobody trusted: anyone on an open network can make one
#define MAX_SESSIONS  4  // accepted ones of one remote

#define HELLO_TIMEOUT_MS   5000
#define RETRY_MS           10000 // after a refusal that will not pass by itself
#define PENALTY_MS         5000  // a remote that broke the protocol may not come back sooner
#define SYNC_TIMEOUT_MS    2000
#define SYNC_PAUSE_MS      100 // between two snapshots for one session
#define REQUEST_TIMEOUT_MS 5000
#define REPLY_MEMORY_MS    30000
#define REPLY_MEMORY_COUNT 256
#define REPLY_MEMORY_BYTES (4 * 1024 * 1024)
#define MAX_RUNNING        64 // requests of one remote
#define MAX_REPLICAS       4096
#define MAX_RESOURCE_BYTES 16384
#define SNAPSHOT_RESOURCES 32 // in one frame
#define RTT_PUBLISH_MS     10000

#define NEVER_MS (INT64_MIN / 4)

struct link;
struct remote;

// One authenticated conversation, from HELLO_OK to BYE, violation, silence or the loss of the
// connection. Symmetric, whoever connected.
struct session {
    struct p2p *p2p;
    struct remote *remote;
    struct link *link; // this side connected; NULL = the other did
    uint8_t route[ROUTE_SIZE];
    char token[FRAME_TOKEN_SIZE]; // chosen by who connected
    char host[64];                // at which the other side was reached
    int64_t heard_ms;
    int beat_ms; // the other side's

    int64_t next_ping_ms, ping_sent_us;
    uint64_t ping_number;
    bool is_answered;

    // What this side sends to it.
    bool is_subscribed, is_sync_due;
    int64_t snapshot_ms;
    uint64_t dropped;

    // A send found the other side gone: nothing goes over it any more, the next tick ends it.
    bool is_lost;
    bool is_ended; // out of all lists; freed by the next tick

    struct session *next, *next_route;
};

// The copy of a remote's resources here; the resources themselves are in the registry.
struct replica {
    enum { REPLICA_NONE, REPLICA_SYNCING, REPLICA_LIVE } state;
    struct session *session; // over which it comes
    char epoch[FRAME_TOKEN_SIZE];
    uint64_t seq;
    size_t count;     // resources, at most MAX_REPLICAS
    json_t *incoming; // URI -> body, while a snapshot comes in parts
    int64_t deadline_ms;
    int64_t conflict_ms; // another peer still has a resource that this one claims: 0 = none
};

struct remote {
    struct p2p *p2p;
    struct peer view; // what /peers shows; view.trust is what it may do here
    char public_key[41];
    bool is_chosen;        // a person set its trust
    enum role trust_there; // what this peer may do there, once it was told
    bool is_trust_told;
    char epoch[FRAME_TOKEN_SIZE]; // of the process that was heard last; "" = none yet
    int beat_ms;
    int64_t heard_ms;
    struct state_reason offline_reason; // why it cannot be reached; "" = nothing better is known
    bool is_published;
    int64_t penalty_until_ms;
    bool has_snapshot; // of this epoch, since it came online
    bool is_dead;      // forgotten; freed by the next tick
    double rtt_ms;     // smoothed; view.rtt_ms is what was published
    int64_t published_ms;
    struct replica replica;
    struct incoming *incoming; // its requests, oldest first
    uint64_t forgotten_id;     // of its requests, up to this one replies may be forgotten
    struct remote *next;
};

struct p2p {
    struct p2p_config config;
    struct identity identity;
    struct network_key network;
    struct peer self;
    char epoch[FRAME_TOKEN_SIZE]; // of this process
    char url[128];
    unsigned bound_port;
    void *zmq;
    struct socket_pump *pump;
    struct zap *zap;
    struct socket *listener;
    uv_timer_t *timer;
    struct peer_port port;

    struct link *links;
    unsigned link_number;
    struct session *sessions, *routes[256];
    struct remote *remotes;
    // Ended while somebody up the stack may still hold them: the timer frees them, on top of
    // nothing.
    struct session *dead_sessions;
    struct remote *dead_remotes;
    struct link *dead_links;

    uint64_t seq; // of changes of this peer's own resources
    struct outgoing *outgoing;
    uint64_t request_id;

    // Answers to unknown senders and log lines about what they send are rationed.
    int64_t ration_ms;
    int errors_left, logs_left;
    bool is_stopping;
};

static inline int64_t p2p_now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000U);
}

static inline int p2p_beat_ms(const struct p2p *p2p)
{
    return p2p->config.heartbeat_ms > 0 ? p2p->config.heartbeat_ms : 1000;
}

// Whether one more line about misbehaviour from outside may go to the log now.
bool p2p_may_log(struct p2p *p2p);

#endif
