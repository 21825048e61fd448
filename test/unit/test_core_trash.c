/* What was removed stays in the trash for some days, seen by those who could change it, and goes in
 * short steps. */
#include "core_fixture.h"

#include "core/gc.h"
#include "core/inspect.h"
#include "core/organization.h"
#include "core/trash.h"
#include "store/grant.h"
#include "store/space.h"

#define SPEC(name_, version_, build_)                                                              \
    ((struct core_spec){                                                                           \
        .name = (name_), .version = (version_), .build = (build_), .subdir = "noarch"})

static void remove_file(struct core *f, const struct actor *actor, const char *owner,
                        const struct core_spec *spec)
{
    struct file_path path = core_path(f, owner, spec);
    struct file_row removed;

    must(f, file_remove(&f->app, f->mem, actor, &path, &removed, &f->err));
}

static struct trash_page read_page(struct core *f, const struct actor *actor, const char *owner,
                                   const char *before, const char *limit)
{
    const struct trash_request req = {str_of(before), str_of(limit)};
    struct trash_page page;

    must(f, trash_read(&f->app, f->mem, actor, str_of(owner), &req, &page, &f->err));
    return page;
}

static size_t seen(struct core *f, const struct actor *actor, const char *owner)
{
    return read_page(f, actor, owner, "", "").items.count;
}

static enum err_code end(struct core *f, const struct actor *actor, const char *number)
{
    return trash_end(&f->app, f->mem, actor, S("alice"), str_of(number), &f->err);
}

static int64_t space_used(struct core *f, const char *login)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct account_row account;
    struct space_row row;

    must(f, account_by_login(tx, f->mem, str_of(login), &account, &f->err));
    must(f, space_find(tx, account.id, &row, &f->err));
    return row.used;
}

/* Sweeps until nothing is due. */
static int empty(struct core *f)
{
    bool more = true;
    int steps = 0;

    for (; more; steps++)
        must(f, trash_empty_some(&f->app, 0, &more, &f->err));
    return steps;
}

/* ---- keeping --------------------------------------------------------------------------------- */

static void a_removed_file_is_in_the_trash_alone_and_its_bytes_stay(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0");
    struct file_row file = core_publish(f, &alice, &x);
    struct gc_report report;
    const struct gc_options all = {0};
    struct trash_page page;

    remove_file(f, &alice, "alice", &x);
    page = read_page(f, &alice, "alice", "", "");
    assert_int_equal(page.items.count, 1);
    assert_str(page.next, "");
    assert_str(page.items.rows[0].kind, "file");
    assert_str(page.items.rows[0].basename, "noarch/x-1.0-0.tar.bz2");
    assert_str(page.items.rows[0].remover, "alice");
    assert_str(page.items.rows[0].reason, "");
    assert_int_equal(page.items.rows[0].size, file.size);
    assert_int_equal(page.items.rows[0].due_ms - page.items.rows[0].removed_ms,
                     INT64_C(30) * 86400000);
    assert_str(trash_object(f->mem, &page.items.rows[0]), "alice/x/1.0/noarch/x-1.0-0.tar.bz2");
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 0);
    must(f, gc_orphans(&f->app, &all, &report, &f->err));
    assert_true(core_has_blob(f, file.sha256));
    assert_int_equal(space_used(f, "alice"), file.size);
}

static void what_holds_no_file_is_not_kept_but_for_what_the_trash_has_of_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0"), y = SPEC("y", "1.0", "0");
    struct file_path empty_path = core_path(f, "alice", &y);

    core_release(f, &alice, &empty_path);
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("y"), S("1.0"), &f->err));
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("y"), &f->err));
    assert_int_equal(seen(f, &alice, "alice"), 0);
    (void)core_publish(f, &alice, &x);
    remove_file(f, &alice, "alice", &x);
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), &f->err));
    assert_int_equal(seen(f, &alice, "alice"), 1);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_int_equal(seen(f, &alice, "alice"), 2);
}

