/* Signing in and out. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/account.h"
#include "core/session.h"

static struct actor with_password(struct core *f, const char *login, const char *password)
{
    struct actor admin = {.login = S("admin command")}, actor = core_user(f, login);

    must(f,
         account_reset_password(&f->app, f->mem, &admin, str_of(login), str_of(password), &f->err));
    return actor;
}

static enum err_code check(struct core *f, struct str login, struct str password, struct actor *ret)
{
    return session_check_password(&f->app, f->mem, login, password, S("192.0.2.9"), ret, &f->err);
}

static enum err_code identify(struct core *f, struct str secret, struct actor *ret,
                              int64_t *ret_expires_ms)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    return session_identify(tx, f->mem, secret, ret, ret_expires_ms, &f->err);
}

static struct str started(struct core *f, const struct actor *actor)
{
    struct str secret = {0};

    must(f, session_start(&f->app, f->mem, actor, S("agent/1"), &secret, &f->err));
    return secret;
}

/* ---- passwords ------------------------------------------------------------------------------- */

static void login_or_address_in_any_case_finds_the_account(void **state)
{
    struct core *f = *state;
    struct actor alice = with_password(f, "alice", "correct horse"), who = {0};
    static const char *const names[] = {"alice", "ALICE", "alice@example.org", "Alice@Example.ORG"};

    for (size_t i = 0; i < COUNT(names); i++) {
        must(f, check(f, str_of(names[i]), S("correct horse"), &who));
        assert_int_equal(who.account_id, alice.account_id);
        assert_str(who.login, "alice");
        assert_str(who.remote, "192.0.2.9");
        assert_false(who.superuser);
        assert_int_equal(who.token_id, 0);
    }
}

static void unknown_and_wrong_are_refused_in_the_same_words(void **state)
{
    struct core *f = *state;
    struct actor who = {0};

    (void)with_password(f, "alice", "correct horse");
    (void)core_user(f, "bob"); /* has no password */
    must_fail(f, check(f, S("alice"), S("wrong horse"), &who), ERR_UNAUTHENTICATED,
              "wrong username or password");
    must_fail(f, check(f, S("carol"), S("correct horse"), &who), ERR_UNAUTHENTICATED,
              "wrong username or password");
    must_fail(f, check(f, S("carol@example.org"), S("correct horse"), &who), ERR_UNAUTHENTICATED,
              "wrong username or password");
    must_fail(f, check(f, S("bob"), S(""), &who), ERR_UNAUTHENTICATED,
              "wrong username or password");
    must_fail(f, check(f, S(""), S(""), &who), ERR_UNAUTHENTICATED, "wrong username or password");
    assert_int_equal(who.account_id, 0);
}

static void a_refusal_is_on_record_without_the_password(void **state)
{
    struct core *f = *state;
    struct actor who;
    char longest[100];

    must_fail(f, check(f, S("carol"), S("a secret try"), &who), ERR_UNAUTHENTICATED, "wrong");
    assert_str(CORE_TEXT(f, "SELECT actor_id || '|' || actor || '|' || remote || '|' || action || "
                            "'|' || object || '|' || detail FROM audit"),
               "0||192.0.2.9|session.refused|carol|wrong username or password");
    memset(longest, 'x', sizeof(longest));
    memcpy(longest + 63, "\xc3\xa4", 2);
    must_fail(f, check(f, (struct str){longest, sizeof(longest)}, S("a secret try"), &who),
              ERR_UNAUTHENTICATED, "wrong");
    /* At most 64 bytes, and no half character. */
    assert_int_equal(
        CORE_TEXT(f, "SELECT object FROM audit ORDER BY length(object) DESC LIMIT 1").len, 63);
}

