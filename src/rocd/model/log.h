// SPDX-License-Identifier: MPL-2.0
//
// Log of the daemon: one line on stderr for each message, `time level room message`. Messages of
// libroc come out the same way once rocd_log_take_libroc was called. Never put a secret in.
// Thread: any but rt.

#ifndef ROCD_MODEL_LOG_H
#define ROCD_MODEL_LOG_H

enum rocd_log_level {
    ROCD_LOG_NONE,
    ROCD_LOG_ERROR, // what was asked for could not be done
    ROCD_LOG_INFO,  // rare and important; the level at start
    ROCD_LOG_DEBUG,
    ROCD_LOG_TRACE,
};

void rocd_log_set_level(enum rocd_log_level level);
enum rocd_log_level rocd_log_get_level(void);
// "none", "error", "info", "debug", "trace". Returns 0 or -EINVAL.
int rocd_log_level_parse(enum rocd_log_level *out, const char *name);

// room: "api", "control", "http", "p2p", "store", ... Control characters in the message are shown
// as '?', so that nothing from outside can forge a line.
void rocd_log(enum rocd_log_level level, const char *room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Sends libroc's messages here, at the level that is set now.
void rocd_log_take_libroc(void);
// Gives libroc its own handler back.
void rocd_log_release_libroc(void);

#endif
