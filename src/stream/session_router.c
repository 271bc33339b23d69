// SPDX-License-Identifier: MPL-2.0

#include "stream/session_router.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/address.h"
#include "stream/fec_reader.h"
#include "stream/rate_stage.h"
#include "wire/rtp.h"

#include <errno.h>
#include <stdlib.h>

// As for a block that is usual.
#define MIN_LDPC_RESERVE 64

#define NS_PER_MS 1e6

// How long stragglers of a stream whose sender said goodbye may still come.
#define FAREWELL_NS    3000000000
#define FAREWELL_COUNT 16

// A sender that said goodbye.
struct farewell {
    unsigned long long slot;
    uint32_t ssrc;
    int64_t until_ns; // CLOCK_MONOTONIC
};

struct session_router {
    struct receiver_config config;
    struct ring *to_mixer;
    struct ring *from_mixer;
    // Every session that exists, also those the mixer is about to give back.
    struct session_entry *entries[RECEIVER_MAX_SESSIONS];
    size_t entry_count;
    // Packets that a reader may need to repair a block with LDPC.
    unsigned ldpc_reserve;
    struct ldpc_cache *ldpc_cache;
    uint64_t sessions_total;
    uint64_t packets_foreign;
    struct receive_session_metrics ended; // sums
    struct farewell farewells[FAREWELL_COUNT];
    unsigned next_farewell;
};

int session_router_create(struct session_router **out, const struct receiver_config *config)
{
    struct session_router *router = calloc(1, sizeof(*router));
    int err;

    if (!router) {
        return -ENOMEM;
    }
    router->config = *config;
    router->ldpc_reserve = MIN_LDPC_RESERVE;
    err = ldpc_cache_create(&router->ldpc_cache);
    if (err < 0) {
        goto fail;
    }
    // No ring ever overflows: there are never more entries than this.
    err = ring_create(&router->to_mixer, sizeof(struct session_entry *), RECEIVER_MAX_SESSIONS);
    if (err < 0) {
        goto fail;
    }
    err = ring_create(&router->from_mixer, sizeof(struct session_entry *), RECEIVER_MAX_SESSIONS);
    if (err < 0) {
        goto fail;
    }
    *out = router;
    return 0;

fail:
    session_router_destroy(router);
    return err;
}

static void destroy_entry(struct session_entry *entry)
{
    receive_session_destroy(entry->session);
    free(entry);
}

void session_router_destroy(struct session_router *router)
{
    size_t i;

    if (!router) {
        return;
    }
    for (i = 0; i < router->entry_count; i++) {
        destroy_entry(router->entries[i]);
    }
    ring_destroy(router->to_mixer);
    ring_destroy(router->from_mixer);
    ldpc_cache_destroy(router->ldpc_cache);
    free(router);
}

struct ring *session_router_to_mixer(struct session_router *router)
{
    return router->to_mixer;
}

struct ring *session_router_from_mixer(struct session_router *router)
{
    return router->from_mixer;
}

static void drop_foreign(struct session_router *router, struct packet *packet, const char *reason)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    router->packets_foreign++;
    // Told at 1, 2, 4, 8, ... so that a wrong port is diagnosed and a flood is not logged.
    if ((router->packets_foreign & (router->packets_foreign - 1)) == 0) {
        net_address_write(&packet->address, text);
        log_info("stream", "ignored a datagram of %u bytes from %s: %s (%llu such so far)",
                 packet->size_bytes, text, reason, (unsigned long long)router->packets_foreign);
    }
    packet_unref(packet);
}

static struct session_entry *find_ssrc(const struct session_router *router, unsigned long long slot,
                                       uint32_t ssrc)
{
    size_t i;

    for (i = 0; i < router->entry_count; i++) {
        struct session_entry *entry = router->entries[i];
        if (entry->has_slot && entry->slot == slot && entry->ssrc == ssrc) {
            return entry;
        }
    }
    return NULL;
}

