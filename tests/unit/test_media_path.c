// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "media/beneath.h"
#include "media/media_path.h"

// outside/secret.wav, media/song.wav, media/sub/, and links in media/
struct folders {
    char root[64];
    int dir_fd;
};

static void put_file(const struct folders *folders, const char *name)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", folders->root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("old", file);
    fclose(file);
}

static void put_link(const struct folders *folders, const char *target, const char *name)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/media/%s", folders->root, name);
    assert_int_equal(symlink(target, path), 0);
}

static void put_dir(const struct folders *folders, const char *name)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", folders->root, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static int setup(void **state)
{
    struct folders *folders = calloc(1, sizeof(*folders));
    struct api_error error = {0};
    char media[96], target[96];
    strcpy(folders->root, "/tmp/rocd-test-XXXXXX");
    assert_non_null(mkdtemp(folders->root));
    put_dir(folders, "outside");
    snprintf(media, sizeof(media), "%s/media", folders->root);
    folders->dir_fd = media_path_open_dir(media, &error);
    assert_true(folders->dir_fd >= 0);
    put_dir(folders, "media/sub");
    put_file(folders, "outside/secret.wav");
    put_file(folders, "media/song.wav");
    put_link(folders, "../outside/secret.wav", "relative.wav");
    snprintf(target, sizeof(target), "%s/outside/secret.wav", folders->root);
    put_link(folders, target, "absolute.wav");
    put_link(folders, "../outside", "away");
    put_link(folders, "/proc/self/root", "magic");
    put_link(folders, "../song.wav", "sub/inside.wav");
    put_link(folders, "../outside/new.wav", "dangling.wav");
    *state = folders;
    return 0;
}

static int teardown(void **state)
{
    struct folders *folders = *state;
    char command[96];
    snprintf(command, sizeof(command), "rm -rf '%s'", folders->root);
    assert_int_equal(system(command), 0);
    close(folders->dir_fd);
    free(folders);
    return 0;
}

