// SPDX-License-Identifier: MPL-2.0

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "api/transceiver.h"
#include "base/log.h"

static _Thread_local char sentence[512] = "no call has failed";

int transceiver_fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    log_debug("api", "transceiver: %s", sentence);
    return code;
}

int transceiver_fail_port(roc_port id)
{
    return transceiver_fail(-ENOENT, "there is no port %llu; it was removed, or never added", id);
}

const char *roc_transceiver_error(void)
{
    return sentence;
}
