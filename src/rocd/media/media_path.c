// SPDX-License-Identifier: MPL-2.0
#include "media/media_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/beneath.h"

#define FIELD     "virtual.path"
#define SUFFIX    ".wav"
#define MAX_TAKES 100000

static int explain(const char *path, int cause, struct api_error *error)
{
    switch (cause) {
    case EXDEV:
    case ELOOP:
        return error_set(error, ERROR_INVALID_ARGS, FIELD,
                         "'%s' leads out of the media folder; name a file inside it.", path);
    case ENOENT:
    case ENOTDIR:
        return error_set(error, ERROR_UNSATISFIABLE, FIELD,
                         "There is no '%s' in the media folder; put it there or correct the path.",
                         path);
    case EACCES:
    case EPERM:
        return error_set(error, ERROR_UNSATISFIABLE, FIELD,
                         "The daemon may not open '%s'; change the permissions of file and folder.",
                         path);
    default:
        return error_set(error, ERROR_UNSATISFIABLE, FIELD, "Cannot open '%s': %s.", path,
                         strerror(cause));
    }
}

int media_path_open_dir(const char *media_dir, struct api_error *error)
{
    if (mkdir(media_dir, 0755) != 0 && errno != EEXIST)
        return error_set(error, ERROR_UNSATISFIABLE, NULL, "Cannot make the media folder '%s': %s.",
                         media_dir, strerror(errno));
    int fd = open(media_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, ERROR_UNSATISFIABLE, NULL, "Cannot open the media folder '%s': %s.",
                         media_dir, strerror(errno));
    return fd;
}

static int check_path(const char *path, struct api_error *error)
{
    if (path[0] == '\0')
        return error_set(error, ERROR_INVALID_ARGS, FIELD,
                         "A path is needed: the name of a file in the media folder.");
    if (path[0] == '/')
        return error_set(error, ERROR_INVALID_ARGS, FIELD,
                         "'%s' is an absolute path; paths are relative to the media folder.", path);
    return 0;
}

int media_path_open_read(int dir_fd, const char *path, struct api_error *error)
{
    if (check_path(path, error) != 0)
        return -1;
    // O_NONBLOCK: opening a named pipe must not hang the loop.
    int fd = beneath_open(dir_fd, path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return explain(path, errno, error);
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return error_set(error, ERROR_UNSATISFIABLE, FIELD, "'%s' is not a file.", path);
    }
    return fd;
}

// Opens the folder of `path`; *name is its last component.
static int open_parent(int dir_fd, const char *path, const char **name, struct api_error *error)
{
    if (check_path(path, error) != 0)
        return -1;
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t length = strlen(base);
    if (length <= strlen(SUFFIX) || strcasecmp(base + length - strlen(SUFFIX), SUFFIX) != 0)
        return error_set(error, ERROR_INVALID_ARGS, FIELD,
                         "'%s' does not end in %s; a recorder writes WAV files.", path, SUFFIX);
    // Room for a number before the suffix, within what a file system takes.
    if (strlen(path) > 240)
        return error_set(error, ERROR_INVALID_ARGS, FIELD, "The path is longer than 240 bytes.");
    char parent[256] = ".";
    if (slash)
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
    int fd = beneath_open(dir_fd, parent, O_PATH | O_DIRECTORY);
    if (fd < 0)
        return explain(parent, errno, error);
    *name = base;
    return fd;
}

int media_path_check_write(int dir_fd, const char *path, struct api_error *error)
{
    const char *name = "";
    int parent = open_parent(dir_fd, path, &name, error);
    if (parent < 0)
        return -1;
    int failed = faccessat(parent, ".", W_OK | X_OK, AT_EACCESS) != 0 ? errno : 0;
    close(parent);
    if (failed)
        return error_set(error, ERROR_UNSATISFIABLE, FIELD,
                         "The daemon may not write '%s': %s; change the permissions of the folder.",
                         path, strerror(failed));
    return 0;
}

// "take.wav", 3 -> "take-3.wav"
static void number_name(char *out, size_t size_bytes, const char *path, unsigned number)
{
    size_t stem = strlen(path) - strlen(SUFFIX);
    if (number < 2)
        snprintf(out, size_bytes, "%s", path);
    else
        snprintf(out, size_bytes, "%.*s-%u%s", (int)stem, path, number, path + stem);
}

int media_path_create(int dir_fd, const char *path, char file[256], struct api_error *error)
{
    const char *name = "";
    int parent = open_parent(dir_fd, path, &name, error);
    if (parent < 0)
        return -1;
    int fd = -1;
    char candidate[256];
    errno = EEXIST;
    for (unsigned number = 1; fd < 0 && errno == EEXIST && number <= MAX_TAKES; number++) {
        number_name(candidate, sizeof(candidate), name, number);
        fd = openat(parent, candidate, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd >= 0)
            number_name(file, 256, path, number);
    }
    int cause = errno;
    close(parent);
    return fd >= 0 ? fd : explain(path, cause, error);
}

void media_path_remove(int dir_fd, const char *file)
{
    struct api_error ignored;
    const char *name = "";
    int parent = open_parent(dir_fd, file, &name, &ignored);
    if (parent < 0)
        return;
    (void)unlinkat(parent, name, 0);
    close(parent);
}

void media_path_of_fd(char text[MEDIA_PATH_SIZE], int fd)
{
    snprintf(text, MEDIA_PATH_SIZE, "/proc/self/fd/%d", fd);
}
