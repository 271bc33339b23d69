// SPDX-License-Identifier: MPL-2.0
//
// A whole receiver without sockets, driven by a program of the fuzzer: raw datagrams, datagrams
// whose numbers are near those of a stream (so that they get past the router into the queue and the
// FEC blocks), reading, slots that come and go. First byte: clockless or not, which FEC,
// which concealment. It must not crash, every sample must be in range, and every packet must come
// back to the pool.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/address.h"
#include "stream/receiver.h"
#include "wire/rtp.h"

#define READ_LIMIT    4096
#define PACKET_FRAMES 50
#define MAX_STEPS     4000
#define BIG_STEP      2500 // what a jump is multiplied by, to get over every limit

static const uint8_t payload_types[] = {10, 96, 97, 98};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What the fuzzer still has to say; zeros when it has nothing more.
struct script {
    const uint8_t *data;
    size_t size;
};

// The numbers of one of two senders, which the script moves.
struct stream {
    uint16_t seq, sbn;
    uint32_t timestamp;
    uint8_t esi, k;
};

struct machine {
    uint8_t payload_type;
    struct script script;
    struct packet_pool *pool;
    struct receiver *receiver;
    enum fec_scheme fec;
    bool is_noise;
    int64_t now_ns;
    struct stream streams[2];
};

static uint8_t next(struct script *script)
{
    if (script->size == 0) {
        return 0;
    }
    script->size--;
    return *script->data++;
}

static void push(struct machine *machine, struct packet *packet, enum stream_interface iface,
                 unsigned sender)
{
    net_address_parse(&packet->address, "192.0.2.1", (uint16_t)(5000 + sender));
    receiver_push(machine->receiver, 0, iface, &packet, 1);
}

static void push_raw(struct machine *machine)
{
    struct packet *packet = packet_pool_pop(machine->pool);
    size_t size = next(&machine->script);

    if (!packet) {
        return;
    }
    if (size > machine->script.size) {
        size = machine->script.size;
    }
    memcpy(packet->data, machine->script.data, size);
    machine->script.data += size;
    machine->script.size -= size;
    packet->size_bytes = (uint16_t)size;
    push(machine, packet, next(&machine->script) % 3, 0);
}

static int step(struct script *script)
{
    int8_t small = (int8_t)next(script);

    return small == INT8_MIN ? BIG_STEP * 20 : small;
}

// Moves the numbers of a stream on by one packet, or as the script wants with the bits of how.
static void move(struct script *script, struct stream *stream, uint8_t how)
{
    stream->seq++;
    stream->timestamp += PACKET_FRAMES;
    if (++stream->esi >= stream->k) {
        stream->esi = 0;
        stream->sbn++;
    }
    if (how & 1) {
        stream->seq = (uint16_t)(stream->seq + step(script));
    }
    if (how & 2) {
        stream->timestamp += (uint32_t)(step(script) * BIG_STEP);
    }
    if (how & 4) {
        stream->sbn = (uint16_t)(stream->sbn + step(script));
    }
    if (how & 8) {
        stream->esi = next(script);
    }
    if (how & 16) {
        stream->k = next(script);
    }
}

// Noise, from which concealment has something to learn, or one byte over and over: floats of these
// are tiny, huge, or no numbers.
static void fill_sound(struct machine *machine, uint8_t *payload, size_t size, uint32_t seed)
{
    size_t i;

    if (!machine->is_noise) {
        memset(payload, machine->payload_type == 10 ? 0x80 : next(&machine->script), size);
        return;
    }
    for (i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        payload[i] = (uint8_t)(seed >> 24);
    }
}

static void push_source(struct machine *machine, unsigned sender)
{
    struct stream *stream = &machine->streams[sender];
    uint8_t how = next(&machine->script);
    uint8_t frames = how & 32 ? next(&machine->script) : PACKET_FRAMES;
    struct packet *packet;

    move(&machine->script, stream, how);
    packet = how & 64 ? NULL : packet_pool_pop(machine->pool);
    if (!packet) {
        return; // lost
    }
    packet->ssrc = sender + 1;
    packet->payload_type = frames == 255 ? 11 : machine->payload_type;
    packet->seq = stream->seq;
    packet->timestamp = stream->timestamp;
    packet->sbn = stream->sbn;
    packet->esi = stream->esi;
    packet->source_block_length = stream->k;
    rtp_write(packet, 0);
    fill_sound(machine, packet->data + RTP_HEADER_SIZE, frames * 4u, stream->seq);
    packet->size_bytes = (uint16_t)(RTP_HEADER_SIZE + frames * 4u);
    if (machine->fec != FEC_NONE) {
        fecframe_write_source(packet, machine->fec);
    }
    push(machine, packet, STREAM_SOURCE, sender);
}

