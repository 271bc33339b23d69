// SPDX-License-Identifier: MPL-2.0
//
// The secret of the network, from its file. Thread: any.

#ifndef ROCD_MAIN_SECRET_H
#define ROCD_MAIN_SECRET_H

#include "model/error.h"

#define SECRET_SIZE     513
#define SECRET_MIN_SIZE 16

// The file's first line. Refuses what is too short to be secret, and a file that other users of the
// machine may read or change. Returns 0 or -1 with *error set; the secret is never in it.
int secret_load(char secret[SECRET_SIZE], const char *path, struct api_error *error);

#endif
