// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/log.h"
#include "store/store.h"

struct fixture {
    char folder[64];
    char state_dir[96];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    rocd_log_set_level(ROCD_LOG_NONE);
    strcpy(fixture->folder, "/tmp/test_store.XXXXXX");
    if (mkdtemp(fixture->folder) == NULL)
        return -1;
    snprintf(fixture->state_dir, sizeof(fixture->state_dir), "%s/a/state", fixture->folder);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", fixture->folder);
    free(fixture);
    return system(command);
}

static struct store *open_store(const struct fixture *fixture)
{
    struct store *store = NULL;
    struct api_error error = {0};
    if (store_open(&store, fixture->state_dir, &error) != 0)
        fail_msg("%s", error.text);
    return store;
}

static void put_number(struct store *store, const char *kind, const char *key, int number)
{
    struct api_error error;
    json_t *document = json_pack("{s:i}", "number", number);
    assert_int_equal(store_put(store, kind, key, document, &error), 0);
    json_decref(document);
}

static int get_number(struct store *store, const char *kind, const char *key)
{
    json_t *document = store_get(store, kind, key);
    int number =
        document != NULL ? (int)json_integer_value(json_object_get(document, "number")) : -1;
    json_decref(document);
    return number;
}

static void test_store_keeps_documents_over_a_restart(void **state)
{
    struct api_error error;
    struct store *store = open_store(*state);
    put_number(store, "endpoint", "a", 1);
    put_number(store, "stream", "a", 2);
    put_number(store, "endpoint", "a", 3);
    put_number(store, "endpoint", "b", 4);
    assert_int_equal(store_delete(store, "endpoint", "b", &error), 0);
    assert_int_equal(store_delete(store, "endpoint", "b", &error), 0);
    store_close(store);

    store = open_store(*state);
    assert_int_equal(get_number(store, "endpoint", "a"), 3);
    assert_int_equal(get_number(store, "stream", "a"), 2);
    assert_int_equal(get_number(store, "endpoint", "b"), -1);
    assert_int_equal(store_check(store), 0);
    store_close(store);
}

static void append_key(const char *key, const json_t *document, void *arg)
{
    strcat(arg, key);
    assert_true(json_is_object(document));
}

static void test_store_lists_in_order_of_first_put(void **state)
{
    char keys[16] = "";
    struct store *store = open_store(*state);
    put_number(store, "stream", "c", 1);
    put_number(store, "stream", "a", 1);
    put_number(store, "stream", "b", 1);
    put_number(store, "peer", "x", 1);
    put_number(store, "stream", "c", 2);
    assert_int_equal(store_each(store, "stream", append_key, keys), 0);
    assert_string_equal(keys, "cab");
    store_close(store);
}

static void test_store_is_closed_to_other_users(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const names[] = {"rocd.db", "rocd.db-wal", "rocd.db-shm", "lock"};
    struct stat status;
    mode_t mask = umask(0);
    struct store *store = open_store(fixture);
    umask(mask);
    put_number(store, "identity", "self", 1);
    assert_int_equal(stat(fixture->state_dir, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", fixture->state_dir, names[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    store_close(store);
}

static void test_store_leaves_mode_of_existing_folder_alone(void **state)
{
    const struct fixture *fixture = *state;
    struct stat status;
    struct store *store = NULL;
    struct api_error error;
    assert_int_equal(chmod(fixture->folder, 0755), 0);
    assert_int_equal(store_open(&store, fixture->folder, &error), 0);
    store_close(store);
    assert_int_equal(stat(fixture->folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0755);
}

static void test_store_refuses_second_user(void **state)
{
    const struct fixture *fixture = *state;
    struct api_error error;
    struct store *second = NULL;
    struct store *store = open_store(fixture);
    assert_int_equal(store_open(&second, fixture->state_dir, &error), -1);
    assert_null(second);
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_non_null(strstr(error.text, fixture->state_dir));
    store_close(store);
    store_close(open_store(fixture));
}

static bool has_damaged_copy(const char *folder)
{
    bool found = false;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        found = found || strncmp(entry->d_name, "rocd.db.damaged-", 16) == 0;
    closedir(dir);
    return found;
}

// Writes bytes over the file from the given place on; returns its former size.
static void damage(const struct fixture *fixture, off_t offset)
{
    char path[128], garbage[8192];
    memset(garbage, 0xa5, sizeof(garbage));
    snprintf(path, sizeof(path), "%s/rocd.db", fixture->state_dir);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, garbage, sizeof(garbage), offset), sizeof(garbage));
    close(fd);
}

static void test_store_sets_damaged_file_aside(void **state)
{
    const struct fixture *fixture = *state;
    static const off_t offsets[] = {0, 4096};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct store *store = open_store(fixture);
        put_number(store, "stream", "a", 1);
        store_close(store);
        damage(fixture, offsets[i]);

        store = open_store(fixture);
        assert_int_equal(get_number(store, "stream", "a"), -1);
        put_number(store, "stream", "b", 2);
        assert_int_equal(get_number(store, "stream", "b"), 2);
        store_close(store);
        assert_true(has_damaged_copy(fixture->state_dir));
    }
}

