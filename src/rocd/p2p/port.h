// SPDX-License-Identifier: MPL-2.0
//
// What api/ and control/ see of this room: struct peer_port. Thread: loop.

#ifndef ROCD_P2P_PORT_H
#define ROCD_P2P_PORT_H

#include "p2p/core.h"

void port_init(struct p2p *p2p);

#endif
