/* What a token may do that is limited to packages, labels or a group: as tables. */
#include "core_fixture.h"

#include "core/access.h"
#include "core/limit.h"
#include "core/organization.h"
#include "core/scope.h"

/* ---- the words ------------------------------------------------------------------------------- */

static struct str join(struct core *f, const struct limit_request *req)
{
    struct str limits;

    must(f, limit_join(f->mem, req, &limits, &f->err));
    return limits;
}

static void limits_become_words_in_lower_case(void **state)
{
    struct core *f = *state;
    const struct str packages[] = {S("Acme/tool"), S("acme/Other.Tool")},
                     labels[] = {S("dev"), S("Dev/x")};
    const struct limit_request all = {packages, 2, labels, 2, S("Acme/CI")},
                               group = {.group = S("acme/ci")}, none = {0};

    assert_str(join(f, &all), "package:acme/tool package:acme/Other.Tool label:dev label:dev/x "
                              "group:acme/ci");
    assert_str(join(f, &group), "group:acme/ci");
    assert_str(join(f, &none), "");
}

static void what_is_no_name_is_refused(void **state)
{
    struct core *f = *state;
    static const char *const packages[] = {"tool",     "/tool",       "acme/",   "acme/a b",
                                           "a b/tool", "acme/tool/1", "ac\nme/x"},
                             *const labels[] = {"", "a b", "1", "linux-64", "a//b", "x:y"},
                             *const groups[] = {"ci", "acme/", "/ci", "acme/a b", "acme/ci/x"};
    struct str limits = S("untouched");

    for (size_t i = 0; i < COUNT(packages); i++) {
        const struct str name = str_of(packages[i]);
        const struct limit_request req = {.packages = &name, .package_count = 1};

        must_fail(f, limit_join(f->mem, &req, &limits, &f->err), ERR_UNPROCESSABLE,
                  "a token cannot be limited to the package \"");
        assert_string_equal(f->err.field, "limits");
    }
    for (size_t i = 0; i < COUNT(labels); i++) {
        const struct str name = str_of(labels[i]);
        const struct limit_request req = {.labels = &name, .label_count = 1};

        must_fail(f, limit_join(f->mem, &req, &limits, &f->err), ERR_UNPROCESSABLE,
                  "a token cannot be limited to the label \"");
    }
    for (size_t i = 0; i < COUNT(groups); i++) {
        const struct limit_request req = {.group = str_of(groups[i])};

        must_fail(f, limit_join(f->mem, &req, &limits, &f->err), ERR_UNPROCESSABLE,
                  "it must be given as \"organization/group\"");
    }
    assert_str(limits, "untouched");
}

