/* What rules let go goes to the trash; what cannot be decided lets nothing go. */
#include "core_fixture.h"

#include "base/limits.h"
#include "base/mem.h"
#include "core/inspect.h"
#include "core/retention_apply.h"
#include "core/trash_restore.h"
#include "format/json.h"

#define SPEC(name_, version_)                                                                      \
    ((struct core_spec){.name = (name_), .version = (version_), .build = "0", .subdir = "noarch"})

static const struct retention_place account = {{"alice", 5}, {"", 0}};
static const struct retention_place x_package = {{"alice", 5}, {"x", 1}};

static void set(struct core *f, const struct actor *who, const struct retention_place *at,
                const char *rules)
{
    AUTO(json_decrefp)
    json_t *object = json_loads(str_fmt(f->mem, "{\"rules\":[%s]}", rules).ptr, 0, NULL);

    must(f, retention_set(&f->app, f->mem, who, at, object, &f->err));
}

static struct retention_sum apply(struct core *f, const struct actor *who,
                                  const struct retention_place *at)
{
    struct retention_sum sum;

    must(f, retention_apply(&f->app, f->mem, who, at, &sum, &f->err));
    return sum;
}

static struct retention_state state_of(struct core *f)
{
    struct retention_state s;

    must(f, retention_state(&f->app, f->mem, &account, &s, &f->err));
    return s;
}

/* alice's x and y, 1.0 to 3.0 each. */
static void make_files(struct core *f, const struct actor *alice)
{
    static const char *const versions[] = {"1.0", "2.0", "3.0"};

    for (size_t i = 0; i < 6; i++) {
        struct core_spec spec = SPEC(i < 3 ? "x" : "y", versions[i % 3]);

        (void)core_publish(f, alice, &spec);
    }
}

static struct str files(struct core *f)
{
    return CORE_TEXT(f, "SELECT filename FROM file ORDER BY filename");
}

/* Adds copies of the first file, with names of their own. */
static void copy_file(struct core *f, int count)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_WRITE);
    struct file_row row;
    int64_t id;

    must(f, file_find_in_release(tx, f->mem, 1, S("noarch/x-1.0-0.tar.bz2"), &row, &f->err));
    for (int i = 0; i < count; i++) {
        row.basename = str_fmt(f->mem, "noarch/copy-%d", i);
        row.name_key = row.basename;
        row.uploaded_ms = 0;
        must(f, file_insert(tx, &row, &id, &f->err));
    }
    must(f, tx_commit(&tx, &f->err));
}

static void what_goes_is_in_the_trash_with_the_rule(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct retention_sum sum;
    struct trash_row item;

    make_files(f, &alice);
    set(f, &alice, &account, "{\"keep_newest\": 2}");
    CORE_CHANGE(f, "DELETE FROM audit");
    sum = apply(f, &alice, &account);
    assert_int_equal(sum.files, 2);
    assert_int_equal(sum.size, CORE_NUMBER(f, "SELECT CAST(SUM(size) AS BIGINT) FROM trash"));
    assert_str(files(f), "x-2.0-0.tar.bz2, x-3.0-0.tar.bz2, y-2.0-0.tar.bz2, y-3.0-0.tar.bz2");
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "main", "noarch", "x-2.0-0.tar.bz2"));
    assert_str(
        CORE_TEXT(f, "SELECT package || ' ' || kind || ' ' || reason FROM trash ORDER BY id"),
        "x file retention rule {\"keep_newest\":2,\"per\":\"package\"}, "
        "y file retention rule {\"keep_newest\":2,\"per\":\"package\"}");
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || substr(detail, 65) FROM audit "
                            "WHERE action = 'file.delete' ORDER BY id LIMIT 1"),
               "file.delete alice/x/1.0/noarch/x-1.0-0.tar.bz2, retention rule "
               "{\"keep_newest\":2,\"per\":\"package\"}");
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || ' ' || detail FROM audit "
                            "WHERE action <> 'file.delete' ORDER BY id LIMIT 1"),
               "release.delete alice/x/1.0 left empty by retention");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 4);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit WHERE action = 'retention.run' "
                                    "AND object = 'alice' AND actor = 'alice'"),
                     1);
    assert_true(state_of(f).has_run);
    assert_int_equal(state_of(f).run.files, 2);
    assert_str(state_of(f).run.problem, "");
    /* It can be put back, with its release, and goes again. */
    must(f, trash_restore(&f->app, f->mem, &alice, S("alice"), S("1"), &item, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM release"), 5);
    assert_int_equal(apply(f, &alice, &account).files, 1);
    assert_int_equal(apply(f, &alice, &account).files, 0);
    core_check_bytes(f);
}

static void one_package_alone_is_applied_to(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct retention_place none = {S("alice"), S("none")}, nobody = {S("nobody"), S("")};
    struct retention_sum sum;

    make_files(f, &alice);
    set(f, &alice, &account, "{\"keep_newest\": 1}");
    set(f, &alice, &x_package, "{\"keep_newest\": 2}");
    assert_int_equal(apply(f, &alice, &x_package).files, 1);
    assert_false(state_of(f).has_run);
    assert_str(files(f), "x-2.0-0.tar.bz2, x-3.0-0.tar.bz2, y-1.0-0.tar.bz2, y-2.0-0.tar.bz2, "
                         "y-3.0-0.tar.bz2");
    must_fail(f, retention_apply(&f->app, f->mem, &alice, &none, &sum, &f->err), ERR_NOT_FOUND,
              "there is no package \"alice/none\"");
    must_fail(f, retention_apply(&f->app, f->mem, &alice, &nobody, &sum, &f->err), ERR_NOT_FOUND,
              "nobody");
}

static void a_failure_in_one_package_lets_nothing_of_the_account_go(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct retention_sum sum;

    make_files(f, &alice);
    set(f, &alice, &account, "{\"keep_newest\": 1}");
    CORE_CHANGE(f, "UPDATE file SET record = '[' WHERE filename = 'y-1.0-0.tar.bz2'");
    must_fail(f, retention_apply(&f->app, f->mem, &alice, &account, &sum, &f->err), ERR_CONFLICT,
              "\"noarch/y-1.0-0.tar.bz2\" cannot be compared");
    assert_int_equal(sum.files, 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 6);
    assert_true(state_of(f).has_run);
    assert_true(str_starts(state_of(f).run.problem, S("\"noarch/y-1.0-0.tar.bz2\" cannot")));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit WHERE action = 'retention.run'"),
                     1);
    /* So do rules that cannot be read. */
    CORE_CHANGE(f, "UPDATE account_retention SET rules = '{\"rules\":[{\"keep_days\":-3}]}'");
    must_fail(f, retention_apply(&f->app, f->mem, &alice, &account, &sum, &f->err),
              ERR_UNPROCESSABLE, "rule 1: ");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 6);
}

