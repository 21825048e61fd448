/* Files under another label, of the same owner or of another. */
#include "core_fixture.h"

#include "base/limits.h"
#include "base/mem.h"
#include "core/copy_package.h"
#include "core/edit.h"
#include "core/inspect.h"
#include "core/label.h"
#include "core/organization.h"
#include "format/json.h"

#define SPEC(name_, version_, build_)                                                              \
    ((struct core_spec){                                                                           \
        .name = (name_), .version = (version_), .build = (build_), .subdir = "noarch"})
#define CHOICE(package_, version_, basename_)                                                      \
    ((struct choice){S(package_), S(version_), S(basename_)})
#define X_1   CHOICE("x", "1.0", "")
#define X_1_0 CHOICE("x", "1.0", "noarch/x-1.0-0.tar.bz2")

/* One choice of alice's. */
static enum err_code copy_by(struct core *f, const struct actor *actor, struct choice choice,
                             const char *from, const char *owner, const char *to,
                             enum copy_mode mode, struct copied_list *ret)
{
    const struct copy_request in = {.files = {S("alice"), &choice, 1},
                                    .from_label = str_of(from),
                                    .to_owner = str_of(owner),
                                    .to_label = str_of(to),
                                    .mode = mode};
    struct copied_list list;
    struct choice_errors errors = {0};

    return copy_files(&f->app, f->mem, actor, &in, ret ? ret : &list, &errors, &f->err);
}

static enum err_code copy(struct core *f, const struct actor *actor, struct choice choice,
                          const char *owner, enum copy_mode mode, struct copied_list *ret)
{
    return copy_by(f, actor, choice, "main", owner, "main", mode, ret);
}

static struct str audited(struct core *f)
{
    struct str all = CORE_TEXT(f, "SELECT account || ': ' || action || ' ' || object || ' [' || "
                                  "detail || ']' FROM audit ORDER BY id");

    CORE_CHANGE(f, "DELETE FROM audit");
    return all;
}

/* alice with x 1.0 in two builds, x 2.0 and y 1.0, all in main; and bob. */
static struct actor make_world(struct core *f, struct actor *ret_bob)
{
    struct actor alice = core_user(f, "alice");

    *ret_bob = core_user(f, "bob");
    (void)core_publish(f, &alice, &SPEC("x", "1.0", "0"));
    (void)core_publish(f, &alice, &SPEC("x", "1.0", "1"));
    (void)core_publish(f, &alice, &SPEC("x", "2.0", "0"));
    (void)core_publish(f, &alice, &SPEC("y", "1.0", "0"));
    (void)audited(f);
    return alice;
}

/* What bob has under which label. */
static struct str bobs(struct core *f)
{
    return CORE_TEXT(f, "SELECT l.name || '=' || substr(f.filename, 1, length(f.filename) - 8) "
                        "FROM file_label fl JOIN label l ON l.id = fl.label_id "
                        "JOIN file f ON f.id = fl.file_id JOIN account a ON a.id = f.account_id "
                        "WHERE a.login = 'bob' ORDER BY 1");
}

/* Another build of alice's x 1.0 under bob's name. */
static struct file_row publish_other(struct core *f, const struct actor *bob)
{
    struct core_spec spec = SPEC("x", "1.0", "0");

    spec.filler = "other bytes";
    return core_publish(f, bob, &spec);
}

/* ---- between owners -------------------------------------------------------------------------- */

