// SPDX-License-Identifier: MPL-2.0
//
// One daemon: every room of it, started in order and stopped in reverse. There may be several in a
// process; nothing here is global but the log, and nothing ends the process.
//
// Life cycle: create, run, destroy, all on one thread, which becomes the control loop.

#ifndef ROCD_MAIN_DAEMON_H
#define ROCD_MAIN_DAEMON_H

#include <uv.h>

#include "main/settings.h"

struct daemon;

// What others need to reach it; valid as long as the daemon.
struct daemon_addresses {
    const char *http; // "http://127.0.0.1:4040", with the real port
    const char *p2p;  // "tcp://127.0.0.1:4041", likewise
    const char *peer_uid;
};

// Starts everything; requests are answered from daemon_run on. settings are copied. Returns 0, or
// -1 with a sentence in *error and nothing left behind. Thread: loop.
int daemon_create(struct daemon **out, const struct settings *settings, struct api_error *error);
void daemon_destroy(struct daemon *daemon);

void daemon_get_addresses(const struct daemon *daemon, struct daemon_addresses *out);
// The loop, for handles of the caller; they must be closing when daemon_destroy is called.
uv_loop_t *daemon_get_loop(struct daemon *daemon);

// Returns after daemon_stop. Thread: loop.
void daemon_run(struct daemon *daemon);
// Makes daemon_run return soon. Thread: any.
void daemon_stop(struct daemon *daemon);

#endif