static void without_days_there_is_no_trash(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0"), y = SPEC("x", "2.0", "0");
    struct file_row one = core_publish(f, &alice, &x), two = core_publish(f, &alice, &y);

    remove_file(f, &alice, "alice", &x);
    f->config.trash_days = 0;
    assert_false(trash_keeps(&f->app));
    /* The package is gone for good, so what was removed of it before is, too. */
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM trash"), 0);
    assert_false(core_has_blob(f, one.sha256));
    assert_false(core_has_blob(f, two.sha256));
    assert_int_equal(space_used(f, "alice"), 0);
}

/* ---- who sees it ----------------------------------------------------------------------------- */

static void it_is_seen_by_those_who_could_change_the_package(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"),
                 carl = core_user(f, "carl"), dora = core_user(f, "dora"),
                 boss = core_user(f, "boss");
    struct core_spec x = SPEC("x", "1.0", "0"), y = SPEC("y", "1.0", "0");
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t package;

    boss.superuser = true;
    package = core_publish(f, &alice, &x).package_id;
    (void)core_publish(f, &alice, &y);
    tx = core_begin(f, TX_WRITE);
    must(f, collaborator_put(tx, package, bob.account_id, S("write"), &f->err));
    must(f, collaborator_put(tx, package, carl.account_id, S("read"), &f->err));
    must(f, tx_commit(&tx, &f->err));
    must(f, package_remove(&f->app, f->mem, &bob, S("alice"), S("x"), &f->err));
    remove_file(f, &alice, "alice", &y);
    assert_int_equal(seen(f, &alice, "alice"), 2);
    assert_int_equal(seen(f, &boss, "alice"), 2);
    assert_int_equal(seen(f, &bob, "alice"), 1);
    assert_int_equal(seen(f, &carl, "alice"), 0);
    assert_int_equal(seen(f, &dora, "alice"), 0);
    assert_int_equal(seen(f, &alice, "bob"), 0);
}

static void pages_follow_each_other(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    static const char *const versions[] = {"1.0", "2.0", "3.0"};
    const struct trash_request bad_limit = {S(""), S("0")}, bad_before = {S("x"), S("")};
    struct trash_page page;

    for (size_t i = 0; i < 3; i++) {
        struct core_spec x = SPEC("x", versions[i], "0");

        (void)core_publish(f, &alice, &x);
        remove_file(f, &alice, "alice", &x);
    }
    page = read_page(f, &alice, "alice", "", "2");
    assert_int_equal(page.items.count, 2);
    assert_str(page.items.rows[0].version, "3.0");
    page = read_page(f, &alice, "alice", page.next.ptr, "2");
    assert_int_equal(page.items.count, 1);
    assert_str(page.items.rows[0].version, "1.0");
    assert_str(page.next, "");
    must_fail(f, trash_read(&f->app, f->mem, &alice, S("alice"), &bad_limit, &page, &f->err),
              ERR_UNPROCESSABLE, "limit is a number from 1 to 1000, not \"0\"");
    must_fail(f, trash_read(&f->app, f->mem, &alice, S("alice"), &bad_before, &page, &f->err),
              ERR_UNPROCESSABLE, "before is what the page before gave as next");
    must_fail(f, trash_read(&f->app, f->mem, &alice, S("nobody"), &bad_limit, &page, &f->err),
              ERR_UNPROCESSABLE, "limit");
}

/* ---- its end --------------------------------------------------------------------------------- */

static void what_is_due_is_gone_for_everybody_and_swept(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x = SPEC("x", "1.0", "0"), y = SPEC("y", "1.0", "0");
    struct file_row gone = core_publish(f, &alice, &x), kept = core_publish(f, &alice, &y);
    uint64_t generation;
    bool more = true;

    remove_file(f, &alice, "alice", &x);
    remove_file(f, &alice, "alice", &y);
    assert_int_equal(empty(f), 1);
    CORE_CHANGE(f, "UPDATE trash SET due_ms = 5 WHERE package = 'x'");
    assert_int_equal(seen(f, &alice, "alice"), 1);
    CORE_CHANGE(f, "DELETE FROM audit");
    generation = db_generation(f->app.db);
    assert_int_equal(empty(f), 2);
    assert_int_equal(db_generation(f->app.db), generation);
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || ' ' || detail || actor FROM audit"),
               "trash.delete alice/x/1.0/noarch/x-1.0-0.tar.bz2 was due");
    must(f, gc_discarded(&f->app, &more, &f->err));
    assert_false(core_has_blob(f, gone.sha256));
    assert_true(core_has_blob(f, kept.sha256));
    assert_int_equal(space_used(f, "alice"), kept.size);
    core_check_bytes(f);
}

