// SPDX-License-Identifier: MPL-2.0
#include "model/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int field_fail(const struct fields *fields, enum error_code code, const char *name,
               const char *format, ...)
{
    char text[sizeof(fields->error->text)];
    char path[sizeof(fields->error->field)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    snprintf(path, sizeof(path), "%s%s", fields->prefix, name);
    return error_set(fields->error, code, path, "%s", text);
}

static int fail_value(const struct fields *fields, const char *name, const char *expected)
{
    struct quoted value = field_quote(json_object_get(fields->object, name));
    return field_fail(fields, ERROR_INVALID_ARGS, name, "%s%s is %s; it must be %s.",
                      fields->prefix, name, value.text, expected);
}

struct quoted field_quote(const json_t *value)
{
    struct quoted quoted = {""};
    if (json_is_object(value) || json_is_array(value)) {
        snprintf(quoted.text, sizeof(quoted.text), "%s",
                 json_is_object(value) ? "an object" : "an array");
        return quoted;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (text == NULL)
        return quoted;
    if (snprintf(quoted.text, sizeof(quoted.text), "%s", text) >= (int)sizeof(quoted.text))
        memcpy(quoted.text + sizeof(quoted.text) - 4, "...", 4);
    free(text);
    return quoted;
}

int fields_check_object(const struct fields *fields, const char *what)
{
    if (json_is_object(fields->object))
        return 0;
    struct quoted value = field_quote(fields->object);
    // "virtual." is the prefix of its fields; the object itself is "virtual".
    char path[sizeof(fields->error->field)];
    snprintf(path, sizeof(path), "%s", fields->prefix);
    size_t size = strlen(path);
    if (size > 0)
        path[size - 1] = '\0';
    if (fields->object == NULL)
        return error_set(fields->error, ERROR_INVALID_ARGS, path, "%s is missing.", what);
    return error_set(fields->error, ERROR_INVALID_ARGS, path, "%s must be a JSON object, not %s.",
                     what, value.text);
}

static void join(char *out, size_t size_bytes, const char *const *names, size_t count)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size_bytes; i++)
        used +=
            (size_t)snprintf(out + used, size_bytes - used, "%s%s", i == 0 ? "" : ", ", names[i]);
}

static size_t count_names(const char *const *names)
{
    size_t count = 0;
    while (names[count] != NULL)
        count++;
    return count;
}

static bool is_listed(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

int fields_check_names(const struct fields *fields, const char *const *known)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)fields->object, name, value)
    {
        if (is_listed(name, known))
            continue;
        char names[240];
        join(names, sizeof(names), known, count_names(known));
        return field_fail(fields, ERROR_INVALID_ARGS, name,
                          "There is no field \"%s%.32s\"; known here: %s.", fields->prefix, name,
                          names);
    }
    return 0;
}

const json_t *field_get(const struct fields *fields, const char *name)
{
    const json_t *value = json_object_get(fields->object, name);
    return json_is_null(value) ? NULL : value;
}

int field_bool(const struct fields *fields, const char *name, bool *out)
{
    const json_t *value = field_get(fields, name);
    if (value == NULL)
        return 0;
    if (!json_is_boolean(value))
        return fail_value(fields, name, "true or false");
    *out = json_is_true(value);
    return 0;
}

int field_number(const struct fields *fields, const char *name, double *out, double min, double max)
{
    const json_t *value = field_get(fields, name);
    if (value == NULL)
        return 0;
    double number = json_number_value(value);
    if (!json_is_number(value) || !isfinite(number) || number < min || number > max) {
        char expected[64];
        snprintf(expected, sizeof(expected), "a number from %g to %g", min, max);
        return fail_value(fields, name, expected);
    }
    *out = number;
    return 0;
}

int field_count(const struct fields *fields, const char *name, unsigned *out,
                struct count_range range)
{
    const json_t *value = field_get(fields, name);
    if (value == NULL)
        return 0;
    // 2.0 is the number 2 in JSON, whatever wrote it.
    double number = json_number_value(value);
    bool is_whole = json_is_number(value) && isfinite(number) && number == floor(number);
    bool is_zero = number == 0 && range.zero_is_allowed;
    if (!is_whole || (!is_zero && (number < range.min || number > range.max))) {
        char expected[64];
        snprintf(expected, sizeof(expected), "a whole number from %u to %u%s", range.min, range.max,
                 range.zero_is_allowed && range.min > 0 ? ", or 0" : "");
        return fail_value(fields, name, expected);
    }
    *out = (unsigned)number;
    return 0;
}

int field_string(const struct fields *fields, const char *name, char *out, size_t size_bytes)
{
    const json_t *value = field_get(fields, name);
    if (value == NULL)
        return 0;
    size_t length = json_string_length(value);
    // A zero byte inside would end the C string early.
    if (!json_is_string(value) || length >= size_bytes ||
        strlen(json_string_value(value)) != length) {
        char expected[64];
        snprintf(expected, sizeof(expected), "a text of at most %zu bytes", size_bytes - 1);
        return fail_value(fields, name, expected);
    }
    memcpy(out, json_string_value(value), length + 1);
    return 0;
}

// Also the characters that turn the direction of what follows: with them a name can look like
// another. jansson has checked that the text is UTF-8.
static bool has_control_characters(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    for (; *at != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7f)
            return true;
        if (at[0] == 0xc2 && at[1] < 0xa0) // U+0080 to U+009F
            return true;
        if (at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae)
            return true; // U+2028 to U+202E
        if (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9)
            return true; // U+2066 to U+2069
    }
    return false;
}

int field_name(const struct fields *fields, const char *name, char *out, size_t size_bytes)
{
    const char *text = json_string_value(field_get(fields, name));
    if (text != NULL && has_control_characters(text))
        return fail_value(fields, name, "a text without control characters");
    return field_string(fields, name, out, size_bytes);
}

int field_enum(const struct fields *fields, const char *name, unsigned *out,
               const char *const *names, size_t count)
{
    const json_t *value = field_get(fields, name);
    if (value == NULL)
        return 0;
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (unsigned)i;
            return 0;
        }
    }
    char list[160], expected[176];
    join(list, sizeof(list), names, count);
    snprintf(expected, sizeof(expected), "one of %s", list);
    return fail_value(fields, name, expected);
}

int field_check_unchanged(const struct fields *fields, const char *name, const json_t *shown)
{
    const json_t *value = field_get(fields, name);
    if (value == NULL || json_equal((json_t *)value, (json_t *)shown))
        return 0;
    if (json_is_number(value) && json_is_number(shown) &&
        json_number_value(value) == json_number_value(shown))
        return 0;
    struct quoted given = field_quote(value), real = field_quote(shown);
    return field_fail(fields, ERROR_INVALID_ARGS, name,
                      "%s%s cannot be set: it is %s here, and the request says %s.", fields->prefix,
                      name, shown != NULL ? real.text : "null", given.text);
}

json_t *json_merge_patch(const json_t *target, const json_t *patch)
{
    json_t *merged = json_is_object(target) ? json_copy((json_t *)target) : json_object();
    const char *name;
    json_t *value;
    if (merged == NULL)
        return NULL;
    json_object_foreach((json_t *)patch, name, value)
    {
        json_t *field = json_is_object(value)
                            ? json_merge_patch(json_object_get(merged, name), value)
                            : json_incref(value);
        if (json_object_set_new(merged, name, field) != 0) {
            json_decref(merged);
            return NULL;
        }
    }
    return merged;
}
