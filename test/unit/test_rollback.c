/* A channel goes back to the files that it had. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/account_remove.h"
#include "core/file_remove.h"
#include "core/gc.h"
#include "core/inspect.h"
#include "core/label.h"
#include "core/organization.h"
#include "core/rollback.h"
#include "store/generation.h"
#include "store/label.h"

static const struct core_spec x1 = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};
static const struct core_spec x2 = {"x", "2.0", "0", "noarch", NULL, NULL, NULL};
static const struct core_spec y1 = {"y", "1.0", "0", "linux-64", NULL, NULL, NULL};

static enum err_code roll_back(struct core *f, const struct actor *actor, const char *label,
                               const char *to, struct rollback_report *ret)
{
    return rollback_label(&f->app, f->mem, actor, S("alice"), str_of(label), str_of(to), ret,
                          &f->err);
}

static struct rollback_report go_back(struct core *f, const struct actor *actor, const char *label,
                                      int64_t to)
{
    struct rollback_report report = {.generation = -1};

    must(f, roll_back(f, actor, label, str_fmt(f->mem, "gen-%lld", (long long)to).ptr, &report));
    return report;
}

static int64_t newest(struct core *f)
{
    return CORE_NUMBER(f, "SELECT COALESCE(MAX(number), 0) FROM generation");
}

/* All that a channel serves of itself, one after the other. */
static struct str documents(struct core *f, const char *label)
{
    static const char *const of[][2] = {
        {"noarch", "repodata.json"},    {"noarch", "repodata.json.zst"},
        {"noarch", "index.html"},       {"noarch", "repodata_shards.msgpack.zst"},
        {"noarch", "run_exports.json"}, {"linux-64", "repodata.json"},
        {"", "channeldata.json"},       {"", "index.html"},
    };
    AUTO(buf_done) struct buf all = BUF_INIT(MIB);

    for (size_t i = 0; i < COUNT(of); i++)
        buf_add(&all, core_document(f, "alice", label, of[i][0], of[i][1]));
    assert_true(buf_ok(&all));
    return str_dup(f->mem, buf_str(&all));
}

/* "main=x-1.0-0": of all labels that files carry. */
static struct str carried(struct core *f)
{
    return CORE_TEXT(f, "SELECT l.name || '=' || substr(f.filename, 1, length(f.filename) - 8) "
                        "FROM file_label fl JOIN label l ON l.id = fl.label_id "
                        "JOIN file f ON f.id = fl.file_id ORDER BY 1");
}

static void change_label(struct core *f, const struct actor *actor, const char *package,
                         const char *add, const char *remove)
{
    const struct choice choice = {str_of(package), S(""), S("")};
    const struct str plus = str_of(add), minus = str_of(remove);
    const struct label_change in = {.files = {S("alice"), &choice, 1},
                                    .add = &plus,
                                    .add_count = add != NULL,
                                    .remove = &minus,
                                    .remove_count = remove != NULL};
    struct choice_errors errors = {0};
    struct label_changed *changed = NULL;

    must(f, label_change(&f->app, f->mem, actor, &in, &changed, &errors, &f->err));
}

static void remove_file(struct core *f, const struct actor *actor, const struct core_spec *spec)
{
    struct file_path path = core_path(f, "alice", spec);
    const struct choice choice = {path.package, path.version, path.basename};
    const struct choices in = {S("alice"), &choice, 1};
    struct choice_errors errors = {0};

    must(f, files_remove(&f->app, f->mem, actor, &in, &errors, &f->err));
}

static struct str last_audit(struct core *f)
{
    return CORE_TEXT(f, "SELECT action || ' ' || object || ' [' || detail || ']' FROM audit "
                        "WHERE action = 'channel.rollback' ORDER BY id");
}

/* ---- */

