// SPDX-License-Identifier: MPL-2.0
//
// Numbers below 2^-126 make floating-point units slow, some of them fifty times; sound that fades
// out is full of them, and so may be what a stranger sends. Between these two calls they count as
// 0. Elsewhere, nothing changes: the mode belongs to the thread and is put back.
// Thread: rt.

#ifndef ROC_AUDIO_DENORMALS_H
#define ROC_AUDIO_DENORMALS_H

#include <stdint.h>

#if defined(__SSE2__)
#    include <xmmintrin.h>
#endif

// Returns what denormals_restore takes.
static inline uint64_t denormals_flush(void)
{
#if defined(__SSE2__)
    const unsigned flush_results = 0x8000, flush_operands = 0x0040;
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | flush_results | flush_operands);
    return mode;
#elif defined(__aarch64__)
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" ::"r"(mode | 1u << 24) : "memory");
    return mode;
#else
    return 0;
#endif
}

static inline void denormals_restore(uint64_t mode)
{
#if defined(__SSE2__)
    _mm_setcsr((unsigned)mode);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" ::"r"(mode) : "memory");
#else
    (void)mode;
#endif
}

#endif