// One that is leaving only when no other sends from there.
static struct session_entry *find_address(const struct session_router *router,
                                          unsigned long long slot,
                                          const struct net_address *address)
{
    struct session_entry *leaving = NULL;
    size_t i;

    for (i = 0; i < router->entry_count; i++) {
        struct session_entry *entry = router->entries[i];
        if (!entry->has_slot || entry->slot != slot ||
            !net_address_is_equal(&entry->address, address)) {
            continue;
        }
        if (!entry->is_leaving) {
            return entry;
        }
        leaving = entry;
    }
    return leaving;
}

static bool is_taken(const struct session_router *router, unsigned long long slot,
                     const struct net_address *address)
{
    const struct session_entry *entry = find_address(router, slot, address);

    return entry && !entry->is_leaving;
}

static bool has_left(const struct session_router *router, unsigned long long slot, uint32_t ssrc)
{
    size_t i;

    for (i = 0; i < FAREWELL_COUNT; i++) {
        const struct farewell *farewell = &router->farewells[i];
        if (farewell->until_ns != 0 && farewell->slot == slot && farewell->ssrc == ssrc &&
            clock_monotonic_ns() < farewell->until_ns) {
            return true;
        }
    }
    return false;
}

static const struct audio_encoding *find_encoding(const struct session_router *router,
                                                  uint8_t payload_type)
{
    size_t i;

    for (i = 0; i < router->config.encoding_count; i++) {
        if (router->config.encodings[i].payload_type == payload_type) {
            return &router->config.encodings[i];
        }
    }
    return NULL;
}

static struct session_entry *create_entry(struct session_router *router, unsigned long long slot,
                                          const struct audio_encoding *encoding,
                                          enum fec_scheme scheme, const struct packet *packet)
{
    struct receive_session_config config = router->config.session;
    struct session_entry *entry = calloc(1, sizeof(*entry));

    if (!entry) {
        return NULL;
    }
    config.pool = router->config.pool;
    config.encoding = *encoding;
    config.packet_frames = (unsigned)(packet->payload_size / audio_encoding_frame_size(encoding));
    config.fec = scheme;
    config.output_rate_hz = router->config.output_rate_hz;
    config.ldpc_cache = router->ldpc_cache;
    if (receive_session_create(&entry->session, &config) < 0) {
        goto fail;
    }
    entry->encoding = *encoding;
    atomic_init(&entry->is_cancelled, false);
    entry->has_slot = true;
    entry->slot = slot;
    entry->ssrc = packet->ssrc;
    entry->address = packet->address;
    return entry;

fail:
    free(entry);
    return NULL;
}

static void log_begin(const struct session_entry *entry)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    net_address_write(&entry->address, text);
    log_info("stream", "session of SSRC %08x from %s begins (slot %llu, payload type %u)",
             entry->ssrc, text, entry->slot, entry->encoding.payload_type);
}

static void log_end(const struct session_entry *entry,
                    const struct receive_session_metrics *metrics)
{
    char text[NET_ADDRESS_TEXT_SIZE];

    net_address_write(&entry->address, text);
    log_info("stream",
             "session of SSRC %08x from %s ends: %llu packets received, %llu lost, %llu recovered, "
             "%llu late",
             entry->ssrc, text, (unsigned long long)metrics->packets_received,
             (unsigned long long)metrics->packets_lost,
             (unsigned long long)metrics->packets_recovered,
             (unsigned long long)metrics->packets_late);
}

// Decides about a source packet of an SSRC that has no session. Returns NULL and the reason where
// there shall be none.
static struct session_entry *begin_session(struct session_router *router, unsigned long long slot,
                                           enum fec_scheme scheme, const struct packet *packet,
                                           const char **reason)
{
    const struct audio_encoding *encoding = find_encoding(router, packet->payload_type);
    struct session_entry *entry;

    *reason = NULL;
    if (!encoding) {
        *reason = "its payload type is not registered here";
    } else if (!rate_stage_can(encoding->rate_hz, router->config.output_rate_hz)) {
        *reason = "its sample rate cannot be converted to the one that is read here";
    } else if (packet->payload_size < audio_encoding_frame_size(encoding)) {
        *reason = "it holds no sample";
    } else if (is_taken(router, slot, &packet->address)) {
        *reason = "another stream from this address has not ended yet";
    } else if (router->entry_count == RECEIVER_MAX_SESSIONS) {
        *reason = "there are too many sessions";
    } else if (has_left(router, slot, packet->ssrc)) {
        *reason = "its sender said goodbye";
    }
    if (*reason) {
        return NULL;
    }
    entry = create_entry(router, slot, encoding, scheme, packet);
    if (!entry) {
        *reason = "there is no memory for a session";
        return NULL;
    }
    router->entries[router->entry_count++] = entry;
    router->sessions_total++;
    ring_push(router->to_mixer, &entry, 1);
    log_begin(entry);
    return entry;
}

