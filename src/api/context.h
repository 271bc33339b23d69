// SPDX-License-Identifier: MPL-2.0
//
// What the other files of this room need of a context. Thread: any.

#ifndef ROC_API_CONTEXT_H
#define ROC_API_CONTEXT_H

#include "audio/concealment.h"
#include "audio/pcm.h"
#include "base/packet.h"
#include "net/network.h"
#include "roc/context.h"

#define CONTEXT_MAX_ENCODINGS 127 // RTP payload types 1..127

// An object that is open on a context holds a reference; closing the context fails meanwhile.
void context_ref(roc_context *context);
void context_unref(roc_context *context);

struct network *context_get_network(roc_context *context);
struct packet_pool *context_get_pool(roc_context *context);
uint16_t context_get_max_packet_size(const roc_context *context);
// For datagrams that are sent: what the user asked for, 0 when that is nothing. Then they must fit
// Ethernet, while larger ones are received.
size_t context_get_send_limit(const roc_context *context);

// Returns 0 or -ENOENT.
int context_find_encoding(roc_context *context, unsigned payload_type, struct audio_encoding *out);
// The plugin of this number, which lives as long as the context; NULL when there is none.
const struct concealment_plugin *context_find_plc(roc_context *context, int plugin_id);
// What roc_context_select_plc chose: a roc_plc_backend or a number that context_find_plc knows.
int context_get_plc(roc_context *context);
// Copies all encodings; returns how many.
size_t context_get_encodings(roc_context *context,
                             struct audio_encoding encodings[CONTEXT_MAX_ENCODINGS]);

// What roc_context_register_encoding does with an encoding that is parsed but for its payload type;
// logs failures in the name of `function`. Returns 0 or -1.
int context_register(roc_context *context, int encoding_id, const struct audio_encoding *encoding,
                     const char *function);

// Rate and channels of an encoding as the public API describes it. Returns 0, or -EINVAL for one
// that breaks a rule of roc_media_encoding.
int media_encoding_parse(struct audio_encoding *out, const roc_media_encoding *encoding);

#endif