static void a_copy_has_rows_of_its_own_and_no_bytes(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    struct copied_list list;

    CORE_CHANGE(f, "UPDATE file SET uploaded_ms = 1234567 WHERE filename LIKE 'x-1.0-0%'");
    must(f, copy(f, &bob, X_1_0, "bob", COPY_STRICT, &list));
    assert_int_equal(list.count, 1);
    assert_str(list.rows[0].basename, "noarch/x-1.0-0.tar.bz2");
    assert_int_equal(list.rows[0].result, COPY_MADE);
    assert_str(bobs(f), "main=x-1.0-0");
    assert_true(core_listed(f, "bob", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(DISTINCT sha256) FROM file "
                                    "WHERE filename LIKE 'x-1.0-0%'"),
                     1);
    assert_str(CORE_TEXT(f, "SELECT u.login || ' ' || CAST(f.uploaded_ms AS TEXT) FROM file f "
                            "JOIN account a ON a.id = f.account_id "
                            "JOIN account u ON u.id = f.uploader_id WHERE a.login = 'bob'"),
               "bob 1234567");
    assert_str(audited(f), "bob: package.create bob/x [public], bob: release.create bob/x/1.0 [], "
                           "bob: file.copy bob/x/1.0/noarch/x-1.0-0.tar.bz2 "
                           "[from alice/x/1.0/noarch/x-1.0-0.tar.bz2]");
    /* Whatever becomes of the source. */
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_true(core_listed(f, "bob", "main", "noarch", "x-1.0-0.tar.bz2"));
    core_check_bytes(f);
    must(f, package_remove(&f->app, f->mem, &bob, S("bob"), S("x"), &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 1);
    core_check_bytes(f);
}

static void exactly_what_is_named_and_labelled_is_copied(void **state)
{
    static const struct {
        const char *package, *version, *basename, *from;
        const char *copied;
    } cases[] = {
        {"x", "1.0", "noarch/x-1.0-1.tar.bz2", "main", "new/l=x-1.0-1"},
        {"x", "1.0", "", "main", "new/l=x-1.0-0, new/l=x-1.0-1"},
        {"x", "", "", "main", "new/l=x-1.0-0, new/l=x-1.0-1, new/l=x-2.0-0"},
        {"x", "", "", "dev", "new/l=x-1.0-1"},
        {"y", "", "", "dev", ""},
    };
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    const struct choice some = CHOICE("x", "1.0", "noarch/x-1.0-1.tar.bz2");
    const struct str dev = S("dev");
    const struct label_change in = {.files = {S("alice"), &some, 1}, .add = &dev, .add_count = 1};
    struct label_changed *changed;
    struct choice_errors errors = {0};

    must(f, label_change(&f->app, f->mem, &alice, &in, &changed, &errors, &f->err));
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct choice c = {str_of(cases[i].package), str_of(cases[i].version),
                                 str_of(cases[i].basename)};
        struct copied_list list;

        must(f, copy_by(f, &bob, c, cases[i].from, "Bob", "New/L", COPY_STRICT, &list));
        assert_str(bobs(f), cases[i].copied);
        if (!list.count)
            continue;
        must(f, package_remove(&f->app, f->mem, &bob, S("bob"), c.package, &f->err));
    }
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package p JOIN account a "
                                    "ON a.id = p.account_id WHERE a.login = 'bob'"),
                     0);
}

