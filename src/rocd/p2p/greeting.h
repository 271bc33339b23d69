// SPDX-License-Identifier: MPL-2.0
//
// What HELLO and HELLO_OK tell about their sender. Thread: loop.

#ifndef ROCD_P2P_GREETING_H
#define ROCD_P2P_GREETING_H

#include "p2p/core.h"

struct greeting {
    char uid[UID_SIZE];
    char epoch[FRAME_TOKEN_SIZE]; // of the process
    char token[FRAME_TOKEN_SIZE]; // of the session
    char display_name[128], host_name[128], version[32];
    unsigned port; // where it listens; 0 = unknown
    int beat_ms;
    enum role trust; // HELLO_OK: of the receiver, at the sender
};

// Returns 0 or -EBADMSG.
int greeting_parse(struct greeting *out, const json_t *body);
// A new reference, NULL when out of memory.
json_t *greeting_write(const struct p2p *p2p, const char *token);

#endif
