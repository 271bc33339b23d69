// SPDX-License-Identifier: MPL-2.0
//
// Lets memory run out where a test wants it, and counts what is not given back. Included by one
// file of a test program; it replaces malloc and its relatives for the whole program, threads and
// libraries included. Under a sanitizer, which replaces them itself, OOM_WORKS is 0 and nothing
// ever fails.
//
//     static int try_thing(void)
//     {
//         struct thing *thing = NULL;
//         oom_start();
//         const int code = thing_create(&thing);
//         oom_stop();
//         thing_destroy(thing);
//         return code;
//     }
//     ...
//     oom_sweep("thing", try_thing);

#ifndef ROC_TESTS_OOM_H
#define ROC_TESTS_OOM_H

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define OOM_WORKS 0
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
        __has_feature(memory_sanitizer)
#        define OOM_WORKS 0
#    endif
#endif
#ifndef OOM_WORKS
#    define OOM_WORKS 1
#endif

// More allocations than any constructor makes: ends a sweep that would not end.
#define OOM_MAX_TURNS 3000

static struct {
    atomic_bool is_armed;
    atomic_long until_failure; // allocations that still succeed
    bool is_lasting;           // all later ones fail, too
    atomic_long failures;      // in the thread that builds
    atomic_long failures_elsewhere;
    atomic_long live; // blocks that are out
} oom;

static _Thread_local bool oom_is_builder;

// What happens between the two is where memory runs out.
static inline void oom_start(void)
{
    oom_is_builder = true;
    atomic_store(&oom.is_armed, true);
}

static inline void oom_stop(void)
{
    atomic_store(&oom.is_armed, false);
}

// Runs `attempt` with the first allocation failing, then with the second, and so on until none
// fails; each time a single one, and then all from that one on. attempt tells how it went (negative
// is an error) and leaves nothing behind. Where memory ran out it must have failed, unless that was
// in another thread, which may do without, and try again later.
static inline void oom_sweep(const char *name, int (*attempt)(void))
{
    // Twice, for what libraries keep for ever after the first use.
    for (int i = 0; i < 2; i++) {
        atomic_store(&oom.until_failure, LONG_MAX);
        if (attempt() < 0)
            fail_msg("%s: fails with plenty of memory", name);
    }
    if (!OOM_WORKS)
        return;
    const long live = atomic_load(&oom.live);
    bool is_over = false;
    for (long turn = 0; !is_over; turn++) {
        for (int lasting = 0; lasting < 2; lasting++) {
            oom.is_lasting = lasting;
            atomic_store(&oom.failures, 0);
            atomic_store(&oom.failures_elsewhere, 0);
            atomic_store(&oom.until_failure, turn);
            const int code = attempt();
            const bool has_failed = atomic_load(&oom.failures) > 0;
            const bool has_failed_elsewhere = atomic_load(&oom.failures_elsewhere) > 0;
            const long leaked = atomic_load(&oom.live) - live;
            is_over = !has_failed && !has_failed_elsewhere;
            if ((has_failed && code >= 0) || (is_over && code < 0))
                fail_msg("%s: returned %d, though allocation %ld %s", name, code, turn,
                         has_failed ? "failed" : "was never made");
            if (leaked != 0)
                fail_msg("%s: %ld blocks leaked when allocation %ld failed", name, leaked, turn);
        }
        assert_true(turn < OOM_MAX_TURNS);
    }
}

#if OOM_WORKS

// So that libraries find the replacements, too: the build hides what is not exported.
#    define OOM_EXPORT __attribute__((visibility("default")))

// The names under which glibc keeps what is replaced here.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static inline bool oom_refuses(void)
{
    if (!atomic_load(&oom.is_armed))
        return false;
    const long before = atomic_fetch_sub(&oom.until_failure, 1);
    if (before > 0 || (before < 0 && !oom.is_lasting))
        return false;
    atomic_fetch_add(oom_is_builder ? &oom.failures : &oom.failures_elsewhere, 1);
    errno = ENOMEM;
    return true;
}

static inline void *oom_count(void *memory)
{
    if (memory != NULL)
        atomic_fetch_add(&oom.live, 1);
    return memory;
}

OOM_EXPORT void *malloc(size_t size)
{
    return oom_refuses() ? NULL : oom_count(__libc_malloc(size));
}

OOM_EXPORT void *calloc(size_t count, size_t size)
{
    return oom_refuses() ? NULL : oom_count(__libc_calloc(count, size));
}

OOM_EXPORT void *realloc(void *memory, size_t size)
{
    if (oom_refuses())
        return NULL;
    void *grown = __libc_realloc(memory, size);
    return memory == NULL ? oom_count(grown) : grown;
}

OOM_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return oom_refuses() ? NULL : oom_count(__libc_memalign(alignment, size));
}

OOM_EXPORT int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *memory = aligned_alloc(alignment, size);
    if (memory == NULL)
        return ENOMEM;
    *out = memory;
    return 0;
}

OOM_EXPORT void free(void *memory)
{
    if (memory != NULL)
        atomic_fetch_sub(&oom.live, 1);
    __libc_free(memory);
}

#endif

#endif
