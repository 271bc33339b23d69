// SPDX-License-Identifier: MPL-2.0
//
// Counts what a real-time function must not do: malloc and its relatives, free, taking a lock, and
// calls that may wait: for a time, for another thread, or for a file or socket.
// Included by one file of a test program; it replaces these functions for the
// program. Under a sanitizer, which replaces them itself, nothing is counted and
// REALTIME_TRAP_WORKS is 0.

#ifndef ROC_TESTS_REALTIME_TRAP_H
#define ROC_TESTS_REALTIME_TRAP_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define REALTIME_TRAP_WORKS 0
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
        __has_feature(memory_sanitizer)
#        define REALTIME_TRAP_WORKS 0
#    endif
#endif
#ifndef REALTIME_TRAP_WORKS
#    define REALTIME_TRAP_WORKS 1
#endif

static _Thread_local bool realtime_trap_is_set;
static _Thread_local unsigned realtime_trap_hits;

static inline void realtime_trap_start(void)
{
    realtime_trap_hits = 0;
    realtime_trap_is_set = true;
}

// Returns how many forbidden calls this thread made since the start.
static inline unsigned realtime_trap_stop(void)
{
    realtime_trap_is_set = false;
    return realtime_trap_hits;
}

#if REALTIME_TRAP_WORKS

// So that libraries find the replacements, too: the build hides what is not exported.
#    define REALTIME_TRAP_EXPORT __attribute__((visibility("default")))

// The names under which glibc keeps what is replaced here.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static inline void realtime_trap_hit(void)
{
    realtime_trap_hits += realtime_trap_is_set;
}

REALTIME_TRAP_EXPORT void *malloc(size_t size)
{
    realtime_trap_hit();
    return __libc_malloc(size);
}

REALTIME_TRAP_EXPORT void *calloc(size_t count, size_t size)
{
    realtime_trap_hit();
    return __libc_calloc(count, size);
}

REALTIME_TRAP_EXPORT void *realloc(void *memory, size_t size)
{
    realtime_trap_hit();
    return __libc_realloc(memory, size);
}

REALTIME_TRAP_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    realtime_trap_hit();
    return __libc_memalign(alignment, size);
}

REALTIME_TRAP_EXPORT int posix_memalign(void **out, size_t alignment, size_t size)
{
    realtime_trap_hit();
    void *memory = __libc_memalign(alignment, size);
    if (memory == NULL)
        return ENOMEM;
    *out = memory;
    return 0;
}

REALTIME_TRAP_EXPORT void free(void *memory)
{
    realtime_trap_hit();
    __libc_free(memory);
}

// Replaces a function by one that counts its calls. The next one is found before main, when there
// is one thread.
#    define REALTIME_TRAP(result, name, parameters, arguments)                   \
        static result(*realtime_trap_next_##name) parameters;                    \
        __attribute__((constructor)) static void realtime_trap_find_##name(void) \
        {                                                                        \
            if (realtime_trap_next_##name == NULL)                               \
                *(void **)&realtime_trap_next_##name = dlsym(RTLD_NEXT, #name);  \
        }                                                                        \
        REALTIME_TRAP_EXPORT result name parameters                              \
        {                                                                        \
            realtime_trap_hit();                                                 \
            realtime_trap_find_##name();                                         \
            return realtime_trap_next_##name arguments;                          \
        }

REALTIME_TRAP(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
REALTIME_TRAP(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
REALTIME_TRAP(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
REALTIME_TRAP(int, pthread_join, (pthread_t thread, void **result), (thread, result))
REALTIME_TRAP(int, sem_wait, (sem_t * semaphore), (semaphore))
REALTIME_TRAP(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left))
REALTIME_TRAP(int, clock_nanosleep,
              (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
              (clock, flags, time, left))
REALTIME_TRAP(int, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
REALTIME_TRAP(int, epoll_wait, (int fd, struct epoll_event *events, int count, int timeout),
              (fd, events, count, timeout))
REALTIME_TRAP(ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
REALTIME_TRAP(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
REALTIME_TRAP(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
              (fd, message, flags))
REALTIME_TRAP(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags),
              (fd, messages, count, flags))

static ssize_t (*realtime_trap_next_write)(int fd, const void *bytes, size_t size);

__attribute__((constructor)) static void realtime_trap_find_write(void)
{
    if (realtime_trap_next_write == NULL)
        *(void **)&realtime_trap_next_write = dlsym(RTLD_NEXT, "write");
}

// Another thread is woken through a file that does not block.
REALTIME_TRAP_EXPORT ssize_t write(int fd, const void *bytes, size_t size)
{
    if (realtime_trap_is_set && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0)
        realtime_trap_hit();
    realtime_trap_find_write();
    return realtime_trap_next_write(fd, bytes, size);
}

#endif

#endif
