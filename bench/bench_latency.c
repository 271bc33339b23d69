// SPDX-License-Identifier: MPL-2.0
//
// Latency and gaps of a receiving session between virtual clocks: a sender, a network and a reader,
// ten minutes of sound for each row. The reference is the same network with the profile intact,
// which neither follows the sender's clock nor knows what the network needs.

#include <stdio.h>
#include <stdlib.h>

#include "audio/pcm.h"
#include "stream/receive_session.h"
#include "virtual_link.h"
#include "wire/rtp.h"

#define MS_NS      1000000ll
#define S_NS       (1000 * MS_NS)
#define SETTLED_S  60
#define DURATION_S 660
#define MAX_READ   4096
#define RATE_HZ    44100
#define PACKET     221
#define READ       441

struct trace {
    const char *name;
    struct virtual_link_config link;
    int64_t target_ns;
    int64_t max_target_ns;
};

struct outcome {
    double mean_ms, deviation_ms, concealed_ms;
    unsigned long long jumps;
};

static int64_t now_ns;

static int64_t get_time(void *arg)
{
    return now_ns;
}

static void send_packet(struct packet_pool *pool, struct receive_session *session,
                        const struct virtual_event *event)
{
    struct packet *packet = packet_pool_pop(pool);

    if (!packet) {
        return;
    }
    packet->ssrc = 1;
    packet->seq = (uint16_t)event->index;
    packet->timestamp = (uint32_t)(event->index * PACKET);
    packet->payload_type = 10;
    rtp_write(packet, 0);
    packet->size_bytes = RTP_HEADER_SIZE + PACKET * 2 * 2;
    for (size_t i = RTP_HEADER_SIZE; i < packet->size_bytes; i++) {
        packet->data[i] = (uint8_t)i;
    }
    rtp_parse(packet, 0, packet->size_bytes);
    packet->receive_time_ns = event->time_ns;
    receive_session_push(session, packet);
}

// What the session says of itself; the unit tests prove that it is true.
static struct outcome watch(struct virtual_link *link, struct packet_pool *pool,
                            struct receive_session *session)
{
    static float samples[MAX_READ * 2];
    double sum = 0, squares = 0, n = 0;
    uint64_t concealed = 0;
    struct outcome outcome = {0};
    struct receive_session_metrics metrics;

    for (;;) {
        struct virtual_event event = virtual_link_next(link);
        if (event.is_packet) {
            if (!event.is_lost) {
                send_packet(pool, session, &event);
            }
            continue;
        }
        now_ns = event.time_ns;
        receive_session_read(session, samples, READ);
        double time_s = (double)(event.index * READ) / RATE_HZ;
        metrics = receive_session_metrics(session);
        if (time_s < SETTLED_S) {
            concealed = metrics.frames_concealed;
            continue;
        }
        sum += metrics.latency_ms;
        squares += metrics.latency_ms * metrics.latency_ms;
        n++;
        if (time_s > DURATION_S) {
            break;
        }
    }
    outcome.mean_ms = sum / n;
    outcome.deviation_ms = sqrt(fmax(0, squares / n - outcome.mean_ms * outcome.mean_ms));
    outcome.concealed_ms = (double)(metrics.frames_concealed - concealed) * 1000 / RATE_HZ;
    outcome.jumps = metrics.latency_jumps;
    return outcome;
}

static int run(const struct trace *trace, enum latency_profile profile, struct outcome *outcome)
{
    struct virtual_link link;
    struct packet_pool *pool = NULL;
    struct receive_session *session = NULL;
    int err = packet_pool_create(&pool, &(struct packet_pool_config){.initial_count = 4096});

    if (err < 0) {
        return err;
    }
    err = receive_session_create(
        &session, &(struct receive_session_config){
                      .pool = pool,
                      .encoding = {.payload_type = 10, .rate_hz = RATE_HZ, .channels = 2},
                      .latency_profile = profile,
                      .target_latency_ns = trace->target_ns,
                      .max_target_latency_ns = trace->max_target_ns,
                      .no_playback_timeout_ns = -1,
                      .choppy_playback_timeout_ns = -1,
                      .get_time_ns = get_time,
                  });
    if (err == 0) {
        virtual_link_init(&link, &trace->link);
        *outcome = watch(&link, pool, session);
        receive_session_destroy(session);
    }
    packet_pool_destroy(pool);
    return err;
}

static struct trace make_trace(const char *name, double drift_ppm, int64_t jitter_ns,
                               int64_t spike_ns, double loss)
{
    return (struct trace){
        .name = name,
        .link =
            {
                .drift_ppm = drift_ppm,
                .rate_hz = RATE_HZ,
                .packet_frames = PACKET,
                .read_frames = READ,
                .delay_ns = 300000,
                .jitter_p95_ns = jitter_ns,
                .read_jitter_ns = 200000,
                .spike_ns = spike_ns,
                .spike_interval_ns = spike_ns > 0 ? 20 * S_NS : 0,
                .loss = loss,
                .seed = 1,
            },
        .target_ns = 100 * MS_NS,
    };
}

int main(void)
{
    struct trace traces[] = {
        make_trace("Ethernet, clocks agree", 0, 100000, 0, 0),
        make_trace("Ethernet, drift 200 ppm", 200, 100000, 0, 0),
        make_trace("Wi-Fi, p95 of jitter 6 ms", 50, 6 * MS_NS, 0, 0),
        make_trace("Wi-Fi with stalls of 200 ms", 50, 6 * MS_NS, 200 * MS_NS, 0),
        make_trace("... adaptive", 50, 6 * MS_NS, 200 * MS_NS, 0),
        make_trace("... and 1 % of loss, no FEC", 50, 6 * MS_NS, 200 * MS_NS, 0.01),
    };
    size_t i;
    int err = 0;

    traces[4].target_ns = 0;
    traces[4].max_target_ns = S_NS;
    printf("\nLatency, ten minutes between virtual clocks (in parentheses: profile intact)\n\n");
    printf("%-30s %22s %18s %22s %6s\n", "network", "mean, ms", "sd, ms", "concealed, ms", "jumps");
    for (i = 0; err == 0 && i < sizeof(traces) / sizeof(traces[0]); i++) {
        struct outcome tuned, intact;
        err = run(&traces[i], LATENCY_PROFILE_DEFAULT, &tuned);
        err = err ? err : run(&traces[i], LATENCY_PROFILE_INTACT, &intact);
        if (err == 0) {
            printf("%-30s %10.3f (%9.3f) %8.4f (%7.3f) %10.1f (%9.1f) %6llu\n", traces[i].name,
                   tuned.mean_ms, intact.mean_ms, tuned.deviation_ms, intact.deviation_ms,
                   tuned.concealed_ms, intact.concealed_ms, tuned.jumps);
        }
    }
    printf("\n");
    return err == 0 ? 0 : 1;
}
