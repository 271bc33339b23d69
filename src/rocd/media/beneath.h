// SPDX-License-Identifier: MPL-2.0
//
// Opening a path beneath a folder: neither "..", nor an absolute path, nor a symbolic link leads
// out of it. Thread: loop.

#ifndef ROCD_MEDIA_BENEATH_H
#define ROCD_MEDIA_BENEATH_H

// flags as of open(2); O_CLOEXEC is added. Returns a descriptor, or -1 with errno: EXDEV when the
// path leads out, otherwise as open(2).
int beneath_open(int dir_fd, const char *path, int flags);

// What beneath_open does where the kernel does not resolve beneath a folder by itself (before Linux
// 5.6, or under a sandbox that does not know the call). It follows no symbolic link at all, and no
// "..". As beneath_open.
int beneath_walk(int dir_fd, const char *path, int flags);

#endif
