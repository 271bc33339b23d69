// SPDX-License-Identifier: MPL-2.0
//
// Holds every owned stream to what is desired. It works by level, not by edge: at each due time it
// sets up both halves again (which changes nothing where they are there, renews the lease at the
// other peer, and moves the sender when the receiver's address is another one), looks at what
// arrives, and concludes with one of these:
//
// | outcome                                  | state      | reason          | looks again |
// |------------------------------------------|------------|-----------------|------------------------|
// | the stream is disabled                   | idle       |                 | when it is changed |
// | the other peer is offline                | connecting | peer_offline    | when it is back [1] |
// | the other peer does not answer           | connecting | peer_timeout [2]| after a pause [3] |
// | it, or a device here, refuses            | failed     | the error's     | after a pause | | set
// up, no packet has arrived yet        | connecting | no_packets      | in a quarter second    | |
// packets arrive, or a player has finished | active     |                 | at the next renewal
// [4]| | some were lost beyond repair             | degraded   | packet_loss     | at the next
// renewal    | | they arrived, but not for 5 s            | degraded   | no_packets      | at the
// next renewal    | | a device stopped (disk full, ...)        | failed     | device_failed   | at
// the next renewal    |
//
// [1] At once when the registry shows it online; besides, after a pause. Its audio half here goes
// on
//     as it is, so that a player does not start over when only the signalling was cut.
// [2] Or peer_error when it answers nonsense.
// [3] 0.25 s, doubled each time up to 5 s; back to 0.25 s after a success.
// [4] A second, or a quarter of the lease where that is shorter.
//
// An external receiver tells nothing: such a stream is active when it is set up. So is a local one.
// Thread: loop.

#ifndef ROCD_CONTROL_RECONCILER_H
#define ROCD_CONTROL_RECONCILER_H

#include <stdint.h>

struct control;
struct owned_stream;
struct api_error;

// The earliest time at which a stream is due; UINT64_MAX when none is.
uint64_t reconciler_due_ms(const struct control *control);
void reconciler_run(struct control *control, uint64_t now_ms);
// A peer came or went: its streams are due.
void reconciler_note_peers(struct control *control);
// Looks at the stream as soon as the loop comes around.
void reconciler_kick(struct owned_stream *owned);
// Concludes after a setup: error NULL = it succeeded. Sets state, reason and the next due time, and
// publishes.
void reconciler_conclude(struct owned_stream *owned, const struct api_error *error);
// The stream was disabled.
void reconciler_rest(struct owned_stream *owned);

#endif
