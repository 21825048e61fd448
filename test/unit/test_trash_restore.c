/* What was removed comes back as it was, or not at all. */
#include "core_fixture.h"

#include "base/limits.h"
#include "base/mem.h"
#include "core/inspect.h"
#include "core/organization.h"
#include "core/trash_restore.h"
#include "store/grant.h"
#include "store/label.h"

#define SPEC(name_, version_, build_)                                                              \
    ((struct core_spec){                                                                           \
        .name = (name_), .version = (version_), .build = (build_), .subdir = "noarch"})

static void remove_file(struct core *f, const struct actor *actor, const struct core_spec *spec)
{
    struct file_path path = core_path(f, "alice", spec);
    struct file_row removed;

    must(f, file_remove(&f->app, f->mem, actor, &path, &removed, &f->err));
}

static enum err_code restore(struct core *f, const struct actor *actor, const char *number)
{
    struct trash_row item;

    return trash_restore(&f->app, f->mem, actor, S("alice"), str_of(number), &item, &f->err);
}

/* Everything of packages but when they were changed, which putting back does. */
static struct str living(struct core *f)
{
    return CORE_TEXT(
        f, "SELECT 'package ' || id || account_id || name || access || summary || attrs || "
           "latest_version || created_ms FROM package UNION ALL "
           "SELECT 'release ' || id || package_id || version || attrs || created_ms FROM release "
           "UNION ALL SELECT 'file ' || id || account_id || package_id || release_id || type || "
           "name_key || basename || subdir || filename || sha256 || md5 || size || record || "
           "run_exports || about || facts || description || build_timestamp_ms || uploaded_ms || "
           "COALESCE(uploader_id, 0) FROM file UNION ALL "
           "SELECT 'label ' || file_id || ' ' || label_id FROM file_label UNION ALL "
           "SELECT 'collaborator ' || package_id || ' ' || account_id || permission "
           "FROM collaborator ORDER BY 1");
}

/* Two versions of alice's x, which is private, and one of her y; bob collaborates on x. */
static void make_packages(struct core *f, const struct actor *alice, const struct actor *bob)
{
    struct core_spec specs[] = {SPEC("x", "1.0", "0"), SPEC("x", "2.0", "0"),
                                SPEC("y", "1.0", "0")};
    AUTO(tx_endp) struct tx *tx = NULL;
    int64_t package = 0;

    specs[0].about = "{\"summary\":\"old\"}";
    specs[1].about = "{\"summary\":\"new\"}";
    for (size_t i = 0; i < COUNT(specs); i++) {
        int64_t id = core_publish(f, alice, &specs[i]).package_id;

        package = i ? package : id;
    }
    must(f, package_change_access(&f->app, f->mem, alice, S("alice"), S("x"), ACCESS_PRIVATE,
                                  &f->err));
    tx = core_begin(f, TX_WRITE);
    must(f, collaborator_put(tx, package, bob->account_id, S("write"), &f->err));
    must(f, tx_commit(&tx, &f->err));
}

static struct str repodata(struct core *f)
{
    static const struct view all = {.widest = ACCESS_PRIVATE};

    return core_document_in(f, &all, "alice", "main", "noarch", "repodata.json");
}

static void all_is_as_it_was(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "2.0", "0");
    struct str before, document, public_document;

    make_packages(f, &alice, &bob);
    before = living(f);
    document = repodata(f);
    public_document = core_document(f, "alice", "main", "noarch", "repodata.json");
    remove_file(f, &alice, &x);
    must(f, restore(f, &alice, "1"));
    assert_str(living(f), str_z(f->mem, before));
    assert_true(str_eq(repodata(f), document));
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), &f->err));
    must(f, restore(f, &bob, "2"));
    assert_str(living(f), str_z(f->mem, before));
    must(f, package_remove(&f->app, f->mem, &bob, S("alice"), S("x"), &f->err));
    assert_false(str_eq(repodata(f), document));
    must(f, restore(f, &bob, "3"));
    assert_str(living(f), str_z(f->mem, before));
    assert_true(str_eq(repodata(f), document));
    /* A private package is nowhere for everybody, before and after. */
    assert_true(
        str_eq(core_document(f, "alice", "main", "noarch", "repodata.json"), public_document));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM trash"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM retired_name"), 0);
    core_check_bytes(f);
}