static void what_is_there_already_decides_with_the_mode(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    struct file_row there = publish_other(f, &bob);
    struct copied_list list;
    struct str before = core_rows(f);

    (void)alice;
    f->config.trash_days = 0;
    must_fail(f, copy(f, &bob, X_1, "bob", COPY_STRICT, NULL), ERR_CONFLICT,
              "the file \"bob/x/1.0/noarch/x-1.0-0.tar.bz2\" exists already, with other content; "
              "nothing was copied");
    assert_true(str_eq(core_rows(f), before));
    must(f, copy(f, &bob, X_1, "bob", COPY_UPDATE, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.rows[0].result, COPY_SKIPPED);
    assert_int_equal(list.rows[1].result, COPY_MADE);
    assert_true(core_has_blob(f, there.sha256));
    must(f, copy(f, &bob, X_1, "bob", COPY_REPLACE, &list));
    assert_int_equal(list.rows[0].result, COPY_REPLACED);
    assert_int_equal(list.rows[1].result, COPY_KEPT);
    assert_false(core_has_blob(f, there.sha256));
    assert_str(bobs(f), "main=x-1.0-0, main=x-1.0-1");
    core_check_bytes(f);
    (void)audited(f);
    must(f, copy(f, &bob, X_1, "bob", COPY_STRICT, &list)); /* again: the same bytes */
    assert_int_equal(list.rows[0].result, COPY_KEPT);
    must(f, copy_by(f, &bob, X_1_0, "main", "bob", "dev", COPY_UPDATE, &list));
    assert_int_equal(list.rows[0].result, COPY_LABELLED);
    assert_str(audited(f), "bob: label.add bob/x/1.0/noarch/x-1.0-0.tar.bz2 [dev: 1 file]");
}

static void what_is_replaced_is_in_the_trash(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    struct file_row there = publish_other(f, &bob);

    (void)alice;
    must(f, copy(f, &bob, X_1_0, "bob", COPY_REPLACE, NULL));
    assert_true(core_has_blob(f, there.sha256));
    assert_str(CORE_TEXT(f, "SELECT basename || ' ' || remover || ' ' || reason FROM trash"),
               "noarch/x-1.0-0.tar.bz2 bob replaced by a copy");
}

static void a_copy_takes_room_where_it_goes(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    struct str before = core_rows(f);

    (void)alice;
    f->config.quota = 10;
    must_fail(f, copy(f, &bob, X_1_0, "bob", COPY_STRICT, NULL), ERR_TOO_BIG,
              "the quota of this account is 10 bytes, of which it uses 0");
    assert_true(str_eq(core_rows(f), before));
    f->config.quota = 1000000;
    must(f, copy(f, &bob, X_1_0, "bob", COPY_STRICT, NULL));
    assert_int_equal(CORE_NUMBER(f, "SELECT s.used - f.size FROM account_space s JOIN file f "
                                    "ON f.account_id = s.account_id JOIN account a "
                                    "ON a.id = s.account_id WHERE a.login = 'bob'"),
                     0);
}

static void what_is_replaced_keeps_its_labels(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);

    (void)alice;
    (void)publish_other(f, &bob);
    must(f, label_copy(&f->app, f->mem, &bob, S("bob"), S("main"), S("stable"), &f->err));
    (void)audited(f);
    must(f, copy_by(f, &bob, X_1_0, "main", "bob", "new", COPY_REPLACE, NULL));
    assert_str(bobs(f), "main=x-1.0-0, new=x-1.0-0, stable=x-1.0-0");
    assert_true(core_listed(f, "bob", "new", "noarch", "x-1.0-0.tar.bz2"));
    assert_str(CORE_TEXT(f, "SELECT action FROM audit ORDER BY id"), "file.delete, file.copy");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_doc WHERE retired_ms IS NULL "
                                    "AND name = 'repodata.json'"),
                     4); /* alice main; bob main, stable, new */
    core_check_bytes(f);
}

static void locked_labels_of_the_target_stand(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    struct str before;

    (void)alice;
    (void)publish_other(f, &bob);
    must(f, label_copy(&f->app, f->mem, &bob, S("bob"), S("main"), S("stable"), &f->err));
    must(f, label_lock(&f->app, f->mem, &bob, S("bob"), S("stable"), true, &f->err));
    before = core_rows(f);
    must_fail(f, copy(f, &bob, X_1_0, "bob", COPY_REPLACE, NULL), ERR_DENIED,
              "the label \"stable\" is locked");
    must_fail(f, copy_by(f, &bob, CHOICE("y", "", ""), "main", "bob", "stable", COPY_STRICT, NULL),
              ERR_DENIED, "the label \"stable\" is locked");
    assert_true(str_eq(core_rows(f), before));
    must(f, copy(f, &bob, X_1, "bob", COPY_UPDATE, NULL));
}

static void one_conflict_undoes_all_of_the_choices(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    const struct choice some[] = {CHOICE("y", "1.0", ""), X_1, CHOICE("x", "2.0", "")};
    const struct copy_request in = {.files = {S("alice"), some, COUNT(some)},
                                    .from_label = S("main"),
                                    .to_owner = S("bob"),
                                    .to_label = S("main")};
    struct choice_errors errors = {0};
    struct copied_list list;
    struct str before;

    (void)alice;
    (void)publish_other(f, &bob);
    before = core_rows(f);
    must_fail(f, copy_files(&f->app, f->mem, &bob, &in, &list, &errors, &f->err), ERR_CONFLICT,
              "exists already");
    assert_int_equal(errors.head->index, 1);
    assert_null(errors.head->next);
    assert_true(str_eq(core_rows(f), before));
}

static void a_reserved_name_is_not_copied_to(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    struct file_path path = core_path(f, "bob", &SPEC("x", "1.0", "0"));
    struct file_row removed;

    (void)alice;
    (void)publish_other(f, &bob);
    must(f, file_remove(&f->app, f->mem, &bob, &path, &removed, &f->err));
    f->config.reuse_removed_names = false;
    must_fail(f, copy(f, &bob, X_1_0, "bob", COPY_REPLACE, NULL), ERR_CONFLICT,
              "was used by a removed file and stays reserved");
    f->config.reuse_removed_names = true;
    must(f, copy(f, &bob, X_1_0, "bob", COPY_STRICT, NULL));
}

