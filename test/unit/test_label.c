/* Which files carry which labels, and what a lock keeps as it is. */
#include "core_fixture.h"

#include "core/inspect.h"
#include "core/label.h"

#define SPEC(name_, version_, build_)                                                              \
    ((struct core_spec){                                                                           \
        .name = (name_), .version = (version_), .build = (build_), .subdir = "noarch"})
#define CHOICE(package_, version_, basename_)                                                      \
    ((struct choice){S(package_), S(version_), S(basename_)})

#define EVERYTHING CHOICE("", "", "")
#define X_1        CHOICE("x", "1.0", "")
#define X_1_0      CHOICE("x", "1.0", "noarch/x-1.0-0.tar.bz2")

/* One choice of alice's, one label to add and one to remove (NULL: none). */
static enum err_code change(struct core *f, const struct actor *actor, struct choice choice,
                            const char *add, const char *remove, struct label_changed *ret)
{
    const struct str plus = str_of(add), minus = str_of(remove);
    const struct label_change in = {.files = {S("alice"), &choice, 1},
                                    .add = &plus,
                                    .add_count = add != NULL,
                                    .remove = &minus,
                                    .remove_count = remove != NULL};
    struct choice_errors errors = {0};
    struct label_changed *changed = NULL;
    enum err_code rc = label_change(&f->app, f->mem, actor, &in, &changed, &errors, &f->err);

    if (!rc && ret)
        *ret = changed[0];
    return rc;
}

/* "dev: x-1.0-0 x-1.0-1, main: ..." of all labels that files carry. */
static struct str carried(struct core *f)
{
    return CORE_TEXT(f, "SELECT l.name || '=' || substr(f.filename, 1, length(f.filename) - 8) "
                        "FROM file_label fl JOIN label l ON l.id = fl.label_id "
                        "JOIN file f ON f.id = fl.file_id ORDER BY 1");
}

static struct str audited(struct core *f)
{
    struct str all = CORE_TEXT(f, "SELECT action || ' ' || object || ' [' || detail || ']' "
                                  "FROM audit ORDER BY id");

    CORE_CHANGE(f, "DELETE FROM audit");
    return all;
}

/* alice with x 1.0 in two builds, x 2.0 and y 1.0, all in main. */
static struct actor publish_some(struct core *f)
{
    struct actor alice = core_user(f, "alice");

    (void)core_publish(f, &alice, &SPEC("x", "1.0", "0"));
    (void)core_publish(f, &alice, &SPEC("x", "1.0", "1"));
    (void)core_publish(f, &alice, &SPEC("x", "2.0", "0"));
    (void)core_publish(f, &alice, &SPEC("y", "1.0", "0"));
    (void)audited(f);
    return alice;
}

/* ---- adding and removing --------------------------------------------------------------------- */

static void exactly_what_is_named_gets_a_label(void **state)
{
    static const struct {
        const char *package, *version, *basename;
        const char *carried, *audited;
        int64_t files;
    } cases[] = {
        {"x", "1.0", "noarch/x-1.0-0.tar.bz2", "dev=x-1.0-0",
         "label.add alice/x/1.0/noarch/x-1.0-0.tar.bz2 [dev: 1 file]", 1},
        {"x", "1.0", "", "dev=x-1.0-0, dev=x-1.0-1", "label.add alice/x/1.0 [dev: 2 files]", 2},
        {"x", "", "", "dev=x-1.0-0, dev=x-1.0-1, dev=x-2.0-0", "label.add alice/x [dev: 3 files]",
         3},
        {"", "", "", "dev=x-1.0-0, dev=x-1.0-1, dev=x-2.0-0, dev=y-1.0-0",
         "label.add alice [dev: 4 files]", 4},
    };
    struct core *f = *state;
    struct actor alice = publish_some(f);
    struct label_changed changed;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct choice it = {str_of(cases[i].package), str_of(cases[i].version),
                                  str_of(cases[i].basename)};
        struct str before = carried(f);

        must(f, change(f, &alice, it, "dev", NULL, &changed));
        assert_int_equal(changed.added, cases[i].files);
        assert_int_equal(changed.removed, 0);
        assert_str(carried(f),
                   str_fmt(f->mem, "%s, " STR_FMT, cases[i].carried, STR_ARG(before)).ptr);
        assert_str(audited(f), cases[i].audited);
        must(f, change(f, &alice, it, "Dev", NULL, &changed)); /* again: nothing */
        assert_int_equal(changed.added, 0);
        assert_str(audited(f), "");
        must(f, change(f, &alice, it, NULL, "DEV", &changed));
        assert_int_equal(changed.removed, cases[i].files);
        assert_true(str_eq(carried(f), before));
        (void)audited(f);
    }
    core_check_bytes(f);
}

