// SPDX-License-Identifier: MPL-2.0
#include <signal.h>
#include <stdio.h>

#include "main/daemon.h"
#include "main/options.h"

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

// Failing to start owes the user one sentence on one line, whatever it quotes.
static int fail(int status, struct api_error *error)
{
    for (char *at = error->text; *at != '\0'; at++)
        *at = (unsigned char)*at < 0x20 ? '?' : *at;
    fprintf(stderr, "rocd: %s\n", error->text);
    return status;
}

static void print_addresses(const struct daemon *daemon)
{
    struct daemon_addresses addresses;
    daemon_get_addresses(daemon, &addresses);
    rocd_log(ROCD_LOG_INFO, "main", "rocd %s is ready at %s and %s as peer %s", ROCD_VERSION,
             addresses.http, addresses.p2p, addresses.peer_uid);
    printf("{\"http\": \"%s\", \"p2p\": \"%s\", \"peer_uid\": \"%s\"}\n", addresses.http,
           addresses.p2p, addresses.peer_uid);
    fflush(stdout);
}

static void handle_signal(uv_signal_t *handle, int number)
{
    rocd_log(ROCD_LOG_INFO, "main", "stopping on signal %d", number);
    daemon_stop(handle->data);
}

static int run(const struct settings *settings)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    uv_signal_t signals[2];
    struct daemon *daemon = NULL;
    struct api_error error = {0};
    if (daemon_create(&daemon, settings, &error) != 0)
        return fail(EXIT_FAILED, &error);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uv_signal_init(daemon_get_loop(daemon), &signals[i]);
        signals[i].data = daemon;
        uv_signal_start(&signals[i], handle_signal, numbers[i]);
    }
    print_addresses(daemon);
    daemon_run(daemon);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        uv_close((uv_handle_t *)&signals[i], NULL);
    daemon_destroy(daemon);
    return EXIT_GOOD;
}

int main(int argc, char **argv)
{
    struct options options;
    struct api_error error = {0};
    enum options_failure failure;
    // A client that goes away is an error of one write, not the end of the daemon.
    signal(SIGPIPE, SIG_IGN);
    if (options_load(&options, argc, argv, &failure, &error) != 0)
        return fail(failure == OPTIONS_USAGE ? EXIT_USAGE : EXIT_FAILED, &error);
    if (options.help || options.version) {
        fputs(options.help ? options_help : "rocd " ROCD_VERSION "\n", stdout);
        return EXIT_GOOD;
    }
    if (options.check_config)
        return settings_check(&options.settings, &error) == 0 ? EXIT_GOOD
                                                              : fail(EXIT_FAILED, &error);
    rocd_log_set_level(options.settings.log_level);
    rocd_log_take_libroc();
    int status = run(&options.settings);
    rocd_log_release_libroc();
    return status;
}
