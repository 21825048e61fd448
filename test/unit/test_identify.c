/* Who is asking: every way to say it, what cannot be read, and how long an answer holds. */
#include "web_fixture.h"

#include <unistd.h>

#include "base/clock.h"
#include "core/account.h"
#include "core/session.h"
#include "core/token.h"

#define WHO "/api/v1/session" /* answers from the actor alone */

static const char *authorization(struct site *s, const char *scheme, const char *rest)
{
    return str_fmt(s->core->mem, "Authorization: %s %s\r\n", scheme, rest).ptr;
}

static const char *cookie_line(struct site *s, const char *pattern, const char *secret)
{
    return str_fmt(s->core->mem, "Cookie: %s" SESSION_COOKIE "=%s\r\n", pattern, secret).ptr;
}

/* ---- ways to say it -------------------------------------------------------------------------- */

static void every_way_to_say_it_is_understood(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = make_token(s, &alice, "t", NULL), *cookie = make_cookie(s, &alice);
    const char *const ways[] = {
        authorization(s, "token", token),
        authorization(s, "TOKEN", token),
        authorization(s, "Bearer", token),
        authorization(s, "bearer  ", token),
        with_basic(s, token, ""),
        with_basic(s, token, "x-oauth-basic"),
        with_basic(s, "alice", token),
        with_basic(s, "__token__", token),
        with_basic(s, "", token),
        with_cookie(s, cookie),
        cookie_line(s, "a=b; other=x;", cookie),
        cookie_line(s, "x" SESSION_COOKIE "=no; ", cookie),
        str_fmt(s->core->mem, "Cookie: " SESSION_COOKIE "=\"%s\"; z=\r\n", cookie).ptr,
    };

    for (size_t i = 0; i < COUNT(ways); i++) {
        struct answer r = get_for(s, 200, WHO, ways[i]);

        assert_str(json_member(s, &r, "login"), "alice");
        assert_int_equal(text_has(log_line(s), " token=t"), i < 9);
    }
}

static void a_token_in_the_path_is_understood(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = make_token(s, &alice, "t", NULL);
    static const char *const forms[] = {
        "/t/%s/conda/alice/notices.json", "/t/%s/alice/notices.json",
        "/conda/t/%s/alice/notices.json", "/t/%s/cran/alice/src/contrib/PACKAGES",
        "/cran/t/%s/alice/src/contrib/PACKAGES"};

    for (size_t i = 0; i < COUNT(forms); i++) {
        struct str rest = str_of(forms[i]), head;

        assert_true(str_cut(&rest, '%', &head));
        rest = str_fmt(s->core->mem, STR_FMT "%s" STR_FMT, STR_ARG(head), token,
                       STR_ARG(str_from(rest, 1)));
        (void)get_for(s, 200, rest.ptr, "");
        assert_true(str_ends(log_line(s), S(" who=alice token=t")));
    }
}

/* The address of a file is one; others of the API take no token in their path. */
static void a_token_before_the_api_is_for_downloads(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = make_token(s, &alice, "t", NULL);
    const char *file = str_fmt(s->core->mem, "/t/%s/api/download/alice/x/1/y", token).ptr;
    const char *other = str_fmt(s->core->mem, "/t/%s" WHO, token).ptr;
    struct answer r = get_for(s, 404, file, "");

    assert_str(json_member(s, &r, "error"), "there is no package \"alice/x\"");
    assert_true(str_ends(log_line(s), S(" who=alice token=t")));
    (void)get_for(s, 401, other, "");
}

/* The one that is looked at decides alone: a good one behind it does not help a bad one. */
static void one_of_several_credentials_counts(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice"), bob = core_user(s->core, "bob");
    const char *token = make_token(s, &alice, "t", NULL), *cookie = make_cookie(s, &bob);
    const char *in_path = str_fmt(s->core->mem, "/t/%s/alice/notices.json", token).ptr;
    struct answer r = get_for(s, 200, WHO, lines(s, with_cookie(s, cookie), with_token(s, token)));

    assert_str(json_member(s, &r, "login"), "alice");
    (void)get_for(s, 401, WHO, lines(s, with_cookie(s, cookie), "Authorization: token x\r\n"));
    (void)get_for(s, 401, WHO, lines(s, with_cookie(s, cookie), "Authorization: x\r\n"));
    (void)get_for(s, 200, in_path, "Authorization: Basic !!!\r\n");
    (void)get_for(s, 401, "/t/wrong/alice/notices.json", with_token(s, token));
}

