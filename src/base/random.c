// SPDX-License-Identifier: MPL-2.0

#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

// SplitMix64 spreads a small seed over the whole state: xoshiro starts badly from mostly zeros.
static uint64_t split_mix(uint64_t *x)
{
    *x += 0x9e3779b97f4a7c15u;
    uint64_t z = *x;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void random_init(struct random *random, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++)
        random->state[i] = split_mix(&seed);
}

uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    const uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint32_t random_below(struct random *random, uint32_t bound)
{
    if (bound == 0)
        return 0;
    // The high half of a 32x32 product is uniform once the low halves that occur one time too
    // often are refused; there are 2^32 mod bound of them.
    const uint32_t refused = -bound % bound;
    uint64_t product;
    do
        product = (random_next(random) >> 32) * bound;
    while ((uint32_t)product < refused);
    return (uint32_t)(product >> 32);
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1.0p-53;
}

// Where a sandbox forbids getrandom.
static void fill_from_device(unsigned char *bytes, size_t size)
{
    const int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && size > 0) {
        const ssize_t got = read(fd, bytes, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        bytes += got;
        size -= (size_t)got;
    }
    // Keys and identifiers are made of this: going on with guessable bytes is worse than stopping.
    if (size > 0)
        abort();
    close(fd);
}

void random_fill(void *buffer, size_t size_bytes)
{
    unsigned char *bytes = buffer;
    while (size_bytes > 0) {
        const ssize_t got = getrandom(bytes, size_bytes, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            fill_from_device(bytes, size_bytes);
            return;
        }
        bytes += got;
        size_bytes -= (size_t)got;
    }
}

uint32_t random_u32(void)
{
    uint32_t value;
    random_fill(&value, sizeof(value));
    return value;
}