/* Or guessing would empty the caches of all nodes. */
static void a_refusal_leaves_the_caches_alone(void **state)
{
    struct core *f = *state;
    uint64_t before = db_generation(f->app.db);
    struct actor who;

    must_fail(f, check(f, S("carol"), S("a guess"), &who), ERR_UNAUTHENTICATED, "wrong");
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 1);
    assert_int_equal(db_generation(f->app.db), before);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void a_session_is_its_accounts_until_it_ends(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), who;
    struct str secret = started(f, &alice);
    int64_t expires, now = clock_now_ms();
    uint64_t before;

    f->config.session_days = 14;
    must(f, identify(f, secret, &who, &expires));
    assert_int_equal(who.account_id, alice.account_id);
    assert_str(who.login, "alice");
    assert_true(who.session_id > 0);
    assert_int_equal(who.token_id, 0);
    assert_true(expires > now + INT64_C(14) * 86400000 - 60000);
    assert_true(expires <= now + INT64_C(14) * 86400000);
    before = db_generation(f->app.db);
    must(f, session_end(&f->app, &who, secret, &f->err));
    assert_true(db_generation(f->app.db) > before);
    must_fail(f, identify(f, secret, &who, &expires), ERR_UNAUTHENTICATED, "the session has ended");
    assert_str(CORE_TEXT(f, "SELECT actor || ' ' || action FROM audit ORDER BY id"),
               "alice session.create, alice session.delete");
}

static void the_cookies_value_is_stored_as_its_hash_alone(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    struct str secret = started(f, &alice);

    assert_int_equal(secret.len, 43);
    assert_true(str_eq(core_sha256(f, secret), CORE_HEX(f, "SELECT hash FROM session")));
    assert_str(CORE_TEXT(f, "SELECT remote || '|' || agent FROM session"), "192.0.2.1|agent/1");
}

static void two_sessions_differ_and_end_apart(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), who;
    struct str one = started(f, &alice), two = started(f, &alice);
    int64_t expires;

    assert_false(str_eq(one, two));
    must(f, session_end(&f->app, &alice, one, &f->err));
    must(f, identify(f, two, &who, &expires));
}

static void an_expired_session_is_refused(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), who;
    struct str secret = started(f, &alice);
    int64_t expires;

    CORE_CHANGE(f, "UPDATE session SET expires_ms = 1");
    must_fail(f, identify(f, secret, &who, &expires), ERR_UNAUTHENTICATED, "the session has ended");
}

static void an_unknown_cookie_is_refused(void **state)
{
    struct core *f = *state;
    struct actor who;
    int64_t expires;

    must_fail(f, identify(f, S("guess"), &who, &expires), ERR_UNAUTHENTICATED,
              "the session has ended");
    must_fail(f, identify(f, S(""), &who, &expires), ERR_UNAUTHENTICATED, "the session has ended");
}

static void the_clients_name_is_cut_to_whole_characters(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    char agent[300];
    struct str secret;

    memset(agent, 'x', sizeof(agent));
    memcpy(agent + 199, "\xe2\x82\xac", 3);
    must(f, session_start(&f->app, f->mem, &alice, (struct str){agent, sizeof(agent)}, &secret,
                          &f->err));
    must(f, session_start(&f->app, f->mem, &alice, S("ok\xff junk"), &secret, &f->err));
    assert_int_equal(CORE_TEXT(f, "SELECT agent FROM session ORDER BY id LIMIT 1").len, 199);
    assert_str(CORE_TEXT(f, "SELECT agent FROM session ORDER BY id DESC LIMIT 1"), "ok");
}