/* ---- within one owner ------------------------------------------------------------------------ */

static void within_an_owner_a_copy_is_a_label(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    struct copied_list list;

    must(f, copy_by(f, &alice, X_1_0, "main", "", "dev", COPY_STRICT, &list)); /* "": oneself */
    assert_int_equal(list.rows[0].result, COPY_LABELLED);
    assert_true(core_listed(f, "alice", "dev", "noarch", "x-1.0-0.tar.bz2"));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 4);
    assert_str(audited(f), "alice: label.add alice/x/1.0/noarch/x-1.0-0.tar.bz2 [dev: 1 file]");
    must(f, copy_by(f, &alice, X_1_0, "dev", "alice", "dev", COPY_REPLACE, &list));
    assert_int_equal(list.rows[0].result, COPY_KEPT);
    assert_str(audited(f), "");
}

/* ---- rights ---------------------------------------------------------------------------------- */

static void who_may_not_write_there_may_not_copy(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob), ci = bob;
    struct str before = core_rows(f);

    ci.token_id = 7;
    ci.token_name = S("ci");
    must_fail(f, copy(f, &bob, X_1, "alice", COPY_STRICT, NULL), ERR_DENIED,
              "\"bob\" may not publish or change \"alice/x\"");
    must_fail(f, copy(f, &alice, X_1, "bob", COPY_STRICT, NULL), ERR_DENIED, "\"alice\" may not");
    must_fail(f, copy(f, &alice, X_1, "nobody", COPY_STRICT, NULL), ERR_DENIED, "may not");
    ci.limits = S("package:bob/y");
    must_fail(f, copy(f, &ci, X_1, "bob", COPY_STRICT, NULL), ERR_DENIED,
              "limited to package:bob/y");
    ci.limits = S("label:dev");
    must_fail(f, copy(f, &ci, X_1, "bob", COPY_STRICT, NULL), ERR_DENIED, "has the label \"main\"");
    assert_true(str_eq(core_rows(f), before));
    must(f, copy_by(f, &ci, X_1, "main", "bob", "dev", COPY_STRICT, NULL));
}

static void hide(struct core *f, const struct actor *alice, const char *package)
{
    must(f, package_change_access(&f->app, f->mem, alice, S("alice"), str_of(package),
                                  ACCESS_PRIVATE, &f->err));
}

static void what_is_not_seen_is_not_there_to_be_copied(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob), ci = alice;

    hide(f, &alice, "x");
    must_fail(f, copy(f, &bob, X_1, "bob", COPY_STRICT, NULL), ERR_NOT_FOUND,
              "there is no package \"alice/x\"");
    must_fail(f, copy(f, &bob, CHOICE("x", "9", ""), "bob", COPY_STRICT, NULL), ERR_NOT_FOUND,
              "there is no package \"alice/x\"");
    must_fail(f, copy(f, &bob, CHOICE("z", "9", ""), "bob", COPY_STRICT, NULL), ERR_NOT_FOUND,
              "there is no package \"alice/z\"");
    must_fail(f, copy_by(f, &bob, CHOICE("y", "", ""), "dev", "bob", "main", COPY_STRICT, NULL),
              ERR_NOT_FOUND, "\"alice\" has no label \"dev\"");
    must_fail(f,
              copy(f, &bob, CHOICE("y", "1.0", "noarch/y-1.0-9.tar.bz2"), "bob", COPY_STRICT, NULL),
              ERR_NOT_FOUND, "there is no file \"alice/y/1.0/noarch/y-1.0-9.tar.bz2\"");
    must_fail(f, copy(f, &bob, CHOICE("", "", ""), "bob", COPY_STRICT, NULL), ERR_UNPROCESSABLE,
              "name the packages that are to be copied");
    /* A token for one label sees what is hidden under that alone. */
    must(f, label_copy(&f->app, f->mem, &alice, S("alice"), S("main"), S("dev"), &f->err));
    ci.token_id = 7;
    ci.token_name = S("ci");
    ci.limits = S("label:dev");
    must_fail(f, copy_by(f, &ci, X_1, "main", "alice", "dev", COPY_STRICT, NULL), ERR_NOT_FOUND,
              "there is no package \"alice/x\"");
    must(f, copy_by(f, &ci, X_1, "dev", "alice", "dev", COPY_STRICT, NULL));
    must_fail(f, copy_by(f, &ci, X_1_0, "dev", "alice", "x/lock", COPY_STRICT, NULL), ERR_INVALID,
              "label \"x/lock\"");
}

