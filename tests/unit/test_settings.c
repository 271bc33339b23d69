// SPDX-License-Identifier: MPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/address.h"
#include "main/config.h"
#include "main/options.h"
#include "main/secret.h"

#define MAX_ARGUMENTS 16

static struct settings make(void)
{
    struct settings settings;
    settings_init(&settings);
    strcpy(settings.state_dir, "/nowhere");
    return settings;
}

static void test_settings_have_the_documented_defaults(void **state)
{
    struct settings settings = make();
    struct api_error error;
    assert_string_equal(settings.http.host, "127.0.0.1");
    assert_int_equal(settings.http.port, 4040);
    assert_int_equal(settings.p2p.port, 4041);
    assert_int_equal(settings.media_port_low, 4100);
    assert_int_equal(settings.media_port_high, 4999);
    assert_int_equal(settings.log_level, ROCD_LOG_INFO);
    assert_true(settings.name[0] != '\0');
    assert_int_equal(settings_check(&settings, &error), 0);
}

static void test_settings_state_folder_is_the_users(void **state)
{
    struct settings settings;
    char *before = getenv("XDG_STATE_HOME") != NULL ? strdup(getenv("XDG_STATE_HOME")) : NULL;
    setenv("XDG_STATE_HOME", "/x/state", 1);
    settings_init(&settings);
    assert_string_equal(settings.state_dir, geteuid() == 0 ? "/var/lib/rocd" : "/x/state/rocd");
    if (before != NULL)
        setenv("XDG_STATE_HOME", before, 1);
    else
        unsetenv("XDG_STATE_HOME");
    free(before);
}

static void test_settings_take_good_values(void **state)
{
    static const struct {
        const char *name, *value;
    } good[] = {
        {"name", "K\xc3\xbc"
                 "che"},
        {"state_dir", "/a/b/"},
        {"media_dir", "m"},
        {"http", "[::1]:0"},
        {"p2p", "0.0.0.0:65535"},
        {"bind_media", "::"},
        {"media_ports", "5000-5000"},
        {"media_ports", "0"},
        {"peer", "kitchen.local:4041"},
        {"peer", "[fe80::1]:1"},
        {"secret_file", "s"},
        {"driver", "null"},
        {"log", "trace"},
        {"impair", "loss=5%,delay=10ms,jitter=500us,reorder=0.5%,duplicate=100%,seed=1"},
    };
    struct settings settings = make();
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct api_error error = {0};
        if (settings_set(&settings, good[i].name, good[i].value, &error) != 0)
            fail_msg("%s: %s", good[i].name, error.text);
    }
    assert_string_equal(settings.state_dir, "/a/b");
    assert_string_equal(settings.http.host, "::1");
    assert_int_equal(settings.media_port_low, 0);
    assert_int_equal(settings.peer_count, 2);
    assert_string_equal(settings.peers[1], "[fe80::1]:1");
    assert_true(settings.impairment.loss == 0.05);
    assert_true(settings.impairment.duplicate == 1);
    assert_int_equal(settings.impairment.delay, 10000000);
    assert_int_equal(settings.impairment.jitter, 500000);
    assert_int_equal(settings.impairment.seed, 1);
}

