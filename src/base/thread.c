// SPDX-License-Identifier: MPL-2.0

#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define NAME_SIZE 16 // what the kernel keeps of a thread's name, with the NUL

struct thread {
    pthread_t id;
    char name[NAME_SIZE];
    bool is_realtime;
    void (*run)(void *arg);
    void *arg;
};

static void raise_priority(const struct thread *thread)
{
    // Above ordinary work, below what the kernel runs its interrupt threads at (50).
    const struct sched_param param = {.sched_priority = 20};
    const int error = pthread_setschedparam(pthread_self(), SCHED_RR, &param);
    if (error != 0)
        log_debug("base", "thread %s runs without real-time priority: %s", thread->name,
                  strerror(error));
}

static void *enter(void *arg)
{
    struct thread *thread = arg;
    pthread_setname_np(pthread_self(), thread->name);
    if (thread->is_realtime)
        raise_priority(thread);
    thread->run(thread->arg);
    return NULL;
}

// The process's signals are for its own threads: a library's thread inherits a full mask.
static int start_without_signals(struct thread *thread)
{
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    const int error = pthread_create(&thread->id, NULL, enter, thread);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return -error;
}

int thread_create(struct thread **out, const struct thread_config *config, void (*run)(void *arg),
                  void *arg)
{
    if (config == NULL || run == NULL)
        return -EINVAL;
    struct thread *thread = calloc(1, sizeof(*thread));
    if (thread == NULL)
        return -ENOMEM;
    snprintf(thread->name, sizeof(thread->name), "%s", config->name ? config->name : "roc");
    thread->is_realtime = config->realtime;
    thread->run = run;
    thread->arg = arg;
    const int error = start_without_signals(thread);
    if (error != 0) {
        free(thread);
        return error;
    }
    *out = thread;
    return 0;
}

void thread_destroy(struct thread *thread)
{
    if (thread == NULL)
        return;
    pthread_join(thread->id, NULL);
    free(thread);
}
