// SPDX-License-Identifier: MPL-2.0
//
// Wakes the network thread, with a system call only when it may be asleep.

#ifndef ROC_NET_WAKE_H
#define ROC_NET_WAKE_H

#include <stdatomic.h>
#include <stdbool.h>

struct wake {
    int fd;              // eventfd, for epoll
    atomic_bool is_told; // the sleeper will look once more before it sleeps
};

// Returns 0 or a negative errno.
int wake_init(struct wake *wake);
void wake_finish(struct wake *wake);

// What was written before is seen by the sleeper before it sleeps again. Thread: rt.
void wake_signal(struct wake *wake);

// The sleeper: prepare, then look for work, then sleep on fd only if there is none, then resume.
void wake_prepare_sleep(struct wake *wake);
void wake_resume(struct wake *wake, bool is_readable);

#endif
