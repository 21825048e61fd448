/* `terrarium admin user ...`, on a database in a new folder. */
#include "unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli_run.h"

static int setup(void **state)
{
    *state = temp_folder();
    return 0;
}

static int teardown(void **state)
{
    temp_folder_remove(*state);
    return 0;
}

static json_t *list(const char *folder)
{
    struct cli_run r;
    json_t *accounts;

    CLI_RUN(&r, "", "admin", "user", "list", "--json", "--data", folder);
    assert_int_equal(r.status, 0);
    accounts = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_array(accounts));
    cli_run_done(&r);
    return accounts;
}

static void a_password_is_made_up_and_printed_once(void **state)
{
    static const char says[] = "one-time password, not shown again: ";
    const char *folder = *state, *password;
    struct cli_run r;

    CLI_RUN(&r, "", "admin", "user", "create", "Alice", "--email", "alice@example.org",
            "--superuser", "--data", folder);
    assert_string_equal(r.err, "");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "created superuser alice\n"));
    password = strstr(r.out, says);
    assert_non_null(password);
    password += strlen(says);
    assert_int_equal(strcspn(password, "\n"), 20);
    cli_run_done(&r);
}

static void a_typed_password_is_not_repeated(void **state)
{
    const char *folder = *state;
    struct cli_run r;

    CLI_RUN(&r, "Correct-Horse-9\n", "admin", "user", "create", "bob", "--email", "bob@example.org",
            "--password-stdin", "--data", folder);
    assert_string_equal(r.err, "");
    assert_int_equal(r.status, 0);
    assert_string_equal(r.out, "created user bob\n");
    cli_run_done(&r);
}

static void every_refused_field_is_named(void **state)
{
    const char *folder = *state;
    struct cli_run r;

    CLI_RUN(&r, "short\n", "admin", "user", "create", "-", "--email", "nowhere", "--password-stdin",
            "--data", folder);
    assert_int_equal(r.status, 2); /* "-" cannot be a word */
    cli_run_done(&r);
    CLI_RUN(&r, "short\n", "admin", "user", "create", "a", "--email", "nowhere", "--password-stdin",
            "--data", folder);
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, "terrarium: login: "));
    assert_non_null(strstr(r.err, "terrarium: email: "));
    assert_non_null(strstr(r.err, "terrarium: password: "));
    assert_null(strstr(r.err, "short"));
    cli_run_done(&r);
}

static void an_email_must_be_given(void **state)
{
    const char *folder = *state;
    struct cli_run r;

    CLI_RUN(&r, "", "admin", "user", "create", "carol", "--data", folder);
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "--email is missing"));
    cli_run_done(&r);
}

static void a_missing_password_on_stdin_is_refused(void **state)
{
    const char *folder = *state;
    struct cli_run r;

    CLI_RUN(&r, "", "admin", "user", "create", "carol", "--email", "c@example.org",
            "--password-stdin", "--data", folder);
    assert_int_not_equal(r.status, 0);
    assert_string_equal(r.out, "");
    cli_run_done(&r);
}

static void accounts_are_listed_as_json_and_as_text(void **state)
{
    const char *folder = *state;
    json_t *accounts, *dave;
    struct cli_run r;

    accounts = list(folder);
    assert_int_equal(json_array_size(accounts), 0);
    json_decref(accounts);
    CLI_RUN(&r, "", "admin", "user", "create", "dave", "--email", "dave@example.org", "--data",
            folder);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);

    accounts = list(folder);
    assert_int_equal(json_array_size(accounts), 1);
    dave = json_array_get(accounts, 0);
    assert_string_equal(json_string_value(json_object_get(dave, "login")), "dave");
    assert_string_equal(json_string_value(json_object_get(dave, "email")), "dave@example.org");
    assert_string_equal(json_string_value(json_object_get(dave, "type")), "user");
    assert_true(json_is_false(json_object_get(dave, "superuser")));
    json_decref(accounts);

    CLI_RUN(&r, "", "admin", "user", "list", "--data", folder);
    assert_int_equal(r.status, 0);
    assert_memory_equal(r.out, "dave                     user         20", 40);
    assert_non_null(strstr(r.out, " dave@example.org\n"));
    cli_run_done(&r);
}

