/* `terrarium migrate`, from folder to folder; test/failure does it with PostgreSQL and S3. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli_run.h"

struct folders {
    char *root;
    char from[300], to[300];
};

static struct folders make_folders(void)
{
    struct folders f = {.root = temp_folder()};
    struct cli_run r;

    (void)snprintf(f.from, sizeof f.from, "%s/from", f.root);
    (void)snprintf(f.to, sizeof f.to, "%s/to", f.root);
    CLI_RUN(&r, "a good password\n", "admin", "user", "create", "alice", "--email", "a@example.org",
            "--password-stdin", "--data", f.from);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
    return f;
}

static void fails(const char *from, const char *to, int status, const char *said)
{
    struct cli_run r;

    CLI_RUN(&r, "", "migrate", "--from", from, "--to", to);
    if (!strstr(r.err, said))
        print_error("it says: %s\n", r.err);
    assert_non_null(strstr(r.err, said));
    assert_int_equal(r.status, status);
    assert_string_equal(r.out, "");
    cli_run_done(&r);
}

static void a_site_moves_to_another_folder(void **state)
{
    struct folders f = make_folders();
    struct cli_run r;
    char expected[700];

    (void)state;
    CLI_RUN(&r, "", "migrate", "--from", f.from, "--to", f.to);
    (void)snprintf(expected, sizeof expected,
                   "start the server there with:\n  terrarium serve "
                   "--data %s\n",
                   f.to);
    if (!strstr(r.out, expected))
        print_error("it says: %s%s\n", r.out, r.err);
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, expected));
    cli_run_done(&r);
    CLI_RUN(&r, "", "admin", "user", "list", "--data", f.to);
    assert_non_null(strstr(r.out, "alice"));
    cli_run_done(&r);
    CLI_RUN(&r, "", "verify", "--data", f.to);
    assert_int_equal(r.status, 0);
    cli_run_done(&r);
    fails(f.from, f.to, 1, "the target is not empty: a server has used it");
    temp_folder_remove(f.root);
}

static void what_is_missing_is_named(void **state)
{
    struct folders f = make_folders();
    struct cli_run r;

    (void)state;
    fails("/nowhere/at/all", f.to, 1, "--from: there is no data folder \"/nowhere/at/all\"");
    fails(f.from, "postgresql://u:secret@h/d", 2,
          "--to is a database: say with --blobs where its files are");
    CLI_RUN(&r, "", "migrate", "--from", f.from);
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "--to is missing"));
    cli_run_done(&r);
    temp_folder_remove(f.root);
}

static void a_folder_in_use_is_refused(void **state)
{
    struct folders f = make_folders();
    char lock[320];
    struct err err;
    int fd = -1;

    (void)state;
    (void)snprintf(lock, sizeof lock, "%s/terrarium.lock", f.from);
    assert_int_equal(fs_lock(lock, &fd, &err), OK);
    fails(f.from, f.to, 1, "--from: another server uses the data folder");
    fd_closep(&fd);
    temp_folder_remove(f.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_site_moves_to_another_folder),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_folder_in_use_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
