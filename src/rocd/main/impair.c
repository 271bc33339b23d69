// SPDX-License-Identifier: MPL-2.0
#include "main/impair.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A number without sign, exponent or other ornaments. Returns what follows it, or NULL.
static const char *read_number(double *out, const char *text)
{
    size_t size = strspn(text, "0123456789.");
    char *end;
    if (size == 0 || size > 12)
        return NULL;
    *out = strtod(text, &end);
    return end == text + size ? end : NULL;
}

static int read_share(double *out, const char *text)
{
    double percent;
    const char *unit = read_number(&percent, text);
    if (unit == NULL || strcmp(unit, "%") != 0 || percent > 100)
        return -1;
    *out = percent / 100;
    return 0;
}

static int read_duration(unsigned long long *out, const char *text)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    double number;
    const char *unit = read_number(&number, text);
    for (size_t i = 0; unit != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(unit, units[i].name) == 0 && number * units[i].ns <= 10e9) {
            *out = (unsigned long long)llround(number * units[i].ns);
            return 0;
        }
    }
    return -1;
}

static int read_seed(unsigned long long *out, const char *text)
{
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size > 18 || text[size] != '\0')
        return -1;
    *out = strtoull(text, NULL, 10);
    return 0;
}

static int read_part(roc_impairment *impairment, const char *key, const char *value)
{
    if (strcmp(key, "loss") == 0)
        return read_share(&impairment->loss, value);
    if (strcmp(key, "duplicate") == 0)
        return read_share(&impairment->duplicate, value);
    if (strcmp(key, "reorder") == 0)
        return read_share(&impairment->reorder, value);
    if (strcmp(key, "delay") == 0)
        return read_duration(&impairment->delay, value);
    if (strcmp(key, "jitter") == 0)
        return read_duration(&impairment->jitter, value);
    if (strcmp(key, "seed") == 0)
        return read_seed(&impairment->seed, value);
    return -1;
}

int impair_parse(roc_impairment *out, const char *text, struct api_error *error)
{
    roc_impairment impairment = *out;
    char copy[160], *rest = NULL;
    size_t size = strlen(text);
    bool is_good = size > 0 && size < sizeof(copy);
    memcpy(copy, is_good ? text : "", is_good ? size + 1 : 1);
    for (char *part = strtok_r(copy, ",", &rest); is_good && part != NULL;
         part = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(part, '=');
        if (value != NULL)
            *value++ = '\0';
        is_good = value != NULL && read_part(&impairment, part, value) == 0;
    }
    if (!is_good)
        return error_set(error, ERROR_INVALID_ARGS, NULL,
                         "\"%.100s\" is not a list like "
                         "loss=5%%,delay=10ms,jitter=5ms,reorder=1%%,duplicate=1%%,seed=1 (shares "
                         "up to 100%%, times up to 10s)",
                         text);
    *out = impairment;
    return 0;
}
