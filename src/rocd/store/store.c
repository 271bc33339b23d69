// SPDX-License-Identifier: MPL-2.0
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "model/log.h"
#include "store/folder.h"
#include "store/migrate.h"

#define PATH_SIZE 512

struct store {
    char path[PATH_SIZE];
    int lock_fd;
    sqlite3 *db;
    sqlite3_stmt *put, *delete, *get, *each, *check;
};

static int fail_sqlite(struct store *store, const char *what, struct api_error *error)
{
    bool is_full = store->db != NULL && (sqlite3_errcode(store->db) & 0xff) == SQLITE_FULL;
    return error_set(error, ERROR_UNAVAILABLE, NULL, "%s in %s failed: %s%s.", what, store->path,
                     store->db != NULL ? sqlite3_errmsg(store->db) : "out of memory",
                     is_full ? "; make room there, then try again" : "");
}

static int make_folder(const char *state_dir, struct api_error *error)
{
    struct stat status;
    if (folder_create(state_dir, 0700, "state folder", error) != 0)
        return -1;
    // One that was there may be somebody's home or /tmp, so its mode is not ours to change. Our
    // files are closed in any case.
    if (stat(state_dir, &status) == 0 && (status.st_mode & 077) != 0)
        rocd_log(ROCD_LOG_INFO, "store", "other users may look into the state folder %s",
                 state_dir);
    return 0;
}

// A lock file of its own: SQLite's locks come and go with transactions, ours stays as long as the
// process lives, and goes with it however it ends.
static int lock(struct store *store, const char *state_dir, struct api_error *error)
{
    char path[PATH_SIZE + 8];
    snprintf(path, sizeof(path), "%s/lock", state_dir);
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock_fd < 0)
        return error_set(error, ERROR_UNAVAILABLE, NULL, "Cannot open %s: %s.", path,
                         strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return error_set(error, ERROR_CONFLICT, NULL,
                         "Another rocd uses the state folder %s; stop it, or choose another folder "
                         "with --state-dir.",
                         state_dir);
    return error_set(error, ERROR_UNAVAILABLE, NULL, "Cannot lock %s: %s.", path, strerror(errno));
}

// SQLite gives its -wal and -shm files the mode of the main file, so that one must be right first.
static int make_file(const struct store *store, struct api_error *error)
{
    int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0) {
        error_set(error, ERROR_UNAVAILABLE, NULL, "Cannot open %s: %s.", store->path,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

// Returns an SQLite code: SQLITE_CORRUPT only where the file itself is bad.
static int check_whole(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        result = text == NULL ? SQLITE_NOMEM : strcmp(text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
    }
    sqlite3_finalize(statement);
    return result;
}

// Returns an SQLite code.
static int open_database(struct store *store)
{
    int result =
        sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK)
        return result;
    sqlite3_busy_timeout(store->db, 1000);
    // FULL: a put that returned is on the disk, not in the kernel's hands.
    result = sqlite3_exec(store->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", NULL,
                          NULL, NULL);
    if (result != SQLITE_OK)
        return result;
    return check_whole(store->db);
}

static bool is_damage(int result)
{
    return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB;
}

// Renames the file and its journal, so that what is left of it can be looked at.
static int set_aside(struct store *store, struct api_error *error)
{
    static const char *const suffixes[] = {"-wal", "-shm", ""};
    char from[PATH_SIZE + 8], to[PATH_SIZE + 48];
    long long now = (long long)time(NULL);
    sqlite3_close(store->db);
    store->db = NULL;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        snprintf(from, sizeof(from), "%s%s", store->path, suffixes[i]);
        snprintf(to, sizeof(to), "%s.damaged-%lld%s", store->path, now, suffixes[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return error_set(error, ERROR_UNAVAILABLE, NULL,
                             "%s is damaged and cannot be set aside: %s.", store->path,
                             strerror(errno));
    }
    rocd_log(ROCD_LOG_ERROR, "store",
             "%s is damaged; it was renamed to %s, and the daemon starts with an empty one",
             store->path, to);
    return make_file(store, error);
}

static int prepare(struct store *store)
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } statements[] = {
        {&store->put, "INSERT INTO documents (kind, key, body) VALUES (?1, ?2, ?3) "
                      "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"},
        {&store->delete, "DELETE FROM documents WHERE kind = ?1 AND key = ?2"},
        {&store->get, "SELECT body FROM documents WHERE kind = ?1 AND key = ?2"},
        {&store->each, "SELECT key, body FROM documents WHERE kind = ?1 ORDER BY id"},
        {&store->check, "SELECT count(*) FROM migrations"},
    };
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        int result = sqlite3_prepare_v3(store->db, statements[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        statements[i].statement, NULL);
        if (result != SQLITE_OK)
            return result;
    }
    return SQLITE_OK;
}