static void each_thing_that_comes_back_is_on_record(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec y = SPEC("y", "1.0", "0");

    make_packages(f, &alice, &bob);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    remove_file(f, &alice, &y);
    CORE_CHANGE(f, "DELETE FROM audit");
    must(f, restore(f, &bob, "1"));
    must(f, restore(f, &alice, "2"));
    assert_str(
        CORE_TEXT(f, "SELECT actor || ' ' || action || ' ' || object FROM audit ORDER BY id"),
        "bob file.restore alice/x/1.0/noarch/x-1.0-0.tar.bz2, "
        "bob file.restore alice/x/2.0/noarch/x-2.0-0.tar.bz2, "
        "bob package.restore alice/x, "
        "alice file.restore alice/y/1.0/noarch/y-1.0-0.tar.bz2");
}

static void a_release_is_made_again_for_its_file(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "2.0", "0");
    struct file_path path = core_path(f, "alice", &x);
    struct str before;

    make_packages(f, &alice, &bob);
    before = living(f);
    remove_file(f, &alice, &x);
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("2.0"), &f->err));
    must(f, restore(f, &alice, "1"));
    assert_str(living(f), str_z(f->mem, before));
    /* Or the file goes into the one that was made since. */
    remove_file(f, &alice, &x);
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("2.0"), &f->err));
    core_release(f, &alice, &path);
    must(f, restore(f, &alice, "2"));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release r JOIN file f "
                                    "ON f.release_id = r.id WHERE r.version = '2.0'"),
                     1);
    assert_str(CORE_TEXT(f, "SELECT latest_version FROM package WHERE name = 'x'"), "2.0");
}

static void another_package_of_that_name_is_in_the_way(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "2.0", "0"), other = SPEC("x", "3.0", "0");
    struct str before;

    make_packages(f, &alice, &bob);
    remove_file(f, &alice, &x);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    must_fail(f, restore(f, &alice, "1"), ERR_CONFLICT,
              "the package \"alice/x\" is in the trash itself: put it back first");
    (void)core_publish(f, &alice, &other);
    before = core_rows(f);
    must_fail(f, restore(f, &alice, "2"), ERR_CONFLICT,
              "there is another package \"alice/x\" by now");
    must_fail(f, restore(f, &alice, "1"), ERR_CONFLICT,
              "there is another package \"alice/x\" by now");
    assert_true(str_eq(core_rows(f), before));
    must(f, package_purge(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    must(f, restore(f, &alice, "2"));
    must(f, restore(f, &alice, "1"));
}

static void a_name_that_was_used_since_is_in_the_way(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "2.0", "0");

    make_packages(f, &alice, &bob);
    remove_file(f, &alice, &x);
    x.filler = "other bytes";
    (void)core_publish(f, &alice, &x);
    must_fail(f, restore(f, &alice, "1"), ERR_CONFLICT,
              "there is another file \"noarch/x-2.0-0.tar.bz2\" by now; remove it first");
    remove_file(f, &alice, &x);
    f->config.reuse_removed_names = false;
    must_fail(f, restore(f, &alice, "1"), ERR_CONFLICT,
              "the file name \"noarch/x-2.0-0.tar.bz2\" was used by another file since, and stays "
              "reserved");
    must(f, restore(f, &alice, "2")); /* its own name */
    remove_file(f, &alice, &x);
    f->config.reuse_removed_names = true;
    must(f, restore(f, &alice, "1"));
    /* The name is kept for the bytes that had it last. */
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM retired_name"), 1);
}

static void a_name_stays_reserved_until_its_own_file_has_it_again(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "2.0", "0");
    struct file_path path = core_path(f, "alice", &x);
    struct file_row file;
    struct stage_request req = {.type = S("conda")};
    struct staged staged;

    make_packages(f, &alice, &bob);
    f->config.reuse_removed_names = false;
    remove_file(f, &alice, &x);
    /* Not even the same bytes, by the same owner. */
    must_fail(f, publish_stage(&f->app, f->mem, &alice, &path, &req, &staged, &f->err),
              ERR_CONFLICT, "was used by a removed file and stays reserved");
    must(f, restore(f, &alice, "1"));
    must(f, file_purge(&f->app, f->mem, &alice, &path, &file, &f->err));
    must_fail(f, publish_stage(&f->app, f->mem, &alice, &path, &req, &staged, &f->err),
              ERR_CONFLICT, "was used by a removed file and stays reserved");
}

