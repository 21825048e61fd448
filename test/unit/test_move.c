/* A whole site from one place to another, whole or not at all. */
#include "core_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "blob/blob.h"
#include "core/inspect.h"
#include "core/mark.h"
#include "core/move.h"
#include "core/token.h"
#include "core/verify.h"
#include "store/copy.h"

static const struct core_spec tiny = {
    .name = "x", .version = "1.0", .build = "0", .subdir = "noarch"};
static const struct move_options quietly = {0};

/* Another place beside that of the fixture. */
static struct app open_target(struct core *f, const char *folder)
{
    struct app app = {.config = &f->config, .log = f->app.log, .lock_fd = -1};
    const struct blob_place place = {.dir = str_fmt(f->mem, "%s/%s/blobs", f->folder, folder).ptr};

    must(f, fs_mkdirs(place.dir, &f->err));
    must(f, db_open(str_fmt(f->mem, "sqlite://%s/%s/terrarium.db", f->folder, folder), true, NULL,
                    &app.db, &f->err));
    must(f, blob_open(&place, BLOB_SERVE, &app.blobs, &f->err));
    return app;
}

static struct actor fill(struct core *f)
{
    struct actor alice = core_user(f, "alice");
    const struct token_request token = {.name = S("ci")};
    struct str secret;

    (void)core_publish(f, &alice, &tiny);
    (void)core_publish(
        f, &alice,
        &(struct core_spec){.name = "y", .version = "2", .build = "0", .subdir = "linux-64"});
    must(f, token_create(&f->app, f->mem, &alice, &token, &secret, &f->err));
    must(f, mark_check(&f->app, S("source"), true, &f->err));
    return alice;
}

static struct copy_sum sum_of(struct core *f, struct app *app, size_t table)
{
    AUTO(tx_endp) struct tx *tx = NULL;
    struct copy_sum sum;

    must(f, tx_begin(app->db, TX_READ, &tx, &f->err));
    must(f, copy_sum(tx, table, &sum, &f->err));
    return sum;
}

static void must_be_equal(struct core *f, struct app *target)
{
    for (size_t t = 0; t < copy_table_count; t++) {
        struct copy_sum one = sum_of(f, &f->app, t), two = sum_of(f, target, t);

        assert_int_equal(one.rows, two.rows);
        assert_string_equal(one.sha256, two.sha256);
    }
}

static void found(void *ctx, const struct verify_finding *finding)
{
    (void)ctx;
    print_error("%s " STR_FMT " " STR_FMT "\n", finding->kind, STR_ARG(finding->subject),
                STR_ARG(finding->detail));
}

static void must_be_well(struct core *f, struct app *app)
{
    const struct verify_options options = {.found = found};
    struct verify_report report = {0};

    must(f, verify_all(app, &options, &report, &f->err));
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.orphans, 0);
    assert_int_equal(report.files, 2);
}

static void everything_arrives_and_the_site_goes_on_there(void **state)
{
    struct core *f = *state;
    struct actor alice = fill(f);
    struct app target = open_target(f, "target"), source;
    struct move_progress done;

    must(f, move_all(&f->app, &target, &quietly, &done, &f->err));
    assert_true(done.blobs > 10 && done.blobs == done.blobs_all && done.bytes == done.bytes_all);
    assert_true(done.rows > 10 && done.rows == done.rows_all);
    must_be_equal(f, &target);
    must(f, mark_check(&target, S("target"), false, &f->err));
    must_be_well(f, &target);
    /* The fixture acts on the target from here on. */
    target.inspector = f->app.inspector;
    source = f->app;
    f->app = target;
    (void)core_publish(
        f, &alice,
        &(struct core_spec){.name = "z", .version = "3", .build = "0", .subdir = "noarch"});
    assert_true(core_listed(f, "alice", "main", "noarch", "z-3-0.tar.bz2"));
    f->app = source;
    blob_close(target.blobs);
    db_close(target.db);
}

/* A number that the source has given to something that is gone. */
static void numbers_are_never_used_again(void **state)
{
    struct core *f = *state;
    struct actor alice = fill(f), carol;
    struct app target = open_target(f, "target"), source = f->app;
    struct move_progress done;

    (void)alice;
    carol = core_user(f, "carol");
    CORE_CHANGE(f, "DELETE FROM account WHERE login = 'carol'");
    must(f, move_all(&f->app, &target, &quietly, &done, &f->err));
    f->app = target;
    assert_int_equal(core_user(f, "dora").account_id, carol.account_id + 1);
    f->app = source;
    blob_close(target.blobs);
    db_close(target.db);
}

