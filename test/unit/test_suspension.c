#include "core_fixture.h"

#include "core/account.h"
#include "core/suspension.h"

static struct actor administrator(struct core *f, const char *login)
{
    struct actor who = core_user(f, login);

    must(f, account_change_superuser(&f->app, f->mem, &who, who.login, true, &f->err));
    who.superuser = true;
    return who;
}

static enum err_code set(struct core *f, const struct actor *who, const char *login, bool suspended)
{
    return suspension_set(&f->app, f->mem, who, str_of(login), suspended, &f->err);
}

static enum err_code check(struct core *f, const struct actor *who)
{
    AUTO(tx_endp) struct tx *tx = core_begin(f, TX_READ);

    return suspension_check(tx, f->mem, who->account_id, &f->err);
}

static void a_suspended_user_may_not_be_used_until_resumed(void **state)
{
    struct core *f = *state;
    struct actor boss = administrator(f, "boss"), alice = core_user(f, "alice");
    uint64_t before;

    must(f, check(f, &alice));
    before = db_generation(f->app.db);
    must(f, set(f, &boss, "alice", true));
    assert_true(db_generation(f->app.db) > before);
    must_fail(f, check(f, &alice), ERR_UNAUTHENTICATED, "the account \"alice\" is suspended");
    must(f, check(f, &boss));
    before = db_generation(f->app.db);
    must(f, set(f, &boss, "alice", true)); /* is so already */
    assert_int_equal(db_generation(f->app.db), before);
    must(f, set(f, &boss, "alice", false));
    must(f, set(f, &boss, "alice", false));
    must(f, check(f, &alice));
    assert_str(CORE_TEXT(f, "SELECT actor || '|' || action || '|' || account || '|' || object FROM "
                            "audit WHERE object = 'alice' ORDER BY id"),
               "boss|account.suspend|alice|alice, boss|account.resume|alice|alice");
}

static void only_users_can_be(void **state)
{
    struct core *f = *state;
    struct actor boss = administrator(f, "boss");

    (void)core_user(f, "acme");
    CORE_CHANGE(f, "UPDATE account SET kind = 'organization' WHERE login = 'acme'");
    must_fail(f, set(f, &boss, "acme", true), ERR_NOT_FOUND, "is an organization, not a user");
    must_fail(f, set(f, &boss, "nobody", true), ERR_NOT_FOUND, "there is no account \"nobody\"");
}

static void nobody_shuts_the_last_administrator_out(void **state)
{
    struct core *f = *state;
    struct actor one = administrator(f, "one"), two = administrator(f, "two");
    struct actor command = {.login = S("admin command")};

    must_fail(f, set(f, &one, "one", true), ERR_CONFLICT, "you cannot suspend yourself");
    must(f, set(f, &one, "two", true));
    must_fail(f, set(f, &two, "one", true), ERR_CONFLICT,
              "\"one\" is the last administrator of this server: make somebody else one first");
    must_fail(f, set(f, &command, "one", true), ERR_CONFLICT, "is the last administrator");
    must(f, set(f, &command, "two", false));
    must(f, set(f, &command, "one", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(a_suspended_user_may_not_be_used_until_resumed),
        WITH_CORE(only_users_can_be),
        WITH_CORE(nobody_shuts_the_last_administrator_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