/* ---- what cannot be read or does not fit ----------------------------------------------------- */

static const char *const malformed[] = {
    "Authorization: x\r\n",
    "Authorization: Negotiate abc\r\n",
    "Authorization: token,x\r\n",
    "Authorization: \"token\" x\r\n",
    "Authorization: Basic\r\n",
    "Authorization: Basic !!!\r\n",
    "Authorization: Basic YWxpY2U=\r\n", /* no colon */
    "Authorization: Basic YTpi YTpi\r\n",
};

static void what_cannot_be_read_is_refused_where_it_could_count(void **state)
{
    struct site *s = *state;

    (void)core_user(s->core, "alice");
    for (size_t i = 0; i < COUNT(malformed); i++) {
        (void)get_for(s, 401, "/api/user", malformed[i]);
        (void)get_for(s, 401, "/api/user/alice", malformed[i]);
        (void)get_for(s, 401, "/conda/alice/notices.json", malformed[i]);
        (void)request_for(s, 401, "POST", "/api/authentications", malformed[i], S("{}"));
    }
}

static void what_cannot_be_read_is_no_matter_where_nobody_is_asked(void **state)
{
    struct site *s = *state;
    struct str login = S("{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}");

    (void)sign_up(s, "alice");
    for (size_t i = 0; i < COUNT(malformed); i++) {
        (void)request_for(s, 200, "HEAD", "/api", malformed[i], S(""));
        (void)get_for(s, 200, "/api/scopes", malformed[i]);
        (void)get_for(s, 404, "/nothing", malformed[i]);
        (void)request_for(s, 405, "DELETE", "/api/user", malformed[i], S(""));
    }
    (void)request_for(s, 200, "POST", WHO, "Authorization: x\r\n", login);
}

/* Malformed, or of nobody: the same answer for all, without a look into the database for what
 * cannot be a token. */
static void what_is_of_nobody_is_refused(void **state)
{
    struct site *s = *state;
    const char *unknown = "tr-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const char *const odd[] = {
        authorization(s, "token", unknown),
        authorization(s, "token", "tr-"),
        authorization(s, "token", "a b"),
        "Authorization: token\r\n",
        "Authorization: Bearer\r\n",
        authorization(s, "Bearer", "eyJ0eXAi.eyJhIjoxfQ.x"),
        cookie_line(s, "", "x"),
        cookie_line(s, "", unknown),
    };

    for (size_t i = 0; i < COUNT(odd); i++) {
        struct answer r = get_for(s, 401, "/api/user", odd[i]);
        bool cookie = !strncmp(odd[i], "Cookie", 6);

        assert_str(json_member(s, &r, "error"),
                   cookie ? "the session has ended; sign in again"
                          : "the access token is unknown, revoked or expired");
    }
    (void)get_for(s, 401, "/api/user", cookie_line(s, "", ""));
}

static void a_kind_that_does_not_count_is_refused_but_for_cookies(void **state)
{
    struct site *s = *state;
    struct actor alice = sign_up(s, "alice");
    const char *token = make_token(s, &alice, "t", NULL);
    const char *cookie = with_cookie(s, make_cookie(s, &alice));
    const char *password = with_basic(s, "alice", PASSWORD);
    struct answer r = get_for(s, 401, "/api/user", password);

    assert_true(body_has(&r, "use an access token"));
    (void)get_for(s, 401, "/conda/alice/notices.json", password);
    (void)request_for(s, 401, "POST", "/api/authentications", with_token(s, token), S("{}"));
    (void)request_for(s, 401, "DELETE", "/api/v1/session", with_token(s, token), S(""));
    (void)request_for(s, 200, "POST", "/api/authentications", password, S("{\"note\": \"new\"}"));
    /* A browser sends its cookie everywhere: it is as if it were not there. */
    r = get_for(s, 401, "/api/authentication", cookie);
    assert_str(json_member(s, &r, "error"), "sign in first: this needs an account");
    (void)request_for(s, 404, "POST", "/api/upload/x", cookie, S(""));
    assert_false(text_has(log_line(s), " who="));
}

