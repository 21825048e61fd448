/* Organizations: what may be in a group, what is refused, and what is on record. */
#include "core_fixture.h"

#include "core/organization.h"

static enum err_code found(struct core *f, const struct actor *who, const char *login,
                           const char *email)
{
    const struct new_organization in = {str_of(login), S("The name"), str_of(email)};

    f->err = (struct err){0};
    return organization_create(&f->app, f->mem, who, &in, &f->err);
}

static enum err_code make(struct core *f, const struct actor *who, const char *name,
                          const char *permission)
{
    f->err = (struct err){0};
    return group_create(&f->app, f->mem, who, S("acme"), str_of(name), str_of(permission), false,
                        &f->err);
}

typedef enum err_code change_fn(struct app *app, struct arena *mem, const struct actor *actor,
                                const struct group_entry *entry, struct err *err);

static enum err_code change(struct core *f, change_fn *fn, const struct actor *who,
                            const char *group, const char *subject)
{
    const struct group_entry entry = {S("acme"), str_of(group), str_of(subject)};

    f->err = (struct err){0};
    return fn(&f->app, f->mem, who, &entry, &f->err);
}

static struct str audited(struct core *f)
{
    struct str all = CORE_TEXT(f, "SELECT actor || ' ' || action || ' ' || object || ' ' || detail "
                                  "FROM audit ORDER BY id");

    CORE_CHANGE(f, "DELETE FROM audit");
    return all;
}

static void who_founds_an_organization_owns_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    must(f, found(f, &alice, "Acme", " team@acme.example "));
    assert_str(
        CORE_TEXT(f,
                  "SELECT login || '|' || kind || '|' || contact_email || '|' || "
                  "email || name || '|' || password_hash FROM account WHERE kind = 'organization'"),
        "acme|organization|team@acme.example|The name|");
    assert_str(CORE_TEXT(f, "SELECT g.name || '|' || g.permission || '|' || a.login FROM org_group "
                            "g JOIN group_member m ON m.group_id = g.id JOIN account a "
                            "ON a.id = m.account_id"),
               "owners|admin|alice");
    assert_int_equal(CORE_NUMBER(f, "SELECT all_packages FROM org_group"), 1);
    assert_str(audited(f), "alice organization.create acme ");
}

static void what_cannot_be_an_organization_is_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str rows;
    const struct {
        const char *login, *email, *field, *said;
    } cases[] = {
        {"alice", "", "login", "login \"alice\" is taken"},
        {"api", "", "login", "reserved"},
        {"linux-64", "", "login", "means something else to conda clients"},
        {"a b", "", "login", "username"},
        {"", "", "login", "username"},
        {"acme", "no address", "email", "is not an e-mail address"},
    };

    rows = core_rows(f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(found(f, &alice, cases[i].login, cases[i].email), ERR_UNPROCESSABLE);
        assert_string_equal(f->err.field, cases[i].field);
        assert_true(core_says(f, cases[i].said));
    }
    assert_true(str_eq(core_rows(f), rows));
}

/* Theirs and their founder's may be the same; none signs anybody in. */
static void an_address_is_free_for_any_number_of_organizations(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    AUTO(tx_endp) struct tx *tx = NULL;
    struct account_row row;

    must(f, found(f, &alice, "acme", "ALICE@example.org"));
    must(f, found(f, &alice, "beta", "team@example.org"));
    must(f, found(f, &alice, "gamma", "team@example.org"));
    tx = core_begin(f, TX_READ);
    must(f, account_by_email(tx, f->mem, S("alice@example.org"), &row, &f->err));
    assert_str(row.login, "alice");
    assert_int_equal(account_by_email(tx, f->mem, S("team@example.org"), &row, NULL),
                     ERR_NOT_FOUND);
}

static void groups_are_made_once_and_removed(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    must(f, found(f, &alice, "acme", ""));
    (void)audited(f);
    must(f, make(f, &alice, "Devs", "write"));
    must(f, make(f, &alice, "devs", "write"));
    assert_str(audited(f), "alice group.create acme/devs write");
    must_fail(f, make(f, &alice, "devs", "read"), ERR_CONFLICT,
              "group \"devs\" exists already, with permission write");
    must_fail(f, make(f, &alice, "x", "own"), ERR_UNPROCESSABLE,
              "a permission is read, write or admin, not \"own\"");
    assert_string_equal(f->err.field, "perms");
    must_fail(f, make(f, &alice, "a/b", "read"), ERR_UNPROCESSABLE, "not \"a/b\"");
    must_fail(f, make(f, &alice, "-a", "read"), ERR_UNPROCESSABLE, "begins with a letter");
    must(f, group_drop(&f->app, f->mem, &alice, S("acme"), S("DEVS"), &f->err));
    assert_str(audited(f), "alice group.delete acme/devs ");
    must_fail(f, group_drop(&f->app, f->mem, &alice, S("acme"), S("devs"), &f->err), ERR_NOT_FOUND,
              "there is no group \"acme/devs\"");
    must_fail(f, group_drop(&f->app, f->mem, &alice, S("acme"), S("owners"), &f->err), ERR_CONFLICT,
              "every organization has the group \"owners\"");
    must_fail(f,
              group_create(&f->app, f->mem, &alice, S("alice"), S("x"), S("read"), false, &f->err),
              ERR_NOT_FOUND, "\"alice\" is a user, not an organization");
}

