// SPDX-License-Identifier: MPL-2.0
//
// What survives a restart: documents by kind and key in SQLite (WAL). A put that returned 0 is on
// the disk. One process per file: a second one is refused. Thread: loop.

#ifndef ROCD_STORE_STORE_H
#define ROCD_STORE_STORE_H

#include <jansson.h>

#include "model/error.h"

struct store;

// Makes the folder and the file when they are missing, migrates older ones. A damaged file is set
// aside (renamed) with a message in the log. On failure *error has the sentence. Returns 0 or -1.
int store_open(struct store **out, const char *state_dir, struct api_error *error);
void store_close(struct store *store);

// kind: "identity", "endpoint", "stream", "peer", "setting". Returns 0 or -1 with *error set.
int store_put(struct store *store, const char *kind, const char *key, const json_t *document,
              struct api_error *error);
int store_delete(struct store *store, const char *kind, const char *key, struct api_error *error);
// A new reference, or NULL when there is none.
json_t *store_get(struct store *store, const char *kind, const char *key);
// In the order in which they were first put. fn may not change the store.
int store_each(struct store *store, const char *kind,
               void (*fn)(const char *key, const json_t *document, void *arg), void *arg);
// Answers a trivial query; for /healthz. Returns 0 or -1.
int store_check(struct store *store);

#endif
