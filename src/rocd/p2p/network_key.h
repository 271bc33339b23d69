// SPDX-License-Identifier: MPL-2.0
//
// The CURVE key pair of a network's listening sockets, derived from its secret: a completed
// handshake proves to both sides that the other one knows it. Thread: any; takes some 30 ms.

#ifndef ROCD_P2P_NETWORK_KEY_H
#define ROCD_P2P_NETWORK_KEY_H

#include <stdbool.h>

struct network_key {
    char public_key[41]; // Z85; as secret as the network's secret
    char secret_key[41];
    bool is_open; // derived from a public constant: anyone can connect, nobody is trusted by it
};

// secret NULL or "": the open network. Returns 0 or -ENOMEM.
int network_key_derive(struct network_key *out, const char *secret);

#endif
