/* The end of accounts: what goes with them, what stays, and who cannot go. */
#include "core_fixture.h"

#include "core/account.h"
#include "core/account_remove.h"
#include "core/gc.h"
#include "core/inspect.h"
#include "core/organization.h"
#include "core/session.h"

static void found(struct core *f, const struct actor *who, const char *login)
{
    const struct new_organization in = {str_of(login), S(""), S("")};

    must(f, organization_create(&f->app, f->mem, who, &in, &f->err));
}

static enum err_code take_out(struct core *f, const struct actor *who, const char *login,
                              const char *kind)
{
    f->err = (struct err){0};
    return account_remove(&f->app, f->mem, who, str_of(login), str_of(kind), &f->err);
}

static struct file_row publish(struct core *f, const struct actor *who, const char *owner,
                               const char *name)
{
    const struct core_spec spec = {.name = name, .version = "1", .build = "0", .subdir = "noarch"};
    struct file_path path = core_path(f, owner, &spec);
    struct file_row file = {0};

    must(f, core_try_publish(f, who, &path, core_package(f, &spec), &file));
    return file;
}

static void all_that_is_an_organization_s_goes(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct group_entry entry = {S("acme"), S("owners"), S("bob")};
    const struct core_spec late = {
        .name = "late", .version = "1", .build = "0", .subdir = "noarch"};
    struct file_path late_path = core_path(f, "acme", &late);
    struct str late_bytes = core_package(f, &late), digest = core_sha256(f, late_bytes);
    struct file_row own, theirs;
    bool more = true;

    found(f, &alice, "acme");
    must(f, group_admit(&f->app, f->mem, &alice, &entry, &f->err));
    own = publish(f, &alice, "acme", "own");
    theirs = publish(f, &alice, "acme", "theirs");
    (void)publish(f, &bob, "bob", "theirs"); /* the same bytes */
    (void)core_upload(f, &alice, &late_path, late_bytes);
    assert_true(core_has_blob(f, digest));
    CORE_CHANGE(f, "DELETE FROM audit");
    must(f, take_out(f, &alice, "acme", "organization"));
    assert_str(CORE_TEXT(f, "SELECT login FROM account ORDER BY login"), "alice, bob");
    assert_str(CORE_TEXT(f, "SELECT basename FROM file"), "noarch/theirs-1-0.tar.bz2");
    assert_int_equal(CORE_NUMBER(f, "SELECT (SELECT COUNT(*) FROM org_group) + (SELECT COUNT(*) "
                                    "FROM upload) + (SELECT COUNT(*) FROM group_member)"),
                     0);
    assert_str(CORE_TEXT(f, "SELECT login || '|' || kind FROM retired_login"), "acme|organization");
    assert_str(CORE_TEXT(f, "SELECT actor || ' ' || action || ' ' || object FROM audit"),
               "alice organization.delete acme");
    assert_false(core_has_blob(f, own.sha256));
    assert_false(core_has_blob(f, digest));
    assert_true(core_has_blob(f, theirs.sha256));
    core_check_bytes(f);
    /* Documents may still be on their way to a reader: later. */
    assert_true(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_garbage") > 0);
    CORE_CHANGE(f, "UPDATE index_garbage SET retired_ms = 1");
    while (more)
        must(f, gc_discarded(&f->app, &more, &f->err));
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM index_garbage"), 0);
    core_check_bytes(f);
}

static void what_a_user_did_for_others_stays(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct group_entry entry = {S("acme"), S("owners"), S("bob")};
    const struct core_spec late = {
        .name = "late", .version = "1", .build = "0", .subdir = "noarch"};
    struct file_path late_path = core_path(f, "acme", &late);
    struct str late_bytes = core_package(f, &late);
    struct file_row left, gone;

    found(f, &alice, "acme");
    must(f, group_admit(&f->app, f->mem, &alice, &entry, &f->err));
    left = publish(f, &bob, "acme", "left");
    gone = publish(f, &bob, "bob", "gone");
    (void)core_upload(f, &bob, &late_path, late_bytes);
    must(f, take_out(f, &bob, "bob", "user"));
    assert_str(CORE_TEXT(f, "SELECT basename FROM file WHERE uploader_id IS NULL"),
               "noarch/left-1-0.tar.bz2");
    assert_true(core_listed(f, "acme", "main", "noarch", "left-1-0.tar.bz2"));
    assert_true(core_has_blob(f, left.sha256));
    assert_false(core_has_blob(f, gone.sha256));
    assert_false(core_has_blob(f, core_sha256(f, late_bytes)));
    core_check_bytes(f);
}

static void who_is_needed_stays(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct group_entry entry = {S("acme"), S("owners"), S("bob")};
    struct str rows;

    found(f, &alice, "acme");
    found(f, &alice, "beta");
    rows = core_rows(f);
    must_fail(f, take_out(f, &alice, "alice", "user"), ERR_CONFLICT,
              "\"alice\" is the last owner of \"acme\", \"beta\": add another owner there, or "
              "delete it, first");
    must_fail(f, take_out(f, &alice, "alice", "organization"), ERR_NOT_FOUND,
              "\"alice\" is a user, not an organization");
    must_fail(f, take_out(f, &alice, "acme", "user"), ERR_NOT_FOUND,
              "\"acme\" is an organization, not a user");
    must_fail(f, take_out(f, &alice, "nobody", "user"), ERR_NOT_FOUND,
              "there is no account \"nobody\"");
    assert_true(str_eq(core_rows(f), rows));
    must(f, group_admit(&f->app, f->mem, &alice, &entry, &f->err));
    must_fail(f, take_out(f, &alice, "alice", "user"), ERR_CONFLICT, "last owner of \"beta\":");
    must(f, take_out(f, &alice, "beta", "organization"));
    must(f, account_change_superuser(&f->app, f->mem, &alice, S("alice"), true, &f->err));
    must_fail(f, take_out(f, &alice, "alice", "user"), ERR_CONFLICT,
              "\"alice\" is the last administrator of this server");
    must(f, account_change_superuser(&f->app, f->mem, &alice, S("bob"), true, &f->err));
    /* One who is shut out administers nothing. */
    CORE_CHANGE(f, "UPDATE account SET suspended_ms = 1 WHERE login = 'bob'");
    must_fail(f, take_out(f, &alice, "alice", "user"), ERR_CONFLICT, "the last administrator");
    CORE_CHANGE(f, "UPDATE account SET suspended_ms = 0 WHERE login = 'bob'");
    must(f, take_out(f, &alice, "alice", "user"));
    assert_str(CORE_TEXT(f, "SELECT login FROM account ORDER BY login"), "acme, bob");
    (void)bob;
}

static void a_login_that_was_somebody_s_is_free_when_an_administrator_says_so(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    const struct new_organization acme = {S("ACME"), S(""), S("")};

    found(f, &alice, "acme");
    must(f, take_out(f, &alice, "acme", "organization"));
    must_fail(f, organization_create(&f->app, f->mem, &bob, &acme, &f->err), ERR_UNPROCESSABLE,
              "login \"acme\" belonged to a deleted organization and stays reserved");
    assert_string_equal(f->err.field, "login");
    CORE_CHANGE(f, "DELETE FROM audit");
    must(f, login_release(&f->app, &bob, S("acme"), &f->err));
    assert_str(CORE_TEXT(f, "SELECT actor || ' ' || action || ' ' || object FROM audit"),
               "bob login.free acme");
    must_fail(f, login_release(&f->app, &bob, S("acme"), &f->err), ERR_NOT_FOUND,
              "no deleted account had the login \"acme\"");
    must(f, organization_create(&f->app, f->mem, &bob, &acme, &f->err));
}

static void a_proof_is_the_name_and_the_password(void **state)
{
    struct core *f = *state;
    struct actor boss = {.login = S("admin command")}, alice = {0};
    const struct signup in = {.login = S("alice"),
                              .email = S("alice@example.org"),
                              .password = S("correct horse"),
                              .password_again = S("correct horse"),
                              .accept_terms = true};
    struct signup_errors errors;
    const struct removal_proof good = {S("acme"), S("correct horse")},
                               name = {S("acm"), S("correct horse")},
                               password = {S("acme"), S("wrong horse")};

    must(f,
         account_sign_up(&f->app, f->mem, &boss, &in, true, &alice.account_id, &errors, &f->err));
    alice.login = S("alice");
    alice.remote = S("192.0.2.1");
    CORE_CHANGE(f, "DELETE FROM audit");
    must_fail(f, removal_check(&f->app, f->mem, &alice, S("acme"), &name, &f->err),
              ERR_UNPROCESSABLE, "type the whole name, \"acme\", not \"acm\"");
    assert_string_equal(f->err.field, "name");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 0);
    must_fail(f, removal_check(&f->app, f->mem, &alice, S("acme"), &password, &f->err), ERR_DENIED,
              "this is not the password of \"alice\"");
    assert_str(CORE_TEXT(f, "SELECT action || ' ' || object || ' ' || remote FROM audit"),
               "session.refused alice 192.0.2.1");
    must(f, removal_check(&f->app, f->mem, &alice, S("acme"), &good, &f->err));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_INSPECTOR(all_that_is_an_organization_s_goes),
        WITH_INSPECTOR(what_a_user_did_for_others_stays),
        WITH_CORE(who_is_needed_stays),
        WITH_CORE(a_login_that_was_somebody_s_is_free_when_an_administrator_says_so),
        WITH_CORE(a_proof_is_the_name_and_the_password),
    };

    if (core_is_inspector(argc, argv))
        return inspector_main();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