static void test_store_refuses_file_of_newer_version(void **state)
{
    const struct fixture *fixture = *state;
    char path[128];
    struct store *store = open_store(fixture);
    struct api_error error;
    sqlite3 *db = NULL;
    store_close(store);
    snprintf(path, sizeof(path), "%s/rocd.db", fixture->state_dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "INSERT INTO migrations VALUES (999, '')", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    store = NULL;
    assert_int_equal(store_open(&store, fixture->state_dir, &error), -1);
    assert_non_null(strstr(error.text, "newer"));
    assert_false(has_damaged_copy(fixture->state_dir));
}

static void test_store_says_why_folder_is_unusable(void **state)
{
    const struct fixture *fixture = *state;
    char path[128];
    struct api_error error;
    struct store *store = NULL;
    snprintf(path, sizeof(path), "%s/file", fixture->folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(store_open(&store, path, &error), -1);
    assert_non_null(strstr(error.text, path));
    snprintf(path, sizeof(path), "%s/file/state", fixture->folder);
    assert_int_equal(store_open(&store, path, &error), -1);
    assert_int_equal(store_open(&store, "", &error), -1);
}

// The child puts 0, 1, 2, ... and tells each number only after its put returned.
static void put_until_killed(const char *state_dir, int fd)
{
    struct store *store = NULL;
    struct api_error error;
    if (store_open(&store, state_dir, &error) != 0)
        _exit(1);
    for (int i = 0;; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i % 50);
        json_t *document = json_pack("{s:i}", "number", i);
        if (store_put(store, "stream", key, document, &error) != 0 ||
            write(fd, &i, sizeof(i)) != sizeof(i))
            _exit(1);
        json_decref(document);
    }
}

static void test_store_has_every_acknowledged_put_after_kill(void **state)
{
    const struct fixture *fixture = *state;
    for (int round = 0; round < 5; round++) {
        int pipe_fds[2], last = -1, number;
        assert_int_equal(pipe(pipe_fds), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            put_until_killed(fixture->state_dir, pipe_fds[1]);
        close(pipe_fds[1]);
        while (last < 60 + round * 7 && read(pipe_fds[0], &number, sizeof(number)) > 0)
            last = number;
        kill(child, SIGKILL);
        while (read(pipe_fds[0], &number, sizeof(number)) > 0)
            last = number;
        close(pipe_fds[0]);
        waitpid(child, NULL, 0);
        assert_true(last >= 60);

        // The put after the last one told may have been made, too.
        struct store *store = open_store(fixture);
        for (int i = last - 49; i <= last; i++) {
            char key[16];
            snprintf(key, sizeof(key), "%d", i % 50);
            int stored = get_number(store, "stream", key);
            assert_true(stored == i || (i == last - 49 && stored == last + 1));
        }
        store_close(store);
        assert_false(has_damaged_copy(fixture->state_dir));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_store_keeps_documents_over_a_restart),
        TEST(test_store_lists_in_order_of_first_put),
        TEST(test_store_is_closed_to_other_users),
        TEST(test_store_leaves_mode_of_existing_folder_alone),
        TEST(test_store_refuses_second_user),
        TEST(test_store_sets_damaged_file_aside),
        TEST(test_store_refuses_file_of_newer_version),
        TEST(test_store_says_why_folder_is_unusable),
        TEST(test_store_has_every_acknowledged_put_after_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
