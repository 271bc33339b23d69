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
// Of a key that is valid Z85.
void identity_uid(char uid[UID_SIZE], const char *public_key_z85);
// "" when the key is no valid Z85.
void identity_fingerprint(char fingerprint[72], const char *public_key_z85);
// Returns 0, or -1 when it is no Z85 of 32 bytes.
int identity_decode_key(unsigned char key[32], const char *key_z85);

// CURVE proves who connects; these prove who was connected to, whose CURVE key belongs to the whole
// network. The verifier sends a fresh challenge, the prover boxes it with its own secret key for
// the verifier's public key. All in hexadecimal.
#define IDENTITY_CHALLENGE_SIZE 65  // 32 bytes
#define IDENTITY_PROOF_SIZE     185 // 24 bytes nonce, 16 bytes tag, 32 bytes challenge, 20 bytes UID

void identity_make_challenge(char challenge[IDENTITY_CHALLENGE_SIZE]);
// Returns 0, or -1 when challenge or key are malformed.
int identity_prove(char proof[IDENTITY_PROOF_SIZE], const struct identity *identity,
                   const char *verifier_key, const char *challenge);
// Returns 0, or -1 when this is no proof by the holder of prover_key.
int identity_check_proof(const struct identity *identity, const char *prover_key,
                         const char *challenge, const char *proof);

#endif
