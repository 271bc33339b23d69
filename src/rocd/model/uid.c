// SPDX-License-Identifier: MPL-2.0
#include "model/uid.h"

#include <sodium.h>
#include <string.h>

#define UID_LETTERS  18
#define UID_ALPHABET 36

// Reads the 32 bytes as one big number, least significant byte first, and writes its lowest digits
// to base 36: 256 bits for 93 leave no letter visibly more likely than another.
static void write_letters(char uid[UID_SIZE], unsigned char number[32])
{
    static const char alphabet[UID_ALPHABET + 1] = "abcdefghijklmnopqrstuvwxyz0123456789";
    char *at = uid;
    for (int i = 0; i < UID_LETTERS; i++) {
        unsigned rest = 0;
        for (int j = 31; j >= 0; j--) {
            rest = rest * 256 + number[j];
            number[j] = (unsigned char)(rest / UID_ALPHABET);
            rest %= UID_ALPHABET;
        }
        if (i == 6 || i == 12)
            *at++ = '-';
        *at++ = alphabet[rest];
    }
    *at = '\0';
}

void uid_random(char uid[UID_SIZE])
{
    unsigned char number[32];
    randombytes_buf(number, sizeof(number));
    write_letters(uid, number);
}

void uid_from_seed(char uid[UID_SIZE], const char *tag, const void *seed, size_t size_bytes)
{
    unsigned char number[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    // With its terminating zero, so that no other pair of tag and seed gives the same bytes.
    crypto_hash_sha256_update(&state, (const unsigned char *)tag, strlen(tag) + 1);
    crypto_hash_sha256_update(&state, seed, size_bytes);
    crypto_hash_sha256_final(&state, number);
    write_letters(uid, number);
}

bool uid_is_valid(const char *text)
{
    for (int i = 0; i < UID_SIZE - 1; i++) {
        char c = text[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (i == 6 || i == 13 ? c != '-' : !is_letter)
            return false;
    }
    return text[UID_SIZE - 1] == '\0';
}
