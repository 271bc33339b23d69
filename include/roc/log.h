/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/log.h
 * \brief The log of the library: one level and one handler for the whole process.
 */
#ifndef ROC_LOG_H_
#define ROC_LOG_H_

#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum roc_log_level {
    ROC_LOG_NONE = 0,  /**< silence */
    ROC_LOG_ERROR = 1, /**< what was asked for could not be done; the level at start */
    ROC_LOG_INFO = 2,  /**< rare and important: a port is bound, a sender was heard */
    ROC_LOG_NOTE = 3,  /**< rare details, such as a latency that was changed */
    ROC_LOG_DEBUG = 4, /**< details */
    ROC_LOG_TRACE = 5  /**< everything; slows the library down */
} roc_log_level;

/** One message. Its pointers are valid until the handler returns. */
typedef struct roc_log_message {
    roc_log_level level;
    const char *module;      /**< the part of the library that speaks */
    const char *file;        /**< source file, or NULL */
    int line;                /**< line in that file */
    unsigned long long time; /**< ns since the Unix epoch */
    unsigned long long pid;  /**< process id */
    unsigned long long tid;  /**< kernel's id of the thread that speaks */
    const char *text;
} roc_log_message;

/**
 * Takes messages. It is never called by two threads at once, and never from a thread that carries
 * sound. It must not call roc_log_set_handler().
 */
typedef void (*roc_log_handler)(const roc_log_message *message, void *argument);

/**
 * Messages above `level` are dropped before they are made. A number outside the enum is taken as
 * the nearest level.
 *
 * Thread: any.
 */
ROC_API void roc_log_set_level(roc_log_level level);

/**
 * Sends all further messages to `handler`, together with `argument`; NULL sends them to stderr,
 * as at start. When this returns, the handler that was set before is not running and is not
 * called again, so that its argument may be freed.
 *
 * Thread: any, but not from inside a handler.
 */
ROC_API void roc_log_set_handler(roc_log_handler handler, void *argument);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
