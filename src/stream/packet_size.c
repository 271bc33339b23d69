// SPDX-License-Identifier: MPL-2.0

#include "stream/packet_size.h"

#include <errno.h>
#include <limits.h>
#include <math.h>

#include "wire/rtp.h"

#define MAX_PACKET_LENGTH_NS 1000000000
#define MAX_UDP_PAYLOAD      65507u

// Peers compute this in 32-bit float and round halves away from zero; another order of operations
// gives another packet size for some lengths.
unsigned packet_samples(int64_t packet_length_ns, unsigned rate_hz)
{
    if (packet_length_ns <= 0)
        return 0;
    float samples = roundf((float)packet_length_ns / 1e9f * (float)rate_hz);
    return samples < (float)UINT_MAX ? (unsigned)samples : UINT_MAX;
}

// What FEC adds to an RTP packet: a footer, or in a repair packet of that size a header.
static size_t fec_overhead(enum fec_scheme scheme)
{
    size_t source = fecframe_source_size(scheme);
    size_t repair = fecframe_repair_size(scheme);
    return source > repair ? source : repair;
}

static unsigned divide_up(unsigned value, unsigned divisor)
{
    return value / divisor + (value % divisor != 0);
}

int packet_size_compute(struct packet_size *out, const struct packet_size_config *config)
{
    size_t limit =
        config->max_datagram_size < MAX_UDP_PAYLOAD ? config->max_datagram_size : MAX_UDP_PAYLOAD;
    size_t overhead = RTP_HEADER_SIZE + fec_overhead(config->fec);
    uint64_t frame_size = audio_encoding_frame_size(&config->encoding);
    if (config->packet_length_ns > MAX_PACKET_LENGTH_NS || frame_size == 0 || limit < overhead)
        return -EINVAL;
    unsigned samples = packet_samples(config->packet_length_ns, config->encoding.rate_hz);
    unsigned most = (unsigned)((limit - overhead) / frame_size);
    if (samples == 0 || most == 0)
        return -EINVAL;
    if (samples > most)
        samples = divide_up(samples, divide_up(samples, most));
    *out = (struct packet_size){
        .samples = samples,
        .rtp_size = RTP_HEADER_SIZE + (size_t)(samples * frame_size),
        .datagram_size = overhead + (size_t)(samples * frame_size),
    };
    return 0;
}
