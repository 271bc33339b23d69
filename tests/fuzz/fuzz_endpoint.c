// SPDX-License-Identifier: MPL-2.0
//
// The first byte picks the setter, the rest is its text. What was accepted must come back, and mean
// the same when it is set again.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "roc/endpoint.h"
#include "roc/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *get_uri(const roc_endpoint *endpoint)
{
    size_t room = 0;
    if (roc_endpoint_get_uri(endpoint, NULL, &room) != 0)
        return NULL;
    char *text = malloc(room);
    size_t written = room;
    if (text == NULL || roc_endpoint_get_uri(endpoint, text, &written) != 0 || written != room ||
        strlen(text) + 1 != room)
        abort();
    return text;
}

static void check_round_trip(roc_endpoint *endpoint)
{
    char *once = get_uri(endpoint);
    if (once == NULL)
        return;
    if (roc_endpoint_set_uri(endpoint, once) != 0)
        abort();
    char *twice = get_uri(endpoint);
    if (twice == NULL || strcmp(once, twice) != 0)
        abort();
    free(once);
    free(twice);
}

static int set_part(roc_endpoint *endpoint, unsigned which, const char *text)
{
    if (which == 0)
        return roc_endpoint_set_uri(endpoint, text);
    if (roc_endpoint_set_uri(endpoint, "rtsp://host:1/path?query") != 0)
        abort();
    return which == 1 ? roc_endpoint_set_host(endpoint, text)
                      : roc_endpoint_set_resource(endpoint, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    roc_log_set_level(ROC_LOG_NONE);
    roc_endpoint *endpoint = NULL;
    char *text = malloc(size + 1);
    if (size == 0 || text == NULL || roc_endpoint_allocate(&endpoint) != 0) {
        free(text);
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    const int code = set_part(endpoint, data[0] % 3, text);
    size_t room = 0;
    if ((code == 0) != (roc_endpoint_get_uri(endpoint, NULL, &room) == 0))
        abort();
    check_round_trip(endpoint);
    roc_endpoint_deallocate(endpoint);
    free(text);
    return 0;
}