static void a_move_of_one_version_moves_only_it(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f);
    struct label_changed changed;

    must(f, change(f, &alice, X_1, "beta", "main", &changed));
    assert_int_equal(changed.added, 2);
    assert_int_equal(changed.removed, 2);
    assert_str(carried(f), "beta=x-1.0-0, beta=x-1.0-1, main=x-2.0-0, main=y-1.0-0");
    assert_true(core_listed(f, "alice", "beta", "noarch", "x-1.0-0.tar.bz2"));
    assert_false(core_listed(f, "alice", "beta", "noarch", "x-2.0-0.tar.bz2"));
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_true(core_listed(f, "alice", "main", "noarch", "x-2.0-0.tar.bz2"));
    assert_str(audited(f), "label.add alice/x/1.0 [beta: 2 files], "
                           "label.remove alice/x/1.0 [main: 2 files]");
}

static void a_file_without_labels_stays_and_is_in_no_channel(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f);

    must(f, change(f, &alice, X_1_0, NULL, "main", NULL));
    assert_str(carried(f), "main=x-1.0-1, main=x-2.0-0, main=y-1.0-0");
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM file"), 4);
    must(f, change(f, &alice, X_1_0, "main", NULL, NULL));
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
}

static void what_cannot_be_changed_leaves_everything_as_it_was(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f), bob = core_user(f, "bob");
    const struct choice some[] = {CHOICE("x", "1.0", ""), CHOICE("z", "", ""),
                                  CHOICE("x", "3.0", "")};
    const struct str dev = S("dev");
    const struct label_change in = {
        .files = {S("alice"), some, COUNT(some)}, .add = &dev, .add_count = 1};
    struct label_changed *changed = NULL;
    struct choice_errors errors = {0};
    struct str before = core_rows(f);

    must_fail(f, label_change(&f->app, f->mem, &alice, &in, &changed, &errors, &f->err),
              ERR_NOT_FOUND, "there is no package \"alice/z\"");
    assert_int_equal(errors.head->index, 1);
    assert_int_equal(errors.head->next->index, 2);
    must_fail(f, change(f, &bob, X_1, "dev", NULL, NULL), ERR_DENIED, "\"bob\" may not");
    must_fail(f, change(f, &alice, X_1, "1dev", NULL, NULL), ERR_INVALID, "label \"1dev\"");
    must_fail(f, change(f, &alice, X_1, NULL, "none", NULL), ERR_NOT_FOUND,
              "\"alice\" has no label \"none\"");
    must_fail(f, change(f, &alice, X_1, "Main", "main", NULL), ERR_UNPROCESSABLE,
              "the label \"main\" cannot be added and removed at once");
    assert_true(str_eq(core_rows(f), before));
}

static void a_label_that_nothing_got_is_not_made(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct file_path path = core_path(f, "alice", &SPEC("x", "1.0", "0"));

    core_release(f, &alice, &path);
    must(f, change(f, &alice, X_1, "dev", NULL, NULL));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM label"), 0);
}