static void note_block(struct session_router *router, const struct packet *packet)
{
    unsigned need = packet->source_block_length;

    if (need > router->ldpc_reserve) {
        router->ldpc_reserve = need < FEC_READER_MAX_RESTORED ? need : FEC_READER_MAX_RESTORED;
    }
}

static int parse_source(struct packet *packet, enum fec_scheme scheme)
{
    int err;

    if (scheme == FEC_NONE) {
        return rtp_parse(packet, 0, packet->size_bytes);
    }
    err = fecframe_parse_source(packet, scheme);
    return err < 0 ? err : rtp_parse(packet, packet->symbol_offset, packet->symbol_size);
}

static void route_source(struct session_router *router, unsigned long long slot,
                         enum fec_scheme scheme, struct packet *packet)
{
    struct session_entry *entry;
    const char *reason;

    if (parse_source(packet, scheme) < 0) {
        drop_foreign(router, packet, "it is no RTP packet of this scheme");
        return;
    }
    entry = find_ssrc(router, slot, packet->ssrc);
    if (!entry) {
        entry = begin_session(router, slot, scheme, packet, &reason);
    }
    if (!entry) {
        drop_foreign(router, packet, reason);
        return;
    }
    note_block(router, packet);
    receive_session_push(entry->session, packet);
}

static void route_repair(struct session_router *router, unsigned long long slot,
                         enum fec_scheme scheme, struct packet *packet)
{
    struct session_entry *entry;

    if (fecframe_parse_repair(packet, scheme) < 0) {
        drop_foreign(router, packet, "it is no repair packet of this scheme");
        return;
    }
    entry = find_address(router, slot, &packet->address);
    if (!entry) {
        drop_foreign(router, packet, "no source packets come from this address");
        return;
    }
    receive_session_push(entry->session, packet);
}

// The reader restores lost packets into the pool's packets and cannot make the pool grow.
static void reserve_packets(struct session_router *router, enum fec_scheme scheme)
{
    if (scheme == FEC_RS8M) {
        packet_pool_reserve(router->config.pool, RS8M_MAX_SYMBOLS);
    } else if (scheme == FEC_LDPC) {
        packet_pool_reserve(router->config.pool, router->ldpc_reserve);
    }
}

void session_router_push(struct session_router *router, unsigned long long slot,
                         enum stream_interface iface, enum fec_scheme scheme,
                         struct packet **packets, size_t count)
{
    size_t i;

    // Sessions that ended make room for new ones of the same sender.
    session_router_collect(router);
    reserve_packets(router, scheme);
    for (i = 0; i < count; i++) {
        if (iface == STREAM_SOURCE) {
            route_source(router, slot, scheme, packets[i]);
        } else if (iface == STREAM_REPAIR) {
            route_repair(router, slot, scheme, packets[i]);
        } else {
            packet_unref(packets[i]);
        }
    }
}

static void add_metrics(struct receive_session_metrics *sum,
                        const struct receive_session_metrics *metrics)
{
    sum->ssrc = metrics->ssrc;
    sum->packets_received += metrics->packets_received;
    sum->repair_received += metrics->repair_received;
    sum->bytes_received += metrics->bytes_received;
    sum->packets_expected += metrics->packets_expected;
    sum->packets_lost += metrics->packets_lost;
    sum->packets_recovered += metrics->packets_recovered;
    sum->packets_late += metrics->packets_late;
    sum->packets_duplicate += metrics->packets_duplicate;
    sum->packets_rejected += metrics->packets_rejected;
    sum->packets_dropped += metrics->packets_dropped;
    sum->frames_played += metrics->frames_played;
    sum->frames_concealed += metrics->frames_concealed;
    sum->frames_skipped += metrics->frames_skipped;
    sum->queue_latency_ms = metrics->queue_latency_ms;
    sum->jitter_ms = metrics->jitter_ms;
    sum->latency_ms = metrics->latency_ms;
    sum->target_latency_ms = metrics->target_latency_ms;
    sum->speed = metrics->speed;
    sum->latency_jumps += metrics->latency_jumps;
    sum->has_clock = metrics->has_clock;
    sum->rtt_ms = metrics->rtt_ms;
    sum->clock_offset_ms = metrics->clock_offset_ms;
    sum->e2e_latency_ms = metrics->e2e_latency_ms;
}

