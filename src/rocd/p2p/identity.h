// SPDX-License-Identifier: MPL-2.0
//
// Who this peer is: a CURVE key pair, made at first start and kept in the store. Its UID is derived
// from the public key, so that a peer cannot claim another's. Thread: any.

#ifndef ROCD_P2P_IDENTITY_H
#define ROCD_P2P_IDENTITY_H

#include "model/uid.h"
#include "store/store.h"

struct identity {
    char uid[UID_SIZE];
    char public_key[41];  // Z85
    char secret_key[41];  // Z85; never shown
    char fingerprint[72]; // of the public key, for people
};

// Reads it from the store, or makes and stores one. Returns 0 or -1 with *error set.
int identity_load(struct identity *identity, struct store *store, struct api_error *error);
void identity_uid(char uid[UID_SIZE], const char *public_key_z85);

#endif