static void a_limited_token_changes_the_labels_that_it_is_for(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f), ci = alice, other = alice;

    ci.token_id = other.token_id = 7;
    ci.token_name = other.token_name = S("ci");
    ci.limits = S("label:dev");
    other.limits = S("package:alice/y");
    must(f, change(f, &ci, X_1, "dev", NULL, NULL));
    must_fail(f, change(f, &ci, X_1, "beta", "dev", NULL), ERR_DENIED, "has the label \"beta\"");
    must_fail(f, change(f, &ci, X_1, NULL, "main", NULL), ERR_DENIED, "has the label \"main\"");
    must_fail(f, change(f, &ci, EVERYTHING, "dev", NULL, NULL), ERR_DENIED, "limited to label:dev");
    must_fail(f, change(f, &other, X_1, "dev", NULL, NULL), ERR_DENIED,
              "limited to package:alice/y");
    must(f, change(f, &ci, X_1, NULL, "dev", NULL));
}

static void a_label_is_known_as_far_as_its_packages_are(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f);

    must(f, package_change_access(&f->app, f->mem, &alice, S("alice"), S("x"), ACCESS_PRIVATE,
                                  &f->err));
    must(f, change(f, &alice, X_1, "dev", NULL, NULL));
    assert_str(CORE_TEXT(f, "SELECT access FROM label WHERE name = 'dev'"), "private");
    must(f, change(f, &alice, CHOICE("y", "", ""), "dev", NULL, NULL));
    assert_str(CORE_TEXT(f, "SELECT access FROM label WHERE name = 'dev'"), "public");
}

/* ---- whole labels ---------------------------------------------------------------------------- */

static enum err_code create(struct core *f, const struct actor *actor, const char *name)
{
    return label_create(&f->app, f->mem, actor, S("alice"), str_of(name), &f->err);
}

static enum err_code copy(struct core *f, const struct actor *actor, const char *from,
                          const char *to)
{
    return label_copy(&f->app, f->mem, actor, S("alice"), str_of(from), str_of(to), &f->err);
}

static enum err_code remove_label(struct core *f, const struct actor *actor, const char *name)
{
    return label_remove(&f->app, f->mem, actor, S("alice"), str_of(name), &f->err);
}

static enum err_code lock(struct core *f, const struct actor *actor, const char *name, bool locked)
{
    return label_lock(&f->app, f->mem, actor, S("alice"), str_of(name), locked, &f->err);
}

static void a_label_is_made_once(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    must(f, create(f, &alice, "Team/Dev"));
    must(f, create(f, &alice, "team/dev"));
    must(f, create(f, &alice, "main")); /* is always there */
    must_fail(f, create(f, &alice, "a b"), ERR_INVALID, "label \"a b\"");
    must_fail(f, create(f, &alice, "x/lock"), ERR_INVALID, "has the part \"lock\"");
    assert_str(CORE_TEXT(f, "SELECT name FROM label"), "team/dev");
    assert_str(audited(f), "label.create alice/label/team/dev []");
}

static void a_copy_of_a_label_adds_to_the_other(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f);

    must(f, change(f, &alice, X_1_0, "dev", NULL, NULL));
    must(f, change(f, &alice, CHOICE("y", "", ""), "prod", NULL, NULL));
    (void)audited(f);
    must(f, copy(f, &alice, "Dev", "Prod"));
    assert_str(carried(f), "dev=x-1.0-0, main=x-1.0-0, main=x-1.0-1, main=x-2.0-0, main=y-1.0-0, "
                           "prod=x-1.0-0, prod=y-1.0-0");
    assert_true(core_listed(f, "alice", "prod", "noarch", "x-1.0-0.tar.bz2"));
    assert_str(audited(f), "label.copy alice/label/dev [to prod: 1 file]");
    must(f, copy(f, &alice, "dev", "prod"));
    must(f, copy(f, &alice, "dev", "dev"));
    assert_str(audited(f), "");
    must(f, create(f, &alice, "empty"));
    (void)audited(f);
    must(f, copy(f, &alice, "empty", "also"));
    assert_str(audited(f), "label.copy alice/label/empty [to also: 0 files]");
    must_fail(f, copy(f, &alice, "none", "prod"), ERR_NOT_FOUND, "has no label \"none\"");
    must_fail(f, copy(f, &alice, "dev", "a/"), ERR_INVALID, "label \"a/\"");
}

