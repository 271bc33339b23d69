// SPDX-License-Identifier: MPL-2.0

#include "fec/ldpc_cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ldpc_cache {
    pthread_mutex_t mutex;
    // Most recently asked for first; NULL behind the last.
    struct ldpc_matrix *matrices[LDPC_CACHE_SIZE];
};

int ldpc_cache_create(struct ldpc_cache **out)
{
    struct ldpc_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return -ENOMEM;
    pthread_mutex_init(&cache->mutex, NULL);
    *out = cache;
    return 0;
}

void ldpc_cache_destroy(struct ldpc_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < LDPC_CACHE_SIZE; i++)
        ldpc_matrix_unref(cache->matrices[i]);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

// Where it is, or the last place.
static size_t find(const struct ldpc_cache *cache, unsigned k, unsigned r)
{
    size_t i = 0;
    while (i < LDPC_CACHE_SIZE - 1 && cache->matrices[i] &&
           (ldpc_matrix_sources(cache->matrices[i]) != k ||
            ldpc_matrix_repairs(cache->matrices[i]) != r))
        i++;
    return i;
}

static struct ldpc_matrix *take(struct ldpc_cache *cache, size_t i, unsigned k, unsigned r)
{
    struct ldpc_matrix *matrix = cache->matrices[i];
    if (matrix && ldpc_matrix_sources(matrix) == k && ldpc_matrix_repairs(matrix) == r)
        return matrix;
    return NULL;
}

int ldpc_cache_get(struct ldpc_cache *cache, struct ldpc_matrix **out, unsigned k, unsigned r)
{
    if (!cache)
        return ldpc_matrix_create(out, k, r);

    int error = 0;
    pthread_mutex_lock(&cache->mutex);
    size_t i = find(cache, k, r);
    struct ldpc_matrix *matrix = take(cache, i, k, r);
    if (!matrix) {
        error = ldpc_matrix_create(&matrix, k, r);
        if (!error)
            ldpc_matrix_unref(cache->matrices[i]);
    }
    if (!error) {
        memmove(cache->matrices + 1, cache->matrices, i * sizeof(struct ldpc_matrix *));
        cache->matrices[0] = matrix;
        *out = ldpc_matrix_ref(matrix);
    }
    pthread_mutex_unlock(&cache->mutex);
    return error;
}