static void packages_that_limits_leave(void **state)
{
    static const struct {
        const char *limits, *owner, *package;
        bool allowed;
    } cases[] = {
        {"", "acme", "tool", true},
        {"", "acme", "", true},
        {"package:acme/tool", "acme", "tool", true},
        {"package:acme/tool", "acme", "too", false},
        {"package:acme/tool", "acme", "tool2", false},
        {"package:acme/tool", "acme", "", false},
        {"package:acme/tool", "other", "tool", false},
        {"package:acme/tool package:bob/x", "bob", "x", true},
        {"package:acme/tool package:bob/x", "bob", "tool", false},
        {"label:dev", "acme", "tool", true},
        {"label:dev", "acme", "", false}, /* not what has all labels */
        {"group:acme/ci", "acme", "tool", true},
        {"group:acme/ci", "acme", "", true},
        {"group:acme/ci", "bob", "tool", false},
        {"package:acme/tool group:acme/ci", "acme", "tool", true},
        {"package:bob/tool group:acme/ci", "bob", "tool", false},
        {"package:acme/tool label:dev", "acme", "tool", true},
        {"package:acme/tool label:dev", "acme", "x", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool allowed = limit_allows_package(str_of(cases[i].limits), str_of(cases[i].owner),
                                            str_of(cases[i].package));

        if (allowed != cases[i].allowed)
            print_error("case %zu\n", i);
        assert_int_equal(allowed, cases[i].allowed);
    }
}

static void labels_that_limits_leave(void **state)
{
    (void)state;
    assert_true(limit_allows_label(S(""), S("main")));
    assert_true(limit_allows_label(S("package:acme/tool"), S("main")));
    assert_true(limit_allows_label(S("label:dev label:dev/x"), S("dev/x")));
    assert_false(limit_allows_label(S("label:dev label:dev/x"), S("main")));
    assert_false(limit_allows_label(S("label:dev"), S("de")));
    assert_false(limit_allows_label(S("label:dev"), S("dev/x")));
    assert_false(limit_has_labels(S("package:acme/tool group:acme/ci")));
    assert_true(limit_has_labels(S("package:acme/tool label:x")));
}

/* ---- the rule -------------------------------------------------------------------------------- */

/* Of an organization with the packages tool and other: alice owns it, carol may write all of it.
 * The groups: writers (all packages), one-admin and one-reader (tool). */
struct world {
    struct actor alice, carol, root, acme;
};

static void add_group(struct core *f, const struct actor *owner, const char *name,
                      const char *permission, bool all, const char *package)
{
    const struct group_entry it = {S("acme"), str_of(name), str_of(package)};

    must(f, group_create(&f->app, f->mem, owner, S("acme"), str_of(name), str_of(permission), all,
                         &f->err));
    if (package)
        must(f, group_include(&f->app, f->mem, owner, &it, &f->err));
}

static struct world make_world(struct core *f)
{
    struct world w = {.alice = core_user(f, "alice"), .carol = core_user(f, "carol")};
    const struct new_organization acme = {S("acme"), S(""), S("")};
    const struct group_entry carol = {S("acme"), S("writers"), S("carol")};
    struct package_row package;

    must(f, organization_create(&f->app, f->mem, &w.alice, &acme, &f->err));
    must(f, package_create(&f->app, f->mem, &w.alice, S("acme"), S("tool"), S(""), NULL, &package,
                           &f->err));
    must(f, package_create(&f->app, f->mem, &w.alice, S("acme"), S("other"), S(""), NULL, &package,
                           &f->err));
    w.acme = (struct actor){.account_id = package.account_id, .login = S("acme")};
    must(f, package_create(&f->app, f->mem, &w.alice, S("alice"), S("own"), S(""), NULL, &package,
                           &f->err));
    add_group(f, &w.alice, "writers", "write", true, NULL);
    add_group(f, &w.alice, "one-admin", "admin", false, "tool");
    add_group(f, &w.alice, "one-reader", "read", false, "tool");
    must(f, group_admit(&f->app, f->mem, &w.alice, &carol, &f->err));
    w.root = (struct actor){.account_id = 99, .login = S("root"), .superuser = true};
    w.alice.token_id = w.carol.token_id = w.root.token_id = w.acme.token_id = 1;
    w.alice.token_name = w.carol.token_name = w.root.token_name = w.acme.token_name = S("ci");
    return w;
}

static enum err_code check(struct core *f, const struct actor *holder, const char *limits,
                           enum right right, unsigned scope, struct access_object object)
{
    struct actor limited = *holder;

    limited.limits = str_of(limits);
    f->err = (struct err){0};
    return access_check(&f->app, f->mem, &limited, right, scope, &object, &f->err);
}

/* Whoever holds it: the owner of the organization, the organization itself, a superuser. */
static void limits_bind_the_mighty(void **state)
{
    struct core *f = *state;
    struct world w = make_world(f);
    const struct actor *holders[] = {&w.alice, &w.acme, &w.root};
    static const struct {
        const char *limits;
        enum right right;
        const char *package;
        bool may;
    } cases[] = {
        {"package:acme/tool", RIGHT_WRITE, "tool", true},
        {"package:acme/tool", RIGHT_WRITE, "other", false},
        {"package:acme/new", RIGHT_WRITE, "new", true}, /* making it */
        {"package:acme/tool", RIGHT_WRITE, "", false},
        {"package:acme/tool", RIGHT_ADMIN, "tool", true},
        {"package:acme/tool", RIGHT_ADMIN, "other", false},
        {"label:dev", RIGHT_WRITE, "tool", true}, /* where to is seen by core/publish */
        {"label:dev", RIGHT_WRITE, "", false},
        {"label:dev", RIGHT_ADMIN, "tool", false},
        {"group:acme/writers", RIGHT_WRITE, "tool", true},
        {"group:acme/writers", RIGHT_WRITE, "new", true},
        {"group:acme/writers", RIGHT_ADMIN, "tool", false},
        {"group:acme/one-admin", RIGHT_ADMIN, "tool", true},
        {"group:acme/one-admin", RIGHT_WRITE, "tool", true},
        {"group:acme/one-admin", RIGHT_WRITE, "other", false},
        {"group:acme/one-admin", RIGHT_WRITE, "new", false},
        {"group:acme/one-reader", RIGHT_WRITE, "tool", false},
        {"group:acme/owners", RIGHT_ADMIN, "other", true},
        {"group:acme/gone", RIGHT_WRITE, "tool", false},
        {"group:gone/writers", RIGHT_WRITE, "tool", false},
        {"package:acme/other group:acme/writers", RIGHT_WRITE, "tool", false},
        {"package:acme/other group:acme/one-admin", RIGHT_WRITE, "other", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t who = 0; who < COUNT(holders); who++) {
            enum err_code code =
                check(f, holders[who], cases[i].limits, cases[i].right, 0,
                      (struct access_object){S("acme"), str_of(cases[i].package), S("")});

            if (code != (cases[i].may ? OK : ERR_DENIED))
                print_error("case %zu, holder %zu: %s\n", i, who, f->err.msg);
            assert_int_equal(code, cases[i].may ? OK : ERR_DENIED);
        }
    assert_int_equal(check(f, &w.alice, "group:acme/owners", RIGHT_WRITE, 0,
                           (struct access_object){S("alice"), S("own"), S("")}),
                     ERR_DENIED);
}

/* What is not about packages is for no limited token, but to see who one is and to end it. */
static void limited_tokens_are_for_packages_alone(void **state)
{
    struct core *f = *state;
    struct world w = make_world(f);
    static const char *const limits[] = {"package:acme/tool", "label:dev", "group:acme/owners"};
    const struct access_object acme = {S("acme"), S(""), S("writers")};

    for (size_t i = 0; i < COUNT(limits); i++) {
        assert_int_equal(check(f, &w.root, limits[i], RIGHT_ANYONE, 0, acme), OK);
        assert_int_equal(check(f, &w.root, limits[i], RIGHT_SELF, 0, acme), OK);
        assert_int_equal(check(f, &w.root, limits[i], RIGHT_SIGNED_IN, 0, acme), ERR_DENIED);
        for (enum right right = RIGHT_MEMBER; right <= RIGHT_SUPERUSER; right++)
            if (right != RIGHT_WRITE && right != RIGHT_ADMIN)
                assert_int_equal(check(f, &w.root, limits[i], right, 0, acme), ERR_DENIED);
    }
    assert_int_equal(check(f, &w.root, "", RIGHT_SUPERUSER, 0, acme), OK);
}

static void a_refusal_names_the_token_and_its_limits(void **state)
{
    struct core *f = *state;
    struct world w = make_world(f);
    const struct access_object other = {S("acme"), S("other"), S("")};
    struct actor limited = w.alice;

    assert_int_equal(check(f, &w.alice, "package:acme/tool", RIGHT_WRITE, 0, other), ERR_DENIED);
    assert_string_equal(f->err.msg, "the token \"ci\" is limited to package:acme/tool; "
                                    "this is about something else");
    assert_int_equal(check(f, &w.alice, "label:dev", RIGHT_ADMIN, 0, other), ERR_DENIED);
    assert_string_equal(f->err.msg, "the token \"ci\" is limited to label:dev; "
                                    "it may not say who may change a package");
    assert_int_equal(check(f, &w.alice, "group:acme/writers", RIGHT_ADMIN, 0, other), ERR_DENIED);
    assert_string_equal(f->err.msg, "the token \"ci\" is limited to group:acme/writers; "
                                    "the group may not do this");
    assert_int_equal(check(f, &w.alice, "label:dev", RIGHT_OWN, 0, other), ERR_DENIED);
    assert_string_equal(f->err.msg, "the token \"ci\" is limited to label:dev; "
                                    "it is for packages alone");
    limited.limits = S("label:dev");
    must_fail(f, limit_check_label(&limited, S("main"), &f->err), ERR_DENIED,
              "the token \"ci\" is limited to label:dev; it may not change what has the label "
              "\"main\"");
    must(f, limit_check_label(&limited, S("dev"), &f->err));
}

/* The rights of whoever holds it go first, however wide the limit is. */
static void a_limited_token_may_no_more_than_its_owner(void **state)
{
    struct core *f = *state;
    struct world w = make_world(f);
    const struct access_object tool = {S("acme"), S("tool"), S("")};
    const struct group_entry carol = {S("acme"), S("writers"), S("carol")};

    assert_int_equal(check(f, &w.carol, "group:acme/writers", RIGHT_WRITE, 0, tool), OK);
    assert_int_equal(check(f, &w.carol, "package:acme/tool", RIGHT_WRITE, 0, tool), OK);
    assert_int_equal(check(f, &w.carol, "", RIGHT_WRITE, 0, tool), OK);
    assert_int_equal(check(f, &w.carol, "group:acme/one-admin", RIGHT_ADMIN, 0, tool), ERR_DENIED);
    must(f, group_dismiss(&f->app, f->mem, &w.alice, &carol, &f->err));
    assert_int_equal(check(f, &w.carol, "group:acme/writers", RIGHT_WRITE, 0, tool), ERR_DENIED);
    assert_int_equal(check(f, &w.carol, "package:acme/tool", RIGHT_WRITE, 0, tool), ERR_DENIED);
    assert_int_equal(check(f, &w.carol, "", RIGHT_WRITE, 0, tool), ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(limits_become_words_in_lower_case),
        WITH_CORE(what_is_no_name_is_refused),
        cmocka_unit_test(packages_that_limits_leave),
        cmocka_unit_test(labels_that_limits_leave),
        WITH_CORE(limits_bind_the_mighty),
        WITH_CORE(limited_tokens_are_for_packages_alone),
        WITH_CORE(a_refusal_names_the_token_and_its_limits),
        WITH_CORE(a_limited_token_may_no_more_than_its_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
