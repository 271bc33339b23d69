// SPDX-License-Identifier: MPL-2.0
#include "store/migrate.h"

// Steps are only ever added: a released one is in somebody's file.
static const char *const steps[] = {
    // id keeps the order in which documents were first put; an update leaves it alone.
    "CREATE TABLE documents ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  kind TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  body TEXT NOT NULL,"
    "  UNIQUE (kind, key)"
    ");",
};

#define STEP_COUNT ((int)(sizeof(steps) / sizeof(steps[0])))

static int fail(sqlite3 *db, const char *path, struct api_error *error)
{
    error_set(error, ERROR_UNAVAILABLE, NULL, "Bringing %s up to date failed: %s.", path,
              sqlite3_errmsg(db));
    // Fails when no transaction is open, which is just as good.
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

static int read_version(sqlite3 *db, int *version)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, "SELECT coalesce(max(version), 0) FROM migrations", -1,
                                    &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW)
        *version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : -1;
}

static int apply(sqlite3 *db, int version)
{
    char note[96];
    sqlite3_snprintf(sizeof(note), note,
                     "INSERT INTO migrations (version, applied_at) VALUES (%d, datetime('now'));",
                     version);
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, steps[version - 1], NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, note, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return -1;
    return 0;
}

int store_migrate(sqlite3 *db, const char *path, struct api_error *error)
{
    int version = 0;
    if (sqlite3_exec(db,
                     "CREATE TABLE IF NOT EXISTS migrations ("
                     "  version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        read_version(db, &version) != 0)
        return fail(db, path, error);
    if (version > STEP_COUNT)
        return error_set(error, ERROR_UNAVAILABLE, NULL,
                         "%s was written by a newer rocd (version %d of its tables, this one knows "
                         "%d); update rocd or choose another --state-dir.",
                         path, version, STEP_COUNT);
    while (version < STEP_COUNT) {
        if (apply(db, version + 1) != 0)
            return fail(db, path, error);
        version++;
    }
    return 0;
}