static void who_administers_the_package_deletes_it_for_good_at_once(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "1.0", "0");
    struct file_row file = core_publish(f, &alice, &x);
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);

    must(f, collaborator_put(tx, file.package_id, bob.account_id, S("write"), &f->err));
    must(f, tx_commit(&tx, &f->err));
    remove_file(f, &alice, "alice", &x);
    CORE_CHANGE(f, "DELETE FROM audit");
    must_fail(f, end(f, &bob, "1"), ERR_DENIED,
              "\"bob\" may not delete number 1 of the trash of \"alice\"");
    must_fail(f, end(f, &bob, "7"), ERR_DENIED,
              "\"bob\" may not delete number 7 of the trash of \"alice\"");
    must_fail(f, end(f, &alice, "7"), ERR_NOT_FOUND, "the trash of \"alice\" has no number 7");
    must_fail(f, end(f, &alice, "x"), ERR_NOT_FOUND, "the trash of \"alice\" has no number x");
    assert_true(core_has_blob(f, file.sha256));
    must(f, end(f, &alice, "1"));
    assert_false(core_has_blob(f, file.sha256));
    assert_int_equal(seen(f, &alice, "alice"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM trash"), 0);
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || detail FROM audit"),
               "trash.delete alice/x/1.0/noarch/x-1.0-0.tar.bz2");
}

static void purging_leaves_nothing_in_the_trash_either(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct core_spec x1 = SPEC("x", "1.0", "0"), x1b = SPEC("x", "1.0", "1"),
                     x2 = SPEC("x", "2.0", "0"), x3 = SPEC("x", "3.0", "0");
    struct file_path third = core_path(f, "alice", &x3);
    struct file_row one = core_publish(f, &alice, &x1), two = core_publish(f, &alice, &x2), removed;

    (void)core_publish(f, &alice, &x1b);
    (void)core_publish(f, &alice, &x3);
    must(f, file_purge(&f->app, f->mem, &alice, &third, &removed, &f->err));
    assert_false(core_has_blob(f, removed.sha256));
    remove_file(f, &alice, "alice", &x1);
    remove_file(f, &alice, "alice", &x2);
    must(f, release_purge(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), &f->err));
    assert_false(core_has_blob(f, one.sha256));
    assert_true(core_has_blob(f, two.sha256));
    assert_int_equal(seen(f, &alice, "alice"), 1);
    must(f, package_purge(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_false(core_has_blob(f, two.sha256));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM trash"), 0);
    assert_int_equal(space_used(f, "alice"), 0);
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || ' ' || detail FROM audit "
                            "WHERE action IN ('release.delete', 'package.delete') ORDER BY id"),
               "release.delete alice/x/1.0 for good, package.delete alice/x for good");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit WHERE action = 'file.delete' "
                                    "AND substr(detail, 65) = ', for good'"),
                     2);
}

static void bytes_that_somebody_else_has_survive_the_trash(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "1.0", "0");
    struct file_row file = core_publish(f, &alice, &x);

    (void)core_publish(f, &bob, &x);
    remove_file(f, &bob, "bob", &x);
    remove_file(f, &alice, "alice", &x);
    must(f, end(f, &alice, "2"));
    assert_true(core_has_blob(f, file.sha256)); /* bob's trash has it */
    core_check_bytes(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_removed_file_is_in_the_trash_alone_and_its_bytes_stay),
        WITH_INSPECTOR(what_holds_no_file_is_not_kept_but_for_what_the_trash_has_of_it),
        WITH_INSPECTOR(without_days_there_is_no_trash),
        WITH_INSPECTOR(it_is_seen_by_those_who_could_change_the_package),
        WITH_INSPECTOR(pages_follow_each_other),
        WITH_INSPECTOR(what_is_due_is_gone_for_everybody_and_swept),
        WITH_INSPECTOR(who_administers_the_package_deletes_it_for_good_at_once),
        WITH_INSPECTOR(purging_leaves_nothing_in_the_trash_either),
        WITH_INSPECTOR(bytes_that_somebody_else_has_survive_the_trash),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
