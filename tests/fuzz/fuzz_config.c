// SPDX-License-Identifier: MPL-2.0
//
// The configuration file. The first byte chooses between a whole file and the value of one setting,
// which the mutator would seldom reach through YAML.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "main/config.h"

static void set(struct settings *settings, const uint8_t *data, size_t size)
{
    struct api_error error;
    size_t count = 0;
    char *value = malloc(size + 1);
    if (value == NULL)
        return;
    while (settings_names[count] != NULL)
        count++;
    memcpy(value, data, size);
    value[size] = '\0';
    for (size_t i = 0; i < count; i++)
        (void)settings_set(settings, settings_names[i], value, &error);
    free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings;
    struct api_error error;
    if (size == 0)
        return 0;
    settings_init(&settings);
    if ((data[0] & 1) != 0) {
        set(&settings, data + 1, size - 1);
    } else {
        struct config_source source = {"rocd.yaml", (const char *)data + 1, size - 1};
        if (config_parse(&settings, &source, &error) != 0 && error.text[0] == '\0')
            abort();
    }
    (void)settings_check(&settings, &error);
    return 0;
}
