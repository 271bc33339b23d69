// SPDX-License-Identifier: MPL-2.0
//
// Names, values and layouts of the C API of Roc Toolkit 0.4.0 (on machines with 64-bit pointers),
// taken from its headers by a program: whoever compiles this compiles programs written for it.

#ifndef ROC_TESTS_COMPATIBILITY_H
#define ROC_TESTS_COMPATIBILITY_H

#include <assert.h>

#include "roc/config.h"
#include "roc/context.h"
#include "roc/endpoint.h"
#include "roc/frame.h"
#include "roc/log.h"
#include "roc/metrics.h"
#include "roc/packet.h"
#include "roc/platform.h"
#include "roc/receiver.h"
#include "roc/receiver_decoder.h"
#include "roc/sender.h"
#include "roc/sender_encoder.h"
#include "roc/version.h"

#define COMPAT_VALUE(name, value) static_assert((int)(name) == (value), #name)
#define COMPAT_SIZE(type, size)   static_assert(sizeof(type) == (size), #type)
#define COMPAT_FIELD(type, field, offset, size)                         \
    static_assert(offsetof(type, field) == (offset), #type "." #field); \
    static_assert(sizeof(((type *)0)->field) == (size), #type "." #field)
// Refused by the compiler when the function has another type.
#define COMPAT_CALL(result, name, arguments) \
    static result(*const compat_##name) arguments __attribute__((unused)) = name

COMPAT_SIZE(roc_slot, 8);

// roc_interface
COMPAT_SIZE(roc_interface, 4);
COMPAT_VALUE(ROC_INTERFACE_CONSOLIDATED, 1);
COMPAT_VALUE(ROC_INTERFACE_AUDIO_SOURCE, 11);
COMPAT_VALUE(ROC_INTERFACE_AUDIO_REPAIR, 12);
COMPAT_VALUE(ROC_INTERFACE_AUDIO_CONTROL, 13);

// roc_protocol
COMPAT_SIZE(roc_protocol, 4);
COMPAT_VALUE(ROC_PROTO_RTSP, 10);
COMPAT_VALUE(ROC_PROTO_RTP, 20);
COMPAT_VALUE(ROC_PROTO_RTP_RS8M_SOURCE, 30);
COMPAT_VALUE(ROC_PROTO_RS8M_REPAIR, 31);
COMPAT_VALUE(ROC_PROTO_RTP_LDPC_SOURCE, 32);
COMPAT_VALUE(ROC_PROTO_LDPC_REPAIR, 33);
COMPAT_VALUE(ROC_PROTO_RTCP, 70);

// roc_packet_encoding
COMPAT_SIZE(roc_packet_encoding, 4);
COMPAT_VALUE(ROC_PACKET_ENCODING_AVP_L16_MONO, 11);
COMPAT_VALUE(ROC_PACKET_ENCODING_AVP_L16_STEREO, 10);

// roc_fec_encoding
COMPAT_SIZE(roc_fec_encoding, 4);
COMPAT_VALUE(ROC_FEC_ENCODING_DISABLE, -1);
COMPAT_VALUE(ROC_FEC_ENCODING_DEFAULT, 0);
COMPAT_VALUE(ROC_FEC_ENCODING_RS8M, 1);
COMPAT_VALUE(ROC_FEC_ENCODING_LDPC_STAIRCASE, 2);

// roc_format
COMPAT_SIZE(roc_format, 4);
COMPAT_VALUE(ROC_FORMAT_PCM_FLOAT32, 1);

// roc_channel_layout
COMPAT_SIZE(roc_channel_layout, 4);
COMPAT_VALUE(ROC_CHANNEL_LAYOUT_MULTITRACK, 1);
COMPAT_VALUE(ROC_CHANNEL_LAYOUT_MONO, 2);
COMPAT_VALUE(ROC_CHANNEL_LAYOUT_STEREO, 3);

// roc_clock_source
COMPAT_SIZE(roc_clock_source, 4);
COMPAT_VALUE(ROC_CLOCK_SOURCE_DEFAULT, 0);
COMPAT_VALUE(ROC_CLOCK_SOURCE_EXTERNAL, 1);
COMPAT_VALUE(ROC_CLOCK_SOURCE_INTERNAL, 2);

// roc_latency_tuner_backend
COMPAT_SIZE(roc_latency_tuner_backend, 4);
COMPAT_VALUE(ROC_LATENCY_TUNER_BACKEND_DEFAULT, 0);
COMPAT_VALUE(ROC_LATENCY_TUNER_BACKEND_NIQ, 2);

// roc_latency_tuner_profile
COMPAT_SIZE(roc_latency_tuner_profile, 4);
COMPAT_VALUE(ROC_LATENCY_TUNER_PROFILE_DEFAULT, 0);
COMPAT_VALUE(ROC_LATENCY_TUNER_PROFILE_INTACT, 1);
COMPAT_VALUE(ROC_LATENCY_TUNER_PROFILE_RESPONSIVE, 2);
COMPAT_VALUE(ROC_LATENCY_TUNER_PROFILE_GRADUAL, 3);

// roc_resampler_backend
COMPAT_SIZE(roc_resampler_backend, 4);
COMPAT_VALUE(ROC_RESAMPLER_BACKEND_DEFAULT, 0);
COMPAT_VALUE(ROC_RESAMPLER_BACKEND_BUILTIN, 1);
COMPAT_VALUE(ROC_RESAMPLER_BACKEND_SPEEX, 2);
COMPAT_VALUE(ROC_RESAMPLER_BACKEND_SPEEXDEC, 3);

// roc_resampler_profile
COMPAT_SIZE(roc_resampler_profile, 4);
COMPAT_VALUE(ROC_RESAMPLER_PROFILE_DEFAULT, 0);
COMPAT_VALUE(ROC_RESAMPLER_PROFILE_HIGH, 1);
COMPAT_VALUE(ROC_RESAMPLER_PROFILE_MEDIUM, 2);
COMPAT_VALUE(ROC_RESAMPLER_PROFILE_LOW, 3);

// roc_log_level
COMPAT_SIZE(roc_log_level, 4);
COMPAT_VALUE(ROC_LOG_NONE, 0);
COMPAT_VALUE(ROC_LOG_ERROR, 1);
COMPAT_VALUE(ROC_LOG_INFO, 2);
COMPAT_VALUE(ROC_LOG_NOTE, 3);
COMPAT_VALUE(ROC_LOG_DEBUG, 4);
COMPAT_VALUE(ROC_LOG_TRACE, 5);

#if defined(__LP64__)

// roc_media_encoding
COMPAT_SIZE(roc_media_encoding, 16);
COMPAT_FIELD(roc_media_encoding, rate, 0, 4);
COMPAT_FIELD(roc_media_encoding, format, 4, 4);
COMPAT_FIELD(roc_media_encoding, channels, 8, 4);
COMPAT_FIELD(roc_media_encoding, tracks, 12, 4);

// roc_context_config
COMPAT_SIZE(roc_context_config, 8);
COMPAT_FIELD(roc_context_config, max_packet_size, 0, 4);
COMPAT_FIELD(roc_context_config, max_frame_size, 4, 4);

// roc_sender_config
COMPAT_SIZE(roc_sender_config, 88);
COMPAT_FIELD(roc_sender_config, frame_encoding, 0, 16);
COMPAT_FIELD(roc_sender_config, packet_encoding, 16, 4);
COMPAT_FIELD(roc_sender_config, packet_length, 24, 8);
COMPAT_FIELD(roc_sender_config, packet_interleaving, 32, 4);
COMPAT_FIELD(roc_sender_config, fec_encoding, 36, 4);
COMPAT_FIELD(roc_sender_config, fec_block_source_packets, 40, 4);
COMPAT_FIELD(roc_sender_config, fec_block_repair_packets, 44, 4);
COMPAT_FIELD(roc_sender_config, clock_source, 48, 4);
COMPAT_FIELD(roc_sender_config, latency_tuner_backend, 52, 4);
COMPAT_FIELD(roc_sender_config, latency_tuner_profile, 56, 4);
COMPAT_FIELD(roc_sender_config, resampler_backend, 60, 4);
COMPAT_FIELD(roc_sender_config, resampler_profile, 64, 4);
COMPAT_FIELD(roc_sender_config, target_latency, 72, 8);
COMPAT_FIELD(roc_sender_config, latency_tolerance, 80, 8);

// roc_receiver_config
COMPAT_SIZE(roc_receiver_config, 72);
COMPAT_FIELD(roc_receiver_config, frame_encoding, 0, 16);
COMPAT_FIELD(roc_receiver_config, clock_source, 16, 4);
COMPAT_FIELD(roc_receiver_config, latency_tuner_backend, 20, 4);
COMPAT_FIELD(roc_receiver_config, latency_tuner_profile, 24, 4);
COMPAT_FIELD(roc_receiver_config, resampler_backend, 28, 4);
COMPAT_FIELD(roc_receiver_config, resampler_profile, 32, 4);
COMPAT_FIELD(roc_receiver_config, target_latency, 40, 8);
COMPAT_FIELD(roc_receiver_config, latency_tolerance, 48, 8);
COMPAT_FIELD(roc_receiver_config, no_playback_timeout, 56, 8);
COMPAT_FIELD(roc_receiver_config, choppy_playback_timeout, 64, 8);

// roc_interface_config
COMPAT_SIZE(roc_interface_config, 100);
COMPAT_FIELD(roc_interface_config, outgoing_address, 0, 48);
COMPAT_FIELD(roc_interface_config, multicast_group, 48, 48);
COMPAT_FIELD(roc_interface_config, reuse_address, 96, 4);

// roc_frame
COMPAT_SIZE(roc_frame, 16);
COMPAT_FIELD(roc_frame, samples, 0, 8);
COMPAT_FIELD(roc_frame, samples_size, 8, 8);

// roc_log_message
COMPAT_SIZE(roc_log_message, 64);
COMPAT_FIELD(roc_log_message, level, 0, 4);
COMPAT_FIELD(roc_log_message, module, 8, 8);
COMPAT_FIELD(roc_log_message, file, 16, 8);
COMPAT_FIELD(roc_log_message, line, 24, 4);
COMPAT_FIELD(roc_log_message, time, 32, 8);
COMPAT_FIELD(roc_log_message, pid, 40, 8);
COMPAT_FIELD(roc_log_message, tid, 48, 8);
COMPAT_FIELD(roc_log_message, text, 56, 8);

// roc_connection_metrics
COMPAT_SIZE(roc_connection_metrics, 8);
COMPAT_FIELD(roc_connection_metrics, e2e_latency, 0, 8);

// roc_receiver_metrics
COMPAT_SIZE(roc_receiver_metrics, 4);
COMPAT_FIELD(roc_receiver_metrics, connection_count, 0, 4);

// roc_sender_metrics
COMPAT_SIZE(roc_sender_metrics, 4);
COMPAT_FIELD(roc_sender_metrics, connection_count, 0, 4);

// roc_packet
COMPAT_SIZE(roc_packet, 16);
COMPAT_FIELD(roc_packet, bytes, 0, 8);
COMPAT_FIELD(roc_packet, bytes_size, 8, 8);

// roc_version
COMPAT_SIZE(roc_version, 16);
COMPAT_FIELD(roc_version, major, 0, 4);
COMPAT_FIELD(roc_version, minor, 4, 4);
COMPAT_FIELD(roc_version, patch, 8, 4);
COMPAT_FIELD(roc_version, code, 12, 4);

#endif

// roc/version.h
COMPAT_VALUE(ROC_VERSION_MAJOR, 0);
COMPAT_VALUE(ROC_VERSION_MINOR, 4);
COMPAT_VALUE(ROC_VERSION_PATCH, 0);
COMPAT_VALUE(ROC_VERSION, 4000);
COMPAT_VALUE(ROC_VERSION_CODE(1, 2, 3), 1002003);

// functions
COMPAT_CALL(int, roc_context_open, (const roc_context_config *, roc_context **));
COMPAT_CALL(int, roc_context_register_encoding, (roc_context *, int, const roc_media_encoding *));
COMPAT_CALL(int, roc_context_close, (roc_context *));
COMPAT_CALL(int, roc_endpoint_allocate, (roc_endpoint **));
COMPAT_CALL(int, roc_endpoint_set_uri, (roc_endpoint *, const char *));
COMPAT_CALL(int, roc_endpoint_set_protocol, (roc_endpoint *, roc_protocol));
COMPAT_CALL(int, roc_endpoint_set_host, (roc_endpoint *, const char *));
COMPAT_CALL(int, roc_endpoint_set_port, (roc_endpoint *, int));
COMPAT_CALL(int, roc_endpoint_set_resource, (roc_endpoint *, const char *));
COMPAT_CALL(int, roc_endpoint_get_uri, (const roc_endpoint *, char *, size_t *));
COMPAT_CALL(int, roc_endpoint_get_protocol, (const roc_endpoint *, roc_protocol *));
COMPAT_CALL(int, roc_endpoint_get_host, (const roc_endpoint *, char *, size_t *));
COMPAT_CALL(int, roc_endpoint_get_port, (const roc_endpoint *, int *));
COMPAT_CALL(int, roc_endpoint_get_resource, (const roc_endpoint *, char *, size_t *));
COMPAT_CALL(int, roc_endpoint_deallocate, (roc_endpoint *));
COMPAT_CALL(void, roc_log_set_level, (roc_log_level));
COMPAT_CALL(void, roc_log_set_handler, (roc_log_handler, void *));
COMPAT_CALL(int, roc_receiver_open, (roc_context *, const roc_receiver_config *, roc_receiver **));
COMPAT_CALL(int, roc_receiver_configure,
            (roc_receiver *, roc_slot, roc_interface, const roc_interface_config *));
COMPAT_CALL(int, roc_receiver_bind, (roc_receiver *, roc_slot, roc_interface, roc_endpoint *));
COMPAT_CALL(int, roc_receiver_query,
            (roc_receiver *, roc_slot, roc_receiver_metrics *, roc_connection_metrics *, size_t *));
COMPAT_CALL(int, roc_receiver_unlink, (roc_receiver *, roc_slot));
COMPAT_CALL(int, roc_receiver_read, (roc_receiver *, roc_frame *));
COMPAT_CALL(int, roc_receiver_close, (roc_receiver *));
COMPAT_CALL(int, roc_receiver_decoder_open,
            (roc_context *, const roc_receiver_config *, roc_receiver_decoder **));
COMPAT_CALL(int, roc_receiver_decoder_activate,
            (roc_receiver_decoder *, roc_interface, roc_protocol));
COMPAT_CALL(int, roc_receiver_decoder_query,
            (roc_receiver_decoder *, roc_receiver_metrics *, roc_connection_metrics *));
COMPAT_CALL(int, roc_receiver_decoder_push_packet,
            (roc_receiver_decoder *, roc_interface, const roc_packet *));
COMPAT_CALL(int, roc_receiver_decoder_pop_feedback_packet,
            (roc_receiver_decoder *, roc_interface, roc_packet *));
COMPAT_CALL(int, roc_receiver_decoder_pop_frame, (roc_receiver_decoder *, roc_frame *));
COMPAT_CALL(int, roc_receiver_decoder_close, (roc_receiver_decoder *));
COMPAT_CALL(int, roc_sender_open, (roc_context *, const roc_sender_config *, roc_sender **));
COMPAT_CALL(int, roc_sender_configure,
            (roc_sender *, roc_slot, roc_interface, const roc_interface_config *));
COMPAT_CALL(int, roc_sender_connect, (roc_sender *, roc_slot, roc_interface, const roc_endpoint *));
COMPAT_CALL(int, roc_sender_query,
            (roc_sender *, roc_slot, roc_sender_metrics *, roc_connection_metrics *, size_t *));
COMPAT_CALL(int, roc_sender_unlink, (roc_sender *, roc_slot));
COMPAT_CALL(int, roc_sender_write, (roc_sender *, const roc_frame *));
COMPAT_CALL(int, roc_sender_close, (roc_sender *));
COMPAT_CALL(int, roc_sender_encoder_open,
            (roc_context *, const roc_sender_config *, roc_sender_encoder **));
COMPAT_CALL(int, roc_sender_encoder_activate, (roc_sender_encoder *, roc_interface, roc_protocol));
COMPAT_CALL(int, roc_sender_encoder_query,
            (roc_sender_encoder *, roc_sender_metrics *, roc_connection_metrics *));
COMPAT_CALL(int, roc_sender_encoder_push_frame, (roc_sender_encoder *, const roc_frame *));
COMPAT_CALL(int, roc_sender_encoder_push_feedback_packet,
            (roc_sender_encoder *, roc_interface, const roc_packet *));
COMPAT_CALL(int, roc_sender_encoder_pop_packet,
            (roc_sender_encoder *, roc_interface, roc_packet *));
COMPAT_CALL(int, roc_sender_encoder_close, (roc_sender_encoder *));
COMPAT_CALL(void, roc_version_load, (roc_version *));

#endif
