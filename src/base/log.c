// SPDX-License-Identifier: MPL-2.0

#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define TEXT_SIZE 1024

static void write_to_stderr(const struct log_message *message, void *arg);

static atomic_int current_level = LOG_ERROR;
// Recursive, so that a handler may replace itself.
static pthread_mutex_t handler_mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static log_handler handler_function = write_to_stderr;
static void *handler_arg;
// A handler that fails and logs about it must not call itself for ever.
static _Thread_local bool is_inside_handler;

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_ERROR:
        return "error";
    case LOG_INFO:
        return "info";
    case LOG_DEBUG:
        return "debug";
    case LOG_TRACE:
        return "trace";
    case LOG_NONE:
        break;
    }
    return "none";
}

static void write_to_stderr(const struct log_message *message, void *arg)
{
    const time_t seconds = (time_t)(message->time_ns / 1000000000);
    const int milliseconds = (int)(message->time_ns / 1000000 % 1000);
    struct tm local;
    char when[32] = "";
    if (localtime_r(&seconds, &local) != NULL)
        strftime(when, sizeof(when), "%H:%M:%S", &local);
    fprintf(stderr, "%s.%03d [%s] %s: %s\n", when, milliseconds, level_name(message->level),
            message->room, message->text);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_set_handler(log_handler handler, void *arg)
{
    pthread_mutex_lock(&handler_mutex);
    handler_function = handler != NULL ? handler : write_to_stderr;
    handler_arg = handler != NULL ? arg : NULL;
    pthread_mutex_unlock(&handler_mutex);
}

void log_write(enum log_level level, const char *room, const char *file, int line,
               const char *format, ...)
{
    if (level == LOG_NONE || level > log_get_level() || is_inside_handler)
        return;

    char text[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const struct log_message message = {
        .level = level,
        .room = room,
        .file = file,
        .line = line,
        .time_ns = clock_realtime_ns(),
        .text = text,
    };

    pthread_mutex_lock(&handler_mutex);
    is_inside_handler = true;
    handler_function(&message, handler_arg);
    is_inside_handler = false;
    pthread_mutex_unlock(&handler_mutex);
}