static void push_repair(struct machine *machine, unsigned sender)
{
    struct stream *stream = &machine->streams[sender];
    struct packet *packet = packet_pool_pop(machine->pool);
    uint8_t esi = next(&machine->script);
    uint8_t frames = esi & 128 ? next(&machine->script) : PACKET_FRAMES;
    uint8_t fill = next(&machine->script);
    size_t header_size = fecframe_repair_size(machine->fec);

    if (!packet || machine->fec == FEC_NONE) {
        packet_unref(packet);
        return;
    }
    packet->sbn = stream->sbn;
    packet->esi = (uint16_t)(stream->k + (esi & 127));
    packet->source_block_length = stream->k;
    packet->is_repair = true;
    // Of LDPC: n, most often the same for a block.
    packet->block_length = (uint16_t)(stream->k + (fill & 128 ? fill * 16u : stream->k) + 7);
    fecframe_write_repair(packet, machine->fec);
    memset(packet->data + header_size, fill, RTP_HEADER_SIZE + frames * 4u);
    packet->size_bytes = (uint16_t)(header_size + RTP_HEADER_SIZE + frames * 4u);
    push(machine, packet, STREAM_REPAIR, sender);
}

static void read(struct machine *machine, size_t frames)
{
    static float samples[READ_LIMIT * 2];
    size_t i;

    if (frames > READ_LIMIT) {
        frames = READ_LIMIT;
    }
    memset(samples, 0x7f, sizeof(samples));
    receiver_read(machine->receiver, samples, frames);
    for (i = 0; i < frames * 2; i++) {
        if (!(samples[i] >= -1.0f && samples[i] <= 1.0f)) {
            abort();
        }
    }
}

static void activate(struct machine *machine)
{
    receiver_activate(machine->receiver, 0, STREAM_SOURCE, machine->fec);
    receiver_activate(machine->receiver, 0, STREAM_REPAIR, machine->fec);
}

static void execute(struct machine *machine)
{
    struct receive_session_metrics sessions[2];
    uint8_t operation = next(&machine->script);
    unsigned sender = operation >> 7;

    switch (operation % 8) {
    case 0:
        push_raw(machine);
        break;
    case 1:
    case 2:
        push_source(machine, sender);
        break;
    case 3:
        push_repair(machine, sender);
        break;
    case 4:
        read(machine, next(&machine->script));
        break;
    case 5:
        machine->now_ns += (int64_t)next(&machine->script) * 10000000;
        read(machine, receiver_ready(machine->receiver, machine->now_ns));
        break;
    case 6:
        receiver_total(machine->receiver);
        receiver_query(machine->receiver, 0, sessions, 2);
        break;
    default:
        if (next(&machine->script) == 77) {
            receiver_unlink(machine->receiver, 0);
            activate(machine);
        } else {
            read(machine, READ_LIMIT);
        }
    }
}

// A plugin that makes no sound, and reads all that it is shown.

static void *mad_create(void *arg, const struct audio_encoding *encoding)
{
    return calloc(1, encoding->channels);
}

static size_t mad_lookahead(void *instance)
{
    return 77;
}

static void mad_push(void *instance, const float *samples, size_t frames)
{
    *(uint8_t *)instance ^= (uint8_t)(samples[frames - 1] < 0);
}

static void mad_fill(void *instance, float *samples, size_t frames, const float *next,
                     size_t next_frames)
{
    memset(samples, *(uint8_t *)instance ? 0xff : 0x7f, frames * sizeof(*samples));
    if (next_frames > 0) {
        mad_push(instance, next, next_frames);
    }
}

static const struct concealment_plugin mad_plugin = {
    .create = mad_create,
    .destroy = free,
    .lookahead = mad_lookahead,
    .push = mad_push,
    .fill = mad_fill,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine machine = {.script = {data, size}};
    uint8_t mode = next(&machine.script);
    struct receiver_config config = {
        .encodings = {{10, 44100, 2, false, PCM_L16},
                      {11, 44100, 1, false, PCM_L16},
                      {96, 44100, 2, false, PCM_L24},
                      {97, 44100, 2, false, PCM_F32},
                      {98, 44100, 6, false, PCM_F32}},
        .encoding_count = 5,
        .session = {.target_latency_ns = 5000000,
                    .concealment = (enum concealment_mode)(mode >> 3 & 3) % 3,
                    .plugin = (mode >> 3 & 3) == 3 ? &mad_plugin : NULL,
                    .clockless = (mode & 1) != 0},
    };
    unsigned i;

    log_set_level(LOG_NONE);
    machine.payload_type = payload_types[mode >> 6];
    machine.is_noise = (mode & 32) != 0;
    // With the bit of noise, FEC is LDPC-Staircase.
    machine.fec = !(mode & 2) ? FEC_NONE : mode & 32 ? FEC_LDPC : FEC_RS8M;
    for (i = 0; i < 2; i++) {
        machine.streams[i] = (struct stream){.seq = 65530, .sbn = 65534, .k = 4, .esi = 3};
    }
    if (packet_pool_create(&machine.pool,
                           &(struct packet_pool_config){.max_count = mode & 4 ? 128 : 0}) < 0) {
        return 0;
    }
    config.pool = machine.pool;
    if (receiver_create(&machine.receiver, &config) < 0) {
        abort();
    }
    activate(&machine);
    for (i = 0; i < MAX_STEPS && machine.script.size > 0; i++) {
        execute(&machine);
    }
    receiver_destroy(machine.receiver);
    if (packet_pool_used(machine.pool) != 0) {
        abort();
    }
    packet_pool_destroy(machine.pool);
    return 0;
}
