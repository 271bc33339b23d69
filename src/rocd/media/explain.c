// SPDX-License-Identifier: MPL-2.0
#include "media/explain.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

int media_explain(struct api_error *error, const char *field, const char *sentence)
{
    size_t length = strlen(sentence);
    bool has_end = length > 0 && strchr(".!?", sentence[length - 1]);
    if (length == 0)
        return error_set(error, ERROR_INTERNAL, field, "The audio library gives no reason.");
    return error_set(error, ERROR_UNSATISFIABLE, field, "%c%s%s",
                     toupper((unsigned char)sentence[0]), sentence + 1, has_end ? "" : ".");
}
