// SPDX-License-Identifier: MPL-2.0
#include "media/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_SIZE 256

// Copies the next component; *path moves behind it and the slashes that follow. Returns 0 or -1.
static int take_name(char name[NAME_SIZE], const char **path)
{
    size_t length = strcspn(*path, "/");
    if (length >= NAME_SIZE) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, *path, length);
    name[length] = '\0';
    *path += length;
    *path += strspn(*path, "/");
    if (strcmp(name, "..") != 0)
        return 0;
    errno = EXDEV;
    return -1;
}

static void close_keeping_errno(int fd)
{
    int cause = errno;
    close(fd);
    errno = cause;
}

int beneath_walk(int dir_fd, const char *path, int flags)
{
    char name[NAME_SIZE];
    if (path[0] == '/' || path[0] == '\0') {
        errno = path[0] == '/' ? EXDEV : ENOENT;
        return -1;
    }
    int folder = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    while (folder >= 0) {
        if (take_name(name, &path) != 0) {
            close_keeping_errno(folder);
            return -1;
        }
        int step = *path != '\0' ? O_PATH | O_DIRECTORY : flags;
        int next = openat(folder, name, step | O_NOFOLLOW | O_CLOEXEC);
        close_keeping_errno(folder);
        if (*path == '\0')
            return next;
        folder = next;
    }
    return -1;
}

int beneath_open(int dir_fd, const char *path, int flags)
{
    struct open_how how = {
        .flags = (unsigned long long)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
    // Some sandboxes say EPERM to every call that they do not know.
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return beneath_walk(dir_fd, path, flags);
    return fd;
}
