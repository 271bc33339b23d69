// SPDX-License-Identifier: MPL-2.0
//
// An endpoint: an audio device of a peer, with its settings and its state. Plain data; validation
// and JSON live here and are applied at the door and before storing. Thread: any.

#ifndef ROCD_MODEL_ENDPOINT_H
#define ROCD_MODEL_ENDPOINT_H

#include <stdbool.h>

#include "model/error.h"
#include "model/parse_mode.h"
#include "model/reason.h"
#include "model/uri.h"

enum endpoint_type { ENDPOINT_SYSTEM_DEVICE, ENDPOINT_STREAMING_DEVICE };
enum stream_direction { DIRECTION_INPUT, DIRECTION_OUTPUT, DIRECTION_DUPLEX };
enum endpoint_driver {
    DRIVER_UNSPECIFIED,
    DRIVER_PIPEWIRE,
    DRIVER_PULSEAUDIO,
    DRIVER_ALSA,
    DRIVER_FILE,
    DRIVER_TONE,
    DRIVER_NULL
};
enum endpoint_state { ENDPOINT_AVAILABLE, ENDPOINT_UNAVAILABLE, ENDPOINT_IN_USE, ENDPOINT_FAILED };
// VIRTUAL_NULL_* are silence and a sink that keeps nothing; the other kinds of the contract
// (speaker, microphone, bus) need a sound server or the mixer and are answered `unsatisfiable`.
enum virtual_kind {
    VIRTUAL_NONE,
    VIRTUAL_SPEAKER,
    VIRTUAL_MICROPHONE,
    VIRTUAL_BUS,
    VIRTUAL_FILE_PLAYER,
    VIRTUAL_FILE_RECORDER,
    VIRTUAL_TONE,
    VIRTUAL_NULL_SOURCE,
    VIRTUAL_NULL_SINK
};

#define ENDPOINT_MAX_CHANNELS 32

struct endpoint_virtual {
    enum virtual_kind kind;
    char path[256]; // relative to the media folder
    bool loop;
    double frequency_hz;
    double level_db;
    // Read-only: how far a player or recorder is, and what a recorder writes now.
    unsigned long long position_frames, length_frames;
    bool finished;
    char file[256];
};

struct endpoint {
    char uid[UID_SIZE];
    enum endpoint_type type;
    enum stream_direction direction; // follows from the kind for virtual ones
    enum endpoint_driver driver;     // likewise
    char display_name[128];
    char system_name[128];
    unsigned sample_rate, channels; // 0 = follows the file or the stream
    double volume;                  // 0..1
    bool muted;
    bool is_default;
    double delay_ms;
    struct endpoint_virtual virtual;
    enum endpoint_state state;
    struct state_reason reason;
};

// Applies a request body to *endpoint (for PARSE_CREATE: defaults first; the caller has set uid).
// Read-only fields may be present if they are equal; those that change by themselves (state,
// reason, a player's position) may have any value and are left alone. PARSE_STORED ignores unknown
// fields: a newer version may have written them. On failure *endpoint is unchanged. Returns 0 or -1
// with *error set.
int endpoint_parse(struct endpoint *endpoint, const json_t *body, enum parse_mode mode,
                   const char *peer_uid, struct api_error *error);
// The resource as api.md shows it; a new reference, NULL when out of memory.
json_t *endpoint_write(const struct endpoint *endpoint, const char *peer_uid);
const char *virtual_kind_name(enum virtual_kind kind);

#endif
