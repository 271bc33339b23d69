// SPDX-License-Identifier: MPL-2.0

#include "net/wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int wake_init(struct wake *wake)
{
    atomic_init(&wake->is_told, true);
    wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return wake->fd < 0 ? -errno : 0;
}

void wake_finish(struct wake *wake)
{
    if (wake->fd >= 0)
        close(wake->fd);
    wake->fd = -1;
}

void wake_signal(struct wake *wake)
{
    if (atomic_exchange_explicit(&wake->is_told, true, memory_order_acq_rel))
        return;
    const uint64_t one = 1;
    // Fails only when the counter is full, and then the sleeper is awake anyway.
    while (write(wake->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

// An exchange, not a store: it reads what the last signal wrote, so either that signal's work is
// visible after it, or the signal comes later, finds false, and writes to fd.
void wake_prepare_sleep(struct wake *wake)
{
    atomic_exchange_explicit(&wake->is_told, false, memory_order_acq_rel);
}

void wake_resume(struct wake *wake, bool is_readable)
{
    atomic_store_explicit(&wake->is_told, true, memory_order_relaxed);
    uint64_t count;
    while (is_readable && read(wake->fd, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}
