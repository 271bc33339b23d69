// SPDX-License-Identifier: MPL-2.0
//
// How packets go from one stage of a sending session to the next. Thread: rt.

#ifndef ROC_STREAM_PACKET_OUTPUT_H
#define ROC_STREAM_PACKET_OUTPUT_H

#include "base/packet.h"

// Taken. NULL stands for a packet that could not be made: it keeps its place in the order of the
// stages, and the last stage leaves it out. Runs inside the push of the stage before.
typedef void (*packet_output_fn)(struct packet *packet, void *arg);

#endif