/* Quietly, and not each time. */
static void a_session_knows_where_it_was_last_used(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), who;
    struct str secret = started(f, &alice);
    int64_t expires, seen;
    uint64_t before;

    must(f, identify(f, secret, &who, &expires));
    before = db_generation(f->app.db);
    who.remote = S("192.0.2.1");
    session_touch(&f->app, &who);
    assert_int_equal(CORE_NUMBER(f, "SELECT seen_ms FROM session"), 0);
    who.remote = S("192.0.2.2");
    session_touch(&f->app, &who);
    seen = CORE_NUMBER(f, "SELECT seen_ms FROM session");
    assert_true(seen > 0 && seen <= clock_now_ms());
    assert_str(CORE_TEXT(f, "SELECT remote FROM session"), "192.0.2.2");
    assert_int_equal(db_generation(f->app.db), before);
    CORE_CHANGE(f, "UPDATE session SET seen_ms = 1000");
    session_touch(&f->app, &who);
    assert_true(CORE_NUMBER(f, "SELECT seen_ms FROM session") >= seen);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM audit"), 1); /* session.create */
}

static void a_session_is_revoked_by_its_owner_alone(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob"), who;
    struct str secret = started(f, &alice);
    int64_t expires;

    must(f, identify(f, secret, &who, &expires));
    must_fail(f, session_revoke(&f->app, f->mem, &bob, who.session_id, &f->err), ERR_NOT_FOUND,
              "you have no session 1");
    must(f, identify(f, secret, &who, &expires));
    must(f, session_revoke(&f->app, f->mem, &alice, who.session_id, &f->err));
    must_fail(f, identify(f, secret, &who, &expires), ERR_UNAUTHENTICATED, "the session has ended");
    assert_str(
        CORE_TEXT(f, "SELECT action || ' ' || object || ' ' || detail FROM audit ORDER BY id"),
        "session.create alice , session.delete alice session 1");
}

static void a_suspended_account_is_told_so_after_the_right_password_alone(void **state)
{
    struct core *f = *state;
    struct actor who = {0};

    (void)with_password(f, "alice", "correct horse");
    CORE_CHANGE(f, "UPDATE account SET suspended_ms = 1");
    must_fail(f, check(f, S("alice"), S("correct horse"), &who), ERR_DENIED,
              "the account \"alice\" is suspended");
    must_fail(f, check(f, S("alice"), S("wrong horse"), &who), ERR_UNAUTHENTICATED,
              "wrong username or password");
    assert_int_equal(who.account_id, 0);
}

static void superusers_are_known_as_such(void **state)
{
    struct core *f = *state;
    struct actor alice = with_password(f, "alice", "correct horse"), other, who;
    struct str secret;
    int64_t expires;

    must(f, account_change_superuser(&f->app, f->mem, &alice, S("alice"), true, &f->err));
    must(f, check(f, S("alice"), S("correct horse"), &who));
    assert_true(who.superuser);
    secret = started(f, &who);
    must(f, identify(f, secret, &who, &expires));
    assert_true(who.superuser);
    other = core_user(f, "other"); /* somebody has to be one */
    must(f, account_change_superuser(&f->app, f->mem, &alice, other.login, true, &f->err));
    must(f, account_change_superuser(&f->app, f->mem, &alice, S("alice"), false, &f->err));
    must(f, identify(f, secret, &who, &expires));
    assert_false(who.superuser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(login_or_address_in_any_case_finds_the_account),
        WITH_CORE(unknown_and_wrong_are_refused_in_the_same_words),
        WITH_CORE(a_refusal_is_on_record_without_the_password),
        WITH_CORE(a_refusal_leaves_the_caches_alone),
        WITH_CORE(a_session_is_its_accounts_until_it_ends),
        WITH_CORE(the_cookies_value_is_stored_as_its_hash_alone),
        WITH_CORE(two_sessions_differ_and_end_apart),
        WITH_CORE(an_expired_session_is_refused),
        WITH_CORE(an_unknown_cookie_is_refused),
        WITH_CORE(the_clients_name_is_cut_to_whole_characters),
        WITH_CORE(a_session_knows_where_it_was_last_used),
        WITH_CORE(a_session_is_revoked_by_its_owner_alone),
        WITH_CORE(a_suspended_account_is_told_so_after_the_right_password_alone),
        WITH_CORE(superusers_are_known_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