static void the_documents_are_those_of_then(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct rollback_report report;
    struct str then;
    int64_t good, bad;

    (void)core_publish(f, &alice, &x1);
    (void)core_publish(f, &alice, &y1);
    good = newest(f);
    then = documents(f, "main");
    (void)core_publish(f, &alice, &x2);
    change_label(f, &alice, "y", "dev", "main");
    bad = newest(f);
    assert_false(str_eq(documents(f, "main"), then));
    report = go_back(f, &alice, "main", good);
    assert_int_equal(report.generation, bad + 1);
    assert_int_equal(report.gained, 1);
    assert_int_equal(report.lost, 1);
    assert_int_equal(report.missing.count, 0);
    assert_true(str_eq(documents(f, "main"), then));
    assert_str(carried(f), "dev=y-1.0-0, main=x-1.0-0, main=y-1.0-0");
    assert_int_equal(newest(f), bad + 1);
    assert_str(last_audit(f), str_fmt(f->mem,
                                      "channel.rollback alice/label/main [to gen-%lld: 1 files "
                                      "again, 1 no more]",
                                      (long long)good)
                                  .ptr);
    assert_str(CORE_TEXT(f, "SELECT c.label || '/' || c.subdir || '/' || c.filename || ' ' || "
                            "g.actor FROM generation_change c JOIN generation g ON "
                            "g.account_id = c.account_id AND g.number = c.number WHERE c.number = "
                            "(SELECT MAX(number) FROM generation) ORDER BY c.subdir"),
               "main/linux-64/y-1.0-0.tar.bz2 alice, main/noarch/x-2.0-0.tar.bz2 alice");
    report = go_back(f, &alice, "main", bad); /* and forward again */
    assert_int_equal(report.gained, 1);
    assert_int_equal(report.lost, 1);
    assert_str(carried(f), "dev=y-1.0-0, main=x-1.0-0, main=x-2.0-0");
    core_check_bytes(f);
}

static void what_is_so_already_leaves_no_trace(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct rollback_report report;
    struct str before;

    (void)core_publish(f, &alice, &x1);
    (void)core_publish(f, &alice, &x2);
    before = core_rows(f);
    report = go_back(f, &alice, "main", newest(f));
    assert_int_equal(report.generation + report.gained + report.lost, 0);
    assert_int_equal(report.missing.count, 0);
    assert_true(str_eq(core_rows(f), before));
}

static void what_was_removed_stays_removed_and_is_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct rollback_report report;
    int64_t both;

    (void)core_publish(f, &alice, &x1);
    (void)core_publish(f, &alice, &y1);
    both = newest(f);
    remove_file(f, &alice, &y1);
    (void)core_publish(f, &alice, &x2);
    report = go_back(f, &alice, "main", both);
    assert_int_equal(report.gained, 0);
    assert_int_equal(report.lost, 1);
    assert_int_equal(report.missing.count, 1);
    assert_str(report.missing.names[0], "linux-64/y-1.0-0.tar.bz2");
    assert_str(carried(f), "main=x-1.0-0");
    report = go_back(f, &alice, "main", both); /* nothing else is to be done */
    assert_int_equal(report.generation, 0);
    assert_int_equal(report.missing.count, 1);
}

static void a_label_that_is_made_again_goes_back_beyond_that(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct rollback_report report;
    struct str then;
    int64_t full, gone;

    (void)core_publish(f, &alice, &x1);
    change_label(f, &alice, "x", "dev", NULL);
    full = newest(f);
    then = documents(f, "dev");
    must(f, label_remove(&f->app, f->mem, &alice, S("alice"), S("dev"), &f->err));
    gone = newest(f);
    assert_int_equal(gone, full + 1);
    must_fail(f, roll_back(f, &alice, "dev", "gen-1", &report), ERR_NOT_FOUND, "no label \"dev\"");
    must(f, label_create(&f->app, f->mem, &alice, S("alice"), S("dev"), &f->err));
    report = go_back(f, &alice, "dev", full);
    assert_int_equal(report.gained, 1);
    assert_true(str_eq(documents(f, "dev"), then));
    report = go_back(f, &alice, "dev", gone);
    assert_int_equal(report.lost, 1);
    assert_str(carried(f), "main=x-1.0-0");
    assert_false(core_listed(f, "alice", "dev", "noarch", "x-1.0-0.tar.bz2"));
}

