// SPDX-License-Identifier: MPL-2.0
//
// The configuration file: YAML, one flat mapping with the names of settings.h, and `peers` as a
// list. Thread: any.

#ifndef ROCD_MAIN_CONFIG_H
#define ROCD_MAIN_CONFIG_H

#include "main/settings.h"

// Applies the file to *settings, which may be half changed on failure. The sentence in *error names
// file, line and key. Returns 0 or -1.
int config_load(struct settings *settings, const char *path, struct api_error *error);
// The same from memory.
struct config_source {
    const char *path; // for sentences
    const char *text;
    size_t size_bytes;
};
int config_parse(struct settings *settings, const struct config_source *source,
                 struct api_error *error);
// The file that is read when none is named; "" when none is there.
void config_find(char path[SETTINGS_PATH_SIZE]);

#endif