/* ---- packages that are made ------------------------------------------------------------------ */

static void a_made_package_is_seen_by_no_more_than_its_source(void **state)
{
    static const struct {
        const char *habit;
        enum access_level source;
        const char *made;
    } cases[] = {
        {"", ACCESS_PUBLIC, "public"},
        {"public", ACCESS_PRIVATE, "private"},
        {"private", ACCESS_PUBLIC, "private"},
        {"public", ACCESS_AUTHENTICATED, "authenticated"},
    };
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);

    must(f, collaborator_add(&f->app, f->mem, &alice, S("alice"), S("x"), S("bob"), S("read"),
                             &f->err));
    for (size_t i = 0; i < COUNT(cases); i++) {
        must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("x"), cases[i].source,
                                      &f->err));
        f->config.default_access = str_of(cases[i].habit[0] ? cases[i].habit : "public");
        (void)audited(f);
        must(f, copy(f, &bob, X_1, "bob", COPY_STRICT, NULL));
        assert_str(CORE_TEXT(f, "SELECT p.access FROM package p JOIN account a "
                                "ON a.id = p.account_id WHERE a.login = 'bob'"),
                   cases[i].made);
        /* The log of the target tells no name that its owner's people may not know. */
        assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit WHERE detail LIKE '%alice%'") >
                             0,
                         cases[i].source == ACCESS_PUBLIC);
        assert_str(CORE_TEXT(f, "SELECT copied_from FROM package WHERE copied_from_id IS NOT NULL"),
                   cases[i].source == ACCESS_PUBLIC ? "alice/x" : "");
        must(f, package_remove(&f->app, f->mem, &bob, S("bob"), S("x"), &f->err));
    }
}

static void attributes_come_along(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    AUTO(json_decrefp)
    json_t *attrs = json_pack("{s:s, s:s}", "summary", "Of alice.", "license", "MIT");
    AUTO(json_decrefp) json_t *own = json_pack("{s:s}", "summary", "Of bob.");
    struct package_row package;

    must(f, edit_package(&f->app, f->mem, &alice, S("alice"), S("x"), attrs, &package, &f->err));
    must(f, edit_release(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), attrs, &f->err));
    must(f, copy(f, &bob, X_1, "bob", COPY_STRICT, NULL));
    assert_str(CORE_TEXT(f, "SELECT p.summary || ' ' || p.attrs FROM package p JOIN account a "
                            "ON a.id = p.account_id WHERE a.login = 'bob'"),
               "Of alice. {\"license\":\"MIT\",\"summary\":\"Of alice.\"}");
    must(f, edit_package(&f->app, f->mem, &bob, S("bob"), S("x"), own, &package, &f->err));
    must(f, edit_release(&f->app, f->mem, &bob, S("bob"), S("x"), S("1.0"), own, &f->err));
    must(f, copy(f, &bob, X_1, "bob", COPY_STRICT, NULL));
    must(f, copy(f, &bob, X_1, "bob", COPY_UPDATE, NULL));
    assert_str(CORE_TEXT(f, "SELECT p.summary || r.attrs FROM package p JOIN account a "
                            "ON a.id = p.account_id JOIN release r ON r.package_id = p.id "
                            "WHERE a.login = 'bob'"),
               "Of bob.{\"license\":\"MIT\",\"summary\":\"Of bob.\"}");
    (void)audited(f);
    must(f, copy(f, &bob, X_1, "bob", COPY_REPLACE, NULL));
    assert_str(CORE_TEXT(f, "SELECT p.summary || r.attrs FROM package p JOIN account a "
                            "ON a.id = p.account_id JOIN release r ON r.package_id = p.id "
                            "WHERE a.login = 'bob'"),
               "Of alice.{\"license\":\"MIT\",\"summary\":\"Of alice.\"}");
    assert_str(audited(f), "bob: package.update bob/x [as where it was copied from], "
                           "bob: release.update bob/x/1.0 [as where it was copied from]");
}

