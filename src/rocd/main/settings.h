// SPDX-License-Identifier: MPL-2.0
//
// Everything that can be set about a daemon. The command line and the configuration file fill one
// struct through one function, so that both know the same names and say the same about bad values.
// Thread: any.

#ifndef ROCD_MAIN_SETTINGS_H
#define ROCD_MAIN_SETTINGS_H

#include <roc/transceiver.h>

#include "model/error.h"
#include "model/log.h"

#define SETTINGS_PATH_SIZE 400
#define SETTINGS_HOST_SIZE 64
#define SETTINGS_MAX_PEERS 64

struct settings_address {
    char host[SETTINGS_HOST_SIZE]; // without the brackets of an IPv6 address
    unsigned port;                 // 0 = a free one
};

struct settings {
    char name[128];
    char state_dir[SETTINGS_PATH_SIZE];
    char media_dir[SETTINGS_PATH_SIZE]; // "" = the folder `media` below state_dir
    struct settings_address http, p2p;
    char bind_media[SETTINGS_HOST_SIZE]; // "" = the host of p2p
    unsigned media_port_low, media_port_high;
    char peers[SETTINGS_MAX_PEERS][SETTINGS_HOST_SIZE + 8]; // HOST:PORT
    size_t peer_count;
    char secret_file[SETTINGS_PATH_SIZE]; // "" = none
    char driver[16];
    enum rocd_log_level log_level;
    roc_impairment impairment;
};

// The defaults of this user on this machine.
void settings_init(struct settings *settings);

// The names, in the order of the documentation: "name", "state_dir", "http", ...; a list ends with
// NULL. "peer" adds one to the list.
extern const char *const settings_names[];

// name is one of the list; what a bad value should have been is in error->text, without the name.
// Returns 0 or -1.
int settings_set(struct settings *settings, const char *name, const char *value,
                 struct api_error *error);

// What must not be, whoever asks for it: listening to the network without credentials, a driver
// that is not there. Returns 0 or -1 with *error set.
int settings_check(const struct settings *settings, struct api_error *error);

#endif
