/* The end of a token is told in time, once, to whoever can do something about it. */
#include "core_fixture.h"

#include "base/clock.h"
#include "core/job.h"
#include "core/organization.h"
#include "core/token.h"
#include "core/token_end.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define MAILS  "SELECT recipient || ' ' || kind || ' ' || params FROM mail_outbox ORDER BY id"

/* ---- in headers ------------------------------------------------------------------------------ */

static void the_end_is_near_within_the_setting(void **state)
{
    struct core *f = *state;
    int64_t now = clock_now_ms();

    f->config.token_warn_days = 14;
    assert_true(token_end_is_near(&f->app, now + 14 * DAY_MS - 1000));
    assert_false(token_end_is_near(&f->app, now + 14 * DAY_MS + 60000));
    assert_false(token_end_is_near(&f->app, 0)); /* never */
    f->config.token_warn_days = 0;
    assert_false(token_end_is_near(&f->app, now + 1000));
}

static void the_text_is_one_line_for_a_header(void **state)
{
    struct core *f = *state;

    assert_str(token_end_text(f->mem, S("ci on host"), INT64_C(1798761599000)),
               "the access token \"ci on host\" expires on 2026-12-31 (UTC): make another one and "
               "use it instead");
    assert_str(token_end_text(f->mem, S("gr\xc3\xbcn \"x\""), 0),
               "the access token \"gr??n ?x?\" expires on 1970-01-01 (UTC): make another one and "
               "use it instead");
}

/* ---- by mail --------------------------------------------------------------------------------- */

static void make_token(struct core *f, const struct actor *actor, const char *organization,
                       const char *name, int64_t days)
{
    struct token_request req = {.organization = str_of(organization),
                                .name = str_of(name),
                                .max_age_seconds = days * 86400};
    struct str token;

    must(f, token_create(&f->app, f->mem, actor, &req, &token, &f->err));
}

static void run_job(struct core *f)
{
    const struct job *job = jobs;

    while (!str_eq(str_of(job->name), S("warn-tokens")))
        job++;
    must(f, job->run(&f->app, NULL, &f->err));
}

static void the_owner_is_told_once_and_in_time(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice"), bob = core_user(f, "bob");
    uint64_t before;

    make_token(f, &alice, "", "soon", 13);
    make_token(f, &alice, "", "later", 15);
    make_token(f, &bob, "", "of \"bob\"", 2);
    make_token(f, &bob, "", "over", 1);
    CORE_CHANGE(f, "UPDATE token SET expires_ms = 1 WHERE name = 'over'");
    CORE_CHANGE(f, "UPDATE token SET expires_ms = 0 WHERE name = 'never'");
    CORE_CHANGE(f, "UPDATE token SET expires_ms = expires_ms - expires_ms % 1000");
    before = db_generation(f->app.db);
    run_job(f);
    assert_str(CORE_TEXT(f, "SELECT recipient || ' ' || kind FROM mail_outbox ORDER BY id"),
               "bob@example.org token.expires, alice@example.org token.expires");
    assert_str(
        CORE_TEXT(f, "SELECT params FROM mail_outbox ORDER BY id LIMIT 1"),
        str_fmt(f->mem, "{\"account\":\"bob\",\"expires_ms\":%lld,\"token\":\"of \\\"bob\\\"\"}",
                (long long)CORE_NUMBER(f, "SELECT expires_ms FROM token WHERE name LIKE 'of%'"))
            .ptr);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM mail_outbox WHERE sent_ms IS NULL"), 2);
    run_job(f);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM mail_outbox"), 2);
    assert_int_equal(db_generation(f->app.db), before);
    CORE_CHANGE(f, "UPDATE token SET expires_ms = expires_ms - 172800000 WHERE name = 'later'");
    run_job(f);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM mail_outbox"), 3);
}

static void all_owners_of_an_organization_are_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");
    const struct new_organization acme = {S("acme"), S(""), S("acme@example.org")};
    const struct group_entry bob = {S("acme"), S("owners"), S("bob")},
                             carol = {S("acme"), S("owners"), S("carol")},
                             dave = {S("acme"), S("staff"), S("dave")};

    (void)core_user(f, "bob");
    (void)core_user(f, "carol");
    (void)core_user(f, "dave");
    must(f, organization_create(&f->app, f->mem, &alice, &acme, &f->err));
    must(f,
         group_create(&f->app, f->mem, &alice, S("acme"), S("staff"), S("admin"), true, &f->err));
    must(f, group_admit(&f->app, f->mem, &alice, &bob, &f->err));
    must(f, group_admit(&f->app, f->mem, &alice, &carol, &f->err));
    must(f, group_admit(&f->app, f->mem, &alice, &dave, &f->err));
    make_token(f, &alice, "acme", "ci", 1);
    CORE_CHANGE(f, "UPDATE token SET expires_ms = 9000000000000");
    f->config.token_warn_days = 100000;
    CORE_CHANGE(f, "UPDATE account SET email = '', email_key = NULL WHERE login = 'carol'");
    run_job(f);
    assert_str(CORE_TEXT(f, MAILS),
               "alice@example.org token.expires "
               "{\"account\":\"acme\",\"expires_ms\":9000000000000,\"token\":\"ci\"}, "
               "bob@example.org token.expires "
               "{\"account\":\"acme\",\"expires_ms\":9000000000000,\"token\":\"ci\"}");
}

static void who_has_no_address_is_not_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    make_token(f, &alice, "", "ci", 1);
    CORE_CHANGE(f, "UPDATE account SET email = '', email_key = NULL");
    run_job(f);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM mail_outbox"), 0);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM token WHERE warned_ms IS NULL"), 0);
}

static void with_no_warning_time_nobody_is_told(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    make_token(f, &alice, "", "ci", 1);
    f->config.token_warn_days = 0;
    run_job(f);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM mail_outbox"), 0);
    f->config.token_warn_days = 2;
    run_job(f);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM mail_outbox"), 1);
}

static void many_are_told_in_one_run(void **state)
{
    struct core *f = *state;
    struct actor alice = core_user(f, "alice");

    for (int i = 0; i < 150; i++)
        make_token(f, &alice, "", str_fmt(f->mem, "t%d", i).ptr, 1);
    run_job(f);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(*) FROM mail_outbox"), 150);
    assert_int_equal(CORE_NUMBER(f, "SELECT COUNT(DISTINCT params) FROM mail_outbox"), 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CORE(the_end_is_near_within_the_setting),
        WITH_CORE(the_text_is_one_line_for_a_header),
        WITH_CORE(the_owner_is_told_once_and_in_time),
        WITH_CORE(all_owners_of_an_organization_are_told),
        WITH_CORE(who_has_no_address_is_not_told),
        WITH_CORE(with_no_warning_time_nobody_is_told),
        WITH_CORE(many_are_told_in_one_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
