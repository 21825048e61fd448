/* Removing what one was told is empty, when it is not any more. */
#include "core_fixture.h"

#include "core/package.h"
#include "core/told_empty.h"

struct shelf {
    struct actor alice, bob;
    struct package_row package;
    struct release_row release;
};

static const struct core_spec spec = {"x", "1.0", "0", "noarch", NULL, NULL, NULL};

/* alice's package with an empty release, to which bob may publish. */
static struct shelf fill(struct core *f)
{
    struct shelf s = {.alice = core_user(f, "alice"), .bob = core_user(f, "bob")};

    must(f, package_create(&f->app, f->mem, &s.alice, S("alice"), S("x"), S(""), NULL, &s.package,
                           &f->err));
    must(f, release_create(&f->app, f->mem, &s.alice, S("alice"), S("x"), S("1.0"), NULL,
                           &s.release, &f->err));
    CORE_CHANGE(f, "INSERT INTO collaborator (package_id, account_id, permission) "
                   "SELECT p.id, a.id, 'write' FROM package p, account a WHERE a.login = 'bob'");
    return s;
}

static void tell(struct core *f, const struct shelf *s, const struct actor *who, int64_t release_id,
                 bool empty)
{
    must(f, told_empty_note(&f->app, f->mem, who, &s->package, release_id, empty, &f->err));
}

static void publish(struct core *f, const struct actor *who)
{
    const struct file_path path = core_path(f, "alice", &spec);
    struct file_row file;

    must(f, core_try_publish(f, who, &path, core_package(f, &spec), &file));
}

static enum err_code remove_release(struct core *f, const struct actor *who)
{
    return release_remove(&f->app, f->mem, who, S("alice"), S("x"), S("1.0"), &f->err);
}

static enum err_code remove_package(struct core *f, const struct actor *who)
{
    return package_remove(&f->app, f->mem, who, S("alice"), S("x"), &f->err);
}

#define TOLD                                                                                       \
    "SELECT a.login || CASE t.release_id WHEN 0 THEN '' ELSE ' 1.0' END FROM told_empty t "        \
    "JOIN account a ON a.id = t.account_id ORDER BY a.login, t.release_id"

static void what_others_published_meanwhile_stays(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    uint64_t generation = db_generation(f->app.db);
    struct str rows;

    tell(f, &s, &s.alice, s.release.id, true);
    tell(f, &s, &s.alice, 0, true);
    assert_str(CORE_TEXT(f, TOLD), "alice, alice 1.0");
    assert_int_equal(db_generation(f->app.db), generation); /* caches stay */
    publish(f, &s.bob);
    rows = core_rows(f);
    must_fail(f, remove_release(f, &s.alice), ERR_NOT_FOUND,
              "\"alice/x/1.0\" was empty when you looked, and has files by now: look again before "
              "you remove it");
    must_fail(f, remove_package(f, &s.alice), ERR_NOT_FOUND,
              "\"alice/x\" was empty when you looked, and has files by now");
    assert_true(str_eq(core_rows(f), rows));
    /* Who has looked again means what he says. */
    tell(f, &s, &s.alice, s.release.id, false);
    assert_str(CORE_TEXT(f, TOLD), "alice");
    must(f, remove_release(f, &s.alice));
    must(f, remove_package(f, &s.alice));
}

static void what_is_still_empty_goes(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);

    tell(f, &s, &s.alice, s.release.id, true);
    tell(f, &s, &s.alice, 0, true);
    must(f, remove_release(f, &s.alice));
    must(f, remove_package(f, &s.alice));
    assert_str(CORE_TEXT(f, TOLD), "");
}

static void others_were_told_nothing(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);

    tell(f, &s, &s.alice, s.release.id, true);
    publish(f, &s.bob);
    must(f, remove_release(f, &s.bob));
}

/* Uploading and then removing what one uploaded is what people do. */
static void who_announced_an_upload_afterwards_knows(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);

    tell(f, &s, &s.alice, s.release.id, true);
    tell(f, &s, &s.alice, 0, true);
    tell(f, &s, &s.bob, 0, true);
    publish(f, &s.alice);
    assert_str(CORE_TEXT(f, TOLD), "bob");
    must(f, remove_release(f, &s.alice));
}

/* Of another job with the same account. */
static void one_that_was_announced_before_tells_nothing(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    const struct file_path path = core_path(f, "alice", &spec);
    struct staged staged = core_upload(f, &s.alice, &path, core_package(f, &spec));
    struct file_row file;

    CORE_CHANGE(f, "UPDATE upload SET created_ms = created_ms - 1000");
    tell(f, &s, &s.alice, s.release.id, true);
    must(f, publish_commit(&f->app, f->mem, &s.alice, &path, staged.dist_id, &file, &f->err));
    must_fail(f, remove_release(f, &s.alice), ERR_NOT_FOUND, "has files by now");
}

static void it_holds_for_an_hour(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);

    tell(f, &s, &s.alice, s.release.id, true);
    publish(f, &s.bob);
    CORE_CHANGE(f, "UPDATE told_empty SET told_ms = told_ms - 3600000");
    must(f, remove_release(f, &s.alice));
}

static void of_those_who_cannot_remove_it_nothing_is_kept(void **state)
{
    struct core *f = *state;
    struct shelf s = fill(f);
    struct actor carol = core_user(f, "carol"), nobody = {0};

    tell(f, &s, &carol, s.release.id, true);
    tell(f, &s, &nobody, s.release.id, true);
    assert_str(CORE_TEXT(f, TOLD), "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(what_others_published_meanwhile_stays),
        WITH_INSPECTOR(what_is_still_empty_goes),
        WITH_INSPECTOR(others_were_told_nothing),
        WITH_INSPECTOR(who_announced_an_upload_afterwards_knows),
        WITH_INSPECTOR(one_that_was_announced_before_tells_nothing),
        WITH_INSPECTOR(it_holds_for_an_hour),
        WITH_INSPECTOR(of_those_who_cannot_remove_it_nothing_is_kept),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