/* Their browser sends the cookie until it forgets it: public pages stay public. */
static void who_comes_with_an_ended_session_is_a_visitor(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *cookie = with_cookie(s, make_cookie(s, &alice));
    static const char *const open[] = {"/api/user/alice", "/conda/alice/notices.json"};

    (void)request_for(s, 204, "DELETE", WHO, cookie, S(""));
    for (size_t i = 0; i < 2 * COUNT(open); i++) { /* read, and remembered */
        (void)get_for(s, 200, open[i % COUNT(open)], cookie);
        assert_false(text_has(log_line(s), " who="));
    }
    (void)get_for(s, 401, WHO, cookie);
    (void)request_for(s, 401, "POST", "/api/package/alice/p", cookie, S("{}"));
}

/* A secret of one kind is not one of another, cached or not. */
static void kinds_of_secrets_do_not_mix(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *token = make_token(s, &alice, "t", NULL), *cookie = make_cookie(s, &alice);

    for (int i = 0; i < 2; i++) {
        (void)get_for(s, 200, WHO, with_token(s, token));
        (void)get_for(s, 200, WHO, with_cookie(s, cookie));
        (void)get_for(s, 401, WHO, with_token(s, cookie));
        (void)get_for(s, 401, WHO, with_cookie(s, token));
    }
}

/* ---- how long it holds ----------------------------------------------------------------------- */

static void a_known_caller_costs_no_sql(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *const ways[] = {with_token(s, make_token(s, &alice, "t", "api:read")),
                                with_cookie(s, make_cookie(s, &alice))};

    for (size_t i = 0; i < COUNT(ways); i++) {
        unsigned before = sql_statements();

        (void)get_for(s, 200, WHO, ways[i]);
        assert_true(sql_statements() > before);
    }
    for (size_t i = 0; i < COUNT(ways); i++) {
        unsigned before = sql_statements();

        (void)get_for(s, 200, WHO, ways[i]);
        assert_int_equal(sql_statements(), before);
    }
    /* with the scopes that belong to it */
    (void)request_for(s, 403, "POST", "/api/package/alice/p", ways[0], S("{}"));
}

static void a_revoked_token_is_refused_at_once(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    const char *cookie = with_cookie(s, make_cookie(s, &alice));
    const char *const tokens[] = {make_token(s, &alice, "0", NULL),
                                  make_token(s, &alice, "1", NULL),
                                  make_token(s, &alice, "2", NULL)};

    for (int i = 0; i < 3; i++)
        (void)get_for(s, 200, WHO, with_token(s, tokens[i]));
    (void)request_for(s, 201, "DELETE", "/api/authentications/name/0", cookie, S(""));
    (void)get_for(s, 401, WHO, with_token(s, tokens[0]));
    (void)request_for(s, 201, "DELETE", "/api/authentications", with_token(s, tokens[1]), S(""));
    (void)get_for(s, 401, WHO, with_token(s, tokens[1]));
    (void)request_for(s, 200, "POST", "/api/authentications", cookie, S("{\"note\": \"2\"}"));
    (void)get_for(s, 401, WHO, with_token(s, tokens[2])); /* replaced */
    (void)get_for(s, 200, WHO, cookie);
}

static void an_ended_session_is_refused_at_once(void **state)
{
    struct site *s = *state;
    struct actor alice = sign_up(s, "alice");
    const char *one = with_cookie(s, make_cookie(s, &alice));
    const char *two = with_cookie(s, make_cookie(s, &alice));
    const char *token = with_token(s, make_token(s, &alice, "t", NULL));

    (void)get_for(s, 200, WHO, one);
    (void)get_for(s, 200, WHO, two);
    (void)request_for(s, 204, "DELETE", WHO, one, S(""));
    (void)get_for(s, 401, WHO, one);
    (void)get_for(s, 200, WHO, two);
    must(s->core, account_reset_password(&s->core->app, s->core->mem, &(struct actor){0},
                                         S("alice"), S("another long password"), &s->core->err));
    (void)get_for(s, 401, WHO, two);
    (void)request_for(s, 401, "POST", "/api/authentications", with_basic(s, "alice", PASSWORD),
                      S("{}"));
    (void)get_for(s, 200, WHO, token); /* tokens are ended one by one */
}

