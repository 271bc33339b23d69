// SPDX-License-Identifier: MPL-2.0
#include "main/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_mode(int fd, const char *path, struct api_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set(error, ERROR_UNAVAILABLE, NULL, "Cannot read the secret in %s: %s.", path,
                         strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_INVALID_ARGS, NULL, "The secret file %s is no file.", path);
    // The group may read it: that is how a service gets it.
    if ((status.st_mode & 027) != 0)
        return error_set(error, ERROR_FORBIDDEN, NULL,
                         "Other users can read or change the secret in %s; close it with: chmod "
                         "600 %s",
                         path, path);
    return 0;
}

static int take_line(char *text, const char *path, struct api_error *error)
{
    size_t size = strcspn(text, "\r\n");
    text[size] = '\0';
    if (size < SECRET_MIN_SIZE)
        return error_set(error, ERROR_INVALID_ARGS, NULL,
                         "The secret in %s has %zu characters; it needs at least %d.", path, size,
                         SECRET_MIN_SIZE);
    if (size >= SECRET_SIZE)
        return error_set(error, ERROR_INVALID_ARGS, NULL,
                         "The secret in %s is longer than %d characters.", path, SECRET_SIZE - 1);
    return 0;
}

int secret_load(char secret[SECRET_SIZE], const char *path, struct api_error *error)
{
    char text[SECRET_SIZE + 2] = "";
    // NONBLOCK: somebody may have named a pipe.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(error, ERROR_INVALID_ARGS, NULL, "Cannot read the secret in %s: %s.", path,
                         strerror(errno));
    int result = check_mode(fd, path, error);
    if (result == 0 && read(fd, text, sizeof(text) - 1) < 0)
        result = error_set(error, ERROR_UNAVAILABLE, NULL, "Cannot read the secret in %s: %s.",
                           path, strerror(errno));
    close(fd);
    if (result == 0)
        result = take_line(text, path, error);
    if (result == 0)
        memcpy(secret, text, SECRET_SIZE);
    sodium_memzero(text, sizeof(text));
    return result;
}
