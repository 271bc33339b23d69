// SPDX-License-Identifier: MPL-2.0
//
// Requests of other peers: carried out at most once, replies remembered. Thread: loop.

#ifndef ROCD_P2P_INCOMING_H
#define ROCD_P2P_INCOMING_H

#include "p2p/core.h"

void incoming_tick(struct remote *remote, int64_t now_ms);
// What still runs goes on without anybody to answer to.
void incoming_forget(struct remote *remote);

#endif
