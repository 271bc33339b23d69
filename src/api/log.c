// SPDX-License-Identifier: MPL-2.0

#include "roc/log.h"

#include <pthread.h>
#include <unistd.h>

#include "base/log.h"

struct handler {
    roc_log_handler function;
    void *argument;
};

// The room below has four levels: what the API calls a note goes with the information.
static enum log_level level_from_user(roc_log_level level)
{
    if ((int)level <= ROC_LOG_NONE)
        return LOG_NONE;
    switch (level) {
    case ROC_LOG_ERROR:
        return LOG_ERROR;
    case ROC_LOG_INFO:
    case ROC_LOG_NOTE:
        return LOG_INFO;
    case ROC_LOG_DEBUG:
        return LOG_DEBUG;
    default:
        return LOG_TRACE;
    }
}

static roc_log_level level_to_user(enum log_level level)
{
    switch (level) {
    case LOG_ERROR:
        return ROC_LOG_ERROR;
    case LOG_INFO:
        return ROC_LOG_INFO;
    case LOG_DEBUG:
        return ROC_LOG_DEBUG;
    case LOG_TRACE:
        return ROC_LOG_TRACE;
    case LOG_NONE:
        break;
    }
    return ROC_LOG_NONE;
}

static void pass_on(const struct log_message *message, void *arg)
{
    const struct handler *handler = arg;
    const roc_log_message out = {
        .level = level_to_user(message->level),
        .module = message->room,
        .file = message->file,
        .line = message->line,
        .time = (unsigned long long)message->time_ns,
        .pid = (unsigned long long)getpid(),
        .tid = (unsigned long long)gettid(),
        .text = message->text,
    };
    handler->function(&out, handler->argument);
}

void roc_log_set_level(roc_log_level level)
{
    log_set_level(level_from_user(level));
}

void roc_log_set_handler(roc_log_handler handler, void *argument)
{
    // The place in use is not touched: a message may be on its way through it until log_set_handler
    // returns.
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static struct handler places[2];
    static unsigned current;

    pthread_mutex_lock(&mutex);
    current = 1 - current;
    places[current] = (struct handler){handler, argument};
    if (handler != NULL)
        log_set_handler(pass_on, &places[current]);
    else
        log_set_handler(NULL, NULL);
    pthread_mutex_unlock(&mutex);
}
