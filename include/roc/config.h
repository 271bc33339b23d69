/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/config.h
 * \brief Constants and settings.
 *
 * Every struct here is flat: fill it with zeros, set what differs, copy it as you like. A zero
 * means the default unless the field says that it must be set.
 */
#ifndef ROC_CONFIG_H_
#define ROC_CONFIG_H_

#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Number of a slot. A sender has a slot for each receiver that it feeds, a receiver one for each
 * set of addresses that it listens on; within a slot there is at most one endpoint for each
 * interface. Numbers are free to choose, and a slot comes into being when it is first named.
 */
typedef unsigned long long roc_slot;

/** The slot to use where one is enough. */
static const roc_slot ROC_SLOT_DEFAULT = 0;

/** What an endpoint of a slot carries. */
typedef enum roc_interface {
    ROC_INTERFACE_CONSOLIDATED = 1,  /**< everything in one, over a signaling protocol (RTSP) */
    ROC_INTERFACE_AUDIO_SOURCE = 11, /**< the sound: RTP, bare or protected by FEC */
    ROC_INTERFACE_AUDIO_REPAIR = 12, /**< redundancy that restores lost packets of the source */
    ROC_INTERFACE_AUDIO_CONTROL = 13 /**< reports in both directions: RTCP */
} roc_interface;

/** Protocol of an endpoint, with the scheme that it has in a URI. */
typedef enum roc_protocol {
    ROC_PROTO_RTSP = 10,            /**< rtsp:// for the consolidated interface */
    ROC_PROTO_RTP = 20,             /**< rtp:// source without FEC (RFC 3550) */
    ROC_PROTO_RTP_RS8M_SOURCE = 30, /**< rtp+rs8m:// source with Reed-Solomon footer (RFC 6865) */
    ROC_PROTO_RS8M_REPAIR = 31,     /**< rs8m:// repair packets for it */
    ROC_PROTO_RTP_LDPC_SOURCE = 32, /**< rtp+ldpc:// source with LDPC-Staircase footer (RFC 6816) */
    ROC_PROTO_LDPC_REPAIR = 33,     /**< ldpc:// repair packets for it */
    ROC_PROTO_RTCP = 70             /**< rtcp:// control (RFC 3550) */
} roc_protocol;

/**
 * Format of sound in packets. The numbers are RTP payload types of RFC 3551; more can be added by
 * roc_context_register_encoding().
 */
typedef enum roc_packet_encoding {
    ROC_PACKET_ENCODING_AVP_L16_MONO = 11,   /**< 16-bit big-endian PCM, 44100 Hz, 1 channel */
    ROC_PACKET_ENCODING_AVP_L16_STEREO = 10, /**< 16-bit big-endian PCM, 44100 Hz, 2 channels */
} roc_packet_encoding;

/** Forward error correction. */
typedef enum roc_fec_encoding {
    ROC_FEC_ENCODING_DISABLE = -1, /**< none; goes with rtp:// */
    ROC_FEC_ENCODING_DEFAULT = 0,  /**< ROC_FEC_ENCODING_RS8M */
    ROC_FEC_ENCODING_RS8M = 1,     /**< Reed-Solomon, at most 255 packets in a block */
    /** LDPC-Staircase, for blocks of hundreds of packets: at most 4096, with at least 7 for repair
     */
    ROC_FEC_ENCODING_LDPC_STAIRCASE = 2
} roc_fec_encoding;

/** How one sample is stored. */
typedef enum roc_format {
    ROC_FORMAT_PCM_FLOAT32 = 1 /**< 32-bit native-endian float, -1..1, channels interleaved */
} roc_format;

/** How many channels there are and what they mean. */
typedef enum roc_channel_layout {
    ROC_CHANNEL_LAYOUT_MULTITRACK = 1, /**< `tracks` independent channels, never remixed */
    ROC_CHANNEL_LAYOUT_MONO = 2,       /**< one */
    ROC_CHANNEL_LAYOUT_STEREO = 3,     /**< left, right */
} roc_channel_layout;

/** Format of a stream of sound. All fields must be set. */
typedef struct roc_media_encoding {
    unsigned int rate; /**< samples of one channel in a second, Hz */
    roc_format format;
    roc_channel_layout channels;
    unsigned int tracks; /**< 1..1024 with the multitrack layout, 0 with any other */
} roc_media_encoding;

/** Who sets the pace of reading or writing. */
typedef enum roc_clock_source {
    ROC_CLOCK_SOURCE_DEFAULT = 0,  /**< ROC_CLOCK_SOURCE_EXTERNAL */
    ROC_CLOCK_SOURCE_EXTERNAL = 1, /**< the caller, e.g. a sound card; calls do not block */
    ROC_CLOCK_SOURCE_INTERNAL = 2  /**< a timer of the library; calls block until it is time */
} roc_clock_source;

/** Which latency is watched. */
typedef enum roc_latency_tuner_backend {
    ROC_LATENCY_TUNER_BACKEND_DEFAULT = 0, /**< ROC_LATENCY_TUNER_BACKEND_NIQ */
    ROC_LATENCY_TUNER_BACKEND_NIQ = 2      /**< length of the receiver's queue of packets */
} roc_latency_tuner_backend;

