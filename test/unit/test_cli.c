/* Arguments, help and exit statuses that all commands share. */
#include "unit.h"

#include "cli/cli.h"

#include <string.h>

#include "cli_run.h"

static void no_command_is_a_usage_error_with_help_on_stderr(void **state)
{
    struct cli_run r;

    (void)state;
    cli_run(&r, "", (const char *const[]){NULL});
    assert_int_equal(r.status, 2);
    assert_string_equal(r.out, "");
    assert_non_null(strstr(r.err, "  serve      runs the server\n"));
    cli_run_done(&r);
}

static void help_lists_every_command_but_the_hidden_one(void **state)
{
    static const char *const names[] = {"serve", "admin", "config", "version", "routes"};
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "--help");
    assert_int_equal(r.status, 0);
    for (size_t i = 0; i < COUNT(names); i++)
        assert_non_null(strstr(r.out, names[i]));
    assert_null(strstr(r.out, "inspector"));
    assert_string_equal(r.err, "");
    cli_run_done(&r);
}

static void an_unknown_command_is_a_usage_error(void **state)
{
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "sevre");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.err, "terrarium: there is no command \"sevre\"\n"
                               "Try: terrarium --help\n");
    cli_run_done(&r);
}

static void help_of_a_command_shows_its_flags_and_the_settings(void **state)
{
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "admin", "user", "create", "--help");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "usage: terrarium admin user create|"));
    assert_non_null(strstr(r.out, "user set-superuser LOGIN [--off]\n"));
    assert_non_null(strstr(r.out, "  --listen HOST:PORT "));
    cli_run_done(&r);
}

/* --- cli_parse ---------------------------------------------------------------------------- */

struct parsed {
    bool ok, on;
    struct str value;
    struct cli_args args;
    char said[500];
    char words[CLI_RUN_ARGS_MAX][64]; /* the results borrow from them */
};

static void parse(struct parsed *p, const char *const *words, int count)
{
    const struct cli_flag flags[] = {{"on", NULL, &p->on}, {"value", &p->value, NULL}};
    char *argv[CLI_RUN_ARGS_MAX];
    struct cli cli = {.argc = count, .argv = argv};

    *p = (struct parsed){.value = S("unset")};
    for (int i = 0; i < count; i++) {
        (void)snprintf(p->words[i], sizeof(p->words[i]), "%s", words[i]);
        argv[i] = p->words[i];
    }
    cli.err = fmemopen(p->said, sizeof(p->said), "w");
    assert_non_null(cli.err);
    p->ok = cli_parse(&cli, flags, COUNT(flags), &p->args);
    assert_int_equal(fclose(cli.err), 0);
}

static void flags_words_and_settings_are_told_apart(void **state)
{
    static const char *const words[] = {"one",         "--value=a=b", "--listen", "h:1", "two",
                                        "--workers=3", "--on",        "--config", "f"};
    struct parsed p;

    (void)state;
    parse(&p, words, COUNT(words));
    assert_true(p.ok);
    assert_true(p.on);
    assert_str(p.value, "a=b");
    assert_int_equal(p.args.word_count, 2);
    assert_str(p.args.words[0], "one");
    assert_str(p.args.words[1], "two");
    assert_str(p.args.config_file, "f");
    assert_int_equal(p.args.setting_count, 2);
    assert_str(p.args.settings[0].name, "listen");
    assert_str(p.args.settings[0].value, "h:1");
    assert_str(p.args.settings[1].name, "workers");
    assert_str(p.args.settings[1].value, "3");
    assert_string_equal(p.said, "");
}

static void assert_refused(const char *word, const char *message)
{
    struct parsed p;

    parse(&p, &word, 1);
    assert_false(p.ok);
    assert_non_null(strstr(p.said, message));
}

static void malformed_flags_are_refused(void **state)
{
    (void)state;
    assert_refused("--value", "--value needs a value");
    assert_refused("--listen", "--listen needs a value");
    assert_refused("--on=yes", "--on takes no value");
    assert_refused("-x", "\"-x\" is not understood");
    assert_refused("--", "\"--\" is not understood");
}

static void too_many_words_are_refused(void **state)
{
    static const char *const words[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    struct parsed p;

    (void)state;
    parse(&p, words, CLI_WORDS_MAX);
    assert_true(p.ok);
    parse(&p, words, CLI_WORDS_MAX + 1);
    assert_false(p.ok);
}

static void sizes_are_for_people(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1024 * 1024 - 1, "1023.9 KiB"},
        {1024 * 1024, "1.0 MiB"},
        {UINT64_C(3482) << 20, "3.4 GiB"},
        {UINT64_C(1) << 40, "1.0 TiB"},
        {UINT64_MAX, "16383.9 PiB"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buf_done) struct buf b = BUF_INIT(64);

        cli_add_size(&b, cases[i].bytes);
        assert_str(buf_str(&b), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_command_is_a_usage_error_with_help_on_stderr),
        cmocka_unit_test(help_lists_every_command_but_the_hidden_one),
        cmocka_unit_test(an_unknown_command_is_a_usage_error),
        cmocka_unit_test(help_of_a_command_shows_its_flags_and_the_settings),
        cmocka_unit_test(flags_words_and_settings_are_told_apart),
        cmocka_unit_test(malformed_flags_are_refused),
        cmocka_unit_test(too_many_words_are_refused),
        cmocka_unit_test(sizes_are_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
