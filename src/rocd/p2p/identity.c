// SPDX-License-Identifier: MPL-2.0
#include "p2p/identity.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define KEY_BYTES 32

static void write_fingerprint(char fingerprint[72], const unsigned char key[KEY_BYTES])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, key, KEY_BYTES);
    char *at = fingerprint;
    for (int i = 0; i < 32; i++)
        at += snprintf(at, 4, i % 4 == 0 && i > 0 ? "-%02x" : "%02x", hash[i]);
}

void identity_fingerprint(char fingerprint[72], const char *public_key_z85)
{
    unsigned char key[KEY_BYTES];
    fingerprint[0] = '\0';
    if (identity_decode_key(key, public_key_z85) == 0)
        write_fingerprint(fingerprint, key);
}

int identity_decode_key(unsigned char key[KEY_BYTES], const char *key_z85)
{
    if (strlen(key_z85) != 40)
        return -1;
    return zmq_z85_decode(key, key_z85) != NULL ? 0 : -1;
}

void identity_uid(char uid[UID_SIZE], const char *public_key_z85)
{
    unsigned char key[KEY_BYTES] = {0};
    identity_decode_key(key, public_key_z85);
    uid_from_seed(uid, "peer", key, sizeof(key));
}

// A pair that does not belong together would leave a peer that nobody can talk to, without a word.
static int read_pair(struct identity *identity, const json_t *document)
{
    const char *public_key = json_string_value(json_object_get(document, "public_key"));
    const char *secret_key = json_string_value(json_object_get(document, "secret_key"));
    unsigned char public_bytes[KEY_BYTES], secret_bytes[KEY_BYTES], derived[KEY_BYTES];
    if (public_key == NULL || secret_key == NULL ||
        identity_decode_key(public_bytes, public_key) != 0 ||
        identity_decode_key(secret_bytes, secret_key) != 0)
        return -1;
    int rc = crypto_scalarmult_base(derived, secret_bytes);
    sodium_memzero(secret_bytes, sizeof(secret_bytes));
    if (rc != 0 || memcmp(derived, public_bytes, KEY_BYTES) != 0)
        return -1;
    memcpy(identity->public_key, public_key, sizeof(identity->public_key));
    memcpy(identity->secret_key, secret_key, sizeof(identity->secret_key));
    return 0;
}

static int make_pair(struct identity *identity, struct store *store, struct api_error *error)
{
    if (zmq_curve_keypair(identity->public_key, identity->secret_key) != 0)
        return error_set(error, ERROR_INTERNAL, NULL,
                         "This peer needs a key pair and libzmq was built without CURVE.");
    json_t *document = json_pack("{s:s, s:s}", "public_key", identity->public_key, "secret_key",
                                 identity->secret_key);
    if (document == NULL)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    int rc = store_put(store, "identity", "self", document, error);
    json_decref(document);
    return rc;
}

int identity_load(struct identity *identity, struct store *store, struct api_error *error)
{
    struct identity loaded = {0};
    if (sodium_init() < 0)
        return error_set(error, ERROR_INTERNAL, NULL, "The system has no source of randomness.");
    json_t *document = store_get(store, "identity", "self");
    if (document != NULL && read_pair(&loaded, document) != 0) {
        json_decref(document);
        return error_set(error, ERROR_INTERNAL, NULL,
                         "The key pair of this peer in the state folder is damaged. Restore the "
                         "folder from a backup, or start with an empty one as a new peer.");
    }
    if (document == NULL && make_pair(&loaded, store, error) != 0)
        return -1;
    json_decref(document);
    identity_uid(loaded.uid, loaded.public_key);
    identity_fingerprint(loaded.fingerprint, loaded.public_key);
    *identity = loaded;
    return 0;
}

// What is boxed: the challenge, then the UID of the prover. The UID keeps a proof from being sent
// back to the one who made it.
#define CHALLENGE_BYTES 32
#define PLAIN_BYTES     (CHALLENGE_BYTES + UID_SIZE - 1)
#define BOX_BYTES       (PLAIN_BYTES + crypto_box_MACBYTES)

static int decode_hex(unsigned char *out, size_t size, const char *hex)
{
    size_t got;
    if (strlen(hex) != size * 2 || sodium_hex2bin(out, size, hex, size * 2, NULL, &got, NULL) != 0)
        return -1;
    return got == size ? 0 : -1;
}

void identity_make_challenge(char challenge[IDENTITY_CHALLENGE_SIZE])
{
    unsigned char bytes[CHALLENGE_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(challenge, IDENTITY_CHALLENGE_SIZE, bytes, sizeof(bytes));
}

int identity_prove(char proof[IDENTITY_PROOF_SIZE], const struct identity *identity,
                   const char *verifier_key, const char *challenge)
{
    unsigned char plain[PLAIN_BYTES], bytes[crypto_box_NONCEBYTES + BOX_BYTES];
    unsigned char public_key[KEY_BYTES], secret_key[KEY_BYTES];
    if (decode_hex(plain, CHALLENGE_BYTES, challenge) != 0 ||
        identity_decode_key(public_key, verifier_key) != 0 ||
        identity_decode_key(secret_key, identity->secret_key) != 0)
        return -1;
    memcpy(plain + CHALLENGE_BYTES, identity->uid, UID_SIZE - 1);
    randombytes_buf(bytes, crypto_box_NONCEBYTES);
    int rc = crypto_box_easy(bytes + crypto_box_NONCEBYTES, plain, PLAIN_BYTES, bytes, public_key,
                             secret_key);
    sodium_memzero(secret_key, sizeof(secret_key));
    if (rc != 0)
        return -1;
    sodium_bin2hex(proof, IDENTITY_PROOF_SIZE, bytes, sizeof(bytes));
    return 0;
}

int identity_check_proof(const struct identity *identity, const char *prover_key,
                         const char *challenge, const char *proof)
{
    unsigned char plain[PLAIN_BYTES], expected[PLAIN_BYTES];
    unsigned char bytes[crypto_box_NONCEBYTES + BOX_BYTES];
    unsigned char public_key[KEY_BYTES], secret_key[KEY_BYTES];
    char uid[UID_SIZE];
    if (decode_hex(bytes, sizeof(bytes), proof) != 0 ||
        decode_hex(expected, CHALLENGE_BYTES, challenge) != 0 ||
        identity_decode_key(public_key, prover_key) != 0 ||
        identity_decode_key(secret_key, identity->secret_key) != 0)
        return -1;
    identity_uid(uid, prover_key);
    memcpy(expected + CHALLENGE_BYTES, uid, UID_SIZE - 1);
    int rc = crypto_box_open_easy(plain, bytes + crypto_box_NONCEBYTES, BOX_BYTES, bytes,
                                  public_key, secret_key);
    sodium_memzero(secret_key, sizeof(secret_key));
    return rc == 0 && memcmp(plain, expected, PLAIN_BYTES) == 0 ? 0 : -1;
}