static void members_are_users(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    (void)core_user(f, "bob");
    must(f, found(f, &alice, "acme", ""));
    must(f, make(f, &alice, "devs", "write"));
    (void)audited(f);
    must(f, change(f, group_admit, &alice, "devs", "bob"));
    must(f, change(f, group_admit, &alice, "devs", "bob"));
    assert_str(audited(f), "alice group.add_member acme/devs bob");
    must_fail(f, change(f, group_admit, &alice, "devs", "nobody"), ERR_NOT_FOUND,
              "there is no account \"nobody\"");
    must_fail(f, change(f, group_admit, &alice, "devs", "acme"), ERR_UNPROCESSABLE,
              "\"acme\" is an organization, not a user");
    must_fail(f, change(f, group_admit, &alice, "absent", "bob"), ERR_NOT_FOUND,
              "there is no group \"acme/absent\"");
    must(f, change(f, group_dismiss, &alice, "devs", "bob"));
    must(f, change(f, group_dismiss, &alice, "devs", "bob"));
    assert_str(audited(f), "alice group.remove_member acme/devs bob");
}

static void somebody_owns_it_at_all_times(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");

    must(f, found(f, &alice, "acme", ""));
    must_fail(f, change(f, group_dismiss, &alice, "owners", "alice"), ERR_CONFLICT,
              "\"acme\" would be left without an owner: add another one first");
    must_fail(f, organization_leave(&f->app, f->mem, &alice, S("acme"), &f->err), ERR_CONFLICT,
              "without an owner");
    must(f, change(f, group_dismiss, &alice, "owners", "bob")); /* is none */
    must(f, change(f, group_admit, &alice, "owners", "bob"));
    must(f, make(f, &alice, "devs", "write"));
    must(f, change(f, group_admit, &alice, "devs", "alice"));
    (void)audited(f);
    must(f, organization_leave(&f->app, f->mem, &alice, S("acme"), &f->err));
    assert_str(audited(f), "alice organization.leave acme ");
    assert_str(CORE_TEXT(f, "SELECT a.login FROM group_member m JOIN account a "
                            "ON a.id = m.account_id"),
               "bob");
    must(f, organization_leave(&f->app, f->mem, &alice, S("acme"), &f->err)); /* is gone */
    assert_str(audited(f), "");
    must_fail(f, organization_leave(&f->app, f->mem, &bob, S("acme"), &f->err), ERR_CONFLICT,
              "without an owner");
}

static struct str notices(struct core *f)
{
    return CORE_TEXT(f, "SELECT a.login || ' ' || n.kind FROM notification n JOIN account a "
                        "ON a.id = n.account_id ORDER BY n.id");
}

static void an_owner_takes_somebody_out_of_everything(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;

    (void)core_user(f, "bob");
    must(f, found(f, &alice, "acme", ""));
    must(f, make(f, &alice, "devs", "write"));
    must(f, make(f, &alice, "leads", "admin"));
    must(f, package_create(&f->app, f->mem, &alice, S("acme"), S("x"), S(""), NULL, &package,
                           &f->err));
    must(f, package_create(&f->app, f->mem, &alice, S("alice"), S("y"), S(""), NULL, &package,
                           &f->err));
    must(f, change(f, group_admit, &alice, "devs", "bob"));
    must(f, change(f, group_admit, &alice, "leads", "bob"));
    must(f, collaborator_add(&f->app, f->mem, &alice, S("acme"), S("x"), S("bob"), S("write"),
                             &f->err));
    must(f, collaborator_add(&f->app, f->mem, &alice, S("alice"), S("y"), S("bob"), S("write"),
                             &f->err));
    (void)audited(f);
    CORE_CHANGE(f, "DELETE FROM notification");
    for (int twice = 0; twice < 2; twice++)
        must(f, organization_dismiss(&f->app, f->mem, &alice, S("acme"), S("bob"), &f->err));
    assert_str(audited(f), "alice organization.remove_member acme bob");
    assert_str(notices(f), "bob removed_from_organization");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM group_member"), 1);
    assert_str(CORE_TEXT(f, "SELECT p.name FROM collaborator c JOIN package p "
                            "ON p.id = c.package_id"),
               "y");
    must_fail(f, organization_dismiss(&f->app, f->mem, &alice, S("acme"), S("alice"), &f->err),
              ERR_CONFLICT, "without an owner");
}

