// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "main/daemon.h"

struct fixture {
    char folder[64];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    rocd_log_set_level(ROCD_LOG_NONE);
    strcpy(fixture->folder, "/tmp/test_daemon.XXXXXX");
    if (mkdtemp(fixture->folder) == NULL)
        return -1;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", fixture->folder);
    free(fixture);
    return system(command);
}

static struct settings make(const struct fixture *fixture, const char *name)
{
    struct settings settings;
    settings_init(&settings);
    settings.http.port = 0;
    settings.p2p.port = 0;
    settings.media_port_low = settings.media_port_high = 0;
    snprintf(settings.name, sizeof(settings.name), "%s", name);
    snprintf(settings.state_dir, sizeof(settings.state_dir), "%s/%s", fixture->folder, name);
    return settings;
}

static struct daemon *start(const struct settings *settings)
{
    struct daemon *daemon = NULL;
    struct api_error error = {0};
    if (daemon_create(&daemon, settings, &error) != 0)
        fail_msg("%s", error.text);
    return daemon;
}

static unsigned port_of(const char *url)
{
    const char *colon = strrchr(url, ':');
    return colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
}

static void test_daemon_tells_real_ports_and_keeps_its_uid(void **state)
{
    struct settings settings = make(*state, "one");
    struct daemon_addresses addresses;
    char uid[UID_SIZE];
    struct daemon *daemon = start(&settings);
    daemon_get_addresses(daemon, &addresses);
    assert_true(port_of(addresses.http) > 0);
    assert_true(port_of(addresses.p2p) > 0);
    assert_true(uid_is_valid(addresses.peer_uid));
    strcpy(uid, addresses.peer_uid);
    daemon_destroy(daemon);

    daemon = start(&settings);
    daemon_get_addresses(daemon, &addresses);
    assert_string_equal(addresses.peer_uid, uid);
    daemon_destroy(daemon);
}

static void *stop_from_elsewhere(void *arg)
{
    daemon_stop(arg);
    return NULL;
}

static void test_daemon_stops_when_another_thread_says_so(void **state)
{
    struct settings settings = make(*state, "one");
    struct daemon *daemon = start(&settings);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_from_elsewhere, daemon), 0);
    daemon_run(daemon);
    pthread_join(thread, NULL);
    daemon_destroy(daemon);
}

static void test_daemon_can_be_there_twice(void **state)
{
    struct settings settings = make(*state, "one"), others = make(*state, "two");
    struct daemon_addresses addresses, other_addresses;
    struct daemon *daemon = start(&settings), *other = start(&others);
    daemon_get_addresses(daemon, &addresses);
    daemon_get_addresses(other, &other_addresses);
    assert_string_not_equal(addresses.peer_uid, other_addresses.peer_uid);
    daemon_destroy(daemon);
    daemon_destroy(other);
}

static void check_refused(const struct settings *settings, const char *word)
{
    struct daemon *daemon = NULL;
    struct api_error error = {0};
    assert_int_equal(daemon_create(&daemon, settings, &error), -1);
    assert_null(daemon);
    if (strstr(error.text, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.text, word);
}

// Opens a listening socket on a free port of loopback.
static int occupy(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

// Each stops the start at another step; what was started before must be gone again.
static void test_daemon_that_cannot_start_says_why_and_leaves_nothing(void **state)
{
    const struct fixture *fixture = *state;
    struct settings good = make(fixture, "one"), bad = good;
    char word[16];
    unsigned port;
    int fd = occupy(&port);
    snprintf(word, sizeof(word), "%u", port);

    strcpy(bad.http.host, "0.0.0.0");
    check_refused(&bad, "0.0.0.0");
    bad = good;
    strcpy(bad.secret_file, "/nowhere/secret");
    check_refused(&bad, "/nowhere/secret");
    bad = good;
    strcpy(bad.state_dir, "/dev/null/state");
    check_refused(&bad, "/dev/null/state");
    bad = good;
    strcpy(bad.media_dir, "/dev/null/media");
    check_refused(&bad, "/dev/null/media");
    bad = good;
    bad.http.port = port;
    check_refused(&bad, word);
    bad = good;
    bad.p2p.port = port;
    check_refused(&bad, word);
    close(fd);

    struct daemon *daemon = start(&good);
    check_refused(&good, good.state_dir);
    daemon_destroy(daemon);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_daemon_tells_real_ports_and_keeps_its_uid),
        TEST(test_daemon_stops_when_another_thread_says_so),
        TEST(test_daemon_can_be_there_twice),
        TEST(test_daemon_that_cannot_start_says_why_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
