// SPDX-License-Identifier: MPL-2.0

#include "audio/resampler_filter.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK      RESAMPLER_FILTER_BLOCK
#define POLYNOMIAL (RESAMPLER_FILTER_DEGREE + 1)

// The window spans so many zeros on either side of the centre. Its attenuation is what that many
// zeros can hold from 1.093 of half the lower rate on: where a tone at 0.907 has its mirror image.
// The cubics follow the sinc so closely that their error is below that.
struct design {
    unsigned zeros;
    double attenuation_db;
    unsigned segments; // between two zeros
};

static const struct design designs[] = {
    [RESAMPLER_PROFILE_LOW] = {32, 84, 8},
    [RESAMPLER_PROFILE_MEDIUM] = {40, 106, 10},
    [RESAMPLER_PROFILE_HIGH] = {48, 135, 20},
    [RESAMPLER_PROFILE_BEST] = {64, 146, 32},
};

// What makes a filter this filter and no other.
struct key {
    enum resampler_profile profile;
    unsigned in_rate; // without common divisors; 1:1 unless the output rate is lower
    unsigned out_rate;
};

struct entry {
    struct resampler_filter filter; // first, so that a filter is its entry
    struct key key;
    unsigned users;
    struct entry *next;
    float *memory;
};

static struct {
    pthread_mutex_t mutex;
    struct entry *first;
} shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// The modified Bessel function of the first kind, order 0, by its power series.
static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (unsigned k = 1; term > sum * 1e-18; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

struct prototype {
    double zeros;
    double beta;
    double window_scale; // makes it 1 in the middle
    double bandwidth;    // of the lower rate in the input rate, 0..1
};

// At x input frames from the centre.
static double prototype_at(const struct prototype *prototype, double x)
{
    double position = x * prototype->bandwidth;
    double edge = position / prototype->zeros;
    if (fabs(edge) >= 1)
        return 0;
    if (position == 0)
        return prototype->bandwidth;
    // The sine of a whole multiple of pi is 0, but not that of its double.
    if (position == rint(position))
        return 0;
    double window = bessel_i0(prototype->beta * sqrt(1 - edge * edge)) * prototype->window_scale;
    return sin(M_PI * position) / (M_PI * position) * window * prototype->bandwidth;
}

// The cubic through four points of one tap in one segment. Both ends are among them, so that
// neighbouring cubics meet, and the inner two are where the error is the least: the extended
// Chebyshev nodes, at +-(sqrt(2) - 1) of the half width.
static void fit_cubic(double cubic[POLYNOMIAL], const struct prototype *prototype, double tap,
                      unsigned segment, unsigned segments)
{
    const double nodes[POLYNOMIAL] = {0, 1 - M_SQRT1_2, M_SQRT1_2, 1};
    double difference[POLYNOMIAL];
    for (unsigned i = 0; i < POLYNOMIAL; i++)
        difference[i] = prototype_at(prototype, (segment + nodes[i]) / segments - tap);
    for (unsigned order = 1; order < POLYNOMIAL; order++) {
        for (unsigned i = POLYNOMIAL - 1; i >= order; i--)
            difference[i] = (difference[i] - difference[i - 1]) / (nodes[i] - nodes[i - order]);
    }
    // From Newton's form to powers of t; the first node is 0.
    const double b = nodes[1], c = nodes[2];
    cubic[0] = difference[0];
    cubic[1] = difference[1] - difference[2] * b + difference[3] * b * c;
    cubic[2] = difference[2] - difference[3] * (b + c);
    cubic[3] = difference[3];
}

static void fill_coefficients(struct entry *entry, const struct prototype *prototype)
{
    const struct resampler_filter *filter = &entry->filter;
    const unsigned middle = filter->taps / 2 - 1;
    for (unsigned segment = 0; segment < filter->segments; segment++) {
        for (unsigned tap = 0; tap < filter->taps; tap++) {
            double cubic[POLYNOMIAL];
            double distance = (double)tap - middle;
            fit_cubic(cubic, prototype, distance, segment, filter->segments);
            float *block = entry->memory + segment * filter->segment_size +
                           (size_t)tap / BLOCK * BLOCK * POLYNOMIAL + tap % BLOCK;
            for (unsigned i = 0; i < POLYNOMIAL; i++)
                block[i * BLOCK] = (float)cubic[RESAMPLER_FILTER_DEGREE - i];
        }
    }
}

static void destroy(struct entry *entry)
{
    if (entry == NULL)
        return;
    free(entry->memory);
    free(entry);
}

static int create(struct entry **out, const struct key *key)
{
    const struct design *design = &designs[key->profile];
    const double bandwidth = (double)key->out_rate / key->in_rate;
    const double beta = 0.1102 * (design->attenuation_db - 8.7); // Kaiser's formula
    const struct prototype prototype = {
        .zeros = design->zeros,
        .beta = beta,
        .window_scale = 1 / bessel_i0(beta),
        .bandwidth = bandwidth,
    };
    struct entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL)
        return -ENOMEM;
    unsigned half = (unsigned)ceil(design->zeros / bandwidth);
    entry->key = *key;
    entry->filter.taps = (2 * half + BLOCK - 1) / BLOCK * BLOCK;
    entry->filter.segments = (unsigned)ceil(design->segments * bandwidth);
    entry->filter.segment_size = (size_t)entry->filter.taps * POLYNOMIAL;
    size_t count = entry->filter.segments * entry->filter.segment_size;
    // A block is 256 bytes, so the size is a multiple of the alignment, as it must be.
    entry->memory = aligned_alloc(64, count * sizeof(float));
    if (entry->memory == NULL) {
        destroy(entry);
        return -ENOMEM;
    }
    entry->filter.coefficients = entry->memory;
    fill_coefficients(entry, &prototype);
    *out = entry;
    return 0;
}

