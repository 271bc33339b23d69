// SPDX-License-Identifier: MPL-2.0
//
// What uri_parse accepts, uri_write gives back in the same bytes (but for the alias `self`).
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char self[] = "ssssss-ssssss-ssssss";
    char *text = malloc(size + 1), written[URI_SIZE];
    struct resource_uri uri;
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (uri_parse(&uri, text, NULL) == 0) {
        uri_write(written, &uri);
        if (strcmp(written, text) != 0)
            abort();
    } else if (uri_parse(&uri, text, self) == 0) {
        uri_write(written, &uri);
        if (strstr(written, self) == NULL || strstr(text, "/self") == NULL)
            abort();
    }
    (void)uid_is_valid(text);
    free(text);
    return 0;
}
