// SPDX-License-Identifier: MPL-2.0
#include "main/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/address.h"
#include "main/impair.h"
#include "model/field.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Those that are in the design but not in this build are known, so that the answer can say so.
static const char *const drivers[] = {"null", "pipewire", "pulseaudio", "alsa"};

static void join_path(char out[SETTINGS_PATH_SIZE], const char *folder, const char *rest)
{
    if (snprintf(out, SETTINGS_PATH_SIZE, "%s%s", folder, rest) >= SETTINGS_PATH_SIZE)
        out[0] = '\0';
}

static void find_state_dir(char out[SETTINGS_PATH_SIZE])
{
    const char *state_home = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (geteuid() == 0)
        join_path(out, "/var/lib/rocd", "");
    else if (state_home != NULL && state_home[0] == '/')
        join_path(out, state_home, "/rocd");
    else if (home != NULL && home[0] == '/')
        join_path(out, home, "/.local/state/rocd");
}

void settings_init(struct settings *settings)
{
    *settings = (struct settings){
        .http = {"127.0.0.1", 4040},
        .p2p = {"127.0.0.1", 4041},
        .media_port_low = 4100,
        .media_port_high = 4999,
        .driver = "null",
        .log_level = ROCD_LOG_INFO,
    };
    char name[sizeof(settings->name)] = "";
    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
        strcpy(name, "rocd");
    memcpy(settings->name, name, sizeof(name));
    find_state_dir(settings->state_dir);
}

// For sentences about a bad value; the caller puts the option's or the key's name in front.
static int fail(struct api_error *error, const char *value, const char *expected)
{
    return error_set(error, ERROR_INVALID_ARGS, NULL, "\"%.100s\" is not %s", value, expected);
}

static int set_name(struct settings *settings, const char *value, struct api_error *error)
{
    json_t *body = json_pack("{s:s}", "name", value);
    struct fields fields = {body, "", error};
    char name[sizeof(settings->name)] = "";
    int result = body != NULL ? field_name(&fields, "name", name, sizeof(name)) : -1;
    json_decref(body);
    if (result != 0 || name[0] == '\0')
        return fail(error, value, "a name of 1 to 127 bytes of UTF-8 without control characters");
    memcpy(settings->name, name, sizeof(name));
    return 0;
}

static int set_path(char path[SETTINGS_PATH_SIZE], const char *value, struct api_error *error)
{
    // A trailing "/" would show up in every path that is made from it.
    size_t size = strlen(value);
    while (size > 1 && value[size - 1] == '/')
        size--;
    if (size == 0 || size >= SETTINGS_PATH_SIZE)
        return fail(error, value, "a path of 1 to 399 bytes");
    memcpy(path, value, size);
    path[size] = '\0';
    return 0;
}

static int set_state_dir(struct settings *settings, const char *value, struct api_error *error)
{
    return set_path(settings->state_dir, value, error);
}

static int set_media_dir(struct settings *settings, const char *value, struct api_error *error)
{
    return set_path(settings->media_dir, value, error);
}

static int set_secret_file(struct settings *settings, const char *value, struct api_error *error)
{
    return set_path(settings->secret_file, value, error);
}

static int set_listen(struct settings_address *address, const char *value, struct api_error *error)
{
    struct settings_address parsed;
    if (address_parse(&parsed, value) != 0 || !address_is_literal(parsed.host))
        return fail(error, value,
                    "ADDR:PORT with an IP address of this machine and a port from 0 to 65535, e.g. "
                    "127.0.0.1:0");
    *address = parsed;
    return 0;
}

static int set_http(struct settings *settings, const char *value, struct api_error *error)
{
    return set_listen(&settings->http, value, error);
}

static int set_p2p(struct settings *settings, const char *value, struct api_error *error)
{
    return set_listen(&settings->p2p, value, error);
}

static int set_bind_media(struct settings *settings, const char *value, struct api_error *error)
{
    char host[SETTINGS_HOST_SIZE];
    if (address_parse_host(host, value) != 0 || !address_is_literal(host))
        return fail(error, value, "an IP address of this machine, e.g. 192.168.1.5 or 0.0.0.0");
    memcpy(settings->bind_media, host, sizeof(host));
    return 0;
}