/** How the playing speed is bent to hold the latency. */
typedef enum roc_latency_tuner_profile {
    /** On a receiver: responsive below 30 ms of target latency, otherwise gradual. On a sender:
       intact. */
    ROC_LATENCY_TUNER_PROFILE_DEFAULT = 0,
    ROC_LATENCY_TUNER_PROFILE_INTACT = 1,     /**< not at all */
    ROC_LATENCY_TUNER_PROFILE_RESPONSIVE = 2, /**< fast and exact; needs a steady network */
    ROC_LATENCY_TUNER_PROFILE_GRADUAL = 3     /**< slow and smooth; bears jitter */
} roc_latency_tuner_profile;

/** Who converts rates. Accepted for compatibility: there is one resampler here, which takes less
    time than any of these and is more exact. */
typedef enum roc_resampler_backend {
    ROC_RESAMPLER_BACKEND_DEFAULT = 0, /**< chosen by the latency profile */
    ROC_RESAMPLER_BACKEND_BUILTIN = 1, /**< exact, takes the most computing time */
    ROC_RESAMPLER_BACKEND_SPEEX = 2,   /**< cheap, less exact in its speed */
    ROC_RESAMPLER_BACKEND_SPEEXDEC = 3 /**< cheapest: drops or repeats single samples */
} roc_resampler_backend;

/** Quality against computing time. */
typedef enum roc_resampler_profile {
    ROC_RESAMPLER_PROFILE_DEFAULT = 0, /**< ROC_RESAMPLER_PROFILE_MEDIUM */
    ROC_RESAMPLER_PROFILE_HIGH = 1,    /**< noise and distortion 120 dB below the sound */
    ROC_RESAMPLER_PROFILE_MEDIUM = 2,  /**< 100 dB, more than 16 bits hold */
    ROC_RESAMPLER_PROFILE_LOW = 3      /**< 80 dB */
} roc_resampler_profile;

/**
 * What fills the gaps that lost packets leave where FEC cannot repair them (packet loss
 * concealment). Or the number of a plugin: see roc_context_register_plc(). Chosen for the receivers
 * of a context by roc_context_select_plc().
 */
typedef enum roc_plc_backend {
    ROC_PLC_BACKEND_DISABLE = -1, /**< silence */
    /** What was heard goes on, and fades out where the gap is longer than 20 ms. The first frames
        after a gap, 4 ms at most, are blended with it; all other sound stays as it was sent. */
    ROC_PLC_BACKEND_DEFAULT = 0,
    ROC_PLC_BACKEND_BEEP = 1 /**< a tone, to hear where gaps are */
} roc_plc_backend;

/** Settings of a context. */
typedef struct roc_context_config {
    /** Bytes of the largest datagram. Zero: up to 2048 are received, and what is sent fits an
        Ethernet frame, 1472 over IPv4 and 1452 over IPv6. */
    unsigned int max_packet_size;
    unsigned int max_frame_size; /**< accepted for compatibility; buffers here have the size that
                                      their use needs, and frames of the caller may have any */
} roc_context_config;

/** Settings of a sender. */
typedef struct roc_sender_config {
    roc_media_encoding frame_encoding; /**< of what is written; must be set */
    /** Of packets; zero looks for one with the rate and channels of frame_encoding. */
    roc_packet_encoding packet_encoding;
    /** ns of sound in a packet, at most a second; zero for 5 ms. Where so much does not fit into
        a datagram (max_packet_size of the context), packets hold the largest equal part that does.
        A block of FEC then lasts as much shorter, because it is counted in packets. */
    unsigned long long packet_length;
    unsigned int packet_interleaving; /**< non-zero: send in shuffled order, against bursts of loss;
                                           costs up to one block of latency */
    roc_fec_encoding fec_encoding;
    /** Packets of sound in an FEC block. Zero together with the next field: 18. */
    unsigned int fec_block_source_packets;
    /** Repair packets added to each block. Zero together with the last field: 10. */
    unsigned int fec_block_repair_packets;
    roc_clock_source clock_source;
    roc_latency_tuner_backend latency_tuner_backend;
    roc_latency_tuner_profile latency_tuner_profile; /**< tune on one side only */
    roc_resampler_backend resampler_backend;
    roc_resampler_profile resampler_profile;
    unsigned long long target_latency; /**< ns; must be set where the sender tunes */
    unsigned long long
        latency_tolerance; /**< ns around the target; beyond it the sender starts anew */
} roc_sender_config;

/** Settings of a receiver. */
typedef struct roc_receiver_config {
    roc_media_encoding frame_encoding; /**< of what is read; must be set */
    roc_clock_source clock_source;
    roc_latency_tuner_backend latency_tuner_backend;
    roc_latency_tuner_profile latency_tuner_profile; /**< tune on one side only */
    roc_resampler_backend resampler_backend;
    roc_resampler_profile resampler_profile;
    unsigned long long target_latency; /**< ns; zero for 200 ms */
    /** ns around the target; beyond it the session jumps there and goes on. Zero for a value that
        fits the target: 200 ms for 200 ms, 23 ms for 20 ms. */
    unsigned long long latency_tolerance;
    /** ns without any sound to play after which a session ends; zero for 4/3 of the target
        latency, negative for never. */
    long long no_playback_timeout;
    /** ns of steady stuttering after which a session ends; zero for 2 s, negative for never. */
    long long choppy_playback_timeout;
} roc_receiver_config;

/** Settings of the local side of one interface of a slot. */
typedef struct roc_interface_config {
    /** Literal IP address from which to send; empty leaves the choice to the system. */
    char outgoing_address[48];
    /** Literal IP address of the network card on which to join the multicast group that the
        endpoint names; empty joins none. */
    char multicast_group[48];
    /** Non-zero lets other sockets bind the same address and port (always so with multicast). */
    int reuse_address;
} roc_interface_config;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