static struct receive_session_metrics measure(const struct session_entry *entry)
{
    struct receive_session_metrics metrics = receive_session_metrics(entry->session);

    metrics.has_clock = entry->timing.has_clock;
    metrics.rtt_ms = (double)entry->timing.rtt_ns / NS_PER_MS;
    metrics.clock_offset_ms = (double)entry->timing.clock_offset_ns / NS_PER_MS;
    metrics.e2e_latency_ms = (double)entry->timing.e2e_latency_ns / NS_PER_MS;
    return metrics;
}

static void end_session(struct session_router *router, struct session_entry *entry)
{
    struct receive_session_metrics metrics = receive_session_metrics(entry->session);
    size_t i;

    for (i = 0; router->entries[i] != entry; i++) {
    }
    // Keeps the order of age: the last one is the newest.
    for (; i + 1 < router->entry_count; i++) {
        router->entries[i] = router->entries[i + 1];
    }
    router->entry_count--;
    add_metrics(&router->ended, &metrics);
    log_end(entry, &metrics);
    destroy_entry(entry);
}

void session_router_collect(struct session_router *router)
{
    struct session_entry *entry;

    while (ring_pop(router->from_mixer, &entry, 1) == 1) {
        end_session(router, entry);
    }
}

void session_router_end_slot(struct session_router *router, unsigned long long slot)
{
    size_t i;

    for (i = 0; i < router->entry_count; i++) {
        struct session_entry *entry = router->entries[i];
        if (entry->has_slot && entry->slot == slot) {
            session_router_end(router, entry);
        }
    }
}

struct session_entry *session_router_find(const struct session_router *router,
                                          unsigned long long slot, uint32_t ssrc)
{
    return find_ssrc(router, slot, ssrc);
}

void session_router_leave(struct session_router *router, struct session_entry *entry)
{
    struct farewell *farewell = &router->farewells[router->next_farewell];

    if (entry->is_leaving) {
        return;
    }
    entry->is_leaving = true;
    receive_session_leave(entry->session);
    *farewell = (struct farewell){
        .slot = entry->slot,
        .ssrc = entry->ssrc,
        .until_ns = clock_monotonic_ns() + FAREWELL_NS,
    };
    router->next_farewell = (router->next_farewell + 1) % FAREWELL_COUNT;
    log_info("stream", "the sender of SSRC %08x said goodbye", entry->ssrc);
}

void session_router_end(struct session_router *router, struct session_entry *entry)
{
    entry->has_slot = false;
    atomic_store_explicit(&entry->is_cancelled, true, memory_order_relaxed);
}

void session_router_total(const struct session_router *router, struct receiver_metrics *metrics)
{
    size_t i;

    *metrics = (struct receiver_metrics){
        .sessions_total = router->sessions_total,
        .packets_foreign = router->packets_foreign,
        .sum = router->ended,
    };
    for (i = 0; i < router->entry_count; i++) {
        struct receive_session_metrics session = measure(router->entries[i]);
        add_metrics(&metrics->sum, &session);
        metrics->sessions += router->entries[i]->has_slot;
    }
}

size_t session_router_query(const struct session_router *router, unsigned long long slot,
                            struct receive_session_metrics *sessions, size_t count)
{
    size_t found = 0;
    size_t i;

    for (i = 0; i < router->entry_count && found < count; i++) {
        const struct session_entry *entry = router->entries[i];
        if (entry->has_slot && entry->slot == slot) {
            sessions[found++] = measure(entry);
        }
    }
    return found;
}