static bool is_superuser(const char *folder)
{
    json_t *accounts = list(folder);
    bool yes = json_is_true(json_object_get(json_array_get(accounts, 0), "superuser"));

    json_decref(accounts);
    return yes;
}

static void superuser_is_given_and_taken(void **state)
{
    const char *folder = *state;
    struct cli_run r;

    CLI_RUN(&r, "", "admin", "user", "create", "erin", "--email", "e@example.org", "--data",
            folder);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
    assert_false(is_superuser(folder));
    CLI_RUN(&r, "", "admin", "user", "set-superuser", "ERIN", "--data", folder);
    assert_int_equal(r.status, 0);
    assert_string_equal(r.out, "now a superuser: erin\n");
    cli_run_done(&r);
    assert_true(is_superuser(folder));
    CLI_RUN(&r, "", "admin", "user", "set-superuser", "erin", "--off", "--data", folder);
    assert_int_equal(r.status, 1);
    assert_string_equal(r.err, "terrarium: \"erin\" is the last administrator of this server: make "
                               "somebody else one first\n");
    cli_run_done(&r);
    assert_true(is_superuser(folder));
    CLI_RUN(&r, "", "admin", "user", "create", "zoe", "--email", "z@example.org", "--superuser",
            "--data", folder);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "set-superuser", "erin", "--off", "--data", folder);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
    assert_false(is_superuser(folder));
}

static void a_password_is_reset(void **state)
{
    const char *folder = *state;
    struct cli_run r;

    CLI_RUN(&r, "", "admin", "user", "create", "frank", "--email", "f@example.org", "--data",
            folder);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "reset-password", "frank", "--data", folder);
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "set the password of frank\none-time password"));
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "reset-password", "nobody", "--data", folder);
    assert_int_equal(r.status, 1);
    assert_string_equal(r.err, "terrarium: there is no account \"nobody\"\n");
    cli_run_done(&r);
}

static void what_is_deleted_is_named_twice(void **state)
{
    const char *folder = *state;
    struct cli_run r;
    json_t *accounts;

    CLI_RUN(&r, "", "admin", "user", "create", "gina", "--email", "g@example.org", "--data",
            folder);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "delete", "gina", "--data", folder);
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "repeat its name after --yes"));
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "delete", "gina", "--yes", "gin", "--data", folder);
    assert_int_equal(r.status, 2);
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "org", "delete", "gina", "--yes", "gina", "--data", folder);
    assert_int_equal(r.status, 1);
    assert_string_equal(r.err, "terrarium: \"gina\" is a user, not an organization\n");
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "delete", "gina", "--yes", "gina", "--data", folder);
    assert_int_equal(r.status, 0);
    assert_string_equal(r.out, "deleted user gina\n");
    cli_run_done(&r);
    accounts = list(folder);
    assert_int_equal(json_array_size(accounts), 0);
    json_decref(accounts);
    CLI_RUN(&r, "", "admin", "login", "free", "Gina", "--data", folder);
    assert_string_equal(r.out, "may be had again: gina\n");
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "login", "free", "gina", "--data", folder);
    assert_int_equal(r.status, 1);
    assert_string_equal(r.err, "terrarium: no deleted account had the login \"gina\"\n");
    cli_run_done(&r);
}

static void incomplete_actions_are_usage_errors(void **state)
{
    struct cli_run r;

    (void)state;
    CLI_RUN(&r, "", "admin");
    assert_int_equal(r.status, 2);
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "create");
    assert_int_equal(r.status, 2);
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "org", "create", "x");
    assert_int_equal(r.status, 2);
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "list", "extra");
    assert_int_equal(r.status, 2);
    cli_run_done(&r);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_password_is_made_up_and_printed_once),
        CASE(a_typed_password_is_not_repeated),
        CASE(every_refused_field_is_named),
        CASE(an_email_must_be_given),
        CASE(a_missing_password_on_stdin_is_refused),
        CASE(accounts_are_listed_as_json_and_as_text),
        CASE(superuser_is_given_and_taken),
        CASE(a_password_is_reset),
        CASE(what_is_deleted_is_named_twice),
        cmocka_unit_test(incomplete_actions_are_usage_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