static void test_settings_refuse_bad_values_with_a_sentence(void **state)
{
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"name", ""},
        {"name", "a\nb"},
        {"name", "\xff"},
        {"state_dir", ""},
        {"http", ""},
        {"http", "127.0.0.1"},
        {"http", "127.0.0.1:"},
        {"http", ":80"},
        {"http", "127.0.0.1:65536"},
        {"http", "127.0.0.1:-1"},
        {"http", "127.0.0.1:+1"},
        {"http", "127.0.0.1: 1"},
        {"http", "1.2.3:80"},
        {"http", "::1:80"},
        {"http", "[::1:80"},
        {"http", "example.org:80"},
        {"p2p", "*:1"},
        {"bind_media", "eth0"},
        {"media_ports", "9-1"},
        {"media_ports", "x"},
        {"media_ports", "0-5"},
        {"media_ports", "1-65536"},
        {"media_ports", "1-4294967297"},
        {"media_ports", "1--5"},
        {"media_ports", "-1-5"},
        {"media_ports", "1-5 "},
        {"peer", "nohost"},
        {"peer", "host:0"},
        {"peer", "-host:1"},
        {"peer", "a b:1"},
        {"driver", "oss"},
        {"log", "loud"},
        {"impair", ""},
        {"impair", "loss"},
        {"impair", "loss=200%"},
        {"impair", "loss=5"},
        {"impair", "loss=-5%"},
        {"impair", "loss=nan%"},
        {"impair", "loss=1e1%"},
        {"impair", "delay=5"},
        {"impair", "delay=11s"},
        {"impair", "luck=1"},
        {"impair", "seed=x"},
        {"nonsense", "1"},
    };
    struct settings before = make();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct settings settings = before;
        struct api_error error = {0};
        if (settings_set(&settings, bad[i].name, bad[i].value, &error) == 0)
            fail_msg("accepted: %s %s", bad[i].name, bad[i].value);
        assert_true(strlen(error.text) > 10);
        assert_memory_equal(&settings, &before, sizeof(settings));
    }
}

static void test_settings_refuse_to_listen_to_everybody(void **state)
{
    struct api_error error;
    struct settings settings = make();
    strcpy(settings.http.host, "0.0.0.0");
    assert_int_equal(settings_check(&settings, &error), -1);
    assert_non_null(strstr(error.text, "0.0.0.0"));
    strcpy(settings.http.host, "::");
    assert_int_equal(settings_check(&settings, &error), -1);
    strcpy(settings.http.host, "::1");
    assert_int_equal(settings_check(&settings, &error), 0);

    strcpy(settings.p2p.host, "192.168.1.5");
    assert_int_equal(settings_check(&settings, &error), -1);
    assert_non_null(strstr(error.text, "secret"));
    strcpy(settings.secret_file, "/etc/rocd/secret");
    assert_int_equal(settings_check(&settings, &error), 0);

    strcpy(settings.driver, "pipewire");
    assert_int_equal(settings_check(&settings, &error), -1);
}

static int parse(struct settings *settings, const char *text, struct api_error *error)
{
    struct config_source source = {"x.yaml", text, strlen(text)};
    return config_parse(settings, &source, error);
}

static void test_config_sets_what_the_command_line_can(void **state)
{
    struct settings settings = make();
    struct api_error error;
    if (parse(&settings,
              "name: Studio\nstate_dir: /s\nmedia_dir: /m\nhttp: 127.0.0.1:0\np2p: 127.0.0.2:1\n"
              "bind_media: 0.0.0.0\nmedia_ports: 5000-5010\npeers:\n  - a:1\n  - b:2\n"
              "secret_file: /f\ndriver: null\nlog: debug\nimpair: loss=1%\n",
              &error) != 0)
        fail_msg("%s", error.text);
    assert_string_equal(settings.name, "Studio");
    assert_string_equal(settings.media_dir, "/m");
    assert_string_equal(settings.p2p.host, "127.0.0.2");
    assert_string_equal(settings.bind_media, "0.0.0.0");
    assert_int_equal(settings.media_port_high, 5010);
    assert_int_equal(settings.peer_count, 2);
    assert_string_equal(settings.peers[1], "b:2");
    assert_int_equal(settings.log_level, ROCD_LOG_DEBUG);
    assert_true(settings.impairment.loss == 0.01);
}

static void test_config_may_be_empty(void **state)
{
    struct settings settings = make(), before = settings;
    struct api_error error;
    assert_int_equal(parse(&settings, "", &error), 0);
    assert_int_equal(parse(&settings, "# nothing\n", &error), 0);
    assert_int_equal(parse(&settings, "peers: []\n", &error), 0);
    assert_memory_equal(&settings, &before, sizeof(settings));
}

