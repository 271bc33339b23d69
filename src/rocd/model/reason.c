// SPDX-License-Identifier: MPL-2.0
#include "model/reason.h"

#include <string.h>

#include "model/field.h"

static void copy(char *out, size_t size_bytes, const char *text)
{
    size_t length = strlen(text);
    if (length >= size_bytes)
        length = size_bytes - 1;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    memcpy(out, text, length);
    out[length] = '\0';
}

void state_reason_set(struct state_reason *reason, const char *code, const char *text)
{
    copy(reason->code, sizeof(reason->code), code);
    copy(reason->text, sizeof(reason->text), text);
}

json_t *state_reason_write(const struct state_reason *reason)
{
    if (reason->code[0] == '\0')
        return json_null();
    return json_pack("{s:s, s:s}", "code", reason->code, "text", reason->text);
}

int state_reason_parse(struct state_reason *out, const json_t *value, struct api_error *error)
{
    struct state_reason reason = {"", ""};
    struct fields fields = {value, "reason.", error};
    if (value != NULL && !json_is_null(value) &&
        (fields_check_object(&fields, "reason") != 0 ||
         field_name(&fields, "code", reason.code, sizeof(reason.code)) != 0 ||
         field_string(&fields, "text", reason.text, sizeof(reason.text)) != 0))
        return -1;
    *out = reason;
    return 0;
}
