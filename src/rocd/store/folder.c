// SPDX-License-Identifier: MPL-2.0
#include "store/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// Another process may make it at the same time, so that only what is there in the end counts.
static int create_one(const char *path, mode_t mode)
{
    struct stat status;
    if (mkdir(path, mode) == 0)
        return 0;
    int code = errno;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return 0;
    return code == EEXIST ? -ENOTDIR : -code;
}

int folder_create(const char *path, mode_t mode, const char *what, struct api_error *error)
{
    char part[PATH_MAX];
    int result = -ENAMETOOLONG;
    if (path[0] != '\0' && snprintf(part, sizeof(part), "%s", path) < (int)sizeof(part))
        result = 0;
    for (char *slash = part + 1; result == 0 && (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        result = create_one(part, 0755);
        *slash = '/';
    }
    if (result == 0)
        result = create_one(part, mode);
    if (result == 0)
        return 0;
    return error_set(error, ERROR_UNAVAILABLE, NULL, "Cannot make the %s %s: %s.", what, path,
                     strerror(-result));
}