static int open_file(struct store *store, struct api_error *error)
{
    if (make_file(store, error) != 0)
        return -1;
    int result = open_database(store);
    if (is_damage(result)) {
        if (set_aside(store, error) != 0)
            return -1;
        result = open_database(store);
    }
    if (result != SQLITE_OK)
        return fail_sqlite(store, "Opening", error);
    if (store_migrate(store->db, store->path, error) != 0)
        return -1;
    if (prepare(store) != SQLITE_OK)
        return fail_sqlite(store, "Preparing", error);
    return 0;
}

int store_open(struct store **out, const char *state_dir, struct api_error *error)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    store->lock_fd = -1;
    int size = snprintf(store->path, sizeof(store->path), "%s/rocd.db", state_dir);
    if (state_dir[0] == '\0' || size >= (int)sizeof(store->path)) {
        error_set(error, ERROR_INVALID_ARGS, NULL, "The state folder's name is empty or too long.");
        goto fail;
    }
    if (make_folder(state_dir, error) != 0 || lock(store, state_dir, error) != 0 ||
        open_file(store, error) != 0)
        goto fail;
    *out = store;
    return 0;

fail:
    store_close(store);
    return -1;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    sqlite3_finalize(store->put);
    sqlite3_finalize(store->delete);
    sqlite3_finalize(store->get);
    sqlite3_finalize(store->each);
    sqlite3_finalize(store->check);
    sqlite3_close(store->db);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store);
}

// Runs a statement that gives no rows; its bindings borrow from the caller.
static int run(struct store *store, sqlite3_stmt *statement, const char *what,
               struct api_error *error)
{
    int result = sqlite3_step(statement);
    if (result != SQLITE_DONE)
        fail_sqlite(store, what, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result == SQLITE_DONE ? 0 : -1;
}

int store_put(struct store *store, const char *kind, const char *key, const json_t *document,
              struct api_error *error)
{
    char *text = json_dumps(document, JSON_COMPACT);
    if (text == NULL)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    sqlite3_bind_text(store->put, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(store->put, 2, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(store->put, 3, text, -1, SQLITE_STATIC);
    int result = run(store, store->put, "Writing", error);
    free(text);
    return result;
}

int store_delete(struct store *store, const char *kind, const char *key, struct api_error *error)
{
    sqlite3_bind_text(store->delete, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(store->delete, 2, key, -1, SQLITE_STATIC);
    return run(store, store->delete, "Deleting", error);
}

static json_t *read_document(const struct store *store, sqlite3_stmt *statement, int column,
                             const char *kind)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    json_t *document = text != NULL ? json_loads(text, 0, NULL) : NULL;
    if (document == NULL)
        rocd_log(ROCD_LOG_ERROR, "store", "%s: a document of kind %s cannot be read; left out",
                 store->path, kind);
    return document;
}

json_t *store_get(struct store *store, const char *kind, const char *key)
{
    json_t *document = NULL;
    sqlite3_bind_text(store->get, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(store->get, 2, key, -1, SQLITE_STATIC);
    int result = sqlite3_step(store->get);
    if (result == SQLITE_ROW)
        document = read_document(store, store->get, 0, kind);
    else if (result != SQLITE_DONE)
        rocd_log(ROCD_LOG_ERROR, "store", "reading %s failed: %s", store->path,
                 sqlite3_errmsg(store->db));
    sqlite3_reset(store->get);
    sqlite3_clear_bindings(store->get);
    return document;
}

int store_each(struct store *store, const char *kind,
               void (*fn)(const char *key, const json_t *document, void *arg), void *arg)
{
    int result;
    sqlite3_bind_text(store->each, 1, kind, -1, SQLITE_STATIC);
    while ((result = sqlite3_step(store->each)) == SQLITE_ROW) {
        json_t *document = read_document(store, store->each, 1, kind);
        if (document != NULL)
            fn((const char *)sqlite3_column_text(store->each, 0), document, arg);
        json_decref(document);
    }
    if (result != SQLITE_DONE)
        rocd_log(ROCD_LOG_ERROR, "store", "reading %s failed: %s", store->path,
                 sqlite3_errmsg(store->db));
    sqlite3_reset(store->each);
    sqlite3_clear_bindings(store->each);
    return result == SQLITE_DONE ? 0 : -1;
}

int store_check(struct store *store)
{
    int result = sqlite3_step(store->check);
    sqlite3_reset(store->check);
    return result == SQLITE_ROW ? 0 : -1;
}