// A port from 1 on. Returns what follows it, or NULL.
static const char *read_port(unsigned *out, const char *text)
{
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size > 5)
        return NULL;
    *out = (unsigned)strtoul(text, NULL, 10);
    return *out >= 1 && *out <= 65535 ? text + size : NULL;
}

static int set_media_ports(struct settings *settings, const char *value, struct api_error *error)
{
    unsigned low = 0, high = 0;
    if (strcmp(value, "0") != 0) {
        const char *rest = read_port(&low, value);
        rest = rest != NULL && *rest == '-' ? read_port(&high, rest + 1) : NULL;
        if (rest == NULL || *rest != '\0' || low > high)
            return fail(error, value,
                        "LOW-HIGH with ports from 1 to 65535, e.g. 4100-4999, or 0 for any free "
                        "ones");
    }
    settings->media_port_low = low;
    settings->media_port_high = high;
    return 0;
}

static int add_peer(struct settings *settings, const char *value, struct api_error *error)
{
    struct settings_address address;
    if (address_parse(&address, value) != 0 || address.port == 0)
        return fail(error, value, "HOST:PORT with a port from 1 to 65535, e.g. kitchen.local:4041");
    if (settings->peer_count == SETTINGS_MAX_PEERS)
        return fail(error, value, "among the 64 peers that can be named");
    snprintf(settings->peers[settings->peer_count++], sizeof(settings->peers[0]), "%s", value);
    return 0;
}

static int set_driver(struct settings *settings, const char *value, struct api_error *error)
{
    for (size_t i = 0; i < COUNT(drivers); i++) {
        if (strcmp(value, drivers[i]) == 0) {
            snprintf(settings->driver, sizeof(settings->driver), "%s", value);
            return 0;
        }
    }
    return fail(error, value, "a driver: null, pipewire, pulseaudio or alsa");
}

static int set_log(struct settings *settings, const char *value, struct api_error *error)
{
    if (rocd_log_level_parse(&settings->log_level, value) != 0)
        return fail(error, value, "a level: none, error, info, debug or trace");
    return 0;
}

static int set_impair(struct settings *settings, const char *value, struct api_error *error)
{
    return impair_parse(&settings->impairment, value, error);
}

static int (*const setters[])(struct settings *, const char *, struct api_error *) = {
    set_name,        set_state_dir, set_media_dir,   set_http,   set_p2p, set_bind_media,
    set_media_ports, add_peer,      set_secret_file, set_driver, set_log, set_impair,
};

const char *const settings_names[] = {
    "name", "state_dir",   "media_dir", "http", "p2p",    "bind_media", "media_ports",
    "peer", "secret_file", "driver",    "log",  "impair", NULL,
};

int settings_set(struct settings *settings, const char *name, const char *value,
                 struct api_error *error)
{
    for (size_t i = 0; i < COUNT(setters); i++) {
        if (strcmp(name, settings_names[i]) == 0)
            return setters[i](settings, value, error);
    }
    return error_set(error, ERROR_INVALID_ARGS, NULL, "there is no setting of this name");
}

int settings_check(const struct settings *settings, struct api_error *error)
{
    if (settings->state_dir[0] == '\0')
        return error_set(error, ERROR_INVALID_ARGS, NULL,
                         "There is no home folder to keep the state in; name one with "
                         "--state-dir.");
    if (!address_is_loopback(settings->http.host))
        return error_set(error, ERROR_FORBIDDEN, NULL,
                         "--http %s would let everybody on the network control this daemon: this "
                         "version has no authentication over HTTP, so it listens on 127.0.0.1 or "
                         "::1 only.",
                         settings->http.host);
    if (!address_is_loopback(settings->p2p.host) && settings->secret_file[0] == '\0')
        return error_set(error, ERROR_FORBIDDEN, NULL,
                         "--p2p %s listens to the network, which needs a secret that all peers "
                         "share: name its file with --secret-file.",
                         settings->p2p.host);
    if (strcmp(settings->driver, "null") != 0)
        return error_set(error, ERROR_UNSATISFIABLE, NULL,
                         "This build has no driver %s; file players, file recorders and tones work "
                         "with --driver null.",
                         settings->driver);
    return 0;
}
