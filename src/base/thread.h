// SPDX-License-Identifier: MPL-2.0
//
// A named thread. Real-time priority is asked for and not insisted on: without the privilege the
// thread runs as any other and says so once in the log.

#ifndef ROC_BASE_THREAD_H
#define ROC_BASE_THREAD_H

#include <stdbool.h>

struct thread;

struct thread_config {
    const char *name; // borrowed, at most 15 characters
    bool realtime;
};

int thread_create(struct thread **out, const struct thread_config *config, void (*run)(void *arg),
                  void *arg);
// Waits for run() to return, then frees. NULL is fine.
void thread_destroy(struct thread *thread);

#endif
