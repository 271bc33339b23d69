// SPDX-License-Identifier: MPL-2.0

#include "api/api_error.h"

#include <stdarg.h>
#include <stdio.h>

int api_fail(struct api_error *error, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return code;
}