static void a_removed_label_is_gone_with_its_channel(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f);

    must(f, change(f, &alice, X_1, "dev", NULL, NULL));
    (void)audited(f);
    must(f, remove_label(f, &alice, "DEV"));
    assert_str(carried(f), "main=x-1.0-0, main=x-1.0-1, main=x-2.0-0, main=y-1.0-0");
    assert_str(CORE_TEXT(f, "SELECT name FROM label"), "main");
    assert_null(core_document(f, "alice", "dev", "noarch", "repodata.json").ptr);
    assert_null(core_document(f, "alice", "dev", "", "channeldata.json").ptr);
    assert_true(core_listed(f, "alice", "main", "noarch", "x-1.0-0.tar.bz2"));
    assert_str(audited(f), "label.delete alice/label/dev [2 files]");
    must_fail(f, remove_label(f, &alice, "dev"), ERR_NOT_FOUND, "has no label \"dev\"");
    must_fail(f, remove_label(f, &alice, "main"), ERR_CONFLICT,
              "the label \"main\" is always there");
    /* It may come again, with other files. */
    must(f, change(f, &alice, CHOICE("y", "", ""), "dev", NULL, NULL));
    assert_true(core_listed(f, "alice", "dev", "noarch", "y-1.0-0.tar.bz2"));
    assert_false(core_listed(f, "alice", "dev", "noarch", "x-1.0-0.tar.bz2"));
    core_check_bytes(f);
}

/* ---- locks ----------------------------------------------------------------------------------- */

static enum err_code remove_file(struct core *f, const struct actor *actor, struct choice c)
{
    struct file_path path = {S("alice"), c.package, c.version, c.basename};
    struct file_row removed;

    return file_remove(&f->app, f->mem, actor, &path, &removed, &f->err);
}

static enum err_code stage(struct core *f, const struct actor *actor, const struct core_spec *spec,
                           const char *label, bool with_digest, struct staged *ret)
{
    const struct str name = str_of(label);
    const struct stage_request req = {.type = S("conda"),
                                      .labels = &name,
                                      .label_count = 1,
                                      .sha256 = with_digest ? core_sha256(f, core_package(f, spec))
                                                            : S("")};
    struct file_path path = core_path(f, "alice", spec);

    core_release(f, actor, &path);
    return publish_stage(&f->app, f->mem, actor, &path, &req, ret, &f->err);
}

