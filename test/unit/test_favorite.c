/* Marking packages, and who has them in which list. */
#include "core_fixture.h"

#include "core/favorite.h"
#include "core/organization.h"
#include "core/package.h"

struct stage {
    struct actor alice, bob;
};

static void create(struct core *f, const struct actor *owner, const char *name, const char *access)
{
    struct package_row row;

    must(f, package_create(&f->app, f->mem, owner, owner->login, str_of(name), str_of(access), NULL,
                           &row, &f->err));
}

static struct stage set(struct core *f)
{
    struct stage s = {core_user(f, "alice"), core_user(f, "bob")};

    create(f, &s.alice, "open", "public");
    create(f, &s.alice, "inner", "authenticated");
    create(f, &s.alice, "hidden", "private");
    CORE_CHANGE(f, "DELETE FROM audit");
    return s;
}

static enum err_code mark(struct core *f, const struct actor *who, const char *package)
{
    f->err = (struct err){0};
    return favorite_add(&f->app, f->mem, who, S("alice"), str_of(package), &f->err);
}

static enum err_code unmark(struct core *f, const struct actor *who, const char *package)
{
    f->err = (struct err){0};
    return favorite_remove(&f->app, f->mem, who, S("alice"), str_of(package), &f->err);
}

/* Names of the favorites of one that another sees, the newest first. */
static const char *shown(struct core *f, const struct actor *whose, const struct actor *who)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);
    struct favorite_list list;
    struct str names = S("");

    must(f, favorite_list_shown(tx, f->mem, who, whose->account_id, &list, &f->err));
    for (size_t i = 0; i < list.count; i++)
        names = str_fmt(f->mem, STR_FMT "%s" STR_FMT, STR_ARG(names), i ? " " : "",
                        STR_ARG(list.rows[i].name));
    return names.ptr;
}

static void a_package_is_marked_and_unmarked(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    uint64_t generation = db_generation(f->app.db);

    must(f, mark(f, &s.bob, "open"));
    must(f, mark(f, &s.bob, "Open"));
    assert_string_equal(shown(f, &s.bob, &s.bob), "open");
    must(f, unmark(f, &s.bob, "open"));
    must(f, unmark(f, &s.bob, "open"));
    assert_string_equal(shown(f, &s.bob, &s.bob), "");
    assert_int_equal(db_generation(f->app.db), generation);
    assert_str(CORE_TEXT(f, "SELECT u.actor || ' ' || u.action || ' ' || u.object || ' ' || "
                            "a.login FROM audit u JOIN account a ON a.id = u.account_id "
                            "ORDER BY u.id"),
               "bob favorite.add alice/open bob, bob favorite.remove alice/open bob");
}

static void what_one_does_not_see_cannot_be_marked(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct str rows = core_rows(f);

    must_fail(f, mark(f, &s.bob, "hidden"), ERR_NOT_FOUND, "there is no package \"alice/hidden\"");
    must_fail(f, mark(f, &s.bob, "none"), ERR_NOT_FOUND, "there is no package \"alice/none\"");
    must_fail(f, unmark(f, &s.bob, "hidden"), ERR_NOT_FOUND,
              "there is no package \"alice/hidden\"");
    assert_true(str_eq(core_rows(f), rows));
}

static void everybody_sees_what_he_may_of_them(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);
    struct actor nobody = {0}, carl = core_user(f, "carl");

    must(f, collaborator_add(&f->app, f->mem, &s.alice, S("alice"), S("hidden"), S("bob"),
                             S("read"), &f->err));
    must(f, mark(f, &s.bob, "open"));
    must(f, mark(f, &s.bob, "inner"));
    must(f, mark(f, &s.bob, "hidden"));
    CORE_CHANGE(f, "UPDATE favorite SET created_ms = 1");
    assert_string_equal(shown(f, &s.bob, &s.bob), "hidden inner open");
    assert_string_equal(shown(f, &s.bob, &s.alice), "hidden inner open");
    assert_string_equal(shown(f, &s.bob, &carl), "inner open");
    assert_string_equal(shown(f, &s.bob, &nobody), "open");
    must(f, collaborator_remove(&f->app, f->mem, &s.alice, S("alice"), S("hidden"), S("bob"),
                                &f->err));
    assert_string_equal(shown(f, &s.bob, &s.bob), "inner open");
    must(f, package_change_access(&f->app, f->mem, &s.alice, S("alice"), S("open"), ACCESS_PRIVATE,
                                  &f->err));
    assert_string_equal(shown(f, &s.bob, &s.bob), "inner");
    assert_string_equal(shown(f, &s.bob, &nobody), "");
}

static void there_is_an_end_to_it(void **state)
{
    struct core *f = *state;
    struct stage s = set(f);

    CORE_CHANGE(f, "INSERT INTO package (account_id, name, access, summary, attrs, latest_version, "
                   "created_ms, updated_ms) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
                   "SELECT i + 1 FROM n WHERE i < 5000) SELECT a.id, 'p' || n.i, 'public', '', "
                   "'{}', '', 1, 1 FROM n, account a WHERE a.login = 'alice'");
    CORE_CHANGE(f, "INSERT INTO favorite (account_id, package_id, created_ms) SELECT a.id, p.id, 1 "
                   "FROM package p, account a WHERE a.login = 'bob' AND p.created_ms = 1");
    must_fail(f, mark(f, &s.bob, "open"), ERR_CONFLICT, "\"bob\" has 5000 favorites");
    must(f, mark(f, &s.bob, "p1"));
    must(f, unmark(f, &s.bob, "p1"));
    must(f, mark(f, &s.bob, "open"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_package_is_marked_and_unmarked),
        WITH_CORE(what_one_does_not_see_cannot_be_marked),
        WITH_CORE(everybody_sees_what_he_may_of_them),
        WITH_CORE(there_is_an_end_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
