// SPDX-License-Identifier: MPL-2.0
#include "main/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "main/config.h"

const char options_help[] =
    "Usage: rocd [OPTION]...\n"
    "\n"
    "Joins the audio devices of this machine with those of other machines.\n"
    "\n"
    "  --config FILE         YAML file with the same settings; what is given here wins\n"
    "                        (/etc/rocd/rocd.yaml or ~/.config/rocd/rocd.yaml if there)\n"
    "  --name NAME           how this peer is shown to people (the host's name)\n"
    "  --state-dir DIR       what survives a restart (/var/lib/rocd for root, otherwise\n"
    "                        ~/.local/state/rocd)\n"
    "  --media-dir DIR       files of players and recorders (the folder media in the\n"
    "                        state folder)\n"
    "  --http ADDR:PORT      REST API (127.0.0.1:4040; port 0 takes a free one)\n"
    "  --p2p ADDR:PORT       other peers (127.0.0.1:4041; port 0 takes a free one)\n"
    "  --bind-media ADDR     where sound is received (the address of --p2p)\n"
    "  --media-ports LOW-HIGH  its UDP ports (4100-4999; 0 takes any free ones)\n"
    "  --peer HOST:PORT      a peer to connect to; may be repeated\n"
    "  --secret-file FILE    secret of the network, 16 characters or more, shared by all\n"
    "                        peers\n"
    "  --driver NAME         sound server or devices to use (null: none)\n"
    "  --log LEVEL           none, error, info, debug or trace (info)\n"
    "  --impair LIST         makes outgoing sound worse, for demonstrations and tests:\n"
    "                        loss=5%,delay=10ms,jitter=5ms,reorder=1%,duplicate=1%,seed=1\n"
    "  --check-config        read all settings, say what is wrong, and exit\n"
    "  --version             print the version and exit\n"
    "  --help                print this and exit\n"
    "\n"
    "When it is ready, one line of JSON on stdout tells its addresses and its UID.\n";

enum { OPTION_CONFIG = 1000, OPTION_CHECK, OPTION_VERSION, OPTION_HELP, OPTION_SETTING = 2000 };

#define MAX_SETTINGS 24
#define NAME_SIZE    24

// The long options of getopt, made from the names of the settings.
struct table {
    char names[MAX_SETTINGS][NAME_SIZE];
    struct option options[MAX_SETTINGS + 5];
};

static void make_table(struct table *table)
{
    static const struct option others[] = {
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"check-config", no_argument, NULL, OPTION_CHECK},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    int count = 0;
    for (; settings_names[count] != NULL && count < MAX_SETTINGS; count++) {
        char *name = table->names[count];
        snprintf(name, NAME_SIZE, "%s", settings_names[count]);
        for (char *at = name; *at != '\0'; at++)
            *at = *at == '_' ? '-' : *at;
        table->options[count] =
            (struct option){name, required_argument, NULL, OPTION_SETTING + count};
    }
    memcpy(&table->options[count], others, sizeof(others));
}

static int fail_option(int result, char **argv, struct api_error *error)
{
    // A letter may stand inside a word of several; a long option is the word that getopt just read.
    char letter[3] = {'-', (char)optopt, '\0'};
    const char *argument = optopt > 0 && optopt < 128 ? letter : argv[optind - 1];
    return error_set(error, ERROR_INVALID_ARGS, NULL, "%s %.100s; try rocd --help.",
                     result == ':' ? "A value is missing after" : "There is no option", argument);
}

// Each pass over the command line hands its settings to a function.
typedef int (*setting_fn)(int index, const char *value, void *arg, struct api_error *error);

static int walk(struct options *options, const char **config, int argc, char **argv, setting_fn fn,
                void *arg, struct api_error *error)
{
    struct table table;
    int result;
    make_table(&table);
    opterr = 0;
    optind = 0; // GNU: begin afresh, also after an earlier walk
    while ((result = getopt_long(argc, argv, "+:", table.options, NULL)) != -1) {
        switch (result) {
        case OPTION_CONFIG:
            *config = optarg;
            break;
        case OPTION_CHECK:
            options->check_config = true;
            break;
        case OPTION_VERSION:
            options->version = true;
            break;
        case OPTION_HELP:
            options->help = true;
            break;
        default:
            if (result < OPTION_SETTING)
                return fail_option(result, argv, error);
            if (fn(result - OPTION_SETTING, optarg, arg, error) != 0)
                return error_set(error, ERROR_INVALID_ARGS, NULL, "--%s: %s.",
                                 table.names[result - OPTION_SETTING], error->text);
        }
    }
    if (optind < argc)
        return error_set(error, ERROR_INVALID_ARGS, NULL,
                         "\"%.100s\" is no option; try rocd --help.", argv[optind]);
    return 0;
}

struct pass {
    struct settings *settings;
    bool has_peers;
};

// Peers that the command line names take the place of those in the file.
static int set(int index, const char *value, void *arg, struct api_error *error)
{
    struct pass *pass = arg;
    const char *name = settings_names[index];
    if (strcmp(name, "peer") == 0 && !pass->has_peers) {
        pass->has_peers = true;
        pass->settings->peer_count = 0;
    }
    return settings_set(pass->settings, name, value, error);
}

// The command line is checked before the file is looked at, and applied after it.
int options_load(struct options *options, int argc, char **argv, enum options_failure *failure,
                 struct api_error *error)
{
    char found[SETTINGS_PATH_SIZE];
    const char *config = NULL;
    struct pass pass = {&options->settings, false};
    *options = (struct options){0};
    *failure = OPTIONS_USAGE;
    settings_init(&options->settings);
    if (walk(options, &config, argc, argv, set, &pass, error) != 0)
        return -1;
    if (options->help || options->version)
        return 0;
    if (config == NULL) {
        config_find(found);
        config = found;
    }
    settings_init(&options->settings);
    if (config[0] != '\0' && config_load(&options->settings, config, error) != 0) {
        *failure = OPTIONS_CONFIG;
        return -1;
    }
    pass.has_peers = false;
    return walk(options, &config, argc, argv, set, &pass, error);
}
