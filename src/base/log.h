// SPDX-License-Identifier: MPL-2.0
//
// Log of libroc. Messages go to one handler for the process (stderr by default). Never called on
// the audio path. Thread: any but rt.

#ifndef ROC_BASE_LOG_H
#define ROC_BASE_LOG_H

enum log_level { LOG_NONE, LOG_ERROR, LOG_INFO, LOG_DEBUG, LOG_TRACE };

struct log_message {
    enum log_level level;
    const char *room; // "net", "stream", ...
    const char *file;
    int line;
    long long time_ns; // CLOCK_REALTIME
    const char *text;
};

typedef void (*log_handler)(const struct log_message *message, void *arg);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
// NULL restores stderr. After return the former handler is not running and is not called again.
void log_set_handler(log_handler handler, void *arg);

void log_write(enum log_level level, const char *room, const char *file, int line,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

#define log_error(room, ...) log_write(LOG_ERROR, room, __FILE__, __LINE__, __VA_ARGS__)
#define log_info(room, ...)  log_write(LOG_INFO, room, __FILE__, __LINE__, __VA_ARGS__)
#define log_debug(room, ...) log_write(LOG_DEBUG, room, __FILE__, __LINE__, __VA_ARGS__)
#define log_trace(room, ...) log_write(LOG_TRACE, room, __FILE__, __LINE__, __VA_ARGS__)

#endif
