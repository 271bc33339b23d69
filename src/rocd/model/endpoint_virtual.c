// SPDX-License-Identifier: MPL-2.0
#include "model/endpoint_virtual.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *name;
    enum stream_direction direction;
    enum endpoint_driver driver;
} kinds[] = {
    [VIRTUAL_NONE] = {"none", DIRECTION_DUPLEX, DRIVER_UNSPECIFIED},
    [VIRTUAL_SPEAKER] = {"speaker", DIRECTION_INPUT, DRIVER_UNSPECIFIED},
    [VIRTUAL_MICROPHONE] = {"microphone", DIRECTION_OUTPUT, DRIVER_UNSPECIFIED},
    [VIRTUAL_BUS] = {"bus", DIRECTION_DUPLEX, DRIVER_UNSPECIFIED},
    [VIRTUAL_FILE_PLAYER] = {"file_player", DIRECTION_INPUT, DRIVER_FILE},
    [VIRTUAL_FILE_RECORDER] = {"file_recorder", DIRECTION_OUTPUT, DRIVER_FILE},
    [VIRTUAL_TONE] = {"tone", DIRECTION_INPUT, DRIVER_TONE},
    [VIRTUAL_NULL_SOURCE] = {"null_source", DIRECTION_INPUT, DRIVER_NULL},
    [VIRTUAL_NULL_SINK] = {"null_sink", DIRECTION_OUTPUT, DRIVER_NULL},
};

static const char *const field_names[] = {
    "kind",          "path",        "loop",     "frequency_hz",
    "level_db",      "sample_rate", "channels", "position_frames",
    "length_frames", "finished",    "file",     NULL};

// Which kinds take a setting; the read-only fields may come back from any.
static const struct {
    const char *name;
    enum virtual_kind kinds[3];
} owners[] = {
    {"path", {VIRTUAL_FILE_PLAYER, VIRTUAL_FILE_RECORDER}},
    {"loop", {VIRTUAL_FILE_PLAYER}},
    {"frequency_hz", {VIRTUAL_TONE}},
    {"level_db", {VIRTUAL_TONE}},
    {"sample_rate", {VIRTUAL_SPEAKER, VIRTUAL_MICROPHONE, VIRTUAL_BUS}},
    {"channels", {VIRTUAL_SPEAKER, VIRTUAL_MICROPHONE, VIRTUAL_BUS}},
};

const char *virtual_kind_name(enum virtual_kind kind)
{
    return kinds[kind].name;
}

enum stream_direction virtual_kind_direction(enum virtual_kind kind)
{
    return kinds[kind].direction;
}

enum endpoint_driver virtual_kind_driver(enum virtual_kind kind)
{
    return kinds[kind].driver;
}

static int read_kind(struct endpoint_virtual *virtual, const struct fields *fields)
{
    const char *names[COUNT(kinds) - 1];
    unsigned kind = 0;
    for (size_t i = 0; i < COUNT(names); i++)
        names[i] = kinds[i + 1].name;
    if (field_get(fields, "kind") == NULL)
        return field_fail(fields, ERROR_INVALID_ARGS, "kind",
                          "virtual.kind is missing; it says what to make, e.g. \"file_player\".");
    if (field_enum(fields, "kind", &kind, names, COUNT(names)) != 0)
        return -1;
    virtual->kind = (enum virtual_kind)(kind + 1);
    return 0;
}

static int check_owners(enum virtual_kind kind, const struct fields *fields)
{
    for (size_t i = 0; i < COUNT(owners); i++) {
        if (field_get(fields, owners[i].name) == NULL || owners[i].kinds[0] == kind ||
            owners[i].kinds[1] == kind || owners[i].kinds[2] == kind)
            continue;
        return field_fail(fields, ERROR_INVALID_ARGS, owners[i].name,
                          "A %s has no virtual.%s; a %s has.", kinds[kind].name, owners[i].name,
                          kinds[owners[i].kinds[0]].name);
    }
    return 0;
}

static bool has_parent_segment(const char *path)
{
    while (*path != '\0') {
        size_t size = strcspn(path, "/");
        if (size == 2 && memcmp(path, "..", 2) == 0)
            return true;
        path += size;
        path += strspn(path, "/");
    }
    return false;
}

