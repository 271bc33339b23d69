// SPDX-License-Identifier: MPL-2.0
//
// Folders that the daemon makes when they are missing. Thread: any.

#ifndef ROCD_STORE_FOLDER_H
#define ROCD_STORE_FOLDER_H

#include <sys/types.h>

#include "model/error.h"

// Makes the folder with this mode, and those above it with 0755; one that exists is left as it is.
// what: "state folder", for the sentence. Returns 0 or -1 with *error set.
int folder_create(const char *path, mode_t mode, const char *what, struct api_error *error);

#endif
