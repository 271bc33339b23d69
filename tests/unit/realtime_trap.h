// SPDX-License-Identifier: MPL-2.0
//
// Counts what a real-time function must not do: malloc and its relatives, free, and taking a mutex.
// Included by one file of a test program; it replaces these functions for the
// program. Under a sanitizer, which replaces them itself, nothing is counted and
// REALTIME_TRAP_WORKS is 0.

#ifndef ROC_TESTS_REALTIME_TRAP_H
#define ROC_TESTS_REALTIME_TRAP_H

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

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

static int (*realtime_trap_next_lock)(pthread_mutex_t *mutex);

// Before main, when there is one thread.
__attribute__((constructor)) static void realtime_trap_find_lock(void)
{
    if (realtime_trap_next_lock == NULL)
        *(void **)&realtime_trap_next_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
}

REALTIME_TRAP_EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    realtime_trap_hit();
    realtime_trap_find_lock();
    return realtime_trap_next_lock(mutex);
}

#endif

#endif