static void a_locked_label_is_in_the_way(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec x = SPEC("x", "2.0", "0");

    make_packages(f, &alice, &bob);
    remove_file(f, &alice, &x);
    CORE_CHANGE(f, "UPDATE label SET locked = 1");
    must_fail(f, restore(f, &alice, "1"), ERR_DENIED, "the label \"main\" is locked");
    CORE_CHANGE(f, "UPDATE label SET locked = 0");
    must(f, restore(f, &alice, "1"));
}

static void a_label_that_is_gone_is_made_again(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct core_spec y = SPEC("y", "1.0", "0");

    make_packages(f, &alice, &bob);
    CORE_CHANGE(f, "UPDATE label SET name = 'dev'");
    remove_file(f, &alice, &y);
    CORE_CHANGE(f, "DELETE FROM label");
    must(f, restore(f, &alice, "1"));
    assert_str(CORE_TEXT(f, "SELECT name || ' ' || access FROM label"), "dev public");
    assert_true(core_listed(f, "alice", "dev", "noarch", "y-1.0-0.tar.bz2"));
}

static void who_may_not_change_the_package_learns_nothing(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"),
                 carl = core_user(f, "carl"), limited;
    struct core_spec x = SPEC("x", "2.0", "0"), y = SPEC("y", "1.0", "0");

    make_packages(f, &alice, &bob);
    remove_file(f, &alice, &x);
    remove_file(f, &alice, &y);
    must_fail(f, restore(f, &carl, "1"), ERR_DENIED,
              "\"carl\" may not put back number 1 of the trash of \"alice\"");
    must_fail(f, restore(f, &carl, "9"), ERR_DENIED,
              "\"carl\" may not put back number 9 of the trash of \"alice\"");
    must_fail(f, restore(f, &bob, "2"), ERR_DENIED, "may not put back");
    must_fail(f, restore(f, &alice, "9"), ERR_NOT_FOUND, "the trash of \"alice\" has no number 9");
    limited = alice;
    limited.token_id = 7;
    limited.limits = S("label:dev");
    must_fail(f, restore(f, &limited, "1"), ERR_DENIED, "label \"main\"");
    must(f, restore(f, &bob, "1"));
    must(f, restore(f, &alice, "2"));
    must_fail(f, restore(f, &alice, "2"), ERR_NOT_FOUND, "has no number 2");
}

static void who_left_does_not_come_back(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    AUTO(tx_endp) struct tx *tx = NULL;

    make_packages(f, &alice, &bob);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    tx = core_begin(f, TX_WRITE);
    must(f, collaborator_delete_all(tx, alice.account_id, bob.account_id, &f->err));
    must(f, tx_commit(&tx, &f->err));
    must_fail(f, restore(f, &bob, "1"), ERR_DENIED, "may not put back");
    must(f, restore(f, &alice, "1"));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM collaborator"), 0);
}

static void it_survives_every_failed_allocation(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    struct str before;
    enum err_code code = ERR_NOMEM;

    make_packages(f, &alice, &bob);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    before = core_rows(f);
    for (long n = 1; code; n++) {
        struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        struct err err = {0};
        struct trash_row item;

        assert_non_null(mem);
        mem_fail_at(n);
        code = trash_restore(&f->app, mem, &alice, S("alice"), S("1"), &item, &err);
        mem_fail_at(0);
        arena_close(mem);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(str_eq(core_rows(f), before), code != OK);
        assert_true(n < 5000);
    }
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 3);
    core_check_bytes(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(all_is_as_it_was),
        WITH_INSPECTOR(each_thing_that_comes_back_is_on_record),
        WITH_INSPECTOR(a_release_is_made_again_for_its_file),
        WITH_INSPECTOR(another_package_of_that_name_is_in_the_way),
        WITH_INSPECTOR(a_name_that_was_used_since_is_in_the_way),
        WITH_INSPECTOR(a_name_stays_reserved_until_its_own_file_has_it_again),
        WITH_INSPECTOR(a_locked_label_is_in_the_way),
        WITH_INSPECTOR(a_label_that_is_gone_is_made_again),
        WITH_INSPECTOR(who_may_not_change_the_package_learns_nothing),
        WITH_INSPECTOR(who_left_does_not_come_back),
        WITH_INSPECTOR(it_survives_every_failed_allocation),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
