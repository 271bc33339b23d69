// SPDX-License-Identifier: MPL-2.0
#include "model/log.h"

#include <errno.h>
#include <roc/log.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int current_level = ROCD_LOG_INFO;

static const char *const level_names[] = {"none", "error", "info", "debug", "trace"};

void rocd_log_set_level(enum rocd_log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

enum rocd_log_level rocd_log_get_level(void)
{
    return (enum rocd_log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

int rocd_log_level_parse(enum rocd_log_level *out, const char *name)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum rocd_log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

static void clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
    }
}

// One call of fprintf is one line, whichever threads speak at once: stdio locks the stream.
static void print(long long time_ns, enum rocd_log_level level, const char *room, char *text)
{
    time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm utc;
    char when[32];
    gmtime_r(&seconds, &utc);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
    clean(text);
    fprintf(stderr, "%s.%03dZ %-5s %s %s\n", when, (int)(time_ns % 1000000000 / 1000000),
            level_names[level], room, text);
}

void rocd_log(enum rocd_log_level level, const char *room, const char *format, ...)
{
    if (level == ROCD_LOG_NONE || level > rocd_log_get_level())
        return;

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);

    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    print(now.tv_sec * 1000000000LL + now.tv_nsec, level, room, text);
}

static enum rocd_log_level level_of_libroc(roc_log_level level)
{
    switch (level) {
    case ROC_LOG_NONE:
        return ROCD_LOG_NONE;
    case ROC_LOG_ERROR:
        return ROCD_LOG_ERROR;
    case ROC_LOG_INFO:
        return ROCD_LOG_INFO;
    case ROC_LOG_NOTE:
    case ROC_LOG_DEBUG:
        return ROCD_LOG_DEBUG;
    case ROC_LOG_TRACE:
        break;
    }
    return ROCD_LOG_TRACE;
}

static void take(const roc_log_message *message, void *arg)
{
    char text[1024];
    snprintf(text, sizeof(text), "%s", message->text);
    print((long long)message->time, level_of_libroc(message->level), message->module, text);
}

void rocd_log_take_libroc(void)
{
    static const roc_log_level levels[] = {ROC_LOG_NONE, ROC_LOG_ERROR, ROC_LOG_INFO, ROC_LOG_DEBUG,
                                           ROC_LOG_TRACE};
    roc_log_set_handler(take, NULL);
    roc_log_set_level(levels[rocd_log_get_level()]);
}

void rocd_log_release_libroc(void)
{
    roc_log_set_handler(NULL, NULL);
}
