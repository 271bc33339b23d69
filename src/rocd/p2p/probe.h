// SPDX-License-Identifier: MPL-2.0
//
// Looks up a host and tries a TCP connection to it, for two things that libzmq does not do: names
// are resolved off its I/O thread, where a slow name server would delay every peer, and a
// connection that fails says why. Thread: loop.

#ifndef ROCD_P2P_PROBE_H
#define ROCD_P2P_PROBE_H

#include <stdbool.h>
#include <uv.h>

struct probe;

#define PROBE_IP_SIZE 48

// status: 0, or the negative errno of libuv of what failed. ip: "" when the name was not found.
// The probe is gone when this is called.
typedef void (*probe_fn)(int status, const char *ip, void *arg);

// connect false: looks up only. Returns 0 or a negative errno.
int probe_start(struct probe **out, uv_loop_t *loop, const char *host, unsigned port, bool connect,
                probe_fn fn, void *arg);
// fn will not be called. NULL is fine.
void probe_cancel(struct probe *probe);

#endif