static void who_makes_a_package_where_members_may_keeps_it(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"),
                 carol = core_user(f, "carol"), boss = core_user(f, "boss");
    struct package_row package;

    must(f, found(f, &alice, "acme", ""));
    must(f, make(f, &alice, "devs", "read"));
    must(f, group_create(&f->app, f->mem, &alice, S("acme"), S("all"), S("write"), true, &f->err));
    must(f, change(f, group_admit, &alice, "devs", "bob"));
    must(f, change(f, group_admit, &alice, "all", "carol"));
    must(f,
         package_create(&f->app, f->mem, &bob, S("acme"), S("x"), S(""), NULL, &package, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM collaborator"), 0);
    CORE_CHANGE(f, "UPDATE account SET package_creators = 'members' WHERE login = 'acme'");
    (void)audited(f);
    must(f, package_create(&f->app, f->mem, &bob, S("acme"), S("mine"), S(""), NULL, &package,
                           &f->err));
    must(f, package_create(&f->app, f->mem, &carol, S("acme"), S("hers"), S(""), NULL, &package,
                           &f->err));
    must(f, package_create(&f->app, f->mem, &boss, S("acme"), S("his"), S(""), NULL, &package,
                           &f->err));
    must(f,
         package_create(&f->app, f->mem, &bob, S("acme"), S("x"), S(""), NULL, &package, &f->err));
    assert_str(CORE_TEXT(f, "SELECT p.name || ' ' || a.login || ' ' || c.permission FROM "
                            "collaborator c JOIN package p ON p.id = c.package_id JOIN account a "
                            "ON a.id = c.account_id"),
               "mine bob write");
    assert_str(audited(f),
               "bob package.create acme/mine public, bob collaborator.add acme/mine bob: write, "
               "carol package.create acme/hers public, boss package.create acme/his public");
}

static void groups_have_packages_of_their_organization(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;

    must(f, found(f, &alice, "acme", ""));
    must(f, make(f, &alice, "devs", "write"));
    must(f, package_create(&f->app, f->mem, &alice, S("acme"), S("x"), S(""), NULL, &package,
                           &f->err));
    must(f, package_create(&f->app, f->mem, &alice, S("alice"), S("mine"), S(""), NULL, &package,
                           &f->err));
    (void)audited(f);
    must(f, change(f, group_include, &alice, "devs", "x"));
    must(f, change(f, group_include, &alice, "devs", "x"));
    assert_str(audited(f), "alice group.add_package acme/devs x");
    must_fail(f, change(f, group_include, &alice, "devs", "mine"), ERR_NOT_FOUND,
              "there is no package \"acme/mine\"");
    must(f, change(f, group_exclude, &alice, "devs", "x"));
    must(f, change(f, group_exclude, &alice, "devs", "x"));
    assert_str(audited(f), "alice group.remove_package acme/devs x");
}

static void collaborators_are_on_record(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct package_row package;

    (void)core_user(f, "bob");
    must(f, package_create(&f->app, f->mem, &alice, S("alice"), S("x"), S(""), NULL, &package,
                           &f->err));
    (void)audited(f);
    must(f, collaborator_add(&f->app, f->mem, &alice, S("alice"), S("x"), S("bob"), S("write"),
                             &f->err));
    assert_str(audited(f), "alice collaborator.add alice/x bob: write");
    must(f, collaborator_add(&f->app, f->mem, &alice, S("alice"), S("x"), S("bob"), S("read"),
                             &f->err));
    assert_str(audited(f), "alice collaborator.add alice/x bob: read");
    assert_str(CORE_TEXT(f, "SELECT permission FROM collaborator"), "read");
    must_fail(f,
              collaborator_add(&f->app, f->mem, &alice, S("alice"), S("x"), S("bob"), S("admin"),
                               &f->err),
              ERR_UNPROCESSABLE, "permission \"admin\" is not \"read\" or \"write\"");
    assert_string_equal(f->err.field, "permission");
    assert_str(CORE_TEXT(f, "SELECT permission FROM collaborator"), "read");
    must_fail(f,
              collaborator_add(&f->app, f->mem, &alice, S("alice"), S("y"), S("bob"), S("write"),
                               &f->err),
              ERR_NOT_FOUND, "there is no package \"alice/y\"");
    must_fail(
        f,
        collaborator_add(&f->app, f->mem, &alice, S("alice"), S("x"), S("me"), S("write"), &f->err),
        ERR_NOT_FOUND, "there is no account \"me\"");
    must(f, collaborator_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("bob"), &f->err));
    must(f, collaborator_remove(&f->app, f->mem, &alice, S("alice"), S("x"), S("bob"), &f->err));
    assert_str(audited(f), "alice collaborator.remove alice/x bob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(who_founds_an_organization_owns_it),
        WITH_CORE(what_cannot_be_an_organization_is_refused),
        WITH_CORE(an_address_is_free_for_any_number_of_organizations),
        WITH_CORE(groups_are_made_once_and_removed),
        WITH_CORE(members_are_users),
        WITH_CORE(somebody_owns_it_at_all_times),
        WITH_CORE(an_owner_takes_somebody_out_of_everything),
        WITH_CORE(who_makes_a_package_where_members_may_keeps_it),
        WITH_CORE(groups_have_packages_of_their_organization),
        WITH_CORE(collaborators_are_on_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
