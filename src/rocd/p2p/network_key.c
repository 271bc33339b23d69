// SPDX-License-Identifier: MPL-2.0
#include "p2p/network_key.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <zmq.h>

// Who records a handshake can try secrets against it: each try costs this much.
#define MEMORY_BYTES (16U * 1024 * 1024)
#define PASSES       3

int network_key_derive(struct network_key *out, const char *secret)
{
    static const unsigned char salt[crypto_pwhash_SALTBYTES + 1] = "rocd network key";
    static const char open_network[] = "rocd open network";
    unsigned char seed[crypto_box_SEEDBYTES];
    unsigned char public_key[crypto_box_PUBLICKEYBYTES], secret_key[crypto_box_SECRETKEYBYTES];
    struct network_key key = {.is_open = secret == NULL || secret[0] == '\0'};

    if (key.is_open)
        crypto_hash_sha256(seed, (const unsigned char *)open_network, strlen(open_network));
    else if (crypto_pwhash(seed, sizeof(seed), secret, strlen(secret), salt, PASSES, MEMORY_BYTES,
                           crypto_pwhash_ALG_ARGON2ID13) != 0)
        return -ENOMEM;
    crypto_box_seed_keypair(public_key, secret_key, seed);
    zmq_z85_encode(key.public_key, public_key, sizeof(public_key));
    zmq_z85_encode(key.secret_key, secret_key, sizeof(secret_key));
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(secret_key, sizeof(secret_key));
    *out = key;
    sodium_memzero(&key, sizeof(key));
    return 0;
}