static void packages_keep_their_access(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct view alls = {.widest = ACCESS_PRIVATE};
    struct rollback_report report;
    struct str now;
    int64_t good;

    (void)core_publish(f, &alice, &x1);
    (void)core_publish(f, &alice, &y1);
    good = newest(f);
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("y"), ACCESS_PRIVATE,
                                  &f->err));
    change_label(f, &alice, "y", NULL, "main");
    report = go_back(f, &alice, "main", good);
    assert_int_equal(report.gained, 1);
    assert_false(core_listed(f, "alice", "main", "linux-64", "y-1.0-0.tar.bz2"));
    now = core_document_in(f, &alls, "alice", "main", "linux-64", "repodata.json");
    assert_non_null(now.ptr);
    assert_non_null(memmem(now.ptr, now.len, "y-1.0-0.tar.bz2", 15));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM label WHERE name = 'main' AND "
                                    "access <> 'public'"),
                     0);
    core_check_bytes(f);
}

static void what_cannot_be_changes_nothing(void **state)
{
    static const struct {
        const char *label, *to;
        enum err_code why;
        const char *says;
    } cases[] = {
        {"nope", "gen-1", ERR_NOT_FOUND, "no label \"nope\""},
        {"main", "gen-9", ERR_NOT_FOUND, "begins with gen-1"},
        {"main", "2001-01-01", ERR_NOT_FOUND, "begins with gen-1"},
        {"main", "last week", ERR_INVALID, "it takes gen-12"},
        {"frozen", "gen-1", ERR_DENIED, "locked"},
    };
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), limited = alice;
    struct rollback_report report = {.generation = -1};
    struct str before;

    (void)core_publish(f, &alice, &x1);
    (void)core_publish(f, &alice, &x2);
    change_label(f, &alice, "x", "frozen", NULL);
    must(f, label_lock(&f->app, f->mem, &alice, S("alice"), S("frozen"), true, &f->err));
    before = core_rows(f);
    for (size_t i = 0; i < COUNT(cases); i++)
        must_fail(f, roll_back(f, &alice, cases[i].label, cases[i].to, &report), cases[i].why,
                  cases[i].says);
    limited.limits = S("label:dev");
    must_fail(f, roll_back(f, &limited, "main", "gen-1", &report), ERR_DENIED, "main");
    assert_int_equal(report.generation, -1);
    assert_true(str_eq(core_rows(f), before));
}

/* ---- the end of an account ---- */

static void an_account_that_goes_leaves_nothing_of_its_past(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct core_spec z1 = {"z", "1.0", "0", "noarch", NULL, NULL, NULL};
    struct gc_report orphans = {0};
    const struct gc_options options = {.dry_run = true};
    bool more = true;

    (void)core_publish(f, &bob, &z1);
    (void)core_publish(f, &alice, &x1);
    (void)core_publish(f, &alice, &x2);
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("x"), ACCESS_PRIVATE,
                                  &f->err));
    assert_true(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_past_chunk") > 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM generation_hidden"), 1);
    must(f, account_remove(&f->app, f->mem, &alice, S("alice"), S("user"), &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_past_chunk"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM generation"), 1); /* bob's */
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM generation_hidden"), 0);
    CORE_CHANGE(f, "UPDATE index_garbage SET retired_ms = 0");
    while (more)
        must(f, gc_discarded(&f->app, &more, &f->err));
    must(f, gc_orphans(&f->app, &options, &orphans, &f->err));
    assert_int_equal(orphans.blobs, 0);
    core_check_bytes(f);
    assert_true(core_listed(f, "bob", "main", "noarch", "z-1.0-0.tar.bz2"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(the_documents_are_those_of_then),
        WITH_INSPECTOR(what_is_so_already_leaves_no_trace),
        WITH_INSPECTOR(what_was_removed_stays_removed_and_is_told),
        WITH_INSPECTOR(a_label_that_is_made_again_goes_back_beyond_that),
        WITH_INSPECTOR(packages_keep_their_access),
        WITH_INSPECTOR(what_cannot_be_changes_nothing),
        WITH_INSPECTOR(an_account_that_goes_leaves_nothing_of_its_past),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
