// SPDX-License-Identifier: MPL-2.0
//
// Files inside the media folder. A path is relative to it, and nothing outside can be named:
// neither by "..", nor by an absolute path, nor by a symbolic link that leads out (the kernel
// resolves the path beneath the folder, so there is no gap between a check and the use). Thread:
// loop.

#ifndef ROCD_MEDIA_MEDIA_PATH_H
#define ROCD_MEDIA_MEDIA_PATH_H

#include "model/error.h"

// What to hand to a library that takes a path: it names the open file itself, whatever happens to
// the name in the folder meanwhile.
#define MEDIA_PATH_SIZE 32

// The folder is made when it is missing. Returns a descriptor or -1 with *error set.
int media_path_open_dir(const char *media_dir, struct api_error *error);

// Opens a regular file for reading. Returns a descriptor or -1 with *error set.
int media_path_open_read(int dir_fd, const char *path, struct api_error *error);

// Checks that `path` (NAME.wav, its folder there and writable) can be recorded to. Returns 0 or -1
// with *error set.
int media_path_check_write(int dir_fd, const char *path, struct api_error *error);

// Makes a new file `path`, or with -2, -3, ... before the suffix: never one that exists. The name
// that was taken is written to `file`. Returns a descriptor or -1 with *error set.
int media_path_create(int dir_fd, const char *path, char file[256], struct api_error *error);

// Removes a file that media_path_create made.
void media_path_remove(int dir_fd, const char *file);

void media_path_of_fd(char text[MEDIA_PATH_SIZE], int fd);

#endif