static void what_is_not_empty_is_refused(void **state)
{
    struct core *f = *state;
    struct app target, source = f->app;
    struct move_progress done;
    struct blob_id id;

    (void)fill(f);
    target = open_target(f, "with-rows");
    f->app = target;
    (void)core_user(f, "bob");
    f->app = source;
    must_fail(f, move_all(&f->app, &target, &quietly, &done, &f->err), ERR_CONFLICT,
              "the target is not empty: it has 1 rows in \"account\"");
    blob_close(target.blobs);
    db_close(target.db);
    target = open_target(f, "with-blobs");
    must(f, blob_put(target.blobs, S("something"), &id, &f->err));
    must_fail(f, move_all(&f->app, &target, &quietly, &done, &f->err), ERR_CONFLICT,
              "the target is not empty: it holds the file 3fc9b689");
    blob_close(target.blobs);
    db_close(target.db);
    target = open_target(f, "used");
    must(f, mark_check(&target, S("used"), true, &f->err));
    must_fail(f, move_all(&f->app, &target, &quietly, &done, &f->err), ERR_CONFLICT,
              "the target is not empty: a server has used it");
    blob_close(target.blobs);
    db_close(target.db);
}

/* Runs the migration in a child process that is killed at the n-th sign of progress. */
static int killed_at;
static void count_down(void *ctx, const struct move_progress *p)
{
    (void)ctx, (void)p;
    if (--killed_at == 0)
        (void)raise(SIGKILL);
}

static bool move_in_a_child(struct core *f, const char *folder, int at)
{
    const struct move_options options = {.progress = count_down};
    pid_t pid;
    int status;

    /* Connections to a database do not survive a fork. */
    db_closep(&f->app.db);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct move_progress done;
        struct app target;

        must(f, db_open(str_fmt(f->mem, "sqlite://%s/terrarium.db", f->folder), false, NULL,
                        &f->app.db, &f->err));
        target = open_target(f, folder);
        killed_at = at;
        _exit(move_all(&f->app, &target, &options, &done, &f->err) ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    must(f, db_open(str_fmt(f->mem, "sqlite://%s/terrarium.db", f->folder), false, NULL, &f->app.db,
                    &f->err));
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

static void cut_short_anywhere_it_goes_on_where_it_was(void **state)
{
    struct core *f = *state;
    struct app target;
    int at = 1, kills = 0;

    if (!core_is_sqlite(f)) {
        print_message("skipped: the source is a folder here\n");
        skip();
    }
    (void)fill(f);
    for (; !move_in_a_child(f, "target", at); at += 3)
        kills++;
    assert_true(kills > 5);
    target = open_target(f, "target");
    must_be_equal(f, &target);
    must(f, mark_check(&target, S("target"), false, &f->err));
    must_be_well(f, &target);
    blob_close(target.blobs);
    db_close(target.db);
}

static void another_source_does_not_go_on_with_it(void **state)
{
    struct core *f = *state;
    struct app target = open_target(f, "target"), other = open_target(f, "other");
    struct move_progress done;

    (void)fill(f);
    must(f,
         blob_remove(f->app.blobs, CORE_TEXT(f, "SELECT sha256 FROM file WHERE id = 2"), &f->err));
    assert_int_equal(move_all(&f->app, &target, &quietly, &done, &f->err), ERR_INVALID);
    must(f, mark_check(&other, S("other"), true, &f->err));
    must_fail(f, move_all(&other, &target, &quietly, &done, &f->err), ERR_CONFLICT,
              "the target is not empty: it holds a part of another source");
    blob_close(other.blobs);
    db_close(other.db);
    blob_close(target.blobs);
    db_close(target.db);
}

static void a_server_does_not_start_on_half_of_it(void **state)
{
    struct core *f = *state;
    struct app target = open_target(f, "target");
    struct move_progress done;
    char unfinished[65];
    struct str mark;

    (void)fill(f);
    must(f, mark_of(&f->app, f->mem, &mark, &f->err));
    mark_unfinished(mark, unfinished);
    assert_int_equal(strlen(unfinished), 64);
    /* The source loses a file that comes in the middle. */
    must(f,
         blob_remove(f->app.blobs, CORE_TEXT(f, "SELECT sha256 FROM file WHERE id = 2"), &f->err));
    must_fail(f, move_all(&f->app, &target, &quietly, &done, &f->err), ERR_INVALID,
              "is missing or too short in the source: run verify");
    must_fail(f, mark_check(&target, S("target"), true, &f->err), ERR_INVALID,
              "a migration into this database has not come to its end: run it again");
    blob_close(target.blobs);
    db_close(target.db);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(everything_arrives_and_the_site_goes_on_there),
        WITH_INSPECTOR(numbers_are_never_used_again),
        WITH_INSPECTOR(what_is_not_empty_is_refused),
        WITH_INSPECTOR(cut_short_anywhere_it_goes_on_where_it_was),
        WITH_INSPECTOR(another_source_does_not_go_on_with_it),
        WITH_INSPECTOR(a_server_does_not_start_on_half_of_it),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