static unsigned common_divisor(unsigned a, unsigned b)
{
    while (b != 0) {
        unsigned rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static struct key make_key(enum resampler_profile profile, unsigned in_rate_hz,
                           unsigned out_rate_hz)
{
    struct key key = {profile, 1, 1};
    if (profile == RESAMPLER_PROFILE_DEFAULT)
        key.profile = RESAMPLER_PROFILE_MEDIUM;
    if (out_rate_hz < in_rate_hz) {
        unsigned divisor = common_divisor(in_rate_hz, out_rate_hz);
        key.in_rate = in_rate_hz / divisor;
        key.out_rate = out_rate_hz / divisor;
    }
    return key;
}

static struct entry *find(const struct key *key)
{
    struct entry *entry = shared.first;
    while (entry != NULL &&
           !(entry->key.profile == key->profile && entry->key.in_rate == key->in_rate &&
             entry->key.out_rate == key->out_rate))
        entry = entry->next;
    return entry;
}

int resampler_filter_create(const struct resampler_filter **out, enum resampler_profile profile,
                            unsigned in_rate_hz, unsigned out_rate_hz)
{
    struct key key = make_key(profile, in_rate_hz, out_rate_hz);
    int error = 0;
    pthread_mutex_lock(&shared.mutex);
    struct entry *entry = find(&key);
    if (entry == NULL) {
        error = create(&entry, &key);
        if (error == 0) {
            entry->next = shared.first;
            shared.first = entry;
        }
    }
    if (error == 0) {
        entry->users++;
        *out = &entry->filter;
    }
    pthread_mutex_unlock(&shared.mutex);
    return error;
}

void resampler_filter_unref(const struct resampler_filter *filter)
{
    if (filter == NULL)
        return;
    pthread_mutex_lock(&shared.mutex);
    struct entry **link = &shared.first;
    while (&(*link)->filter != filter)
        link = &(*link)->next;
    struct entry *entry = *link;
    if (--entry->users == 0) {
        *link = entry->next;
        destroy(entry);
    }
    pthread_mutex_unlock(&shared.mutex);
}