static void a_change_of_rights_counts_at_once(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct actor alice = core_user(f, "alice"), other;
    const char *token = with_token(s, make_token(s, &alice, "t", NULL));

    (void)core_user(f, "bob");
    (void)request_for(s, 403, "POST", "/api/package/bob/p", token, S("{}"));
    must(f, account_change_superuser(&f->app, f->mem, &alice, S("alice"), true, &f->err));
    (void)request_for(s, 200, "POST", "/api/package/bob/p", token, S("{}"));
    other = core_user(f, "other"); /* somebody has to be one */
    must(f, account_change_superuser(&f->app, f->mem, &alice, other.login, true, &f->err));
    must(f, account_change_superuser(&f->app, f->mem, &alice, S("alice"), false, &f->err));
    (void)request_for(s, 403, "POST", "/api/package/bob/q", token, S("{}"));
}

/* An admin command works on the same database, but not in this process. */
static void a_change_by_another_process_counts_soon(void **state)
{
    struct site *s = *state;
    struct core *f = s->core;
    struct app command = {.config = &f->config, .lock_fd = -1};
    struct actor alice = core_user(f, "alice");
    const char *token = with_token(s, make_token(s, &alice, "t", NULL));
    uint64_t end = clock_mono_us() + 10 * UINT64_C(1000000);
    unsigned status;

    (void)get_for(s, 200, WHO, token);
    must(f, db_open(str_fmt(f->mem, "sqlite://%s/terrarium.db", f->folder), false, NULL,
                    &command.db, &f->err));
    must(f, token_revoke_named(&command, f->mem, &alice, S(""), S("t"), &f->err));
    app_close(&command);
    while ((status = get(s, WHO, token).status) == 200 && clock_mono_us() < end)
        (void)usleep(5000);
    assert_int_equal(status, 401);
}

/* No write moves the generation: the caller's own time is up. */
static void a_remembered_caller_expires(void **state)
{
    struct site *s = *state;
    struct actor alice = core_user(s->core, "alice");
    struct answer r =
        request_for(s, 200, "POST", "/api/authentications", with_cookie(s, make_cookie(s, &alice)),
                    S("{\"note\": \"short\", \"max-age\": 2}"));
    const char *token = with_token(s, str_z(s->core->mem, json_member(s, &r, "token")));
    int64_t end = clock_now_ms() + 2000;
    uint64_t generation = db_generation(s->core->app.db);
    unsigned before;

    (void)get_for(s, 200, WHO, token);
    before = sql_statements();
    (void)get_for(s, 200, WHO, token);
    assert_int_equal(sql_statements(), before);
    while (clock_now_ms() <= end)
        (void)usleep(10000);
    (void)get_for(s, 401, WHO, token);
    assert_int_equal(db_generation(s->core->app.db), generation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SITE(every_way_to_say_it_is_understood),
        WITH_SITE(a_token_in_the_path_is_understood),
        WITH_SITE(a_token_before_the_api_is_for_downloads),
        WITH_SITE(one_of_several_credentials_counts),
        WITH_SITE(what_cannot_be_read_is_refused_where_it_could_count),
        WITH_SITE(what_cannot_be_read_is_no_matter_where_nobody_is_asked),
        WITH_SITE(what_is_of_nobody_is_refused),
        WITH_SITE(a_kind_that_does_not_count_is_refused_but_for_cookies),
        WITH_SITE(who_comes_with_an_ended_session_is_a_visitor),
        WITH_SITE(kinds_of_secrets_do_not_mix),
        WITH_SITE(a_known_caller_costs_no_sql),
        WITH_SITE(a_revoked_token_is_refused_at_once),
        WITH_SITE(an_ended_session_is_refused_at_once),
        WITH_SITE(a_change_of_rights_counts_at_once),
        WITH_SITE(a_change_by_another_process_counts_soon),
        WITH_SITE(a_remembered_caller_expires),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
