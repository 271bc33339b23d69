// SPDX-License-Identifier: MPL-2.0
//
// The tables of the store, version by version. Internal to store/. Thread: loop.

#ifndef ROCD_STORE_MIGRATE_H
#define ROCD_STORE_MIGRATE_H

#include <sqlite3.h>

#include "model/error.h"

// Brings the database to the newest version, each step in a transaction of its own and written down
// in the table `migrations`. Refuses a file of a newer daemon. Returns 0 or -1 with *error set.
int store_migrate(sqlite3 *db, const char *path, struct api_error *error);

#endif