static void a_locked_label_does_not_change(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f);
    struct core_spec fresh = SPEC("x", "1.0", "7"), other = SPEC("x", "1.0", "1"),
                     same = SPEC("x", "1.0", "0");
    struct staged staged;
    struct str before;

    must(f, change(f, &alice, X_1_0, "prod", NULL, NULL));
    must(f, create(f, &alice, "dev"));
    (void)audited(f);
    must(f, lock(f, &alice, "Prod", true));
    must(f, lock(f, &alice, "prod", true));
    assert_str(audited(f), "label.lock alice/label/prod []");
    before = core_rows(f);
    must_fail(f, change(f, &alice, CHOICE("y", "", ""), "prod", NULL, NULL), ERR_DENIED,
              "the label \"prod\" is locked");
    must_fail(f, change(f, &alice, X_1_0, NULL, "prod", NULL), ERR_DENIED, "is locked");
    must_fail(f, change(f, &alice, X_1_0, "dev", "prod", NULL), ERR_DENIED, "is locked");
    must_fail(f, copy(f, &alice, "main", "prod"), ERR_DENIED, "is locked");
    must_fail(f, remove_label(f, &alice, "prod"), ERR_DENIED, "is locked");
    must_fail(f, remove_file(f, &alice, X_1_0), ERR_DENIED, "is locked");
    must_fail(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("1.0"), &f->err),
              ERR_DENIED, "is locked");
    must_fail(f, package_remove(&f->app, f->mem, &alice, S("alice"), S("x"), &f->err), ERR_DENIED,
              "the label \"prod\" is locked: what carries it cannot change before it is unlocked");
    must_fail(f, stage(f, &alice, &fresh, "prod", true, &staged), ERR_DENIED, "is locked");
    must_fail(f, stage(f, &alice, &other, "prod", true, &staged), ERR_DENIED, "is locked");
    assert_true(str_eq(core_rows(f), before));
    /* What carries it may be sent again, and what does not is as free as ever. */
    must(f, stage(f, &alice, &same, "prod", true, &staged));
    must(f, copy(f, &alice, "prod", "dev"));
    must(f, change(f, &alice, X_1_0, NULL, "main", NULL));
    must(f, release_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("2.0"), &f->err));
    must(f, lock(f, &alice, "prod", false));
    must(f, remove_file(f, &alice, X_1_0));
}

static void a_label_that_is_locked_meanwhile_refuses_the_commit(void **state)
{
    struct core *f = *state;
    struct actor alice = publish_some(f);
    struct core_spec fresh = SPEC("x", "1.0", "7");
    struct file_path path = core_path(f, "alice", &fresh);
    struct file_row file;
    struct staged staged;

    must(f, stage(f, &alice, &fresh, "main", true, &staged));
    must(f, core_send(f, staged.ticket, core_package(f, &fresh)));
    must(f, lock(f, &alice, "main", true));
    must_fail(f, publish_commit(&f->app, f->mem, &alice, &path, staged.dist_id, &file, &f->err),
              ERR_DENIED, "the label \"main\" is locked");
    assert_false(core_listed(f, "alice", "main", "noarch", "x-1.0-7.tar.bz2"));
    must(f, lock(f, &alice, "main", false));
    must(f, publish_commit(&f->app, f->mem, &alice, &path, staged.dist_id, &file, &f->err));
}

static void main_is_locked_before_anything_carries_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct staged staged;

    must(f, lock(f, &alice, "main", false));
    assert_str(audited(f), "");
    must(f, lock(f, &alice, "main", true));
    must_fail(f, stage(f, &alice, &SPEC("x", "1.0", "0"), "main", false, &staged), ERR_DENIED,
              "the label \"main\" is locked");
    must_fail(f, lock(f, &alice, "dev", true), ERR_NOT_FOUND, "has no label \"dev\"");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(exactly_what_is_named_gets_a_label),
        WITH_INSPECTOR(a_move_of_one_version_moves_only_it),
        WITH_INSPECTOR(a_file_without_labels_stays_and_is_in_no_channel),
        WITH_INSPECTOR(what_cannot_be_changed_leaves_everything_as_it_was),
        WITH_CORE(a_label_that_nothing_got_is_not_made),
        WITH_INSPECTOR(a_limited_token_changes_the_labels_that_it_is_for),
        WITH_INSPECTOR(a_label_is_known_as_far_as_its_packages_are),
        WITH_CORE(a_label_is_made_once),
        WITH_INSPECTOR(a_copy_of_a_label_adds_to_the_other),
        WITH_INSPECTOR(a_removed_label_is_gone_with_its_channel),
        WITH_INSPECTOR(a_locked_label_does_not_change),
        WITH_INSPECTOR(a_label_that_is_locked_meanwhile_refuses_the_commit),
        WITH_CORE(main_is_locked_before_anything_carries_it),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
