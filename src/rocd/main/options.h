// SPDX-License-Identifier: MPL-2.0
//
// The command line of rocd. Every setting is an option: state_dir is --state-dir. Thread: any.

#ifndef ROCD_MAIN_OPTIONS_H
#define ROCD_MAIN_OPTIONS_H

#include <stdbool.h>

#include "main/settings.h"

struct options {
    bool help, version, check_config;
    struct settings settings; // defaults, then the file, then the command line
};

// Why options_load failed.
enum options_failure {
    OPTIONS_USAGE, // the command line is wrong
    OPTIONS_CONFIG // the configuration file is
};

// Reads the configuration file, too, unless only help or the version is wanted. Returns 0, or -1
// with *error and *failure set.
int options_load(struct options *options, int argc, char **argv, enum options_failure *failure,
                 struct api_error *error);
// The text of --help.
extern const char options_help[];

#endif