static void test_config_errors_name_file_line_and_key(void **state)
{
    static const struct {
        const char *text, *line, *key;
    } bad[] = {
        {"name: x\nnonsense: 1\n", "line 2", "nonsense"},
        {"# c\n\nhttp: nowhere\n", "line 3", "http"},
        {"name: x\npeers: [a:1, b]\n", "line 2", "peers"},
        {"name: x\npeers: a:1\n", "line 2", "peers"},
        {"name: x\nlog:\n  level: info\n", "line", "log"},
        {"name: a\nname: b\n", "line", "name"},
        {"- name\n", "line 1", ""},
        {"name: \"x\n", "line", ""},
        {"name: x\n\tlog: info\n", "line", ""},
        {"name: &a x\nlog: *a\n", "line", "log"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct settings settings = make();
        struct api_error error = {0};
        assert_int_equal(parse(&settings, bad[i].text, &error), -1);
        if (strstr(error.text, "x.yaml, ") != error.text ||
            strstr(error.text, bad[i].line) == NULL || strstr(error.text, bad[i].key) == NULL ||
            strchr(error.text, '\n') != NULL)
            fail_msg("%s -> %s", bad[i].text, error.text);
    }
}

// Every key is in the example, commented out or not, and the example has no others.
static void test_config_example_has_every_key(void **state)
{
    struct settings settings = make();
    struct api_error error;
    char path[512], text[16384], line[32];
    snprintf(path, sizeof(path), "%s/../../packaging/rocd.yaml", TEST_VECTORS_DIR);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s is not there", path);
    // As it is, it is good; without the marks of comments before keys, too.
    assert_int_equal(config_load(&settings, path, &error), 0);
    size_t size = fread(text + 1, 1, sizeof(text) - 2, file);
    fclose(file);
    text[0] = '\n';
    text[size + 1] = '\0';
    for (size_t i = 0; settings_names[i] != NULL; i++) {
        const char *key = strcmp(settings_names[i], "peer") == 0 ? "peers" : settings_names[i];
        snprintf(line, sizeof(line), "\n#%s:", key);
        char *at = strstr(text, line);
        snprintf(line, sizeof(line), "\n%s:", key);
        if (at == NULL && strstr(text, line) == NULL)
            fail_msg("%s is not in %s", key, path);
    }
    for (char *at = text; (at = strstr(at, "\n#")) != NULL; at++) {
        if (at[2] != ' ' && at[2] != '\n' && at[2] != '\0')
            memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
    if (parse(&settings, text, &error) != 0)
        fail_msg("%s", error.text);
}

static int load(struct options *options, const char *const *arguments,
                enum options_failure *failure, struct api_error *error)
{
    char *argv[MAX_ARGUMENTS] = {"rocd"};
    int argc = 1;
    for (; arguments[argc - 1] != NULL; argc++)
        argv[argc] = (char *)arguments[argc - 1];
    return options_load(options, argc, argv, failure, error);
}

static void test_options_win_over_the_file(void **state)
{
    char path[] = "/tmp/test_options.XXXXXX";
    static const char text[] = "name: file\nlog: debug\npeers: [a:1]\n";
    struct options options;
    struct api_error error = {0};
    enum options_failure failure;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    const char *const arguments[] = {"--name", "line",   "--config", path, "--peer",
                                     "b:1",    "--peer", "c:1",      NULL};
    if (load(&options, arguments, &failure, &error) != 0)
        fail_msg("%s", error.text);
    unlink(path);
    assert_string_equal(options.settings.name, "line");
    assert_int_equal(options.settings.log_level, ROCD_LOG_DEBUG);
    assert_int_equal(options.settings.peer_count, 2);
    assert_string_equal(options.settings.peers[0], "b:1");

    // Now the file is gone.
    assert_int_equal(load(&options, arguments, &failure, &error), -1);
    assert_int_equal(failure, OPTIONS_CONFIG);
    assert_non_null(strstr(error.text, path));
}

static void test_options_refuse_wrong_usage(void **state)
{
    static const char *const bad[][4] = {
        {"--bogus"}, {"--http"},    {"--http", "x"}, {"stray"},          {"-x"},
        {"--name"},  {"--name="},   {"--peer", "x"}, {"--help=yes"},     {"--", "stray"},
        {"-"},       {"--log", ""}, {"-vv"},         {"--version", "x"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct options options;
        struct api_error error = {0};
        enum options_failure failure = OPTIONS_CONFIG;
        assert_int_equal(load(&options, bad[i], &failure, &error), -1);
        assert_int_equal(failure, OPTIONS_USAGE);
        assert_true(strlen(error.text) > 10);
        assert_null(strchr(error.text, '\n'));
    }
}

static void test_options_help_names_every_setting(void **state)
{
    static const char *const help[] = {"--help", NULL};
    struct options options;
    struct api_error error;
    enum options_failure failure;
    assert_int_equal(load(&options, help, &failure, &error), 0);
    assert_true(options.help);
    for (size_t i = 0; settings_names[i] != NULL; i++) {
        char option[32];
        snprintf(option, sizeof(option), "  --%s ", settings_names[i]);
        for (char *at = option; *at != '\0'; at++)
            *at = *at == '_' ? '-' : *at;
        if (strstr(options_help, option) == NULL)
            fail_msg("%s is not in --help", option);
    }
}

static int load_secret(char secret[SECRET_SIZE], const char *text, mode_t mode,
                       struct api_error *error)
{
    char path[] = "/tmp/test_secret.XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    fchmod(fd, mode);
    close(fd);
    int result = secret_load(secret, path, error);
    unlink(path);
    return result;
}

static void test_secret_is_the_first_line_of_a_closed_file(void **state)
{
    char secret[SECRET_SIZE], text[SECRET_SIZE + 1];
    struct api_error error;
    assert_int_equal(load_secret(secret, "0123456789abcdef\nmore", 0600, &error), 0);
    assert_string_equal(secret, "0123456789abcdef");
    assert_int_equal(load_secret(secret, "0123456789abcdef\r\n", 0640, &error), 0);
    assert_string_equal(secret, "0123456789abcdef");
    memset(text, 'x', sizeof(text));
    text[SECRET_SIZE - 1] = '\0';
    assert_int_equal(load_secret(secret, text, 0600, &error), 0);
    assert_string_equal(secret, text);
}

static void test_secret_refuses_what_is_not_secret(void **state)
{
    char secret[SECRET_SIZE] = "unchanged", text[SECRET_SIZE + 1];
    struct api_error error = {0};
    assert_int_equal(load_secret(secret, "tooshortsecret!\n", 0600, &error), -1);
    assert_null(strstr(error.text, "tooshort"));
    assert_int_equal(load_secret(secret, "\n0123456789abcdef", 0600, &error), -1);
    assert_int_equal(load_secret(secret, "0123456789abcdef\n", 0644, &error), -1);
    assert_null(strstr(error.text, "0123456789abcdef"));
    assert_int_equal(load_secret(secret, "0123456789abcdef\n", 0602, &error), -1);
    assert_int_equal(load_secret(secret, "0123456789abcdef\n", 0620, &error), -1);
    memset(text, 'x', sizeof(text));
    text[SECRET_SIZE] = '\0';
    assert_int_equal(load_secret(secret, text, 0600, &error), -1);
    assert_int_equal(secret_load(secret, "/nowhere/at/all", &error), -1);
    assert_int_equal(secret_load(secret, "/tmp", &error), -1);
    assert_string_equal(secret, "unchanged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_have_the_documented_defaults),
        cmocka_unit_test(test_settings_state_folder_is_the_users),
        cmocka_unit_test(test_settings_take_good_values),
        cmocka_unit_test(test_settings_refuse_bad_values_with_a_sentence),
        cmocka_unit_test(test_settings_refuse_to_listen_to_everybody),
        cmocka_unit_test(test_config_sets_what_the_command_line_can),
        cmocka_unit_test(test_config_may_be_empty),
        cmocka_unit_test(test_config_errors_name_file_line_and_key),
        cmocka_unit_test(test_config_example_has_every_key),
        cmocka_unit_test(test_options_win_over_the_file),
        cmocka_unit_test(test_options_refuse_wrong_usage),
        cmocka_unit_test(test_options_help_names_every_setting),
        cmocka_unit_test(test_secret_is_the_first_line_of_a_closed_file),
        cmocka_unit_test(test_secret_refuses_what_is_not_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