// media/ looks at the real file system again: links can lead out of the folder, too.
static int read_path(struct endpoint_virtual *virtual, const struct fields *fields)
{
    if (virtual->kind != VIRTUAL_FILE_PLAYER && virtual->kind != VIRTUAL_FILE_RECORDER)
        return 0;
    if (field_name(fields, "path", virtual->path, sizeof(virtual->path)) != 0)
        return -1;
    const char *path = virtual->path;
    const char *problem = NULL;
    size_t size = strlen(path);
    if (size == 0)
        problem = "is missing; it names a file in the daemon's media folder";
    else if (path[0] == '/')
        problem = "must be relative to the daemon's media folder, without a leading \"/\"";
    else if (has_parent_segment(path))
        problem = "must not lead out of the daemon's media folder by \"..\"";
    else if (path[size - 1] == '/' ||
             (path[size - 1] == '.' && (size == 1 || path[size - 2] == '/')))
        problem = "must name a file, not a folder";
    if (problem == NULL)
        return 0;
    return field_fail(fields, ERROR_INVALID_ARGS, "path", "virtual.path \"%.80s\" %s.", path,
                      problem);
}

static int read_settings(struct endpoint_virtual *virtual, const struct fields *fields)
{
    unsigned sample_rate = 0, channels = 0;
    if (virtual->kind == VIRTUAL_TONE) {
        virtual->frequency_hz = 440;
        virtual->level_db = -20;
    }
    if (read_path(virtual, fields) != 0 || field_bool(fields, "loop", &virtual->loop) != 0 ||
        field_number(fields, "frequency_hz", &virtual->frequency_hz, 1, 20000) != 0 ||
        field_number(fields, "level_db", &virtual->level_db, -120, 0) != 0 ||
        field_count(fields, "sample_rate", &sample_rate,
                    (struct count_range){8000, 192000, true}) != 0 ||
        field_count(fields, "channels", &channels,
                    (struct count_range){1, ENDPOINT_MAX_CHANNELS, true}) != 0)
        return -1;
    if (virtual->kind == VIRTUAL_SPEAKER || virtual->kind == VIRTUAL_MICROPHONE)
        return field_fail(fields, ERROR_UNSATISFIABLE, "kind",
                          "This version cannot make a virtual %s: it has no driver for a sound "
                          "server.",
                          kinds[virtual->kind].name);
    if (virtual->kind == VIRTUAL_BUS)
        return field_fail(fields, ERROR_UNSATISFIABLE, "kind",
                          "This version cannot make a bus: streams cannot be mixed inside it.");
    return 0;
}

int endpoint_virtual_parse(struct endpoint_virtual *out, const struct endpoint_virtual *current,
                           const struct fields *endpoint, enum parse_mode mode)
{
    struct fields fields = {json_object_get(endpoint->object, "virtual"), "virtual.",
                            endpoint->error};
    struct endpoint_virtual virtual = {.kind = VIRTUAL_NONE};
    if (fields.object == NULL && current != NULL) {
        *out = *current;
        return 0;
    }
    if (fields.object == NULL)
        return field_fail(endpoint, ERROR_INVALID_ARGS, "virtual",
                          "virtual is missing: only virtual endpoints can be created; devices of "
                          "the machine are found by themselves.");
    if (fields_check_object(&fields, "virtual") != 0 ||
        (mode != PARSE_STORED && fields_check_names(&fields, field_names) != 0) ||
        read_kind(&virtual, &fields) != 0)
        return -1;
    if (current != NULL && virtual.kind != current->kind)
        return field_fail(&fields, ERROR_INVALID_ARGS, "kind",
                          "virtual.kind is %s for good and cannot become %s; create another "
                          "endpoint.",
                          kinds[current->kind].name, kinds[virtual.kind].name);
    if (check_owners(virtual.kind, &fields) != 0 || read_settings(&virtual, &fields) != 0)
        return -1;
    if (current != NULL) {
        virtual.position_frames = current->position_frames;
        virtual.length_frames = current->length_frames;
        virtual.finished = current->finished;
        memcpy(virtual.file, current->file, sizeof(virtual.file));
    }
    *out = virtual;
    return 0;
}

static json_t *write_player(const struct endpoint_virtual *virtual)
{
    return json_pack("{s:s, s:s, s:b, s:I, s:I, s:b}", "kind", virtual_kind_name(virtual->kind),
                     "path", virtual->path, "loop", (int)virtual->loop, "position_frames",
                     (json_int_t) virtual->position_frames, "length_frames",
                     (json_int_t) virtual->length_frames, "finished", (int)virtual->finished);
}

json_t *endpoint_virtual_write(const struct endpoint_virtual *virtual)
{
    const char *kind = virtual_kind_name(virtual->kind);
    switch (virtual->kind) {
    case VIRTUAL_FILE_PLAYER:
        return write_player(virtual);
    case VIRTUAL_FILE_RECORDER:
        return json_pack("{s:s, s:s, s:I, s:s}", "kind", kind, "path", virtual->path,
                         "position_frames", (json_int_t) virtual->position_frames, "file",
                         virtual->file);
    case VIRTUAL_TONE:
        return json_pack("{s:s, s:f, s:f}", "kind", kind, "frequency_hz", virtual->frequency_hz,
                         "level_db", virtual->level_db);
    default:
        return json_pack("{s:s}", "kind", kind);
    }
}