static bool is_kernel_resolving(const struct folders *folders)
{
    struct open_how how = {.flags = O_PATH, .resolve = RESOLVE_BENEATH};
    int fd = (int)syscall(SYS_openat2, folders->dir_fd, ".", &how, sizeof(how));
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void check_opens(const struct folders *folders, const char *name)
{
    struct api_error error = {0};
    int fd = media_path_open_read(folders->dir_fd, name, &error);
    if (fd < 0)
        fail_msg("%s: %s", name, error.text);
    close(fd);
}

static void test_files_inside_open(void **state)
{
    struct folders *folders = *state;
    check_opens(folders, "song.wav");
    check_opens(folders, "./song.wav");
    check_opens(folders, ".//./song.wav");
    if (!is_kernel_resolving(folders))
        return;
    check_opens(folders, "sub/../song.wav");
    check_opens(folders, "sub/inside.wav");
}

static void test_walk_follows_no_link(void **state)
{
    struct folders *folders = *state;
    static const char *const names[] = {"../outside/secret.wav",
                                        "/etc/passwd",
                                        "relative.wav",
                                        "absolute.wav",
                                        "away/secret.wav",
                                        "dangling.wav",
                                        "sub/../song.wav",
                                        "magic/etc/passwd",
                                        "..",
                                        "",
                                        "sub/inside.wav",
                                        "song.wav/x",
                                        "sub/../../outside",
                                        "none/../song.wav"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (beneath_walk(folders->dir_fd, names[i], O_RDONLY) >= 0)
            fail_msg("'%s' opened", names[i]);
    }
    int fd = beneath_walk(folders->dir_fd, "sub//.//", O_PATH | O_DIRECTORY);
    assert_true(fd >= 0);
    close(fd);
    fd = beneath_walk(folders->dir_fd, "./song.wav", O_RDONLY);
    assert_true(fd >= 0);
    close(fd);
}

static void test_nothing_outside_can_be_read(void **state)
{
    struct folders *folders = *state;
    static const char *const names[] = {"../outside/secret.wav",
                                        "/etc/passwd",
                                        "relative.wav",
                                        "absolute.wav",
                                        "away/secret.wav",
                                        "dangling.wav",
                                        "sub/../../media/song.wav",
                                        "magic/etc/passwd",
                                        "..",
                                        ".",
                                        "",
                                        "sub",
                                        "none.wav",
                                        "song.wav/x",
                                        "sub/../../outside/secret.wav"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct api_error error = {0};
        if (media_path_open_read(folders->dir_fd, names[i], &error) >= 0)
            fail_msg("'%s' opened", names[i]);
        assert_true(error.code == ERROR_INVALID_ARGS || error.code == ERROR_UNSATISFIABLE);
        assert_string_equal(error.field, "virtual.path");
        assert_true(strlen(error.text) > 10);
    }
}

static void test_named_pipe_does_not_hang(void **state)
{
    struct folders *folders = *state;
    struct api_error error = {0};
    char path[96];
    snprintf(path, sizeof(path), "%s/media/pipe.wav", folders->root);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_true(media_path_open_read(folders->dir_fd, "pipe.wav", &error) < 0);
}

static void test_nothing_outside_can_be_written(void **state)
{
    struct folders *folders = *state;
    static const char *const names[] = {"../outside/new.wav",
                                        "/tmp/new.wav",
                                        "away/new.wav",
                                        "magic/tmp/new.wav",
                                        "none/new.wav",
                                        "song",
                                        ".wav",
                                        "sub/",
                                        ""};
    char file[256] = "untouched";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct api_error error = {0};
        assert_int_equal(media_path_check_write(folders->dir_fd, names[i], &error), -1);
        if (media_path_create(folders->dir_fd, names[i], file, &error) >= 0)
            fail_msg("'%s' was made", names[i]);
        assert_string_equal(file, "untouched");
    }
    char path[96];
    snprintf(path, sizeof(path), "%s/outside/new.wav", folders->root);
    assert_int_equal(access(path, F_OK), -1);
}

static void check_create(struct folders *folders, const char *name, const char *expected)
{
    struct api_error error = {0};
    char file[256];
    int fd = media_path_create(folders->dir_fd, name, file, &error);
    if (fd < 0)
        fail_msg("%s: %s", name, error.text);
    close(fd);
    assert_string_equal(file, expected);
}

static void test_recorder_never_overwrites(void **state)
{
    struct folders *folders = *state;
    check_create(folders, "take.wav", "take.wav");
    check_create(folders, "take.wav", "take-2.wav");
    check_create(folders, "take.wav", "take-3.wav");
    media_path_remove(folders->dir_fd, "take-2.wav");
    check_create(folders, "take.wav", "take-2.wav");
    check_create(folders, "sub/take.WAV", "sub/take.WAV");
    check_create(folders, "sub/take.WAV", "sub/take-2.WAV");
    check_create(folders, "song.wav", "song-2.wav");
    // A link is not followed, wherever it leads.
    check_create(folders, "relative.wav", "relative-2.wav");
    check_create(folders, "dangling.wav", "dangling-2.wav");
    struct stat info;
    char path[96];
    snprintf(path, sizeof(path), "%s/media/song.wav", folders->root);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 3);
}

static void test_long_names_are_refused(void **state)
{
    struct folders *folders = *state;
    struct api_error error = {0};
    char name[256], file[256];
    memset(name, 'a', sizeof(name));
    strcpy(name + 250, ".wav");
    assert_true(media_path_create(folders->dir_fd, name, file, &error) < 0);
    assert_int_equal(error.code, ERROR_INVALID_ARGS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files_inside_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_walk_follows_no_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_outside_can_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_named_pipe_does_not_hang, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_outside_can_be_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recorder_never_overwrites, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_names_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