static void everybody_has_their_turn_whatever_fails_for_others(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"),
                 carl = core_user(f, "carl");
    const struct retention_place bobs = {S("bob"), S("")}, carls = {S("carl"), S("x")};
    struct core_spec one = SPEC("x", "1.0"), two = SPEC("x", "2.0");

    make_files(f, &alice);
    (void)core_publish(f, &bob, &one);
    (void)core_publish(f, &bob, &two);
    (void)core_publish(f, &carl, &one);
    (void)core_publish(f, &carl, &two);
    set(f, &alice, &account, "{\"keep_newest\": 1}");
    set(f, &bob, &bobs, "{\"keep_days\": 1}");
    set(f, &carl, &carls, "{\"keep_newest\": 1}");
    CORE_CHANGE(f, "UPDATE file SET record = '[' WHERE filename = 'y-1.0-0.tar.bz2'");
    must(f, retention_apply_all(&f->app, NULL, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 9);
    assert_str(CORE_TEXT(f, "SELECT a.login || ' ' || r.files FROM retention_run r "
                            "JOIN account a ON a.id = r.account_id ORDER BY a.login"),
               "alice 0, bob 0, carl 1");
    assert_str(CORE_TEXT(f, "SELECT actor || '-' || account FROM audit "
                            "WHERE action = 'retention.run' ORDER BY id"),
               "-alice, -carl");
    assert_str(CORE_TEXT(f, "SELECT remover FROM trash"), "");
}

static void it_is_done_in_steps(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    make_files(f, &alice);
    set(f, &alice, &account, "{\"keep_newest\": 1}");
    copy_file(f, 300);
    assert_int_equal(apply(f, &alice, &account).files, 304);
    assert_str(files(f), "x-3.0-0.tar.bz2, y-3.0-0.tar.bz2");
}

static void without_a_trash_it_is_gone(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str sha256;

    make_files(f, &alice);
    f->config.trash_days = 0;
    set(f, &alice, &account, "{\"keep_newest\": 2}");
    sha256 = CORE_TEXT(f, "SELECT sha256 FROM file WHERE filename = 'x-1.0-0.tar.bz2'");
    assert_true(core_has_blob(f, sha256));
    assert_int_equal(apply(f, &alice, &account).files, 2);
    assert_false(core_has_blob(f, sha256));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM trash"), 0);
    core_check_bytes(f);
}

static void every_failed_allocation_leaves_what_was_not_done(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    enum err_code code = ERR_NOMEM;

    make_files(f, &alice);
    set(f, &alice, &account, "{\"keep_newest\": 2}");
    for (long n = 1; code; n++) {
        struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        struct retention_sum sum;
        struct err err = {0};
        int64_t left;

        assert_non_null(mem);
        mem_fail_at(n);
        code = retention_apply(&f->app, mem, &alice, &account, &sum, &err);
        mem_fail_at(0);
        arena_close(mem);
        if (code && code != ERR_NOMEM)
            print_error("allocation %ld: %s\n", n, err.msg);
        assert_true(code == OK || code == ERR_NOMEM);
        left = CORE_NUMBER(f, "SELECT COUNT(*) FROM file");
        assert_true(left == 6 || left == 4);
        assert_int_equal(left + CORE_NUMBER(f, "SELECT COUNT(*) FROM trash_file"), 6);
        assert_true(n < 5000);
    }
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 4);
    core_check_bytes(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(what_goes_is_in_the_trash_with_the_rule),
        WITH_INSPECTOR(one_package_alone_is_applied_to),
        WITH_INSPECTOR(a_failure_in_one_package_lets_nothing_of_the_account_go),
        WITH_INSPECTOR(everybody_has_their_turn_whatever_fails_for_others),
        WITH_INSPECTOR(it_is_done_in_steps),
        WITH_INSPECTOR(without_a_trash_it_is_gone),
        WITH_INSPECTOR(every_failed_allocation_leaves_what_was_not_done),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
