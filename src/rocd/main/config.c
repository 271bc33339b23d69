// SPDX-License-Identifier: MPL-2.0
#include "main/config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE_SIZE 65536
#define MAX_TEXT_SIZE 1000

// Every value is read as text and then set as on the command line.
struct document {
    char *name, *state_dir, *media_dir, *http, *p2p, *bind_media, *media_ports, *secret_file;
    char *driver, *log, *impair;
    char **peers;
    unsigned peers_count;
};

#define TEXT(key)                                                                                \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct document, key, \
                           1, MAX_TEXT_SIZE)

static const cyaml_schema_value_t peer_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, MAX_TEXT_SIZE),
};

static const cyaml_schema_field_t field_schemas[] = {
    TEXT(name),
    TEXT(state_dir),
    TEXT(media_dir),
    TEXT(http),
    TEXT(p2p),
    TEXT(bind_media),
    TEXT(media_ports),
    CYAML_FIELD_SEQUENCE("peers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct document, peers,
                         &peer_schema, 0, SETTINGS_MAX_PEERS),
    TEXT(secret_file),
    TEXT(driver),
    TEXT(log),
    TEXT(impair),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, field_schemas),
};

// What libcyaml says about the first error: a sentence, then where it was, inside first.
struct complaint {
    char sentence[160];
    char key[64];
    int line;
};

__attribute__((format(printf, 3, 0))) static void collect(cyaml_log_t level, void *arg,
                                                          const char *format, va_list args)
{
    struct complaint *complaint = arg;
    char text[256];
    if (level < CYAML_LOG_ERROR)
        return;
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\r\n")] = '\0';

    const char *line = strstr(text, "(line: ");
    const char *field = strstr(text, "in mapping field '");
    if (line != NULL && complaint->line == 0)
        complaint->line = (int)strtol(line + 7, NULL, 10);
    if (field != NULL && complaint->key[0] == '\0')
        snprintf(complaint->key, sizeof(complaint->key), "%.*s", (int)strcspn(field + 18, "'"),
                 field + 18);
    if (complaint->sentence[0] == '\0')
        snprintf(complaint->sentence, sizeof(complaint->sentence), "%.150s",
                 strncmp(text, "Load: ", 6) == 0 ? text + 6 : text);
}

// The line on which a key of the outermost mapping stands, 0 when it is nowhere at a line's start.
static int find_line(const struct config_source *source, const char *key)
{
    size_t key_size = strlen(key);
    const char *end = source->text + source->size_bytes;
    int line = 1;
    for (const char *at = source->text; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL)
            stop = end;
        if ((size_t)(stop - at) > key_size && memcmp(at, key, key_size) == 0 &&
            (at[key_size] == ':' || at[key_size] == ' '))
            return line;
        at = stop < end ? stop + 1 : end;
    }
    return 0;
}

static int fail_schema(const struct complaint *complaint, const struct config_source *source,
                       struct api_error *error)
{
    // libcyaml gives the place of the value before the unknown key.
    static const char unknown[] = "Unexpected key: ";
    if (strncmp(complaint->sentence, unknown, sizeof(unknown) - 1) == 0) {
        const char *key = complaint->sentence + sizeof(unknown) - 1;
        int line = find_line(source, key);
        return error_set(error, ERROR_INVALID_ARGS, NULL, "%s, line %d: there is no key \"%.60s\".",
                         source->path, line > 0 ? line : complaint->line, key);
    }
    return error_set(error, ERROR_INVALID_ARGS, NULL, "%s, line %d: %s%s%s.", source->path,
                     complaint->line > 0 ? complaint->line : 1, complaint->key,
                     complaint->key[0] != '\0' ? ": " : "", complaint->sentence);
}

static int fail_value(const struct config_source *source, const char *key, struct api_error *error)
{
    return error_set(error, ERROR_INVALID_ARGS, NULL, "%s, line %d: %s: %s.", source->path,
                     find_line(source, key), key, error->text);
}

static int apply(struct settings *settings, const struct document *document,
                 const struct config_source *source, struct api_error *error)
{
    for (const cyaml_schema_field_t *field = field_schemas; field->key != NULL; field++) {
        const char *value;
        if (field->value.type != CYAML_STRING)
            continue;
        memcpy(&value, (const char *)document + field->data_offset, sizeof(value));
        if (value != NULL && settings_set(settings, field->key, value, error) != 0)
            return fail_value(source, field->key, error);
    }
    for (unsigned i = 0; i < document->peers_count; i++) {
        if (settings_set(settings, "peer", document->peers[i], error) != 0)
            return fail_value(source, "peers", error);
    }
    return 0;
}

int config_parse(struct settings *settings, const struct config_source *source,
                 struct api_error *error)
{
    struct complaint complaint = {"", "", 0};
    struct document *document = NULL;
    const cyaml_config_t config = {
        .log_fn = collect,
        .log_ctx = &complaint,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        // Aliases can make a small file large.
        .flags = CYAML_CFG_NO_ALIAS,
    };
    cyaml_err_t result = cyaml_load_data((const uint8_t *)source->text, source->size_bytes, &config,
                                         &schema, (cyaml_data_t **)&document, NULL);
    if (result != CYAML_OK) {
        if (complaint.sentence[0] == '\0')
            snprintf(complaint.sentence, sizeof(complaint.sentence), "%s", cyaml_strerror(result));
        return fail_schema(&complaint, source, error);
    }
    // An empty file is no document.
    if (document == NULL)
        return 0;
    int applied = apply(settings, document, source, error);
    cyaml_free(&config, &schema, document, 0);
    return applied;
}

int config_load(struct settings *settings, const char *path, struct api_error *error)
{
    int result = -1;
    char *text = malloc(MAX_FILE_SIZE + 1);
    FILE *file = fopen(path, "re");
    if (text == NULL || file == NULL) {
        error_set(error, ERROR_INVALID_ARGS, NULL, "Cannot read %s: %s.", path, strerror(errno));
        goto done;
    }
    size_t size = fread(text, 1, MAX_FILE_SIZE + 1, file);
    if (ferror(file))
        error_set(error, ERROR_INVALID_ARGS, NULL, "Cannot read %s: %s.", path, strerror(errno));
    else if (size > MAX_FILE_SIZE)
        error_set(error, ERROR_INVALID_ARGS, NULL, "%s is larger than %d bytes.", path,
                  MAX_FILE_SIZE);
    else
        result = config_parse(settings, &(struct config_source){path, text, size}, error);

done:
    if (file != NULL)
        fclose(file);
    free(text);
    return result;
}

void config_find(char path[SETTINGS_PATH_SIZE])
{
    static const char system_wide[] = "/etc/rocd/rocd.yaml";
    const char *config_home = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int size = 0;
    path[0] = '\0';
    if (geteuid() != 0 && config_home != NULL && config_home[0] == '/')
        size = snprintf(path, SETTINGS_PATH_SIZE, "%s/rocd/rocd.yaml", config_home);
    else if (geteuid() != 0 && home != NULL && home[0] == '/')
        size = snprintf(path, SETTINGS_PATH_SIZE, "%s/.config/rocd/rocd.yaml", home);
    if (size > 0 && size < SETTINGS_PATH_SIZE && access(path, R_OK) == 0)
        return;
    memcpy(path, system_wide, sizeof(system_wide));
    if (access(path, R_OK) != 0)
        path[0] = '\0';
}