static struct str source_of_bobs(struct core *f, const struct actor *who)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct package_row package;
    struct str source;

    must(f, package_require(tx, f->mem, S("bob"), S("x"), &package, &f->err));
    must(f, copy_source(tx, f->mem, who, &package, &source, &f->err));
    return source;
}

static void a_source_is_told_to_whoever_may_know_of_it(void **state)
{
    static const struct actor nobody = {.remote = {"192.0.2.1", 9}};
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob), carol = core_user(f, "carol");

    must(f, copy(f, &bob, X_1, "bob", COPY_STRICT, NULL));
    assert_str(source_of_bobs(f, &nobody), "alice/x");
    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("x"), ACCESS_AUTHENTICATED,
                                  &f->err));
    assert_str(source_of_bobs(f, &nobody), "");
    assert_str(source_of_bobs(f, &carol), "alice/x");
    hide(f, &alice, "x");
    assert_str(source_of_bobs(f, &carol), "");
    assert_str(source_of_bobs(f, &alice), "alice/x");
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_str(source_of_bobs(f, &nobody), ""); /* nor is it told once it is gone */
}

static void a_source_that_goes_is_forgotten_by_its_number(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);

    must(f, copy(f, &bob, X_1, "bob", COPY_STRICT, NULL));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package WHERE copied_from_id = 1"), 1);
    must(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM package "
                                    "WHERE copied_from_id IS NULL AND copied_from = 'alice/x'"),
                     1);
}

static void a_copy_survives_every_failed_allocation(void **state)
{
    struct core *f = *state;
    struct actor bob, alice = make_world(f, &bob);
    const struct choice x = X_1;
    const struct copy_request in = {.files = {S("alice"), &x, 1},
                                    .from_label = S("main"),
                                    .to_label = S("main"),
                                    .mode = COPY_REPLACE};
    struct str before;
    enum err_code code = ERR_NOMEM;

    (void)alice;
    (void)publish_other(f, &bob);
    before = core_rows(f);
    for (long n = 1; code; n++) {
        struct arena *mem = arena_open(LIMIT_REQUEST_MEMORY);
        struct choice_errors errors = {0};
        struct copied_list list;
        struct err err = {0};

        assert_non_null(mem);
        mem_fail_at(n);
        code = copy_files(&f->app, mem, &bob, &in, &list, &errors, &err);
        mem_fail_at(0);
        arena_close(mem);
        if (code && code != ERR_NOMEM)
            print_error("allocation %ld: %s\n", n, err.msg);
        assert_true(code == OK || code == ERR_NOMEM);
        assert_int_equal(str_eq(core_rows(f), before), code != OK);
        core_check_bytes(f);
        assert_true(n < 5000);
    }
    assert_str(bobs(f), "main=x-1.0-0, main=x-1.0-1");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(a_copy_has_rows_of_its_own_and_no_bytes),
        WITH_INSPECTOR(exactly_what_is_named_and_labelled_is_copied),
        WITH_INSPECTOR(what_is_there_already_decides_with_the_mode),
        WITH_INSPECTOR(what_is_replaced_is_in_the_trash),
        WITH_INSPECTOR(a_copy_takes_room_where_it_goes),
        WITH_INSPECTOR(what_is_replaced_keeps_its_labels),
        WITH_INSPECTOR(locked_labels_of_the_target_stand),
        WITH_INSPECTOR(one_conflict_undoes_all_of_the_choices),
        WITH_INSPECTOR(a_reserved_name_is_not_copied_to),
        WITH_INSPECTOR(within_an_owner_a_copy_is_a_label),
        WITH_INSPECTOR(who_may_not_write_there_may_not_copy),
        WITH_INSPECTOR(what_is_not_seen_is_not_there_to_be_copied),
        WITH_INSPECTOR(a_made_package_is_seen_by_no_more_than_its_source),
        WITH_INSPECTOR(attributes_come_along),
        WITH_INSPECTOR(a_source_is_told_to_whoever_may_know_of_it),
        WITH_INSPECTOR(a_source_that_goes_is_forgotten_by_its_number),
        WITH_INSPECTOR(a_copy_survives_every_failed_allocation),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
